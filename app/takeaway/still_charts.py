"""Drawings of still views: matrices, lines, dots, bars and tables as HTML and SVG, as `charts.js` draws them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

Value = Mapping[str, Any]

GREY = "#8a867d"
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 34
"""Margins of a drawing."""


def table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A plain table."""
    titles = "".join(f"<th>{text(title)}</th>" for title in head)
    lines = "".join("<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def share_bar(shares: Iterable[Value]) -> str:
    """Shares of a whole as one bar."""
    parts = "".join(
        f'<span style="width:{100 * part["share"]:.2f}%;background:{colour(part)}">'
        f"{text(part['title'])} {percent(part['share'])}</span>"
        for part in shares
    )
    return f'<div class="shares">{parts}</div>'


def _matrix(group: Value) -> str:
    head = "".join(
        f"<th>{dot(column)} {text(column['title'])} <small>{text(_about(column))}</small></th>"
        for column in group["columns"]
    )
    lines = []
    for row in group["rows"]:
        cells = "".join(
            f'<td style="background:{_heat(cell.get("level") or 0)}">{text(cell["text"])}{_small(cell)}</td>'
            for cell in row["cells"]
        )
        kind = ' class="control"' if row.get("control") else ""
        about = f"<br><small>{text(row['words'])}</small>" if row.get("control") and row.get("words") else ""
        lines.append(f"<tr{kind}><th>{dot(row)} {text(row['title'])}{about}</th>{cells}</tr>")
    corner = f"<th>{text(group.get('corner') or '')}</th>"
    return f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _about(column: Value) -> str:
    return ", ".join(column[part] for part in ("unit", "error") if column.get(part))


def _lines(group: Value) -> str:
    axes = _Axes(group["x"], group["y"], 420, 200)
    parts = [axes.drawn()]
    for line in group["series"]:
        points = " ".join(f"{axes.across(a)},{axes.up(b)}" for a, b in line["points"])
        dashes = ' stroke-dasharray="4 3"' if line.get("dashed") else ""
        width = 3.4 if line.get("strong") else 2
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour(line)}" stroke-width="{width}"{dashes}/>'
        )
    if group.get("mark") is not None:
        at = axes.across(group["mark"])
        parts.append(f'<line x1="{at}" x2="{at}" y1="{TOP}" y2="{axes.height - BOTTOM}" stroke="#1d1c1a"/>')
    names = "".join(f"<span>{dot(line)}{text(line['name'])}</span>" for line in group["series"])
    return f'{axes.svg(parts, group)}<div class="foot">{names}</div>'


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where values lie in a drawing, and what is written beside it."""

    x: Value
    y: Value
    width: int
    height: int

    def across(self, value: float) -> float:
        span = (self.x["high"] - self.x["low"]) or 1
        return round(LEFT + (value - self.x["low"]) / span * (self.width - LEFT - RIGHT), 1)

    def up(self, value: float) -> float:
        span = (self.y["high"] - self.y["low"]) or 1
        return round(self.height - BOTTOM - (value - self.y["low"]) / span * (self.height - BOTTOM - TOP), 1)

    def drawn(self) -> str:
        """Grid, ticks and labels."""
        parts = []
        for value, words in self.y["ticks"]:
            ends = f'x1="{LEFT}" x2="{self.width - RIGHT}" y1="{self.up(value)}" y2="{self.up(value)}"'
            parts.append(f'<line {ends} stroke="#e4e1d8"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{self.up(value) + 3.5}" text-anchor="end">{text(words)}</text>')
        for value, words in self.x["ticks"]:
            place = f'x="{self.across(value)}" y="{self.height - BOTTOM + 15}"'
            parts.append(f'<text {place} text-anchor="middle">{text(words)}</text>')
        middle = (LEFT + self.width) / 2
        parts.append(f'<text x="{middle}" y="{self.height - 3}" text-anchor="middle">{text(self.x["label"])}</text>')
        return "".join(parts) + f'<text x="{LEFT}" y="{TOP + 1}">{text(self.y["label"])}</text>'

    def svg(self, parts: Iterable[str], group: Value) -> str:
        """The drawing."""
        size = f'viewBox="0 0 {self.width} {self.height}"'
        return f'<svg {size} role="img" aria-label="{text(group.get("alt", ""))}">{"".join(parts)}</svg>'


def _bars(group: Value) -> str:
    low, high = group.get("from", 0), group.get("to", 1)

    def at(value: float) -> float:
        return 100 * min(max((value - low) / ((high - low) or 1), 0), 1)

    lines = []
    for row in group["rows"]:
        ends = sorted((at(0), at(row["value"])))
        fill = f"left:{ends[0]:.2f}%;width:{ends[1] - ends[0]:.2f}%;background:{colour(row)}"
        bar = f'<i style="{fill}"></i>'
        if row.get("low") is not None and row.get("high") is not None:
            reach = f"left:{at(row['low']):.2f}%;width:{at(row['high']) - at(row['low']):.2f}%"
            bar += f'<i style="{reach};top:6px;bottom:6px;background:#1d1c1a"></i>'
        if group.get("tick") is not None:
            bar += f'<i style="left:{at(group["tick"]):.2f}%;width:1px;background:#1d1c1a"></i>'
        lines.append(f"<span>{text(row['title'])}</span><div>{bar}</div><span>{text(row.get('text', ''))}</span>")
    return f'<div class="bars">{"".join(lines)}</div>'


def _table(group: Value) -> str:
    return table(group["head"], group["rows"])


def _share_rows(group: Value) -> str:
    rows = (f"<span>{text(row['title'])}</span>{share_bar(row['shares'])}<span></span>" for row in group["rows"])
    return f'<div class="bars">{"".join(rows)}</div>'


def _dots(group: Value) -> str:
    axes = _Axes(group["x"], group["y"], 320, 230)
    parts = [axes.drawn()]
    if rule := group.get("rule"):
        at = axes.up(rule["y"])
        ends = f'x1="{LEFT}" x2="{axes.width - RIGHT}" y1="{at}" y2="{at}"'
        parts.append(f'<line {ends} stroke="#625f58" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{axes.width - RIGHT}" y="{at - 4}" text-anchor="end">{text(rule["text"])}</text>')
    for point in group["points"]:
        place = f'cx="{axes.across(point["x"])}" cy="{axes.up(point["y"])}"'
        name = f"<title>{text(point.get('title', ''))}</title>"
        rings = ((7.5, point["outer"]), (4.6, "#fff"), (3.6, point["inner"]))
        circles = "".join(f'<circle {place} r="{radius}" fill="{text(fill)}"/>' for radius, fill in rings)
        parts.append(f"<g>{name}{circles}</g>")
    return axes.svg(parts, group) + (f'<div class="foot">{text(group["names"])}</div>' if group.get("names") else "")


def _places(group: Value) -> str:
    stations = (f"<li><b>{text(one['title'])}</b> {text(one['words'])}</li>" for one in group["stations"])
    return f"<ol>{''.join(stations)}</ol>"


def _words(group: Value) -> str:
    paragraphs = (
        "".join(f'<span style="color:{colour(part)}">{text(part["text"])}</span>' for part in paragraph)
        for paragraph in group["paragraphs"]
    )
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


CHARTS: dict[str, Callable[[Value], str]] = {
    "matrix": _matrix,
    "lines": _lines,
    "dots": _dots,
    "bars": _bars,
    "shares": _share_rows,
    "table": _table,
    "words": _words,
    "places": _places,
}
"""Drawings by the kind of a group, as in `charts.js`."""


def _small(cell: Value) -> str:
    return f" <small>{text(cell['small'])}</small>" if cell.get("small") else ""


def text(words: Any) -> str:
    """Words, or the words of an entry, safe to stand in HTML."""
    if isinstance(words, Mapping):
        words = words.get("text", "")
    return escape(str(words))


def colour(part: Value) -> str:
    """The colour of a part, or that of what is around it."""
    return escape(str(part.get("colour") or "inherit"))


def dot(part: Value) -> str:
    """A small disc in the colour of a part."""
    return f'<span class="dot" style="background:{escape(str(part.get("colour") or GREY))}"></span>'


def percent(share: float) -> str:
    """A share of 1."""
    return f"{100 * share:.0f} %"


def _heat(level: float) -> str:
    """White to orange: the ink stays readable on all of it."""
    return f"rgb(255 {255 - 90 * min(max(level, 0), 1):.0f} {255 - 170 * min(max(level, 0), 1):.0f})"

"""Views as still HTML: pictures with their legends, tables and drawings that need no script and no other file."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Value = Mapping[str, Any]

GREY = "#8a867d"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 200, 46, 10, 8, 34
"""Of a line chart, and its margins."""

NOT_COMPUTED = '<p class="hint">Not computed yet: open this view in the studio and let it finish first.</p>'

STYLE = """
* { box-sizing: border-box; }
.sheet { font: 14px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1d1c1a; }
.sheet { background: #fbfaf7; padding: 20px; }
.sheet h1 { font-size: 24px; margin: 0 0 4px; } .sheet h2 { font-size: 20px; margin: 36px 0 4px; }
.sheet h3 { font-size: 14px; margin: 10px 0 6px; } .sheet p { margin: 0 0 10px; max-width: 100ch; }
.sheet .say { font-size: 18px; } .sheet .hint, .sheet small { color: #625f58; font-size: 13px; }
.sheet .groups { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 8px 20px; }
.sheet .grid { display: grid; gap: 12px; }
.sheet figure { margin: 0; background: #fff; border: 1px solid #e4e1d8; border-radius: 8px; overflow: hidden; }
.sheet figure, .sheet tr, .sheet svg { break-inside: avoid; }
.sheet figcaption { padding: 6px 10px; font-size: 13px; display: flex; align-items: center; gap: 7px; }
.sheet figcaption small { margin-left: auto; }
.sheet .map { position: relative; background: #eceae3; overflow: hidden; }
.sheet .map img { width: 100%; height: 100%; display: block; }
.sheet .tokens img { image-rendering: pixelated; }
.sheet .place { position: absolute; width: 9px; height: 9px; margin: -4.5px; outline: 1px solid #000; }
.sheet .place { border: 1px solid #fff; }
.sheet .token { position: absolute; outline: 1px solid #000; border: 1.5px solid #fff; }
.sheet .foot { padding: 6px 10px; font-size: 12px; color: #625f58; display: flex; flex-wrap: wrap; gap: 4px 12px; }
.sheet .foot { align-items: center; min-height: 30px; }
.sheet .foot span { display: inline-flex; align-items: center; gap: 5px; }
.sheet .ramp { flex: 1; height: 8px; border-radius: 4px; min-width: 40px; } .sheet .disc { width: 28px; height: 28px; }
.sheet .dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; flex: none; }
.sheet .shares { display: flex; height: 26px; border-radius: 6px; overflow: hidden; margin: 0 0 12px; }
.sheet .shares span { overflow: hidden; white-space: nowrap; padding: 3px 6px; font-size: 12px; color: #fff; }
.sheet table { border-collapse: collapse; font-size: 13px; } .sheet small { font-weight: 400; }
.sheet td, .sheet th { border: 1px solid #e4e1d8; padding: 5px 9px; text-align: left; vertical-align: top; }
.sheet .matrix td { text-align: right; } .sheet tr.control { border-top: 3px double #cfcabd; }
.sheet svg { width: 100%; max-width: 560px; font-size: 11px; } .sheet svg text { fill: #625f58; }
.sheet .bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 10px; font-size: 13px; }
.sheet .bars div { position: relative; height: 14px; background: #f3f1ea; align-self: center; }
.sheet .bars i { position: absolute; top: 0; bottom: 0; }
"""


def view(value: Value, photo: str, place: tuple[float, float]) -> str:
    """A view: its sentence, its hint and all its groups.

    Args:
        value: What the viewer shows.
        photo: The photo, for maps that show it, as a data URI.
        place: Selected place, fractions of width and height.
    """
    said = "".join(f'<span style="color:{_colour(part)}">{_text(part["text"])}</span>' for part in value.get("say", ()))
    settings = " · ".join(_setting(tool) for tool in value.get("tools", ()) if tool.get("kind") != "button")
    groups = "".join(_group(group, value, photo, place) for group in value.get("groups", ()))
    parts = (
        f'<p class="say">{said}</p>' if said else "",
        f'<p class="hint">{_text(value["hint"])}</p>' if value.get("hint") else "",
        f'<p class="hint">{settings}</p>' if settings else "",
        NOT_COMPUTED if value.get("pending") else "",
        _shares(value["shares"]) if value.get("shares") else "",
        f'<div class="groups">{groups}</div>',
    )
    return "".join(parts)


def table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A plain table."""
    titles = "".join(f"<th>{_text(title)}</th>" for title in head)
    lines = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _group(group: Value, value: Value, photo: str, place: tuple[float, float]) -> str:
    title = f"<h3>{_text(group['title'])}</h3>" if group.get("title") else ""
    text = f'<p class="hint">{_text(group["text"])}</p>' if group.get("text") else ""
    if group.get("kind") in CHARTS:
        body = CHARTS[group["kind"]](group)
    else:
        cards = "".join(_card(card, value, photo, place) for card in group.get("maps", ()))
        columns = f"grid-template-columns: repeat({int(group.get('columns', 3))}, minmax(0, 1fr))"
        body = f'<div class="grid" style="{columns}">{cards}</div>'
    return f'<section style="grid-column: span {int(group.get("span", 12))}">{title}{text}{body}</section>'


def _card(card: Value, value: Value, photo: str, place: tuple[float, float]) -> str:
    wipe = card.get("wipe")
    caption = f"{_dot(card)}<b>{_text(card['title'])}</b><small>{_text(card.get('note', ''))}</small>"
    pictures = _picture(card.get("src") or photo, card, value, place)
    if wipe:
        # What the page shows under a slider stands side by side here.
        over = _picture(wipe.get("src") or photo, {**card, "alt": wipe["alt"]}, value, place)
        names = f"<small>{_text(wipe['left'])}</small><small>{_text(wipe['right'])}</small>"
        pictures = f'<div class="grid" style="grid-template-columns: 1fr 1fr; gap: 2px">{names}{over}{pictures}</div>'
    return f'<figure><figcaption>{caption}</figcaption>{pictures}<div class="foot">{_foot(card)}</div></figure>'


def _picture(source: str, card: Value, value: Value, place: tuple[float, float]) -> str:
    marks = f'<div class="place" style="left:{100 * place[0]:.3f}%;top:{100 * place[1]:.3f}%"></div>'
    if token := card.get("token"):
        sides = ";".join(f"{side}:{100 * token[side]:.3f}%" for side in ("left", "top", "width", "height"))
        marks += f'<div class="token" style="{sides}"></div>'
    image = f'<img src="{escape(source)}" alt="{_text(card.get("alt", ""))}">'
    grain = "map tokens" if card.get("tokens") else "map"
    return f'<div class="{grain}" style="aspect-ratio:{float(value.get("aspect", 4 / 3)):.4f}">{image}{marks}</div>'


def _foot(card: Value) -> str:
    if card.get("legend"):
        entries = (f"{_dot(entry)}{_text(entry['name'])} {_percent(entry['share'])}" for entry in card["legend"])
        return "".join(f"<span>{entry}</span>" for entry in entries)
    if ramp := card.get("ramp"):
        colours = escape(", ".join(ramp["colours"]))
        bar = f'<span class="ramp" style="background: linear-gradient(90deg, {colours})"></span>'
        return f"<span>{_text(ramp['low'])}</span>{bar}<span>{_text(ramp['high'])}</span>"
    disc = f'<img class="disc" src="{escape(card["disc"])}" alt="">' if card.get("disc") else ""
    return disc + _text(card.get("foot") or "")


def _shares(shares: Iterable[Value]) -> str:
    parts = "".join(
        f'<span style="width:{100 * part["share"]:.2f}%;background:{_colour(part)}">'
        f"{_text(part['title'])} {_percent(part['share'])}</span>"
        for part in shares
    )
    return f'<div class="shares">{parts}</div>'


def _setting(tool: Value) -> str:
    chosen = tool.get("chosen", tool.get("value", ""))
    names = {option["value"]: option["text"] for option in tool.get("options", ())}
    return f"{_text(tool.get('label', ''))}: {_text(names.get(chosen, chosen))}"


def _matrix(group: Value) -> str:
    head = "".join(
        f"<th>{_dot(column)} {_text(column['title'])} <small>{_text(column.get('unit') or '')}</small></th>"
        for column in group["columns"]
    )
    lines = []
    for row in group["rows"]:
        cells = "".join(
            f'<td style="background:{_heat(cell.get("level") or 0)}">{_text(cell["text"])}</td>'
            for cell in row["cells"]
        )
        kind = ' class="control"' if row.get("control") else ""
        lines.append(f"<tr{kind}><th>{_dot(row)} {_text(row['title'])}</th>{cells}</tr>")
    corner = f"<th>{_text(group.get('corner') or '')}</th>"
    return f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _lines(group: Value) -> str:
    x, y = group["x"], group["y"]

    def across(value: float) -> float:
        return round(LEFT + (value - x["low"]) / ((x["high"] - x["low"]) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        span = (y["high"] - y["low"]) or 1
        return round(HEIGHT - BOTTOM - (value - y["low"]) / span * (HEIGHT - BOTTOM - TOP), 1)

    parts = []
    for value, words in y["ticks"]:
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(value)}" y2="{up(value)}"'
        parts.append(f'<line {ends} stroke="#e4e1d8"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{up(value) + 3.5}" text-anchor="end">{_text(words)}</text>')
    for value, words in x["ticks"]:
        foot = HEIGHT - BOTTOM + 15
        parts.append(f'<text x="{across(value)}" y="{foot}" text-anchor="middle">{_text(words)}</text>')
    middle = (LEFT + WIDTH) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 3}" text-anchor="middle">{_text(x["label"])}</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP + 1}">{_text(y["label"])}</text>')
    for line in group["series"]:
        points = " ".join(f"{across(a)},{up(b)}" for a, b in line["points"])
        dashes = ' stroke-dasharray="4 3"' if line.get("dashed") else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_colour(line)}" stroke-width="2"{dashes}/>')
    if group.get("mark") is not None:
        at = across(group["mark"])
        parts.append(f'<line x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#1d1c1a"/>')
    names = "".join(f"<span>{_dot(line)}{_text(line['name'])}</span>" for line in group["series"])
    label = _text(group.get("alt", ""))
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    return f'{drawing}<div class="foot">{names}</div>'


def _bars(group: Value) -> str:
    low, high = group.get("from", 0), group.get("to", 1)

    def at(value: float) -> float:
        return 100 * min(max((value - low) / ((high - low) or 1), 0), 1)

    lines = []
    for row in group["rows"]:
        ends = sorted((at(0), at(row["value"])))
        fill = f"left:{ends[0]:.2f}%;width:{ends[1] - ends[0]:.2f}%;background:{_colour(row)}"
        bar = f'<i style="{fill}"></i>'
        if row.get("low") is not None and row.get("high") is not None:
            reach = f"left:{at(row['low']):.2f}%;width:{at(row['high']) - at(row['low']):.2f}%"
            bar += f'<i style="{reach};top:6px;bottom:6px;background:#1d1c1a"></i>'
        if group.get("tick") is not None:
            bar += f'<i style="left:{at(group["tick"]):.2f}%;width:1px;background:#1d1c1a"></i>'
        lines.append(f"<span>{_text(row['title'])}</span><div>{bar}</div><span>{_text(row.get('text', ''))}</span>")
    return f'<div class="bars">{"".join(lines)}</div>'


def _table(group: Value) -> str:
    return table(group["head"], group["rows"])


def _words(group: Value) -> str:
    paragraphs = (
        "".join(f'<span style="color:{_colour(part)}">{_text(part["text"])}</span>' for part in paragraph)
        for paragraph in group["paragraphs"]
    )
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


CHARTS = {"matrix": _matrix, "lines": _lines, "bars": _bars, "table": _table, "words": _words}


def _text(words: Any) -> str:
    if isinstance(words, Mapping):
        words = words.get("text", "")
    return escape(str(words))


def _colour(part: Value) -> str:
    return escape(str(part.get("colour") or "inherit"))


def _dot(part: Value) -> str:
    return f'<span class="dot" style="background:{escape(str(part.get("colour") or GREY))}"></span>'


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _heat(level: float) -> str:
    """White to orange: the ink stays readable on all of it."""
    return f"rgb(255 {255 - 90 * min(max(level, 0), 1):.0f} {255 - 170 * min(max(level, 0), 1):.0f})"

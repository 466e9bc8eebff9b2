"""Draws charts, as text that the page and the report hold alike: SVG and HTML from one template, `charts.html`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from app.view.charts import Arrow, Arrows, Chart, ShadedTable, ShareBar, ShareRows, Stations, Table, Words
from app.view.view import Group
from app.view.wording import percent
from bridgenet.drawing.charts import Bars, Curves, Scatter, colours_of
from bridgenet.drawing.ink import ink_on
from bridgenet.drawing.sheet import Axis

DOT, LETTER, LINE = 10, 6, 12
"""Half of a dot with its ring, the width of a letter on a chart, and the height of a line of them, in pixels."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with two scales, in pixels: its size, and the sides of what lies between its scales."""

    width: int
    height: int
    left: int = 46
    top: int = 8

    @property
    def right(self) -> int:
        """Right side of what lies between the scales."""
        return self.width - 10

    @property
    def floor(self) -> int:
        """Lower side of what lies between the scales."""
        return self.height - 34


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the values of a scale lie, from one pixel to another."""

    axis: Axis
    label: str
    start: int
    end: int

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Values along it, and what is written there."""
        return list(self.axis.ticks)

    def at(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.axis.low) / ((self.axis.high - self.axis.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True)
class Oval:
    """Places of some nodes on an oval, and the ways of arrows between them, in pixels.

    Attributes:
        count: Of nodes.
    """

    count: int
    width: int = 640
    height: int = 300

    def at(self, index: int) -> tuple[float, float]:
        """The middle of a node. Four stand in the corners."""
        turn = math.tau * (index + 0.5) / self.count - math.pi / 2 - (math.pi / self.count if self.count % 2 else 0)
        across, down = self.width / 2 - 92, self.height / 2 - 42
        return round(self.width / 2 + across * math.cos(turn), 1), round(self.height / 2 + down * math.sin(turn), 1)

    def thickness(self, arrow: Arrow) -> float:
        """Of an arrow."""
        return round(1.2 + 8 * arrow.level, 1) if arrow.sure else 1.2

    def shaft(self, arrow: Arrow) -> str:
        """The way of an arrow: bent to its left, so that there and back lie apart."""
        (x0, y0), (x1, y1) = self.at(arrow.source), self.at(arrow.target)
        length = math.hypot(x1 - x0, y1 - y0) or 1
        across, down = (x1 - x0) / length, (y1 - y0) / length
        bend = 0.11 * length
        middle = (x0 + x1) / 2 + bend * down, (y0 + y1) / 2 - bend * across
        # From the edge of a node to that of the other, in the directions that the bend gives.
        start, end = _towards((x0, y0), middle, 17), _towards((x1, y1), middle, 20 + self.thickness(arrow))
        points = (f"{x:.1f} {y:.1f}" for x, y in (start, middle, end))
        return "M{} Q{} {}".format(*points)


def _towards(start: tuple[float, float], end: tuple[float, float], step: float) -> tuple[float, float]:
    length = math.dist(start, end) or 1
    return start[0] + step * (end[0] - start[0]) / length, start[1] + step * (end[1] - start[1]) / length


def markup(chart: Chart, alt: str = "", chosen: str = "", foot: str = "") -> str:
    """A chart as text to stand in HTML. Words of visitors are escaped.

    Args:
        chart: Its numbers and words. Curves and scatter charts need both axes.
        alt: The chart in words.
        chosen: Key of what is chosen, where something can be.
        foot: What its signs mean, below a scatter chart.
    """
    match chart:
        case Curves() | Scatter() | Bars():
            return _to_scale(chart, alt, chosen, foot)
        case Arrows():
            return macro("charts.html", "arrows")(chart, Oval(len(chart.tasks)), alt, chosen)
        case ShadedTable():
            return macro("charts.html", "shaded")(chart, alt, chosen)
        case Table():
            return macro("charts.html", "table")(chart, alt)
        case ShareBar():
            return macro("charts.html", "whole")(chart)
        case ShareRows():
            return macro("charts.html", "share_rows")(chart)
        case Words():
            return macro("charts.html", "paragraphs")(chart)
        case Stations():
            return macro("charts.html", "stations")(chart, alt)


def drawn(group: Group) -> str:
    """The chart of a group; empty where it has maps."""
    chart, words = group.get("chart"), (group.get(part, "") for part in ("alt", "chosen", "foot"))
    return "" if chart is None else markup(chart, *words)


def _to_scale(chart: Curves | Scatter | Bars, alt: str, chosen: str, foot: str) -> str:
    match chart:
        case Curves():
            plot, inks = Plot(420, 200), [curve.colour for curve in chart.curves]
            return macro("charts.html", "curves")(chart, plot, *_scales(chart, plot), inks, alt)
        case Scatter():
            plot = Plot(320, 230)
            x, y = _scales(chart, plot)
            level = chart.level and _beside_dots(chart, plot, x, y)
            return macro("charts.html", "scatter")(chart, plot, x, y, level, alt, chosen, foot)
        case Bars():
            low, high = chart.limits or (0.0, 1.0)

            def at(value: float) -> float:
                return round(100 * min(max((value - low) / ((high - low) or 1), 0), 1), 3)

            inks = [row.colour or colours_of([row.name])[0] for row in chart.rows]
            return macro("charts.html", "bars")(chart, at, inks, alt)


@cache
def templates() -> Environment:
    """Templates of the studio. They escape what they are given, but for charts, which were escaped when drawn."""
    folders = [Path(__file__).parent, Path(__file__).parent.parent / "takeaway"]
    found = Environment(loader=FileSystemLoader(folders), autoescape=True, trim_blocks=True)
    found.filters |= {"percent": percent, "ink": ink_on}
    found.filters |= {"drawn": lambda group: Markup(drawn(group)), "markup": lambda chart: Markup(markup(chart))}
    return found


@cache
def macro(template: str, name: str) -> Callable[..., str]:
    """What a template draws under a name."""
    draw = getattr(templates().get_template(template).module, name)
    return lambda *given: str(draw(*given)).strip()


def _beside_dots(chart: Scatter, plot: Plot, x: Scale, y: Scale) -> tuple[int, float]:
    """Where the name of the level ends: as far to the right as no dot lies on it, above its line or below."""
    height, name = chart.level or (0.0, "")
    wide = LETTER * len(name)
    feet = (y.at(height) - 4, y.at(height) + LINE)
    places = [(right, foot) for right in range(plot.right, plot.left + wide, -LETTER) for foot in feet]

    def met(place: tuple[int, float]) -> int:
        right, foot = place
        across = [x.at(dot.x) for dot in chart.dots if foot - LINE - DOT < y.at(dot.y) < foot + DOT]
        return sum(right - wide - DOT < at < right + DOT for at in across)

    return min(places, key=met)


def _scales(chart: Curves | Scatter, plot: Plot) -> tuple[Scale, Scale]:
    if chart.x_axis is None or chart.y_axis is None:
        raise ValueError("A chart of the page needs the ends of both scales: x_axis and y_axis.")
    across = Scale(chart.x_axis, chart.x, plot.left, plot.right)
    return across, Scale(chart.y_axis, chart.y, plot.floor, plot.top)

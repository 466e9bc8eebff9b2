"""Charts: what is better read off a scale than seen in a picture. Each chart is its numbers; `picture()` draws them.

`bridgenet.drawing.interactive.show` displays the same numbers so that they can be hovered over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridgenet.drawing.matrix import Matrix
from bridgenet.drawing.predictions import Limits
from bridgenet.drawing.sheet import CARD, GREY, INK, LETTER, MARGIN, TITLE, Axis, Drawn, Sheet, titled_sheet
from bridgenet.tasks import TASKS, significant

OTHER_COLOURS = ("#56657F", "#9C3D54", "#4F7F73", "#8A6BB0", "#A8842C", "#1C1B19", "#8F8A80")
"""Colours of what is no task, none of which is a task's."""

Numbers = Sequence[float] | Sequence[int] | np.ndarray


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart.

    Attributes:
        name: Stands in the legend; a chart of one curve without a name has none.
        x: Where it was measured.
        y: What was measured.
        colour: `#RRGGBB`; empty: that of the task of this name, else the next free one.
        low: Lower end of its interval at each x, if it has one.
        high: Upper end of the same.
        dashed: For what is only there to compare with.
        strong: For what the chart is about.
    """

    name: str
    x: Numbers
    y: Numbers
    colour: str = ""
    low: Numbers | None = None
    high: Numbers | None = None
    dashed: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines over one scale.

    Attributes:
        curves: In the order of the legend.
        x: Name and unit of the horizontal scale.
        y: Name and unit of the vertical scale.
        title: Above the chart.
        mark: Where a vertical line stands, if anywhere.
        width: In inches.
        height: In inches.
        x_axis: Ends and ticks of the horizontal scale; None: as the values need.
        y_axis: The same of the vertical scale.
    """

    curves: Sequence[Curve]
    x: str
    y: str
    title: str = ""
    mark: float | int | None = None
    width: float = 7.0
    height: float = 3.6
    x_axis: Axis | None = None
    y_axis: Axis | None = None

    def picture(self) -> Drawn:
        """The chart as RGB pixels."""
        sheet, top = titled_sheet(self.title, self.width, self.height)
        names = max((len(curve.name) for curve in self.curves), default=0)
        legend = 0.45 + LETTER * names if names else 0.0
        axes = sheet.plot(
            0.75, top, self.width - 0.75 - legend - MARGIN, self.height - top - 0.62, self.x_axis, self.y_axis
        )
        if all(float(x).is_integer() for curve in self.curves for x in curve.x):
            axes.locator_params(axis="x", integer=True)
        free = colours_of([curve.name for curve in self.curves])
        inks = [curve.colour or colour for curve, colour in zip(self.curves, free, strict=True)]
        for curve, ink in zip(self.curves, inks, strict=True):
            width = 3.0 if curve.strong else 1.8
            axes.plot(curve.x, curve.y, color=ink, linewidth=width, linestyle="--" if curve.dashed else "-")
            if len(curve.x) <= MANY_POINTS and not curve.dashed:
                axes.plot(curve.x, curve.y, "o", color=ink, markersize=3.6)
            if curve.low is not None and curve.high is not None:
                axes.fill_between(curve.x, curve.low, curve.high, color=ink, alpha=0.16, linewidth=0)
        if self.mark is not None:
            axes.axvline(self.mark, color=GREY, linewidth=1, linestyle=":")
        _name_scales(sheet, self.x, self.y, top, self.width - legend)
        for index, (curve, ink) in enumerate(zip(self.curves if names else (), inks, strict=False)):
            left, y = self.width - legend, top + 0.1 + 0.24 * index
            sheet.line(left, y, left + 0.24, y, ink, dashed=curve.dashed)
            sheet.text(left + 0.32, y, curve.name, size=9.0)
        return sheet.pixels()


MANY_POINTS = 24
"""A curve with more points is drawn without dots."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar.

    Attributes:
        name: Stands at its left.
        value: Its length.
        low: Lower end of its interval, if it has one.
        high: Upper end of the same.
        colour: `#RRGGBB`; empty: that of the task of this name, else grey-blue.
        samples: Single measurements, drawn as dots.
        text: At the right; empty: the value.
    """

    name: str
    value: float | int
    low: float | int | None = None
    high: float | int | None = None
    colour: str = ""
    samples: Numbers = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars from zero.

    Attributes:
        rows: From above.
        unit: Name and unit of the scale.
        title: Above the chart.
        mark: Where a vertical line stands, if anywhere: what chance or equality would give.
        limits: Ends of the scale; None: as the values need.
        width: In inches.
    """

    rows: Sequence[BarRow]
    unit: str = ""
    title: str = ""
    mark: float | int | None = None
    limits: Limits | None = None
    width: float = 7.0

    def picture(self) -> Drawn:
        """The chart as RGB pixels."""
        height = MARGIN + (TITLE if self.title else 0) + 0.34 * len(self.rows) + 0.62
        sheet, top = titled_sheet(self.title, self.width, height)
        names = 0.2 + 0.078 * max(len(row.name) for row in self.rows)
        texts = 0.2 + LETTER * max(len(text_of(row)) for row in self.rows)
        left, right = MARGIN + names, self.width - MARGIN - texts
        axes = sheet.plot(left, top, right - left, 0.34 * len(self.rows))
        axes.grid(visible=False, axis="y")
        axes.set(ylim=(len(self.rows) - 0.5, -0.5), yticks=[])
        if self.limits is not None:
            axes.set(xlim=self.limits)
        for index, row in enumerate(self.rows):
            ink = row.colour or colours_of([row.name])[0]
            axes.barh(index, row.value, height=0.56, color=ink, alpha=0.85)
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [index, index], color=INK, linewidth=1.4)
                axes.plot([row.low, row.high], [index, index], "|", color=INK, markersize=7)
            axes.plot(row.samples, [index] * len(row.samples), "o", color=CARD, markeredgecolor=INK, markersize=3.8)
            middle = top + 0.34 * (index + 0.5)
            sheet.text(left - 0.1, middle, row.name, size=9.5, align="right")
            sheet.text(right + 0.1, middle, text_of(row), size=9.0, colour=GREY)
        axes.axvline(0, color=GREY, linewidth=1)
        if self.mark is not None:
            axes.axvline(self.mark, color=INK, linewidth=1.1, linestyle="--")
        sheet.text((left + right) / 2, height - 0.2, self.unit, size=9.0, colour=GREY, align="center")
        return sheet.pixels()


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a scatter chart.

    Attributes:
        x: Its place on the horizontal scale.
        y: Its place on the vertical scale.
        name: Of its kind, which stands in the legend once.
        colour: `#RRGGBB`; empty: as for `BarRow`.
        text: What is said of this very point under the pointer.
        centre: `#RRGGBB` of what is told by the inner part of the point; empty: nothing.
        key: Names this very point; empty: nobody asks for it.
    """

    x: float | int
    y: float | int
    name: str
    colour: str = ""
    text: str = ""
    centre: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points over two scales.

    Attributes:
        dots: Points; the legend has each name once.
        x: Name and unit of the horizontal scale.
        y: Name and unit of the vertical scale.
        title: Above the chart.
        diagonal: Draw the line on which both are equal.
        width: In inches.
        height: In inches.
        level: Where a horizontal line stands, and what it means.
        x_axis: Ends and ticks of the horizontal scale; None: as the values need.
        y_axis: The same of the vertical scale.
    """

    dots: Sequence[Dot]
    x: str
    y: str
    title: str = ""
    diagonal: bool = False
    width: float = 7.0
    height: float = 4.2
    level: tuple[float | int, str] | None = None
    x_axis: Axis | None = None
    y_axis: Axis | None = None

    def picture(self) -> Drawn:
        """The chart as RGB pixels."""
        sheet, top = titled_sheet(self.title, self.width, self.height)
        names = list(dict.fromkeys(dot.name for dot in self.dots))
        colour = dict(zip(names, colours_of(names), strict=True))
        colour |= {dot.name: dot.colour for dot in self.dots if dot.colour}
        legend = 0.4 + LETTER * max(len(name) for name in names)
        axes = sheet.plot(
            0.75, top, self.width - 0.75 - legend - MARGIN, self.height - top - 0.62, self.x_axis, self.y_axis
        )
        for dot in self.dots:
            ink = dot.colour or colour[dot.name]
            axes.plot(dot.x, dot.y, "o", color=ink, markersize=7, alpha=0.85, markeredgecolor=CARD)
            if dot.centre:
                axes.plot(dot.x, dot.y, "o", color=dot.centre, markersize=3.4, markeredgecolor=CARD)
        axes.margins(0.08)
        if self.diagonal:
            axes.axline((0, 0), slope=1, color=GREY, linewidth=1, linestyle=":")
        if self.level is not None:
            axes.axhline(self.level[0], color=GREY, linewidth=1, linestyle="--")
        _name_scales(sheet, self.x, self.y, top, self.width - legend)
        for index, name in enumerate(names):
            sheet.dot(self.width - legend + 0.05, top + 0.1 + 0.24 * index, colour[name])
            sheet.text(self.width - legend + 0.2, top + 0.1 + 0.24 * index, name, size=9.0)
        return sheet.pixels()


Chart = Curves | Bars | Matrix | Scatter


def colours_of(names: Sequence[str]) -> list[str]:
    """The colour of each name: a task's own, by name or title, or the next of those that no task has."""
    tasks = {spelling: task for task in TASKS.values() for spelling in (task.name, task.title)}
    others = iter(OTHER_COLOURS * len(names))
    return [tasks[name].colour if name in tasks else next(others) for name in names]


def text_of(row: BarRow) -> str:
    """What stands at the right of a bar."""
    return row.text or significant(row.value, 3)


def _name_scales(sheet: Sheet, x: str, y: str, top: float, right: float) -> None:
    height, _ = sheet.size
    sheet.text((0.75 + right) / 2, height - 0.2, x, size=9.0, colour=GREY, align="center")
    sheet.text(0.14, (top + height - 0.62) / 2, y, size=9.0, colour=GREY, align="center", upright=True)

"""Shares of the tasks as stacked bars, one below the other: of places, of scales, of classes of region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridgenet.drawing.figure import MARGIN
from bridgenet.drawing.ink import ink_on
from bridgenet.drawing.sheet import GREY, INK, Drawn, Sheet
from bridgenet.tasks import TASKS, TaskName

ROW, BAR, LEGEND_LINE = 0.44, 0.32, 0.3
"""Inches: from bar to bar, height of a bar, height of the line that names the tasks."""

NAMED_FROM = 0.035
"""A smaller share has no room for its number."""


@dataclass(frozen=True, slots=True)
class StackedRow:
    """One stacked bar. For the notebooks.

    Attributes:
        name: At the left of the bar.
        shares: Share of each task; they add up to 1.
        interval: Interval of each share; None, or an absent task, where there is none.
        note: Under the name, in grey.
        colour: Of the swatch before the name, `#RRGGBB`. Empty: no swatch.
    """

    name: str
    shares: Mapping[TaskName, float]
    interval: Mapping[TaskName, tuple[float, float] | None] = field(default_factory=dict)
    note: str = ""
    colour: str = ""


def stacked_shares_figure(rows: Sequence[StackedRow], title: str = "", key: str = "", width: float = 9.6) -> Drawn:
    """Stacked bars with a legend of the tasks; dashes where equal shares would meet. For the notebooks.

    Numbers are per cent, with the larger half of the interval behind ±. ▲ stands beside a share whose whole interval
    is above the equal share, ▼ beside one whose whole interval is below.

    Args:
        rows: From top to bottom; all with the same tasks.
        title: One sentence above all.
        key: What the numbers mean, below all, after the size of an equal share.
        width: Of the figure, in inches.

    Raises:
        ValueError: There is no row, or a row has other tasks than the first.
    """
    tasks = tuple(rows[0].shares) if rows else ()
    if not tasks or any(tuple(row.shares) != tasks for row in rows):
        raise ValueError("Stacked bars need at least one row, and the same tasks in the same order in all rows.")
    top = 0.46 if title else 0.14
    sheet = Sheet(width, top + LEGEND_LINE + len(rows) * ROW + 0.36)
    if title:
        sheet.text(MARGIN, 0.26, title, size=12.5, bold=True)
    left = MARGIN + min(max(0.09 * max(len(row.name) for row in rows), 1.0), 2.2) + 0.2
    _draw_legend(sheet, tasks, left, top + LEGEND_LINE / 2 - 0.03)
    for index, row in enumerate(rows):
        _draw_row(sheet, row, top + LEGEND_LINE + index * ROW, left, width - MARGIN - left)
    below = top + LEGEND_LINE + len(rows) * ROW
    for index in range(1, len(tasks)):
        x = left + (width - MARGIN - left) * index / len(tasks)
        for row in range(len(rows)):
            sheet.box(x - 0.01, top + LEGEND_LINE + row * ROW + BAR + 0.015, 0.02, ROW - BAR - 0.03, INK)
    text = f"dashes: equal shares, {1 / len(tasks):.0%} each" + (f" · {key}" if key else "")
    sheet.text(left, below + 0.12, text, size=8.5, colour=GREY)
    return sheet.pixels()


def _draw_legend(sheet: Sheet, tasks: Sequence[TaskName], left: float, middle: float) -> None:
    for task in tasks:
        sheet.dot(left + 0.05, middle, TASKS[task].colour)
        left = sheet.text(left + 0.16, middle, TASKS[task].title, size=9.5) + 0.24


def _draw_row(sheet: Sheet, row: StackedRow, top: float, left: float, width: float) -> None:
    middle, start = top + BAR / 2, MARGIN
    if row.colour:
        sheet.box(start, middle - 0.075, 0.15, 0.15, row.colour, outline=True)
        start += 0.24
    sheet.text(start, middle - (0.08 if row.note else 0.0), row.name, size=10.0)
    if row.note:
        sheet.text(start, middle + 0.1, row.note, size=8.0, colour=GREY)
    for task, share in row.shares.items():
        sheet.box(left, top, width * share, BAR, TASKS[task].colour)
        text = _number(share, row.interval.get(task), 1 / len(row.shares))
        # A number that finds no room loses its interval first, then itself.
        text = text if width * share > 0.075 * len(text) else f"{100 * share:.0f}"
        if share > NAMED_FROM:
            colour = ink_on(TASKS[task].colour)
            sheet.text(left + width * share / 2, middle, text, size=9.0, colour=colour, align="center", bold=True)
        left += width * share


def _number(share: float, interval: tuple[float, float] | None, even: float) -> str:
    if interval is None:
        return f"{100 * share:.0f}"
    low, high = interval
    mark = " ▲" if low > even else " ▼" if high < even else ""
    half = max(high - share, share - low)
    return f"{100 * share:.0f} ± {100 * half:.0f}{mark}"

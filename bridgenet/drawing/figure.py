"""Figures: pictures side by side, each with its title, its unit and what its colours mean.

Every function returns the figure as RGB pixels, so notebooks, commands and tests use them alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bridgenet.drawing.ink import ink_on
from bridgenet.drawing.palette import ScaleName, class_palette, scale_table
from bridgenet.drawing.predictions import (
    LegendEntry,
    Limits,
    Picture,
    colour_heat,
    colour_task,
    depth_limits,
    legend_entries,
    normals_disc,
)
from bridgenet.drawing.sheet import DPI, GREY, INK, Drawn, Sheet
from bridgenet.labels import ClassesByTask
from bridgenet.tasks import TASKS, TaskName

IMAGE_DOT = "#8A8A8A"
MARGIN, GAP, HEADER = 0.16, 0.14, 0.34
"""Inches: around the figure, between the cards, above the picture of a card."""

MAX_PROPORTIONS = 1.5
"""Height / width from which on pictures are made narrower than their cards."""

LEGEND_LINES, LEGEND_COLUMNS = 3, 2

SMALL_LETTER = 0.058
"""Inches: mean width of the smallest letters of a legend."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A colour scale with the values at its ends. For the notebooks.

    Attributes:
        scale: Which scale.
        low: Text at its left end.
        high: Text at its right end.
        reverse: Draw the scale from its last colour to its first.
    """

    scale: ScaleName
    low: str
    high: str
    reverse: bool = False


Key = Bar | Sequence[LegendEntry] | str
"""What the colours of a panel mean: a scale, a class legend, a sentence, or the word `normals` for their disc."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture and everything that is said about it. For the notebooks.

    Attributes:
        title: Above the picture.
        picture: RGB; small maps are enlarged without blurring.
        note: At the right of the title: a unit, a share.
        colour: Of the dot before the title, `#RRGGBB`.
        key: What the colours mean: see `Key`.
        place: Fractions (nx, ny) of width and height where a cross-hair is drawn.
        aspect: Height / width to draw it at. None: that of the picture. A token grid takes that of its image.
    """

    title: str
    picture: Drawn
    note: str = ""
    colour: str = IMAGE_DOT
    key: Key = ""
    place: tuple[float, float] | None = None
    aspect: float | None = None

    @property
    def proportions(self) -> float:
        """Height / width as drawn."""
        return self.aspect or self.picture.shape[0] / self.picture.shape[1]


def panel_figure(panels: Sequence[Panel], columns: int = 3, title: str = "", panel_width: float = 2.9) -> Drawn:
    """Panels in rows, as one picture. For the notebooks.

    Args:
        panels: In reading order. All get the height of the tallest picture.
        columns: Panels in a row.
        title: One sentence above all.
        panel_width: Width of a panel in inches, at 100 pixels an inch.
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    picture_height = panel_width * min(max(panel.proportions for panel in panels), MAX_PROPORTIONS)
    footers = [
        max(_footer_of(panel.key) for panel in panels[row * columns : (row + 1) * columns]) for row in range(rows)
    ]
    top = MARGIN + (0.38 if title else 0)
    width = 2 * MARGIN + columns * panel_width + (columns - 1) * GAP
    height = top + rows * (HEADER + picture_height + GAP) + sum(footers) - GAP + MARGIN
    sheet = Sheet(width, height)
    if title:
        sheet.text(MARGIN + 0.02, MARGIN + 0.14, title, size=12.5, bold=True, room=width - 2 * MARGIN)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        left = MARGIN + column * (panel_width + GAP)
        upper = top + row * (HEADER + picture_height + GAP) + sum(footers[:row])
        _draw_panel(sheet, panel, left, upper, panel_width, picture_height, footers[row])
    return sheet.pixels()


def overview_figure(
    image: Picture, predictions: Mapping[TaskName, np.ndarray], classes: ClassesByTask, title: str = ""
) -> Drawn:
    """An image and all predictions, each with the meaning of its colours. For the notebooks.

    Args:
        image: The image, as analysed.
        predictions: Array of each task: class indices, metres, unit vectors or probabilities.
        classes: What the classes of the tasks are called, and their colours.
        title: One sentence above all.
    """
    height, width = image.shape[:2]
    panels = [Panel("Image", image, f"{width} × {height}")]
    panels += [prediction_panel(task, array, classes) for task, array in predictions.items()]
    return panel_figure(panels, columns={4: 2, 7: 4}.get(len(panels), 3), title=title)


def prediction_panel(task: TaskName, array: np.ndarray, classes: ClassesByTask, limits: Limits | None = None) -> Panel:
    """The panel of one task, with a legend, a bar or the disc of normals. For the notebooks."""
    told = TASKS[task]
    panel = Panel(told.title, colour_task(task, array, classes, limits), colour=told.colour)
    match told.kind:
        case "classes":
            known = classes[task]
            entries = legend_entries(array.astype(np.int64), known.names, class_palette(known.colours))
            return replace(panel, note=f"{len(entries)} of {len(known)} classes", key=entries)
        case "metres":
            near, far = limits or depth_limits(array)
            return replace(panel, note="metres", key=Bar("viridis", f"{near:.1f} m", f"{far:.1f} m", reverse=True))
        case "direction":
            return replace(panel, note="direction", key="normals")
        case "probability":
            return replace(panel, note="probability", key=Bar("greys", "0", "1"))


def heat_panel(title: str, values: np.ndarray, limits: Limits, unit: str = "") -> Panel:
    """The panel of an amount (height, width) from the lower limit (black) to the upper (pale yellow).

    For the notebooks.

    Args:
        title: Above the picture.
        values: The amounts; NaN is hatched, what exceeds the limits takes the colour of the limit.
        limits: Ends of the scale.
        unit: Written behind both, with its space if it has one: ` m`, `°`.
    """
    low, high = (f"{limit:g}{unit}" for limit in limits)
    return Panel(title, colour_heat(values, limits), key=Bar("magma", low, high))


def shares_figure(shares: Mapping[TaskName, float], title: str = "", width: float = 9.0) -> Drawn:
    """Shares of the tasks as one stacked bar, with a tick where equal shares would meet. For the notebooks."""
    top = 0.42 if title else 0.12
    sheet = Sheet(width, top + 0.66)
    if title:
        sheet.text(MARGIN, 0.24, title, size=12.5, bold=True)
    left, inner, total = MARGIN, width - 2 * MARGIN, sum(shares.values())
    for task, share in shares.items():
        length = inner * share / total
        sheet.box(left, top, length, 0.32, TASKS[task].colour)
        label = f"{TASKS[task].title} {share / total:.0%}" if share / total > 0.16 else f"{share / total:.0%}"
        if share / total > 0.04:
            ink = ink_on(TASKS[task].colour)
            sheet.text(left + length / 2, top + 0.16, label, size=9.0, colour=ink, align="center", bold=True)
        left += length
    for index in range(1, len(shares)):
        sheet.box(MARGIN + inner * index / len(shares) - 0.008, top + 0.34, 0.016, 0.08, INK)
    sheet.text(MARGIN, top + 0.51, f"ticks: equal shares, {1 / len(shares):.0%} each", size=8.5, colour=GREY)
    return sheet.pixels()


def depth_figure(depth: np.ndarray, limits: Limits | None = None) -> Drawn:
    """One depth map at its own size with a bar in metres."""
    width = max(2.9, depth.shape[1] / DPI)
    return panel_figure([prediction_panel("depth", depth, {}, limits)], panel_width=width)


def legend_figure(entries: Sequence[LegendEntry]) -> Drawn:
    """Class colours, names and areas, largest area first, one below the other."""
    line, width = 0.25, 2.9
    sheet = Sheet(width, 2 * MARGIN + line * max(len(entries), 1))
    if not entries:
        sheet.text(MARGIN, MARGIN + line / 2, "no labelled pixel", size=9.5, colour=GREY)
    for index, entry in enumerate(entries):
        middle = MARGIN + line * (index + 0.5)
        sheet.box(MARGIN, middle - 0.075, 0.15, 0.15, entry.colour, outline=True)
        sheet.text(MARGIN + 0.26, middle, entry.name, size=9.5)
        sheet.text(width - MARGIN, middle, _percent(entry.area), size=9.5, colour=GREY, align="right")
    return sheet.pixels()


def _draw_panel(
    sheet: Sheet, panel: Panel, left: float, top: float, width: float, picture_height: float, footer: float
) -> None:
    sheet.card(left, top, width, HEADER + picture_height + footer)
    sheet.dot(left + 0.15, top + HEADER / 2, panel.colour)
    # The note has room for its smallest letters; what the title leaves of the rest is its own, too.
    room = width - 0.38 - (0.09 + 0.06 * len(panel.note) if panel.note else 0)
    end = sheet.text(left + 0.27, top + HEADER / 2, panel.title, size=10.5, bold=True, room=room)
    if panel.note:
        right, room = left + width - 0.11, left + width - 0.2 - end
        sheet.text(right, top + HEADER / 2, panel.note, size=8.5, colour=GREY, align="right", room=room)
    # A picture of other proportions than the tallest keeps its own, centred in the card.
    height = min(picture_height, width * panel.proportions)
    across = height / panel.proportions
    x, y = left + (width - across) / 2, top + HEADER + (picture_height - height) / 2
    sheet.picture(x, y, across, height, panel.picture)
    sheet.frame(x, y, across, height)
    if panel.place is not None:
        sheet.cross_hair(x, y, across, height, panel.place)
    _draw_key(sheet, panel.key, left + 0.12, top + HEADER + picture_height, width - 0.24)


def _draw_key(sheet: Sheet, key: Key, left: float, top: float, width: float) -> None:
    if isinstance(key, Bar):
        middle = top + 0.19
        table = scale_table(key.scale)[None, :: -1 if key.reverse else 1]
        start = sheet.text(left, middle, key.low, size=8.5, colour=GREY) + 0.09
        end = left + width - 0.11 - 0.068 * len(key.high)
        sheet.picture(start, middle - 0.045, end - start, 0.09, table)
        sheet.box(start, middle - 0.045, end - start, 0.09, "none", outline=True)
        sheet.text(left + width, middle, key.high, size=8.5, colour=GREY, align="right")
    elif key == "normals":
        sheet.picture(left, top + 0.07, 0.46, 0.46, normals_disc())
        for line, text in enumerate(("x right → red", "y up → green", "z toward you → blue")):
            sheet.text(left + 0.55, top + 0.15 * (line + 1), text, size=7.5, colour=GREY, room=width - 0.55)
    elif isinstance(key, str):
        sheet.text(left, top + 0.19, key, size=8.5, colour=GREY, room=width)
    else:
        _draw_classes(sheet, key, left, top, width)


def _draw_classes(sheet: Sheet, entries: Sequence[LegendEntry], left: float, top: float, width: float) -> None:
    """Swatches in columns, with shares if all find room beside their names; classes that find none are counted."""
    shown, columns = _shown(entries), _columns(entries)
    column_width = width / columns - 0.18
    shares = [f" {_percent(entry.area)}" for entry in shown]
    longest = max((len(entry.name + share) for entry, share in zip(shown, shares, strict=True)), default=0)
    if longest * SMALL_LETTER > column_width:
        shares = [""] * len(shown)
    for index, (entry, share) in enumerate(zip(shown, shares, strict=True)):
        row, column = divmod(index, columns)
        x, y = left + column * width / columns, top + 0.15 + row * 0.18
        sheet.box(x, y - 0.055, 0.11, 0.11, entry.colour, outline=True)
        sheet.text(x + 0.16, y, entry.name, size=8.5, colour=GREY, room=column_width, tail=share)
    if len(shown) < len(entries):
        rest = sum(entry.area for entry in entries[len(shown) :])
        x, y = left + width / columns, top + 0.15 + (LEGEND_LINES - 1) * 0.18
        more = f"{len(entries) - len(shown)} more{f' {_percent(rest)}' if any(shares) else ''}"
        sheet.text(x + 0.16, y, more, size=8.5, colour=GREY, room=column_width)


def _shown(entries: Sequence[LegendEntry]) -> Sequence[LegendEntry]:
    room = LEGEND_LINES * LEGEND_COLUMNS
    return entries if len(entries) <= room else entries[: room - 1]


def _columns(entries: Sequence[LegendEntry]) -> int:
    """A single class has all the width."""
    return min(LEGEND_COLUMNS, max(len(entries), 1))


def _footer_of(key: Key) -> float:
    """Height in inches that the explanation of the colours needs."""
    if isinstance(key, Bar):
        return 0.36
    if key == "normals":
        return 0.6
    if isinstance(key, str):
        return 0.36 if key else 0.1
    lines = min(LEGEND_LINES, -(-len(key) // LEGEND_COLUMNS))
    return 0.1 + 0.18 * max(lines, 1) + 0.05


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "<1%"

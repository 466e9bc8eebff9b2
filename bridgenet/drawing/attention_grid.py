"""The attention of all tasks and heads at one place, in one figure: a row per task, columns in groups."""

from collections.abc import Mapping, Sequence

import numpy as np

from bridgenet.drawing.palette import scale_table
from bridgenet.drawing.predictions import Picture, colour_heat
from bridgenet.drawing.sheet import GREY, Drawn, Sheet
from bridgenet.inspection.attention.rows import AttentionView
from bridgenet.tasks import TASKS, TaskName, significant

WIDTH, MARGIN, GAP, GROUP_GAP = 9.9, 0.16, 0.09, 0.24
"""Inches: of the figure, around it, between two maps, between two groups of maps."""

IMAGE_WIDTH, NAME_WIDTH, TITLE, HEADS = 2.1, 1.4, 0.42, 0.5
"""Inches: the image at the left, the names of the tasks, the line of the title, the two lines above the maps."""

LARGEST_MAP = 1.7

TIMES_EVEN = 3
"""Where the colour scale ends, in weights of even attention: a single peak would make all other maps dark."""

Groups = Mapping[str, Sequence[str]]
"""Headings of the columns: the name of each group, with the names of its columns."""

Outline = tuple[float, float, float, float]


def attention_grid_figure(
    image: Picture,
    rows: Mapping[TaskName, Sequence[AttentionView]],
    groups: Groups,
    place: tuple[float, float],
    title: str = "",
) -> Drawn:
    """Attention maps of one place, a row per task, all on one scale: from 0 to three times an even weight.

    For the notebooks.

    Even attention has the same colour in every figure; the scale ends earlier where no weight comes so far. The white
    box is the token that is asked about, the cross-hair the place, the tick on the scale even attention.

    Args:
        image: The image, as analysed.
        rows: Of each task one map per column, left to right. None may be a difference.
        groups: What the columns are.
        place: Fractions (nx, ny) of width and height.
        title: One sentence above all.

    Raises:
        ValueError: A task has more or fewer maps than there are columns.
    """
    count = sum(len(columns) for columns in groups.values())
    if any(len(views) != count for views in rows.values()):
        raise ValueError(f"There are {count} columns; every task needs as many maps.")
    proportions = image.shape[0] / image.shape[1]
    left = MARGIN + IMAGE_WIDTH + GROUP_GAP + NAME_WIDTH
    inner = WIDTH - MARGIN - left - GAP * (count - len(groups)) - GROUP_GAP * (len(groups) - 1)
    size = min(LARGEST_MAP, inner / count) * np.array((1.0, proportions))
    top = MARGIN + (TITLE if title else 0)
    grid_height = HEADS + len(rows) * (float(size[1]) + GAP)
    sheet = Sheet(WIDTH, top + max(grid_height, 0.25 + IMAGE_WIDTH * proportions + 1.2) + MARGIN - GAP)
    if title:
        sheet.text(MARGIN, MARGIN + 0.14, title, size=12.5, bold=True)
    every = [view for views in rows.values() for view in views]
    largest, even = max(float(view.weights.max()) for view in every), every[0].even / every[0].weights.size
    limit = min(largest, TIMES_EVEN * even)
    _draw_image(sheet, image, top, every[0].box, place)
    _draw_scale(sheet, top + 0.25 + IMAGE_WIDTH * proportions, (limit, largest), even)
    across = _draw_headings(sheet, groups, left, top, float(size[0]))
    for index, (task, views) in enumerate(rows.items()):
        upper = top + HEADS + index * (float(size[1]) + GAP)
        name = left - NAME_WIDTH
        sheet.dot(name + 0.06, upper + float(size[1]) / 2, TASKS[task].colour)
        sheet.text(name + 0.18, upper + float(size[1]) / 2, TASKS[task].title, size=10.0, bold=True)
        for x, view in zip(across, views, strict=True):
            where = (x, upper, float(size[0]), float(size[1]))
            sheet.picture(*where, colour_heat(view.placed, (0.0, limit)))
            _outline(sheet, where, view.box)
    return sheet.pixels()


def _draw_image(sheet: Sheet, image: Picture, top: float, box: Outline | None, place: tuple[float, float]) -> None:
    sheet.text(MARGIN, top + 0.11, "Image", size=10.0, bold=True)
    where = (MARGIN, top + 0.25, IMAGE_WIDTH, IMAGE_WIDTH * image.shape[0] / image.shape[1])
    sheet.picture(*where, image)
    sheet.cross_hair(*where, place)
    _outline(sheet, where, box)


def _draw_scale(sheet: Sheet, top: float, ends: tuple[float, float], even: float) -> None:
    """What the colours mean, below the image. The ends are that of the scale, and the largest weight."""
    limit, largest = ends
    highest = significant(limit) if largest <= limit else f"{significant(limit)} and more"
    sheet.text(MARGIN, top + 0.17, "box: the token that asks", size=8.5, colour=GREY)
    sheet.text(MARGIN, top + 0.45, "attention, one scale for all maps", size=8.5, colour=GREY)
    sheet.picture(MARGIN, top + 0.58, IMAGE_WIDTH, 0.1, scale_table("magma")[None])
    sheet.box(MARGIN + IMAGE_WIDTH * min(even / limit, 1) - 0.012, top + 0.69, 0.024, 0.08, GREY)
    sheet.text(MARGIN, top + 0.83, "0", size=8.5, colour=GREY)
    sheet.text(MARGIN + IMAGE_WIDTH, top + 0.83, highest, size=8.5, colour=GREY, align="right")
    sheet.text(MARGIN, top + 1.03, f"tick: even attention, {significant(even)} each", size=8.5, colour=GREY)


def _draw_headings(sheet: Sheet, groups: Groups, left: float, top: float, width: float) -> list[float]:
    """Names of the groups and their columns. Returns where each column begins."""
    across, x = [], left
    for name, columns in groups.items():
        sheet.text(x, top + 0.11, name, size=10.0, bold=True)
        for column in columns:
            sheet.text(x, top + 0.35, column, size=8.5, colour=GREY)
            across.append(x)
            x += width + GAP
        x += GROUP_GAP - GAP
    return across


def _outline(sheet: Sheet, where: Outline, box: Outline | None) -> None:
    """A token's box on a picture, white on black so that it shows on every colour; a region has none."""
    if box is None:
        return
    x, y, width, height = where
    left, top, right, bottom = x + box[0] * width, y + box[1] * height, x + box[2] * width, y + box[3] * height
    for colour, line_width in (("black", 2.6), ("white", 1.3)):
        sheet.axes.plot(
            (left, right, right, left, left), (top, top, bottom, bottom, top), color=colour, linewidth=line_width
        )

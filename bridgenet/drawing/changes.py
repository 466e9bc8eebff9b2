"""What changed in a prediction, as panels: how much, and whether it came nearer to the truth."""

import numpy as np
from jaxtyping import Float, Int

from bridgenet.drawing.figure import Bar, Panel
from bridgenet.drawing.predictions import colour_classes, colour_heat, colour_signed, legend_entries
from bridgenet.tasks import IGNORE, TASKS, TaskName, significant, with_unit

SAME, NOW_RIGHT, NOW_WRONG, MOVED = (221, 224, 214), (33, 102, 172), (178, 45, 30), (127, 86, 160)

PERCENTILE = 98
"""Of the changes: the end of the scale, so that a few pixels do not pale the rest."""


def gain_panel(
    title: str, task: TaskName, before: Float[np.ndarray, "h w"], after: Float[np.ndarray, "h w"], note: str = ""
) -> Panel:
    """Where a prediction came nearer to the truth (blue) and where it went away from it (red). For the notebooks.

    Args:
        title: Above the picture.
        task: Whose prediction.
        before: Error at every pixel, in the unit of the task, or 1 for a wrong class; NaN (hatched) where nothing is
            known.
        after: The same, afterwards.
        note: At the right of the title.
    """
    if TASKS[task].kind == "classes":
        entries = {"as before": SAME, "now right": NOW_RIGHT, "now wrong": NOW_WRONG}
        return _category_panel(title, task, gained(before, after), entries, note)
    change = after - before
    end = _end_of(np.abs(change))
    size = with_unit(significant(end), TASKS[task].pixel_unit)
    bar = Bar("rdbu", f"nearer −{size}", f"+{size} farther")
    return Panel(title, colour_signed(change, end), note, TASKS[task].colour, bar)


def change_panel(title: str, task: TaskName, change: Float[np.ndarray, "h w"], note: str = "") -> Panel:
    """How much a prediction changed at every pixel, where no truth is known. For the notebooks.

    Args:
        title: Above the picture.
        task: Whose prediction.
        change: Never negative: 1 where a class changed, metres, degrees or probability.
        note: At the right of the title.
    """
    if TASKS[task].kind == "classes":
        return _category_panel(title, task, change.astype(np.int64), {"same class": SAME, "other class": MOVED}, note)
    end = _end_of(change)
    bar = Bar("magma", "0", with_unit(significant(end), TASKS[task].pixel_unit))
    return Panel(title, colour_heat(change, (0.0, end)), note, TASKS[task].colour, bar)


def gained(before: Float[np.ndarray, "h w"], after: Float[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """What came of every pixel: 0 as right or wrong as before, 1 right now, 2 wrong now; `IGNORE` where nobody knows.

    Args:
        before: 1 for a wrong class, 0 for the right one; NaN where nothing is known.
        after: The same, afterwards.
    """
    change = after - before
    return np.where(np.isnan(change), IGNORE, np.select([change < 0, change > 0], [1, 2], 0))


def _category_panel(
    title: str, task: TaskName, labels: np.ndarray, entries: dict[str, tuple[int, int, int]], note: str
) -> Panel:
    labels, palette = labels.astype(np.int64), np.array(list(entries.values()), dtype=np.uint8)
    return Panel(
        title,
        colour_classes(labels, palette),
        note,
        TASKS[task].colour,
        legend_entries(labels, tuple(entries), palette),
    )


def _end_of(amounts: np.ndarray) -> float:
    known = amounts[np.isfinite(amounts)]
    return max(float(np.percentile(known, PERCENTILE)), 1e-9) if known.size else 1e-9

"""Photos and their ground truth as they were read, in rows: what a list of faults cannot tell, eyes see."""

from collections.abc import Mapping, Sequence

import numpy as np

from bridgenet.drawing.figure import Panel, panel_figure, prediction_panel
from bridgenet.drawing.sheet import Drawn
from bridgenet.labels import ClassesByTask
from bridgenet.reading.sample import RawSample
from bridgenet.tasks import IGNORE, TASKS, TaskName

WIDTH = 2.7
"""Of a picture, in inches."""

LONGEST = 400
"""Pixels of the longest side of a picture."""


def contact_sheet(
    samples: Mapping[str, RawSample], tasks: Sequence[TaskName], classes: ClassesByTask, title: str = ""
) -> Drawn:
    """A row for each photo: itself, and its ground truth with legends.

    Args:
        samples: Photos by name; what could not be read of their ground truth is left out.
        tasks: The columns.
        classes: What the classes are called, and their colours.
        title: One sentence above all.
    """
    panels = []
    for name, sample in samples.items():
        step = -(-max(sample.image.shape[:2]) // LONGEST)
        height, width = sample.image.shape[:2]
        panels.append(Panel(name, sample.image[::step, ::step], f"{width} × {height}"))
        for task in tasks:
            if task in sample.targets:
                values = _as_answer(task, sample.targets[task][::step, ::step])
                panels.append(prediction_panel(task, values, classes))
            else:
                blank = np.full_like(sample.image[::step, ::step], 255)
                panels.append(Panel(TASKS[task].title, blank, key="cannot be read", colour=TASKS[task].colour))
    return panel_figure(panels, columns=1 + len(tasks), title=title, panel_width=WIDTH)


def _as_answer(task: TaskName, values: np.ndarray) -> np.ndarray:
    """Ground truth of a `RawSample` in the form of an answer, so that both are drawn alike."""
    match TASKS[task].kind:
        case "metres":
            return np.where(values > 0, values, np.nan)
        case "probability":
            return np.where(values == IGNORE, np.nan, values.astype(np.float32))
        case _:
            return values

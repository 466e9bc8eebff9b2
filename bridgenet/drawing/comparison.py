"""The answers of several networks, or of one at several times, beside the truth."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bridgenet.drawing.figure import Panel, panel_figure, prediction_panel
from bridgenet.drawing.predictions import depth_limits
from bridgenet.drawing.sheet import Drawn
from bridgenet.labels import ClassesByTask
from bridgenet.tasks import TASKS, TaskName

Answers = Mapping[TaskName, np.ndarray]


def answers_figure(
    answers: Mapping[str, Answers], truth: Answers, classes: ClassesByTask, title: str = "", panel_width: float = 2.3
) -> Drawn:
    """A row of pictures for each network, a column for each task, and the truth below with the meaning of the colours.

    For the notebooks.

    Args:
        answers: Class indices, metres, unit vectors or probabilities, by name of the network and task.
        truth: The same of the ground truth; its tasks are the columns.
        classes: What the classes of the tasks are called, and their colours.
        title: One sentence above all.
        panel_width: Width of a panel in inches, at 100 pixels an inch.
    """
    panels = [
        answer_panel(name, task, given[task], truth, classes) for name, given in answers.items() for task in truth
    ]
    panels += [answer_panel("truth", task, truth[task], truth, classes, key=True) for task in truth]
    return panel_figure(panels, columns=len(truth), title=title, panel_width=panel_width)


def answer_panel(
    name: str, task: TaskName, array: np.ndarray, truth: Answers, classes: ClassesByTask, *, key: bool = False
) -> Panel:
    """One answer under the name of its network; depth on the scale of the true depth. For the notebooks.

    Args:
        name: Of the network.
        task: Which task.
        array: Its answer.
        truth: Ground truth by task.
        classes: What the classes of the tasks are called, and their colours.
        key: Say what the colours mean. Classes are always named.
    """
    limits = depth_limits(truth[task]) if TASKS[task].kind == "metres" else None
    known = prediction_panel(task, array, classes, limits)
    return replace(
        known,
        title=name,
        note=known.title,
        key=known.key if key or TASKS[task].kind == "classes" else "",
    )

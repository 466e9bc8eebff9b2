"""Who moves whom, as arrows over the photo."""

import math

import numpy as np

from app.analysis.session import Analysis
from app.tabs.interaction.matrices import Pair, chosen_pair
from app.view.charts import Arrow, Arrows
from app.view.effects import effect_rows, shade_top, tasks_of, times
from app.view.view import Group
from bridgenet.inspection import InteractionMatrix
from bridgenet.tasks import TASKS


def arrows(matrix: InteractionMatrix, cell: Pair) -> Group:
    """From each task that is cut to each that moves: as wide as the effect over the control, grey below it."""
    tasks, top = tasks_of(matrix), shade_top(matrix)
    drawn = [
        Arrow(row, column, entry.level, above_control(matrix, row, column), entry.words, entry.key)
        for row, line in enumerate(effect_rows(matrix, top)[: len(tasks)])
        for column, entry in enumerate(line.cells)
        if row != column
    ]
    strength = np.where(np.eye(len(tasks), dtype=bool), np.nan, matrix.strength)
    sure = [arrow for arrow in drawn if arrow.sure]
    widest = max(sure, key=lambda arrow: arrow.level, default=None)
    most = "no arrow is more than that" if widest is None else f"the widest {times(float(np.nanmax(strength)))}"
    text = f"width: effect ÷ random cut, {most}; grey: not above a random cut"
    words = f"{len(sure)} of {len(drawn)} pairs are moved by more than a random cut" + (
        "" if widest is None else f", most {TASKS[tasks[widest.target]].title} by {TASKS[tasks[widest.source]].title}"
    )
    return chosen_pair(cell) | {
        "id": "arrows",
        "title": "Who moves whom",
        "text": text,
        "chart": Arrows([TASKS[task] for task in tasks], drawn),
        "alt": words,
    }


def no_arrows(analysis: Analysis) -> Group:
    """The tasks without arrows, so that nothing jumps when they come."""
    return {
        "id": "arrows",
        "title": "Who moves whom",
        "chart": Arrows([TASKS[task] for task in analysis.tasks], []),
        "alt": "Not yet computed",
    }


def above_control(matrix: InteractionMatrix, row: int, column: int) -> bool:
    """Whether an effect is larger than a random cut's; over several photos, by more than both intervals."""
    margin = float(matrix.interval[row, column] + matrix.control_interval[column])
    return bool(matrix.effect[row, column] - (0.0 if math.isnan(margin) else margin) > matrix.control[column])

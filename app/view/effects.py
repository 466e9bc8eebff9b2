"""What a cut does, as the shaded table of a matrix: effects, each beside a random cut of the same size."""

import math
from collections.abc import Mapping
from typing import cast

import numpy as np

from app.view.changes import amount
from app.view.charts import Cell, Column, Row, Shades
from bridgenet.inspection import InteractionMatrix
from bridgenet.model.meetings import BridgeMeeting
from bridgenet.tasks import TASKS, TaskName

LEAST_TOP = 1.5
"""The deepest shade stands for at least so many times the control."""


def effect_rows(matrix: InteractionMatrix, top: float) -> list[Row]:
    """A row for every task that is cut, and one for the control.

    Args:
        matrix: Of a photo or of a set.
        top: Effect over control at the deepest shade, see `shade_top`.
    """
    tasks = tasks_of(matrix)
    rows = [source_row(source, [_effect_cell(matrix, source, target, top) for target in tasks]) for source in tasks]
    control = [_control_cell(matrix, target, top) for target in tasks]
    dropped = f"1/{len(tasks)} of everything that is read, whosever it is, is left out: the mean of random draws"
    return [*rows, Row(f"random cut of 1/{len(tasks)}", control, words=dropped, control=True)]


def effect_shades(top: float) -> Shades:
    """What the shades mean."""
    return Shades("effect ÷ control", [(0, "0"), (1 / top, "1 × = a random cut"), (1, f"{top:.1f} ×")])


def effect_columns(
    tasks: tuple[str, ...], *, units: bool, errors: Mapping[TaskName, str] | None = None
) -> list[Column]:
    """The heads of the columns: tasks, their units, and how wrong they are by themselves."""
    columns = []
    for task in cast(tuple[TaskName, ...], tasks):
        about = TASKS[task]
        unit = "Δ prob." if about.kind == "probability" else about.change_unit
        error = (errors or {}).get(task, "")
        columns.append(Column(about.title, about.short, about.colour, unit if units else "", error if units else ""))
    return columns


def source_row(source: TaskName, cells: list[Cell]) -> Row:
    """The row of a task that is cut."""
    about = TASKS[source]
    return Row(about.title, cells, about.short, about.colour, f"{about.title} is taken away from what the others read")


def task_name(task: TaskName) -> str:
    """A task within a sentence."""
    return TASKS[task].title.lower()


def loses_own(matrix: InteractionMatrix) -> bool:
    """Whether a task that is cut loses its own tokens too, as a bridge is one for all.

    Elsewhere it keeps them, and moves by what the others no longer tell it.
    """
    return BridgeMeeting.name in matrix.places


def shade_top(matrix: InteractionMatrix) -> float:
    """Effect over control at the deepest shade: the strongest between different tasks."""
    strength = matrix.strength[~np.eye(len(matrix.tasks), dtype=bool)]
    known = strength[np.isfinite(strength)]
    return max(LEAST_TOP, float(known.max()) if known.size else LEAST_TOP)


def times(strength: float) -> str:
    """Effect over control, in words."""
    return "–" if math.isnan(strength) else "∞ ×" if math.isinf(strength) else f"{strength:.1f} ×"


def with_interval(value: float, half: float, task: TaskName) -> str:
    """A number and, over several photos, the half width of its interval."""
    text = amount(value, task)
    return text if math.isnan(half) else f"{text} ± {amount(half, task)}"


def tasks_of(matrix: InteractionMatrix) -> tuple[TaskName, ...]:
    """Tasks of a matrix, in its order."""
    return cast(tuple[TaskName, ...], matrix.tasks)


def _effect_cell(matrix: InteractionMatrix, source: TaskName, target: TaskName, top: float) -> Cell:
    at = matrix.tasks.index(source), matrix.tasks.index(target)
    effect, half, strength = (float(array[at]) for array in (matrix.effect, matrix.interval, matrix.strength))
    without = f"Without the tokens of {task_name(source)} {task_name(target)}"
    if source == target:
        own = "Without its own tokens {}" if loses_own(matrix) else "Cut from the others, {} itself"
        without = own.format(task_name(target))
    interval = "" if math.isnan(half) else f" (± {amount(half, target)}, n = {matrix.images})"
    control = amount(float(matrix.control[at[1]]), target, words=True)
    return Cell(
        with_interval(effect, half, target),
        times(strength),
        0.0 if math.isnan(strength) else min(strength / top, 1.0),
        f"{without} moves by {amount(effect, target, words=True)}{interval}: "
        f"{times(strength)} a random cut, which moves it by {control}",
        f"{source}>{target}",
        source == target,
    )


def _control_cell(matrix: InteractionMatrix, target: TaskName, top: float) -> Cell:
    at = matrix.tasks.index(target)
    control, half = float(matrix.control[at]), float(matrix.control_interval[at])
    words = f"A random cut of 1/{len(matrix.tasks)} moves {task_name(target)} by {amount(control, target, words=True)}"
    return Cell(with_interval(control, half, target), "1 ×", 1 / top, words)

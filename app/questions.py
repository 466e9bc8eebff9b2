"""What programs ask, judged: places, tasks, heads and scales that exist, or an error that says what to do."""

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from app.analysis.session import Analysis, StudioError
from bridgenet.tasks import TASKS, TaskName

Known = TypeVar("Known", bound=str)

if TYPE_CHECKING:
    from bridgenet.inspection.targets import Target
    from bridgenet.trace import Stage


def fraction(value: object, name: str) -> float:
    """A place, as a fraction of the photo.

    Raises:
        StudioError: It is not from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise StudioError(f"{name} must be a number from 0 to 1, not {value!r}.")
    if not 0 <= value <= 1:
        raise StudioError(f"{name} = {value:g} is outside the photo. Give a fraction from 0 to 1, not pixels.")
    return float(value)


def one_of(value: object, known: tuple[Known, ...], name: str) -> Known:
    """One of the words there are.

    Raises:
        StudioError: It is none of them.
    """
    for word in known:
        if value == word:
            return word
    raise StudioError(f"There is no {name} {value!r}. Choose one of: {', '.join(known)}.")


def whole(value: object, low: int, high: int, name: str) -> int:
    """A whole number between bounds.

    Raises:
        StudioError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in range(low, high + 1):
        raise StudioError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def task_of(analysis: Analysis, task: object) -> TaskName:
    """A task of the checkpoint.

    Raises:
        StudioError: It has no such task.
    """
    return one_of(task, analysis.tasks, "task")


def head_of(analysis: Analysis, head: object) -> int | None:
    """An attention head; None is the mean of all."""
    chosen = whole(head, -1, analysis.trace.heads - 1, "head")
    return None if chosen < 0 else chosen


def bridge_stage(analysis: Analysis, scale: object) -> "Stage":
    """A stage of the decoder that has a bridge; -1 is the finest."""
    stages = analysis.trace.stages
    stage = stages[whole(scale, -1, len(stages) - 1, "scale")] if stages else None
    if stage is None or stage.attention is None:
        raise StudioError(
            f"{analysis.checkpoint} has no bridge there: its tasks do not read each other in the decoder."
        )
    return stage


def target_at(analysis: Analysis, task: TaskName, x: float, y: float) -> tuple["Target", str]:
    """What the prediction says at a place, as a target of attribution, and in words."""
    from bridgenet.inspection import Pixel, Target, token_at
    from bridgenet.kinds import AXES

    answer = analysis.prediction[task]
    said = answer.array[token_at(x, y, analysis.size)]
    component, words = None, TASKS[task].title.lower()
    if answer.classes:
        component = int(said)
        words = f"{answer.classes[component]} against the other classes"
    elif TASKS[task].kind == "direction":
        component = int(np.abs(said).argmax())
        words = f"the {AXES[component]} component of the normal"
    return Target(task, component, Pixel(x, y)), f"{words} at x {x:g}, y {y:g}"

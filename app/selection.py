"""The one selection that every view follows: a place in the photo, a task, a scale of the bridge, a head."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridgenet.tasks import TaskName


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected.

    Attributes:
        x: Fraction of the photo's width, 0 <= x < 1.
        y: Fraction of the photo's height, 0 <= y < 1.
        task: Name of a task of the checkpoint.
        scale: Stage of the decoder, counted from the coarsest.
        head: Attention head. None is the mean of all.
    """

    x: float = 0.5
    y: float = 0.5
    task: TaskName = "semseg"
    scale: int = 0
    head: int | None = None


def read_selection(event: Mapping[str, Any], *, tasks: tuple[TaskName, ...], scales: int, heads: int) -> Selection:
    """The selection that the page reports, with everything that it cannot mean replaced by the nearest it can.

    Args:
        event: What the browser sent; nothing about it is taken on trust.
        tasks: Tasks of the checkpoint.
        scales: Number of decoder stages.
        heads: Number of attention heads.
    """
    task = event.get("task")
    head = _whole(event.get("head"), -1)
    return Selection(
        x=_fraction(event.get("x")),
        y=_fraction(event.get("y")),
        task=task if task in tasks else tasks[0],
        scale=min(max(_whole(event.get("scale"), scales - 1), 0), max(scales - 1, 0)),
        head=head if 0 <= head < heads else None,
    )


def _fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0.5
    return min(max(float(value), 0.0), math.nextafter(1.0, 0.0))


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise

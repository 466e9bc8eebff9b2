"""Who moved an answer at each place: the task whose cut changes it most there, where random cuts change it less."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from bridgenet.inspection.effects import difference_map
from bridgenet.inspection.intervene import cut_trace, decode_again, random_drop
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Movers:
    """Which cut changed an answer most, at every pixel of the network's input.

    Attributes:
        tasks: What was cut, one after the other: all but the task whose answer is looked at.
        index: Which of them changed it most; -1 where none changed it more than every one of as many random cuts.
        change: By how much, in the unit of the answer (`kinds.change_map`).
    """

    tasks: tuple[TaskName, ...]
    index: Int[np.ndarray, "height width"]
    change: Float[np.ndarray, "height width"]


@torch.inference_mode()
def movers(
    model: Network, trace: Trace, target: TaskName, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Movers:
    """Cut every other task by itself, wherever tasks meet, and see what becomes of one answer.

    The largest of several changes is large by chance alone. So its control is the largest of as many random cuts, each
    of the size of one task.

    Args:
        model: The network that made the trace.
        trace: The uncut pass; the first image of its batch is looked at.
        target: Whose answer.
        seed: Fixes what is cut at random.
        progress: Called with (done, total) after every pass. May raise to cancel.

    Raises:
        ValueError: The network lacks the target, there is no other task, or tasks meet nowhere.
    """
    if target not in trace.predictions:
        raise ValueError(f"This network does not predict {target}. It predicts: {', '.join(trace.predictions)}.")
    tasks: tuple[TaskName, ...] = tuple(task for task in trace.predictions if task != target)
    if not tasks:
        raise ValueError(f"Nobody can move {target}: the network has no other task.")
    report = progress or (lambda done, total: None)
    changes, controls = [], []
    for number, source in enumerate(tasks):
        changes.append(difference_map(trace, cut_trace(model, trace, source), target))
        report(number + 1, 2 * len(tasks))
    for draw in range(len(tasks)):
        with evaluating(model), random_drop(model, trace, 1 / (len(tasks) + 1), seed + draw):
            controls.append(difference_map(trace, decode_again(model, trace), target))
        report(len(tasks) + draw + 1, 2 * len(tasks))
    most = np.max(changes, axis=0)
    return Movers(tasks, np.where(most > np.max(controls, axis=0), np.argmax(changes, axis=0), -1), most)

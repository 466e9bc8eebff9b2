"""How much of the bridge each task takes: the refinement weakened, left out or exaggerated."""

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

from bridgenet.inspection.intervene import image_size
from bridgenet.inspection.parts import refiners
from bridgenet.kinds import change_map, error_at
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import IGNORE, TASKS, TaskName
from bridgenet.trace import Trace

STRENGTHS = (0.0, 2.0)
"""Weakest and strongest bridge: left out, and twice the change that was learnt."""


@dataclass(frozen=True, slots=True)
class Changed:
    """How many pixels of a prediction changed, and whether for the better.

    Attributes:
        share: Of all pixels, 0 to 1.
        to_truth: Of the changed pixels with ground truth, those that now have the true class, or (tasks without
            classes) lie closer to the truth than before, 0 to 1. None without ground truth or without such pixels.
        tolerance: What a pixel had to move by, the `tolerance` of the task.
    """

    share: float
    to_truth: float | None
    tolerance: float


@torch.inference_mode()
def with_bridge_strength(model: Network, trace: Trace, alpha: float | int) -> Trace:
    """The trace with every refinement weighed: refined = entering + alpha * (refined - entering), at every stage.

    Stages, fusion and heads are computed again, with the joint layer norm following; the rest is kept.

    Args:
        model: The network that made the trace, in evaluation mode.
        trace: The pass to change.
        alpha: 0: no task is refined ("before", through the same heads), though with `refinement="add-invpt"` each still
            reads the tokens of all. 1: the trace itself, bit for bit. Up to 2.

    Raises:
        ValueError: alpha is out of range, or the network has no bridge.
    """
    if not STRENGTHS[0] <= alpha <= STRENGTHS[1]:
        raise ValueError(f"The bridge strength goes from {STRENGTHS[0]:g} to {STRENGTHS[1]:g}, got {alpha}.")
    if all(stage.bridge is None for stage in trace.stages):
        raise ValueError("This network was built without a Bridge Feature Extractor: there is no bridge to weigh.")

    def weigh(module: nn.Module, inputs: tuple[Tensor, ...], refined: Tensor) -> Tensor:
        return torch.lerp(inputs[0], refined, alpha)

    with ExitStack() as hooks:
        hooks.enter_context(evaluating(model))
        for refiner in chain.from_iterable(refiners(model)):
            hooks.callback(refiner.register_forward_hook(weigh).remove)
        return model.refine(trace, image_size(trace))


def changed_share(task: str, before: AnyFeature, after: AnyFeature, truth: Tensor | None = None) -> Changed:
    """Share of pixels that changed, and the share of those that moved to the truth.

    Args:
        task: Which task.
        before: Logits (batch, channels, height, width).
        after: Logits of the same images and size.
        truth: Labels of the same size, 255 where there are none: classes, saliency and edges (batch, height, width)
            or (batch, 1, height, width), depth in metres likewise, normals (batch, 3, height, width).
    """
    tolerance = TASKS[cast(TaskName, task)].tolerance
    changed = change_map(task, before, after) > tolerance
    share = changed.double().mean().item()
    if truth is None:
        return Changed(share, None, tolerance)
    truth = truth[:, None] if truth.ndim == 3 else truth
    judged = changed & (truth != IGNORE).all(dim=1)
    if not judged.any():
        return Changed(share, None, tolerance)
    better = error_at(task, after, truth) < error_at(task, before, truth)
    return Changed(share, better[judged].double().mean().item(), tolerance)

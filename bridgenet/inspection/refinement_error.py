"""How far predictions lie from the truth, picture by picture, and whose bridge they were refined with."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from bridgenet.inspection.intervene import image_size
from bridgenet.inspection.parts import refiners
from bridgenet.kinds import error_at, words
from bridgenet.labels import ClassesByTask, same_classes
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace


def comparable_tasks(
    truth: Mapping[TaskName, Any], truth_classes: ClassesByTask, network_classes: ClassesByTask
) -> tuple[TaskName, ...]:
    """The tasks whose truth speaks the language of the network: a segmentation only with the network's own classes.

    For the notebooks.

    Args:
        truth: What is known of a picture, by task.
        truth_classes: The classes that it names.
        network_classes: Those that the network has learnt.
    """
    return tuple(task for task in truth if same_classes(task, truth_classes, network_classes))


@torch.inference_mode()
def picture_errors(task: TaskName, logits: AnyFeature, truth: Tensor) -> Float[np.ndarray, " batch"]:
    """Mean distance from the truth, one number per picture: per cent of pixels, metres, degrees, or probability.

    For the notebooks.

    Objects and lines (labels above 0) cover little of a picture, and saying "nowhere" would be nearly right: of their
    tasks it is the mean of two means, over the pixels of the object and over the others. Where a picture has one of
    the two only, that one counts.

    Args:
        task: Which task.
        logits: (batch, channels, height, width).
        truth: (batch, height, width) or (batch, channels, height, width), 255 where nothing is known.

    Returns:
        NaN for a picture of which nothing is known.
    """
    error = error_at(task, logits, truth).double()
    labels = truth[:, 0] if truth.ndim == 4 else truth
    rare = TASKS[task].extent != "everywhere"
    parts = [labels > 0, labels <= 0] if rare else [torch.ones_like(labels, dtype=torch.bool)]
    means = [error.masked_fill(~part, float("nan")).flatten(1).nanmean(dim=1) for part in parts]
    mean = torch.stack(means).nanmean(dim=0).cpu().numpy()
    return 100 * mean if TASKS[task].kind == "classes" else mean


@torch.inference_mode()
def with_other_bridge(model: Network, trace: Trace, bridges: Sequence[AnyFeature]) -> Trace:
    """The trace with every task refined by other bridge features than its own, by the same refiners. For the notebooks.

    A control: what is left of the refinement then owes nothing to what the bridge knows of this picture. Stages,
    fusion and heads are computed again; `stages.<i>.bridge` of the result is what the network made, not what was read.

    Args:
        model: The network that made the trace, in evaluation mode.
        trace: The pass to change.
        bridges: One per stage, coarse to fine, each of the shape of that stage's bridge: another picture's, or flat.

    Raises:
        ValueError: The network has no bridge, or a bridge has another shape.
    """
    own = [stage.bridge for stage in trace.stages]
    if any(bridge is None for bridge in own):
        raise ValueError("This network was built without a Bridge Feature Extractor: there is no bridge to exchange.")
    wanted, given = [tuple(bridge.shape) for bridge in own if bridge is not None], [tuple(b.shape) for b in bridges]
    if given != wanted:
        raise ValueError(
            f"The stages read bridges of shapes {wanted}, got {given}: take them from a trace of its size."
        )

    with ExitStack() as hooks:
        hooks.enter_context(evaluating(model))
        for own_refiners, bridge in zip(refiners(model), bridges, strict=True):
            for refiner in own_refiners:
                hooks.callback(refiner.register_forward_pre_hook(_reads(bridge)).remove)
        return model.refine(trace, image_size(trace))


def _reads(bridge: Tensor) -> Any:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return inputs[0], bridge

    return hook


def error_in_words(task: TaskName, error: float) -> str:
    """A mean error with its unit, short enough for a picture's note: `34 % wrong`, `0.57 m off`, `13.8° off`.

    For the notebooks.
    """
    return f"{words(task, error)} {'wrong' if TASKS[task].kind == 'classes' else 'off'}"

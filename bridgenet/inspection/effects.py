"""How much a prediction changed, in the unit of its task."""

from typing import assert_never, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

EFFECT_UNITS: dict[TaskName, str] = {
    "semseg": "% of pixels",
    "human_parts": "% of pixels",
    "depth": "m",
    "normals": "°",
    "sal": "probability",
    "edge": "probability",
}
"""Unit of `effect_of`: classes: share of pixels that changed class. Depth, edges and saliency: mean absolute change.
Normals: mean angle."""


def effect_of(task: str, before: AnyFeature, after: AnyFeature) -> float:
    """How much a prediction changed, mean over all pixels, in the unit of `EFFECT_UNITS`.

    Args:
        task: Which task.
        before: Logits (batch, channels, height, width) of the uncut pass.
        after: Logits of the same image, of the same size, with something cut.
    """
    change = change_map(task, before, after).double().mean().item()
    return 100 * change if EFFECT_UNITS[_known(task)] == "% of pixels" else change


def difference_map(before: Trace, after: Trace, task: str) -> Float[np.ndarray, "_ _"]:
    """Change of one task at every pixel of the prediction, for the first image of the batch.

    Returns:
        float32 (height, width). semseg, human_parts: 1 where the class changed, 0 elsewhere. depth: metres. normals:
        degrees. edge, sal: change of the probability, 0 to 1. Never negative.
    """
    return change_map(task, before.predictions[task][:1], after.predictions[task][:1])[0].cpu().numpy()


def change_map(task: str, before: AnyFeature, after: AnyFeature) -> Float[Tensor, "_ _ _"]:
    """Change at every pixel, float32 (batch, height, width); exactly 0 where the logits are equal.

    Depth is compared as the head says it, also below 0 m, where the shown prediction is clipped.
    """
    before, after = before.float(), after.float()
    match _known(task):
        case "semseg" | "human_parts":
            return (before.argmax(dim=1) != after.argmax(dim=1)).float()
        case "depth":
            return (after - before)[:, 0].abs()
        case "normals":
            return angle_between(before, after)
        case "sal":
            return (after.softmax(dim=1) - before.softmax(dim=1))[:, 1].abs()
        case "edge":
            return (after.sigmoid() - before.sigmoid())[:, 0].abs()
        case never:
            assert_never(never)


def angle_between(before: AnyFeature, after: AnyFeature) -> Float[Tensor, "_ _ _"]:
    """Angle in degrees between vectors along dim 1.

    Half-angle form: unlike the arc cosine it is exactly 0 for equal vectors, and accurate beside it.
    """
    before, after = F.normalize(before, dim=1), F.normalize(after, dim=1)
    return 2 * torch.atan2((before - after).norm(dim=1), (before + after).norm(dim=1)).rad2deg()


def _known(task: str) -> TaskName:
    if task not in EFFECT_UNITS:
        raise KeyError(f"There is no task {task!r}. Known: {', '.join(EFFECT_UNITS)}.")
    return cast(TaskName, task)

"""How much a prediction changed, in the unit of its task."""

from typing import cast

import numpy as np
from jaxtyping import Float
from torch import Tensor

from bridgenet.inspection.region import Region
from bridgenet.kinds import change_map
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace


def effect_of(task: str, before: AnyFeature, after: AnyFeature, region: Region | None = None) -> float:
    """How much a prediction changed, mean over all pixels or those of a region, in the `change_unit` of its task.

    Classes: share of pixels that changed class, in per cent. Metres and probabilities: mean absolute change.
    Directions: mean angle in degrees.

    Args:
        task: Which task.
        before: Logits (batch, channels, height, width) of the uncut pass.
        after: Logits of the same image, of the same size, with something cut.
        region: Part of the image. None takes all of it.
    """
    return mean_change(task, change_map(task, before, after), region)


def mean_change(task: str, change: Float[Tensor, "batch height width"], region: Region | None = None) -> float:
    """Mean of a change at every pixel (`kinds.change_map`) over an image or a region, as `effect_of` says it."""
    change = change if region is None else change[:, region.mask((change.shape[1], change.shape[2])).to(change.device)]
    mean = change.double().mean().item()
    return 100 * mean if TASKS[cast(TaskName, task)].kind == "classes" else mean


def difference_map(before: Trace, after: Trace, task: TaskName) -> Float[np.ndarray, "_ _"]:
    """Change of one task at every pixel of the prediction, for the first image of the batch: see `kinds.change_map`.

    For the notebooks.

    Returns:
        float32 (height, width).
    """
    return change_map(task, before.predictions[task][:1], after.predictions[task][:1])[0].cpu().numpy()

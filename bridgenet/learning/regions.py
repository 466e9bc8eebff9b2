"""The truth of answers that divide an image into regions: classes, bins of depth, clusters of directions (ATRC)."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bridgenet.shapes import Labels
from bridgenet.tasks import IGNORE, TaskName, kind_of

NEAREST, FARTHEST = 0.7, 10.0
"""Metres between which bins of depth lie; what is nearer or farther belongs to the first or the last."""

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def region_labels(task: TaskName, target: Tensor, regions: int) -> Labels:
    """The region of every pixel.

    Bins of depth are equally wide in log metres. The original clusters the directions of its training set; here they
    are fixed and spread evenly over the half sphere that faces the viewer, so that nothing is to be read first.

    Args:
        task: Which task.
        target: Its ground truth, as in a `Batch`.
        regions: How many there are.

    Returns:
        Indices, `IGNORE` where the truth is not known.

    Raises:
        ValueError: The task has labels already, and not so many as these.
    """
    match kind_of(task):
        case "metres":
            known = (target != IGNORE)[:, 0]
            part = (target[:, 0] / NEAREST).clamp(min=1e-6).log() / math.log(FARTHEST / NEAREST)
            labels = (part * regions).long().clamp(0, regions - 1)
        case "direction":
            known = (target != IGNORE).all(dim=1)
            labels = torch.einsum("rc,bchw->brhw", directions(regions).to(target), target).argmax(dim=1)
        case "classes" | "probability":
            raise ValueError(f"{task} has its labels: its auxiliary answer cannot tell {regions} other regions apart.")
    return labels.masked_fill(~known, IGNORE)


def directions(count: int) -> Tensor:
    """Unit vectors (count, 3), x right, y up, z toward the viewer: a Fibonacci spiral on the half sphere z > 0."""
    turn = torch.arange(count, dtype=torch.float64)
    height = 1 - (turn + 0.5) / count
    radius = (1 - height.square()).sqrt()
    angle = turn * GOLDEN_ANGLE
    return F.normalize(torch.stack([radius * angle.cos(), radius * angle.sin(), height], dim=1)).float()

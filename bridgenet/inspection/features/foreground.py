"""The foreground of a photo, as the predictions tell it: what the colours of features can be limited to."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from bridgenet.labels import ClassesByTask
from bridgenet.tasks import TaskName

SURROUNDINGS = ("wall", "floor", "ceiling")

SMALLEST_SHARE = 0.01
"""Of the photo; less is no foreground."""


class Foreground(NamedTuple):
    """Which pixels belong to it, and by what they were chosen, in words."""

    mask: Bool[np.ndarray, "height width"]
    rule: str


def find_foreground(answers: Mapping[TaskName, np.ndarray], classes: ClassesByTask) -> Foreground | None:
    """The foreground by the first task that finds one: saliency, human parts, else all that is not wall or the like.

    Args:
        answers: Predictions by task: probability of saliency, class indices.
        classes: What the classes of the segmentation are called.

    Returns:
        The foreground, or None where no task finds any, or where it would be everything.
    """
    candidates = []
    if "sal" in answers:
        candidates.append(Foreground(answers["sal"] > 0.5, "saliency above 0.5"))
    if "human_parts" in answers:
        candidates.append(Foreground(answers["human_parts"] > 0, "parts of people"))
    if "semseg" in answers:
        names = classes["semseg"].names
        around = [name for name in SURROUNDINGS if name in names]
        if around:
            mask = ~np.isin(answers["semseg"], [names.index(name) for name in around])
            candidates.append(Foreground(mask, f"all but {', '.join(around)}"))
    found = (entry for entry in candidates if SMALLEST_SHARE <= entry.mask.mean() <= 1 - SMALLEST_SHARE)
    return next(found, None)

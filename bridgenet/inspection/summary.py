"""What an answer says over a region: shares of classes, mean and spread of numbers, mean and spread of directions."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from bridgenet.inspection.region import Region
from bridgenet.kinds import angle_between, kind_of, known
from bridgenet.tasks import TaskName

LOW, HIGH = 5, 95
"""Percentiles between which most of the pixels lie."""


@dataclass(frozen=True, slots=True)
class ClassesOver:
    """Classes of the pixels of a region.

    Attributes:
        pixels: Those whose class is known.
        shares: Part of them by class, the largest first; they add up to 1.
    """

    pixels: int
    shares: dict[int, float]


@dataclass(frozen=True, slots=True)
class NumbersOver:
    """Metres or probabilities over a region. Of a single pixel all of them are its number.

    Attributes:
        pixels: Those whose number is known.
        mean: Of them.
        median: Of them.
        low: 5 of 100 pixels lie below.
        high: 5 of 100 pixels lie above.
    """

    pixels: int
    mean: float
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class DirectionsOver:
    """Directions over a region.

    Attributes:
        pixels: Those whose direction is known.
        mean: Mean of their unit vectors: the shorter, the more they differ. Of a single pixel its vector.
        spread: Mean angle between them and the mean direction, in degrees.
    """

    pixels: int
    mean: Float[np.ndarray, "3"]
    spread: float

    @property
    def direction(self) -> Float[np.ndarray, "3"]:
        """The mean direction, of length 1; zeros where the directions cancel out."""
        length = float(np.linalg.norm(self.mean))
        return self.mean / length if length else self.mean


Summary = ClassesOver | NumbersOver | DirectionsOver


def over_region(task: TaskName, array: np.ndarray, region: Region) -> Summary | None:
    """An answer, or the ground truth in its form, over a region; None where nothing is known of it there.

    For your own programs.

    Args:
        task: Which task.
        array: Class indices, metres, unit vectors or probabilities; `IGNORE`, NaN or a zero vector: nothing is known.
        region: Part of the image.

    Raises:
        ValueError: The region has no pixel at this size.
    """
    inside = region.mask((array.shape[0], array.shape[1])).numpy() & known(task, array)
    values = array[inside]
    if not len(values):
        return None
    match kind_of(task):
        case "classes":
            classes, counts = np.unique(values, return_counts=True)
            order = np.argsort(-counts, kind="stable")
            return ClassesOver(len(values), {int(classes[at]): float(counts[at] / len(values)) for at in order})
        case "metres" | "probability":
            low, median, high = (float(value) for value in np.percentile(values, (LOW, 50, HIGH)))
            return NumbersOver(len(values), float(values.mean(dtype=np.float64)), median, low, high)
        case "direction":
            mean = values.mean(axis=0, dtype=np.float64)
            vectors = torch.from_numpy(np.ascontiguousarray(values, np.float64))
            angles = angle_between(vectors, torch.from_numpy(mean)[None].expand_as(vectors), dim=-1)
            return DirectionsOver(len(values), mean, float(angles.mean()))

"""ODS, OIS and AP: what the counts of edge pixels say about a set of images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from bridgenet.learning.boundary.counting import THRESHOLDS

Counts = Int[np.ndarray, "thresholds 4"]
"""Matched true, true, matched predicted and predicted edge pixels at each threshold."""


@dataclass(frozen=True)
class BoundaryScore:
    """How well predicted boundaries agree with true ones, over a set.

    F is 2PR / (P + R), with precision P the share of predicted pixels that are matched and recall R that of true ones;
    0 where it would be 0 / 0. There is no interpolation between thresholds but in `ap`.

    Attributes:
        counts: int64 (images, thresholds, 4): matched true, true, matched predicted and predicted pixels.
        thresholds: Of the counts.
    """

    counts: Int[np.ndarray, "images thresholds 4"]
    thresholds: Sequence[float] = THRESHOLDS

    @property
    def ods(self) -> float:
        """odsF: the largest F of the sums over all images, one threshold for the whole set; 0..1."""
        return float(f_measure(self.counts.sum(axis=0)).max())

    @property
    def ods_threshold(self) -> float:
        """The threshold of `ods`; the first where several are as good."""
        return float(self.thresholds[int(f_measure(self.counts.sum(axis=0)).argmax())])

    @property
    def ois(self) -> float:
        """F of the sums over all images, each at its own best threshold; 0..1."""
        return float(f_measure(np.sum([at_best(counts) for counts in self.counts], axis=0)))

    @property
    def ap(self) -> float:
        """Average precision, see `average_precision`; 0..1."""
        return average_precision(self.counts.sum(axis=0))


def f_measure(counts: Int[np.ndarray, "*thresholds 4"]) -> Float[np.ndarray, "*thresholds"]:
    """F of counts, float64 of their leading shape."""
    precision, recall = precision_and_recall(counts)
    return _share(2 * precision * recall, precision + recall)


def at_best(counts: Counts) -> Int[np.ndarray, "4"]:
    """The counts of an image at its own best threshold, the first where several are as good."""
    return counts[f_measure(counts).argmax()]


def average_precision(counts: Counts) -> float:
    """Mean precision over recalls 0.00, 0.01 ... 1.00 as the BSDS benchmark takes it, 0..1.

    Between the recalls that occur it is linear; beyond them it is 0, so that a map of few values has no area to speak
    of. Of several thresholds with the same recall the first counts, and the sum is divided by 100.
    """
    precision, recall = precision_and_recall(counts)
    recall, first = np.unique(recall, return_index=True)
    return float(np.interp(np.linspace(0, 1, 101), recall, precision[first], left=0, right=0).sum() / 100)


def precision_and_recall(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the predicted and of the true pixels that are matched; 0 where there is none."""
    return _share(counts[..., 2], counts[..., 3]), _share(counts[..., 0], counts[..., 1])


def _share(part: ArrayLike, whole: ArrayLike) -> np.ndarray:
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)

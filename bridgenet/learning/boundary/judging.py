"""odsF of what a network answers: at the size and with the boundaries that the ground truth had."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from bridgenet.learning.boundary.counting import thinned
from bridgenet.learning.boundary.evaluation import count_images
from bridgenet.learning.boundary.suppression import CONVENTION
from bridgenet.reading.geometry import label_changes
from bridgenet.reading.source import EdgeProtocol
from bridgenet.tasks import IGNORE

VALIDATION_THRESHOLDS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.78, 0.83, 0.86, 0.88, 0.9, 0.93)
"""Those of a validation while training. They are close where the peak of F is sharp, at 0.88 for `nyud-lite0`; that of
`rooms-tiny` is flat from 0.1 to 0.7."""


@dataclass(frozen=True, slots=True)
class BoundaryJudge:
    """How predicted boundaries are judged.

    Attributes:
        protocol: Of the data set.
        thresholds: Of the probability.
        kept_in: Folder in which the counts of each image are kept for a call that goes on; None keeps none.
    """

    protocol: EdgeProtocol = EdgeProtocol()  # noqa: RUF009
    thresholds: Sequence[float] = VALIDATION_THRESHOLDS
    kept_in: Path | None = None

    @property
    def convention(self) -> str:
        """What its numbers are by, in words."""
        return f"{CONVENTION}, {len(self.thresholds)} thresholds, within {self.protocol.max_distance:g} of the diagonal"

    def count(
        self, probability: Float[np.ndarray, "batch height width"], labels: Int[np.ndarray, "batch height width"]
    ) -> Int[np.ndarray, "images thresholds 4"]:
        """The counts of the images that have ground truth, as `count_pairs` makes them.

        Args:
            probability: Of a boundary, 0..1.
            labels: 1 on a boundary, 0 elsewhere, or ignore: as in the margin that was added around a small image. What
                is predicted there does not count.
        """
        pairs = ((said, truth) for said, truth in zip(probability, labels, strict=True) if (truth != IGNORE).any())
        counts = [
            *count_images(
                (self._pair(*pair) for pair in pairs), self.protocol.max_distance, self.thresholds, kept_in=self.kept_in
            )
        ]
        return np.stack(counts) if counts else np.zeros((0, len(self.thresholds), 4), np.int64)

    def _pair(self, probability: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The part of a prediction that has ground truth, and its boundaries."""
        known = labels != IGNORE
        rows, columns = (np.flatnonzero(known.any(axis=axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        lines = labels[part] == 1
        return np.where(known[part], probability[part], 0), thinned(
            label_changes(lines) if self.protocol.outlined else lines
        )

"""Training images that are held out, so that a choice can be made on images that nobody is judged by."""

from collections.abc import Collection, Sequence

import numpy as np

from bridgenet.reading.sample import DataError, RawSample, Reader
from bridgenet.tasks import TaskName

SEED = 0
"""Of the draw. It is fixed: all runs that hold out as many images hold out the same ones."""


def hold_out(images: int, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the images to train on and of those that are held out, both ascending.

    Args:
        images: Number of training images.
        count: How many of them are held out, at least 1.

    Raises:
        DataError: None would be left to train on.
    """
    if count >= images:
        raise DataError(
            f"{count} of the {images} training images are to be held out, and none would be left to train on. "
            "Choose a smaller --data.hold-out."
        )
    order = np.random.default_rng(SEED).permutation(images).tolist()
    return tuple(sorted(order[count:])), tuple(sorted(order[:count]))


class Part:
    """Some images of a reader, as a reader.

    Args:
        whole: The reader.
        indices: Which of its images, in this order.
    """

    def __init__(self, whole: Reader, indices: Sequence[int]) -> None:
        self.whole = whole
        self.indices = tuple(indices)
        self.names = tuple(whole.names[index] for index in self.indices)

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The image at `index` of `names` with the ground truth of `tasks`."""
        return self.whole.read(self.indices[index], tasks)

"""What a reader brings: one image with its ground truth, as numpy arrays."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from bridgenet.tasks import TaskName


@dataclass(frozen=True, slots=True)
class RawSample:
    """One image and its ground truth at native resolution, as numpy arrays of one common height and width.

    Attributes:
        image: uint8 (height, width, 3), RGB.
        targets: By task. `semseg`, `human_parts`, `sal`, `edge`: uint8 (height, width), 255 = ignore.
            `depth`: float32 (height, width), metres, 0 = invalid. `normals`: float32 (height, width, 3), unit
            vectors with x right, y up, z toward the viewer; the zero vector = invalid.
    """

    image: np.ndarray
    targets: dict[TaskName, np.ndarray] = field(default_factory=dict)


@runtime_checkable
class Reader(Protocol):
    """One split of a data set, before any transform."""

    @property
    def names(self) -> tuple[str, ...]:
        """Image ids, in the order of the split."""
        ...

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The image at `index` of `names` with the ground truth of `tasks`.

        Raises:
            DataError: A file is missing or unreadable, or the data set has no ground truth for a task.
        """
        ...


class DataError(ValueError):
    """A data set is missing, incomplete or damaged. The message says what to do."""


class DataWarning(UserWarning):
    """Something about a data set that can be lived with, but should be known."""

"""What is kept of a photo: small, and enough to make everything again that is said about it."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bridgenet.tasks import TaskName

if TYPE_CHECKING:
    from bridgenet.images import LoadedImage


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo, and what was told about it: with a network, all that an analysis depends on.

    Attributes:
        png: The photo without loss, at the size of the predictions. A quarter to a half of its pixels' bytes.
        notes: What was done to read it.
        title: What it shows, or its file name.
        example: Name of the example; empty for a photo that somebody brought.
        truth: What is known about the photo, at its size, see `bridgenet.examples.Picture`.
        truth_classes: Whose classes the ground truth has.
    """

    png: bytes
    notes: tuple[str, ...]
    title: str
    example: str
    truth: dict[TaskName, np.ndarray]
    truth_classes: str

    @classmethod
    def of(
        cls, photo: "LoadedImage", title: str, example: str, truth: Mapping[TaskName, np.ndarray], truth_classes: str
    ) -> "Subject":
        """Of a photo at the size of the predictions, and a truth of any size."""
        buffer = io.BytesIO()
        # The quickest level: the next ones take three times as long for a tenth less.
        Image.fromarray(photo.pixels).save(buffer, "PNG", compress_level=1)
        fitting: dict[TaskName, np.ndarray] = {
            task: _resized(array, photo.pixels.shape[:2]) for task, array in truth.items()
        }
        return cls(buffer.getvalue(), photo.notes, title, example, fitting, truth_classes)

    def photo(self) -> "LoadedImage":
        """The photo as it was: equal bits."""
        from bridgenet.images import LoadedImage

        return LoadedImage(np.array(Image.open(io.BytesIO(self.png))), self.notes)


def name_of(photo: "LoadedImage", title: str) -> str:
    """Names a photo in the keys of its analyses: 24 hexadecimal digits that nobody guesses who does not have it."""
    words = str((photo.pixels.shape, title, photo.notes)).encode()
    return hashlib.sha256(photo.pixels.tobytes() + words).hexdigest()[:24]


def _resized(array: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Nearest neighbour: labels stay labels, and unknown pixels do not bleed into known ones."""
    height, width = array.shape[:2]
    if (height, width) == size:
        return array
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(int)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(int)
    return array[rows][:, columns]

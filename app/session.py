"""One checkpoint and what it said about each photo.

Torch takes seconds to import. It is loaded here by a thread, after the page is served: this module must not import
it, nor anything that does, at its top.
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bridgenet.tasks import TaskName

if TYPE_CHECKING:
    from bridgenet.images import LoadedImage
    from bridgenet.predictor import Prediction, Predictor
    from bridgenet.trace import Trace

KEPT = 12
"""Analyses that are kept, over all visitors. One takes some tens of megabytes."""


class StudioError(Exception):
    """Something the visitor should know; the message says what to do."""


@dataclass(frozen=True)
class Analysis:
    """What one checkpoint computed for one photo.

    Attributes:
        key: Names the photo and the checkpoint.
        title: What the photo shows, or its file name.
        trace: Every tensor of the forward pass.
        prediction: What every task says at the size of the photo, the photo itself, and what was done to read it.
        truth: What is known about the photo, see `app.examples.Picture`.
        truth_classes: Whose classes the ground truth has.
        depth_limits: One scale, in metres, for predicted and measured depth.
        memory: Results that views want to compute once.
    """

    key: str
    title: str
    trace: "Trace"
    prediction: "Prediction"
    truth: dict[TaskName, np.ndarray]
    truth_classes: str
    depth_limits: tuple[float, float]
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """Tasks of the checkpoint, in its order."""
        return tuple(self.prediction)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photo, in pixels."""
        height, width = self.prediction.image.shape[:2]
        return height, width

    @property
    def dataset(self) -> str:
        """Whose classes the segmentation has."""
        return self.prediction.dataset


class Session:
    """Loads a checkpoint in the background and remembers its latest analyses.

    Args:
        checkpoint: Folder of the checkpoint.
        device: Where the network runs.
    """

    def __init__(self, checkpoint: Path, device: str = "cpu") -> None:
        self.checkpoint = checkpoint
        self.device = device
        self._analyses: OrderedDict[str, Analysis] = OrderedDict()
        self._lock = threading.Lock()
        self._loaded = threading.Event()
        self._thread: threading.Thread | None = None
        self._predictor: Predictor | None = None
        self._problem = ""

    @property
    def ready(self) -> bool:
        """Whether the network can answer."""
        return self._predictor is not None

    def start(self) -> None:
        """Load the checkpoint in the background. Further calls do nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="load-checkpoint", daemon=True)
                self._thread.start()

    def predictor(self) -> "Predictor":
        """The network, once it is loaded.

        Raises:
            StudioError: The checkpoint could not be loaded.
        """
        self.start()
        self._loaded.wait()
        if self._predictor is None:
            raise StudioError(self._problem)
        return self._predictor

    def analyse(
        self,
        photo: "LoadedImage",
        *,
        title: str,
        truth: dict[TaskName, np.ndarray] | None = None,
        truth_classes: str = "",
    ) -> Analysis:
        """Everything the network computes for a photo. A photo that was analysed before is not computed again."""
        predictor = self.predictor()
        words = str((photo.pixels.shape, title, photo.notes)).encode()
        key = f"{hashlib.sha256(photo.pixels.tobytes() + words).hexdigest()[:24]}:{predictor.name}"
        if (known := self.find(key)) is not None:
            return known
        trace, prediction = predictor.analyse(photo)
        height, width = prediction.image.shape[:2]
        truth = {task: _resized(array, (height, width)) for task, array in (truth or {}).items()}
        depths = [maps["depth"] for maps in (truth,) if "depth" in maps]
        depths += [prediction["depth"].array] if "depth" in prediction else []
        analysis = Analysis(key, title, trace, prediction, truth, truth_classes, _depth_limits(depths))
        with self._lock:
            self._analyses[key] = analysis
            while len(self._analyses) > KEPT:
                self._analyses.popitem(last=False)
        return analysis

    def find(self, key: str | None) -> Analysis | None:
        """A remembered analysis, or None if it was never made or has been released."""
        with self._lock:
            if key not in self._analyses:
                return None
            self._analyses.move_to_end(key)
            return self._analyses[key]

    def _load(self) -> None:
        try:
            # The views import torch too: here, not at the first click.
            import app.pages.views  # noqa: F401
            from bridgenet.predictor import Predictor

            self._predictor = Predictor.load(self.checkpoint, device=self.device)
        except Exception as problem:
            logging.getLogger(__name__).exception("The checkpoint %s could not be loaded", self.checkpoint)
            self._problem = f"The checkpoint {self.checkpoint.name} could not be loaded: {problem}"
        finally:
            self._loaded.set()


def _depth_limits(depths: list[np.ndarray]) -> tuple[float, float]:
    from bridgenet.drawing import depth_limits

    return depth_limits(*depths) if depths else (0.0, 0.0)


def _resized(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest neighbour: labels stay labels, and unknown pixels do not bleed into known ones."""
    height, width = array.shape[:2]
    if (height, width) == size:
        return array
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(int)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(int)
    return array[rows][:, columns]

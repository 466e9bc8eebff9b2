"""The checkpoints and what they said about each photo.

Torch takes seconds to import. It is loaded here by a thread, after the page is served: this module must not import
it, nor anything that does, at its top.
"""

import contextlib
import copy
import ctypes
import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.memory import Memory
from bridgenet.tasks import TaskName

if TYPE_CHECKING:
    from torch import Tensor

    from bridgenet.images import LoadedImage
    from bridgenet.model import BridgeNet
    from bridgenet.predictor import Prediction, Predictor
    from bridgenet.trace import Trace

KEPT = 16
"""Analyses that are kept, over all visitors. One takes some tens of megabytes."""


class StudioError(Exception):
    """Something the visitor should know; the message says what to do."""


@dataclass(frozen=True)
class Analysis:
    """What one checkpoint computed for one photo.

    Attributes:
        key: Names the photo and the checkpoint.
        title: What the photo shows, or its file name.
        example: Name of the example; empty for a photo that somebody brought.
        trace: Every tensor of the forward pass.
        prediction: What every task says at the size of the photo, the photo itself, and what was done to read it.
        truth: What is known about the photo, see `bridgenet.examples.Picture`.
        truth_classes: Whose classes the ground truth has.
        depth_limits: One scale, in metres, for predicted and measured depth.
        checkpoint: Name of the checkpoint.
        predictor: The network.
        memory: Results that views want to compute once. Bounded: what was not used for longest is forgotten.
    """

    key: str
    title: str
    example: str
    trace: "Trace"
    prediction: "Prediction"
    truth: dict[TaskName, np.ndarray]
    truth_classes: str
    depth_limits: tuple[float, float]
    checkpoint: str
    predictor: "Predictor"
    memory: Memory = field(default_factory=Memory)

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

    def own_model(self) -> "BridgeNet":
        """The network with hooks of its own: what is done to it, nobody else sees. Its weights are shared."""
        model = self.predictor.model
        weights = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
        return copy.deepcopy(model, weights)

    def images(self) -> "Tensor":
        """The photo as the network saw it: float (1, 3, height, width), 0..1."""
        return self.predictor.network_input(self.photo())

    def photo(self) -> "LoadedImage":
        """The photo, in the size of the predictions."""
        from bridgenet.images import LoadedImage

        return LoadedImage(self.prediction.image, self.prediction.notes)


class Session:
    """Loads checkpoints in the background and remembers the latest analyses.

    Args:
        checkpoint: Folder of the checkpoint that the studio opens with.
        device: Where the networks run.
        reference: Folder of photos over which the interaction of the tasks can be measured.
        kept: Analyses that are kept.
    """

    def __init__(self, checkpoint: Path, device: str = "cpu", reference: Path | None = None, kept: int = KEPT) -> None:
        self.checkpoint = checkpoint
        self.device = device
        self.reference = reference
        self.kept = kept
        self._analyses: OrderedDict[str, Analysis] = OrderedDict()
        self._lock = threading.Lock()
        self._loaded = threading.Event()
        self._thread: threading.Thread | None = None
        self._predictors: dict[str, Predictor] = {}
        self._problem = ""

    @property
    def ready(self) -> bool:
        """Whether the network can answer."""
        return self._loaded.is_set()

    @property
    def checkpoints(self) -> dict[str, Path]:
        """Folders by name: the one the studio opens with, then its neighbours."""
        folders = [self.checkpoint, *sorted(path.parent for path in self.checkpoint.parent.glob("*/config.json"))]
        return {folder.name: folder for folder in folders}

    def start(self) -> None:
        """Load the checkpoint in the background. Further calls do nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load_first, name="load-checkpoint", daemon=True)
                self._thread.start()

    def predictor(self, name: str | None = None) -> "Predictor":
        """The network of a checkpoint, once it is loaded.

        Args:
            name: Of the checkpoint. None: the one the studio opens with.

        Raises:
            StudioError: There is no such checkpoint, or it could not be loaded.
        """
        self.start()
        self._loaded.wait()
        name = name or self.checkpoint.name
        if name not in self.checkpoints:
            raise StudioError(f"There is no checkpoint {name}. Choose one of {', '.join(self.checkpoints)}.")
        if name not in self._predictors:
            self._load(name)
        if name not in self._predictors:
            raise StudioError(self._problem)
        return self._predictors[name]

    def analyse(
        self,
        photo: "LoadedImage",
        *,
        title: str,
        example: str = "",
        truth: dict[TaskName, np.ndarray] | None = None,
        truth_classes: str = "",
        checkpoint: str | None = None,
    ) -> Analysis:
        """Everything a network computes for a photo. A photo that was analysed before is not computed again."""
        predictor = self.predictor(checkpoint)
        words = str((photo.pixels.shape, title, photo.notes)).encode()
        key = f"{hashlib.sha256(photo.pixels.tobytes() + words).hexdigest()[:24]}:{predictor.name}"
        if (known := self.find(key)) is not None:
            return known
        trace, prediction = predictor.analyse(photo)
        height, width = prediction.image.shape[:2]
        truth = {task: _resized(array, (height, width)) for task, array in (truth or {}).items()}
        depths = [maps["depth"] for maps in (truth,) if "depth" in maps]
        depths += [prediction["depth"].array] if "depth" in prediction else []
        limits = _depth_limits(depths)
        analysis = Analysis(
            key, title, example, trace, prediction, truth, truth_classes, limits, predictor.name, predictor
        )
        with self._lock:
            self._analyses[key] = analysis
            released = [self._analyses.popitem(last=False) for _ in range(len(self._analyses) - self.kept)]
        if released:
            released.clear()
            give_back_memory()
        return analysis

    def again(self, analysis: Analysis, checkpoint: str) -> Analysis:
        """What another checkpoint says about the photo of an analysis."""
        return self.analyse(
            analysis.photo(),
            title=analysis.title,
            example=analysis.example,
            truth=analysis.truth,
            truth_classes=analysis.truth_classes,
            checkpoint=checkpoint,
        )

    def find(self, key: Any) -> Analysis | None:
        """A remembered analysis, or None if it was never made or has been released.

        Args:
            key: May come from a browser. It holds a hash of the photo, so nobody finds what they do not have.
        """
        with self._lock:
            if not isinstance(key, str) or key not in self._analyses:
                return None
            self._analyses.move_to_end(key)
            return self._analyses[key]

    def _load_first(self) -> None:
        self._load(self.checkpoint.name)
        self._loaded.set()

    def _load(self, name: str) -> None:
        try:
            # The views import torch too: here, not at the first click.
            import app.pages.views  # noqa: F401
            from bridgenet.predictor import Predictor

            self._predictors[name] = Predictor.load(self.checkpoints[name], device=self.device)
        except Exception as problem:
            logging.getLogger(__name__).exception("The checkpoint %s could not be loaded", name)
            self._problem = f"The checkpoint {name} could not be loaded: {problem}"


def give_back_memory() -> None:
    """Return freed memory to the system.

    The C library keeps what was freed between pieces that are still in use, and over many photos of several threads
    that grows to hundreds of megabytes. Where it is not glibc, nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


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

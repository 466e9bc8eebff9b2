"""The checkpoints and what they said about each photo.

Torch takes seconds to import. It is loaded here by a thread, after the page is served: this module must not import
it, nor anything that does, at its top.
"""

import contextlib
import copy
import ctypes
import gc
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, cast

import numpy as np

from app.analysis.memory import Memory
from app.analysis.results import Asked, Found, Results
from app.analysis.subject import Subject, name_of
from bridgenet.labels import same_classes
from bridgenet.tasks import TaskName

if TYPE_CHECKING:
    from torch import Tensor

    from bridgenet.images import LoadedImage
    from bridgenet.labels import ClassesByTask
    from bridgenet.model import Network
    from bridgenet.predictor import Prediction, Predictor
    from bridgenet.trace import Trace

KEPT = 16
"""Analyses that are kept, over all visitors. One takes some tens of megabytes; others are made again when asked for."""

PHOTOS = 100
"""Photos that are kept, over all visitors, so that what is said about them can be made again."""

PHOTO_BYTES = 128_000_000
"""Bytes that they have together: room for forty of the largest size that cannot be compressed at all."""

SENT = 500
"""Uploaded files of which it is remembered what they became."""


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
        truth_classes: Whose classes the ground truth has, one of `bridgenet.SOURCES`.
        depth_limits: One scale, in metres, for predicted and measured depth.
        checkpoint: Name of the checkpoint.
        predictor: The network.
        results: What was found out about it, see `result`.
        reference: Folder of photos over which the interaction of the tasks can be measured, if one was given.
        cut: The task that no other reads, see `app.analysis.cut`; None where the network is whole.
        whole: Of a cut network, the pass of the whole one.
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
    results: Results = field(default_factory=Results)
    reference: Path | None = None
    cut: TaskName | None = None
    whole: "Trace | None" = None

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
        """What the network has learnt from."""
        return self.prediction.dataset

    @property
    def true_classes(self) -> "ClassesByTask":
        """Names and colours of the classes that the truth names."""
        from bridgenet.sources import SOURCES

        return SOURCES[self.truth_classes].classes if self.truth_classes else {}

    def result(
        self, compute: Callable[Concatenate["Analysis", Asked], Found], *asked: Asked.args, **named: Asked.kwargs
    ) -> Found:
        """What a function finds about this photo. It computes once, and is asked anew only when that was forgotten."""
        return self.results.of(compute, self, *asked, **named)

    def knows(self, task: TaskName) -> bool:
        """Whether something is true of a task that its prediction can be compared with."""
        return task in self.truth and same_classes(task, self.true_classes, self.prediction.classes)

    def own_model(self) -> "Network":
        """The network with hooks of its own: what is done to it, nobody else sees. Its weights are shared.

        A module holds others as its children only, so what stands beside them need not be looked through as `deepcopy`
        does, for three times as long.
        """
        model = self.predictor.model
        twins = {id(module): copy.copy(module) for module in model.modules()}
        for twin in twins.values():
            held = {name: value.copy() for name, value in vars(twin).items() if isinstance(value, dict | set)}
            children = {name: child if child is None else twins[id(child)] for name, child in twin._modules.items()}
            vars(twin).update(held, _modules=children)
        return cast("Network", twins[id(model)])

    def images(self) -> "Tensor":
        """The photo as the network saw it: float (1, 3, height, width), 0..1."""
        return self.predictor.network_input(self.photo())

    def photo(self) -> "LoadedImage":
        """The photo, in the size of the predictions."""
        from bridgenet.images import LoadedImage

        return LoadedImage(self.prediction.image, self.prediction.notes)


class Session:
    """Loads checkpoints in the background, and knows what they say about the latest photos.

    Until the first is loaded, nobody else imports torch and what builds on it: `predictor` waits. Two threads that
    import the same packages from different ends would find them half made.

    More visitors come than analyses fit in memory. So photos, which are small, are kept longer: an analysis that was
    released is made again by the same network when somebody asks for it, and nobody notices but by the time it takes.

    Args:
        checkpoint: Folder of the checkpoint that the studio opens with.
        device: Where the networks run.
        reference: Folder of photos over which the interaction of the tasks can be measured.
        kept: Analyses that are kept.
        photos: Photos that are kept.
        prepare: What else has to be loaded before the first click, beside the network.

    Attributes:
        sent: Keys of the analyses that uploaded files became, by the place of the file.
    """

    def __init__(
        self,
        checkpoint: Path,
        device: str = "cpu",
        reference: Path | None = None,
        kept: int = KEPT,
        photos: int = PHOTOS,
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        self.checkpoint = checkpoint
        self.device = device
        self.reference = reference
        self.kept = kept
        self.prepare = prepare
        self._analyses: OrderedDict[str, Analysis] = OrderedDict()
        self.sent: Memory[str, str] = Memory(most=SENT)
        self._subjects: Memory[str, Subject] = Memory(PHOTO_BYTES, photos)
        self._lock = threading.Lock()
        # One analysis at a time: many at once would be ready no sooner, and each takes memory.
        self._network = threading.RLock()
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
        if name not in self._predictors and name not in self.checkpoints:
            raise StudioError(f"There is no checkpoint {name}. Choose one of {', '.join(self.checkpoints)}.")
        if name not in self._predictors:
            with self._network:
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
        from bridgenet.predictor import at_prediction_size

        photo = at_prediction_size(photo)
        name = name_of(photo, title)
        subject = self._subjects.get(name)
        if subject is None:
            subject = self._subjects[name] = Subject.of(photo, title, example, truth or {}, truth_classes)
        return self._analysis(f"{name}:{predictor.name}", subject, predictor.name)

    def again(self, analysis: Analysis, checkpoint: str) -> Analysis:
        """What another checkpoint says about the photo of an analysis.

        Raises:
            StudioError: There is no such checkpoint, or it could not be loaded.
        """
        return self.analyse(
            analysis.photo(),
            title=analysis.title,
            example=analysis.example,
            truth=analysis.truth,
            truth_classes=analysis.truth_classes,
            checkpoint=checkpoint,
        )

    def find(self, key: object) -> Analysis | None:
        """A remembered analysis, or None if it was never made or has been released.

        Args:
            key: May come from a browser. It holds a hash of the photo, so nobody finds what they do not have.
        """
        with self._lock:
            if not isinstance(key, str) or key not in self._analyses:
                return None
            self._analyses.move_to_end(key)
            return self._analyses[key]

    def recall(self, key: object, checkpoint: str | None = None) -> Analysis | None:
        """The analysis of a key: as it is remembered, else made again, by the same network, from the photo.

        Whatever is asked about a photo that was shown before goes through here.

        Args:
            key: Names the photo and the checkpoint, see `find`.
            checkpoint: Another one, to be asked about the same photo.

        Returns:
            None where there is no such photo, or no such checkpoint.

        Raises:
            StudioError: The checkpoint could not be loaded.
        """
        name, own = _parts(key)
        checkpoint = checkpoint or own
        key = f"{name}:{checkpoint}"
        # First, so that a photo stays as long as it is looked at.
        subject = self._subjects.get(name)
        known = self.find(key)
        if known is not None or subject is None or checkpoint not in {*self._predictors, *self.checkpoints}:
            return known
        return self._analysis(key, subject, checkpoint)

    def photo(self, key: object) -> "LoadedImage | None":
        """The photo of a key, at the size of the predictions; None if there is none."""
        subject = self._subjects.get(_parts(key)[0])
        return None if subject is None else subject.photo()

    def _analysis(self, key: str, subject: Subject, checkpoint: str) -> Analysis:
        """The analysis that is remembered, else a new one, which is remembered from now on."""
        with self._network:
            # Somebody else may have made it while this visitor waited.
            if (known := self.find(key)) is not None:
                return known
            analysis = _analysed(key, subject, self.predictor(checkpoint), self.reference)
            with self._lock:
                self._analyses[key] = analysis
                released = [self._analyses.popitem(last=False) for _ in range(len(self._analyses) - self.kept)]
            if released:
                released.clear()
                give_back_memory()
            return analysis

    def _load_first(self) -> None:
        try:
            self._load(self.checkpoint.name)
        finally:
            # Libraries and the first network stay: who looks through them for garbage stops everybody for 0.3 seconds.
            gc.freeze()
            self._loaded.set()

    def _load(self, name: str) -> None:
        try:
            self.prepare()
            from bridgenet.predictor import Predictor

            self._predictors[name] = Predictor.load(self.checkpoints[name], device=self.device)
        except Exception as problem:
            # What is wrong with a checkpoint, its message says; of anything else the log says where it happened.
            unexpected = not isinstance(problem, ValueError)
            logging.getLogger(__name__).error("Checkpoint %s: %s", name, problem, exc_info=unexpected)
            self._problem = f"The checkpoint {name} could not be loaded: {problem}"


def _parts(key: object) -> tuple[str, str]:
    """Names of the photo and of the checkpoint; empty where it is no key."""
    photo, _, checkpoint = key.partition(":") if isinstance(key, str) else ("", "", "")
    return photo, checkpoint


def give_back_memory() -> None:
    """Return freed memory to the system.

    The C library keeps what was freed between pieces that are still in use, and over many photos of several threads
    that grows to hundreds of megabytes. Where it is not glibc, nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _analysed(key: str, subject: Subject, predictor: "Predictor", reference: Path | None) -> Analysis:
    trace, prediction = predictor.analyse(subject.photo())
    depths = [subject.truth["depth"]] if "depth" in subject.truth else []
    depths += [prediction["depth"].array] if "depth" in prediction else []
    return Analysis(
        key,
        subject.title,
        subject.example,
        trace,
        prediction,
        subject.truth,
        subject.truth_classes,
        _depth_limits(depths),
        predictor.name,
        predictor,
        reference=reference,
    )


def _depth_limits(depths: list[np.ndarray]) -> tuple[float, float]:
    from bridgenet.drawing import depth_limits

    return depth_limits(*depths) if depths else (0.0, 0.0)

"""The network for people with a photo: any image in, numbers with units out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import PIL.Image
import torch
from jaxtyping import UInt16
from torch import Tensor
from torch.nn import functional as F

from bridgenet import drawing
from bridgenet.checkpoint import CheckpointError, load_model
from bridgenet.config import TrainConfig
from bridgenet.devices import find_device
from bridgenet.images import REDUCED, LoadedImage, load_image
from bridgenet.inspection import BASIS_FILE, BasisError, FeatureBasis
from bridgenet.inspection.features.familiarity import UNLIKE, Familiarity
from bridgenet.kinds import activate
from bridgenet.labels import Classes, ClassesByTask
from bridgenet.model import Network
from bridgenet.model.modes import evaluating
from bridgenet.shapes import AnyFeature, Image
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace

MAX_PREDICTION_SIDE = 1024
"""Predictions have the size of the photo, unless its longer side exceeds this."""

SIDE_STEP = 32
"""The network's grids divide its input by 32, and it has learnt at multiples of 32."""


@dataclass(frozen=True, slots=True)
class TaskPrediction:
    """What one task says about every pixel.

    Attributes:
        task: Which task.
        array: semseg, human_parts: class indices, uint8 (height, width). depth: metres, float32 (height, width).
            normals: unit vectors, float32 (height, width, 3), x right, y up, z toward the viewer. edge, sal:
            probability, float32 (height, width).
        unit: Of the array: `m` for depth, otherwise empty.
        confidence: semseg, human_parts: probability of the predicted class, float32 (height, width). Otherwise None.
        classes: Names of the classes; empty for tasks without.
        colours: Their colours, `#RRGGBB`.
        dataset: What the network has learnt from.
    """

    task: TaskName
    array: np.ndarray
    unit: str
    confidence: np.ndarray | None
    classes: tuple[str, ...]
    colours: tuple[str, ...]
    dataset: str

    def picture(self, limits: tuple[float, float] | None = None) -> np.ndarray:
        """The array in colours, uint8 (height, width, 3).

        Args:
            limits: Depth only: nearest and farthest distance of the scale, in metres. None takes the map's own.
        """
        classes: ClassesByTask = {self.task: Classes(self.classes, self.colours)}
        return drawing.colour_task(self.task, self.array, classes, limits)

    def indexed(self) -> PIL.Image.Image:
        """Class indices as an 8-bit picture whose palette are the colours of the classes.

        Raises:
            ValueError: The task has no classes.
        """
        if not self.classes:
            raise ValueError(f"{self.task} has no classes that could be told by their index: see `picture`.")
        picture = PIL.Image.fromarray(self.array)
        picture.putpalette(drawing.class_palette(self.colours).tobytes())
        return picture

    def millimetres(self) -> UInt16[np.ndarray, "height width"]:
        """Depth for a 16-bit picture, up to 65.535 m.

        Raises:
            ValueError: The task is not told in metres.
        """
        if self.unit != "m":
            raise ValueError(f"{self.task} is not told in metres, so there are no millimetres of it.")
        return np.clip(np.round(self.array * 1000), 0, np.iinfo(np.uint16).max).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Prediction(Mapping[TaskName, TaskPrediction]):
    """The answers of all tasks to one photo, by task, in the order of the network.

    Attributes:
        image: The photo in the size of the predictions, uint8 (height, width, 3).
        notes: What was done to the photo to read it.
        network_size: Height and width at which the network saw it.
        dataset: What the network has learnt from.
        classes: Names and colours of the classes, by the tasks that name any.
        tasks: The prediction of each task.
        farther_than: Share of pictures like those learnt from that lie nearer to them than the photo does, 0..1, see
            `bridgenet.inspection.features.familiarity`. None where the checkpoint does not know.
        caution: What is said of a photo that is unlike all that the network has learnt from; else empty.
    """

    image: np.ndarray
    notes: tuple[str, ...]
    network_size: tuple[int, int]
    dataset: str
    classes: ClassesByTask
    tasks: dict[TaskName, TaskPrediction]
    farther_than: float | None = None
    caution: str = ""

    def __getitem__(self, task: TaskName) -> TaskPrediction:
        if task not in self.tasks:
            raise KeyError(f"This network does not predict {task!r}. It predicts: {', '.join(self.tasks)}.")
        return self.tasks[task]

    def __iter__(self) -> Iterator[TaskName]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def picture(self, title: str = "") -> np.ndarray:
        """The photo and all predictions in one figure, uint8 (height, width, 3)."""
        arrays: dict[TaskName, np.ndarray] = {task: answer.array for task, answer in self.tasks.items()}
        return drawing.overview_figure(self.image, arrays, self.classes, title)


@dataclass(frozen=True)
class Predictor:
    """A trained network that takes photos. Safe to call from several threads: they wait for each other.

    Attributes:
        model: The network. It answers in evaluation mode, and is left in the mode that it was in.
        config: How it was trained.
        name: Name of its checkpoint folder.
        metrics: What it reached on its validation images.
        folder: The checkpoint folder; None for a network that was not loaded from one.
        familiarity: How far pictures lie from those it has learnt from; None where that was not measured.
    """

    model: Network
    config: TrainConfig
    name: str = "network"
    metrics: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    familiarity: Familiarity | None = None
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @classmethod
    def load(cls, directory: str | Path, device: str = "cpu") -> "Predictor":
        """The network of a checkpoint folder.

        Args:
            directory: Folder with `config.json` and `model.safetensors`.
            device: `cpu`, `cuda`, `cuda:1`, ..., or `auto` for a GPU if there is one.

        Raises:
            CheckpointError: The folder is missing or damaged, the message lists the checkpoints that are there; or its
                network takes no single photos.
            ValueError: The device is not there.
        """
        directory = Path(directory)
        if not directory.exists():
            raise CheckpointError(_missing(directory))
        model, config, metrics = load_model(directory, find_device(device))
        if config.model.bridge_reads == "foreign":
            raise CheckpointError(
                f"The bridge of {directory.resolve().name} reads the tasks of another image of the batch "
                '(bridge_reads = "foreign", a control of the ablation), so it has no answer for a single photo. '
                "Choose another checkpoint."
            )
        folder = directory.resolve()
        return cls(model, config, folder.name, metrics, folder, _familiarity_of(folder, model))

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """The tasks of the network, in its order."""
        return tuple(self.config.model.tasks)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of the segmentation, by index; empty without one."""
        return self.config.classes["semseg"].names if "semseg" in self.tasks else ()

    def __call__(self, image: object) -> Prediction:
        """All predictions, at the size of the photo.

        Args:
            image: A photo as `load_image` takes it: a path, bytes, an open file, a PIL image, an array, a tensor; or a
                `LoadedImage`.

        Raises:
            ImageError: The image cannot be used.
        """
        return self.analyse(image)[1]

    def trace(self, image: object) -> Trace:
        """Everything the network computed on the way.

        Raises:
            ImageError: The image cannot be used.
        """
        return self.analyse(image)[0]

    @torch.inference_mode()
    def analyse(self, image: object) -> tuple[Trace, Prediction]:
        """The trace and the predictions of one forward pass.

        Raises:
            ImageError: The image cannot be used.
        """
        photo = at_prediction_size(image if isinstance(image, LoadedImage) else load_image(image))
        images = self.network_input(photo)
        with self._lock, evaluating(self.model):
            trace = self.model(images)
        size, network_size = photo.pixels.shape[:2], (images.shape[-2], images.shape[-1])
        answers: dict[TaskName, TaskPrediction] = {
            task: self.answer(task, trace.logits[task], size) for task in self.tasks
        }
        dataset, classes = self.config.data.name, self.config.classes
        share = None if self.familiarity is None else self.familiarity.farther_than(trace)
        told = (share, self._caution(share))
        return trace, Prediction(photo.pixels, photo.notes, network_size, dataset, classes, answers, *told)

    def network_input(self, image: object) -> Image:
        """A photo as the network sees it: float (1, 3, height, width), 0..1, on its device, sized by `fit_size`.

        Raises:
            ImageError: The image cannot be used.
        """
        photo = at_prediction_size(image if isinstance(image, LoadedImage) else load_image(image))
        pixels = _to_tensor(photo)
        size = fit_size((pixels.shape[-2], pixels.shape[-1]), self.config.data.answer_size)
        return _resize_photo(pixels, size).to(next(self.model.parameters()).device)

    def _caution(self, farther_than: float | None) -> str:
        if farther_than is None or farther_than <= UNLIKE:
            return ""
        data = self.config.data
        learnt = SOURCES[data.name].pictures if data.title is None else data.title
        nearer = "all" if farther_than == 1 else f"{100 * farther_than:.0f} %"
        return (
            f"This photo looks unlike what {self.name} has learnt from ({learnt}): {nearer} of those held back from it "
            "lie nearer. Its answers are guesses."
        )

    def answer(self, task: TaskName, logits: AnyFeature, size: tuple[int, int]) -> TaskPrediction:
        """What a task predicts, from what its head says.

        Args:
            task: Which task.
            logits: Of one image, (1, channels, height, width), such as `trace.logits[task]`.
            size: Height and width of the prediction.
        """
        # From the fusion grid to the photo in one step: the sharpest way to resize.
        resized = F.interpolate(logits.float(), size, mode="bilinear", align_corners=False)[0].cpu()
        values, confidence = activate(task, resized)
        about = TASKS[task]
        classes = self.config.classes.get(task)
        return TaskPrediction(
            task=task,
            array=values.numpy(),
            unit=about.unit,
            confidence=None if confidence is None else confidence.numpy(),
            classes=classes.names if classes else (),
            colours=classes.colours if classes else (),
            dataset=self.config.data.name,
        )


def at_prediction_size(photo: LoadedImage) -> LoadedImage:
    """The photo at the size of the predictions: no side longer than `MAX_PREDICTION_SIDE`.

    The network sees what is made of these pixels, and nothing of a larger original: who has them has everything that
    its answers depend on.
    """
    height, width = photo.pixels.shape[:2]
    if max(height, width) <= MAX_PREDICTION_SIDE:
        return photo
    scale = MAX_PREDICTION_SIDE / max(height, width)
    reduced = _resize_photo(_to_tensor(photo), (round(height * scale), round(width * scale)))
    # Whoever has reduced it before has said from which size.
    told = any(note.startswith(REDUCED) for note in photo.notes)
    notes = photo.notes if told else (*photo.notes, f"{REDUCED} {width} × {height}.")
    return LoadedImage((reduced[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy(), notes)


def fit_size(photo: tuple[int, int], learnt: tuple[int, int]) -> tuple[int, int]:
    """Height and width for the network: the proportions of the photo, the area it has learnt at.

    Each side is the nearest multiple of 32, so proportions change by a few per cent: never more than the training
    images' did, and every grid of the network then covers the photo exactly.
    """
    area, proportions = learnt[0] * learnt[1], photo[0] / photo[1]
    height, width = (area * proportions) ** 0.5, (area / proportions) ** 0.5
    return (max(1, round(height / SIDE_STEP)) * SIDE_STEP, max(1, round(width / SIDE_STEP)) * SIDE_STEP)


def _to_tensor(loaded: LoadedImage) -> Tensor:
    return torch.from_numpy(loaded.pixels).permute(2, 0, 1)[None].float() / 255


def _resize_photo(pixels: Image, size: tuple[int, int]) -> Tensor:
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    return F.interpolate(pixels, size, mode="bilinear", align_corners=False, antialias=True).clamp(0, 1)


def _familiarity_of(folder: Path, model: Network) -> Familiarity | None:
    """What is known of it. A damaged file says so where its colours are asked for."""
    try:
        return FeatureBasis.load(folder / BASIS_FILE, model).familiarity
    except BasisError:
        return None


def _missing(directory: Path) -> str:
    folders = dict.fromkeys((directory.parent, Path("checkpoints")))
    found = [str(config.parent) for folder in folders for config in sorted(folder.glob("*/config.json"))]
    if found:
        return f"There is no checkpoint folder {directory}. Found: {', '.join(found)}."
    command = f"python -m bridgenet.train rooms-tiny --output {directory}"
    return f"There is no checkpoint folder {directory}. Train one: {command}"

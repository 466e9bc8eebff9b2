"""Everything that can be told to BridgeNet, as frozen dataclasses of numbers, names and paths.

A checkpoint keeps its config as `config.json`; `to_dict` and `from_dict` are the two directions. A field states its
limits in its type (see `settings.py`); what fields mean for each other is checked in `__post_init__`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Interval
from typing_extensions import Doc

from bridgenet.config.footprint import MOST_BATCH, MOST_IMAGE, MOST_SAMPLE, image_gigabytes, sample_gigabytes
from bridgenet.config.network import IMAGENET_MEAN, IMAGENET_STD, BackboneConfig, ModelConfig
from bridgenet.config.settings import (
    Count,
    CountOrNone,
    FilePath,
    NotNegative,
    Positive,
    SettingError,
    Settings,
    Share,
    Text,
    Width,
    from_dict,
    not_among,
    perhaps,
)
from bridgenet.config.systems import SYSTEMS, System
from bridgenet.labels import Classes, ClassesByTask, numbered
from bridgenet.reading.source import Source
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName, of_kind

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "SYSTEMS",
    "BackboneConfig",
    "Count",
    "DataConfig",
    "FilePath",
    "LossConfig",
    "ModelConfig",
    "OptimConfig",
    "Positive",
    "SettingError",
    "Settings",
    "System",
    "TrainConfig",
    "choose_tasks",
    "from_dict",
    "not_among",
    "perhaps",
    "to_dict",
]

PositiveShare = Annotated[float, Interval(gt=0, le=1)]
Rooms = Annotated[int, Interval(ge=1, le=1_000_000)]
Seed = Annotated[int, Interval(ge=0, le=2**63 - 1)]
Side = Annotated[int, Interval(ge=32, le=100_000)]
Workers = Annotated[int, Interval(ge=0, le=512)]
Zoom = Annotated[float, Interval(ge=0.05, le=20)]
Decay = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class DataConfig(Settings):
    """What the network learns from, and how an image becomes a sample."""

    name: Annotated[Text, Doc(f"Data set, one of {', '.join(SOURCES)}; folder is a folder of your own.")] = "made_rooms"

    root: FilePath | None = None
    """Folder of the data set. Made rooms need none: they are rendered."""

    input_size: tuple[Side, Side] = (96, 128)
    """Height and width of what the network sees."""

    resize: bool = True
    """True: the whole image is resized to the input size, then zoomed. False: it keeps its resolution, is zoomed,
    cropped and padded to the input size (the protocol of the literature)."""

    final_size: tuple[Side, Side] | None = None
    """Height and width during the last part of a run, and of what the network is judged by and answers to. Most steps
    at `input_size` and the last ones at a larger size cost little more than all at the small one. None: no change."""

    final_share: Share = 0.1
    """Share of the steps that are done at `final_size`."""

    zoom: tuple[Zoom, Zoom] = (1.0, 1.0)
    """Range of the random zoom while training. Depth is divided by it. Below 1 the picture leaves a margin, which has
    the backbone's mean colour and no ground truth."""

    target_stride: Width = 1
    """Training targets are smaller than the input by this factor. 2 makes the losses of many classes four times
    cheaper; predictions and validation stay at full size. Only with `resize`."""

    flip: bool = True
    """Mirror half of the training images."""

    photometric: bool = True
    """Distort brightness, contrast, saturation and hue of the training images."""

    dominant_class_limit: PositiveShare = 0.75
    """A random crop is drawn again (up to ten times) while one class covers more than this share of it."""

    hold_out: CountOrNone = 0
    """Training images that are not trained on. They are the validation set of such a run, so that choices can be made
    on them and the real validation images stay unseen. Which ones follows from the data set and this number alone."""

    rooms: Rooms = 2000
    """Made rooms only: number of training images."""

    validation_rooms: Rooms = 100
    """Made rooms only: number of other rooms that the network is judged on."""

    workers: Workers = 1
    """Processes that prepare batches. 0 prepares them in the training process."""

    classes: dict[TaskName, Classes] | None = field(default=None, compare=False)
    """Names and colours of its classes, as a checkpoint keeps them: who has the checkpoint needs no source of this
    name. None: those that the source has now."""

    title: Text | None = field(default=None, compare=False)
    """What a data set that says what it is calls itself. None: `name`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes is None and self.name not in SOURCES:
            raise self.refuse(not_among("name", self.name, SOURCES))
        if strange := [task for task in self.classes or {} if TASKS[task].kind != "classes"]:
            raise self.refuse(f"classes names those of {strange[0]}, which has none.")
        if self.target_stride > 1 and not self.resize:
            raise self.refuse(f"target_stride must be 1, or larger together with resize; got {self.target_stride}.")
        if self.target_stride > min(self.input_size):
            raise self.refuse(f"target_stride {self.target_stride} leaves nothing of input_size {self.input_size}.")
        if self.zoom[0] > self.zoom[1]:
            raise self.refuse(f"zoom must be a smaller and a larger number, in this order; got {self.zoom}.")
        for name, size in (("input_size", self.input_size), ("final_size", self.answer_size)):
            if (gigabytes := sample_gigabytes(size)) > MOST_SAMPLE:
                raise self.refuse(
                    f"{name} {size} takes about {gigabytes:,.0f} GB for one image and its ground truth. "
                    "Choose a smaller one; the paper's is 448 576."
                )

    @property
    def known_classes(self) -> ClassesByTask:
        """Names and colours of the classes, as far as they are known before the data set is opened."""
        own = SOURCES[self.name].classes if self.name in SOURCES else {}
        return {**own, **(self.classes or {})}

    @property
    def called(self) -> str:
        """Its title or name."""
        return self.title or self.name

    @property
    def answer_size(self) -> tuple[int, int]:
        """Height and width at which the trained network is judged and answers."""
        return self.final_size or self.input_size


@dataclass(frozen=True)
class OptimConfig(Settings):
    """How the weights move."""

    optimizer: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: Positive = 1e-3
    backbone_rate_ratio: NotNegative = 1.0
    """The backbone learns at the learning rate times this."""

    weight_decay: NotNegative = 1e-4
    momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.9
    """SGD only."""

    steps: Count = 1000
    batch_size: Count = 8
    """Images per step over all processes together. A number that they cannot share equally, or cannot split into
    `accumulate` equal micro-batches each, is raised to the next one that they can."""

    accumulate: Count = 1
    """Micro-batches into which each process splits its share of a step, for batches that do not fit its memory. Their
    gradients add up to that of the whole batch, but batch norms take their statistics from one micro-batch (over all
    GPUs together; on CPUs each process by itself)."""

    gradient_checkpointing: Literal["none", "backbone", "decoder", "all"] = "none"
    """Part whose activations are not kept but computed again for the gradient: less memory, one more forward pass of
    this part, and the same gradient."""

    warmup_steps: CountOrNone = 0
    poly_power: NotNegative = 0.9
    clip_norm: NotNegative = 10.0
    """Largest global L2 norm of the gradient. 0 does not clip."""

    precision: Literal["fp32", "bf16", "bf16-decoder"] = "fp32"
    """bf16 runs convolutions and matrix products in bfloat16; weights and losses stay in float32. bf16-decoder leaves
    the backbone in float32, which is faster on CPUs with instructions for bfloat16: their depth-wise convolutions gain
    nothing from it. CPUs without them imitate it, several times slower than fp32."""

    tf32: bool = True
    """On GPUs that have it (Ampere and later), products in float32 round their factors to TF32: faster, three decimal
    digits. Validation, and GPUs and CPUs without it, keep all of float32."""

    frozen: tuple[Text, ...] = ()
    """Paths of modules that stay as they are, batch norms included, for example `backbone.body.model.conv_stem`. Where
    each task has a backbone, that is meant of all of them."""

    unfreeze_step: CountOrNone | None = None
    """Step from which the frozen modules learn too, for example when the rest has warmed up. None: never."""

    unfrozen_rate_ratio: NotNegative = 0.1
    """They then learn at the rate that they would have had times this."""

    freeze_batch_norm: bool = False
    """Keep the running statistics of every batch norm fixed and normalise with them."""

    average_decay: Decay = 0.0
    """Judge and ship an exponential moving average of the weights and of the statistics of batch norms, for example
    0.999: the share of itself that the average keeps at each step. The n-th step keeps n / (n + 9) at most, so that
    the beginning is forgotten. 0: no average; the weights are shipped as the last step left them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unfreeze_step is not None and not self.frozen:
            raise self.refuse("unfreeze_step needs modules that are frozen until then: name them in frozen.")


@dataclass(frozen=True)
class LossConfig(Settings):
    """What is minimised: the weighted sum of the task losses, once for each of the two predictions."""

    weights: dict[TaskName, NotNegative] = field(
        default_factory=lambda: {task.name: task.loss_weight for task in TASKS.values()}
    )
    preliminary_weight: NotNegative = 0.5
    """Weight of the losses of the preliminary predictions."""

    edge_positive_weight: Share = 0.95
    """Share of the balanced edge loss that boundary pixels get."""

    class_weights: tuple[Positive, Positive] | None = None
    """Segmentation: weigh each class by the square root of (median frequency / its frequency), cut to this range, for
    example 0.5 to 3. Frequencies are counted once over the training set. None: all classes weigh the same."""

    depth: Literal["absolute", "scale-invariant"] = "absolute"
    """`absolute` is the error in metres. `scale-invariant` is the squared error of the logarithm, half of which is
    forgiven where it is the same all over the image (Eigen et al. 2014); it is several times smaller, so weigh it
    more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.class_weights is not None and self.class_weights[0] > self.class_weights[1]:
            raise self.refuse(f"class_weights must be a smaller and a larger weight; got {self.class_weights}.")


@dataclass(frozen=True)
class TrainConfig(Settings):
    """One training run."""

    name: Text
    model: ModelConfig
    data: DataConfig
    optim: OptimConfig
    loss: LossConfig = field(default_factory=LossConfig)
    pretrained_backbone: bool = True
    """Start from ImageNet weights."""

    validate_every: Count = 500
    """Steps between validations. The last step is always validated."""

    save_every: Count = 100
    """Steps between checkpoints to resume from."""

    log_every: Count = 10
    """Steps between lines of `metrics.jsonl`."""

    basis_images: Count = 32
    """Validation images that the colours of features are fitted on at the end; four times as many, and as many training
    images, tell how far photos may lie from what was learnt. `bridgenet.prepare basis` takes more."""

    seed: Seed = 42

    def __post_init__(self) -> None:
        super().__post_init__()
        for task, known in self.data.known_classes.items():
            if (channels := self.model.tasks.get(task, len(known))) != len(known):
                whose, own = f"{self.data.name} has classes", " Classes of your own: data.name folder."
                if self.data.classes is not None:
                    whose, own = "data.classes names", ""
                must = f"must be {len(known)}, as many as {whose}, not {channels}."
                raise self.refuse(f"model.tasks.{task} {must}{own}")
        if missing := [task for task in self.model.tasks if task not in self.loss.weights]:
            raise self.refuse(f"loss.weights has no weight for {', '.join(missing)}, which the network learns.")
        if not any(self.loss.weights[task] for task in self.model.tasks):
            raise self.refuse("loss.weights is 0 for every task of the network: there is nothing to learn.")
        if self.loss.class_weights is not None and "semseg" not in self.model.tasks:
            raise self.refuse("loss.class_weights are weights of semseg, which the network does not learn.")
        images, gigabytes = self.optim.batch_size, image_gigabytes(self.model, self.data.input_size)
        if gigabytes > MOST_IMAGE or images * gigabytes > MOST_BATCH:
            raise self.refuse(
                f"optim.batch_size {images} with data.input_size {self.data.input_size} takes about "
                f"{images * gigabytes:,.0f} GB, {gigabytes:,.3g} GB for each image, in the decoder alone. "
                "Choose smaller images, a smaller batch or a narrower network."
            )

    @property
    def resizing_step(self) -> int:
        """Steps that are done at `data.input_size`; the others are done at `data.final_size`."""
        return self.optim.steps - (round(self.optim.steps * self.data.final_share) if self.data.final_size else 0)

    @property
    def classes(self) -> dict[TaskName, Classes]:
        """What the classes that the network knows are called, and their colours, by the tasks that name any."""
        known, tasks = self.data.known_classes, of_kind("classes", self.model.tasks)
        return {task: known.get(task) or numbered(self.model.tasks[task]) for task in tasks}

    def learning(self, source: Source) -> "TrainConfig":
        """The same run of the tasks that a data set says it has, with its channels, names and colours.

        Raises:
            SettingError: No network can learn from it.
        """
        tasks, names = source.channels, dict(source.classes)
        weights = {task: self.loss.weights.get(task, TASKS[task].loss_weight) for task in tasks}
        class_weights = self.loss.class_weights if "semseg" in tasks else None
        return replace(
            self,
            model=replace(self.model, tasks=tasks),
            data=replace(self.data, title=source.title, classes=names),
            loss=replace(self.loss, weights=weights, class_weights=class_weights),
        )

    def only(self, asked: Iterable[str]) -> "TrainConfig":
        """The same run of fewer tasks, in the order of this one; a single one is single-task learning.

        Args:
            asked: Their names, also several in one word with commas between them.

        Raises:
            SettingError: A name is not one of this run's tasks, or is given twice.
        """
        tasks = choose_tasks(asked, self.model.tasks)
        model = replace(self.model, tasks={task: self.model.tasks[task] for task in tasks})
        class_weights = self.loss.class_weights if "semseg" in tasks else None
        weights = {task: self.loss.weights[task] for task in tasks}
        return replace(self, model=model, loss=replace(self.loss, weights=weights, class_weights=class_weights))


def choose_tasks(asked: Iterable[str], known: Iterable[TaskName]) -> tuple[TaskName, ...]:
    """The tasks that were asked for, in the order of the known ones.

    Args:
        asked: Names, also several in one word with commas between them.
        known: What can be chosen from.

    Raises:
        SettingError: A name is empty, unknown or given twice.
    """
    known = tuple(known)
    names = [name.strip() for word in asked for name in word.split(",")]
    for name in names or [""]:
        choices = f"Choose among {', '.join(known)}."
        if not name:
            raise SettingError(f"tasks has an empty name. {choices} For example: {','.join(known[:2])}.")
        if name not in known:
            missing = "which is not among the tasks here" if name in TASKS else "which is no task"
            raise SettingError(f"tasks names {name}, {missing}.{perhaps(name, known)} {choices}")
        if names.count(name) > 1:
            raise SettingError(f"tasks names {name} twice. Name each task once.")
    return tuple(task for task in known if task in names)


def to_dict(config: object) -> dict[str, Any]:
    """Config as plain JSON types."""
    return {key: _plain(value) for key, value in asdict(config).items()}  # type: ignore[call-overload]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value

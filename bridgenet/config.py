"""Everything that can be told to BridgeNet, as frozen dataclasses of numbers, names and paths.

A checkpoint keeps its config as `config.json`; `to_dict` and `from_dict` are the two directions.
"""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bridgenet.tasks import TASKS, TaskName

T = TypeVar("T")

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class BackboneConfig:
    """The network that turns an image into task-generic features."""

    name: str = "vit_base_patch16_384"
    """A timm architecture: a plain ViT, or any network with `features_only` feature maps."""

    taps: tuple[int, ...] | None = None
    """ViT only: blocks whose tokens are taken, counted from 1. None takes four at equal distances."""

    output_stride: int | None = None
    """Pyramids only: dilate the last stages so that their maps stay at this stride (8 or 16)."""

    drop_path: float = 0.0
    """Largest stochastic-depth rate while training."""

    mean: tuple[float, float, float] = IMAGENET_MEAN
    """Mean of the RGB values (0..1) that the weights were trained with."""

    std: tuple[float, float, float] = IMAGENET_STD
    """Standard deviation of the same."""


@dataclass(frozen=True)
class ModelConfig:
    """The network. Defaults are the paper's."""

    tasks: dict[TaskName, int] = field(default_factory=lambda: {"semseg": 40, "depth": 1, "normals": 3, "edge": 1})
    """Output channels of each task. The order fixes the order of every per-task dict."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    embed_width: int = 512
    """E: channels of the task-specific features on the base grid."""

    prediction_width: int = 64
    """P: channels added for the preliminary prediction; the first stage has E + P, each next one half of it."""

    preliminary_width: int | None = None
    """Channels between the two convolutions of a preliminary decoder. None: those of the last backbone map."""

    tpp: bool = True
    """Task Pattern Propagation between the preliminary decoders and their predictions. Without it the whole block
    goes: each task loses its self-attention and its feed-forward part too, not only the other tasks' patterns."""

    tpp_output: Literal["feature", "prediction"] = "feature"
    """What TPP reaches: `feature` hands its output to the decoder (the paper's text), `prediction` only to the
    preliminary prediction (the authors' release)."""

    bfe: bool = True
    """Bridge Feature Extractor in every stage. Without it there is no bridge and no refiner, and *the backbone's finer
    maps are not used at all*: the query of the bridge is their only way in. So this switch takes away far more than a
    place where tasks meet; `bridge_reads` takes away that alone."""

    bridge_reads: Literal["tasks", "nothing", "foreign"] = "tasks"
    """What the bridge asks: `tasks` is BridgeNet. Two controls keep its query from the backbone, its feed-forward part,
    the cascade and the refiners: `nothing` reads no task, so that its attention and projections do not exist; `foreign`
    reads the tasks of another image of the batch, with the same parameters and without information."""

    joint_norm: bool = True
    """The side outputs of a stage share one layer norm over the channels of all tasks (the authors' release), whose
    mean and deviation are a place where tasks meet. False normalises each task by itself, with the same parameters."""

    bridge_cascade: bool = True
    """Add the coarser bridge feature to the finer one."""

    refinement: Literal["tfr", "add", "concat"] = "tfr"
    """How a bridge feature reaches a task: Task Feature Refiner, addition, or concatenation and a 1x1 convolution."""

    refiner_blocks: tuple[int, ...] = (6, 6, 6)
    """TFR blocks per stage, coarse to fine. The paper's layer is three blocks: base 6, large 12, huge 18."""

    dilations: tuple[int, ...] = (1, 2, 5)
    """Dilations that successive TFR blocks cycle through."""

    squeeze_ratio: int = 2
    """A TFR block works on the task's channels divided by this."""

    heads: int = 2
    """Attention heads of TPP and BFE."""

    mlp_ratio: int = 4
    """Hidden width of the feed-forward parts, as a multiple of their width."""

    query_reduction: int = 2
    """Stride of the query tokens of TPP and BFE."""

    token_reduction: tuple[int, ...] = (2, 4, 8)
    """Pooling window of the task tokens in the BFE, coarse to fine. Its length is the number of stages."""

    drop_path: float = 0.15
    """Stochastic depth of the last TFR block of a stage, rising linearly from 0 at the first."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError("At least one task is needed.")
        for task, channels in self.tasks.items():
            if task not in TASKS:
                raise ValueError(f"There is no task {task!r}. Known: {', '.join(TASKS)}.")
            if channels < 1:
                raise ValueError(f"Task {task!r} needs at least one output channel, got {channels}.")
        if len(self.refiner_blocks) != len(self.token_reduction):
            raise ValueError(
                f"refiner_blocks {self.refiner_blocks} and token_reduction {self.token_reduction} "
                "name one value per stage and must have the same length."
            )
        halvings = 2 ** (len(self.token_reduction) - 1)
        if (self.embed_width + self.prediction_width) % (halvings * max(self.heads, self.squeeze_ratio)):
            raise ValueError(
                f"embed_width + prediction_width = {self.embed_width + self.prediction_width} must be divisible by "
                f"{halvings * max(self.heads, self.squeeze_ratio)}: it is halved at each of "
                f"{len(self.token_reduction)} stages and split into {self.heads} heads."
            )
        if self.tpp and self.embed_width % self.heads:
            raise ValueError(f"embed_width {self.embed_width} must be divisible by heads {self.heads}.")

    @property
    def stage_widths(self) -> tuple[int, ...]:
        """C_s: channels of the task and bridge features of each stage, coarse to fine."""
        first = self.embed_width + self.prediction_width
        return tuple(first // 2**stage for stage in range(len(self.token_reduction)))


@dataclass(frozen=True)
class DataConfig:
    """What the network learns from, and how an image becomes a sample."""

    name: Literal["made_rooms", "nyud", "pascal_context"] = "made_rooms"

    root: Path | None = None
    """Folder of the data set. Made rooms need none: they are rendered."""

    input_size: tuple[int, int] = (96, 128)
    """Height and width of what the network sees."""

    resize: bool = True
    """True: the whole image is resized to the input size, then zoomed. False: it keeps its resolution, is zoomed,
    cropped and padded to the input size (the protocol of the literature)."""

    zoom: tuple[float, float] = (1.0, 1.0)
    """Range of the random zoom while training. Depth is divided by it."""

    target_stride: int = 1
    """Training targets are smaller than the input by this factor. 2 makes the losses of many classes four times
    cheaper; predictions and validation stay at full size. Only with `resize`."""

    flip: bool = True
    """Mirror half of the training images."""

    photometric: bool = True
    """Distort brightness, contrast, saturation and hue of the training images."""

    dominant_class_limit: float = 0.75
    """A random crop is drawn again (up to ten times) while one class covers more than this share of it."""

    rooms: int = 2000
    """Made rooms only: number of training images. Validation takes 100 others."""

    workers: int = 1
    """Processes that prepare batches. 0 prepares them in the training process."""

    def __post_init__(self) -> None:
        if self.target_stride < 1 or (self.target_stride > 1 and not self.resize):
            raise ValueError(f"target_stride must be 1, or larger together with resize; got {self.target_stride}.")


@dataclass(frozen=True)
class OptimConfig:
    """How the weights move."""

    optimizer: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    backbone_rate_ratio: float = 1.0
    """The backbone learns at the learning rate times this."""

    weight_decay: float = 1e-4
    momentum: float = 0.9
    """SGD only."""

    steps: int = 1000
    batch_size: int = 8
    """Images per step over all processes together."""

    warmup_steps: int = 0
    poly_power: float = 0.9
    clip_norm: float = 10.0
    """Largest global L2 norm of the gradient. 0 does not clip."""

    precision: Literal["fp32", "bf16", "bf16-decoder"] = "fp32"
    """bf16 runs convolutions and matrix products in bfloat16; weights and losses stay in float32. bf16-decoder leaves
    the backbone in float32, which is faster on CPUs: their depth-wise convolutions gain nothing from bfloat16."""

    frozen: tuple[str, ...] = ()
    """Paths of modules that stay as they are, batch norms included, for example `backbone.body.model.conv_stem`."""

    freeze_batch_norm: bool = False
    """Keep the running statistics of every batch norm fixed and normalise with them."""


@dataclass(frozen=True)
class LossConfig:
    """What is minimised: the weighted sum of the task losses, once for each of the two predictions."""

    weights: dict[TaskName, float] = field(
        default_factory=lambda: {task.name: task.loss_weight for task in TASKS.values()}
    )
    preliminary_weight: float = 0.5
    """Weight of the losses of the preliminary predictions."""

    edge_positive_weight: float = 0.95
    """Share of the balanced edge loss that boundary pixels get."""


@dataclass(frozen=True)
class TrainConfig:
    """One training run."""

    name: str
    model: ModelConfig
    data: DataConfig
    optim: OptimConfig
    loss: LossConfig = field(default_factory=LossConfig)
    pretrained_backbone: bool = True
    """Start from ImageNet weights."""

    validate_every: int = 500
    """Steps between validations. The last step is always validated."""

    save_every: int = 100
    """Steps between checkpoints to resume from."""

    log_every: int = 10
    """Steps between lines of `metrics.jsonl`."""

    seed: int = 42


def to_dict(config: object) -> dict[str, Any]:
    """Config as plain JSON types."""
    return {key: _plain(value) for key, value in asdict(config).items()}  # type: ignore[call-overload]


def from_dict(cls: type[T], values: dict[str, Any]) -> T:
    """The inverse of `to_dict`.

    Raises:
        ValueError: A field is unknown, or a value is refused by the config itself.
    """
    types = get_type_hints(cls)
    known = {entry.name for entry in fields(cls)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise ValueError(
            f"{cls.__name__} has no field {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}."
        )
    return cls(**{name: _typed(types[name], value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def _typed(kind: Any, value: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        if value is None:
            return None
        kind = next(option for option in get_args(kind) if option is not type(None))
    if is_dataclass(kind):
        return from_dict(kind, value)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return tuple(value)
    return Path(value) if kind is Path else value

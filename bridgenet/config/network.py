"""The settings of the network itself: its backbone, and everything after it."""

from dataclasses import dataclass, field
from math import lcm
from typing import Annotated, Literal

from annotated_types import Interval, Len

from bridgenet.config.settings import Count, Positive, Settings, Share, Text, Width
from bridgenet.config.systems import System, SystemConfigs
from bridgenet.tasks import IGNORE, TASKS, TaskName

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

STAGES = 4
"""Most stages that a decoder can have: a backbone hands out as many maps."""

MOST_WEIGHTS = 100.0
"""Gigabytes of weights from which on a network is taken for a slip."""

Blocks = Annotated[int, Interval(ge=0, le=1000)]


@dataclass(frozen=True)
class BackboneConfig(Settings):
    """The network that turns an image into task-generic features."""

    name: Text = "vit_base_patch16_384"
    """A timm architecture: a plain ViT, or any network with `features_only` feature maps."""

    taps: Annotated[tuple[Count, ...], Len(1)] | None = None
    """ViT only: blocks whose tokens are taken, counted from 1. None takes four at equal distances."""

    output_stride: Literal[8, 16, 32] | None = None
    """Pyramids only: dilate the last stages so that their maps stay at this stride (8 or 16)."""

    drop_path: Share = 0.0
    """Largest stochastic-depth rate while training."""

    mean: tuple[Share, Share, Share] = IMAGENET_MEAN
    """Mean of the RGB values (0..1) that the weights were trained with."""

    std: tuple[Positive, Positive, Positive] = IMAGENET_STD
    """Standard deviation of the same."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.taps is not None and list(self.taps) != sorted(set(self.taps)):
            raise self.refuse(f"taps must ascend, and name no block twice; got {self.taps}.")


@dataclass(frozen=True)
class ModelConfig(Settings):
    """The network. Defaults are the paper's.

    Tasks and backbone are those of every system; the fields from `embed_width` on are BridgeNet's, and those of the
    others lie in `systems`.
    """

    tasks: dict[TaskName, int] = field(default_factory=lambda: {"semseg": 40, "depth": 1, "normals": 3, "edge": 1})
    """Output channels of each task. The order fixes the order of every per-task dict."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    system: System = "bridgenet"
    """Which network: `bridgenet`, or one of its peers on the same tasks and backbone."""

    systems: SystemConfigs = field(default_factory=SystemConfigs)
    """Settings of the peers."""

    embed_width: Width = 512
    """E: channels of the task-specific features on the base grid."""

    prediction_width: Width = 64
    """P: channels added for the preliminary prediction; the first stage has E + P, each next one half of it."""

    preliminary_width: Width | None = None
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

    refinement: Literal["tfr", "add", "concat", "add-invpt"] = "tfr"
    """How a bridge feature reaches a task: Task Feature Refiner, addition, concatenation and a 1x1 convolution, or
    addition and then, as in a stage of InvPT, attention of every task over the tokens of all tasks."""

    refiner_blocks: Annotated[tuple[Blocks, ...], Len(1, STAGES)] = (6, 6, 6)
    """TFR blocks per stage, coarse to fine. The paper's layer is three blocks: base 6, large 12, huge 18."""

    dilations: Annotated[tuple[Width, ...], Len(1)] = (1, 2, 5)
    """Dilations that successive TFR blocks cycle through."""

    squeeze_ratio: Width = 2
    """A TFR block works on the task's channels divided by this."""

    heads: Width = 2
    """Attention heads of TPP and BFE."""

    mlp_ratio: Width = 4
    """Hidden width of the feed-forward parts, as a multiple of their width."""

    query_reduction: Width = 2
    """Stride of the query tokens of TPP and BFE."""

    token_reduction: Annotated[tuple[Width, ...], Len(1, STAGES)] = (2, 4, 8)
    """Pooling window of the task tokens in the BFE, coarse to fine. Its length is the number of stages."""

    drop_path: Share = 0.15
    """Stochastic depth of the last TFR block of a stage, rising linearly from 0 at the first."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.tasks:
            raise self.refuse("tasks is empty. At least one task is needed.")
        for task, channels in self.tasks.items():
            if channels < 1:
                raise self.refuse(f"tasks.{task} needs at least one output channel, not {channels}.")
            needed = TASKS[task].channels
            one_logit = TASKS[task].kind == "probability" and channels == 1
            if needed and channels != needed and not one_logit:
                raise self.refuse(f"tasks.{task} must be {needed}, as its loss and metrics have it, not {channels}.")
            if not needed and not 2 <= channels <= IGNORE:
                raise self.refuse(f"tasks.{task} must be from 2 to {IGNORE}, one for each class, not {channels}.")
        if len(self.refiner_blocks) != len(self.token_reduction):
            raise self.refuse(
                f"refiner_blocks {self.refiner_blocks} and token_reduction {self.token_reduction} "
                "name one value per stage and must have the same length."
            )
        parts = 2 ** (len(self.token_reduction) - 1) * lcm(self.heads, self.squeeze_ratio)
        if (self.embed_width + self.prediction_width) % parts:
            raise self.refuse(
                f"embed_width + prediction_width = {self.embed_width + self.prediction_width} must be divisible by "
                f"{parts}: it is halved at each of {len(self.token_reduction)} stages, and split into "
                f"{self.heads} heads and by squeeze_ratio {self.squeeze_ratio}."
            )
        if self.tpp and self.embed_width % self.heads:
            raise self.refuse(f"embed_width {self.embed_width} must be divisible by heads {self.heads}.")
        if (gigabytes := self._weights_gigabytes) > MOST_WEIGHTS:
            raise self.refuse(
                f"embed_width {self.embed_width} with prediction_width {self.prediction_width} makes weights of about "
                f"{gigabytes:,.0f} GB. Choose a smaller network; the largest preset has 0.6 GB in its decoder."
            )

    @property
    def stage_widths(self) -> tuple[int, ...]:
        """C_s: channels of the task and bridge features of each stage, coarse to fine."""
        first = self.embed_width + self.prediction_width
        return tuple(first // 2**stage for stage in range(len(self.token_reduction)))

    @property
    def answers_one_image(self) -> bool:
        """Whether one image is enough for an answer. The bridge that reads the tasks of another image needs two."""
        return self.system != "bridgenet" or not self.bfe or self.bridge_reads != "foreign"

    @property
    def _weights_gigabytes(self) -> float:
        """About what the decoder's weights take, in float32; the backbone is not counted."""
        widths, embed, hidden = self.stage_widths, self.embed_width, self.preliminary_width or self.embed_width
        block = 3 / self.squeeze_ratio
        task = 18 * embed * hidden + (4 + 2 * self.mlp_ratio) * embed**2 * self.tpp + 9 * sum(widths) * widths[0]
        task += sum(
            18 * width**2 + block * count * width**2 for width, count in zip(widths, self.refiner_blocks, strict=True)
        )
        shared = sum((13 + 2 * self.mlp_ratio) * width**2 for width in widths) * self.bfe
        return 4e-9 * (len(self.tasks) * task + shared)

"""The networks that can be built, by name, and the small settings that each of them has to itself.

BridgeNet's own are the fields of `ModelConfig`; every other system has a dataclass here. What all share, tasks and
backbone, stays in `ModelConfig`, so that another system is one word away: `replace(config, system="mtl")`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from annotated_types import Len

from bridgenet.config.settings import Settings, Width
from bridgenet.tasks import TaskName

System = Literal["bridgenet", "mtl", "stl", "cross-stitch", "nddr", "mtan", "pad-net", "mti-net", "atrc", "invpt"]
"""Names as in the field's tables; `bridgenet.model.NETWORKS` builds them."""

SYSTEMS: tuple[System, ...] = get_args(System)

TITLES: dict[System, str] = {
    "bridgenet": "BridgeNet",
    "mtl": "Multi-task baseline",
    "stl": "Single-task networks",
    "cross-stitch": "Cross-Stitch",
    "nddr": "NDDR-CNN",
    "mtan": "MTAN",
    "pad-net": "PAD-Net",
    "mti-net": "MTI-Net",
    "atrc": "ATRC",
    "invpt": "InvPT",
}
"""What people read."""

ANSWER_ONCE: tuple[System, ...] = ("mtl", "stl", "cross-stitch", "nddr", "mtan")
"""Their tasks have no first answers, which a loss could weigh."""

RECOMPUTED: tuple[System, ...] = ("bridgenet", "invpt")
"""Their decoders can keep little for the gradient and compute the rest again."""

ContextKind = Literal["none", "global", "local", "target-label", "source-label"]
"""What one task gathers from another: nothing, all its places, those around, or one vector for each region of the
target's or the source's own auxiliary answer."""


StageName = Literal["stem", "stage1", "stage2", "stage3", "stage4"]
"""Parts of an encoder, in the order of the computation. Stages end where the backbone's four maps are taken."""

STAGES: tuple[StageName, ...] = get_args(StageName)


@dataclass(frozen=True)
class DeepLabConfig(Settings):
    """The heads of systems whose tasks have a DeepLab head each."""

    head_width: Width = 256
    """Channels of each branch of a head, and of what it joins them to."""

    dilations: Annotated[tuple[Width, ...], Len(1)] = (12, 24, 36)
    """Of the 3x3 branches of a head."""


@dataclass(frozen=True)
class MultiTaskBaselineConfig(DeepLabConfig):
    """`mtl`: a shared encoder and a DeepLab head for each task."""


@dataclass(frozen=True)
class SingleTaskConfig(DeepLabConfig):
    """`stl`: an encoder and a DeepLab head for each task, which have nothing to do with those of another."""


@dataclass(frozen=True)
class CrossStitchConfig(DeepLabConfig):
    """`cross-stitch`: an encoder and a DeepLab head for each task; between stages features are mixed by weights."""

    stages: Annotated[tuple[StageName, ...], Len(1)] = ("stage1", "stage2", "stage3", "stage4")
    """After which parts of the encoders features are mixed."""


@dataclass(frozen=True)
class NddrConfig(DeepLabConfig):
    """`nddr`: the same, mixed by convolutions."""

    stages: Annotated[tuple[StageName, ...], Len(1)] = STAGES
    """After which parts of the encoders features are mixed."""


@dataclass(frozen=True)
class MtanConfig(DeepLabConfig):
    """`mtan`: a shared encoder, of which each task sees what its masks let through, and a DeepLab head each."""


@dataclass(frozen=True)
class PadNetConfig(Settings):
    """`pad-net`: first answers of all tasks, and gated messages between their features."""

    width: Width = 256
    """Channels of every task's feature, a multiple of four."""

    auxiliary: dict[TaskName, Width] | None = None
    """Output channels of the tasks that get a first answer, among them all tasks of the network. None: those alone."""

    messages: bool = True
    """Whether tasks send each other messages. Without, each refines what it has itself: a control."""

    reads_others: bool = True
    """Whether messages are made of what the others have. Without, each task makes all that it gets of its own feature,
    with as many weights and as much work: a control."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 4:
            raise self.refuse(
                f"width must be a multiple of 4, of which residual blocks work on a quarter; got {self.width}."
            )


@dataclass(frozen=True)
class MtiNetConfig(Settings):
    """`mti-net`: as PAD-Net, at every scale of the backbone."""

    auxiliary: dict[TaskName, Width] | None = None
    """Output channels of the tasks that get first answers, among them all tasks of the network. None: those alone."""

    width: Width | None = None
    """Channels of every task's feature at the coarsest scale; half of them at each finer one. None: those of the
    backbone's maps, as the original."""


@dataclass(frozen=True)
class AtrcConfig(Settings):
    """`atrc`: every task gathers contexts from every task, in a way of its own for each ordered pair."""

    contexts: dict[TaskName, dict[TaskName, ContextKind]] | None = None
    """For each target, what it gathers from each source; nothing where no kind is named. None: `local` from itself,
    `source-label` from others, whose regions speak for all their places, and `global` from tasks that say yes or no
    of a pixel, which have no regions worth the name."""

    regions: dict[TaskName, Width] | None = None
    """Parts of an image that an auxiliary answer tells apart, by task. Tasks that are not named: as many as channels
    (classes), and 40 bins of depth or clusters of directions."""


@dataclass(frozen=True)
class InvPtConfig(Settings):
    """`invpt`: first answers, then three stages in which every task reads the tokens of all tasks."""

    embed_width: Width | None = None
    """Channels of every task's feature before its first answer. None: as many as BridgeNet would have."""

    prediction_width: Width | None = None
    """Channels added for the first answer: a task has both together in the first stage, half as many in each next one.
    None: as many as BridgeNet would have."""

    reads_others: bool = True
    """Whether a task reads the tokens of the others. Without, it reads its own, with as many weights: a control. Side
    outputs of all tasks share a layer norm in both."""


@dataclass(frozen=True)
class SystemConfigs(Settings):
    """Settings of every system but BridgeNet. Only those of the chosen one are looked at, see `unseen`."""

    mtl: MultiTaskBaselineConfig = field(default_factory=MultiTaskBaselineConfig)
    stl: SingleTaskConfig = field(default_factory=SingleTaskConfig)
    cross_stitch: CrossStitchConfig = field(default_factory=CrossStitchConfig)
    nddr: NddrConfig = field(default_factory=NddrConfig)
    mtan: MtanConfig = field(default_factory=MtanConfig)
    pad_net: PadNetConfig = field(default_factory=PadNetConfig)
    mti_net: MtiNetConfig = field(default_factory=MtiNetConfig)
    atrc: AtrcConfig = field(default_factory=AtrcConfig)
    invpt: InvPtConfig = field(default_factory=InvPtConfig)

    def of(self, system: System) -> Settings | None:
        """Those of a system; None for BridgeNet, whose settings are the model's."""
        return getattr(self, system.replace("-", "_"), None)

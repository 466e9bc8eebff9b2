"""The networks that can be built, by name, and the small settings that each of them has to itself.

BridgeNet's own are the fields of `ModelConfig`; every other system has a dataclass here. What all share, tasks and
backbone, stays in `ModelConfig`, so that another system is one word away: `replace(config, system="mtl")`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from annotated_types import Len

from bridgenet.config.settings import Settings, Width
from bridgenet.tasks import TaskName

System = Literal["bridgenet", "mtl", "pad-net", "mti-net", "atrc", "invpt"]
"""Names as in the field's tables; `bridgenet.model.NETWORKS` builds them."""

SYSTEMS: tuple[System, ...] = get_args(System)

TITLES: dict[System, str] = {
    "bridgenet": "BridgeNet",
    "mtl": "Multi-task baseline",
    "pad-net": "PAD-Net",
    "mti-net": "MTI-Net",
    "atrc": "ATRC",
    "invpt": "InvPT",
}
"""What people read."""

ContextKind = Literal["none", "global", "local", "target-label", "source-label"]
"""What one task gathers from another: nothing, all its places, those around, or one vector for each region of the
target's or the source's own auxiliary answer."""


@dataclass(frozen=True)
class MultiTaskBaselineConfig(Settings):
    """`mtl`: a shared encoder and a DeepLab head for each task."""

    head_width: Width = 256
    """Channels of each branch of a head, and of what it joins them to."""

    dilations: Annotated[tuple[Width, ...], Len(1)] = (12, 24, 36)
    """Of the 3x3 branches of a head."""


@dataclass(frozen=True)
class PadNetConfig(Settings):
    """`pad-net`: first answers of all tasks, and gated messages between their features."""

    width: Width = 256
    """Channels of every task's feature, a multiple of four."""

    auxiliary: dict[TaskName, Width] | None = None
    """Output channels of the tasks that get a first answer, among them all tasks of the network. None: those alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 4:
            raise self.refuse(
                f"width must be a multiple of 4, of which residual blocks work on a quarter; got {self.width}."
            )


@dataclass(frozen=True)
class MtiNetConfig(Settings):
    """`mti-net`: as PAD-Net, at every scale of the backbone; features have the widths of its maps."""

    auxiliary: dict[TaskName, Width] | None = None
    """Output channels of the tasks that get first answers, among them all tasks of the network. None: those alone."""


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


@dataclass(frozen=True)
class SystemConfigs(Settings):
    """Settings of every system but BridgeNet. Those of the others than the chosen one are not looked at."""

    mtl: MultiTaskBaselineConfig = field(default_factory=MultiTaskBaselineConfig)
    pad_net: PadNetConfig = field(default_factory=PadNetConfig)
    mti_net: MtiNetConfig = field(default_factory=MtiNetConfig)
    atrc: AtrcConfig = field(default_factory=AtrcConfig)
    invpt: InvPtConfig = field(default_factory=InvPtConfig)

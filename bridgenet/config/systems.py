"""The networks that can be built, by name, and the small settings that each of them has to itself.

BridgeNet's own are the fields of `ModelConfig`; every other system has a dataclass here. What all share, tasks and
backbone, stays in `ModelConfig`, so that another system is one word away: `replace(config, system="mtl")`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from annotated_types import Len

from bridgenet.config.settings import Settings, Width

System = Literal["bridgenet", "mtl"]
"""Names as in the field's tables; `bridgenet.model.NETWORKS` builds them."""

SYSTEMS: tuple[System, ...] = get_args(System)

TITLES: dict[System, str] = {"bridgenet": "BridgeNet", "mtl": "Multi-task baseline"}
"""What people read."""


@dataclass(frozen=True)
class MultiTaskBaselineConfig(Settings):
    """`mtl`: a shared encoder and a DeepLab head for each task."""

    head_width: Width = 256
    """Channels of each branch of a head, and of what it joins them to."""

    dilations: Annotated[tuple[Width, ...], Len(1)] = (12, 24, 36)
    """Of the 3x3 branches of a head."""


@dataclass(frozen=True)
class SystemConfigs(Settings):
    """Settings of every system but BridgeNet. Those of the others than the chosen one are not looked at."""

    mtl: MultiTaskBaselineConfig = field(default_factory=MultiTaskBaselineConfig)

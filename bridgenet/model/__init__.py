"""The networks. BridgeNet is one file per box of the overview figure, every other system one file in `peers`."""

from collections.abc import Callable

from bridgenet.config import ModelConfig
from bridgenet.config.systems import System
from bridgenet.model.backbone import Backbone, build_backbone, synchronise_batch_norm
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.model.building import build_bridgenet
from bridgenet.model.layers import resize_to
from bridgenet.model.network import Meeting, Network
from bridgenet.model.peers.atrc import Atrc
from bridgenet.model.peers.cross_stitch import CrossStitch
from bridgenet.model.peers.invpt import InvPt
from bridgenet.model.peers.mtan import Mtan
from bridgenet.model.peers.mti_net import MtiNet
from bridgenet.model.peers.multi_task_baseline import MultiTaskBaseline
from bridgenet.model.peers.nddr import Nddr
from bridgenet.model.peers.pad_net import PadNet
from bridgenet.model.peers.single_task import SingleTaskNetworks

__all__ = [
    "NETWORKS",
    "BridgeNet",
    "Meeting",
    "Network",
    "build_bridgenet",
    "build_decoder",
    "build_model",
    "resize_to",
    "synchronise_batch_norm",
]

NETWORKS: dict[System, Callable[[ModelConfig, tuple[int, ...], Backbone | None], Network]] = {
    "bridgenet": build_bridgenet,
    "mtl": MultiTaskBaseline,
    "stl": SingleTaskNetworks,
    "cross-stitch": CrossStitch,
    "nddr": Nddr,
    "mtan": Mtan,
    "pad-net": PadNet,
    "mti-net": MtiNet,
    "atrc": Atrc,
    "invpt": InvPt,
}
"""What builds the network of each system: from its config, the channels of the backbone maps, and the backbone."""


def build_model(config: ModelConfig, *, pretrained: bool = False) -> Network:
    """A network with its backbone, freshly initialised.

    Args:
        config: The network.
        pretrained: Start the backbone from ImageNet weights; see `build_backbone`.
    """
    backbone = build_backbone(config.backbone, pretrained=pretrained)
    return build_decoder(config, backbone.channels, backbone=backbone)


def build_decoder(config: ModelConfig, channels: tuple[int, ...], *, backbone: Backbone | None = None) -> Network:
    """A network for backbone maps of these channels (fine to coarse), with or without the backbone itself."""
    return NETWORKS[config.system](config, channels, backbone)

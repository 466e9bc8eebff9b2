"""NDDR-CNN (Gao et al. 2019): encoders whose features are joined and reduced again, by a convolution for each task.

As in the implementation that the field's tables use (Vandenhende et al. 2021): 1x1 convolution, batch norm and ReLU
after the stem and after every stage. They start as 0.9 of the task itself plus 0.1 of every other. Shortcuts to the
heads, as in the paper, are not part of that implementation, nor of this one. Of a ViT the maps are mixed; tokens that
stand for no place stay with their encoder, and the stem is the embedding of the patches.
"""

from collections.abc import Collection

import torch
from torch import nn
from torch.nn import functional as F

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.layers import conv_norm_relu
from bridgenet.model.network import Meeting
from bridgenet.model.peers.joined_encoders import OTHERS, OWN, JoinedEncoders, Mixer, Unit, UnitsMeeting
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features


class Reduction(Mixer):
    """All tasks' features, joined, reduced to the channels of one.

    Args:
        tasks: Names, in order.
        target: Whose mixture it is.
        channels: Of every feature.
    """

    def __init__(self, tasks: Collection[TaskName], target: TaskName, channels: int) -> None:
        super().__init__()
        self.places = {source: slice(index * channels, (index + 1) * channels) for index, source in enumerate(tasks)}
        self.reduce = conv_norm_relu(len(self.places) * channels, channels, 1)
        start = torch.cat([torch.eye(channels) * (OWN if source == target else OTHERS) for source in tasks], dim=1)
        self.reduce.get_submodule("conv").weight = nn.Parameter(start[:, :, None, None])

    def part(self, source: TaskName, feature: AnyFeature) -> AnyFeature:
        return F.conv2d(feature, self.reduce.get_parameter("conv.weight")[:, self.places[source]])

    def weight(self, source: TaskName) -> torch.Tensor:
        return self.reduce.get_parameter("conv.weight")[:, self.places[source], 0, 0].abs().sum(dim=1)

    def forward(self, features: Features) -> AnyFeature:
        return self.reduce(torch.cat(list(features.values()), dim=1))


class ReductionMeeting(UnitsMeeting):
    """Layers that join and reduce the features of all encoders."""

    name = "nddr"
    title = "NDDR"


class Nddr(JoinedEncoders):
    """An encoder and a head for each task, joined and reduced after some of the stages.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse.
        backbone: The first task's; the others get copies. It must be one that can be run a stage at a time.
    """

    possible = (ReductionMeeting,)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        tasks = tuple(config.tasks)

        def unit(width: int) -> Unit:
            return Unit({target: Reduction(tasks, target, width) for target in tasks})

        super().__init__(config, backbone, config.systems.nddr, unit)

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        return (ReductionMeeting(self.units_by_stage),) if len(self.tasks) > 1 else ()

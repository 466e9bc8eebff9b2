"""Cross-Stitch networks (Misra et al. 2016): encoders whose features are mixed by one weight per pair and channel.

As in the implementation that the field's tables use (Vandenhende et al. 2021): a weight for each channel, and weights
that start at 0.9 for the task itself and 0.1 for every other and are not normalised. In the paper every encoder was
trained on its task first; here all start from the backbone's weights. Of a ViT the maps are mixed; tokens that stand
for no place stay with their encoder.
"""

from collections.abc import Collection

import torch
from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.network import Meeting
from bridgenet.model.peers.joined_encoders import OTHERS, OWN, JoinedEncoders, Mixer, Unit, UnitsMeeting
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features


class Stitch(Mixer):
    """Sum of all tasks' features, each channel by the weight that this target gives to it.

    Args:
        tasks: Names, in order.
        target: Whose mixture it is.
        channels: Of every feature.
    """

    def __init__(self, tasks: Collection[TaskName], target: TaskName, channels: int) -> None:
        super().__init__()
        self.weights = nn.ParameterDict(
            {source: torch.full((channels,), OWN if source == target else OTHERS) for source in tasks}
        )

    def part(self, source: TaskName, feature: AnyFeature) -> AnyFeature:
        return self.weights[source][:, None, None] * feature

    def weight(self, source: TaskName) -> torch.Tensor:
        return self.weights[source]

    def forward(self, features: Features) -> AnyFeature:
        first, *others = (self.part(source, feature) for source, feature in features.items())
        return sum(others, first)


class StitchMeeting(UnitsMeeting):
    """Cross-stitch units."""

    name = "cross-stitch"
    title = "Cross-stitch"


class CrossStitch(JoinedEncoders):
    """An encoder and a head for each task, cross-stitched after some of the stages.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse.
        backbone: The first task's; the others get copies. It must be one that can be run a stage at a time.
    """

    possible = (StitchMeeting,)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        tasks = tuple(config.tasks)

        def unit(width: int) -> Unit:
            return Unit({target: Stitch(tasks, target, width) for target in tasks})

        super().__init__(config, backbone, config.systems.cross_stitch, unit)

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        return (StitchMeeting(self.units_by_stage),) if len(self.tasks) > 1 else ()

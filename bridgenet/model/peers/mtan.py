"""MTAN (Liu et al. 2019): one encoder for all tasks, of which each sees what its own attention masks let through.

As in the implementation that the field's tables use (Vandenhende et al. 2021), and unlike the paper, whose encoder and
decoder are a SegNet: a mask is made of the feature before the last block of a stage and multiplies the one after it;
the block that hands features to the next stage is one for all tasks, and the last stage hands on none. Where the last
block of a stage changes the shape (it is the only one), or the stage is not known to be made of blocks, the mask is
made of the feature after it. Where the grid of the next stage is coarser, features are max-pooled to it.
"""

from collections import OrderedDict
from collections.abc import Collection
from itertools import pairwise
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from bridgenet.config import ModelConfig
from bridgenet.config.systems import STAGES
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.encoders import channels_in_stages
from bridgenet.model.network import Meeting, its_backbone
from bridgenet.model.peers.multi_task_baseline import WithDeepLabHeads
from bridgenet.model.peers.residual import EXPANSION, Bottleneck
from bridgenet.shapes import AnyFeature, Image
from bridgenet.tasks import TaskName
from bridgenet.trace import EncoderStage, Features, Trace


class AttentionMask(nn.Sequential):
    """Two 1x1 convolutions, each with its batch norm, and a sigmoid.

    Args:
        channels_in: Of what the mask is made of.
        channels: Of the mask.
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        narrow = max(channels // EXPANSION, 1)
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(channels_in, narrow, 1),
                bn1=nn.BatchNorm2d(narrow),
                relu=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(narrow, channels, 1),
                bn2=nn.BatchNorm2d(channels),
                gate=nn.Sigmoid(),
            )
        )


class TaskMasks(ByTask[AttentionMask]):
    """The masks of all tasks after one stage.

    Args:
        tasks: Names, in order.
        width: Channels of the stage.
        handed: Channels of what the stage before hands on to each task; 0 at the first.
    """

    def __init__(self, tasks: Collection[TaskName], width: int, handed: int) -> None:
        super().__init__({task: AttentionMask(width + handed, width) for task in tasks})

    def forward(self, feature: AnyFeature, handed: Features) -> Features:
        return {task: mask(_with(feature, handed.get(task))) for task, mask in self.items()}


class Mtan(WithDeepLabHeads):
    """A shared encoder, masks of each task after every stage, and a head for each task.

    No task reads another: they share the encoder, and the blocks between their masks.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse.
        backbone: It must be one that can be run a stage at a time.
    """

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        backbone = its_backbone(backbone, config.system)
        channels_in_stages(backbone, config.backbone.name)
        super().__init__(config, channels[-1], backbone, config.systems.mtan)
        self.masks = nn.ModuleDict(
            {
                stage: TaskMasks(tuple(config.tasks), width, width if index else 0)
                for index, (stage, width) in enumerate(zip(STAGES[1:], channels, strict=True))
            }
        )
        neighbours = zip(STAGES[1:], pairwise(channels), strict=False)
        self.between = nn.ModuleDict({stage: Bottleneck(*widths) for stage, widths in neighbours})

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        return ()

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        """The mask of every task opens the shared map of each stage."""
        return {f"encoder.{stage}": (index,) for index, stage in enumerate(trace.encoder)}

    def forward(self, images: Image) -> Trace:
        backbone = cast(Backbone, self.backbone)
        passing, shared, encoder = backbone.begin(images), list[AnyFeature](), dict[str, EncoderStage]()
        attended, handed = Features(), Features()
        for index, (stage, masks) in enumerate(self.masks.items()):
            passing = backbone.advance(index, passing)
            shared.append(passing.feature)
            mask = masks(passing.before_last, handed)
            attended = {task: opened * passing.feature for task, opened in mask.items()}
            encoder[stage] = EncoderStage(attended, mask=mask)
            if stage in self.between:
                handed = {task: self.between[stage](feature) for task, feature in attended.items()}
        return self.answered(images, attended, encoder, tuple(shared))


def _with(feature: AnyFeature, handed: AnyFeature | None) -> AnyFeature:
    """A shared feature, and behind it what the stage before handed on, pooled where this stage has a coarser grid."""
    if handed is None:
        return feature
    if handed.shape[-2:] != feature.shape[-2:]:
        handed = F.adaptive_max_pool2d(handed, feature.shape[-2:])
    return torch.cat([feature, handed], dim=1)

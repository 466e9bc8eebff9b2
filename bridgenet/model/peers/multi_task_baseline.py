"""The multi-task baseline (`mtl`): one encoder for all tasks, a DeepLab head for each, and nothing between them.

The tasks meet in the encoder only, so whatever one of them gains from another, it gains there. The heads are those of
DeepLab v3 (Chen et al. 2017): branches with several dilations and one that sees the mean of the image.
"""

import torch
from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.config.systems import DeepLabConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.encoders import Encoders
from bridgenet.model.head import PredictionHead
from bridgenet.model.layers import conv_norm_relu, resize_to
from bridgenet.model.network import FromImages, Meeting, Network
from bridgenet.shapes import AnyFeature, Image
from bridgenet.trace import EncoderStage, Features, Trace

DROPOUT = 0.5


class DeepLabFeature(nn.Module):
    """What a DeepLab head sees before its last convolution.

    Args:
        channels: Channels of the backbone map.
        width: Channels of each branch and of the result.
        dilations: Of the 3x3 branches.
    """

    def __init__(self, channels: int, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.point = conv_norm_relu(channels, width, 1)
        self.dilated = nn.ModuleList(conv_norm_relu(channels, width, 3, dilation=dilation) for dilation in dilations)
        self.whole = conv_norm_relu(channels, width, 1)
        self.join = conv_norm_relu((len(dilations) + 2) * width, width, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.smooth = conv_norm_relu(width, width, 3)

    def forward(self, task_generic: AnyFeature) -> AnyFeature:
        whole = self.whole(task_generic.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *task_generic.shape[-2:])
        branches = [self.point(task_generic), *(branch(task_generic) for branch in self.dilated), whole]
        return self.smooth(self.dropout(self.join(torch.cat(branches, dim=1))))


class MultiTaskBaseline(Network):
    """Shared encoder, one head per task.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse; the last one is read.
        backbone: None for a network that starts from feature maps.
    """

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        super().__init__(config, backbone)
        self.features, self.heads = deeplab_heads(config, channels[-1], config.systems.mtl)

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        return ()

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        task_specific: Features = {task: feature(features[-1]) for task, feature in self.features.items()}
        logits: Features = {task: head(task_specific[task]) for task, head in self.heads.items()}
        return Trace(
            task_generic=tuple(features),
            task_specific=task_specific,
            logits=logits,
            predictions={task: resize_to(answer, image_size) for task, answer in logits.items()},
        )


class WithDeepLabHeads(FromImages):
    """A network whose tasks reach into the encoder, and then have a DeepLab head each.

    Args:
        config: Tasks.
        channels: Channels of the map that a head reads.
        backbone: One for all tasks, or one for each.
        heads: Widths of the heads.
    """

    def __init__(self, config: ModelConfig, channels: int, backbone: Backbone | Encoders, heads: DeepLabConfig) -> None:
        super().__init__(config, backbone)
        self.features, self.heads = deeplab_heads(config, channels, heads)

    def answered(
        self,
        images: Image,
        last: Features,
        encoder: dict[str, EncoderStage],
        task_generic: tuple[AnyFeature, ...] = (),
    ) -> Trace:
        """The trace, from what the encoder has in the end of each task."""
        task_specific: Features = {task: feature(last[task]) for task, feature in self.features.items()}
        logits: Features = {task: head(task_specific[task]) for task, head in self.heads.items()}
        size = (images.shape[-2], images.shape[-1])
        return Trace(
            images=images,
            task_generic=task_generic,
            encoder=encoder,
            task_specific=task_specific,
            logits=logits,
            predictions={task: resize_to(answer, size) for task, answer in logits.items()},
        )


def deeplab_heads(
    config: ModelConfig, channels: int, own: DeepLabConfig
) -> tuple[ByTask[DeepLabFeature], ByTask[PredictionHead]]:
    """A DeepLab head of each task: what it sees before its last convolution, and that convolution."""
    features = ByTask({task: DeepLabFeature(channels, own.head_width, own.dilations) for task in config.tasks})
    return features, ByTask({task: PredictionHead(own.head_width, outputs) for task, outputs in config.tasks.items()})

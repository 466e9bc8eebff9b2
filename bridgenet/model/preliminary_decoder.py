"""Preliminary decoders: from the last task-generic feature to one task-specific feature per task.

Also the mixing that starts the decoder proper: a task-specific feature and its preliminary prediction become the
*mixed feature* F_t of the first stage.
"""

from collections import OrderedDict

import torch
from torch import nn

from bridgenet.model.layers import conv_norm_relu
from bridgenet.shapes import AnyFeature


class PreliminaryDecoder(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU, for one task.

    Args:
        channels: Channels of the task-generic feature.
        hidden: Channels between the convolutions.
        width: Channels of the task-specific feature (E).
    """

    def __init__(self, channels: int, hidden: int, width: int) -> None:
        super().__init__(
            OrderedDict(first=conv_norm_relu(channels, hidden, 3), second=conv_norm_relu(hidden, width, 3))
        )

    def forward(self, input: AnyFeature) -> AnyFeature:
        return super().forward(input)


class Mixer(nn.Module):
    """1x1 convolution of the task-specific feature and the preliminary prediction of one task."""

    def __init__(self, width: int, prediction_channels: int, mixed_width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width + prediction_channels, mixed_width, 1)

    def forward(self, task_specific: AnyFeature, preliminary: AnyFeature) -> AnyFeature:
        return self.conv(torch.cat([task_specific, preliminary], dim=1))

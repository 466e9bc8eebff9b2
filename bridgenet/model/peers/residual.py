"""Residual blocks (He et al. 2016), which several peers build their heads and encoders of.

The modules are called as everywhere: `conv1`, `bn1`, ..., `downsample`.
"""

from collections import OrderedDict

from torch import nn

from bridgenet.shapes import AnyFeature

EXPANSION = 4
"""A bottleneck block has so many times the channels of its inner convolution."""


def _shortcut(channels_in: int, channels_out: int, *, always: bool = False) -> nn.Sequential | None:
    """What the input goes through before it is added; None where it is added as it is."""
    if channels_in == channels_out and not always:
        return None
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, and the input added to what they give.

    Args:
        channels_in: Of the input.
        channels_out: Of the result.
        shortcut: Whether the input is projected even where its shape fits.
    """

    def __init__(self, channels_in: int, channels_out: int, *, shortcut: bool = False) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, channels_out)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = _conv(channels_out, channels_out)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = _shortcut(channels_in, channels_out, always=shortcut)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        changed = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(feature)))))
        return self.relu(changed + (feature if self.downsample is None else self.downsample(feature)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, the inner one narrow, and the input added to what they give.

    Args:
        channels_in: Of the input.
        channels_out: Of the result; a multiple of four.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        narrow = channels_out // EXPANSION
        self.conv1 = nn.Conv2d(channels_in, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = _conv(narrow, narrow)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.downsample = _shortcut(channels_in, channels_out)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        changed = self.relu(self.bn1(self.conv1(feature)))
        changed = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(changed)))))
        return self.relu(changed + (feature if self.downsample is None else self.downsample(feature)))


def pair(block: type[BasicBlock] | type[Bottleneck], channels_in: int, channels_out: int) -> nn.Sequential:
    """Two blocks, of which the first changes the channels."""
    return nn.Sequential(OrderedDict(first=block(channels_in, channels_out), second=block(channels_out, channels_out)))

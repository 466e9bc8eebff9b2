"""Residual blocks (He et al. 2016), which several peers build their heads and encoders of.

The modules are called as everywhere: `conv1`, `bn1`, ..., `downsample`.
"""

from collections import OrderedDict

from torch import nn

from bridgenet.shapes import AnyFeature

EXPANSION = 4
"""A bottleneck block has so many times the channels of its inner convolution."""


def _shortcut(channels_in: int, channels_out: int, stride: int = 1, *, always: bool = False) -> nn.Sequential | None:
    """What the input goes through before it is added; None where it is added as it is."""
    if channels_in == channels_out and stride == 1 and not always:
        return None
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False), nn.BatchNorm2d(channels_out)
    )


def _conv(channels_in: int, channels_out: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, and the input added to what they give.

    Args:
        channels_in: Of the input.
        channels_out: Of the result.
        shortcut: Whether the input is projected even where its shape fits.
        stride: Of the first convolution.
        dilations: Of the first convolution, and of the second.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        shortcut: bool = False,
        stride: int = 1,
        dilations: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, channels_out, stride, dilations[0])
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = _conv(channels_out, channels_out, dilation=dilations[1])
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = _shortcut(channels_in, channels_out, stride, always=shortcut)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        changed = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(feature)))))
        return self.relu(changed + (feature if self.downsample is None else self.downsample(feature)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, the inner one narrow, and the input added to what they give.

    Args:
        channels_in: Of the input.
        channels_out: Of the result; at least four.
        stride: Of the inner convolution.
        dilations: Of the inner convolution, first of two: as for a basic block, whose first has the stride as well.
    """

    def __init__(
        self, channels_in: int, channels_out: int, *, stride: int = 1, dilations: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        narrow = channels_out // EXPANSION
        self.conv1 = nn.Conv2d(channels_in, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = _conv(narrow, narrow, stride, dilations[0])
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.downsample = _shortcut(channels_in, channels_out, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        changed = self.relu(self.bn1(self.conv1(feature)))
        changed = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(changed)))))
        return self.relu(changed + (feature if self.downsample is None else self.downsample(feature)))


def pair(block: type[BasicBlock] | type[Bottleneck], channels_in: int, channels_out: int) -> nn.Sequential:
    """Two blocks, of which the first changes the channels."""
    return nn.Sequential(OrderedDict(first=block(channels_in, channels_out), second=block(channels_out, channels_out)))

"""Small parts that several boxes of the network share: resizing, token grids, convolutions with their norm."""

from collections import OrderedDict

from torch import nn
from torch.nn import functional as F

from bridgenet.shapes import AnyFeature, AnyTokens, Feature, Tokens


def resize_to(feature: AnyFeature, size: tuple[int, int]) -> AnyFeature:
    """Bilinear resize (align_corners=False) of a feature map to (height, width)."""
    if tuple(feature.shape[-2:]) == tuple(size):
        return feature
    return F.interpolate(feature, size=size, mode="bilinear", align_corners=False)


def to_tokens(feature: AnyFeature) -> AnyTokens:
    """(batch, channels, height, width) to (batch, height * width, channels), row by row."""
    return feature.flatten(2).transpose(1, 2)


def to_feature(tokens: AnyTokens, size: tuple[int, int]) -> AnyFeature:
    """The inverse of `to_tokens` for a grid of (height, width)."""
    return tokens.transpose(1, 2).unflatten(2, size)


def conv_norm_relu(channels_in: int, channels_out: int, kernel: int, *, dilation: int = 1, bias: bool = False) -> nn.Sequential:
    """Convolution that keeps the grid, batch norm, ReLU."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(channels_in, channels_out, kernel, padding=padding, dilation=dilation, bias=bias),
            norm=nn.BatchNorm2d(channels_out),
            activation=nn.ReLU(inplace=True),
        )
    )


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of a feature map, at each position by itself."""

    def forward(self, input: Feature) -> Feature:
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


class FeedForward(nn.Sequential):
    """Two linear maps with a GELU between them, applied to each token by itself."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__(
            OrderedDict(expand=nn.Linear(width, width * ratio), activation=nn.GELU(), reduce=nn.Linear(width * ratio, width))
        )

    def forward(self, input: Tokens) -> Tokens:
        return super().forward(input)

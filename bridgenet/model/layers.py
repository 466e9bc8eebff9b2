"""Small parts that several boxes of the network share: resizing, token grids, convolutions with their norm."""

from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch.nn import functional as F

from bridgenet.shapes import AnyFeature, AnyTokens, Feature, Tokens


def in_float32(device: str) -> AbstractContextManager[object]:
    """Nothing runs in bfloat16 inside. On the `meta` device nothing runs at all, and autocast does not know it."""
    return nullcontext() if device == "meta" else torch.autocast(device, enabled=False)


def resize_to(feature: AnyFeature, size: tuple[int, ...]) -> AnyFeature:
    """Bilinear resize (align_corners=False) of a feature map to (height, width)."""
    if feature.shape[-2:] == size:
        return feature
    return F.interpolate(feature, size=size, mode="bilinear", align_corners=False)


def to_tokens(feature: AnyFeature) -> AnyTokens:
    """(batch, channels, height, width) to (batch, height * width, channels), row by row."""
    return feature.flatten(2).transpose(1, 2)


def to_feature(tokens: AnyTokens, size: tuple[int, ...]) -> AnyFeature:
    """The inverse of `to_tokens` for a grid of (height, width)."""
    return tokens.transpose(1, 2).unflatten(2, size)


def reduced_grid(feature: AnyFeature, stride: int) -> tuple[int, int]:
    """Rows and columns that a stride leaves of a feature map, rounded up."""
    height, width = feature.shape[-2:]
    return -(-height // stride), -(-width // stride)


def conv_norm_relu(
    channels_in: int, channels_out: int, kernel: int, *, dilation: int = 1, bias: bool = False
) -> nn.Sequential:
    """Convolution that keeps the grid, batch norm, ReLU."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(channels_in, channels_out, kernel, padding=padding, dilation=dilation, bias=bias),
            norm=nn.BatchNorm2d(channels_out),
            activation=nn.ReLU(inplace=True),
        )
    )


class DepthwiseConv(nn.Conv2d):
    """3x3 convolution of each channel by itself, keeping the grid at stride 1. Always in the precision of its weights.

    It is a small part of the work, and PyTorch's CPU kernels give wrong weight gradients for it in bfloat16 (seen with
    torch 2.14: relative errors near 1, now and then not finite).
    """

    def __init__(self, channels: int, *, stride: int = 1, dilation: int = 1, bias: bool = False) -> None:
        super().__init__(
            channels, channels, 3, stride=stride, padding=dilation, dilation=dilation, groups=channels, bias=bias
        )

    def forward(self, input: AnyFeature) -> AnyFeature:
        with in_float32(input.device.type):
            return super().forward(input.to(self.weight.dtype))


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of a feature map, at each position by itself."""

    def forward(self, input: Feature) -> Feature:
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


class GroupedChannelNorm(ChannelNorm):
    """The same parameters, but each of the equal groups of channels has a mean and a deviation of its own."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(channels)
        self.groups = groups

    def forward(self, input: Feature) -> Feature:
        grouped = input.movedim(1, -1).unflatten(-1, (self.groups, -1))
        normed = F.layer_norm(grouped, grouped.shape[-1:], eps=self.eps).flatten(-2)
        return (normed * self.weight + self.bias).movedim(-1, 1)


class FeedForward(nn.Sequential):
    """Two linear maps with a GELU between them, applied to each token by itself."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__(
            OrderedDict(
                expand=nn.Linear(width, width * ratio), activation=nn.GELU(), reduce=nn.Linear(width * ratio, width)
            )
        )

    def forward(self, input: Tokens) -> Tokens:
        return super().forward(input)

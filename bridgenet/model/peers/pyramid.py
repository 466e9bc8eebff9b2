"""A pyramid of maps whose grid halves from one to the next, for systems that need one and backbones that have none.

A plain ViT hands out four maps of one grid, a dilated ResNet several. As BridgeNet's paper does with a ViT (section
IV-A), transposed convolutions make a grid finer and strided ones make it coarser. They are modules of the network that
needs them, and count as its own.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log2

from torch import nn

from bridgenet.model.backbone import Backbone
from bridgenet.model.layers import conv_norm_relu
from bridgenet.shapes import AnyFeature

FINEST = 4
"""Pixels of the image along each side of a place of the finest map."""


class HalvingPyramid(nn.Module):
    """From every map the one of its scale: 1/4, 1/8, ... of the image, as near as powers of two come.

    Args:
        channels: Of the maps, fine to coarse.
        strides: Pixels of the image along each side of a place of each map.
        width: Channels of the coarsest scale.

    Attributes:
        channels: Of the pyramid, fine to coarse: `width`, and half of it at each finer scale.
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int], width: int) -> None:
        super().__init__()
        self.channels = tuple(max(width >> finer, 1) for finer in range(len(channels))[::-1])
        self.scales = nn.ModuleList(
            _resampled(given, own, round(log2(stride / FINEST)) - scale)
            for scale, (given, own, stride) in enumerate(zip(channels, self.channels, strides, strict=True))
        )

    def forward(self, features: tuple[AnyFeature, ...]) -> tuple[AnyFeature, ...]:
        return tuple(scale(feature) for scale, feature in zip(self.scales, features, strict=True))


class AsItIs(nn.Identity):
    """The maps of a backbone that halve already.

    Args:
        channels: Of the maps, fine to coarse.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = tuple(channels)


def halving(channels: Sequence[int], backbone: Backbone | None, width: int | None = None) -> HalvingPyramid | AsItIs:
    """What makes a halving pyramid of the maps of a backbone; maps without a backbone are taken for one.

    Args:
        channels: Of the maps, fine to coarse.
        backbone: Where they come from.
        width: Channels of the coarsest scale. None: as many as the coarsest map has.
    """
    strides = [FINEST << scale for scale in range(len(channels))] if backbone is None else backbone.strides
    if width is None and all(coarser == 2 * finer for finer, coarser in pairwise(strides)):
        return AsItIs(channels)
    return HalvingPyramid(channels, strides, channels[-1] if width is None else width)


def _resampled(channels_in: int, channels_out: int, doublings: int) -> nn.Module:
    """Convolutions that double the grid so many times, halve it where that is below zero, or keep it."""
    widths = [channels_in] + [channels_out] * max(abs(doublings), 1)
    return nn.Sequential(*(_step(one, two, doublings) for one, two in pairwise(widths)))


def _step(channels_in: int, channels_out: int, doublings: int) -> nn.Sequential:
    step = conv_norm_relu(channels_in, channels_out, 3)
    if doublings > 0:
        step.conv = nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2, bias=False)
    elif doublings < 0:
        step.conv = nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1, bias=False)
    return step

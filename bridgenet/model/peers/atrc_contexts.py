"""What one task gathers from another: contexts, of one kind for each ordered pair (ATRC, Brueggemann et al. 2021).

The target asks at every place; keys and values come from the source's feature. They are its places, all of them or
those around, or one vector for each region of an answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import reduce
from math import sqrt
from operator import add
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

from bridgenet.config.systems import ContextKind
from bridgenet.model.layers import conv_norm_relu
from bridgenet.shapes import AnyFeature, AnyTokens

REACH = 4
"""A local context reaches so many places in every direction."""


class Context(nn.Module, ABC):
    """Queries of the target, keys and values of the source, and what the values are gathered to.

    Args:
        channels: Of the features of both.
        width: Of queries, keys, values and of the context.
    """

    activation: ClassVar[type[nn.Module]] = nn.ReLU

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.query, self.key = (_projection(channels, width, self.activation()) for _ in range(2))
        self.value = conv_norm_relu(channels, width, 1)

    def forward(self, source: AnyFeature, target: AnyFeature, regions: AnyTokens | None = None) -> AnyFeature:
        """Context of the target.

        Args:
            source: Feature that is read.
            target: Feature that asks.
            regions: For contexts of labels: (batch, regions, places) weight of each place in each region; sums to 1
                over the places.
        """
        read = self.read(source, regions)
        return self.gathered(*map(_with_plain_gradient, (self.query(target), self.key(read), self.value(read))))

    def read(self, source: AnyFeature, regions: AnyTokens | None) -> AnyFeature:
        """What keys and values are made of."""
        return source

    @abstractmethod
    def gathered(self, query: AnyFeature, key: AnyFeature, value: AnyFeature) -> AnyFeature:
        """Weighted sums of the values, on the grid of the queries."""


class GlobalContext(Context):
    """All places of the source, in linear time: a weight is the share of a product of positive queries and keys."""

    activation = nn.Softplus

    def gathered(self, query: AnyFeature, key: AnyFeature, value: AnyFeature) -> AnyFeature:
        queries, keys, values = query.flatten(2), key.flatten(2), value.flatten(2)
        gathered = (values @ keys.transpose(1, 2)) @ queries
        total = keys.sum(dim=2)[:, None] @ queries
        return (gathered / total).view_as(query)


class LocalContext(Context):
    """The places of the source around the target's own, 9 x 9 of them, by softmax.

    As in the original, places outside of the map are not left out of the softmax: they have score 0 and value 0, so
    contexts are smaller at the border.
    """

    def gathered(self, query: AnyFeature, key: AnyFeature, value: AnyFeature) -> AnyFeature:
        scores = torch.stack([(query * near).sum(dim=1) for near in _neighbours(key)], dim=1) / sqrt(query.shape[1])
        weights = scores.softmax(dim=1).split(1, dim=1)
        return reduce(add, (weight * near for weight, near in zip(weights, _neighbours(value), strict=True)))


class LabelContext(Context):
    """One vector for each region of an answer, by softmax over the regions."""

    def read(self, source: AnyFeature, regions: AnyTokens | None) -> AnyFeature:
        if regions is None:
            raise ValueError("A context of labels needs the regions of an answer.")
        return (source.flatten(2) @ regions.transpose(1, 2))[..., None]

    def gathered(self, query: AnyFeature, key: AnyFeature, value: AnyFeature) -> AnyFeature:
        scores = query.flatten(2).transpose(1, 2) @ key.flatten(2) / sqrt(query.shape[1])
        return (value.flatten(2) @ scores.softmax(dim=2).transpose(1, 2)).view_as(query)


CONTEXTS: dict[ContextKind, type[Context]] = {
    "global": GlobalContext,
    "local": LocalContext,
    "target-label": LabelContext,
    "source-label": LabelContext,
}
"""What gathers a context of each kind; `none` has none."""


class Regions(nn.Module):
    """From an auxiliary answer to regions: for each of its channels, a softmax over all places."""

    def forward(self, logits: AnyFeature) -> AnyTokens:
        return logits.flatten(2).softmax(dim=2)


class _PlainGradient(torch.autograd.Function):
    """The feature itself, whose gradient is laid out channel after channel."""

    @staticmethod
    def forward(ctx: FunctionCtx, feature: Tensor) -> Tensor:
        return feature.view_as(feature)

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Tensor) -> Tensor:
        return grad_outputs[0].contiguous()


def _with_plain_gradient(feature: AnyFeature) -> AnyFeature:
    """The feature, made safe to be part of a matrix product as it was.

    Products with transposed tokens lay gradients out place after place, and for one image PyTorch's CPU kernel of
    batch norm reads them wrongly then (seen with torch 2.14: errors as large as the gradient itself).
    """
    return cast(Tensor, _PlainGradient.apply(feature))


def _projection(channels: int, width: int, activation: nn.Module) -> nn.Sequential:
    first, second = conv_norm_relu(channels, width, 1), conv_norm_relu(width, width, 1)
    second.activation = activation
    return nn.Sequential(first, second)


def _neighbours(feature: AnyFeature) -> Iterator[Tensor]:
    """The feature moved by every step of the neighbourhood, zero where it comes from outside of the map."""
    height, width = feature.shape[-2:]
    padded, side = F.pad(feature, [REACH] * 4), range(2 * REACH + 1)
    return (padded[..., row : row + height, column : column + width] for row in side for column in side)

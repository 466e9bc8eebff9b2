"""Attention written out, because here the maps are results and not means."""

from collections import OrderedDict

from torch import nn
from torch.nn import functional as F

from bridgenet.model.layers import DepthwiseConv, to_tokens
from bridgenet.shapes import AnyAttention, AnyFeature, AnyTokens, Tokens


class QueryReduction(nn.Sequential):
    """Depth-wise 3x3 convolution with a stride, and batch norm: a smaller map, whose places are the query tokens."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__(
            OrderedDict(
                conv=DepthwiseConv(channels, stride=stride),
                norm=nn.BatchNorm2d(channels),
            )
        )

    def forward(self, input: AnyFeature) -> AnyFeature:
        return super().forward(input)


class AttentionProjections(nn.Module):
    """Linear maps to queries, keys and values, Eq. (4)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)


def pool_tokens(feature: AnyFeature, window: int) -> AnyTokens:
    """Average pooling with window = stride, rounded up, then flattened: the task tokens of the BFE, Eq. (3)."""
    return to_tokens(F.avg_pool2d(feature, window, stride=window, ceil_mode=True, count_include_pad=False))


def attention_logits(query: AnyTokens, key: AnyTokens, heads: int) -> AnyAttention:
    """Eq. (1) and the inside of Eq. (5), per head: products of queries and keys over sqrt(width).

    The width is that of all heads together, as in the paper's equations.
    """
    scale = query.shape[-1] ** -0.5
    return (_split(query, heads) @ _split(key, heads).transpose(-2, -1)) * scale


def attend(attention: AnyAttention, value: AnyTokens) -> AnyTokens:
    """Values averaged by attention (batch, heads, queries, keys), heads merged."""
    return (attention @ _split(value, attention.shape[1])).transpose(1, 2).flatten(2)


def _split(tokens: Tokens, heads: int) -> AnyFeature:
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)

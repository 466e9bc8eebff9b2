"""Bridge Feature Extractor (BFE), section III-C: one feature that has asked every task.

Queries come from a task-generic feature of the backbone, keys and values from the pooled features of all tasks,
Eqs. (3) to (6). The number of keys grows linearly with the number of tasks.
"""

import torch
from torch import nn

from bridgenet.model.attention import AttentionProjections, QueryReduction, attend, attention_logits, pool_tokens
from bridgenet.model.layers import (
    ChannelNorm,
    DepthwiseConv,
    FeedForward,
    reduced_grid,
    resize_to,
    to_feature,
    to_tokens,
)
from bridgenet.shapes import AnyAttention, AnyFeature, AnyTokens
from bridgenet.trace import Features


class BridgeFeatureExtractor(nn.Module):
    """Bridge feature and attention of one stage.

    Args:
        width: Channels of query map, task features and bridge feature (C_s).
        heads: Attention heads.
        query_reduction: Stride of the query tokens.
        token_reduction: Pooling window of the task tokens.
        mlp_ratio: Hidden width of the feed-forward part.
    """

    def __init__(self, width: int, *, heads: int, query_reduction: int, token_reduction: int, mlp_ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_reduction = query_reduction
        self.token_reduction = token_reduction
        self.token_norm = ChannelNorm(width)
        self.reduce_query = QueryReduction(width, query_reduction)
        self.project = AttentionProjections(width)
        self.softmax = nn.Softmax(dim=-1)
        self.merge = nn.Linear(width, width)
        self.restore = DepthwiseConv(width, bias=True)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, mlp_ratio)

    def forward(self, query: AnyFeature, task_specific: Features) -> tuple[AnyFeature, AnyAttention]:
        """Bridge feature on the grid of the query map, and attention over the tokens of all tasks, in task order."""
        query_map = self.reduce_query(query)
        tokens = self.task_tokens(task_specific)
        logits = attention_logits(self.project.query(to_tokens(query_map)), self.project.key(tokens), self.heads)
        attention = self.softmax(logits)
        message = to_feature(self.merge(attend(attention, self.project.value(tokens))), query_map.shape[-2:])
        size = query.shape[-2:]
        bridge = to_tokens(query + self.restore(resize_to(message, size)))
        return to_feature(bridge + self.feed_forward(self.norm(bridge)), size), attention

    def grids(self, query: AnyFeature, task_specific: Features) -> tuple[tuple[int, int], tuple[int, int], int]:
        """Rows and columns of the queries, of the tokens of each task, and the window of these."""
        window, tasks = self.token_reduction, next(iter(task_specific.values()))
        return reduced_grid(query, self.query_reduction), reduced_grid(tasks, window), window

    def task_tokens(self, task_specific: Features) -> AnyTokens:
        """Eq. (3): normed and pooled tokens of all tasks, one task after the other."""
        pooled = [pool_tokens(self.token_norm(feature), self.token_reduction) for feature in task_specific.values()]
        return torch.cat(pooled, dim=1)


class ForeignBridgeFeatureExtractor(BridgeFeatureExtractor):
    """Control: the bridge reads the tasks of the image before it in the batch. Same parameters, no information."""

    def task_tokens(self, task_specific: Features) -> AnyTokens:
        """Eq. (3), of another image.

        Raises:
            ValueError: The batch has one image, so there is no other.
        """
        if len(next(iter(task_specific.values()))) < 2:
            raise ValueError(
                'The bridge of this network reads the tasks of another image of the batch (bridge_reads = "foreign", '
                "a control that carries no information): give it at least two images."
            )
        return super().task_tokens({task: feature.roll(1, dims=0) for task, feature in task_specific.items()})


class UnaskingBridge(nn.Module):
    """Control: the bridge asks nobody. Eq. (6) without its attention: only the query map and the feed-forward part.

    What is left is a decoder whose tasks are refined with the backbone's finer maps.

    Args:
        width: Channels of query map and bridge feature (C_s).
        mlp_ratio: Hidden width of the feed-forward part.
    """

    def __init__(self, width: int, *, mlp_ratio: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, mlp_ratio)

    def forward(self, query: AnyFeature, task_specific: Features) -> tuple[AnyFeature, None]:
        """Bridge feature on the grid of the query map, and no attention. The task features are not looked at."""
        bridge = to_tokens(query)
        return to_feature(bridge + self.feed_forward(self.norm(bridge)), query.shape[-2:]), None


class QueryEmbedding(nn.Module):
    """Q_s: a task-generic feature brought to the width of the stage.

    Args:
        channels: Channels of the backbone map.
        hidden: Channels after a first 3x3 convolution. None: the map is taken as it is (first stage).
        width: Channels of the query map (C_s).
    """

    def __init__(self, channels: int, hidden: int | None, width: int) -> None:
        super().__init__()
        self.embed = nn.Identity() if hidden is None else nn.Conv2d(channels, hidden, 3, padding=1)
        self.project = nn.Conv2d(hidden or channels, width, 1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, task_generic: AnyFeature) -> AnyFeature:
        return self.norm(self.project(self.embed(task_generic))).relu()


class BridgeCascade(nn.Module):
    """Adds the bridge feature of the coarser stage, through a 1x1 convolution, to that of the finer one."""

    def __init__(self, coarser_width: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(coarser_width, width, 1)

    def forward(self, bridge: AnyFeature, coarser: AnyFeature) -> AnyFeature:
        return bridge + resize_to(self.conv(coarser), bridge.shape[-2:])

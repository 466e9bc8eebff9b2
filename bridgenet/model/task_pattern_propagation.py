"""Task Pattern Propagation (TPP), section III-B: every task looks at its own map, guided by the patterns of all tasks.

A task's pattern is its self-attention map before the softmax, Eq. (1). The maps of all tasks are fused for each task
by a 1x1 convolution over the head axis, and the fused map gathers that task's own values, Eq. (2).
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from bridgenet.model.attention import AttentionProjections, QueryReduction, attend, attention_logits
from bridgenet.model.by_task import ByTask
from bridgenet.model.layers import FeedForward, resize_to, to_feature, to_tokens
from bridgenet.shapes import AnyAttention, AnyFeature, AnyTokens
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Pattern


class TaskPatternPropagation(nn.Module):
    """TPP over all tasks, on the base grid.

    Args:
        tasks: Names, in order.
        width: Channels of the task-specific features (E).
        heads: Attention heads.
        stride: Stride of the query tokens; keys and values are pooled to about the same grid.
        mlp_ratio: Hidden width of the feed-forward part.
    """

    def __init__(self, tasks: tuple[TaskName, ...], *, width: int, heads: int, stride: int, mlp_ratio: int) -> None:
        super().__init__()
        self.stride = stride
        self.patterns = ByTask({task: TaskPattern(width, heads, stride) for task in tasks})
        self.propagations = ByTask({task: Propagation(len(tasks), width, heads, mlp_ratio) for task in tasks})

    def forward(self, task_specific: Features) -> Pattern:
        own: dict[TaskName, OwnPattern] = {
            task: pattern(task_specific[task]) for task, pattern in self.patterns.items()
        }
        all_logits = torch.cat([pattern.logits for pattern in own.values()], dim=1)
        propagated: dict[TaskName, Propagated] = {
            task: propagate(task_specific[task], own[task].value, all_logits, own[task].query_grid)
            for task, propagate in self.propagations.items()
        }
        some = next(iter(own.values()))
        return Pattern(
            logits={task: pattern.logits for task, pattern in own.items()},
            fused_logits={task: result.fused_logits for task, result in propagated.items()},
            attention={task: result.attention for task, result in propagated.items()},
            feature={task: result.feature for task, result in propagated.items()},
            query_grid=some.query_grid,
            key_grid=some.key_grid,
            stride=self.stride,
        )


class OwnPattern(NamedTuple):
    """What one task brings: its logits A_t, its values V_t, and the grids of its queries and keys."""

    logits: AnyAttention
    value: AnyTokens
    query_grid: tuple[int, int]
    key_grid: tuple[int, int]


class TaskPattern(nn.Module):
    """Eq. (1): the self-attention logits of one task, and its values."""

    def __init__(self, width: int, heads: int, stride: int) -> None:
        super().__init__()
        self.heads = heads
        self.stride = stride
        self.norm = nn.LayerNorm(width)
        self.reduce_query = QueryReduction(width, stride)
        self.project = AttentionProjections(width)

    def forward(self, task_specific: AnyFeature) -> OwnPattern:
        normed = to_feature(self.norm(to_tokens(task_specific)), task_specific.shape[-2:])
        query_map = self.reduce_query(normed)
        query = self.project.query(to_tokens(query_map))
        # Zeros of the padding count in the mean, the part of the last window beyond the padding does not.
        pooled = F.avg_pool2d(normed, 3, stride=self.stride, padding=1, ceil_mode=True)
        context = to_tokens(pooled)
        logits = attention_logits(query, self.project.key(context), self.heads)
        query_grid, key_grid = (query_map.shape[-2], query_map.shape[-1]), (pooled.shape[-2], pooled.shape[-1])
        return OwnPattern(logits, self.project.value(context), query_grid, key_grid)


class Propagated(NamedTuple):
    """What one task receives."""

    fused_logits: AnyAttention
    attention: AnyAttention
    feature: AnyFeature


class Propagation(nn.Module):
    """Eq. (2): the patterns of all tasks, fused for one task, gather that task's values."""

    def __init__(self, tasks: int, width: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.fuse = nn.Conv2d(heads * tasks, heads, 1)
        self.softmax = nn.Softmax(dim=-1)
        self.project = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, mlp_ratio)

    def forward(
        self, task_specific: AnyFeature, value: AnyTokens, all_logits: AnyAttention, query_grid: tuple[int, int]
    ) -> Propagated:
        size = task_specific.shape[-2:]
        fused_logits = self.fuse(all_logits)
        attention = self.softmax(fused_logits)
        message = self.project(attend(attention, value))
        tokens = to_tokens(task_specific + resize_to(to_feature(message, query_grid), size))
        tokens = tokens + self.feed_forward(self.norm(tokens))
        # A second residual around the whole block, as in the authors' release.
        return Propagated(fused_logits, attention, to_feature(tokens, size) + task_specific)

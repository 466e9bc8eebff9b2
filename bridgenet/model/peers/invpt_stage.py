"""A stage of InvPT: every task reads the tokens of all tasks, and hands its attention on to the next finer stage.

Queries are each task's own (stride 2), keys and values are tokens pooled to the same number per task in every stage.
Before the softmax, the scores of the coarser stage are enlarged over their queries and mixed into the own ones.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from functools import partial

import torch
from torch import nn

from bridgenet.model.attention import AttentionProjections, QueryReduction, attend, attention_logits, pool_tokens
from bridgenet.model.by_task import ByTask
from bridgenet.model.layers import ChannelNorm, FeedForward, reduced_grid, resize_to, to_feature, to_tokens
from bridgenet.model.network import (
    Meeting,
    Pairs,
    Removal,
    Shares,
    check_same_grid,
    edit_input,
    every_pair,
    mask_keys,
    other_trace,
    over_stages,
    random_mask,
    replaced,
)
from bridgenet.model.stage import Upsampler
from bridgenet.model.task_feature_refiner import AddRefinement
from bridgenet.shapes import AnyAttention, AnyFeature, AnyTokens
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Stage, Trace

HEADS = 2
"""Attention heads."""

QUERY_STRIDE = 2
"""Places of a task's feature between neighbouring queries."""

MLP_RATIO = 4
"""Hidden width of the feed-forward part, as a multiple of its width."""


class Rise(nn.Module):
    """What a finer stage begins with: every task on twice the grid, and a backbone map that is added to all of them.

    Args:
        tasks: Names, in order.
        coarser_width: Channels of every task in the stage before.
        width: Channels of every task in this stage.
        skip: Brings the backbone map to the width of this stage.
    """

    def __init__(self, tasks: tuple[TaskName, ...], coarser_width: int, width: int, skip: nn.Module) -> None:
        super().__init__()
        self.upsamplers = ByTask({task: Upsampler(coarser_width, width) for task in tasks})
        self.skip = skip

    def forward(self, coarser: Features, task_generic: AnyFeature) -> Features:
        raised: Features = {task: upsample(coarser[task]) for task, upsample in self.upsamplers.items()}
        skip = self.skip(task_generic)
        return {task: feature + resize_to(skip, feature.shape[-2:]) for task, feature in raised.items()}


class Reader(nn.Module):
    """What one task has to itself in a stage: its queries, and what it is given to read.

    Keys and values are the same for every task, unless a cut changes what this one gets: `key` and `value` are where.

    Args:
        width: Channels of the task's feature.
        stride: Places of it between neighbouring queries.
    """

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.reduce_query = QueryReduction(width, stride)
        self.key = nn.Identity()
        self.value = nn.Identity()
        self.softmax = nn.Softmax(dim=-1)


class MessagePassing(nn.Module):
    """Mixes the scores of the coarser stage into the own ones: a 1x1 convolution over the heads of both.

    The paper describes a learned sum of two maps; the authors' code, and this, lets all heads of both take part.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fuse = nn.Conv2d(2 * HEADS, HEADS, 1)

    def forward(
        self, own: AnyAttention, coarser: AnyAttention, coarser_grid: tuple[int, int], grid: tuple[int, int]
    ) -> AnyAttention:
        """Scores of one task; both grids are those of its queries. The keys are as many in every stage."""
        over_queries = to_feature(coarser.flatten(0, 1), coarser_grid)
        message = to_tokens(resize_to(over_queries, grid)).unflatten(0, coarser.shape[:2])
        return self.fuse(torch.cat([own, message], dim=1))


class CrossTaskStage(nn.Module):
    """One stage. Queries are reduced for each task by itself; norms, linear maps and message passing are shared.

    Args:
        tasks: Names, in order.
        width: Channels of every task.
        window: Places of a task's feature, along each side, that a key is the mean of; rounded up at the border.
        rise: What the stage begins with; None in the first, which gets no scores from a coarser one either.
        reads_others: Whether a task reads the tokens of all tasks, and not its own alone.
        heads: Of the attention.
        stride: Places of a task's feature between neighbouring queries.
    """

    def __init__(
        self,
        tasks: tuple[TaskName, ...],
        width: int,
        window: int,
        *,
        rise: Rise | None,
        reads_others: bool = True,
        heads: int = HEADS,
        stride: int = QUERY_STRIDE,
    ) -> None:
        super().__init__()
        self.window = window
        self.heads = heads
        self.stride = stride
        self.reads_others = reads_others
        self.rise = rise
        self.token_norm = ChannelNorm(width)
        self.readers = ByTask({task: Reader(width, stride) for task in tasks})
        self.project = AttentionProjections(width)
        self.message_passing = None if rise is None else MessagePassing()
        self.merge = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, MLP_RATIO)

    def forward(
        self,
        features: Features,
        task_generic: AnyFeature | None = None,
        coarser: Stage | None = None,
    ) -> Stage:
        """The stage from the features of the coarser one, and for all but the first a backbone map and that stage."""
        if self.rise is not None and task_generic is not None:
            features = self.rise(features, task_generic)
        some = next(iter(features.values()))
        grid, key_grid = reduced_grid(some, self.stride), reduced_grid(some, self.window)
        normed = self.normed(features)
        key, value = self.keys_and_values(normed)
        logits, attention, refined = {}, {}, {}
        for task, reader in self.readers.items():
            query = self.project.query(to_tokens(reader.reduce_query(normed[task])))
            logits[task] = attention_logits(query, reader.key(key), self.heads)
            if self.message_passing is not None and coarser is not None and coarser.query_grid is not None:
                logits[task] = self.message_passing(logits[task], coarser.cross_logits[task], coarser.query_grid, grid)
            attention[task] = reader.softmax(logits[task] if self.reads_others else self._own(logits[task], task))
            read = self.merge(attend(attention[task], reader.value(value)))
            refined[task] = self._refined(features[task], to_feature(read, grid))
        return Stage(
            features,
            query=None,
            bridge_before_cascade=None,
            bridge=None,
            attention=None,
            refined=refined,
            query_grid=grid,
            key_grid=key_grid,
            token_window=self.window,
            cross_logits=logits,
            cross_attention=attention,
        )

    def normed(self, features: Features) -> Features:
        """What queries, keys and values are made of: the features after the layer norm that all tasks share."""
        return {task: self.token_norm(feature) for task, feature in features.items()}

    def keys_and_values(self, normed: Features) -> tuple[AnyTokens, AnyTokens]:
        """Keys and values (batch, tokens, channels) of the normed features, first task's tokens first."""
        tokens = torch.cat([pool_tokens(feature, self.window) for feature in normed.values()], dim=1)
        return self.project.key(tokens), self.project.value(tokens)

    def _own(self, logits: AnyAttention, task: TaskName) -> AnyAttention:
        """Scores that leave a task its own tokens."""
        count = logits.shape[-1] // len(self.readers)
        others = torch.ones(logits.shape[-1], dtype=torch.bool, device=logits.device)
        others[_span(tuple(self.readers), task, count)] = False
        return logits.masked_fill(others, float("-inf"))

    def _refined(self, feature: AnyFeature, read: AnyFeature) -> AnyFeature:
        size = feature.shape[-2:]
        tokens = to_tokens(feature + resize_to(read, size))
        return to_feature(tokens + self.feed_forward(self.norm(tokens)), size)


class CrossTaskMeeting(Meeting):
    """Where each task reads the tokens of all tasks, in every stage.

    A task keeps its own tokens for itself: they are taken from the others alone. `mask` takes them out of the others'
    softmax, so that attention is shared among the tokens left; with the other removals the others get other keys and
    values. What is handed on to the next stage stays with the task that asked, so nothing of a cut task passes there.

    In the first stage a task that is cut stays as it is. In the finer ones it reads others that have changed, so what
    it told them is missing there as well: that comes back to itself, and to nobody else.
    """

    name = "attention"
    title = "Cross-task attention"
    whole = "every task reads the tokens of all tasks"
    cut_off = "the task's keys and values are {} for the others"

    def __init__(self, stages: Iterable[CrossTaskStage]) -> None:
        self.stages = tuple(stages)

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        return {f"stages.{index}": every_pair(trace.predictions) for index in range(len(self.stages))}

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        tasks = tuple(trace.predictions)
        for index, stage in enumerate(self.stages):
            count = _keys(trace.stages[index]) // len(tasks)
            swapped = (None, None)
            if removal == "swap":
                theirs = other_trace(other).stages[index]
                check_same_grid(theirs.key_grid, trace.stages[index].key_grid)
                swapped = stage.keys_and_values(stage.normed(_entering(theirs)))
            for target, reader in stage.readers.items():
                spans = [_span(tasks, source, count) for source in sources if source != target]
                if removal == "mask":
                    dropped = torch.zeros(count * len(tasks), dtype=torch.bool)
                    for span in spans:
                        dropped[span] = True
                    mask_keys(hooks, reader.softmax, dropped)
                    continue
                for given, instead in zip((reader.key, reader.value), swapped, strict=True):
                    edit_input(hooks, given, partial(replaced, removal, spans, instead))

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """In every stage a random share of the tokens is masked, the same ones to every task. One is always left."""
        for stage, told in zip(self.stages, trace.stages, strict=True):
            dropped = random_mask(_keys(told), share, generator)
            for reader in stage.readers.values():
                mask_keys(hooks, reader.softmax, dropped)

    def shares(self, trace: Trace) -> Shares:
        """Attention of each task on the tokens of every task, mean over queries and heads; see `over_stages`."""
        told = []
        for stage in trace.stages:
            reads = [
                [part.double().sum(dim=-1).mean() for part in stage.read_by(task).values()] for task in stage.refined
            ]
            told.append(torch.stack([torch.stack(read) for read in reads], dim=1))
        return over_stages(told, trace.stages)


def _entering(stage: Stage) -> Features:
    """What tasks read of each other: their features, with the bridge added where there is one."""
    if stage.bridge is None:
        return stage.task_specific
    bridge, add = stage.bridge, AddRefinement()
    return {task: add(feature, bridge) for task, feature in stage.task_specific.items()}


def _span(tasks: Sequence[TaskName], source: TaskName, count: int) -> slice:
    return slice(tasks.index(source) * count, (tasks.index(source) + 1) * count)


def _keys(stage: Stage) -> int:
    return next(iter(stage.cross_attention.values())).shape[-1]

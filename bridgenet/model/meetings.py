"""The two places where BridgeNet's tasks read each other, TPP and BFE.

Whoever cuts a task from them changes the statistics of a third, the joint layer norm of the side outputs, and with
them the scale of every task, read or not: `BridgeNet.hold_norms` keeps the statistics where they were.
"""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
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
    replacement,
    through_one,
)
from bridgenet.model.task_pattern_propagation import TaskPatternPropagation
from bridgenet.tasks import TaskName
from bridgenet.trace import Pattern, Stage, Trace


class PatternMeeting(Meeting):
    """TPP: the maps of all tasks, fused for each target by a convolution of its own, Eq. (2).

    A map is a summand of logits, so `mask` and `zero` are the same: the source contributes nothing. `mean` gives each
    query the mean of its row; softmax does not see a constant, so this too equals `zero`, but for rounding. A task
    keeps its own map for itself.
    """

    name = "tpp"
    title = "TPP"
    whole = "every task fuses all maps"
    cut_off = "the task's map is {} where others fuse it"

    def __init__(self, propagation: TaskPatternPropagation) -> None:
        self.propagation = propagation

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        return {"pattern": every_pair(trace.predictions)}

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        tasks = tuple(trace.predictions)
        for target in tasks:
            cut: list[TaskName] = [source for source in sources if source != target]
            if cut:
                edit = partial(_without_maps, tasks, cut, removal, other)
                edit_input(hooks, self.propagation.propagations[target].fuse, edit)

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """A random share of all (task, key) columns contributes nothing, the same ones to every target."""
        logits = list(_pattern(trace).logits.values())
        heads, keys = logits[0].shape[1], logits[0].shape[-1]
        dropped = random_mask(len(logits) * keys, share, generator).view(len(logits), keys)
        dropped = dropped.repeat_interleave(heads, dim=0)[:, None].to(logits[0].device)
        for target in trace.predictions:
            fuse = self.propagation.propagations[target].fuse
            edit_input(hooks, fuse, lambda maps: maps.masked_fill(dropped, 0))

    def shares(self, trace: Trace) -> Shares:
        """How much each source's map weighs in the target's fused map.

        The source's channels times their fusion weights, less the mean of each row (softmax does not see it), as mean
        absolute value. A target whose fusion weights are all zero reads every source alike.
        """
        patterns = _pattern(trace).logits
        maps = torch.stack([logits.double() for logits in patterns.values()])
        maps = maps - maps.mean(dim=-1, keepdim=True)
        columns = []
        for target in patterns:
            fuse = self.propagation.propagations[target].fuse
            weight = fuse.weight.detach().double()[:, :, 0, 0].unflatten(1, (len(patterns), -1))
            # o: head of the target, t: source, h: head of the source, b: batch, q: query, k: key
            said = torch.einsum("oth,tbhqk->tobqk", weight, maps).abs().mean(dim=(1, 2, 3, 4))
            columns.append(said / said.sum() if said.sum() > 0 else torch.full_like(said, 1 / len(patterns)))
        return torch.stack(columns, dim=1)


class BridgeMeeting(Meeting):
    """BFE: the tokens of all tasks, read by the extractor of every stage, Eqs. (3) to (5).

    The bridge is one for all tasks, so a task that is cut is refined without its own tokens too. `mask` takes tokens
    out of the softmax, so that attention is shared among the tokens left; the other removals replace what enters the
    projections to keys and values.
    """

    name = "bfe"
    title = "BFE"
    whole = "the bridge reads all tokens"
    cut_off = "the task's tokens are {} for the bridge"
    hub = True

    def __init__(self, extractors: Sequence[BridgeFeatureExtractor]) -> None:
        self.extractors = tuple(extractors)

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        """Through the bridge, a task reads its own tokens too."""
        return {f"stages.{index}": through_one(trace.predictions) for index in range(len(self.extractors))}

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        tasks = tuple(trace.predictions)
        if removal == "mask" and set(sources) == set(tasks):
            raise ValueError(
                f"Masking {', '.join(tasks)} leaves the bridge nothing to read. Use removal 'zero' or 'mean' instead."
            )
        for index, (extractor, stage) in enumerate(zip(self.extractors, trace.stages, strict=True)):
            count = _keys(stage) // len(tasks)
            spans = [slice(tasks.index(source) * count, (tasks.index(source) + 1) * count) for source in sources]
            if removal == "mask":
                dropped = torch.zeros(_keys(stage), dtype=torch.bool)
                for span in spans:
                    dropped[span] = True
                mask_keys(hooks, extractor.softmax, dropped)
                continue
            swapped = None
            if removal == "swap":
                swapped = extractor.task_tokens(other_trace(other).stages[index].task_specific)
                check_same_grid(swapped.shape[1], count * len(tasks))
            for projection in (extractor.project.key, extractor.project.value):
                edit_input(hooks, projection, partial(replaced, removal, spans, swapped))

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """In every stage a random share of the tokens is masked. One token is always left."""
        for extractor, stage in zip(self.extractors, trace.stages, strict=True):
            mask_keys(hooks, extractor.softmax, random_mask(_keys(stage), share, generator))

    def silence(self, hooks: ExitStack) -> None:
        """From now until `hooks` closes, what attention adds to the query map is zero; all else of the bridge stays."""

        def silent(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return torch.zeros_like(output)

        for extractor in self.extractors:
            hooks.callback(extractor.restore.register_forward_hook(silent).remove)

    def shares(self, trace: Trace) -> Shares:
        """Attention on the tokens of each task, mean over queries and heads; see `over_stages`.

        A stage has one bridge for all targets.
        """
        tasks, shares = tuple(trace.predictions), []
        for stage in trace.stages:
            read = _attention(stage).double().mean(dim=(0, 1, 2)).view(len(tasks), -1).sum(dim=1)
            shares.append(read[:, None].expand(len(tasks), len(tasks)))
        return over_stages(shares, trace.stages)


def _without_maps(
    tasks: Sequence[TaskName], cut: Sequence[TaskName], removal: Removal, other: Trace | None, maps: Tensor
) -> Tensor:
    """The maps of all tasks (batch, tasks * heads, queries, keys) with others where those that are cut have theirs."""
    maps, heads = maps.clone(), maps.shape[1] // len(tasks)
    for source in cut:
        channels = slice(tasks.index(source) * heads, (tasks.index(source) + 1) * heads)
        if removal == "swap":
            swapped = _pattern(other_trace(other)).logits[source]
            check_same_grid(swapped.shape[-2:], maps.shape[-2:])
            maps[:, channels] = swapped
        else:
            maps[:, channels] = replacement(removal, maps[:, channels], dim=-1)
    return maps


def _pattern(trace: Trace) -> Pattern:
    if trace.pattern is None:
        raise ValueError("The trace has no TPP: it was made by another network.")
    return trace.pattern


def _attention(stage: Stage) -> Tensor:
    if stage.attention is None:
        raise ValueError("The trace has no bridge attention: it was made by another network.")
    return stage.attention


def _keys(stage: Stage) -> int:
    return _attention(stage).shape[-1]

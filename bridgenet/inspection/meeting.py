"""The three places where tasks meet, as hooks: what each of them reads of a task is replaced.

* TPP: the maps of all tasks, fused for each target by `pattern_propagation.propagations.<target>.fuse`.
* BFE: the tokens of all tasks, read by every `stages.<i>.extractor`.
* The joint layer norm of the side outputs, `fusion.sides.<i>.norm`: its mean and deviation are those of all tasks.

A network may lack any of them (`ModelConfig.tpp`, `bridge_reads`, `joint_norm`).

Whoever cuts a task from the first two changes the statistics of the third, and with them the scale of every task,
read or not. `hold_norms` keeps the statistics where they were.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from bridgenet.model.layers import GroupedChannelNorm
from bridgenet.trace import Trace

Removal = Literal["mask", "zero", "mean", "swap"]
"""What takes the place of a task: nothing, zeros, its own average, or another image's."""

Place = Literal["tpp", "bfe"]
"""Where tasks read each other."""

Norm = Literal["held", "free"]
"""Statistics of the joint layer norm: those of the uncut pass, or whatever the cut makes of them."""

REMOVALS: tuple[Removal, ...] = get_args(Removal)
PLACES: tuple[Place, ...] = get_args(Place)


def places_of(model: nn.Module) -> tuple[Place, ...]:
    """Where the tasks of this network read each other."""
    names = {name for name, _ in model.named_modules()}
    found: dict[Place, bool] = {"tpp": "pattern_propagation" in names, "bfe": "stages.0.extractor.softmax" in names}
    return tuple(place for place in PLACES if found[place])


def norms_jointly(model: nn.Module) -> bool:
    """Whether the side outputs of all tasks share one layer norm, so that each task's statistics are everybody's."""
    norms = (module for name, module in model.named_modules() if name == "fusion.sides.0.norm")
    return any(not isinstance(norm, GroupedChannelNorm) for norm in norms)


def check_cut(
    model: nn.Module, removal: str, places: Collection[str], norm: str, *, cuts_something: bool = True
) -> tuple[Place, ...]:
    """The places among `places` that this network has.

    Raises:
        ValueError: A name is unknown, or the network has none of the places.
    """
    for what, values, known in (
        ("removal", (removal,), REMOVALS),
        ("place", places, PLACES),
        ("norm", (norm,), get_args(Norm)),
    ):
        for value in values:
            if value not in known:
                raise ValueError(f"There is no {what} {value!r}. Possible: {', '.join(known)}.")
    present = places_of(model)
    if cuts_something and not set(places) & set(present):
        there = f"its tasks meet in: {', '.join(present)}" if present else "its tasks meet nowhere"
        raise ValueError(f"Nothing to cut in places {tuple(places)} of this network: {there}.")
    return tuple(place for place in present if place in places)


def cut_patterns(
    hooks: ExitStack, model: nn.Module, trace: Trace, sources: Collection[str], removal: str, other: Trace | None
) -> None:
    """TPP: every target but the source itself reads something else than the source's map.

    A map is a summand of logits here, so `mask` and `zero` are the same: the source contributes nothing. `mean` gives
    each query the mean of its row; softmax does not see a constant, so this too equals `zero`, but for rounding.
    """
    tasks = tuple(trace.predictions)
    for target in tasks:
        cut = [source for source in sources if source != target]

        def edit(maps: Tensor, cut: list[str] = cut) -> Tensor:
            maps, heads = maps.clone(), maps.shape[1] // len(tasks)
            for source in cut:
                channels = slice(tasks.index(source) * heads, (tasks.index(source) + 1) * heads)
                replacement = _replacement(removal, maps[:, channels], dim=-1)
                maps[:, channels] = _pattern_of(other, source, maps) if removal == "swap" else replacement
            return maps

        if cut:
            edit_input(hooks, model.get_submodule(f"pattern_propagation.propagations.{target}.fuse"), edit)


def cut_tokens(
    hooks: ExitStack, model: nn.Module, trace: Trace, sources: Collection[str], removal: str, other: Trace | None
) -> None:
    """BFE, every stage: the bridge does not read the tokens of the sources, or reads something else in their place.

    `mask` takes them out of the softmax, so that attention is shared among the tokens left; the others replace what
    enters the projections to keys and values.

    Raises:
        ValueError: `mask` would leave no token to read.
    """
    tasks = tuple(trace.predictions)
    if removal == "mask" and set(sources) == set(tasks):
        raise ValueError(
            f"Masking {', '.join(tasks)} leaves the bridge nothing to read. Use removal 'zero' or 'mean' instead."
        )
    for index, stage in enumerate(trace.stages):
        extractor: Any = model.get_submodule(f"stages.{index}.extractor")
        count = _keys(trace, index) // len(tasks)
        spans = [slice(tasks.index(source) * count, (tasks.index(source) + 1) * count) for source in sources]
        if removal == "mask":
            dropped = torch.zeros(_keys(trace, index), dtype=torch.bool)
            for span in spans:
                dropped[span] = True
            mask_keys(hooks, extractor.softmax, dropped)
            continue
        swapped = None
        if removal == "swap":
            swapped = extractor.task_tokens(_other(other).stages[index].task_specific)
            _check_same_grid(swapped.shape[1], count * len(stage.task_specific))

        def edit(tokens: Tensor, spans: list[slice] = spans, swapped: Tensor | None = swapped) -> Tensor:
            tokens = tokens.clone()
            for span in spans:
                own = tokens[:, span]
                tokens[:, span] = _replacement(removal, own, dim=1) if swapped is None else swapped[:, span]
            return tokens

        edit_input(hooks, extractor.project.key, edit)
        edit_input(hooks, extractor.project.value, edit)


def drop_pattern_columns(
    hooks: ExitStack, model: nn.Module, trace: Trace, share: float, generator: torch.Generator
) -> None:
    """TPP: a random share of all (task, key) columns contributes nothing, the same ones to every target."""
    if trace.pattern is None:
        return
    logits = list(trace.pattern.logits.values())
    heads, keys = logits[0].shape[1], logits[0].shape[-1]
    dropped = _random_mask(len(logits) * keys, share, generator).view(len(logits), keys)
    dropped = dropped.repeat_interleave(heads, dim=0)[:, None].to(logits[0].device)
    for target in trace.predictions:
        fuse = model.get_submodule(f"pattern_propagation.propagations.{target}.fuse")
        edit_input(hooks, fuse, lambda maps: maps.masked_fill(dropped, 0))


def drop_keys(hooks: ExitStack, model: nn.Module, trace: Trace, share: float, generator: torch.Generator) -> None:
    """BFE, every stage: a random share of the tokens is masked, whosever they are. One token is always left."""
    for index in range(len(trace.stages)):
        dropped = _random_mask(_keys(trace, index), share, generator)
        mask_keys(hooks, model.get_submodule(f"stages.{index}.extractor.softmax"), dropped)


def silence_bridge(hooks: ExitStack, model: nn.Module, stages: int) -> None:
    """BFE, every stage: what attention adds to the query map is zero. Query, feed-forward part and cascade stay."""

    def silent(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return torch.zeros_like(output)

    for index in range(stages):
        restore = model.get_submodule(f"stages.{index}.extractor.restore")
        hooks.callback(restore.register_forward_hook(silent).remove)


def mask_keys(hooks: ExitStack, softmax: nn.Module, dropped: Tensor) -> None:
    """Takes keys out of a softmax: the rows of the attention still sum to 1, over the keys left."""
    edit_input(hooks, softmax, lambda logits: logits.masked_fill(dropped.to(logits.device), -torch.inf))


def hold_norms(hooks: ExitStack, model: nn.Module, trace: Trace) -> None:
    """The joint layer norms use the mean and deviation that they had in this trace.

    Written as the traced output plus the change over the traced deviation, so that what did not change stays equal
    bit for bit. A network that normalises each task by itself has nothing to hold.
    """
    for index, stage in enumerate(trace.stages):
        norm: Any = model.get_submodule(f"fusion.sides.{index}.norm")
        if isinstance(norm, GroupedChannelNorm):
            continue
        before = torch.cat(list(stage.refined.values()), dim=1)
        normed = norm.forward(before)
        variance = before.var(dim=1, keepdim=True, correction=0)
        gain = torch.rsqrt(variance + norm.eps) * norm.weight[:, None, None]

        def held(
            module: nn.Module,
            inputs: tuple[Tensor, ...],
            output: Tensor,
            parts: tuple[Tensor, Tensor, Tensor] = (before, normed, gain),
        ) -> Tensor:
            before, normed, gain = parts
            return normed + (inputs[0] - before) * gain

        hooks.callback(norm.register_forward_hook(held).remove)


def edit_input(hooks: ExitStack, module: nn.Module, edit: Callable[[Tensor], Tensor]) -> None:
    """From now until `hooks` closes, the module gets `edit` of its first input."""

    def pre_hook(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return edit(inputs[0]), *inputs[1:]

    hooks.callback(module.register_forward_pre_hook(pre_hook).remove)


def _replacement(removal: str, own: Tensor, dim: int) -> Tensor:
    return own.mean(dim=dim, keepdim=True).expand_as(own) if removal == "mean" else torch.zeros_like(own)


def _pattern_of(other: Trace | None, source: str, maps: Tensor) -> Tensor:
    pattern = _other(other).pattern
    if pattern is None:
        raise ValueError("The other trace has no TPP: it was made by another network.")
    swapped = pattern.logits[source]
    _check_same_grid(swapped.shape[-2:], maps.shape[-2:])
    return swapped


def _other(other: Trace | None) -> Trace:
    if other is None:
        raise ValueError("Removal 'swap' takes the task from another image: give its trace as `other`.")
    return other


def _check_same_grid(theirs: object, ours: object) -> None:
    if theirs != ours:
        raise ValueError(f"The other image has another grid ({theirs} instead of {ours}): bring both to one size.")


def _keys(trace: Trace, stage: int) -> int:
    attention = trace.stages[stage].attention
    if attention is None:
        raise ValueError("The trace has no bridge attention: it was made by another network.")
    return attention.shape[-1]


def _random_mask(count: int, share: float, generator: torch.Generator) -> Tensor:
    dropped = torch.zeros(count, dtype=torch.bool)
    dropped[torch.randperm(count, generator=generator)[: min(round(share * count), count - 1)]] = True
    return dropped

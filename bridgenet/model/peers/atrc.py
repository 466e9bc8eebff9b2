"""ATRC (Brueggemann et al. 2021): every task attends to every task, in a way that is chosen for each ordered pair.

The original searches for the kinds of the pairs on the training set; here they are settings (`AtrcConfig.contexts`).
Contexts of labels need auxiliary answers, whose channels are regions: classes, bins of depth, clusters of directions.
Their input is cut off from back-propagation, so they learn from the backbone and do not teach it; in the original they
weigh as much as the final ones (`--loss.preliminary-weight 1`). The original leaves places out of the regions where the
padded image holds 255; images here are padded with the mean colour, which `decode` does not see, so all places belong
to regions.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bridgenet.config import ModelConfig
from bridgenet.config.systems import ContextKind
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.head import PredictionHead
from bridgenet.model.layers import conv_norm_relu, resize_to
from bridgenet.model.network import (
    Meeting,
    Network,
    Pairs,
    Removal,
    Shares,
    check_same_grid,
    edit_input,
    other_trace,
    random_mask,
    replacement,
)
from bridgenet.model.peers.atrc_contexts import CONTEXTS, Context, Regions
from bridgenet.model.peers.distillation import Exchange, silence
from bridgenet.model.peers.pad_net import joined_maps
from bridgenet.shapes import AnyFeature, AnyTokens
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Features, Trace

FEATURE_RATIO = 4
"""The backbone maps together have so many times the channels of a task's feature."""

CONTEXT_RATIO = 2
"""A task's feature has so many times the channels of a context."""

PARTS = 40
"""Bins of depth, and clusters of directions."""

DROPOUT = 0.05
"""Share of the channels of a fused feature that are zero while training."""

Kinds = Mapping[TaskName, Mapping[TaskName, ContextKind]]
"""By target and source, both in the order of the tasks; pairs without a context are left out."""


class ContextMeeting(Meeting):
    """Where contexts are gathered: a task that is cut is left out by the others (`mask`), or replaced.

    A task keeps the context that it gathers from itself.
    """

    name = "contexts"
    title = "Contexts"
    whole = "every task gathers contexts of others"
    cut_off = "the feature that others gather contexts from is {}"

    def __init__(self, network: "Atrc") -> None:
        self.network = network

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        for target, source, kind in self._pairs():
            if source not in sources:
                continue
            context = self.network.context(target, source)
            if removal == "mask":
                everywhere = torch.tensor(True)
                hooks.callback(context.register_forward_hook(silence(everywhere)).remove)
            elif removal == "swap":
                theirs = other_trace(other)
                swapped = theirs.task_specific[source]
                check_same_grid(swapped.shape[-2:], trace.task_specific[source].shape[-2:])
                edit_input(hooks, context, lambda own, swapped=swapped: swapped)
                if kind == "source-label":
                    regions = self.network.regions(theirs.preliminary[source])
                    edit_input(hooks, context, lambda own, regions=regions: regions, index=2)
            else:
                edit_input(hooks, context, lambda own: replacement(removal, own, dim=(2, 3)))

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """At a random share of all (source, place) the contexts of all other targets are zero."""
        features = trace.task_specific
        height, width = next(iter(features.values())).shape[-2:]
        dropped = random_mask(len(features) * height * width, share, generator).view(-1, height, width)
        gone = dict(zip(features, dropped, strict=True))
        for target, source, _ in self._pairs():
            context = self.network.context(target, source)
            hooks.callback(context.register_forward_hook(silence(gone[source])).remove)

    def shares(self, trace: Trace) -> Shares:
        """Mean absolute value of what each source adds to the target's fused feature, before its norm.

        The target itself adds its feature and, where it has one, the context that it gathers from itself. A target to
        which nobody adds anything reads every source alike.
        """
        tasks = tuple(trace.predictions)
        columns = []
        for target in tasks:
            added = self.network.summands(target, trace)
            nothing = torch.zeros_like(added[target])
            said = torch.stack([added.get(source, nothing).abs().mean() for source in tasks])
            columns.append(said / said.sum() if said.sum() > 0 else torch.full_like(said, 1 / len(tasks)))
        return torch.stack(columns, dim=1)

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        return {"exchange": frozenset((source, target) for target, source, _ in self._pairs())}

    def _pairs(self) -> Iterator[tuple[TaskName, TaskName, ContextKind]]:
        """Target, source and kind where one task gathers from another."""
        for target, row in self.network.kinds.items():
            for source, kind in row.items():
                if source != target:
                    yield target, source, kind


class Atrc(Network):
    """Backbone maps, joined; per task a feature; contexts of pairs; per task what joins its contexts, and a head.

    Args:
        config: Tasks and kinds of contexts.
        channels: Channels of the backbone maps, fine to coarse; all are read.
        backbone: None for a network that starts from feature maps.
    """

    possible = (ContextMeeting,)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        super().__init__(config, backbone)
        joined = sum(channels)
        width = max(joined // FEATURE_RATIO, 1)
        narrow = max(width // CONTEXT_RATIO, 1)
        self.kinds = kinds_of_contexts(config)
        answers = auxiliary_channels(config, self.kinds)
        self.features = ByTask({task: conv_norm_relu(joined, width, 3) for task in config.tasks})
        self.auxiliary = ByTask({task: conv_norm_relu(joined, joined, 1) for task in answers})
        self.preliminary_heads = ByTask({task: PredictionHead(joined, count) for task, count in answers.items()})
        self.regions = Regions()
        self.contexts = ByTask(
            {
                target: ByTask({source: CONTEXTS[kind](width, narrow) for source, kind in row.items()})
                for target, row in self.kinds.items()
            }
        )
        self.projections = ByTask(
            {target: _projection(len(row) * narrow, width) for target, row in self.kinds.items() if row}
        )
        self.refiners = ByTask(
            {target: _refiner((2 if row else 1) * width, width) for target, row in self.kinds.items()}
        )
        self.heads = ByTask({task: PredictionHead(width, outputs) for task, outputs in config.tasks.items()})

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        met = any(source != target for target, row in self.kinds.items() for source in row)
        return (ContextMeeting(self),) if met else ()

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        return {"task_specific": tuple(range(len(trace.task_generic)))}

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        joined = joined_maps(features)
        task_specific: Features = {task: feature(joined) for task, feature in self.features.items()}
        seen = joined.detach()
        preliminary: Features = {
            task: head(self.auxiliary[task](seen)) for task, head in self.preliminary_heads.items()
        }
        regions: dict[TaskName, AnyTokens] = {task: self.regions(answer) for task, answer in preliminary.items()}
        exchange = self._contexts(task_specific, regions)
        fused: Features = {
            task: refine(self._joined(task, task_specific, exchange)) for task, refine in self.refiners.items()
        }
        logits: Features = {task: head(fused[task]) for task, head in self.heads.items()}
        return Trace(
            task_generic=tuple(features),
            task_specific=task_specific,
            preliminary=preliminary,
            exchange=exchange,
            fused=fused,
            logits=logits,
            predictions={task: resize_to(answer, image_size) for task, answer in logits.items()},
        )

    def context(self, target: TaskName, source: TaskName) -> Context:
        """What gathers the context of a pair."""
        return self.contexts[target][source]

    @torch.no_grad()
    def summands(self, target: TaskName, trace: Trace) -> dict[TaskName, Tensor]:
        """What each source adds to the fused feature of the target before its norm, in float64; constants left out."""
        own = trace.task_specific[target].double()
        weight = cast(nn.Conv2d, self.refiners[target].conv).weight.double()
        added: dict[TaskName, Tensor] = {target: F.conv2d(own, weight[:, : own.shape[1]])}
        if not (row := self.kinds[target]):
            return added
        projection = self.projections[target]
        conv, norm = cast(nn.Conv2d, projection.conv), cast(nn.BatchNorm2d, projection.norm)
        gain = norm.weight / (cast(Tensor, norm.running_var) + norm.eps).sqrt()
        parts = (conv.weight * gain[:, None, None, None]).double().chunk(len(row), dim=1)
        for source, part in zip(row, parts, strict=True):
            said = F.conv2d(F.conv2d(trace.exchange[source][target].double(), part), weight[:, own.shape[1] :])
            added[source] = added[source] + said if source in added else said
        return added

    def _contexts(self, own: Features, regions: Mapping[TaskName, AnyTokens]) -> Exchange:
        exchange: Exchange = {source: {} for source in own}
        for target, row in self.kinds.items():
            for source, kind in row.items():
                whose = whose_regions(target, source, kind)
                divided = () if whose is None else (regions[whose],)
                exchange[source][target] = self.context(target, source)(own[source], own[target], *divided)
        return exchange

    def _joined(self, target: TaskName, own: Features, exchange: Exchange) -> AnyFeature:
        """A task's feature, and behind it what its contexts are together."""
        contexts = [gathered[target] for gathered in exchange.values() if target in gathered]
        if not contexts:
            return own[target]
        return torch.cat([own[target], self.projections[target](torch.cat(contexts, dim=1))], dim=1)


def kinds_of_contexts(config: ModelConfig) -> Kinds:
    """The kinds that a config tells, or the usual ones.

    Raises:
        ValueError: A pair names a task that the network does not have.
    """
    told, tasks = config.systems.atrc.contexts, config.tasks
    if told is None:
        return {target: {source: _usual(target, source) for source in tasks} for target in tasks}
    named = dict.fromkeys((*told, *(source for row in told.values() for source in row)))
    if unknown := [task for task in named if task not in tasks]:
        raise ValueError(f"contexts names {', '.join(unknown)}, but this network has {', '.join(tasks)} alone.")
    return {target: _chosen(tasks, told.get(target, {})) for target in tasks}


def _chosen(tasks: Iterable[TaskName], row: Mapping[TaskName, ContextKind]) -> dict[TaskName, ContextKind]:
    return {source: row[source] for source in tasks if row.get(source, "none") != "none"}


def auxiliary_channels(config: ModelConfig, kinds: Kinds) -> dict[TaskName, int]:
    """Channels of the auxiliary answers of those tasks whose regions a context reads."""
    divided = {whose_regions(target, source, row[source]) for target, row in kinds.items() for source in row}
    told = config.systems.atrc.regions or {}
    return {task: told.get(task) or _parts(task, outputs) for task, outputs in config.tasks.items() if task in divided}


def whose_regions(target: TaskName, source: TaskName, kind: ContextKind) -> TaskName | None:
    """The task whose regions a context of a pair reads; None for contexts without regions."""
    match kind:
        case "target-label":
            return target
        case "source-label":
            return source
    return None


def _parts(task: TaskName, outputs: int) -> int:
    return PARTS if TASKS[task].kind in ("metres", "direction") else outputs


def _usual(target: TaskName, source: TaskName) -> ContextKind:
    """A task looks around itself, and at the regions of others where their answers have some."""
    if source == target:
        return "local"
    return "global" if TASKS[source].kind == "probability" else "source-label"


def _projection(channels_in: int, channels_out: int) -> nn.Sequential:
    """1x1 convolution and a norm that starts at zero: contexts start without effect."""
    norm = nn.BatchNorm2d(channels_out)
    nn.init.zeros_(norm.weight)
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(channels_in, channels_out, 1, bias=False), norm=norm))


def _refiner(channels_in: int, channels_out: int) -> nn.Sequential:
    refiner = conv_norm_relu(channels_in, channels_out, 1)
    refiner.append(nn.Dropout2d(DROPOUT))
    return refiner

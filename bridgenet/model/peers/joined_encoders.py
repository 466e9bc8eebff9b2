"""An encoder for each task, and units between their stages that mix the features of all tasks for each of them.

What the units are is what Cross-Stitch networks and NDDR-CNN differ in.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import cast

import torch
from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.config.systems import STAGES, CrossStitchConfig, NddrConfig
from bridgenet.model.backbone import Backbone, Passing
from bridgenet.model.by_task import ByTask
from bridgenet.model.encoders import Encoders, channels_in_stages
from bridgenet.model.network import (
    Meeting,
    Pairs,
    Removal,
    Shares,
    check_same_grid,
    edit_input,
    every_pair,
    its_backbone,
    other_trace,
    random_mask,
    replacement,
)
from bridgenet.model.peers.multi_task_baseline import WithDeepLabHeads
from bridgenet.shapes import AnyFeature, Image
from bridgenet.tasks import TaskName
from bridgenet.trace import EncoderStage, Features, Trace

OWN, OTHERS = 0.9, 0.1
"""Of a task, and of every other, in what a task reads at first."""

Read = Callable[[TaskName, TaskName, AnyFeature], AnyFeature]
"""What a target reads of a source: from their names, and the source's feature."""


class Mixer(nn.Module, ABC):
    """Mixes the features of all tasks for one of them."""

    @abstractmethod
    def part(self, source: TaskName, feature: AnyFeature) -> AnyFeature:
        """What the feature of one task brings into the mixture."""

    @abstractmethod
    def weight(self, source: TaskName) -> torch.Tensor:
        """How much of the feature of one task each channel of the mixture has."""

    @abstractmethod
    def forward(self, features: Features) -> AnyFeature:
        """The mixture."""


class Unit(nn.Module):
    """The mixers of all tasks after one stage.

    Args:
        targets: The mixer of each task.
    """

    def __init__(self, targets: Mapping[TaskName, Mixer]) -> None:
        super().__init__()
        self.targets = ByTask(targets)

    def edit(self, hooks: ExitStack, read: Read) -> None:
        """From now until `hooks` closes, each target reads of each task what `read` says."""
        for target, mixer in self.targets.items():
            edit_input(hooks, mixer, partial(_as_read, read, target))

    def forward(self, features: Features) -> Features:
        return {task: mix(features) for task, mix in self.targets.items()}


class UnitsMeeting(Meeting):
    """Units between encoders. A task is a summand there, so `mask` and `zero` are the same: it is not added.

    A task that is cut goes on as it was: it keeps its own feature, and reads of the others what it read uncut.
    """

    whole = "every encoder goes on with a mixture of all tasks' features"
    cut_off = "the task's feature is {} in the mixtures of others"

    def __init__(self, units: Mapping[str, Unit]) -> None:
        self.units = units

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        return {f"encoder.{stage}": every_pair(trace.predictions) for stage in self.units}

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        theirs = other_trace(other) if removal == "swap" else trace
        for stage, unit in self.units.items():
            uncut, swapped = trace.encoder[stage].task_specific, theirs.encoder[stage].task_specific
            for source in sources:
                check_same_grid(swapped[source].shape[-2:], uncut[source].shape[-2:])
            unit.edit(hooks, _cut(sources, removal, uncut, swapped))

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """A random share of all (source, place) is not read by other tasks, the same ones by all."""
        for stage, unit in self.units.items():
            features = trace.encoder[stage].task_specific
            height, width = next(iter(features.values())).shape[-2:]
            dropped = random_mask(len(features) * height * width, share, generator).view(-1, height, width)
            unit.edit(hooks, _dropped(dict(zip(features, dropped, strict=True))))

    def parts(self, trace: Trace, stage: str) -> dict[TaskName, Features]:
        features, mixers = trace.encoder[stage].task_specific, self.units[stage].targets
        return {
            source: {target: mixer.part(source, feature) for target, mixer in mixers.items()}
            for source, feature in features.items()
        }

    def weights(self) -> dict[str, Shares]:
        return {
            stage: _sizes({source: {to: mixer.weight(source) for to, mixer in mixers.items()} for source in mixers})
            for stage, mixers in ((stage, unit.targets) for stage, unit in self.units.items())
        }

    def shares(self, trace: Trace) -> Shares:
        """Mean absolute value of what each task brings into the mixture of each, over all units alike."""
        brought = [_sizes(self.parts(trace, stage)) for stage in self.units]
        return torch.stack([said / said.sum(dim=0) for said in brought]).mean(dim=0)


class JoinedEncoders(WithDeepLabHeads):
    """An encoder and a DeepLab head for each task, and a unit after some of the stages.

    Args:
        config: Tasks.
        backbone: The first task's; the others get copies.
        own: Widths, and the stages.
        unit: Makes a unit for features of so many channels.
    """

    def __init__(
        self,
        config: ModelConfig,
        backbone: Backbone | None,
        own: CrossStitchConfig | NddrConfig,
        unit: Callable[[int], Unit],
    ) -> None:
        backbone = its_backbone(backbone, config.system)
        channels = channels_in_stages(backbone, config.backbone.name)
        if missing := [stage for stage in own.stages if stage not in channels]:
            raise ValueError(
                f"The {missing[0]} of the backbone {config.backbone.name!r} makes no map that could be mixed: leave it "
                f"out of the stages of {config.system!r}."
            )
        super().__init__(config, channels[STAGES[-1]], Encoders(config.tasks, backbone), own)
        self.units = nn.ModuleDict({stage: unit(channels[stage]) for stage in STAGES if stage in own.stages})

    @property
    def units_by_stage(self) -> dict[str, Unit]:
        """The units, where there are some."""
        return cast(dict[str, Unit], dict(self.units.items()))

    def forward(self, images: Image) -> Trace:
        encoders, units = cast(Encoders, self.backbone), self.units_by_stage
        features: Features = {}
        encoder: dict[str, EncoderStage] = {}
        passing: dict[TaskName, Passing] = {task: own.begin(images) for task, own in encoders.items()}
        for index, stage in enumerate(STAGES):
            if index:
                passing = {task: own.advance(index - 1, passing[task]) for task, own in encoders.items()}
            features = {task: passed.feature for task, passed in passing.items()}
            if stage in units:
                joined = units[stage](features)
                encoder[stage] = EncoderStage(features, joined)
                passing = {task: replace(passed, feature=joined[task]) for task, passed in passing.items()}
                features = joined
            elif index:
                encoder[stage] = EncoderStage(features)
        return self.answered(images, features, encoder)


def _sizes(brought: Mapping[TaskName, Mapping[TaskName, torch.Tensor]]) -> Shares:
    """Mean absolute values, a row for each source and a column for each target."""
    return torch.stack(
        [torch.stack([part.detach().abs().mean() for part in row.values()]) for row in brought.values()]
    ).double()


def _as_read(read: Read, target: TaskName, features: Features) -> Features:
    return {source: read(target, source, own) for source, own in features.items()}


def _cut(sources: Collection[TaskName], removal: Removal, uncut: Features, swapped: Features) -> Read:
    def read(target: TaskName, source: TaskName, own: AnyFeature) -> AnyFeature:
        if source == target:
            return own
        if source in sources:
            return swapped[source] if removal == "swap" else replacement(removal, own, dim=(2, 3))
        return uncut[source] if target in sources else own

    return read


def _dropped(gone: Mapping[TaskName, torch.Tensor]) -> Read:
    def read(target: TaskName, source: TaskName, own: AnyFeature) -> AnyFeature:
        return own if source == target else own.masked_fill(gone[source].to(own.device), 0)

    return read

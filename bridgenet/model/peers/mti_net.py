"""MTI-Net (Vandenhende et al. 2020): first answers and messages at every scale, and features for the next finer one.

Written after the authors' own implementation. Where the paper speaks of a softmax over the tasks, their code takes it
over as many neighbouring channels as there are tasks, which mostly belong to one task: so does this. First answers of
all scales are learnt, with one weight (theirs is 1: `--loss.preliminary-weight 1`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import cast

import torch
from torch import Tensor, nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.head import PredictionHead
from bridgenet.model.layers import conv_norm_relu, resize_to
from bridgenet.model.network import (
    Meeting,
    Network,
    Pairs,
    Removal,
    check_same_grid,
    edit_input,
    other_trace,
    random_mask,
    replacement,
    through_one,
)
from bridgenet.model.peers.distillation import Distillation, DistillationMeeting
from bridgenet.model.peers.pad_net import first_answers, joined_maps
from bridgenet.model.peers.pyramid import halving
from bridgenet.model.peers.residual import BasicBlock, pair
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Stage, Trace

MASK_RATIO = 4
"""The mask is computed in so many times fewer channels than the tasks have together."""

GATE_RATIO = 16
"""A channel gate is computed in so many times fewer channels than it opens."""


class ChannelGate(nn.Module):
    """Squeeze and excitation (Hu et al. 2018): each channel opens as far as the mean of all says."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(channels // GATE_RATIO, 1)
        self.squeeze = nn.Linear(channels, narrow)
        self.excite = nn.Linear(narrow, channels)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        return self.excite(self.squeeze(feature.mean(dim=(2, 3))).relu()).sigmoid()[:, :, None, None] * feature


class FeaturePropagation(nn.Module):
    """What the next finer scale gets of each task: its own feature, and of all tasks together what its gate lets in.

    Args:
        tasks: Names, in order.
        width: Channels of every task's feature.
    """

    def __init__(self, tasks: Collection[TaskName], width: int) -> None:
        super().__init__()
        joined = len(tasks) * width
        self.join = nn.Identity()
        self.mask = nn.Sequential(
            BasicBlock(joined, joined // MASK_RATIO, shortcut=True),
            BasicBlock(joined // MASK_RATIO, joined // MASK_RATIO),
            nn.Conv2d(joined // MASK_RATIO, joined, 1),
        )
        self.reduce = BasicBlock(joined, width, shortcut=True)
        self.gates = ByTask({task: ChannelGate(width) for task in tasks})

    def forward(self, features: Features) -> Features:
        joined = self.join(torch.cat(list(features.values()), dim=1))
        groups = (-1, len(features))
        mask = self.mask(joined).unflatten(1, groups).softmax(dim=2)
        shared = self.reduce((joined.unflatten(1, groups) * mask).flatten(1, 2))
        return {task: gate(shared) + features[task] for task, gate in self.gates.items()}


class PropagationMeeting(Meeting):
    """Where features of all tasks are joined before they go to the finer scale; finest scale first.

    As with a bridge, what is joined is one for all tasks: a task that is cut goes on without its own part too.
    `mask` and `zero` are the same: its channels are zero.
    """

    name = "propagation"
    title = "Propagation"
    whole = "the tasks' features are joined on their way to a finer scale"
    cut_off = "the task's feature is {} where all are joined"
    hub = True

    def __init__(self, propagations: Sequence[FeaturePropagation]) -> None:
        self.propagations = tuple(propagations)

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        """A task gets of what is joined, its own part among it, but at the finest scale, where nothing is handed on."""
        joined = through_one(trace.stages[0].task_specific)
        return {f"stages.{index}": joined for index in range(len(self.propagations))}

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        theirs = other_trace(other).stages if removal == "swap" else trace.stages
        for propagation, stage, swapped in self._scales(trace, theirs):
            tasks, width = list(stage.task_specific), next(iter(stage.task_specific.values())).shape[1]

            def edit(
                joined: Tensor, tasks: list[TaskName] = tasks, width: int = width, swapped: Stage = swapped
            ) -> Tensor:
                joined = joined.clone()
                for source in sources:
                    own = slice(tasks.index(source) * width, (tasks.index(source) + 1) * width)
                    if removal == "swap":
                        check_same_grid(swapped.task_specific[source].shape[-2:], joined.shape[-2:])
                        joined[:, own] = swapped.task_specific[source]
                    else:
                        joined[:, own] = replacement(removal, joined[:, own], dim=(2, 3))
                return joined

            edit_input(hooks, propagation.join, edit)

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """A random share of all (task, place) is zero, in every channel of the task."""
        for propagation, stage, _ in self._scales(trace, trace.stages):
            count = len(stage.task_specific)
            width, height, columns = next(iter(stage.task_specific.values())).shape[1:]
            gone = random_mask(count * height * columns, share, generator).view(count, height, columns)
            gone = gone.repeat_interleave(width, dim=0)
            edit_input(hooks, propagation.join, lambda joined, gone=gone: joined.masked_fill(gone.to(joined.device), 0))

    def _scales(self, trace: Trace, theirs: tuple[Stage, ...]) -> list[tuple[FeaturePropagation, Stage, Stage]]:
        """Propagations from the coarsest scale on, and what enters them here and in the other image."""
        count = len(self.propagations)
        return list(zip(self.propagations[::-1], trace.stages[:count], theirs[:count], strict=True))


class Scale(nn.Module):
    """One scale: a feature and a first answer of every task, and the messages between them.

    Args:
        auxiliary: Output channels of the tasks that get a first answer.
        targets: Tasks that are answered in the end.
        width: Channels of the backbone map and of every task's feature.
        handed: Channels of what the coarser scale hands on; 0 at the coarsest.
        finest: Whether there is no scale to hand features on to.
    """

    def __init__(
        self, auxiliary: Mapping[TaskName, int], targets: Collection[TaskName], width: int, handed: int, *, finest: bool
    ) -> None:
        super().__init__()
        self.features = ByTask({task: pair(BasicBlock, width + handed, width) for task in auxiliary})
        self.preliminary_heads = ByTask({task: PredictionHead(width, count) for task, count in auxiliary.items()})
        self.distillation = Distillation(tuple(auxiliary), targets, width)
        self.propagation = None if finest else FeaturePropagation(tuple(auxiliary), width)

    def forward(self, generic: AnyFeature, handed: Features) -> Stage:
        own: Features = {task: decode(_with(generic, handed.get(task))) for task, decode in self.features.items()}
        distilled, exchange = self.distillation(own)
        answers: Features = {task: head(own[task]) for task, head in self.preliminary_heads.items()}
        return Stage(own, None, None, None, None, refined=distilled, preliminary=answers, exchange=exchange)


class MtiNet(Network):
    """From the coarsest scale to the finest: features, first answers, what goes on; then messages, and one head a task.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse: the scales, and the widths of their features. Where
            other widths are asked for, or the maps of the backbone do not halve, a pyramid is made by convolutions.
        backbone: None for a network that starts from feature maps.
    """

    possible = (PropagationMeeting, DistillationMeeting)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        super().__init__(config, backbone)
        auxiliary = first_answers(config, config.systems.mti_net.auxiliary)
        self.pyramid = halving(channels, backbone, config.systems.mti_net.width)
        widths, joined = self.pyramid.channels, sum(self.pyramid.channels)
        self.scales = nn.ModuleList(
            Scale(auxiliary, tuple(config.tasks), own, handed, finest=index == 0)
            for index, (own, handed) in enumerate(zip(widths, (*widths[1:], 0), strict=True))
        )
        self.joins = ByTask({task: conv_norm_relu(joined, joined, 1, bias=True) for task in config.tasks})
        self.heads = ByTask({task: PredictionHead(joined, outputs) for task, outputs in config.tasks.items()})
        self.alone = len(auxiliary) == 1

    @property
    def fine_to_coarse(self) -> tuple[Scale, ...]:
        """`scales`, by their type."""
        return tuple(cast(Iterable[Scale], self.scales))

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        if self.alone:
            return ()
        propagations = [scale.propagation for scale in self.fine_to_coarse if scale.propagation is not None]
        return PropagationMeeting(propagations), DistillationMeeting(
            [scale.distillation for scale in self.fine_to_coarse]
        )

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        """At every scale the map of that scale, or what the pyramid makes of it."""
        return {f"stages.{index}": (-1 - index,) for index in range(len(trace.stages))}

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        stages: list[Stage] = []
        handed: Features = {}
        coarse_to_fine = list(zip(self.fine_to_coarse, self.pyramid(features), strict=True))[::-1]
        for scale, generic in coarse_to_fine:
            stage = scale(generic, handed)
            handed = {} if scale.propagation is None else scale.propagation(stage.task_specific)
            stages.append(stage)
        fused: Features = {
            task: join(joined_maps(tuple(stage.refined[task] for stage in stages[::-1])))
            for task, join in self.joins.items()
        }
        logits: Features = {task: head(fused[task]) for task, head in self.heads.items()}
        return Trace(
            task_generic=tuple(features),
            task_specific=stages[-1].task_specific,
            preliminary=stages[-1].preliminary,
            exchange=stages[-1].exchange,
            stages=tuple(stages),
            fused=fused,
            logits=logits,
            predictions={task: resize_to(answer, image_size) for task, answer in logits.items()},
        )


def _with(generic: AnyFeature, handed: AnyFeature | None) -> AnyFeature:
    """A backbone map, and behind it what the coarser scale handed on."""
    if handed is None:
        return generic
    size = (generic.shape[-2], generic.shape[-1])
    return torch.cat([generic, resize_to(handed, size)], dim=1)

"""Multi-modal distillation: tasks send each other gated messages, pair by pair (PAD-Net, Xu et al. 2018).

A gate and a message for every ordered pair of tasks, both from the feature of the task that sends: what a target
gets grows with the square of the number of tasks, which is what a bridge replaces.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from bridgenet.model.by_task import ByTask
from bridgenet.model.network import (
    Meeting,
    Pairs,
    Removal,
    Shares,
    check_same_grid,
    edit_input,
    other_trace,
    random_mask,
    replacement,
)
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Trace

Exchange = dict[TaskName, Features]
"""Messages by source and target."""


class GatedMessage(nn.Module):
    """What one task sends to another: a 3x3 convolution of its feature, gated at every place and channel.

    Args:
        width: Channels of the feature and of the message.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.message = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, feature: AnyFeature) -> AnyFeature:
        return self.gate(feature).sigmoid() * self.message(feature)


class Distillation(nn.Module):
    """Adds to the feature of every target what the other tasks send to it.

    Args:
        sources: Tasks that have a feature, in order.
        targets: Tasks that have an answer: some of the sources.
        width: Channels of every feature.
        reads_others: Whether a message is made of the feature of the task that sends it. Without, it is made of the
            target's own, and nothing is exchanged.
    """

    def __init__(
        self, sources: Collection[TaskName], targets: Collection[TaskName], width: int, *, reads_others: bool = True
    ) -> None:
        super().__init__()
        self.targets = tuple(targets)
        self.reads_others = reads_others
        self.messages = ByTask(
            {
                source: ByTask({target: GatedMessage(width) for target in targets if target != source})
                for source in sources
            }
        )

    def forward(self, features: Features) -> tuple[Features, Exchange]:
        exchange: Exchange = {
            source: {
                target: send(features[source if self.reads_others else target]) for target, send in senders.items()
            }
            for source, senders in self.messages.items()
        }
        distilled: Features = {}
        for target in self.targets:
            sent = [messages[target] for source, messages in exchange.items() if source != target]
            distilled[target] = sum(sent, features[target])
        return distilled, exchange if self.reads_others else {}


class DistillationMeeting(Meeting):
    """Where messages are made: a task that is cut sends what the removal leaves of its feature.

    A message is a summand, so `mask` and `zero` are the same: nothing arrives. A task keeps its own feature for itself.
    """

    name = "messages"
    title = "Messages"
    whole = "every task gets a gated message of every other"
    cut_off = "the feature that the task's messages are made of is {}"

    def __init__(self, distillations: Sequence[Distillation]) -> None:
        self.distillations = tuple(distillations)

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        """At every scale where there are several; tasks without an answer send messages and get none."""
        messages = self.distillations[0].messages
        sent: Pairs = frozenset((source, target) for source, senders in messages.items() for target in senders)
        places = [f"stages.{index}" for index in range(len(trace.stages))] or ["exchange"]
        return dict.fromkeys(places, sent)

    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        for scale, distillation in enumerate(self.distillations):
            for source in sources:
                swapped = None
                if removal == "swap":
                    swapped = features_at(other_trace(other), scale)[source]
                    check_same_grid(swapped.shape[-2:], features_at(trace, scale)[source].shape[-2:])
                for send in distillation.messages[source].values():
                    edit_input(hooks, send, partial(_instead, removal, swapped))

    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """A random share of all (source, place) is not sent, the same ones to every target."""
        for scale, distillation in enumerate(self.distillations):
            features = features_at(trace, scale)
            height, width = next(iter(features.values())).shape[-2:]
            dropped = random_mask(len(features) * height * width, share, generator).view(-1, height, width)
            for source, gone in zip(features, dropped, strict=True):
                for send in distillation.messages[source].values():
                    hooks.callback(send.register_forward_hook(silence(gone)).remove)

    def shares(self, trace: Trace) -> Shares:
        """Mean absolute value of each message beside the target's own feature, in what the target adds up."""
        tasks = tuple(trace.predictions)
        own, sent = trace.task_specific, trace.exchange
        said = torch.stack(
            [
                torch.stack(
                    [(own[source] if source == target else sent[source][target]).abs().mean() for source in tasks]
                )
                for target in tasks
            ],
            dim=1,
        ).double()
        return said / said.sum(dim=0)

    def gates(self, trace: Trace, stage: int = -1) -> Exchange:
        scale = range(len(self.distillations))[-1 - stage]
        features = features_at(trace, scale)
        return {
            source: {
                target: send.gate(features[source]).sigmoid()
                for target, send in self.distillations[scale].messages[source].items()
            }
            for source in features
        }


def features_at(trace: Trace, scale: int) -> Features:
    """What messages of a scale are made of, by task. The finest scale is the first."""
    return trace.stages[-1 - scale].task_specific if trace.stages else trace.task_specific


def _instead(removal: Removal, swapped: AnyFeature | None, own: AnyFeature) -> AnyFeature:
    return replacement(removal, own, dim=(2, 3)) if swapped is None else swapped


def silence(gone: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    """A hook that leaves zeros of an output where something is gone (height, width)."""
    return lambda module, inputs, output: output.masked_fill(gone.to(output.device), 0)

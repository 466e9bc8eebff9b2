"""PAD-Net (Xu et al. 2018): first answers of every task, whose features send each other gated messages.

As in the implementation that the field's tables use (Vandenhende et al. 2021), and unlike the paper: the messages are
made of the features before the first answers instead of the answers, features stay at 1/4 of the image instead of being
enlarged by transposed convolutions, and tasks may be learnt that are asked for first answers only.
"""

from collections.abc import Mapping

import torch
from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.head import PredictionHead
from bridgenet.model.layers import conv_norm_relu, resize_to
from bridgenet.model.network import Meeting, Network
from bridgenet.model.peers.distillation import Distillation, DistillationMeeting
from bridgenet.model.peers.residual import Bottleneck, pair
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Trace


class PadNet(Network):
    """Backbone maps, joined; per task a feature and a first answer; messages; per task a head.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse; all are read. One alone has nothing to be joined with.
        backbone: None for a network that starts from feature maps.
    """

    possible = (DistillationMeeting,)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        super().__init__(config, backbone)
        own, joined = config.systems.pad_net, sum(channels)
        auxiliary = first_answers(config, own.auxiliary)
        self.join = conv_norm_relu(joined, joined, 1, bias=True) if len(channels) > 1 else nn.Identity()
        self.features = ByTask({task: pair(Bottleneck, joined, own.width) for task in auxiliary})
        self.preliminary_heads = ByTask(
            {task: PredictionHead(own.width, outputs) for task, outputs in auxiliary.items()}
        )
        senders = tuple(auxiliary) if own.messages else ()
        self.distillation = Distillation(senders, tuple(config.tasks), own.width, reads_others=own.reads_others)
        self.refiners = ByTask({task: pair(Bottleneck, own.width, own.width) for task in config.tasks})
        self.heads = ByTask({task: PredictionHead(own.width, outputs) for task, outputs in config.tasks.items()})

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        own = self.config.systems.pad_net
        sends = own.messages and own.reads_others and len(self.features) > 1
        return (DistillationMeeting((self.distillation,)),) if sends else ()

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        return {"task_specific": tuple(range(len(trace.task_generic)))}

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        joined = self.join(joined_maps(features))
        task_specific: Features = {task: decode(joined) for task, decode in self.features.items()}
        preliminary: Features = {task: head(task_specific[task]) for task, head in self.preliminary_heads.items()}
        distilled, exchange = self.distillation(task_specific)
        refined: Features = {task: refine(distilled[task]) for task, refine in self.refiners.items()}
        logits: Features = {task: head(refined[task]) for task, head in self.heads.items()}
        return Trace(
            task_generic=tuple(features),
            task_specific=task_specific,
            preliminary=preliminary,
            exchange=exchange,
            fused=refined,
            logits=logits,
            predictions={task: resize_to(answer, image_size) for task, answer in logits.items()},
        )


def first_answers(config: ModelConfig, auxiliary: Mapping[TaskName, int] | None) -> Mapping[TaskName, int]:
    """Output channels of the tasks that get a first answer.

    Raises:
        ValueError: A task of the network is not among them: its feature would not exist.
    """
    if auxiliary is None:
        return config.tasks
    if missing := [task for task in config.tasks if task not in auxiliary]:
        raise ValueError(f"auxiliary must hold all tasks of the network; {', '.join(missing)} is missing.")
    return auxiliary


def joined_maps(features: tuple[AnyFeature, ...]) -> AnyFeature:
    """All backbone maps on the grid of the finest, channel after channel (as HRNet's head joins them)."""
    size = (features[0].shape[-2], features[0].shape[-1])
    return torch.cat([resize_to(feature, size) for feature in features], dim=1)

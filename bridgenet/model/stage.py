"""A decoder stage: the tasks meet in one bridge feature, then each task is refined by it."""

from collections import OrderedDict
from dataclasses import replace

from torch import nn
from torch.nn import functional as F

from bridgenet.model.bridge_feature_extractor import (
    BridgeCascade,
    BridgeFeatureExtractor,
    QueryEmbedding,
    UnaskingBridge,
)
from bridgenet.model.by_task import ByTask
from bridgenet.model.layers import conv_norm_relu
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Stage


class Upsampler(nn.Module):
    """Doubles the grid of one task: bilinear, then two 3x3 convolutions with dilation 2."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            OrderedDict(
                first=conv_norm_relu(channels, width, 3, dilation=2), second=conv_norm_relu(width, width, 3, dilation=2)
            )
        )

    def forward(self, task_specific: AnyFeature) -> AnyFeature:
        return self.convs(F.interpolate(task_specific, scale_factor=2, mode="bilinear", align_corners=False))


class DecoderStage(nn.Module):
    """One scale of the decoder. Parts are handed in; `None` where the network does without.

    Args:
        upsamplers: Per task; None in the first stage.
        query: Makes the query map from the task-generic feature.
        extractor: The Bridge Feature Extractor, or its control that asks nobody.
        cascade: Adds the coarser bridge feature; None in the first stage.
        refiners: Per task.
        cross_tasks: What the refined features go through next, all together: a stage of InvPT after "Add", or None.
    """

    def __init__(
        self,
        *,
        upsamplers: dict[TaskName, Upsampler] | None,
        query: QueryEmbedding | None,
        extractor: BridgeFeatureExtractor | UnaskingBridge | None,
        cascade: BridgeCascade | None,
        refiners: dict[TaskName, nn.Module] | None,
        cross_tasks: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.upsamplers = ByTask(upsamplers) if upsamplers else None
        self.query = query
        self.extractor = extractor
        self.cascade = cascade
        self.refiners = ByTask(refiners) if refiners else None
        self.cross_tasks = cross_tasks

    def forward(self, task_generic: AnyFeature, task_specific: Features, coarser_bridge: AnyFeature | None) -> Stage:
        if self.upsamplers is not None:
            task_specific = {task: upsample(task_specific[task]) for task, upsample in self.upsamplers.items()}
        if self.query is None or self.extractor is None or self.refiners is None:
            return Stage(task_specific, None, None, None, None, task_specific)
        query = self.query(task_generic)
        before_cascade, attention = self.extractor(query, task_specific)
        grids = (None, None, None)
        if isinstance(self.extractor, BridgeFeatureExtractor):
            grids = self.extractor.grids(query, task_specific)
        bridge = before_cascade
        if self.cascade is not None and coarser_bridge is not None:
            bridge = self.cascade(before_cascade, coarser_bridge)
        refined: Features = {task: refine(task_specific[task], bridge) for task, refine in self.refiners.items()}
        if self.cross_tasks is None:
            return Stage(task_specific, query, before_cascade, bridge, attention, refined, *grids)
        crossed: Stage = self.cross_tasks(refined)
        parts = {"query": query, "bridge_before_cascade": before_cascade, "bridge": bridge, "attention": attention}
        return replace(crossed, task_specific=task_specific, **parts)

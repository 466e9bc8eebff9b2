"""BridgeNet, composed as in the overview figure."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, cast

from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
from bridgenet.model.by_task import ByTask
from bridgenet.model.head import MultiScaleFusion, PredictionHead
from bridgenet.model.layers import resize_to
from bridgenet.model.meetings import BridgeMeeting, PatternMeeting
from bridgenet.model.network import Meeting, Network
from bridgenet.model.peers.invpt_stage import CrossTaskMeeting, CrossTaskStage
from bridgenet.model.preliminary_decoder import Mixer, PreliminaryDecoder
from bridgenet.model.recompute import recomputed
from bridgenet.model.stage import DecoderStage
from bridgenet.model.task_pattern_propagation import TaskPatternPropagation
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Stage, Trace

BASE_STRIDE = 32
FUSION_STRIDE = 4


@dataclass
class Preliminary:
    """Parts on the base grid, per task."""

    decoders: dict[TaskName, PreliminaryDecoder]
    heads: dict[TaskName, PredictionHead]
    mixers: dict[TaskName, Mixer]


class BridgeNet(Network):
    """Task-generic features in, one prediction per task out, and everything in between in the `Trace`.

    Args:
        config: What the parts were built from, never read by `forward` but for `tpp_output`.
        backbone: None for a network that starts from feature maps (`decode`).
        preliminary: Preliminary decoders, heads and mixers.
        pattern_propagation: Task Pattern Propagation (TPP), or None.
        stages: Decoder stages, coarse to fine.
        fusion: Multi-scale fusion.
        fusion_convs: Last 3x3 convolution of each task.
        heads: Prediction heads.

    With `gradient_checkpointing`, only what enters a stage or a fusion convolution is kept for the gradient.
    """

    possible = (PatternMeeting, BridgeMeeting, CrossTaskMeeting)

    def __init__(
        self,
        config: ModelConfig,
        *,
        backbone: Backbone | None,
        preliminary: Preliminary,
        pattern_propagation: TaskPatternPropagation | None,
        stages: list[DecoderStage],
        fusion: MultiScaleFusion,
        fusion_convs: dict[TaskName, nn.Sequential],
        heads: dict[TaskName, PredictionHead],
    ) -> None:
        super().__init__(config, backbone)
        self.preliminary_decoders = ByTask(preliminary.decoders)
        self.pattern_propagation = pattern_propagation
        self.preliminary_heads = ByTask(preliminary.heads)
        self.mixers = ByTask(preliminary.mixers)
        self.stages = nn.ModuleList(stages)
        self.fusion = fusion
        self.fusion_convs = ByTask(fusion_convs)
        self.heads = ByTask(heads)

    @property
    def decoder_stages(self) -> tuple[DecoderStage, ...]:
        """`stages`, coarse to fine, by their type."""
        return tuple(cast(Iterable[DecoderStage], self.stages))

    @property
    def bridge_meeting(self) -> BridgeMeeting | None:
        """Where the bridge reads the tasks. None where there is no bridge, or one that asks nobody."""
        extractors = [stage.extractor for stage in self.decoder_stages]
        asking = [extractor for extractor in extractors if isinstance(extractor, BridgeFeatureExtractor)]
        return BridgeMeeting(asking) if asking else None

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        pattern = None if self.pattern_propagation is None else PatternMeeting(self.pattern_propagation)
        return tuple(meeting for meeting in (pattern, self.bridge_meeting, self._cross_tasks) if meeting is not None)

    @property
    def _cross_tasks(self) -> CrossTaskMeeting | None:
        """Where tasks read each other after the bridge was added to them; None where they do not."""
        stages = [stage.cross_tasks for stage in self.decoder_stages if isinstance(stage.cross_tasks, CrossTaskStage)]
        return CrossTaskMeeting(stages) if stages and len(self.tasks) > 1 else None

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        """The coarsest map begins all tasks; from it on, each bridge grows from the map of its scale."""
        bridges = [index for index, stage in enumerate(trace.stages) if stage.bridge is not None]
        return {"task_specific": (-1,)} | {f"stages.{index}": (-1 - index,) for index in bridges}

    @property
    def norms_jointly(self) -> bool:
        """Whether the side outputs of all tasks share one layer norm."""
        return self.config.joint_norm

    def hold_norms(self, hooks: ExitStack, trace: Trace) -> None:
        self.fusion.hold_norms(hooks, [stage.refined for stage in trace.stages])

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        """The trace from task-generic features on.

        Args:
            features: Backbone maps, fine to coarse; at least as many as there are stages.
            image_size: (height, width) of the image that they were computed from.
        """
        base = resize_to(features[-1], _grid(image_size, BASE_STRIDE))
        task_specific: Features = {task: decode(base) for task, decode in self.preliminary_decoders.items()}
        pattern = self.pattern_propagation(task_specific) if self.pattern_propagation is not None else None
        propagated = task_specific if pattern is None else pattern.feature
        preliminary: Features = {task: head(propagated[task]) for task, head in self.preliminary_heads.items()}

        carried = propagated if self.config.tpp_output == "feature" else task_specific
        mixed: Features = {task: mix(carried[task], preliminary[task]) for task, mix in self.mixers.items()}

        begun = Trace(
            task_generic=tuple(features),
            task_specific=task_specific,
            pattern=pattern,
            preliminary=preliminary,
            mixed=mixed,
            stages=(),
            fused={},
            logits={},
            predictions={},
        )
        return self.refine(begun, image_size)

    def refine(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        """The trace from its mixed features on: stages, fusion and heads are computed again, the rest is kept.

        Args:
            trace: Where `task_generic` and `mixed` come from.
            image_size: (height, width) of the image.
        """
        features = trace.task_generic[-len(self.stages) :]
        stages: list[Stage] = []
        refined, bridge = trace.mixed, None
        for stage, task_generic in zip(self.stages, reversed(features), strict=True):
            stages.append(self._compute(stage, task_generic, refined, bridge))
            refined, bridge = stages[-1].refined, stages[-1].bridge
        return self.answer(replace(trace, stages=tuple(stages)), image_size)

    def answer(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        """The trace from its refined features on: fusion and heads are computed again, the rest is kept.

        Args:
            trace: Where `stages` come from.
            image_size: (height, width) of the image.
        """
        fused = self.fusion([stage.refined for stage in trace.stages], _grid(image_size, FUSION_STRIDE))
        logits: Features = {
            task: head(self._compute(self.fusion_convs[task], fused[task])) for task, head in self.heads.items()
        }
        predictions = {task: resize_to(prediction, image_size) for task, prediction in logits.items()}
        return replace(trace, fused=fused, logits=logits, predictions=predictions)

    def _compute(self, part: nn.Module, *inputs: Any) -> Any:
        return recomputed(part, *inputs) if self.gradient_checkpointing else part(*inputs)


def _grid(image_size: tuple[int, int], stride: int) -> tuple[int, int]:
    return ceil(image_size[0] / stride), ceil(image_size[1] / stride)

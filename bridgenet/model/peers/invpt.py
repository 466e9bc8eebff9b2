"""InvPT (Ye and Xu 2022): three stages from coarse to fine, in each of which every task reads the tokens of all tasks.

It begins and ends as BridgeNet, which was made after it: preliminary decoders and predictions on the base grid (1/32 of
the image), mixing, stages that double the grid, side outputs under one layer norm of all tasks, a head for each task.
Between them there is no bridge: every place of every task asks the tokens of all tasks, so what is computed grows with
the square of the number of tasks.

The original wants four maps of one width on one grid, those of a ViT, and image sides that 64 divides. Here it stands
on any backbone and takes any size:

- Grids are rounded up, as BridgeNet's: the base grid is 1/32 of the image, a stage's grid twice that of the coarser.
  Where 64 divides the sides, this is what the original computes.
- Its skips enlarge the earlier maps to the grids of the finer stages: a 3x3 convolution of the second map, and a
  transposed one of the first, which doubles it. A pyramid has maps on these grids, 1/16 and 1/8 of the image: its last
  but one and the one before, each through a 3x3 convolution. Whatever does not fit by a row or a column is resized.
- Stochastic depth is left out: over the one block of a stage the original's rate is zero as well.

The original weighs preliminary losses as the final ones: `--loss.preliminary-weight 1`.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Any, cast

from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.head import MultiScaleFusion, PredictionHead, fusion_conv
from bridgenet.model.layers import resize_to
from bridgenet.model.network import Meeting, Network
from bridgenet.model.peers.invpt_stage import HEADS, CrossTaskMeeting, CrossTaskStage, Rise
from bridgenet.model.preliminary_decoder import Mixer, PreliminaryDecoder
from bridgenet.model.recompute import recomputed
from bridgenet.shapes import AnyFeature
from bridgenet.trace import Features, Stage, Trace

BASE_STRIDE = 32
FUSION_STRIDE = 4

WINDOWS = (2, 4, 8)
"""Places, along each side, that a key is the mean of, coarse to fine: all stages have the same keys per task."""


class InvPt(Network):
    """Preliminary predictions, three stages of attention over the tokens of all tasks, and a head for each task.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse.
        backbone: None for a network that starts from feature maps.

    With `gradient_checkpointing`, only what enters a stage or a fusion convolution is kept for the gradient.
    """

    possible = (CrossTaskMeeting,)

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        super().__init__(config, backbone)
        tasks, widths = tuple(config.tasks), _stage_widths(config)
        embed = config.systems.invpt.embed_width or config.embed_width
        self.preliminary_decoders = ByTask(
            {task: PreliminaryDecoder(channels[-1], channels[-1], embed) for task in tasks}
        )
        self.preliminary_heads = ByTask(
            {task: PredictionHead(embed, outputs) for task, outputs in config.tasks.items()}
        )
        self.mixers = ByTask({task: Mixer(embed, outputs, widths[0]) for task, outputs in config.tasks.items()})
        self.skip_maps, skips = _skips(channels, widths)
        rises = [None, *(Rise(tasks, *pair, skip) for pair, skip in zip(pairwise(widths), skips, strict=True))]
        self.stages = nn.ModuleList(
            CrossTaskStage(tasks, width, window, rise=rise, reads_others=config.systems.invpt.reads_others)
            for width, window, rise in zip(widths, WINDOWS, rises, strict=True)
        )
        self.fusion = MultiScaleFusion(tasks, widths)
        self.fusion_convs = ByTask({task: fusion_conv(widths[0]) for task in tasks})
        self.heads = ByTask({task: PredictionHead(widths[0], outputs) for task, outputs in config.tasks.items()})
        _initialise(self.stages)

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        reads = self.config.systems.invpt.reads_others and len(self.tasks) > 1
        return (CrossTaskMeeting(cast(Iterable[CrossTaskStage], self.stages)),) if reads else ()

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        skips = {f"stages.{index + 1}": (level,) for index, level in enumerate(self.skip_maps)}
        return {"task_specific": (-1,)} | skips

    @property
    def norms_jointly(self) -> bool:
        """Whether the side outputs of several tasks share a layer norm; that of one task alone is its own."""
        return len(self.tasks) > 1

    def hold_norms(self, hooks: ExitStack, trace: Trace) -> None:
        self.fusion.hold_norms(hooks, [stage.refined for stage in trace.stages])

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        base = resize_to(features[-1], _grid(image_size, BASE_STRIDE))
        task_specific: Features = {task: decode(base) for task, decode in self.preliminary_decoders.items()}
        preliminary: Features = {task: head(task_specific[task]) for task, head in self.preliminary_heads.items()}
        mixed: Features = {task: mix(task_specific[task], preliminary[task]) for task, mix in self.mixers.items()}
        begun = Trace(
            task_generic=tuple(features),
            task_specific=task_specific,
            preliminary=preliminary,
            mixed=mixed,
            logits={},
            predictions={},
        )
        return self.refine(begun, image_size)

    def refine(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        first, *finer = self.stages
        stages: list[Stage] = [self._compute(first, trace.mixed)]
        for stage, index in zip(finer, self.skip_maps, strict=True):
            stages.append(self._compute(stage, stages[-1].refined, trace.task_generic[index], stages[-1]))
        fused = self.fusion([stage.refined for stage in stages], _grid(image_size, FUSION_STRIDE))
        logits: Features = {
            task: head(self._compute(self.fusion_convs[task], fused[task])) for task, head in self.heads.items()
        }
        predictions = {task: resize_to(answer, image_size) for task, answer in logits.items()}
        return replace(trace, stages=tuple(stages), fused=fused, logits=logits, predictions=predictions)

    def _compute(self, part: nn.Module, *inputs: Any) -> Any:
        return recomputed(part, *inputs) if self.gradient_checkpointing else part(*inputs)


def _stage_widths(config: ModelConfig) -> tuple[int, int, int]:
    """Channels of every task in each stage, coarse to fine.

    Raises:
        ValueError: They cannot be halved and split.
    """
    own = config.systems.invpt
    first = (own.embed_width or config.embed_width) + (own.prediction_width or config.prediction_width)
    if first % (4 * HEADS):
        raise ValueError(
            f"embed_width + prediction_width of InvPT = {first} must be divisible by {4 * HEADS}: it is halved twice, "
            f"and split into {HEADS} attention heads."
        )
    return first, first // 2, first // 4


def _skips(channels: tuple[int, ...], widths: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[nn.Module, ...]]:
    """Which backbone maps are added in the second and the third stage, and the convolutions that fit them.

    Maps of one width are those of a ViT, on one grid.

    Raises:
        ValueError: There are too few maps.
    """
    _, second, third = widths
    one_grid = len(set(channels)) == 1
    if len(channels) < (needed := 2 if one_grid else 3):
        raise ValueError(f"InvPT needs at least {needed} such backbone maps, got {len(channels)}.")
    if one_grid:
        doubled = nn.ConvTranspose2d(channels[0], third, 3, stride=2, padding=1, output_padding=1)
        return (1, 0), (nn.Conv2d(channels[1], second, 3, padding=1), doubled)
    return (-2, -3), tuple(nn.Conv2d(channels[at], width, 3, padding=1) for at, width in ((-2, second), (-3, third)))


def _initialise(stages: nn.ModuleList) -> None:
    """The authors' initial values: small linear maps in the stages, everything else at torch's defaults."""
    for module in stages.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)


def _grid(image_size: tuple[int, int], stride: int) -> tuple[int, int]:
    return ceil(image_size[0] / stride), ceil(image_size[1] / stride)

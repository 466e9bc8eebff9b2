"""Multi-scale fusion of the refined features, and the prediction heads."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce
from typing import cast

import torch
from torch import nn

from bridgenet.model.by_task import ByTask
from bridgenet.model.layers import ChannelNorm, GroupedChannelNorm, conv_norm_relu, resize_to
from bridgenet.shapes import AnyFeature
from bridgenet.tasks import TaskName
from bridgenet.trace import Features


class SideOutput(nn.Module):
    """What one stage gives to the fusion: a layer norm over the channels of all tasks, then 1x1 convolutions.

    Args:
        tasks: Names, in order.
        width: Channels of each task in this stage (C_s).
        fused_width: Channels of the fused feature (C_0). A stage that has them already needs no convolution.
        joint_norm: Whether mean and deviation are those of all tasks, or each task has its own.
    """

    def __init__(self, tasks: tuple[TaskName, ...], width: int, fused_width: int, *, joint_norm: bool) -> None:
        super().__init__()
        channels = len(tasks) * width
        self.norm = ChannelNorm(channels) if joint_norm else GroupedChannelNorm(channels, groups=len(tasks))
        self.expand = ByTask(
            {task: nn.Identity() if width == fused_width else nn.Conv2d(width, fused_width, 1) for task in tasks}
        )

    def hold_norm(self, hooks: ExitStack, refined: Features) -> None:
        """From now until `hooks` closes, the joint norm uses the mean and deviation of these features.

        Written as their norm plus the change over their deviation, so that what did not change stays equal bit for
        bit. Where each task has its own norm there is nothing to hold.
        """
        norm = self.norm
        if isinstance(norm, GroupedChannelNorm):
            return
        before = torch.cat(list(refined.values()), dim=1)
        normed = norm.forward(before)
        gain = torch.rsqrt(before.var(dim=1, keepdim=True, correction=0) + norm.eps) * norm.weight[:, None, None]
        held = norm.register_forward_hook(lambda module, inputs, output: normed + (inputs[0] - before) * gain)
        hooks.callback(held.remove)

    def forward(self, refined: Features) -> Features:
        normed = self.norm(torch.cat(list(refined.values()), dim=1)).chunk(len(refined), dim=1)
        return {task: expand(own) for (task, expand), own in zip(self.expand.items(), normed, strict=True)}


class MultiScaleFusion(nn.Module):
    """Sum of the side outputs of all stages on the fusion grid.

    Args:
        tasks: Names, in order.
        stage_widths: C_s of every stage, coarse to fine.
        joint_norm: As in `SideOutput`.
    """

    def __init__(self, tasks: tuple[TaskName, ...], stage_widths: Sequence[int], *, joint_norm: bool = True) -> None:
        super().__init__()
        self.sides = nn.ModuleList(
            SideOutput(tasks, width, stage_widths[0], joint_norm=joint_norm) for width in stage_widths
        )

    def hold_norms(self, hooks: ExitStack, refined: Sequence[Features]) -> None:
        """From now until `hooks` closes, joint norms use the statistics of these features."""
        for side, features in zip(self.sides, refined, strict=True):
            cast(SideOutput, side).hold_norm(hooks, features)

    def forward(self, refined: Sequence[Features], size: tuple[int, int]) -> Features:
        sides = [side(features) for side, features in zip(self.sides, refined, strict=True)]
        return {task: reduce(torch.add, [resize_to(side[task], size) for side in sides]) for task in sides[0]}


def fusion_conv(width: int) -> nn.Sequential:
    """3x3 convolution with bias, batch norm and ReLU: from the fused feature of a task to what its head sees."""
    return conv_norm_relu(width, width, 3, bias=True)


class PredictionHead(nn.Conv2d):
    """1x1 convolution from a feature to the output channels of one task: logits, in float32 under autocast too."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__(width, channels, 1)

    def forward(self, input: AnyFeature) -> AnyFeature:
        logits = super().forward(input)
        return logits.to(torch.promote_types(logits.dtype, torch.float32))

"""Task Feature Refiner (TFR), section III-D: pours the bridge feature back into each task.

A task never meets another task here. It meets the bridge feature, which already carries what all tasks have in
common, so the cost grows linearly with the number of tasks.
"""

from collections import OrderedDict
from itertools import cycle, islice

import numpy as np
import torch
from torch import nn
from torchvision.ops import StochasticDepth

from bridgenet.model.layers import DepthwiseConv, resize_to
from bridgenet.shapes import AnyFeature, Feature


class TaskFeatureRefiner(nn.Module):
    """A residual stack of dilated blocks for one task at one scale, Eq. (7).

    Args:
        width: Channels of the task feature and of the bridge feature.
        blocks: Number of blocks; the paper's layer is three.
        dilations: Successive blocks cycle through these.
        squeeze_ratio: A block works on the task's channels divided by this.
        drop_path: Stochastic depth of the last block, rising linearly from 0 at the first.
    """

    def __init__(
        self, width: int, *, blocks: int, dilations: tuple[int, ...], squeeze_ratio: int, drop_path: float
    ) -> None:
        super().__init__()
        rates = np.linspace(0, drop_path, blocks).tolist()
        self.blocks = nn.ModuleList(
            RefinementBlock(width, width // squeeze_ratio, dilation, rate)
            for dilation, rate in zip(islice(cycle(dilations), blocks), rates, strict=True)
        )

    def forward(self, task_specific: Feature, bridge: AnyFeature) -> Feature:
        bridge = resize_to(bridge, task_specific.shape[-2:])
        for block in self.blocks:
            task_specific = block(task_specific, bridge)
        return task_specific


class RefinementBlock(nn.Module):
    """1x1 convolution of both features, dilated depth-wise 3x3 convolution, 1x1 convolution, added to the task."""

    def __init__(self, width: int, squeezed: int, dilation: int, drop_path: float) -> None:
        super().__init__()
        self.correction = nn.Sequential(
            OrderedDict(
                squeeze=nn.Conv2d(2 * width, squeezed, 1),
                squeeze_norm=nn.BatchNorm2d(squeezed),
                squeeze_activation=nn.GELU(),
                dilate=DepthwiseConv(squeezed, dilation=dilation),
                dilate_norm=nn.BatchNorm2d(squeezed),
                dilate_activation=nn.GELU(),
                expand=nn.Conv2d(squeezed, width, 1),
            )
        )
        self.drop_path = StochasticDepth(drop_path, mode="row")

    def forward(self, task_specific: Feature, bridge: Feature) -> Feature:
        return task_specific + self.drop_path(self.correction(torch.cat([task_specific, bridge], dim=1)))


class AddRefinement(nn.Module):
    """The "Add" row of Table VI: the bridge feature, added.

    The row "Add+InvPT" is this, and then attention of every task over the tokens of all tasks
    (`bridgenet.model.peers.invpt_stage`). The paper says no more of it than that name; here it stands at every scale in
    place of the refiners, without InvPT's own skips, whose part the bridge has, and without scores handed from scale to
    scale.
    """

    def forward(self, task_specific: Feature, bridge: AnyFeature) -> Feature:
        return task_specific + resize_to(bridge, task_specific.shape[-2:])


class ConcatenateRefinement(nn.Module):
    """The "Concatenate" row of Table VI: a 1x1 convolution of both features.

    The paper does not say which convolution it used: its row has 7.3 M parameters more, this one has 3.5 M.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2 * width, width, 1)

    def forward(self, task_specific: Feature, bridge: AnyFeature) -> Feature:
        return self.conv(torch.cat([task_specific, resize_to(bridge, task_specific.shape[-2:])], dim=1))

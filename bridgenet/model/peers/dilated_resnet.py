"""The ResNet (He et al. 2016) that peers with a place in the encoder were written for, dilated to stay at 1/8.

Their own parameters belong to it; networks of this project take any backbone instead.
"""

from torch import nn

from bridgenet.model.backbone import Backbone, Passing
from bridgenet.model.peers.residual import EXPANSION, BasicBlock, Bottleneck
from bridgenet.shapes import AnyFeature, Image

STRIDES = (1, 2, 1, 1)
"""Of the first block of each stage."""

DILATIONS = ((1, 1), (1, 1), (1, 2), (2, 4))
"""Of each stage: of the convolution that strides in a ResNet without dilations, and of all others."""


class DilatedResNet(Backbone):
    """A stem and four stages of residual blocks. It takes images that are normalised already.

    Args:
        block: What the stages are made of.
        counts: Blocks of each stage.
        width: Channels of the stem, and of the narrow convolutions of the first stage; each stage doubles them.
    """

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], counts: tuple[int, ...], width: int) -> None:
        super().__init__(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        wider = EXPANSION if block is Bottleneck else 1
        self.channels = tuple(width * 2**stage * wider for stage in range(len(counts)))
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        widths = zip((width, *self.channels), self.channels, strict=False)
        for stage, ((channels_in, channels), count) in enumerate(zip(widths, counts, strict=True)):
            entry, other = DILATIONS[stage]
            first = block(channels_in, channels, stride=STRIDES[stage], dilations=(entry, other))
            rest = (block(channels, channels, dilations=(other, other)) for _ in range(count - 1))
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, *rest))

    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        passing, found = self.stem(images), []
        for stage in range(len(self.channels)):
            passing = self.run_stage(stage, passing)
            found.append(passing.feature)
        return tuple(found)

    def stem(self, images: Image) -> Passing:
        feature = self._in_turn([self.conv1, self.bn1, self.relu, self.maxpool], images)
        return Passing(feature, feature)

    def run_stage(self, stage: int, passing: Passing) -> Passing:
        *blocks, last = self.get_submodule(f"layer{stage + 1}").children()
        before = self._in_turn(blocks, passing.feature)
        after = self._in_turn([last], before)
        return Passing(after, before if before.shape == after.shape else after)

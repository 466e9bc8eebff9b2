"""Single-task learning (`stl`): for each task a network of its own, with encoder and DeepLab head, in one checkpoint.

Nothing goes from one task to another: what a multi-task network gains or loses is measured against this. Each of the
networks is the multi-task baseline of one task alone.
"""

from typing import cast

from bridgenet.config import ModelConfig
from bridgenet.config.systems import STAGES
from bridgenet.model.backbone import Backbone
from bridgenet.model.encoders import Encoders
from bridgenet.model.network import Meeting, its_backbone
from bridgenet.model.peers.multi_task_baseline import WithDeepLabHeads
from bridgenet.shapes import AnyFeature, Image
from bridgenet.tasks import TaskName
from bridgenet.trace import EncoderStage, Trace


class SingleTaskNetworks(WithDeepLabHeads):
    """An encoder and a head for each task.

    Args:
        config: Tasks and widths.
        channels: Channels of the backbone maps, fine to coarse; the last one is read.
        backbone: The first task's; the others get copies.
    """

    def __init__(self, config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> None:
        encoders = Encoders(config.tasks, its_backbone(backbone, config.system))
        super().__init__(config, channels[-1], encoders, config.systems.stl)

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        return ()

    def forward(self, images: Image) -> Trace:
        maps: dict[TaskName, tuple[AnyFeature, ...]] = {
            task: encoder(images) for task, encoder in cast(Encoders, self.backbone).items()
        }
        encoder = {
            name: EncoderStage({task: features[index] for task, features in maps.items()})
            for index, name in enumerate(STAGES[1:])
        }
        return self.answered(images, encoder[STAGES[-1]].task_specific, encoder)

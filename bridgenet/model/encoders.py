"""Encoders that belong to one task each, and encoders that are run a stage at a time."""

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor

from bridgenet.config.systems import STAGES, StageName
from bridgenet.model.backbone import TRIAL_SIZE, Backbone
from bridgenet.model.by_task import ByTask
from bridgenet.model.modes import evaluating
from bridgenet.tasks import TaskName


class Encoders(ByTask[Backbone]):
    """A backbone for each task: alike at first, pretrained weights and all, and then learning each for itself.

    What is set for one backbone is set here for all of them.

    Args:
        tasks: Names, in order.
        backbone: The first task's; the others get copies.
    """

    def __init__(self, tasks: Iterable[TaskName], backbone: Backbone) -> None:
        first, *others = tasks
        super().__init__({first: backbone, **{task: deepcopy(backbone) for task in others}})

    @property
    def full_precision(self) -> bool:
        """See `Backbone`."""
        return all(encoder.full_precision for encoder in self.values())

    @full_precision.setter
    def full_precision(self, wanted: bool) -> None:
        for encoder in self.values():
            encoder.full_precision = wanted

    @property
    def gradient_checkpointing(self) -> bool:
        """See `Backbone`."""
        return all(encoder.gradient_checkpointing for encoder in self.values())

    @gradient_checkpointing.setter
    def gradient_checkpointing(self, wanted: bool) -> None:
        for encoder in self.values():
            encoder.gradient_checkpointing = wanted


@torch.no_grad()
def channels_in_stages(backbone: Backbone, name: str) -> dict[StageName, int]:
    """Channels of the feature after the stem and after each stage, of a backbone that is tried out stage by stage.

    Without the stem where what it makes is no map of the image's shape.

    Args:
        backbone: In any mode; it is left as it was.
        name: Of its architecture, for the error.

    Raises:
        ValueError: Its parts, run one after the other, do not compute what it computes at once.
    """
    images = torch.zeros(1, 3, *TRIAL_SIZE, device=next(backbone.parameters()).device)
    try:
        with evaluating(backbone):
            passing = backbone.begin(images)
            features = [passing.feature]
            for stage in range(len(backbone.channels)):
                passing = backbone.advance(stage, passing)
                features.append(passing.feature)
            fits = all(map(_equal, features[1:], backbone(images)))
    except Exception as error:  # A module of timm may raise anything when it gets what it does not expect.
        raise _not_in_stages(name, error) from None
    if not fits:
        raise _not_in_stages(name, "its parts in a row compute something else than the whole")
    found: dict[StageName, int] = {stage: feature.shape[1] for stage, feature in zip(STAGES, features, strict=True)}
    if features[0].shape[-1] * TRIAL_SIZE[0] != features[0].shape[-2] * TRIAL_SIZE[1]:
        del found["stem"]
    return found


def _equal(feature: Tensor, whole: Tensor) -> bool:
    return feature.shape == whole.shape and (feature.is_meta or torch.equal(feature, whole))


def _not_in_stages(name: str, why: object) -> ValueError:
    reason = " ".join(str(why).split())[:200].rstrip(".")
    return ValueError(
        f"The backbone {name!r} cannot be run a stage at a time, as a network whose tasks reach into the encoder needs "
        f"it: {reason}. ResNet, RegNet, EfficientNet, ConvNeXt, Swin and plain ViTs can."
    )

"""The task losses and their weighted sum over final and preliminary predictions.

Every loss is a sum over pixels divided by the number of valid pixels of the whole batch, or by the sum of their
weights where classes are weighed. Those numbers come from the ground truth alone, so processes that share a batch agree
on them with one small reduction.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bridgenet.config import LossConfig
from bridgenet.kinds import no_and_yes
from bridgenet.learning.regions import region_labels
from bridgenet.model import resize_to
from bridgenet.shapes import AnyFeature, Labels
from bridgenet.tasks import IGNORE, TASKS, TaskName
from bridgenet.trace import Trace


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of one batch, as scalars.

    Under several processes their average is the loss of the whole batch; of a part of a batch they are its share, and
    the shares add up.
    """

    total: Tensor
    """What is minimised."""

    final: dict[TaskName, Tensor]
    """Of the final predictions, by task, before weighting."""

    preliminary: dict[TaskName, Tensor]
    """Of the preliminary predictions, by task, before weighting, all scales together; of those tasks that have some."""

    valid: dict[TaskName, Tensor]
    """Valid pixels of each task (or the weights of their classes), averaged over the processes. Without one its losses
    are zero and say nothing."""

    def detach(self) -> "Losses":
        """The same numbers without their graph."""
        return Losses(
            self.total.detach(),
            {task: loss.detach() for task, loss in self.final.items()},
            {task: loss.detach() for task, loss in self.preliminary.items()},
            self.valid,
        )

    def __add__(self, other: "Losses") -> "Losses":
        """The losses of two parts of a batch together; both know the valid pixels of the whole."""
        return Losses(
            self.total + other.total,
            {task: loss + other.final[task] for task, loss in self.final.items()},
            {task: loss + other.preliminary[task] for task, loss in self.preliminary.items()},
            self.valid,
        )


class MultiTaskLoss(nn.Module):
    """Weighted sum of the task losses, of the final and of every preliminary prediction.

    Args:
        config: Weights.
        tasks: The tasks that are learned.
        average: Averages a tensor over the processes that share a batch. A process that divides its own sum by the
            average count contributes exactly its part to the averaged gradient.
        class_weights: Of the semantic classes (classes,). None: they weigh the same.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        config: LossConfig,
        tasks: Iterable[TaskName],
        average: Callable[[Tensor], Tensor] = lambda tensor: tensor,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.tasks = tuple(tasks)
        self.average = average
        self.register_buffer("class_weights", class_weights)

    def forward(self, trace: Trace, targets: dict[TaskName, Tensor], counts: dict[str, Tensor] | None = None) -> Losses:
        """The losses of a batch, or of a part of one.

        Args:
            trace: What the network made of the images.
            targets: Ground truth by task.
            counts: `counts` of the whole batch, where this is a part of it. None: this is all of it.
        """
        if counts is None:
            counts = self.counts(targets)
        final: dict[TaskName, Tensor] = {}
        preliminary: dict[TaskName, Tensor] = {}
        for task in self.tasks:
            final[task] = self._loss(task, _final(trace, task, targets[task]), targets[task], counts)
            if answers := [scale[task] for scale in trace.all_preliminary if task in scale]:
                of_scales = [self._first(task, answer, trace, targets[task], counts) for answer in answers]
                preliminary[task] = reduce(add, of_scales)
        weighted = [
            self.config.weights[task] * (final[task] + self.config.preliminary_weight * preliminary.get(task, 0.0))
            for task in self.tasks
        ]
        valid: dict[TaskName, Tensor] = {task: counts[task] for task in self.tasks}
        return Losses(torch.stack(weighted).sum(), final, preliminary, valid)

    def counts(self, targets: dict[TaskName, Tensor]) -> dict[str, Tensor]:
        """Valid pixels of each task (or the weights of their classes) and positive ones, by which sums are divided.

        They are averages over the processes.
        """
        counts: dict[str, Tensor] = {}
        for task in self.tasks:
            target, weights = targets[task], self._weights_of(task)
            valid = target != IGNORE
            counts[task] = valid.sum() // (3 if TASKS[task].kind == "direction" else 1)
            if weights is not None:
                counts[task] = weights[target[valid]].sum(dtype=torch.float64)
            if _is_balanced(task):
                counts[_positive(task)] = (target == 1).sum()
        averages = self.average(torch.stack([count.double() for count in counts.values()]))
        return dict(zip(counts, averages.float(), strict=True))

    def _loss(self, task: TaskName, prediction: Tensor, target: Tensor, counts: dict[str, Tensor]) -> Tensor:
        # Where no pixel is valid the sum is zero; so is the loss then, and it still has a gradient.
        valid = counts[task].clamp(min=1)
        # Losses are float32 whatever the network ran in.
        prediction = resize_to(prediction.float(), target.shape[-2:])
        match TASKS[task].kind:
            case "classes":
                return cross_entropy_sum(prediction, target, self._weights_of(task)) / valid
            case "metres" if self.config.depth == "scale-invariant":
                return scale_invariant_depth_sum(prediction, target) / valid
            case "metres":
                return depth_sum(prediction, target) / valid
            case "direction":
                return normals_sum(prediction, target) / valid
            case "probability" if _is_balanced(task):
                positive_share = counts[_positive(task)] / valid
                return balanced_cross_entropy_sum(no_and_yes(prediction), target, positive_share) / valid
            case "probability":
                return edge_sum(prediction, target, self.config.edge_positive_weight) / valid

    def _first(
        self, task: TaskName, answer: AnyFeature, trace: Trace, target: Tensor, counts: dict[str, Tensor]
    ) -> Tensor:
        """Loss of a preliminary prediction: as of the final one, or of its regions where it has other channels."""
        regions = answer.shape[1]
        if regions == trace.predictions[task].shape[1]:
            return self._loss(task, answer, target, counts)
        labels = region_labels(task, target, regions)
        answer = resize_to(answer.float(), target.shape[-2:])
        return cross_entropy_sum(answer, labels) / counts[task].clamp(min=1)

    def _weights_of(self, task: TaskName) -> Tensor | None:
        """Weights of the classes of a task: they were counted in the segmentation, and belong to its classes alone."""
        return self.class_weights if task == "semseg" else None


def cross_entropy_sum(logits: AnyFeature, labels: Labels, class_weights: Tensor | None = None) -> Tensor:
    """Cross-entropy in nats, each pixel times the weight of its class, summed over the valid pixels."""
    return F.cross_entropy(*_rows(logits, labels), weight=class_weights, ignore_index=IGNORE, reduction="sum")


def balanced_cross_entropy_sum(logits: AnyFeature, labels: Labels, positive_share: Tensor) -> Tensor:
    """Two-class cross-entropy in which each class weighs as much as the other is frequent.

    Args:
        logits: Two channels, the second for class 1.
        labels: 0, 1 or ignore.
        positive_share: Share of class 1 among the valid pixels, 0..1.
    """
    weight = torch.stack([positive_share, 1 - positive_share])
    return F.cross_entropy(*_rows(logits, labels), weight=weight, ignore_index=IGNORE, reduction="sum")


def depth_sum(depth: AnyFeature, target: AnyFeature) -> Tensor:
    """Absolute error in metres, summed over the valid pixels."""
    return ((depth - target).abs() * (target != IGNORE)).sum()


def scale_invariant_depth_sum(depth: AnyFeature, target: AnyFeature) -> Tensor:
    """Squared error of log depth less half of its square that an image has in common, summed over the valid pixels.

    That is n times Eq. (4) of Eigen et al., "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network"
    (2014), for each image of n valid pixels.
    """
    valid = target != IGNORE
    error = torch.where(valid, _log_metres(depth) - target.log(), 0.0)
    pixels = valid.sum((1, 2, 3)).clamp(min=1)
    return (error.square().sum((1, 2, 3)) - error.sum((1, 2, 3)).square() / (2 * pixels)).sum()


def _log_metres(depth: Tensor) -> Tensor:
    """Logarithm, continued by its tangent below half a metre: a prediction of nothing, or less, can still grow."""
    nearest = 0.5
    tangent = math.log(nearest) + (depth - nearest) / nearest
    return torch.where(depth > nearest, depth.clamp(min=nearest).log(), tangent)


def normals_sum(normals: AnyFeature, target: AnyFeature) -> Tensor:
    """Absolute error of the unit vector, summed over its components and the valid pixels."""
    return ((F.normalize(normals, dim=1) - target).abs() * (target != IGNORE)).sum()


def edge_sum(logits: AnyFeature, labels: Labels, positive_weight: float) -> Tensor:
    """Binary cross-entropy in nats, summed over the valid pixels.

    Args:
        logits: One channel.
        labels: 1 on a boundary, 0 elsewhere, or ignore.
        positive_weight: Weight of boundary pixels; the others weigh one minus this.
    """
    boundary = (labels == 1).to(logits.dtype)
    weight = (boundary * positive_weight + (1 - boundary) * (1 - positive_weight)) * (labels != IGNORE)
    return F.binary_cross_entropy_with_logits(logits[:, 0], boundary, weight=weight, reduction="sum")


def _final(trace: Trace, task: TaskName, target: Tensor) -> AnyFeature:
    """The final prediction to compare with a target: from the fusion grid straight to targets smaller than images."""
    prediction = trace.predictions[task]
    return prediction if prediction.shape[-2:] == target.shape[-2:] else trace.logits[task]


def _rows(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels as rows: where the logits lie channels-last, cross-entropy is twice as fast on them as on the maps."""
    return logits.movedim(1, -1).flatten(0, 2), labels.flatten()


def _is_balanced(task: TaskName) -> bool:
    """Whether no and yes have a logit each, as a rule: they are then weighed by how frequent they are in the batch."""
    return TASKS[task].kind == "probability" and TASKS[task].channels == 2


def _positive(task: TaskName) -> str:
    """Under which name its positive pixels are counted."""
    return f"{task} positive"

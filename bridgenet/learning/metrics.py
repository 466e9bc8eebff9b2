"""How good predictions are, over a whole set: every metric sums over all valid pixels before it divides.

The sums are float64 or integers, so that the order of the images and the number of processes do not matter. Where no
pixel of the set has ground truth there is no metric: it is None, `null` in JSON, and never a number.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchmetrics import SumMetric
from torchmetrics.functional.classification import multiclass_confusion_matrix

from bridgenet.kinds import angle_between
from bridgenet.labels import NO_VALID_PIXEL
from bridgenet.learning.boundary import BoundaryJudge
from bridgenet.learning.edge_metric import EdgeMetric
from bridgenet.learning.saliency_metric import SaliencyMetric, SaliencyProtocol
from bridgenet.learning.task_metric import TaskMetric
from bridgenet.model.by_task import ByTask
from bridgenet.shapes import AnyFeature, Labels
from bridgenet.tasks import IGNORE, TASKS, TaskName

ANGLE_BINS_PER_DEGREE = 100
"""Resolution of the median angle. A histogram can be added over processes, the pixels themselves cannot."""

METRIC_UNITS = {
    "miou": "%",
    "pixel_accuracy": "%",
    "rmse": "m",
    "abs_rel": "",
    "delta1": "%",
    "mean_angle": "°",
    "median_angle": "°",
    "within_11": "%",
    "within_22": "%",
    "within_30": "%",
    "disparity_rmse": "px",
    "max_f": "%",
    "max_iou": "%",
    "protocol": "",
    "ods": "%",
    "ois": "%",
    "ap": "%",
    "balanced_bce": "",
}
"""Unit of every metric that `MultiTaskMetrics` reports."""

Value = float | int | None
"""Of a metric; None where no pixel had ground truth."""

DISPARITY_JUDGED = 80.0
"""Pixels of disparity from which on the literature does not judge any more."""

DISPARITY_MOST = 256.0
"""What the files of stereo data can hold. A predicted distance that means more of it counts as this."""


class SegmentationMetric(TaskMetric):
    """Mean intersection over union, and pixel accuracy, in percent.

    Intersections and unions are counted over the whole set. The mean is over all classes: one that neither occurs nor
    is predicted counts as 0.

    Args:
        classes: Number of classes.
    """

    confusion: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.add_sums("confusion", size=(classes, classes), dtype=torch.int64)

    def update(self, logits: AnyFeature, labels: Labels) -> None:
        self.confusion += multiclass_confusion_matrix(
            logits.argmax(dim=1), labels, self.classes, ignore_index=IGNORE, validate_args=False
        )
        self.pixels += (labels != IGNORE).sum()

    def values(self) -> dict[str, float]:
        confusion = self.confusion.double()
        correct = confusion.diagonal()
        union = confusion.sum(0) + confusion.sum(1) - correct
        return {
            "miou": _percent((correct / union.clamp(min=1)).mean(), 1.0),
            "pixel_accuracy": _percent(correct.sum(), confusion.sum()),
        }


class DepthMetric(TaskMetric):
    """Root of the mean squared error in metres, mean relative error, and share within a factor of 1.25 in percent.

    A negative or zero prediction counts as 1e-9 metres.

    Args:
        stereo: Where the truth comes from the disparity of a stereo camera, its baseline in metres times its focal
            length in pixels. Then the error of disparity is told, too: the root of its mean square, in pixels, where
            the truth is below 80, as in the literature.
    """

    squared: Tensor
    relative: Tensor
    within: Tensor
    disparity: Tensor
    judged: Tensor

    def __init__(self, stereo: float | None = None) -> None:
        super().__init__()
        self.stereo = stereo
        self.add_sums("squared", "relative", "within", "disparity", "judged")

    def update(self, depth: AnyFeature, target: AnyFeature) -> None:
        valid = target != IGNORE
        predicted = depth[valid].double().clamp(min=1e-9)
        true = target[valid].double()
        error = (predicted - true).abs()
        self.squared += error.square().sum()
        self.relative += (error / true).sum()
        self.within += (torch.maximum(predicted / true, true / predicted) < 1.25).sum()
        self.pixels += valid.sum()
        if self.stereo is not None:
            near = self.stereo / true < DISPARITY_JUDGED
            found = (self.stereo / predicted[near]).clamp(max=DISPARITY_MOST)
            self.disparity += (found - self.stereo / true[near]).square().sum()
            self.judged += near.sum()

    def values(self) -> dict[str, float]:
        told = {} if self.stereo is None else {"disparity_rmse": float((self.disparity / self.judged).sqrt())}
        return {
            "rmse": float((self.squared / self.pixels).sqrt()),
            "abs_rel": float(self.relative / self.pixels),
            "delta1": _percent(self.within, self.pixels),
            **told,
        }


class NormalsMetric(TaskMetric):
    """Angle between predicted and true normal: mean and median in degrees, shares under three angles in percent.

    The median is read from a histogram of 0.01 degree bins, and is exact to one bin.
    """

    total: Tensor
    within: Tensor
    histogram: Tensor

    limits = (11.25, 22.5, 30.0)

    def __init__(self) -> None:
        super().__init__()
        self.add_sums("total")
        self.add_sums("within", size=(3,))
        self.add_sums("histogram", size=(180 * ANGLE_BINS_PER_DEGREE,), dtype=torch.int64)

    def update(self, normals: AnyFeature, target: AnyFeature) -> None:
        valid = (target != IGNORE).all(dim=1)
        said, true = (vectors.movedim(1, -1)[valid].double() for vectors in (normals, target))
        angle = angle_between(said, true, dim=-1)
        bins = (angle * ANGLE_BINS_PER_DEGREE).long().clamp(max=len(self.histogram) - 1)
        self.total += angle.sum()
        self.within += torch.stack([(angle < limit).sum() for limit in self.limits])
        self.histogram += torch.bincount(bins, minlength=len(self.histogram))
        self.pixels += valid.sum()

    def values(self) -> dict[str, float]:
        below_half = int((self.histogram.cumsum(0) < self.pixels / 2).sum())
        within = self.within / self.pixels
        return {
            "mean_angle": float(self.total / self.pixels),
            "median_angle": (below_half + 0.5) / ANGLE_BINS_PER_DEGREE,
            "within_11": _percent(within[0], 1.0),
            "within_22": _percent(within[1], 1.0),
            "within_30": _percent(within[2], 1.0),
        }


class MultiTaskMetrics(nn.Module):
    """The metrics of all tasks over one set.

    Args:
        tasks: Output channels of each task.
        edge_positive_weight: Weight of boundary pixels in the edge loss.
        judge: How boundaries are compared.
        saliency: How saliency is judged.
        stereo: Of the stereo camera that depth comes from, if any, see `DepthMetric`.
    """

    def __init__(
        self,
        tasks: Mapping[TaskName, int],
        edge_positive_weight: float = 0.95,
        judge: BoundaryJudge = BoundaryJudge(),  # noqa: B008
        saliency: SaliencyProtocol = "clean",
        stereo: float | None = None,
    ) -> None:
        super().__init__()

        def metric(task: TaskName, channels: int) -> TaskMetric:
            match TASKS[task].kind:
                case "classes":
                    return SegmentationMetric(channels)
                case "metres":
                    return DepthMetric(stereo)
                case "direction":
                    return NormalsMetric()
                case "probability" if TASKS[task].channels == 2:
                    return SaliencyMetric(saliency)
                case "probability":
                    return EdgeMetric(edge_positive_weight, judge)

        self.by_task = ByTask({task: metric(task, channels) for task, channels in tasks.items()})
        self.images = SumMetric()

    def update(self, predictions: Mapping[TaskName, Tensor], targets: Mapping[TaskName, Tensor]) -> None:
        """Adds the predictions (logits) of some images. They have the size of the targets."""
        for task, metric in self.by_task.items():
            metric.update(predictions[task].float(), targets[task])
        self.images.update(len(next(iter(targets.values()))))

    def compute(self) -> dict[str, Any]:
        """Metrics by task and name over the images of all processes, and the number of images as `images`.

        A metric is None where no pixel has ground truth. `conventions` tells by task what its numbers are by, where
        there are several ways.
        """
        values: dict[str, Any] = {task: metric.compute() for task, metric in self.by_task.items()}
        conventions = {task: metric.convention for task, metric in self.by_task.items() if metric.convention}
        told = {"conventions": conventions} if conventions else {}
        return {**values, "images": int(self.images.compute()), **told}


def without_truth(metrics: Mapping[str, Any]) -> list[TaskName]:
    """Tasks of which no pixel had ground truth, in what `MultiTaskMetrics` computed."""
    return [
        task
        for task in TASKS
        if task in metrics and all(value is None or isinstance(value, str) for value in metrics[task].values())
    ]


def in_words(name: str, value: float | str | None, form: str = ".4g") -> str:
    """A metric with its unit, for people.

    Args:
        name: Key of `METRIC_UNITS`.
        value: The number, None if no pixel had ground truth; or a word.
        form: How a number is written.
    """
    if isinstance(value, str):
        return value
    return NO_VALID_PIXEL if value is None else f"{value:{form}} {METRIC_UNITS[name]}".rstrip()


def delta_m(
    result: Mapping[str, Value] | Sequence[Value],
    single_task: Mapping[str, Value] | Sequence[Value],
    lower_is_better: Collection[str] | Mapping[str, bool] | Sequence[bool],
) -> float:
    """The multi-task gain, in percent: how much better than single-task learning, mean over the tasks, Eqs. (8), (9).

    Args:
        result: One metric of each task: by task, or in an order that all three share.
        single_task: The same metrics of networks that learnt one task each. Others than those of `result` do not count.
        lower_is_better: The tasks whose metric is an error, or whether it is one for each task.

    Raises:
        ValueError: There is no task, one has no single-task result, `lower_is_better` is of others, or a number is
            missing, not finite, or is 0 and divided by.
    """
    ours, alone = (dict(_by_task(values)) for values in (result, single_task))
    if isinstance(lower_is_better, Mapping) or all(isinstance(each, bool) for each in lower_is_better):
        if not isinstance(lower_is_better, Mapping) and 0 < len(lower_is_better) != len(ours):
            raise ValueError(f"lower_is_better speaks of {len(lower_is_better)} results, and there are {len(ours)}.")
        errors = {task for task, lower in _by_task(cast(Sequence[bool], lower_is_better)) if lower}
    else:
        errors = set(cast(Collection[str], lower_is_better))
    if not ours:
        raise ValueError("There is no task of which a gain could be told.")
    if missing := [str(task) for task in ours if task not in alone]:
        raise ValueError(f"There is no single-task result of {', '.join(missing)}.")
    if stray := [str(task) for task in errors if task not in {*ours, *alone, *TASKS}]:
        raise ValueError(f"lower_is_better names {', '.join(stray)}, of which there is no result.")
    return 100 * sum(_gain(task, ours[task], alone[task], task in errors) for task in ours) / len(ours)


def multi_task_gain(metrics: Mapping[str, Any], single_task: Mapping[str, Any]) -> float:
    """`delta_m` of what `MultiTaskMetrics` computed, each task by the metric that it is followed by.

    Args:
        metrics: Of a network.
        single_task: Of single-task learning, on the same images.

    Raises:
        ValueError: Another number of images was judged, or by another convention, or see `delta_m`.
    """
    if (images := single_task.get("images")) != metrics["images"]:
        raise ValueError(f"The single-task results are those of {images} images, not of these {metrics['images']}.")
    for task, convention in metrics.get("conventions", {}).items():
        theirs = single_task.get("conventions", {}).get(task)
        if task in single_task and theirs != convention:
            raise ValueError(
                f"{task} was judged by {convention}, and in the single-task results by {theirs or 'something older'}. "
                "Judge the single-task network again."
            )
    protocol, theirs = (told.get("sal", {}).get("protocol", "clean") for told in (metrics, single_task))
    if "sal" in metrics and "sal" in single_task and protocol != theirs:
        raise ValueError(
            f"sal was judged by the protocol {protocol}, and in the single-task results by {theirs}. Judge one of them "
            "again, with --sal-protocol."
        )
    ours, alone = (
        {task: values.get(about.metric) for task, about in TASKS.items() if (values := told.get(task))}
        for told in (metrics, single_task)
    )
    return delta_m(ours, alone, [task for task, about in TASKS.items() if not about.higher_is_better])


def _gain(task: str, value: Value, alone: Value, is_error: bool) -> float:
    """g_t of Eq. (8), as a share."""
    if value is None or alone is None or not (math.isfinite(value) and math.isfinite(alone) and alone):
        raise ValueError(f"{task} has no gain: its results are {value}, and {alone} by itself.")
    return (alone - value if is_error else value - alone) / alone


def _by_task(values: Mapping[str, Any] | Sequence[Any]) -> Iterable[tuple[str, Any]]:
    """Tasks and their values; tasks without a name are called by their place, from 1 on."""
    if isinstance(values, Mapping):
        return values.items()
    return ((f"task {place}", value) for place, value in enumerate(values, 1))


def _percent(part: Tensor, whole: Tensor | float) -> float:
    return 100 * float(part / whole) if float(whole) else 0.0

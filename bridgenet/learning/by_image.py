"""What every image adds to the metrics of a set: how far a number, or a gain over another network, depends on chance.

Every metric is computed of sums over images (`TaskMetric`), so the set could as well have been another draw of its
images. `gain_over_images` draws it again and again (the bootstrap of Efron, 1979), the same images for both networks.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bridgenet.learning.intervals import Interval
from bridgenet.learning.metrics import MultiTaskMetrics, multi_task_gain
from bridgenet.tasks import TASKS, TaskName

Sums = dict[str, np.ndarray]
"""Under `TASK.SUM` what each image adds, (images, ...)."""

JUDGED = "judged"
"""Beside them, in words: which images these are, and how tasks were judged where there are several ways."""

DRAWS = 500


class SumsByImage:
    """Fills metrics image by image, and keeps what each adds.

    Args:
        metrics: Empty ones.
    """

    def __init__(self, metrics: MultiTaskMetrics) -> None:
        self.metrics = metrics
        self.rows: dict[str, list[np.ndarray]] = {}

    def update(self, predictions: Mapping[TaskName, Tensor], targets: Mapping[TaskName, Tensor]) -> None:
        """Adds some images, as `MultiTaskMetrics.update` does."""
        for index in range(len(next(iter(targets.values())))):
            before = _sums(self.metrics)
            one = slice(index, index + 1)
            self.metrics.update(
                {task: predictions[task][one] for task in targets}, {task: targets[task][one] for task in targets}
            )
            for name, after in _sums(self.metrics).items():
                self.rows.setdefault(name, []).append((after - before[name]).cpu().numpy())

    @property
    def sums(self) -> Sums:
        """Of all images so far, in their order."""
        return {name: np.stack(rows) for name, rows in self.rows.items()}


def judged_by(names: Sequence[str], metrics: Mapping[str, Any]) -> np.ndarray:
    """What two networks have to agree in before their sums are compared, for `JUDGED`.

    Args:
        names: Of the images, in their order.
        metrics: What `MultiTaskMetrics` computed of them.
    """
    images = sha256("\n".join(names).encode("utf-8", "backslashreplace")).hexdigest()
    protocols = {task: told["protocol"] for task, told in metrics.items() if task in TASKS and "protocol" in told}
    return np.array(json.dumps({"images": images, **metrics.get("conventions", {}), **protocols}))


def gain_over_images(
    metrics: MultiTaskMetrics, ours: Sums, theirs: Sums, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Delta_m of one network over another on the same images, and between which values it lies in 95 % of the draws.

    Args:
        metrics: Of the tasks, by the conventions of both; what it holds is lost.
        ours: What each image adds to the metrics of the network.
        theirs: The same of the other network, perhaps of more tasks.
        draws: How often the images are drawn, with replacement.
        seed: Fixes them.

    Returns:
        The gain on the images themselves, the 2.5 and 97.5 percentiles of the draws, and every draw of which there is
        a gain.

    Raises:
        ValueError: The two saw other images or tasks, were judged in different ways, or see `multi_task_gain`. Sums
            that do not say how they were judged are believed.
    """
    _check_judged(ours, theirs, metrics.by_task)
    names = [f"{task}.{name}" for task, metric in metrics.by_task.items() for name in metric.sums]
    shapes = [{name: sums[name].shape for name in names if name in sums} for sums in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError("These two networks were not judged on the same images and tasks.")
    count = len(ours[names[0]])
    generator = np.random.default_rng(seed)
    gain = multi_task_gain(*(_told(metrics, sums, np.ones(count)) for sums in (ours, theirs)))
    samples = []
    for _ in range(draws):
        times = np.bincount(generator.integers(count, size=count), minlength=count)
        try:
            samples.append(multi_task_gain(*(_told(metrics, sums, times) for sums in (ours, theirs))))
        except ValueError:  # Of a draw without any valid pixel of a task there is no gain.
            continue
    low, high = np.percentile(samples, [2.5, 97.5]) if samples else (float("-inf"), float("inf"))
    return Interval(gain, float(low), float(high), tuple(samples))


def _check_judged(ours: Sums, theirs: Sums, tasks: Iterable[TaskName]) -> None:
    if not {JUDGED} <= ours.keys() & theirs.keys():
        return
    here, there = (json.loads(str(sums[JUDGED])) for sums in (ours, theirs))
    if here["images"] != there["images"]:
        raise ValueError("These two networks were not judged on the same images and tasks.")
    if apart := [task for task in tasks if here.get(task) != there.get(task)]:
        raise ValueError(
            f"{apart[0]} was judged by {here.get(apart[0])}, and of the other network by {there.get(apart[0])}. Judge "
            "one of them again."
        )


def _sums(metrics: MultiTaskMetrics) -> dict[str, Tensor]:
    """Copies of all sums."""
    return {
        f"{task}.{name}": value.clone()
        for task, metric in metrics.by_task.items()
        for name, value in metric.sums.items()
    }


def _told(metrics: MultiTaskMetrics, sums: Sums, times: np.ndarray) -> dict[str, Any]:
    """The metrics of a set that has each image so many times."""
    told: dict[str, Any] = {"images": len(times)}
    for task, metric in metrics.by_task.items():
        rows = {name: sums[f"{task}.{name}"] for name in metric.sums}
        totals = {name: np.tensordot(times.astype(each.dtype), each, axes=1) for name, each in rows.items()}
        metric.take({name: torch.from_numpy(np.asarray(total)) for name, total in totals.items()})
        told[task] = metric.of_these_sums()
    return told

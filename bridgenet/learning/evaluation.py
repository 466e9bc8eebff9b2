"""A network judged over a whole data set, by one process or by several."""

import warnings
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bridgenet.config import TrainConfig
from bridgenet.data import Batch, DataWarning, MultiTaskDataset, collate_by_size
from bridgenet.kinds import turned_back
from bridgenet.labels import NO_VALID_PIXEL
from bridgenet.learning.boundary import BoundaryJudge
from bridgenet.learning.by_image import Sums, SumsByImage
from bridgenet.learning.metrics import MultiTaskMetrics, without_truth
from bridgenet.learning.runtime import Runtime, float32_products
from bridgenet.learning.saliency_metric import SaliencyProtocol
from bridgenet.learning.sampling import open_loader
from bridgenet.model import Network, resize_to
from bridgenet.model.modes import evaluating
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace

Watcher = Callable[[Batch, Trace], object]
"""Is shown every batch of this process, and what the network made of it."""


@torch.no_grad()
def evaluate(
    model: Network,
    dataset: MultiTaskDataset,
    config: TrainConfig,
    runtime: Runtime,
    batch_size: int = 8,
    watch: Watcher | None = None,
    flip: bool = False,
    judge: BoundaryJudge = BoundaryJudge(),  # noqa: B008
    saliency: SaliencyProtocol = "clean",
    keep: Callable[[Sums], object] | None = None,
) -> dict[str, Any]:
    """Metrics over the data set, the same on every process. The network's mode is restored.

    Each process takes every `world_size`-th image, so that none is seen twice. Everything runs in float32, as it will
    where the network is used.

    Args:
        model: The network, on the runtime's device.
        dataset: Samples by index, with the ground truth of the tasks to judge. Its size need not be the images':
            predictions are resized to it.
        config: Says the size of the predictions and the number of workers.
        runtime: This process.
        batch_size: Images at a time.
        watch: Called after each batch.
        flip: Judge also the mean of the answers to each image and to its mirror image (`with_mirror_image`).
        judge: How boundaries are compared.
        saliency: How saliency is judged.
        keep: Gets what each image of this process has added to the metrics; images are then judged one by one.

    Returns:
        Metrics by task and name, and the number of `images`. Where no pixel has ground truth a metric is None, and a
        `DataWarning` says so. With `flip`, the same once more as `flipped`.

    Raises:
        ValueError: What the network says is not finite.
    """
    share = list(range(runtime.rank, len(dataset), runtime.world_size))
    chunks = [share[start : start + batch_size] for start in range(0, len(share), batch_size)]
    metrics, flipped = (empty_metrics(dataset, config, judge, saliency).to(runtime.device) for _ in range(2))
    judged = metrics if keep is None else SumsByImage(metrics)
    with evaluating(model):
        loader = open_loader(dataset, chunks, config.data.workers, runtime.device, collate_by_size)
        for loaded in chain.from_iterable(loader):
            batch: Batch = loaded.to(runtime.device)
            with float32_products(tf32=False):
                trace = model(batch.images.contiguous(memory_format=torch.channels_last))
            judged.update(_checked(trace.predictions, batch), batch.targets)
            if flip:
                with float32_products(tf32=False):
                    mirrored = model(batch.images.flip(-1).contiguous(memory_format=torch.channels_last)).predictions
                flipped.update(_checked(with_mirror_image(trace.predictions, mirrored), batch), batch.targets)
            if watch is not None:
                watch(batch, trace)
    if keep is not None and isinstance(judged, SumsByImage):
        keep(judged.sums)
    values = metrics.compute()
    if runtime.is_main and (unknown := without_truth(values)):
        titles = ", ".join(TASKS[task].title for task in unknown)
        warnings.warn(
            f"{titles}: {NO_VALID_PIXEL} in {values['images']} images, so there is nothing to judge by. "
            "Look at the ground truth of this data set.",
            DataWarning,
            stacklevel=2,
        )
    return {**values, "flipped": flipped.compute()} if flip else values


def empty_metrics(
    dataset: MultiTaskDataset,
    config: TrainConfig,
    judge: BoundaryJudge = BoundaryJudge(),  # noqa: B008
    saliency: SaliencyProtocol = "clean",
) -> MultiTaskMetrics:
    """The metrics of the tasks of a data set, as `evaluate` fills them."""
    tasks: dict[TaskName, int] = {task: config.model.tasks[task] for task in dataset.tasks}
    return MultiTaskMetrics(tasks, config.loss.edge_positive_weight, judge, saliency, dataset.stereo)


def with_mirror_image(
    predictions: Mapping[TaskName, Tensor], mirrored: Mapping[TaskName, Tensor]
) -> dict[TaskName, Tensor]:
    """The mean of what a network answers to images and to their mirror images.

    Args:
        predictions: Logits, metres or vectors, (batch, channels, height, width) for each task.
        mirrored: The same for the mirror images. They are turned back here: what faced left faces right again.
    """
    means: dict[TaskName, Tensor] = {}
    for task, one in predictions.items():
        two = turned_back(task, mirrored[task])
        if TASKS[task].kind == "direction":
            # Unit vectors, so that both directions weigh the same.
            one, two = F.normalize(one, dim=1), F.normalize(two, dim=1)
        means[task] = (one + two) / 2
    return means


def _checked(answers: Mapping[TaskName, Tensor], batch: Batch) -> dict[TaskName, Tensor]:
    """The answers at the sizes of the ground truth.

    Raises:
        ValueError: One is not finite.
    """
    predictions: dict[TaskName, Tensor] = {
        task: resize_to(answers[task].float(), target.shape[-2:]) for task, target in batch.targets.items()
    }
    wrong = [TASKS[task].title for task, prediction in predictions.items() if not prediction.isfinite().all()]
    if wrong:
        raise ValueError(
            f"What the network says for {', '.join(wrong)} is not finite (images {', '.join(batch.names)}), so it "
            "cannot be judged. Its weights have grown out of bounds: take an earlier checkpoint, or train with a lower "
            "rate."
        )
    return predictions

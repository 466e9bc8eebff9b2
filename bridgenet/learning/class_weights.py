"""How much each semantic class weighs in the loss: rare ones more, so that they are learnt at all."""

import torch
from torch import Tensor

from bridgenet.data import MultiTaskDataset
from bridgenet.learning.runtime import Runtime
from bridgenet.tasks import IGNORE


def count_classes(dataset: MultiTaskDataset, classes: int, runtime: Runtime) -> Tensor:
    """Labelled pixels of each class over a data set as it lies on disk, float64 (classes,); each process reads a share.

    Returns:
        The mean over the processes, which is the same on each.
    """
    counts = torch.zeros(classes, dtype=torch.float64)
    for index in range(runtime.rank, len(dataset), runtime.world_size):
        labels = torch.from_numpy(dataset.reader.read(index, ("semseg",)).targets["semseg"])
        counts += torch.bincount(labels[labels != IGNORE].long(), minlength=classes)
    return runtime.average(counts.to(runtime.device))


def median_frequency_weights(counts: Tensor, limits: tuple[float, float]) -> Tensor:
    """The square root of (median frequency / frequency) of each class, float32 (classes,).

    Args:
        counts: Pixels of each class. The median is over those that occur.
        limits: Range to which the weights are cut. A class that never occurs has the largest.
    """
    occurring = counts[counts > 0]
    median = occurring.quantile(0.5) if len(occurring) else counts.new_ones(())
    return (median / counts).sqrt().clamp(*limits).float()

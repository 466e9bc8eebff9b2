"""Which images a training step sees: a pure function of the seed and the step, so that a resumed run sees the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from bridgenet.data import Batch, Draw, Sample, collate
from bridgenet.learning.stopping import leave_signals_to_the_main_process


def mixed_seed(*numbers: int) -> int:
    """One seed in 0..2**63-1 from several non-negative numbers; neighbours give unrelated seeds."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def global_batch(step: int, images: int, batch_size: int, seed: int) -> list[Draw]:
    """Draws of one step over all processes together.

    Every image comes once per epoch, in an order of that epoch's own; a batch may reach over the end of an epoch.

    Args:
        step: Steps done before this one.
        images: Number of images in the data set.
        batch_size: Number of draws.
        seed: Seed of the run.
    """
    draws = []
    for position in range(step * batch_size, (step + 1) * batch_size):
        epoch, offset = divmod(position, images)
        draws.append(Draw(int(_order(images, seed, epoch)[offset]), mixed_seed(seed, 1, position)))
    return draws


def shareable(batch_size: int, processes: int, accumulate: int = 1) -> int:
    """The batch size that is meant: raised to the next multiple where it cannot be shared equally.

    Args:
        batch_size: Images per step over all processes together, as asked for.
        processes: That share each step.
        accumulate: Micro-batches into which each process splits its share.
    """
    unit = processes * accumulate
    return -(-batch_size // unit) * unit


class StepBatches(Sampler[list[Draw]]):
    """This process's share of each batch, for the steps `first` to `last` - 1.

    Args:
        images: Number of images in the data set.
        batch_size: Images per step over all processes together.
        seed: Seed of the run.
        first: Steps already done.
        last: Steps of the whole run.
        rank: Number of this process.
        world_size: Number of processes.

    Raises:
        ValueError: The data set is empty, or the batch cannot be shared equally.
    """

    def __init__(
        self, images: int, batch_size: int, seed: int, first: int, last: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if not images:
            raise ValueError("The training set has no image.")
        if batch_size % world_size:
            raise ValueError(
                f"A batch of {batch_size} images cannot be shared equally by {world_size} processes. "
                "Choose --optim.batch-size as a multiple of the number of processes."
            )
        self.images, self.batch_size, self.seed = images, batch_size, seed
        self.first, self.last = first, last
        self.rank, self.share = rank, batch_size // world_size

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[list[Draw]]:
        for step in range(self.first, self.last):
            draws = global_batch(step, self.images, self.batch_size, self.seed)
            yield draws[self.rank * self.share : (self.rank + 1) * self.share]


def open_loader(
    dataset: Dataset[Sample],
    batches: Iterable[Sequence[int | Draw]],
    workers: int,
    device: torch.device,
    stack: Callable[[Sequence[Sample]], Batch | list[Batch]] = collate,
) -> DataLoader[Any]:
    """Batches of samples, prepared ahead by `workers` processes. Their number changes nothing but the speed."""
    return DataLoader(
        dataset,
        batch_sampler=batches,  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=stack,
        pin_memory=device.type == "cuda",
        worker_init_fn=leave_signals_to_the_main_process,
    )


def plain_message(error: Exception) -> str:
    """The message of an error, without the traceback that comes along from a process that prepares batches.

    What torch says of a batch norm that sees a single value is told in words of the settings.
    """
    message = str(error)
    if message.startswith("Expected more than 1 value per channel when training"):
        return (
            "A batch norm got a single value for each channel: one image, whose map has come down to 1x1. Choose "
            "larger images (--data.input-size) or more of them in a process and micro-batch (--optim.batch-size)."
        )
    return message.rsplit(f"{type(error).__name__}: ", 1)[-1].strip() if message.startswith("Caught ") else message


@lru_cache(maxsize=2)
def _order(images: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, 0, epoch)).permutation(images)

"""What passes between a data set and the network: one sample, one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from bridgenet.tasks import TaskName

JUDGED_PIXELS = 4_000_000
"""Of ground truth that are judged at once: at each of them, there is a number for each class."""


class Draw(NamedTuple):
    """Index of a sample whose augmentation is a pure function of `seed`."""

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]
    seed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What the network sees of one image, and what it should answer.

    Attributes:
        name: Image id.
        image: (3, height, width), RGB in 0..1.
        targets: By task. `semseg`, `human_parts`, `sal`, `edge`: int64 (height, width), 255 = ignore. `depth`: float32
            (1, height, width), metres, 255 = invalid. `normals`: float32 (3, height, width), unit vectors with x
            right, y up, z toward the viewer; 255 in all channels = invalid.
    """

    name: str
    image: Tensor
    targets: dict[TaskName, Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples stacked along a first dimension."""

    names: tuple[str, ...]
    images: Tensor
    targets: dict[TaskName, Tensor]

    def to(self, device: torch.device | str) -> "Batch":
        """The batch on another device. The copy is asynchronous where the memory is pinned."""
        targets: dict[TaskName, Tensor] = {
            task: target.to(device, non_blocking=True) for task, target in self.targets.items()
        }
        return Batch(self.names, self.images.to(device, non_blocking=True), targets)

    def split(self, parts: int) -> list["Batch"]:
        """Equal parts, in order: the micro-batches of a step whose gradients are accumulated.

        Raises:
            ValueError: The samples cannot be shared equally.
        """
        size, rest = divmod(len(self.names), parts)
        if rest:
            raise ValueError(f"{len(self.names)} samples cannot be split into {parts} equal parts.")
        slices = [slice(start, start + size) for start in range(0, len(self.names), size)]
        return [
            Batch(self.names[part], self.images[part], {task: target[part] for task, target in self.targets.items()})
            for part in slices
        ]

    def pin_memory(self) -> "Batch":
        """The batch in page-locked memory; `DataLoader(pin_memory=True)` calls this."""
        targets: dict[TaskName, Tensor] = {task: target.pin_memory() for task, target in self.targets.items()}
        return Batch(self.names, self.images.pin_memory(), targets)


def collate(samples: Sequence[Sample]) -> Batch:
    """Stacks samples.

    Raises:
        ValueError: There is none, their tasks differ, or their sizes differ.
    """
    if not samples:
        raise ValueError("A batch needs at least one sample.")
    first = samples[0]
    for other in samples[1:]:
        if other.targets.keys() != first.targets.keys():
            raise ValueError(f"{first.name!r} has tasks {list(first.targets)}, {other.name!r} {list(other.targets)}.")
        for key, one, two in _pairs(first, other):
            if one.shape != two.shape:
                raise ValueError(
                    f"{key} of {first.name!r} is {tuple(one.shape)}, of {other.name!r} {tuple(two.shape)}: images of "
                    "different sizes cannot share a batch. Use batch size 1."
                )
    targets: dict[TaskName, Tensor] = {
        task: torch.stack([sample.targets[task] for sample in samples]) for task in first.targets
    }
    images = torch.stack([sample.image for sample in samples])
    return Batch(tuple(sample.name for sample in samples), images, targets)


def collate_by_size(samples: Sequence[Sample]) -> list[Batch]:
    """Stacks samples whose maps have the same sizes; photos that are judged keep those of their own.

    Answers are brought to those sizes, so large ones share a batch with few others: `JUDGED_PIXELS`.
    """
    alike: dict[tuple[torch.Size, ...], list[Sample]] = {}
    for sample in samples:
        sizes = (sample.image.shape, *(target.shape for target in sample.targets.values()))
        alike.setdefault(sizes, []).append(sample)
    batches = []
    for sizes, group in alike.items():
        pixels = max(size[-2] * size[-1] for size in sizes)
        count = max(1, JUDGED_PIXELS // pixels)
        batches += [collate(group[start : start + count]) for start in range(0, len(group), count)]
    return batches


def _pairs(one: Sample, two: Sample) -> list[tuple[str, Tensor, Tensor]]:
    return [("image", one.image, two.image), *((task, one.targets[task], two.targets[task]) for task in one.targets)]

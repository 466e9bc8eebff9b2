"""What goes in: pictures with ground truth for every task, read, transformed and batched."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor
from torch.utils.data import Dataset

from bridgenet.config import IMAGENET_MEAN, DataConfig, not_among
from bridgenet.data.holding_out import Part, hold_out
from bridgenet.data.sample import Batch, Draw, Sample, collate, collate_by_size
from bridgenet.data.transforms import EvaluationTransform, Photometric, TrainTransform
from bridgenet.reading.sample import DataError, DataWarning, RawSample, Reader
from bridgenet.reading.source import Asked, Split
from bridgenet.sources import another_data_set, find_source
from bridgenet.tasks import TaskName

__all__ = [
    "Batch",
    "DataError",
    "DataWarning",
    "Draw",
    "MultiTaskDataset",
    "RawSample",
    "Reader",
    "Sample",
    "collate",
    "collate_by_size",
    "open_dataset",
    "reference_images",
]


LOOKED_AT = 8
"""Images, spread over a split, whose size is looked at."""


class MultiTaskDataset(Dataset[Sample]):
    """Samples of one split: a reader and a transform.

    Args:
        reader: Where images and ground truth come from.
        tasks: Which ground truth is read.
        transform: What is done to both.
        stereo: Of the stereo camera that depth comes from, see `Source.stereo`.
    """

    def __init__(
        self,
        reader: Reader,
        tasks: Iterable[TaskName],
        transform: TrainTransform | EvaluationTransform,
        stereo: float | None = None,
    ) -> None:
        self.reader = reader
        self.tasks = tuple(tasks)
        self.transform = transform
        self.stereo = stereo

    @property
    def names(self) -> tuple[str, ...]:
        """Image ids, in the order of the split."""
        return self.reader.names

    def __len__(self) -> int:
        return len(self.reader.names)

    def __getitem__(self, key: int | Draw) -> Sample:
        """The sample at an index. While training, an index alone stands for `Draw(index, seed=index)`.

        Raises:
            IndexError: The index is out of range.
            DataError: A file is missing or damaged.
        """
        index, seed = key if isinstance(key, Draw) else (int(key), int(key))
        if not 0 <= index < len(self):
            raise IndexError(f"There is no sample {index}: the split has {len(self)}.")
        raw = self.reader.read(index, self.tasks)
        try:
            if isinstance(self.transform, TrainTransform):
                image, targets = self.transform(raw, torch.Generator().manual_seed(seed))
            else:
                image, targets = self.transform(raw)
        except DataError as error:
            raise DataError(f"Image {self.names[index]}: {error}") from error
        return Sample(self.names[index], image, targets)


def open_dataset(
    config: DataConfig,
    split: Split,
    tasks: Iterable[TaskName],
    pad_colour: tuple[float, float, float] = IMAGENET_MEAN,
) -> MultiTaskDataset:
    """The split of a data set that a config names.

    Args:
        config: Which data set, and how an image becomes a sample.
        split: `train` is augmented, `val` is not and has the size at which the network answers.
        tasks: Whose ground truth is read, in this order.
        pad_colour: RGB (0..1) of what is added around small images: the backbone's mean.

    Raises:
        DataError: The data set is not there, has no such split, no ground truth for a task, another unit or coding, or
            fewer images than are held out. What is only unlikely is told by a `DataWarning`.
    """
    tasks = tuple(tasks)
    reader = _open_reader(config, split, tasks)
    if split == "val":
        if not config.resize:
            _check_fit(reader, config.answer_size)
        evaluation = EvaluationTransform(config.answer_size, config.resize, pad_colour)
        return MultiTaskDataset(reader, tasks, evaluation, find_source(config.name).stereo)
    transform = TrainTransform(
        config.input_size,
        config.resize,
        config.zoom,
        config.flip,
        Photometric() if config.photometric else None,
        config.dominant_class_limit,
        pad_colour,
        config.target_stride,
    )
    return MultiTaskDataset(reader, tasks, transform)


def reference_images(config: DataConfig, count: int, split: Split = "val") -> Iterator[Tensor]:
    """Images (3, height, width) of a split, evenly spread over it, whole, unchanged, and without ground truth.

    Args:
        config: Which data set, and the size of the images.
        count: How many; fewer if the split has fewer.
        split: `train` are those that a network learns from.

    Raises:
        DataError: The data set is not there, has no such split, or a file is damaged.
    """
    whole = replace(config, resize=True, zoom=(1.0, 1.0))
    evaluation = EvaluationTransform(config.answer_size, True, IMAGENET_MEAN)
    dataset = MultiTaskDataset(_open_reader(whole, split, ()), (), evaluation)
    count = min(count, len(dataset))
    return (dataset[index * len(dataset) // count].image for index in range(count))


def _check_fit(reader: Reader, size: tuple[int, int]) -> None:
    """Makes sure, as far as a few of them tell, that images which keep their resolution fit the input.

    Raises:
        DataError: One does not. It would be noticed at the first validation, after hours.
    """
    for index in range(0, len(reader.names), -(-len(reader.names) // LOOKED_AT)):
        height, width = reader.read(index, ()).image.shape[:2]
        if height > size[0] or width > size[1]:
            raise DataError(
                f"Image {reader.names[index]} is {height}x{width}, larger than the input of {size[0]}x{size[1]}. Say "
                f"--data.resize, or a larger --data.input-size."
            )


def _open_reader(config: DataConfig, split: Split, tasks: tuple[TaskName, ...]) -> Reader:
    if split not in get_args(Split):
        raise DataError(not_among("split", split, get_args(Split)))
    size = config.input_size if split == "train" else config.answer_size
    if not config.hold_out:
        return _open_split(config, split, tasks, size)
    whole = _open_split(config, "train", tasks, size)
    kept, held_out = hold_out(len(whole.names), config.hold_out)
    return Part(whole, kept if split == "train" else held_out)


def _open_split(config: DataConfig, split: Split, tasks: tuple[TaskName, ...], size: tuple[int, int]) -> Reader:
    source = find_source(config.name)
    if source.tasks and (unknown := [task for task in tasks if task not in source.tasks]):
        raise DataError(
            f"{source.name} has no ground truth for {', '.join(unknown)}. It has {', '.join(source.tasks)}: choose the "
            "tasks of the model among these."
        )
    if config.root is None and source.needs_root:
        raise DataError(f"Say where {source.name} lies: set `root` to its folder (on the command line, --data.root).")
    count = config.rooms if split == "train" else config.validation_rooms
    try:
        return source.open(Asked(split, tasks, config.root or Path(), size, count))
    except DataError as error:
        raise DataError(another_data_set(config.name, config.root) or str(error)) from error

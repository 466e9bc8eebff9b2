"""What goes in: pictures with ground truth for every task, read, transformed and batched."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import Dataset

from bridgenet.config import IMAGENET_MEAN, DataConfig
from bridgenet.data.holding_out import Part, hold_out
from bridgenet.data.sample import Batch, Draw, Sample, collate
from bridgenet.data.transforms import EvaluationTransform, Photometric, TrainTransform
from bridgenet.labels import CLASSES, HUMAN_PARTS
from bridgenet.reading.sample import DataError, DataWarning, RawSample, Reader
from bridgenet.sources.made_rooms import MadeRooms
from bridgenet.sources.nyud import NyudReader
from bridgenet.tasks import ALL_TASKS, TaskName

__all__ = [
    "CLASSES",
    "HUMAN_PARTS",
    "Batch",
    "DataError",
    "DataWarning",
    "Draw",
    "MultiTaskDataset",
    "RawSample",
    "Reader",
    "Sample",
    "collate",
    "open_dataset",
    "reference_images",
]

GROUND_TRUTH: dict[str, tuple[TaskName, ...]] = {"nyud": NyudReader.tasks, "made_rooms": ALL_TASKS}
"""Tasks of the data sets that can be read."""


class MultiTaskDataset(Dataset[Sample]):
    """Samples of one split: a reader and a transform.

    Args:
        reader: Where images and ground truth come from.
        tasks: Which ground truth is read.
        transform: What is done to both.
    """

    def __init__(
        self, reader: Reader, tasks: Iterable[TaskName], transform: TrainTransform | EvaluationTransform
    ) -> None:
        self.reader = reader
        self.tasks = tuple(tasks)
        self.transform = transform

    @property
    def names(self) -> tuple[str, ...]:
        """Image ids, in the order of the split."""
        return self.reader.names

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the semantic classes."""
        return self.reader.classes

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
    split: Literal["train", "val"],
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
        DataError: The data set is not there, has no ground truth for a task, is in another unit or coding, or has fewer
            images than are held out. What is only unlikely is told by a `DataWarning`.
    """
    tasks = tuple(tasks)
    reader = _open_reader(config, split)
    known = GROUND_TRUTH[config.name]
    if unknown := [task for task in tasks if task not in known]:
        raise DataError(
            f"{config.name} has no ground truth for {', '.join(unknown)}. It has {', '.join(known)}: choose the tasks "
            "of the model among these."
        )
    source = reader.whole if isinstance(reader, Part) else reader
    if isinstance(source, NyudReader):
        source.look(tasks)
    if split == "val":
        return MultiTaskDataset(reader, tasks, EvaluationTransform(config.answer_size, config.resize, pad_colour))
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


def reference_images(config: DataConfig, count: int) -> Iterator[Tensor]:
    """Images (3, height, width) of the validation split, evenly spread over it, whole, and without ground truth.

    Args:
        config: Which data set, and the size of the images.
        count: How many; fewer if the split has fewer.

    Raises:
        DataError: The data set is not there, or a file is damaged.
    """
    dataset = open_dataset(replace(config, resize=True, zoom=(1.0, 1.0)), "val", ())
    count = min(count, len(dataset))
    return (dataset[index * len(dataset) // count].image for index in range(count))


def _open_reader(config: DataConfig, split: Literal["train", "val"]) -> Reader:
    size = config.input_size if split == "train" else config.answer_size
    if not config.hold_out:
        return _open_split(config, split, size)
    whole = _open_split(config, "train", size)
    kept, held_out = hold_out(len(whole.names), config.hold_out)
    return Part(whole, kept if split == "train" else held_out)


def _open_split(config: DataConfig, split: Literal["train", "val"], size: tuple[int, int]) -> Reader:
    if config.name == "made_rooms":
        return MadeRooms(config.rooms if split == "train" else config.validation_rooms, size, split=split)
    if config.name not in GROUND_TRUTH:
        raise DataError(
            f"BridgeNet has no reader for {config.name}: its presets describe the network only. "
            f"It learns from {' or '.join(GROUND_TRUTH)}."
        )
    if config.root is None:
        raise DataError(f"Say where {config.name} lies: set `root` to its folder (on the command line, --data.root).")
    return NyudReader(config.root, split)

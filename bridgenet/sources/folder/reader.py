"""Reads one split of a folder that says what it is."""

import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np

from bridgenet.reading.files import check_complete, find_files, read_names
from bridgenet.reading.sample import DataError, DataWarning, RawSample
from bridgenet.reading.source import Split
from bridgenet.sources.folder.description import DESCRIPTION, read_description
from bridgenet.sources.folder.maps import MAPS, PHOTOS, read_map, read_photo
from bridgenet.tasks import TaskName

LOOKED_AT = 8
"""Photos, spread over a split, whose maps are looked at before it is used."""

LIKELY_METRES = (0.1, 200.0)
"""Where the median distance of photos lies, from a table top to a landscape."""


class FolderReader:
    """One split.

    Args:
        root: The folder.
        split: Which list of `dataset.json`.
        tasks: Whose ground truth will be read; is it all there?

    Raises:
        DataError: The folder does not say what it is, has no such split or task, a file is missing, or one of those
            that are looked at holds what cannot be.
    """

    def __init__(self, root: Path, split: Split, tasks: Collection[TaskName]) -> None:
        self._codings = (told := read_description(root)).codings
        if unknown := [task for task in tasks if task not in self._codings]:
            raise DataError(
                f"{root / DESCRIPTION} names no ground truth for {', '.join(unknown)}. It has "
                f"{', '.join(self._codings)}: choose among these with --tasks."
            )
        if split not in told.splits:
            raise DataError(
                f"{root / DESCRIPTION} names no list of images for {split}. Write one and name it in `splits`"
                + ("." if split == "train" else ", or keep some images back for it: --data.hold-out 4 while training.")
            )
        self.names = read_names(told.splits[split])
        self._photos = find_files(root / "images", PHOTOS)
        self._maps = {task: find_files(root / task, MAPS) for task in tasks}
        check_complete(self.names, self._photos, root / "images", told.splits[split])
        for task, files in self._maps.items():
            check_complete(self.names, files, root / task, told.splits[split])
        self._look(tasks)

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The photo at `index`, with its ground truth."""
        sample, _ = self._read(self.names[index], tasks)
        return sample

    def _read(self, name: str, tasks: Collection[TaskName]) -> tuple[RawSample, list[str]]:
        photo = read_photo(self._photos[name])
        targets: dict[TaskName, np.ndarray] = {}
        doubts = []
        for task in tasks:
            size = (photo.shape[0], photo.shape[1])
            targets[task], doubt = read_map(task, self._codings[task], self._maps[task][name], size)
            doubts += [doubt] if doubt else []
        return RawSample(photo, targets), doubts

    def _look(self, tasks: Collection[TaskName]) -> None:
        """A look at a few photos before anything is learnt or judged; what is only unlikely is told by a warning."""
        count = min(LOOKED_AT, len(self.names)) if tasks else 0
        depths = []
        for number in range(count):
            sample, doubts = self._read(self.names[number * len(self.names) // count], tasks)
            depths += [sample.targets["depth"]] if "depth" in tasks else []
            for doubt in doubts:
                warnings.warn(doubt, DataWarning, stacklevel=3)
        if doubt := unlikely_unit(depths, self._codings["depth"].per_metre) if depths else "":
            warnings.warn(doubt, DataWarning, stacklevel=3)


def unlikely_unit(depths: Collection[np.ndarray], per_metre: int) -> str:
    """A doubt about the unit of depth (height, width), metres as they are read; empty where there is none."""
    known = [depth[depth > 0] for depth in depths]
    middles = [float(np.median(values)) for values in known if values.size]
    if not middles or LIKELY_METRES[0] <= (median := float(np.median(middles))) <= LIKELY_METRES[1]:
        return ""
    said, other = ("mm", "m") if per_metre == 1000 else ("m", "mm")
    return (
        f"The median distance is {median:.3g} m if depth is in {said}, as {DESCRIPTION} says. Perhaps it is in "
        f'{other}: then write "unit": "{other}" there.'
    )

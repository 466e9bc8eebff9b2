"""Cityscapes: streets seen from a car, with 19 classes and the disparity of a stereo camera, in the official folders.

    leftImg8bit/<split>/<city>/<id>_leftImg8bit.png
    gtFine/<split>/<city>/<id>_gtFine_labelIds.png      0 to 33, of which 19 are judged; the others are void
    disparity/<split>/<city>/<id>_disparity.png         16 bits: 0 unknown, else (p - 1) / 256 pixels

Disparity d becomes depth, B f / d: it is one over the other, and everything here speaks of depth in metres. The nominal
camera is taken for all cities (in some of them the baseline is 6 % longer), so that d can be had back exactly: the
literature judges d, and so does `bridgenet.evaluate` beside depth. The sky is infinitely far and has none. Peers look
for the sky under the number 10, as it is counted in training; in these files it is 23, and 10 is a rail track.
"""

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from bridgenet.labels import Classes
from bridgenet.reading.files import check_complete, load_numbers, load_rgb
from bridgenet.reading.geometry import Camera
from bridgenet.reading.sample import DataError, DataWarning, RawSample
from bridgenet.reading.source import Source, Split
from bridgenet.tasks import IGNORE, TaskName

LOOKED_AT = 8
"""Images, spread over a split, whose ground truth is read before it is used."""

FOCAL_LENGTH = 2262.52
"""Of the nominal camera, in pixels."""

STEREO = 0.209313 * FOCAL_LENGTH
"""B f: metres between its eyes times focal length."""

WIDTH = 2048
"""Of its pictures, in pixels."""

FARTHEST = 250.0
"""Metres from which on a distance counts as unknown: d is below 2 pixels there, and mostly noise."""

SKY = 23

JUDGED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, SKY, 24, 25, 26, 27, 28, 31, 32, 33)
"""Numbers, in the files, of the 19 classes that are judged."""

HIGHEST = 33

CLASSES = Classes.of(
    {
        "road": "#804080",
        "sidewalk": "#F423E8",
        "building": "#6B6B6B",
        "wall": "#66669C",
        "fence": "#BE9999",
        "pole": "#C9C3B4",
        "traffic light": "#FAAA1E",
        "traffic sign": "#DCDC00",
        "vegetation": "#4E7A12",
        "terrain": "#98FB98",
        "sky": "#4682B4",
        "person": "#DC143C",
        "rider": "#FF7A6B",
        "car": "#00008E",
        "truck": "#3A2A12",
        "bus": "#00646E",
        "train": "#00C4C4",
        "motorcycle": "#2A4CFF",
        "bicycle": "#770B20",
    }
)

PLACES = {
    "images": ("leftImg8bit", "leftImg8bit"),
    "labels": ("gtFine", "gtFine_labelIds"),
    "disparity": ("disparity", "disparity"),
}
"""By kind of file: its folder, and how its name ends."""

NEEDED: dict[TaskName, tuple[str, ...]] = {"semseg": ("labels",), "depth": ("disparity", "labels")}
"""The kinds of files that each task is read from."""

HOW_TO_GET = "The official packages leftImg8bit_trainvaltest, gtFine_trainvaltest and disparity_trainvaltest are read."


class CityscapesReader:
    """One split.

    Args:
        root: Folder with `leftImg8bit`, `gtFine` and `disparity`.
        split: Which of their folders.
        tasks: Whose ground truth will be read; a look at it is taken now.

    Raises:
        DataError: The folder or a file is missing, or holds something else.
    """

    def __init__(self, root: Path, split: Split, tasks: Collection[TaskName]) -> None:
        kinds = dict.fromkeys(("images", *(kind for task in tasks for kind in NEEDED[task])))
        self._files = {kind: _find(Path(root), split, kind) for kind in kinds}
        self.names = tuple(self._files["images"])
        for kind, files in self._files.items():
            place = Path(root) / PLACES[kind][0] / split
            check_complete(self.names, files, place, Path(root) / PLACES["images"][0] / split)
        self._look(tasks)

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The image at `index`, with its ground truth."""
        name = self.names[index]
        image = load_rgb(self._files["images"][name])
        stored = {
            kind: self._stored(kind, name) for kind in dict.fromkeys(kind for task in tasks for kind in NEEDED[task])
        }
        for kind, found in stored.items():
            if found.shape != image.shape[:2]:
                raise DataError(
                    f"{self._files[kind][name]} is {found.shape[0]}x{found.shape[1]}, its image "
                    f"{image.shape[0]}x{image.shape[1]}: these packages do not belong together. {HOW_TO_GET}"
                )
        loaders = {"semseg": self._read_labels, "depth": self._read_depth}
        return RawSample(image, {task: loaders[task](name, stored) for task in tasks})

    def _look(self, tasks: Collection[TaskName]) -> None:
        """Reads some of what will be needed, so that what cannot be is told before the first step."""
        count = min(LOOKED_AT, len(self.names)) if tasks else 0
        chosen = [number * len(self.names) // count for number in range(count)]
        samples = [self.read(index, tasks) for index in chosen]
        if "depth" in tasks and not any(sample.targets["depth"].any() for sample in samples):
            _warn(f"{PLACES['disparity'][0]}: no pixel of the {count} images that were looked at has a disparity.")
        labels = [self._stored("labels", self.names[index]) for index in chosen] if "semseg" in tasks else []
        if labels and max(int(found[found <= HIGHEST].max(initial=0)) for found in labels) < len(JUDGED):
            _warn(
                f"{self._files['labels'][self.names[0]].parent}: no label is above {len(JUDGED) - 1}. These are "
                "probably labels as they are counted in training (labelTrainIds), not those of the files (labelIds)."
            )

    def _stored(self, kind: str, name: str) -> np.ndarray:
        return load_numbers(self._files[kind][name])

    def _read_labels(self, name: str, stored: Mapping[str, np.ndarray]) -> np.ndarray:
        labels = stored["labels"]
        if ((labels > HIGHEST) & (labels != IGNORE)).any():
            raise DataError(
                f"{self._files['labels'][name]} holds the label {labels[labels != IGNORE].max()}; expected 0 to "
                f"{HIGHEST}. {HOW_TO_GET}"
            )
        classes = np.full(IGNORE + 1, IGNORE, np.uint8)
        classes[list(JUDGED)] = np.arange(len(JUDGED))
        return classes[labels]

    def _read_depth(self, name: str, stored: Mapping[str, np.ndarray]) -> np.ndarray:
        codes = stored["disparity"]
        if codes.dtype == np.uint8:
            raise DataError(
                f"{self._files['disparity'][name]} has only 8 bits: the disparities are not in it. {HOW_TO_GET}"
            )
        disparity = (codes.astype(np.float32) - 1) / 256
        known = (disparity > STEREO / FARTHEST) & (stored["labels"] != SKY)
        return np.where(known, STEREO / np.where(known, disparity, 1), 0).astype(np.float32)


def _find(root: Path, split: Split, kind: str) -> dict[str, Path]:
    """The files of a kind by name of their image, with the suffix in any case."""
    folder, ending = PLACES[kind]
    place = root / folder / split
    found = {
        path.stem.removesuffix(f"_{ending}"): path
        for path in sorted(place.glob(f"*/*_{ending}.*"))
        if path.suffix.lower() == ".png" and not path.name.startswith(".")
    }
    if not found:
        inner = [path for path in sorted(root.glob("*")) if (path / PLACES["images"][0]).is_dir()]
        advice = f"Did you mean {inner[0]}?" if inner else HOW_TO_GET
        raise DataError(f"There is no {place}/<city>/<id>_{ending}.png. {advice}")
    return found


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=5)


SOURCE = Source(
    name="cityscapes",
    title="Cityscapes",
    open=lambda asked: CityscapesReader(asked.root, asked.split, asked.tasks),
    tasks=("semseg", "depth"),
    classes={"semseg": CLASSES},
    stereo=STEREO,
    view=Camera(FOCAL_LENGTH, FOCAL_LENGTH, WIDTH / 2, WIDTH / 4).degrees(WIDTH),
    limits={
        "depth": "Depth follows from the disparity of a nominal stereo camera: in some cities it is 6 % too near, and "
        f"nothing beyond {FARTHEST:.0f} m is known."
    },
)

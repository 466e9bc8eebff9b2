"""NYU Depth v2: 1449 indoor photos with depth and 40 classes, in any of the three layouts that people have.

    images/<id>         segmentation/<id>   depth/<id>           normals/<id>       edge/<id>
    .png 425x560        .png 0 void, 1..40  .npy metres          .png (n + 1) / 2   .png 0, 255    the ATRC package
    .jpg 480x640        .png 0 void, 1..40  .npy metres          .npy -1..1         .npy 0, 1      NYUD_MT of MTI-Net
    .jpg 480x640        .png 0 void, 1..40  .png millimetres     derived            derived        the plain folder

and `gt_sets/train.txt`, `gt_sets/val.txt` with one id a line. Full frames are cut to the part that everyone evaluates.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from bridgenet.labels import indoor
from bridgenet.reading.cache import MapCache
from bridgenet.reading.conventions import (
    UNKNOWN_METRES,
    check_depth,
    check_edges,
    check_label_range,
    check_labels,
    check_normals,
)
from bridgenet.reading.files import (
    check_complete,
    find_files,
    load_array,
    load_distances,
    load_numbers,
    load_rgb,
    read_names,
)
from bridgenet.reading.geometry import Camera, boundaries_from_labels, normals_from_depth
from bridgenet.reading.sample import DataError, RawSample
from bridgenet.reading.source import Asked, EdgeProtocol, Source, Split
from bridgenet.tasks import IGNORE, TaskName

FULL_SIZE = (480, 640)
CROP = (slice(45, 471), slice(41, 601))
"""Rows and columns of a full frame that carry ground truth: 426x560."""

CROP_SIZE = (426, 560)
PACKAGED_SIZE = (425, 560)
CAMERA = Camera(fx=518.858, fy=519.470, cx=325.582, cy=253.736)
"""Of the full frame."""

NORMALS_WINDOW = 21
VOID_WIDTH = 9

LOOKED_AT = 8
"""Files of each kind, spread over a split, that are looked at before it is used."""

SUFFIXES = {
    "images": (".jpg", ".png", ".jpeg"),
    "segmentation": (".png", ".npy"),
    "depth": (".npy", ".png"),
    "normals": (".npy", ".png"),
    "edge": (".npy", ".png"),
}
"""By folder; where a map is there twice, the first counts."""

HOW_TO_GET = (
    "`python -m bridgenet.prepare nyud` writes this folder from the official nyu_depth_v2_labeled.mat and splits.mat; "
    "the NYUDv2 package of ATRC and the NYUD_MT package of MTI-Net are read as they are."
)


CLASSES = indoor(
    *(
        "wall, floor, cabinet, bed, chair, sofa, table, door, window, bookshelf, picture, counter, blinds, desk, "
        "shelves, curtain, dresser, pillow, mirror, floor mat, clothes, ceiling, books, refrigerator, television, "
        "paper, towel, shower curtain, box, whiteboard, person, night stand, toilet, sink, lamp, bathtub, bag, other "
        "structure, other furniture, other prop"
    ).split(", ")
)


class NyudReader:
    """One split of NYU Depth v2.

    Args:
        root: Folder with `images`, `segmentation`, `depth`, `gt_sets`, and perhaps `normals` and `edge`.
        split: Which file of `gt_sets`.

    Raises:
        DataError: The folder, or the list of the split, is missing, empty or of another layout.
    """

    def __init__(self, root: Path, split: Split) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataError(f"There is no folder {self.root}. {HOW_TO_GET}")
        self._split = self.root / "gt_sets" / f"{split}.txt"
        if not self._split.is_file():
            raise DataError(
                f"There is no {self._split}: expected a text file with one image id a line. {self._advice()}"
            )
        self.names = read_names(self._split)
        self._files = {folder: self._find(folder) for folder in ("images", "segmentation", "depth")}
        for folder in ("normals", "edge"):
            if (self.root / folder).is_dir():
                self._files[folder] = self._find(folder)
        self._normals_cache = MapCache(self.root, f"normals plane fit, {CAMERA}, window {NORMALS_WINDOW}, int8")
        self._edge_cache = MapCache(self.root, f"edge of labels, void narrower than {VOID_WIDTH} thinned")

    def look(self, tasks: Collection[TaskName]) -> None:
        """A look at what the tasks need, before anything is learnt or judged: is all there, and does it mean the usual?

        Every image must have its files. A few of them are read; what is only unlikely is told by a `DataWarning`.

        Raises:
            DataError: A file is missing or cannot be read, or maps are in another unit or coding.
        """
        sources = {
            "semseg": "segmentation",
            "depth": "depth",
            "normals": "normals" if "normals" in self._files else "depth",
            "edge": "edge" if "edge" in self._files else "segmentation",
        }
        folders = list(dict.fromkeys(sources[task] for task in tasks))
        for folder in ["images", *folders] if folders else []:
            check_complete(self.names, self._files[folder], self.root / folder, self._split)
        count = min(LOOKED_AT, len(self.names))
        chosen = [self.names[number * len(self.names) // count] for number in range(count)]
        maps = {
            folder: [(self._path(folder, name), self._stored(folder, name)) for name in chosen] for folder in folders
        }
        for number, name in enumerate(chosen if folders else []):
            image = self._stored("images", name)
            for folder in folders:
                self._check_size(name, image, folder, maps[folder][number][1])
        for folder, found in maps.items():
            match folder:
                case "segmentation":
                    check_labels(found, len(CLASSES))
                case "depth":
                    check_depth(found, 1 if found[0][0].suffix.lower() == ".npy" else 1000)
                case "normals":
                    check_normals([(path, array[::4, ::4]) for path, array in found])
                case "edge":
                    check_edges(found)

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The evaluated part of the image at `index`, with its ground truth."""
        name = self.names[index]
        loaders = {
            "semseg": self._read_labels,
            "depth": self._read_depth,
            "normals": self._read_normals,
            "edge": self._read_edge,
        }
        if unknown := [task for task in tasks if task not in loaders]:
            raise DataError(f"NYU Depth v2 has no ground truth for {', '.join(unknown)}. It has {', '.join(loaders)}.")
        image = _crop(self._stored("images", name))
        targets: dict[TaskName, np.ndarray] = {task: _crop(loaders[task](name)) for task in tasks}
        for task, target in targets.items():
            self._check_size(name, image, task, target)
        return RawSample(image, targets)

    def _check_size(self, name: str, image: np.ndarray, what: str, target: np.ndarray) -> None:
        (height, width), (expected_height, expected_width) = _crop(target).shape[:2], _crop(image).shape[:2]
        if (height, width) != (expected_height, expected_width):
            raise DataError(
                f"{what} of image {name} in {self.root} is {height}x{width}, the image {expected_height}x"
                f"{expected_width}: the folder mixes two packages. {HOW_TO_GET}"
            )

    def _find(self, folder: str) -> dict[str, Path]:
        """The files of a folder by name of their image."""
        found = find_files(self.root / folder, SUFFIXES[folder])
        if not found:
            expected = " or ".join(f"{folder}/{self.names[0]}{suffix}" for suffix in SUFFIXES[folder][:2])
            raise DataError(f"{self.root} has no {expected}. {self._advice()}")
        return found

    def _advice(self) -> str:
        """How to get the data; or the folder inside this one that was probably meant."""
        inner = [path for path in sorted(self.root.iterdir()) if (path / "gt_sets").is_dir()]
        return f"Did you mean {inner[0]}?" if inner else HOW_TO_GET

    def _path(self, folder: str, name: str) -> Path:
        files = self._files[folder]
        if name not in files:
            path = self.root / folder / f"{name}{next(iter(files.values())).suffix}"
            raise DataError(f"{path} is missing, though gt_sets names it. Restore it. {HOW_TO_GET}")
        return files[name]

    def _stored(self, folder: str, name: str) -> np.ndarray:
        """What is in a file, before it is given a meaning; only normals in a picture are decoded to -1..1."""
        path = self._path(folder, name)
        is_array = path.suffix.lower() == ".npy"
        try:
            match folder:
                case "images":
                    return _checked(path, load_rgb(path), (3,))
                case "normals" if is_array:
                    return _checked(path, load_array(path), (3,))
                case "normals":
                    return _checked(path, load_rgb(path), (3,)).astype(np.float32) / 127.5 - 1
                case "depth" if not is_array:
                    return _checked(path, load_distances(path))
            return _checked(path, load_numbers(path))
        except FileNotFoundError:
            raise DataError(f"{path} is missing, though gt_sets names it. Restore it. {HOW_TO_GET}") from None

    def _read_labels(self, name: str) -> np.ndarray:
        """Files count void as 0 and classes from 1. In memory void is 255 and classes count from 0."""
        labels = self._stored("segmentation", name)
        check_label_range(self._path("segmentation", name), labels, len(CLASSES))
        return np.where(labels == 0, IGNORE, labels.astype(np.int16) - 1).astype(np.uint8)

    def _read_depth(self, name: str) -> np.ndarray:
        """Metres, 0 where unknown: whatever is not finite, not positive, or the mark that 16 bits have for unknown."""
        depth = self._stored("depth", name).astype(np.float32)
        if self._path("depth", name).suffix.lower() == ".png":
            depth /= 1000
        known = np.isfinite(depth) & (depth > 0) & (depth < UNKNOWN_METRES)
        return np.where(known, depth, 0.0).astype(np.float32, copy=False)

    def _read_normals(self, name: str) -> np.ndarray:
        if "normals" not in self._files:
            codes = self._normals_cache.get(name, self._path("depth", name), lambda: self._derive_normals(name))
            return _unit(codes.astype(np.float32))
        normals = self._stored("normals", name).astype(np.float32)
        if self._path("normals", name).suffix.lower() == ".png":
            normals[(np.abs(normals) < 0.5 / 127).all(axis=-1)] = 0
        return _unit(np.where(np.isfinite(normals).all(axis=-1, keepdims=True), normals, 0))

    def _derive_normals(self, name: str) -> np.ndarray:
        """Codes of one byte: -127..127 for -1..1."""
        depth = self._read_depth(name)
        camera = CAMERA if depth.shape == FULL_SIZE else CAMERA.cropped(CROP[0].start, CROP[1].start)
        return _crop(np.rint(normals_from_depth(depth, camera, NORMALS_WINDOW) * 127).astype(np.int8))

    def _read_edge(self, name: str) -> np.ndarray:
        if "edge" in self._files:
            return (self._stored("edge", name) > 0).astype(np.uint8)
        edges = self._edge_cache.get(
            name,
            self._path("segmentation", name),
            lambda: _crop(boundaries_from_labels(self._read_labels(name), VOID_WIDTH)),
        )
        # Where all is void nobody has said that there is no boundary.
        if not edges.any() and (_crop(self._read_labels(name)) == IGNORE).all():
            return np.full_like(edges, IGNORE)
        return edges


def _crop(array: np.ndarray) -> np.ndarray:
    return array[CROP] if array.shape[:2] == FULL_SIZE else array


def _unit(normals: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("hwc,hwc->hw", normals, normals))[..., None]
    return normals / np.where(length > 0, length, 1)


def _checked(path: Path, array: np.ndarray, channels: tuple[int, ...] = ()) -> np.ndarray:
    """The array, if it is a full frame or the packaged part of one.

    Raises:
        DataError: It has another size.
    """
    if array.shape[:2] not in (FULL_SIZE, PACKAGED_SIZE, CROP_SIZE) or array.shape[2:] != channels:
        of_channels = f", {channels[0]} channels" if channels else ""
        raise DataError(
            f"{path} is {'x'.join(map(str, array.shape))}; expected height x width 480x640 (full frame) or "
            f"425x560{of_channels}. {HOW_TO_GET}"
        )
    return array


def _open(asked: Asked) -> NyudReader:
    reader = NyudReader(asked.root, asked.split)
    reader.look(asked.tasks)
    return reader


SOURCE = Source(
    name="nyud",
    title="NYUD-v2",
    tasks=("semseg", "depth", "normals", "edge"),
    classes={"semseg": CLASSES},
    open=_open,
    edges=EdgeProtocol(max_distance=0.011, outlined=True),
    view=CAMERA.degrees(CROP_SIZE[1]),
    limits={
        "normals": "The normals were derived from depth by a plane fit. Their angles are not comparable with published "
        "ones."
    },
)

"""NYU Depth v2: 1449 indoor photos with depth and 40 classes, in any of the three layouts that people have.

    images/<id>         segmentation/<id>   depth/<id>           normals/<id>       edge/<id>
    .png 425x560        .png 0 void, 1..40  .npy metres          .png (n + 1) / 2   .png 0, 255    the ATRC package
    .jpg 480x640        .png 0 void, 1..40  .npy metres          .npy -1..1         .npy 0, 1      NYUD_MT of MTI-Net
    .jpg 480x640        .png 0 void, 1..40  .png millimetres     derived            derived        the plain folder

and `gt_sets/train.txt`, `gt_sets/val.txt` with one id a line. Full frames are cut to the part that everyone evaluates.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from bridgenet.data.cache import MapCache
from bridgenet.data.geometry import Camera, boundaries_from_labels, normals_from_depth
from bridgenet.data.labels import CLASSES
from bridgenet.data.sample import DataError, RawSample
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

HOW_TO_GET = (
    "`python -m bridgenet.prepare nyud` writes this folder from the official nyu_depth_v2_labeled.mat and splits.mat; "
    "the NYUDv2 package of ATRC and the NYUD_MT package of MTI-Net are read as they are."
)


class NyudReader:
    """One split of NYU Depth v2.

    Args:
        root: Folder with `images`, `segmentation`, `depth`, `gt_sets`, and perhaps `normals` and `edge`.
        split: Which file of `gt_sets`.

    Raises:
        DataError: The folder, or the list of the split, is missing, empty or of another layout.
    """

    tasks: tuple[TaskName, ...] = ("semseg", "depth", "normals", "edge")

    def __init__(self, root: Path, split: Literal["train", "val"]) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataError(f"There is no folder {self.root}. {HOW_TO_GET}")
        self.names = _read_split(self.root / "gt_sets" / f"{split}.txt")
        self.classes = CLASSES["nyud"]
        self._suffixes = {
            "images": self._suffix("images", ".jpg", ".png"),
            "segmentation": self._suffix("segmentation", ".png"),
            "depth": self._suffix("depth", ".npy", ".png"),
        }
        for folder in ("normals", "edge"):
            if (self.root / folder).is_dir():
                self._suffixes[folder] = self._suffix(folder, ".npy", ".png")
        self._normals_cache = MapCache(self.root, f"normals plane fit, {CAMERA}, window {NORMALS_WINDOW}, int8")
        self._edge_cache = MapCache(self.root, f"edge of labels, void narrower than {VOID_WIDTH} thinned")

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
        image = _crop(_load(self._path("images", name), _load_rgb, (3,)))
        targets: dict[TaskName, np.ndarray] = {task: _crop(loaders[task](name)) for task in tasks}
        for task, target in targets.items():
            if target.shape[:2] != image.shape[:2]:
                raise DataError(
                    f"{task} of image {name} in {self.root} is {target.shape[0]}x{target.shape[1]}, the image "
                    f"{image.shape[0]}x{image.shape[1]}: the folder mixes two packages. {HOW_TO_GET}"
                )
        return RawSample(image, targets)

    def _suffix(self, folder: str, *suffixes: str) -> str:
        """The suffix that the first image of the split has in a folder: it tells the layouts apart."""
        first = self.names[0]
        for suffix in suffixes:
            if (self.root / folder / f"{first}{suffix}").is_file():
                return suffix
        expected = " or ".join(f"{folder}/{first}{suffix}" for suffix in suffixes)
        raise DataError(f"{self.root} has no {expected}. {HOW_TO_GET}")

    def _path(self, folder: str, name: str) -> Path:
        return self.root / folder / f"{name}{self._suffixes[folder]}"

    def _read_labels(self, name: str) -> np.ndarray:
        """Files count void as 0 and classes from 1. In memory void is 255 and classes count from 0."""
        path = self._path("segmentation", name)
        labels = _load(path, _load_grey)
        if labels.max() > len(self.classes):
            raise DataError(f"{path} holds the label {labels.max()}; expected 0 (void) to {len(self.classes)}.")
        return np.where(labels == 0, IGNORE, labels.astype(np.int16) - 1).astype(np.uint8)

    def _read_depth(self, name: str) -> np.ndarray:
        path = self._path("depth", name)
        depth = _load(path, _load_array if path.suffix == ".npy" else _load_millimetres).astype(np.float32)
        return np.where(np.isfinite(depth), depth, 0.0).astype(np.float32, copy=False)

    def _read_normals(self, name: str) -> np.ndarray:
        if "normals" not in self._suffixes:
            codes = self._normals_cache.get(name, self._path("depth", name), lambda: self._derive_normals(name))
            return _unit(codes.astype(np.float32))
        path = self._path("normals", name)
        if path.suffix == ".npy":
            normals = _load(path, _load_array, (3,)).astype(np.float32)
            return _unit(np.where(np.isfinite(normals).all(axis=-1, keepdims=True), normals, 0))
        normals = _load(path, _load_rgb, (3,)).astype(np.float32) / 127.5 - 1
        normals[(np.abs(normals) < 0.5 / 127).all(axis=-1)] = 0
        return _unit(normals)

    def _derive_normals(self, name: str) -> np.ndarray:
        """Codes of one byte: -127..127 for -1..1."""
        depth = self._read_depth(name)
        camera = CAMERA if depth.shape == FULL_SIZE else CAMERA.cropped(CROP[0].start, CROP[1].start)
        return _crop(np.rint(normals_from_depth(depth, camera, NORMALS_WINDOW) * 127).astype(np.int8))

    def _read_edge(self, name: str) -> np.ndarray:
        if "edge" not in self._suffixes:
            return self._edge_cache.get(
                name,
                self._path("segmentation", name),
                lambda: _crop(boundaries_from_labels(self._read_labels(name), VOID_WIDTH)),
            )
        path = self._path("edge", name)
        return (_load(path, _load_array if path.suffix == ".npy" else _load_grey) > 0).astype(np.uint8)


def _crop(array: np.ndarray) -> np.ndarray:
    return array[CROP] if array.shape[:2] == FULL_SIZE else array


def _unit(normals: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("hwc,hwc->hw", normals, normals))[..., None]
    return normals / np.where(length > 0, length, 1)


def _read_split(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        raise DataError(f"There is no {path}: expected a text file with one image id a line. {HOW_TO_GET}")
    names = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    if not names:
        raise DataError(f"{path} names no image: expected one image id a line. {HOW_TO_GET}")
    return names


def _load(path: Path, decode: Callable[[Path], np.ndarray], channels: tuple[int, ...] = ()) -> np.ndarray:
    """Decodes a file, and checks that it is a full frame or the packaged part of one."""
    try:
        array = decode(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing, though gt_sets names it. Restore it. {HOW_TO_GET}") from None
    except Exception as error:  # Decoders raise what they like at damaged bytes, even errors of Python's tokenizer.
        raise DataError(f"{path} cannot be read ({error}). It is damaged or incomplete: fetch it again.") from error
    if array.shape[:2] not in (FULL_SIZE, PACKAGED_SIZE, CROP_SIZE) or array.shape[2:] != channels:
        of_channels = f", {channels[0]} channels" if channels else ""
        raise DataError(
            f"{path} is {'x'.join(map(str, array.shape))}; expected height x width 480x640 (full frame) or "
            f"425x560{of_channels}. {HOW_TO_GET}"
        )
    return array


def _load_rgb(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _load_grey(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        if picture.mode not in ("L", "P", "1"):
            raise ValueError(f"its mode is {picture.mode}, expected one channel of 8 bits")
        return np.asarray(picture).astype(np.uint8, copy=False)


def _load_millimetres(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        if not picture.mode.startswith("I"):
            raise ValueError(f"its mode is {picture.mode}, expected one channel of 16 bits in millimetres")
        return np.asarray(picture).astype(np.float32) / 1000


def _load_array(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False)

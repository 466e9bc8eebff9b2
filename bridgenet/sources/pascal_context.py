"""PASCAL-Context: photos of anything, with 21 classes, parts of people, boundaries, and two tasks that were distilled.

    JPEGImages/<id>.jpg
    semseg/VOC12/<id>.png             0 background, 1..20, 255 void; else semseg/pascal-context/<id>.png
    human_parts/<id>.mat              PASCAL-Part: objects with their parts; or <id>.png, 0 background, 1..6, 255
    pascal-context/trainval/<id>.mat  LabelMap: which of 459 classes; boundaries follow from it
    normals_distill/<id>.png          (n + 1) / 2
    sal_distill/<id>.png              salient above 127.5
    ImageSets/Context/train.txt, val.txt

This is the package PASCAL_MT, also called PASCALContext, as it is. What takes a while to derive goes into the cache.
"""

import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from skimage import morphology

from bridgenet.labels import HUMAN_PARTS, Classes
from bridgenet.reading.cache import MapCache
from bridgenet.reading.files import check_complete, find_files, load_numbers, load_rgb, read_names
from bridgenet.reading.geometry import label_changes
from bridgenet.reading.sample import DataError, DataWarning, RawSample
from bridgenet.reading.source import Source, Split
from bridgenet.tasks import IGNORE, TaskName

LOOKED_AT = 8
"""Images, spread over a split, whose ground truth is read before it is used."""

PERSON = 15
"""Class of a person among the objects of PASCAL-Part."""

PARTS = {
    **dict.fromkeys("head hair leye reye lear rear lebrow rebrow nose mouth".split(), 1),
    **dict.fromkeys("torso neck".split(), 2),
    **dict.fromkeys("luarm ruarm".split(), 3),
    **dict.fromkeys("llarm rlarm lhand rhand".split(), 4),
    **dict.fromkeys("luleg ruleg".split(), 5),
    **dict.fromkeys("llleg rlleg lfoot rfoot".split(), 6),
}
"""Which of the 6 parts each of the 24 of PASCAL-Part belongs to."""

ALSO_INDOORS = np.array(
    (
        "3 4 6 9 10 11 13 15 17 18 22 23 29 30 33 34 36 37 38 39 41 43 46 49 50 51 53 55 56 59 61 62 65 66 68 69 72 "
        "73 78 83 84 85 87 88 95 96 101 104 105 107 111 113 115 122 124 135 141 142 143 146 150 154 157 158 159 165 "
        "172 174 181 183 184 191 193 195 197 199 202 213 215 216 219 220 223 225 228 230 232 233 238 239 242 243 246 "
        "250 251 252 255 260 261 263 269 272 273 275 281 283 284 285 286 287 288 290 291 292 293 295 304 307 309 310 "
        "314 315 319 323 329 330 331 336 342 345 349 350 351 352 355 357 368 370 371 374 379 380 383 384 397 401 403 "
        "405 407 408 411 412 413 414 417 419 421 423 427 429 430 432 440 441 442 443 444 446 454 457"
    ).split(),
    dtype=np.int64,
)
"""Numbers of the 170 classes, among the 459, whose name is also one of NYU Depth v2's fine classes (and tvmonitor). The
network that the normals were distilled from has seen nothing else, so elsewhere its normals count as unknown."""

FOLDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "images": (("JPEGImages",), (".jpg", ".jpeg", ".png")),
    "semseg": (("semseg/VOC12", "semseg/pascal-context"), (".png",)),
    "human_parts": (("human_parts",), (".mat", ".png")),
    "labels": (("pascal-context/trainval",), (".mat",)),
    "normals": (("normals_distill",), (".png",)),
    "sal": (("sal_distill",), (".png",)),
}
"""Where each kind of file lies, the first place first, and its suffixes."""

NEEDED: dict[TaskName, tuple[str, ...]] = {
    "semseg": ("semseg",),
    "human_parts": ("human_parts",),
    "sal": ("sal",),
    "normals": ("normals", "labels"),
    "edge": ("labels",),
}
"""The kinds of files that each task is read from."""

HOW_TO_GET = "The package PASCAL_MT of MTI-Net (PASCALContext in InvPT's repository) is read as it is."

CLASSES = Classes.of(
    {
        "background": "#D9D4C7",
        "aeroplane": "#3F66C4",
        "bicycle": "#58C6FF",
        "bird": "#E6E08C",
        "boat": "#004D68",
        "bottle": "#00FAC8",
        "bus": "#8A3500",
        "car": "#9E0062",
        "cat": "#EB9E82",
        "chair": "#D1495B",
        "cow": "#623E32",
        "dining table": "#E9A23B",
        "dog": "#839400",
        "horse": "#8A5E8B",
        "motorbike": "#6F2089",
        "person": "#F780E3",
        "potted plant": "#008A41",
        "sheep": "#FFCDFF",
        "sofa": "#2A9D8F",
        "train": "#3A4D0A",
        "tv monitor": "#97EC7C",
    }
)


class PascalContextReader:
    """One split.

    Args:
        root: Folder with `JPEGImages`, `ImageSets` and the maps.
        split: Which list of `ImageSets/Context`.
        tasks: Whose ground truth will be read; a look at it is taken now.

    Raises:
        DataError: The folder, the list of the split or a file is missing, or holds something else.
    """

    def __init__(self, root: Path, split: Split, tasks: Collection[TaskName]) -> None:
        self.root = Path(root)
        listed = self.root / "ImageSets" / "Context" / f"{split}.txt"
        if not self.root.is_dir():
            raise DataError(f"There is no folder {self.root}. {HOW_TO_GET}")
        if not listed.is_file():
            inner = [path for path in sorted(self.root.iterdir()) if (path / "ImageSets").is_dir()]
            advice = f"Did you mean {inner[0]}?" if inner else HOW_TO_GET
            raise DataError(f"There is no {listed}: expected a text file with one image id a line. {advice}")
        self.names = read_names(listed)
        kinds = dict.fromkeys(("images", *(kind for task in tasks for kind in NEEDED[task])))
        self._files = {kind: self._find(kind) for kind in kinds}
        for kind in kinds:
            # Who has no parts is a person all the same; the others are needed.
            if kind != "human_parts":
                check_complete(self.names, self._files[kind], self.root / FOLDERS[kind][0][0], listed)
        self._edges = MapCache(self.root, "edge of LabelMap, thinned")
        self._parts = MapCache(self.root, "human_parts of PASCAL-Part, six, without parts unknown")
        self._look(tasks)

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        """The image at `index`, with its ground truth."""
        name = self.names[index]
        image = load_rgb(self._files["images"][name])
        size = (image.shape[0], image.shape[1])
        loaders: dict[TaskName, Callable[[str, tuple[int, int]], np.ndarray]] = {
            "semseg": self._read_labels,
            "human_parts": self._read_parts,
            "sal": self._read_saliency,
            "normals": self._read_normals,
            "edge": self._read_edge,
        }
        return RawSample(image, {task: loaders[task](name, size) for task in tasks})

    def _find(self, kind: str) -> dict[str, Path]:
        places, suffixes = FOLDERS[kind]
        found: dict[str, Path] = {}
        for place in reversed(places):
            found |= find_files(self.root / place, suffixes)
        if not found:
            raise DataError(f"{self.root} has no {places[0]}/{self.names[0]}{suffixes[0]}. {HOW_TO_GET}")
        return found

    def _look(self, tasks: Collection[TaskName]) -> None:
        """Reads some of what will be needed, so that what cannot be is told before the first step."""
        count = min(LOOKED_AT, len(self.names)) if tasks else 0
        known = dict.fromkeys(tasks, False)
        for number in range(count):
            sample = self.read(number * len(self.names) // count, tasks)
            for task, target in sample.targets.items():
                known[task] |= bool(target.any() if task == "normals" else (target != IGNORE).any())
        for task, found in known.items():
            if not found and task != "human_parts":
                warnings.warn(
                    f"{self.root}: no pixel of the {count} images that were looked at has ground truth for {task}.",
                    DataWarning,
                    stacklevel=4,
                )

    def _read_labels(self, name: str, size: tuple[int, int]) -> np.ndarray:
        return _classes(self._files["semseg"][name], size, len(CLASSES))

    def _read_parts(self, name: str, size: tuple[int, int]) -> np.ndarray:
        path = self._files["human_parts"].get(name)
        if path is None:
            return np.full(size, IGNORE, np.uint8)
        if path.suffix.lower() == ".png":
            return _classes(path, size, len(HUMAN_PARTS))
        return _of_size(self._parts.get(name, path, lambda: _merge_parts(path)), size)

    def _read_saliency(self, name: str, size: tuple[int, int]) -> np.ndarray:
        stored = load_numbers(self._files["sal"][name])
        return _of_size((stored > 127.5).astype(np.uint8), size)

    def _read_normals(self, name: str, size: tuple[int, int]) -> np.ndarray:
        codes = _of_size(load_rgb(self._files["normals"][name]), size)
        normals = codes.astype(np.float32) / 127.5 - 1
        # No direction is black, and none is mid-grey.
        known = codes.any(axis=-1) & ~(np.abs(normals) < 0.5 / 127).all(axis=-1)
        known &= np.isin(self._read_label_map(name, size), ALSO_INDOORS)
        length = np.linalg.norm(normals, axis=-1, keepdims=True)
        return np.where(known[..., None], normals / np.maximum(length, 1e-6), 0).astype(np.float32)

    def _read_edge(self, name: str, size: tuple[int, int]) -> np.ndarray:
        path = self._files["labels"][name]

        def derive() -> np.ndarray:
            return morphology.thin(label_changes(self._read_label_map(name, size))).astype(np.uint8)

        return self._edges.get(name, path, derive)

    def _read_label_map(self, name: str, size: tuple[int, int]) -> np.ndarray:
        path = self._files["labels"][name]
        labels = _load_mat(path).get("LabelMap")
        if labels is None or np.shape(labels) != size:
            raise DataError(
                f"{path} should hold a LabelMap of {size[0]}x{size[1]}, the size of its image, and "
                + ("has none. " if labels is None else f"holds one of {'x'.join(map(str, np.shape(labels)))}. ")
                + HOW_TO_GET
            )
        return np.asarray(labels)


def _merge_parts(path: Path) -> np.ndarray:
    """The 6 parts of all persons of an image, uint8 (height, width): 0 elsewhere, unknown on one who has no parts.

    Raises:
        DataError: The file is not of PASCAL-Part.
    """
    try:
        objects = np.atleast_1d(_load_mat(path)["anno"].objects)
        merged = np.zeros(objects[0].mask.shape, np.uint8)
        people = [thing for thing in objects if thing.class_ind == PERSON]
        for person in people:
            if not np.size(person.parts):
                merged[person.mask > 0] = IGNORE
        for part in (part for person in people for part in np.atleast_1d(person.parts)):
            merged[part.mask > 0] = PARTS[part.part_name]
    except (KeyError, AttributeError, IndexError, TypeError) as error:
        raise DataError(f"{path} is no annotation of PASCAL-Part ({error!r}). {HOW_TO_GET}") from None
    # Who has no parts leaves nothing to learn; an image of nobody has no part anywhere.
    return merged if np.isin(merged, list(PARTS.values())).any() else np.full_like(merged, IGNORE)


def _load_mat(path: Path) -> dict[str, Any]:
    try:
        return loadmat(path, struct_as_record=False, squeeze_me=True)
    except Exception as error:  # scipy raises many kinds of errors at damaged bytes.
        raise DataError(f"{path} cannot be read as a MATLAB 5 file ({error}). Fetch it again.") from None


def _classes(path: Path, size: tuple[int, int], count: int) -> np.ndarray:
    labels = load_numbers(path)
    if labels.shape != size:
        shape = "x".join(map(str, labels.shape))
        raise DataError(
            f"{path} is {shape}, its image {size[0]}x{size[1]}: the folder mixes two packages. {HOW_TO_GET}"
        )
    if ((labels != IGNORE) & (labels >= count)).any():
        raise DataError(
            f"{path} holds the label {labels[labels != IGNORE].max()}; expected 0 to {count - 1}, and 255 for void."
            + (" These are probably the 59 classes of PASCAL-Context, not the 21 of the literature." * (count == 21))
        )
    return labels.astype(np.uint8)


def _of_size(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What another network distilled may have another size than the image: the nearest pixels of it."""
    if array.shape[:2] == size:
        return array
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(size, array.shape, strict=False)
    )
    return array[rows[:, None], columns]


SOURCE = Source(
    name="pascal_context",
    title="PASCAL-Context",
    tasks=("semseg", "human_parts", "sal", "normals", "edge"),
    classes={"semseg": CLASSES, "human_parts": HUMAN_PARTS},
    open=lambda asked: PascalContextReader(asked.root, asked.split, asked.tasks),
    limits={
        "normals": "The normals were distilled from a network that was trained indoors. Classes that it never saw are "
        "left out, as in the literature.",
        "sal": "Saliency was distilled from another network: it is as good as that one.",
    },
)

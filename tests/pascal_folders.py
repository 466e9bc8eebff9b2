"""Small made folders in the layout of PASCAL_MT: photos of persons, of nobody, and of one without parts."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

SIZE = (60, 90)
NAMES = ("2008_000001", "2008_000002", "2008_000003", "2008_000004")
WALL, GRASS, PERSON_LABEL = 440, 187, 284
"""Of the 459 classes; NYU Depth v2 knows walls and persons, and no grass."""

ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]]
HEAD = (ROWS >= 10) & (ROWS < 18) & (COLUMNS >= 30) & (COLUMNS < 40)
TORSO = (ROWS >= 18) & (ROWS < 34) & (COLUMNS >= 30) & (COLUMNS < 40)
HAND = (ROWS >= 20) & (ROWS < 24) & (COLUMNS >= 40) & (COLUMNS < 46)
FOOT = (ROWS >= 50) & (ROWS < 54) & (COLUMNS >= 30) & (COLUMNS < 36)
PERSON = HEAD | TORSO | HAND | FOOT
OTHER = (ROWS >= 10) & (ROWS < 50) & (COLUMNS >= 60) & (COLUMNS < 75)
"""A second person, whose parts nobody has annotated."""


def make_pascal(root: Path) -> Path:
    """A folder whose lists name two images for training and two for validation."""
    for (
        place
    ) in "JPEGImages semseg/VOC12 semseg/pascal-context human_parts pascal-context/trainval normals_distill".split():
        (root / place).mkdir(parents=True)
    for place in ("sal_distill", "ImageSets/Context"):
        (root / place).mkdir(parents=True)
    (root / "ImageSets" / "Context" / "train.txt").write_text("\n".join(NAMES[:2]))
    (root / "ImageSets" / "Context" / "val.txt").write_text("\n".join(NAMES[2:]))
    for number, name in enumerate(NAMES):
        _write(root, name, number)
    return root


def _write(root: Path, name: str, number: int) -> None:
    ground = ROWS >= 40
    labels = np.where(ground, GRASS, WALL)
    people = {0: PERSON | OTHER, 1: PERSON, 2: PERSON & False, 3: OTHER}[number]
    labels[people] = PERSON_LABEL
    photo = np.stack([200 * ground, 255 * people, 40 * number + 0 * ROWS], -1).astype(np.uint8)
    Image.fromarray(photo).save(root / "JPEGImages" / f"{name}.jpg")
    semseg = np.where(people, 15, 0).astype(np.uint8)
    semseg[0] = 255
    picture = Image.fromarray(semseg)
    picture.putpalette(bytes(range(256)) * 3)
    picture.save(root / "semseg" / ("VOC12" if number != 1 else "pascal-context") / f"{name}.png")
    savemat(root / "pascal-context" / "trainval" / f"{name}.mat", {"LabelMap": labels.astype(np.uint16)})
    normals = np.zeros((*SIZE, 3), np.uint8)
    normals[:] = (128, 128, 255)
    normals[5] = 0
    Image.fromarray(normals).save(root / "normals_distill" / f"{name}.png")
    # What was distilled has a size of its own.
    small = Image.fromarray(np.where(people, 130, 127).astype(np.uint8)).resize((45, 30), Image.Resampling.NEAREST)
    small.save(root / "sal_distill" / f"{name}.png")
    objects = [_object("chair", 9, OTHER, {})]
    if number < 2:
        parts = {"head": HEAD, "torso": TORSO, "neck": TORSO & (ROWS < 20), "lhand": HAND, "rfoot": FOOT}
        objects.append(_object("person", 15, PERSON, parts))
    if number in (0, 3):
        objects.append(_object("person", 15, OTHER, {}))
    savemat(root / "human_parts" / f"{name}.mat", {"anno": {"imname": name, "objects": _cells(objects)}})


def _object(name: str, index: int, mask: np.ndarray, parts: dict[str, np.ndarray]) -> dict[str, object]:
    told = [{"part_name": part, "mask": where.astype(np.uint8)} for part, where in parts.items()]
    return {"class": name, "class_ind": index, "mask": mask.astype(np.uint8), "parts": _cells(told) if told else []}


def _cells(entries: list[dict[str, object]]) -> np.ndarray:
    """A MATLAB array of structures."""
    cells = np.empty((1, len(entries)), dtype=[(name, object) for name in entries[0]])
    for place, entry in enumerate(entries):
        cells[0, place] = tuple(entry.values())
    return cells

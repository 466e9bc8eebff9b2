"""Small folders of photos that say what they are: three classes on tilted ground, and all that six tasks need."""

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ["road", "wall", "sky"]
COLOURS = ["#404040", "#B04030", "#80B0F0"]
PARTS = ["background", "body", "arm"]

OPTIONS = {
    "semseg": {"classes": CLASSES, "colours": COLOURS, "ignore": 255},
    "human_parts": {"classes": PARTS},
    "depth": {"unit": "m", "invalid": 0},
    "normals": {},
    "sal": {},
    "edge": {},
}


def make_folder(
    root: Path, tasks: Collection[str] = ("semseg", "depth"), size: tuple[int, int] = (240, 320), count: int = 6
) -> Path:
    """A folder with `count` photos, the last two of them for validation. Depth lies in arrays of metres."""
    for number in range(count):
        _write(root, f"photo {number}", tasks, size, number)
    names = [f"photo {number}\n" for number in range(count)]
    (root / "train.txt").write_text("".join(names[:-2]))
    (root / "val.txt").write_text("".join(names[-2:]))
    describe(root, tasks={task: OPTIONS[task] for task in tasks})
    return root


def describe(root: Path, **changes: object) -> None:
    """Writes `dataset.json`, with these entries instead of its own."""
    own = {"title": "Three streets", "tasks": {}, "splits": {"train": "train.txt", "val": "val.txt"}}
    (root / "dataset.json").write_text(json.dumps(own | changes))


def _write(root: Path, name: str, tasks: Collection[str], size: tuple[int, int], number: int) -> None:
    rows, columns = np.mgrid[: size[0], : size[1]]
    labels = np.where(rows > size[0] // 2, 0, np.where(columns + 20 * number > size[1] // 2, 1, 2)).astype(np.uint8)
    colours = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS], np.uint8)
    person = (abs(rows - size[0] // 2) < 40) & (abs(columns - 60) < 15)
    truth = {
        "semseg": np.where(person, 255, labels).astype(np.uint8),
        "human_parts": np.where(person, 1 + (columns > 60), 0).astype(np.uint8),
        "depth": (1.5 + rows / size[0] + 0.1 * number).astype(np.float32),
        "normals": np.stack([0 * rows + 127, 0 * rows + 255, 0 * rows + 127], -1).astype(np.uint8),
        "sal": (255 * person).astype(np.uint8),
        "edge": (255 * (np.diff(labels.astype(int), axis=1, append=0) != 0)).astype(np.uint8),
    }
    photo = colours[labels]
    photo[person] = (240, 128, 200)
    for folder, content in {"images": photo, **{task: truth[task] for task in tasks}}.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        if content.dtype == np.float32:
            np.save(root / folder / f"{name}.npy", content)
        else:
            suffix = ".jpg" if folder == "images" and number % 2 else ".png"
            Image.fromarray(content).save(root / folder / f"{name}{suffix}")

"""Small made folders in the layout of NYU Depth v2: patches of all kinds of labels on a tilted plane."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("0001", "0002", "0003")

ROWS, COLUMNS = np.mgrid[:480, :640]


def make_nyud(root: Path, size: tuple[int, int] = (480, 640), npy: bool = False, image: str = ".jpg") -> Path:
    """A folder with three images, whose two splits name all of them.

    Args:
        root: The folder.
        size: Height and width of the maps.
        npy: Depth as float metres, otherwise as 16-bit millimetres.
        image: Suffix of the images.
    """
    for name, content in _files(size, npy, image).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@cache
def _files(size: tuple[int, int], npy: bool, image: str) -> dict[str, bytes]:
    """Content by path: encoded once for all tests."""
    rows, columns = ROWS[: size[0], : size[1]], COLUMNS[: size[0], : size[1]]
    millimetres = 1000 + 3 * columns + 2 * rows
    depth = (millimetres / 1000).astype(np.float32) if npy else millimetres.astype(np.uint16)
    files = {f"gt_sets/{split}.txt": "\n".join((*NAMES, "")).encode() for split in ("train", "val")}
    for number, name in enumerate(NAMES):
        picture = np.stack([columns % 256, rows % 256, (rows + columns + 40 * number) % 256], axis=-1)
        labels = 1 + (columns // 80 + 8 * (rows // 60) + 13 * number) % 40
        labels[200:220] = 0
        files[f"images/{name}{image}"] = _encoded(picture.astype(np.uint8), image)
        files[f"segmentation/{name}.png"] = _encoded(labels.astype(np.uint8), ".png")
        files[f"depth/{name}{'.npy' if npy else '.png'}"] = _encoded(depth, ".npy" if npy else ".png")
    return files


def _encoded(array: np.ndarray, suffix: str) -> bytes:
    file = BytesIO()
    if suffix == ".npy":
        np.save(file, array)
    else:
        Image.fromarray(array).save(file, "PNG" if suffix == ".png" else "JPEG")
    return file.getvalue()


def change(root: Path, folder: str, edit: Callable[[np.ndarray], np.ndarray]) -> Path:
    """Every map of a folder with other values. Returns `root`."""
    for path in sorted((root / folder).iterdir()):
        if path.suffix == ".npy":
            np.save(path, edit(np.load(path)))
        else:
            path.write_bytes(_encoded(edit(np.array(Image.open(path))), path.suffix))
    return root

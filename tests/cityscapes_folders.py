"""Small made folders in the layout of Cityscapes: a road, a car on it, a rail track and the sky."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (64, 128)
ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]]
CAR = (ROWS >= 34) & (ROWS < 44) & (COLUMNS >= 20) & (COLUMNS < 50)
SKY, TRACK, PLATE = (ROWS < 20), (ROWS >= 56), CAR & (ROWS == 40)
CITIES = {"train": ("aachen", "bochum"), "val": ("munster",)}


def make_cityscapes(root: Path) -> Path:
    """A folder with an image of each of two cities for training, and two of one city for validation."""
    for split, cities in CITIES.items():
        for city in cities:
            for frame in range(2 // len(cities)):
                _write(root, split, city, f"{city}_000000_{frame:06d}")
    return root


def _write(root: Path, split: str, city: str, name: str) -> None:
    labels = np.where(ROWS < 32, 21, 7)
    labels[SKY], labels[TRACK], labels[CAR], labels[PLATE] = 23, 10, 26, 255
    disparity = np.where(ROWS >= 32, 257 + 256 * ROWS, 256 + ROWS).astype(np.uint16)
    disparity[TRACK], disparity[SKY] = 1 + 256 * 90, 6000
    disparity[:, 0] = 0
    photo = np.stack([4 * labels, 255 * CAR, 200 * SKY], -1).astype(np.uint8)
    for folder, ending, content in (
        ("leftImg8bit", "leftImg8bit", photo),
        ("gtFine", "gtFine_labelIds", labels.astype(np.uint8)),
        ("disparity", "disparity", disparity),
    ):
        place = root / folder / split / city
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(content).save(place / f"{name}_{ending}.png")

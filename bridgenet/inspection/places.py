"""Places of an image and the tokens there, and in words where the weight of a map lies.

A place is given as (nx, ny), the fractions 0..1 of image width and height, whatever the grid.
"""

from math import isfinite
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

Grid = tuple[int, int]
"""Rows and columns."""

Map = Float[np.ndarray, "_ _"]


class Centres(NamedTuple):
    """Where the tokens of a grid lie: centres of rows and of columns, fractions of image height and width."""

    rows: Float[np.ndarray, "_"]
    columns: Float[np.ndarray, "_"]


def token_at(nx: float, ny: float, grid: Grid) -> tuple[int, int]:
    """Row and column of the token at a place; places outside the image count as its border.

    Raises:
        ValueError: A fraction is no number.
    """
    if not (isfinite(nx) and isfinite(ny)):
        raise ValueError(f"A place is two fractions of the image's width and height, not ({nx}, {ny}).")
    rows, columns = grid
    return min(max(int(ny * rows), 0), rows - 1), min(max(int(nx * columns), 0), columns - 1)


def grid_of(feature: Tensor) -> Grid:
    """Rows and columns of a feature map."""
    return feature.shape[-2], feature.shape[-1]


def even_centres(grid: Grid) -> Centres:
    """Centres of the tokens of a grid that covers the image evenly."""
    rows, columns = ((np.arange(length) + 0.5) / length for length in grid)
    return Centres(rows, columns)


def mean_distances(
    centres: Centres,
    rows: Float[np.ndarray, "places"],
    columns: Float[np.ndarray, "places"],
    parts: Float[np.ndarray, "places"],
    size: tuple[int, int],
) -> Map:
    """How far the tokens of a grid are from some places, on the mean, as a fraction of the image's diagonal.

    Args:
        centres: Of the tokens.
        rows: Fractions of the image height.
        columns: Fractions of the image width.
        parts: How much each place counts; they sum to 1.
        size: Height and width of the image, in any unit: only the proportions count.
    """
    height, width = size
    down, right = (centres.rows - rows[:, None]) * height, (centres.columns - columns[:, None]) * width
    return np.tensordot(parts, np.hypot(down[:, :, None], right[:, None, :]), 1) / np.hypot(height, width)


CELL_STANDS_OUT, BAND_STANDS_OUT = 0.4, 0.6
"""Share of the mass that makes one ninth, or one third, of the image worth naming; even mass has 1/9 and 1/3."""

NINTHS = (
    ("in the upper left", "at the top", "in the upper right"),
    ("at the left", "in the centre", "at the right"),
    ("in the lower left", "at the bottom", "in the lower right"),
)

ROWS = ("along the top", "across the middle", "along the bottom")

COLUMNS = ("down the left side", "down the middle", "down the right side")


def place_in_words(placed: Map) -> str:
    """Where most of a map's weight lies: a ninth of the image, a third of it, or `all over the image`.

    Args:
        placed: Weights on any grid that covers the image evenly. Negative ones count as none.
    """
    mass = np.maximum(placed, 0).astype(np.float64)
    if mass.sum() <= 0:
        return "nowhere"
    rows, columns = mass.shape
    # Every token is cut into 3 x 3, so that any grid divides into thirds.
    ninths = mass.repeat(3, axis=0).repeat(3, axis=1).reshape(3, rows, 3, columns).sum(axis=(1, 3)) / (9 * mass.sum())
    row, column = divmod(int(ninths.argmax()), 3)
    if ninths[row, column] >= CELL_STANDS_OUT:
        return NINTHS[row][column]
    across, down = ninths.sum(axis=1), ninths.sum(axis=0)
    if max(across.max(), down.max()) < BAND_STANDS_OUT:
        return "all over the image"
    return ROWS[int(across.argmax())] if across.max() >= down.max() else COLUMNS[int(down.argmax())]

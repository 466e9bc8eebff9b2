"""Regions of an image: a pixel, a part of the segmentation, an outline; and means over them, on any grid.

Whatever can be asked at a pixel can be asked over a region: it is then the mean over the region's pixels, each of which
has the value of the token that it lies in. Of a `Pixel` that is the value itself, bit for bit.
"""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer
from skimage import measure
from skimage.draw import polygon
from torch import Tensor
from torch.nn import functional as F

from bridgenet.inspection.places import Grid, Map

Mask = Bool[Tensor, "height width"]

FINE = 256
"""Places along the shorter side, at least, at which a region that has no pixels of its own is looked at."""

LEAST_CONTOUR = 8
"""Contours with fewer corners are specks, and are left out beside larger ones."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Every pixel of the image. For your own programs."""

    def mask(self, size: tuple[int, int]) -> Mask:
        return torch.ones(size, dtype=torch.bool)


@dataclass(frozen=True, slots=True)
class Pixel:
    """One pixel, at fractions 0..1 of the width (x, to the right) and of the height (y, down).

    Raises:
        ValueError: It lies outside the image.
    """

    x: float
    y: float

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError(
                f"The pixel ({self.x}, {self.y}) is outside the image. "
                "Give x and y as fractions of its width and height, 0 to 1."
            )

    def mask(self, size: tuple[int, int]) -> Mask:
        mask = torch.zeros(size, dtype=torch.bool)
        mask[self.place(size)] = True
        return mask

    def place(self, size: tuple[int, int]) -> tuple[int, int]:
        """Row and column in a map of (height, width)."""
        height, width = size
        return min(int(self.y * height), height - 1), min(int(self.x * width), width - 1)


@dataclass(frozen=True, slots=True)
class Box:
    """Every pixel that a rectangle touches; its sides are fractions 0..1 of the image. For your own programs.

    Raises:
        ValueError: It has no area, or it leaves the image.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError(
                f"The box from ({self.left}, {self.top}) to ({self.right}, {self.bottom}) is empty or leaves the "
                "image. Give left < right and top < bottom as fractions of width and height, 0 to 1."
            )

    def mask(self, size: tuple[int, int]) -> Mask:
        height, width = size
        mask = torch.zeros(size, dtype=torch.bool)
        rows = slice(int(self.top * height), ceil(self.bottom * height))
        mask[rows, int(self.left * width) : ceil(self.right * width)] = True
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A fixed set of pixels, of any resolution; it is brought to the size of the image by nearest neighbours.

    For the studio.

    Raises:
        ValueError: It has no pixel.
    """

    pixels: Bool[np.ndarray, "height width"]

    def __post_init__(self) -> None:
        if not self.pixels.any():
            raise ValueError("The segment has no pixel. Choose a region that covers something.")

    def mask(self, size: tuple[int, int]) -> Mask:
        if self.pixels.shape == size:
            return torch.from_numpy(self.pixels.copy())
        resized = F.interpolate(torch.from_numpy(self.pixels)[None, None].float(), size, mode="nearest-exact")
        if not resized.any():
            raise ValueError(
                f"Nothing of the segment {self.pixels.shape} is left at the image's size {size}. "
                "Choose a larger region."
            )
        return resized[0, 0] > 0


@dataclass(frozen=True, slots=True)
class Lasso:
    """Every pixel whose centre lies inside a closed outline; where the outline crosses itself, an odd number of times.

    For your own programs.

    Attributes:
        outline: Its corners, fractions (x, y) 0..1 of the image's width and height. The last is joined to the first.

    Raises:
        ValueError: It has fewer than three corners, or one outside the image.
    """

    outline: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.outline) < 3 or not all(0 <= part <= 1 for corner in self.outline for part in corner):
            raise ValueError(
                f"An outline has three corners or more, each two fractions 0 to 1 of width and height; "
                f"got {self.outline}."
            )

    def mask(self, size: tuple[int, int]) -> Mask:
        corners = np.array(self.outline)[:, ::-1] * size - 0.5
        inside = np.zeros(size, dtype=bool)
        inside[polygon(*corners.T, shape=size)] = True
        if not inside.any():
            raise ValueError(f"The outline holds no pixel at the size {size}. Draw a larger one.")
        return torch.from_numpy(inside)


Region = Whole | Pixel | Box | Segment | Lasso


def connected_parts(labels: Integer[np.ndarray, "height width"]) -> Integer[np.ndarray, "height width"]:
    """Number of the connected part of equal labels that each pixel belongs to; pixels touch at their sides."""
    return np.asarray(measure.label(labels, background=-1, connectivity=1))


def coverage(region: Region, grid: Grid) -> Map:
    """Part of a region that lies in each token of a grid which covers the image evenly; float64, sums to 1.

    For your own programs.

    Raises:
        ValueError: The region has no pixel.
    """
    if isinstance(region, Pixel):
        return region.mask(grid).double().numpy()
    if isinstance(region, Segment):
        pixels = region.pixels
    else:
        times = max(1, round(FINE / min(grid)))
        pixels = region.mask((grid[0] * times, grid[1] * times)).numpy()
    down, across = (_pooling(length, tokens) for length, tokens in zip(pixels.shape, grid, strict=True))
    counts = (down @ pixels.astype(np.float32) @ across.T).astype(np.float64)
    return counts / counts.sum()


class Tokens(NamedTuple):
    """Tokens of a grid that are asked together, each by its part; the parts sum to 1.

    Attributes:
        rows: Of the tokens.
        columns: Of the tokens.
        parts: Of what is asked that lies in each.
    """

    rows: Int[np.ndarray, "_"]
    columns: Int[np.ndarray, "_"]
    parts: Float[np.ndarray, "_"]

    @classmethod
    def at(cls, token: tuple[int, int]) -> "Tokens":
        """One token alone."""
        return cls(np.array([token[0]]), np.array([token[1]]), np.ones(1))

    @classmethod
    def covering(cls, coverage: Map) -> "Tokens":
        """Those that have a part, see `coverage`."""
        rows, columns = np.nonzero(coverage)
        return cls(rows, columns, coverage[rows, columns])

    @property
    def most(self) -> tuple[int, int]:
        """Row and column of the token with the largest part."""
        index = int(self.parts.argmax())
        return int(self.rows[index]), int(self.columns[index])

    def box(self, grid: Grid) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom, fractions of the image, which the grid covers evenly; None of several tokens."""
        if len(self.parts) > 1:
            return None
        (row, column), (rows, columns) = self.most, grid
        return column / columns, row / rows, (column + 1) / columns, (row + 1) / rows

    def mean(self, values: Float[np.ndarray, "_tokens _each"], columns: int) -> Float[np.ndarray, "_each"]:
        """Mean of what each token has, by their parts; of one token: what it has, bit for bit.

        Args:
            values: Of every token of the grid, row by row.
            columns: Of the grid.
        """
        return self.parts.astype(values.dtype) @ values[self.rows * columns + self.columns]


def mean_over(region: Region, map: Float[np.ndarray, "_ _"]) -> float:
    """Mean of a map over the pixels of a region. Of a pixel: the value of the token that it lies in.

    For your own programs.

    Args:
        region: Part of the image.
        map: Of any resolution: it covers the whole image.
    """
    weights = coverage(region, (map.shape[0], map.shape[1]))
    return float((map[weights > 0] * weights[weights > 0]).sum())


def contours(pixels: Bool[np.ndarray, "height width"], tolerance: float = 0.7) -> list[Float[np.ndarray, "_ 2"]]:
    """The outlines of a region and of its holes: corners (x, y) as fractions of the image, the longest outline first.

    Args:
        pixels: The region.
        tolerance: How far, in pixels, a line may leave the border of the pixels.
    """
    borders = measure.find_contours(np.pad(pixels, 1).astype(float), 0.5)
    found = [measure.approximate_polygon(line, tolerance) for line in borders]
    found.sort(key=len, reverse=True)
    large = [line for index, line in enumerate(found) if index == 0 or len(line) >= LEAST_CONTOUR]
    return [((line - 0.5) / pixels.shape)[:, ::-1] for line in large]


def _pooling(length: int, tokens: int) -> Float[np.ndarray, "_tokens _length"]:
    """Which pixels along a side have their centre in which token."""
    pooling = np.zeros((tokens, length), dtype=np.float32)
    pixels = np.arange(length)
    pooling[(2 * pixels + 1) * tokens // (2 * length), pixels] = 1
    return pooling

"""Where on the image the weight of an attribution lies: per square, inside a region, around a place."""

import numpy as np
from jaxtyping import Float

from bridgenet.inspection.attribution import AnyMap
from bridgenet.inspection.region import Region

CELLS = 32
"""Squares along the shorter side: single pixels of a gradient are too noisy to be read or ranked."""


def cell_sums(map: AnyMap, cells: int = CELLS) -> Float[np.ndarray, "_ _"]:
    """A map added up over equal squares; unit and total stay what they are. For the notebooks.

    Args:
        map: Per pixel.
        cells: About as many squares lie along its shorter side; a map with fewer pixels stays as it is.

    Raises:
        ValueError: There are no squares to add up over.
    """
    if cells < 1:
        raise ValueError(f"A map needs at least one square along its shorter side, got {cells}.")
    side = max(1, round(min(map.shape) / cells))
    rows, columns = (np.arange(0, length, side) for length in map.shape)
    return np.add.reduceat(np.add.reduceat(map, rows, axis=0), columns, axis=1)


def share_inside(map: AnyMap, region: Region) -> float:
    """Share, 0..1, of the absolute values of a map that lies in a region; not a number where the map is zero.

    For the notebooks.

    Args:
        map: Of any resolution: it covers the whole image.
        region: Part of the image. A cell that it covers in part counts in part.
    """
    size = np.abs(map).astype(np.float64)
    height, width = map.shape
    # A fine grid that the map's cells divide evenly, so that every cell is weighed by what is covered of it.
    times = max(1, round(256 / min(map.shape)))
    mask = region.mask((height * times, width * times)).numpy()
    covered = mask.reshape(height, times, width, times).mean(axis=(1, 3))
    total = float(size.sum())
    return float((size * covered).sum()) / total if total else float("nan")


def reach(map: AnyMap, x: float, y: float, share: float = 0.5, aspect: float | None = None) -> float:
    """Radius around a place, over the width of the image, that holds a share of the absolute values of a map.

    For the notebooks.

    Args:
        map: Of any resolution: it covers the whole image.
        x: Fraction 0..1 of the width.
        y: Fraction 0..1 of the height.
        share: Share of the sum of absolute values, 0..1.
        aspect: Height / width of the image. None: that of the map.

    Raises:
        ValueError: The map is zero everywhere or not finite, or the share is none.
    """
    size = np.abs(map).astype(np.float64)
    if not (size.sum() > 0 and 0 <= share <= 1):
        raise ValueError(f"No radius holds a share of {share} of this map: it is zero everywhere, or has NaN in it.")
    height, width = map.shape
    down = ((np.arange(height) + 0.5) / height - y) * (height / width if aspect is None else aspect)
    across = (np.arange(width) + 0.5) / width - x
    distance = np.hypot(down[:, None], across[None]).ravel()
    order = distance.argsort(kind="stable")
    held = np.cumsum(size.ravel()[order]) / size.sum()
    return float(distance[order[min(int(np.searchsorted(held, share)), len(order) - 1)]])

"""The counts that odsF is made of: pairs of edge pixels of one image, for every threshold."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from bridgenet.learning.boundary.suppression import suppress

THRESHOLDS = (0.001, *(step / 100 for step in range(1, 100)), 0.999)
"""The 101 of the literature, as HED and SEISM have them."""

RESOLUTION = 1e-6
"""Values that differ by less are equal. Fractions of 255, and what suppression makes of them, lie further apart, also
from thresholds of three decimals; but they are off by their rounding."""

WORD = 64
"""Maps that are thinned at once."""

CHUNK = 2048
"""Pixels whose surroundings are searched at once: more would need more memory than processors keep near."""


def eight_bits(probability: np.ndarray) -> np.ndarray:
    """A map in 0..1 as uint8, the way it would be written to a PNG."""
    return np.rint(255 * probability.astype(np.float64)).astype(np.uint8)


def count_pairs(
    prediction: np.ndarray,
    truth: Bool[np.ndarray, "height width"],
    max_distance: float,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    nms: bool = True,
) -> Int[np.ndarray, "thresholds 4"]:
    """Matched true, true, matched predicted and predicted edge pixels of an image, int64 (thresholds, 4).

    The map is rounded to 8 bits and suppressed, cut at each threshold (what is higher passes), and thinned. Then as
    many predicted pixels as possible are matched with true ones, one with one.

    Args:
        prediction: Probability of a boundary (height, width), 0..1.
        truth: Boundaries, one pixel wide.
        max_distance: Largest distance of a pair, inclusive, as a share of the image's diagonal.
        thresholds: In the order of the result.
        nms: False takes the map as it is, neither rounded nor suppressed; it is cut and thinned all the same.
    """
    from bridgenet.learning.boundary import kernels

    value = suppress(eight_bits(prediction), min(thresholds)) if nms else prediction.astype(np.float64)
    planes, pixels, order = _planes(value, thresholds)
    width = truth.shape[1] + 2
    for plane in planes:
        kernels.thin(plane, pixels[plane[pixels] != 0], width)
    pixels = pixels[(planes[:, pixels] != 0).any(axis=0)]
    maps = np.arange(len(thresholds))
    there = (planes[:, pixels][maps // WORD] >> (maps % WORD).astype(np.uint64)[:, None] & np.uint64(1)).astype(bool)
    first, near = _neighbours(pixels, truth, max_distance)
    counts = np.empty((len(thresholds), 4), np.int64)
    counts[order, 0] = counts[order, 2] = kernels.match(there, first, near, int(truth.sum()))
    counts[:, 1], counts[order, 3] = truth.sum(), there.sum(axis=1)
    return counts


def thinned(lines: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Lines one pixel wide, by the same rule as predictions."""
    from bridgenet.learning.boundary import kernels

    planes, pixels, _ = _planes(lines.astype(np.float64), [0.5])
    kernels.thin(planes[0], pixels, lines.shape[1] + 2)
    return planes[0].reshape(lines.shape[0] + 2, -1)[1:-1, 1:-1] != 0


def _planes(value: np.ndarray, thresholds: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The maps of all thresholds, which pixels are in any, and which threshold each map belongs to.

    Returns:
        uint64 (words, pixels), bit b of word w for the map `64 w + b`, in a frame of one empty pixel around the
        picture, row by row; int64 places in it; and for each map, from the lowest threshold up, the index of its
        threshold.
    """
    order = np.argsort(thresholds, kind="stable")
    passed = np.searchsorted(np.asarray(thresholds, np.float64)[order] + RESOLUTION, np.pad(value, 1).ravel())
    pixels = np.flatnonzero(passed)
    planes = np.zeros((-(-len(order) // WORD), passed.size), np.uint64)
    for word, plane in enumerate(planes):
        bits = np.clip(passed[pixels] - WORD * word, 0, WORD).astype(np.uint64)
        # A shift by a whole word is not defined.
        plane[pixels] = np.where(bits > 0, ~np.uint64(0) >> (np.uint64(WORD) - np.maximum(bits, np.uint64(1))), 0)
    return planes, pixels, order


def _neighbours(pixels: np.ndarray, truth: np.ndarray, max_distance: float) -> tuple[np.ndarray, np.ndarray]:
    """The true pixels within reach of each predicted one, as `kernels.match` takes them."""
    # The limit is inclusive, whatever the rounding of the root says.
    limit = max_distance**2 * (truth.shape[0] ** 2 + truth.shape[1] ** 2) * (1 + 1e-12)
    reach = int(min(np.sqrt(limit), max(truth.shape)))
    steps = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    distance = np.square(steps).sum(axis=0)
    steps = steps[:, np.argsort(distance, kind="stable")[: (distance <= limit).sum()]]
    numbers = np.full(truth.shape, -1, np.int32)
    numbers[truth] = np.arange(truth.sum())
    numbers = np.pad(numbers, reach, constant_values=-1)
    rows, columns = np.divmod(pixels, truth.shape[1] + 2)
    starts = (rows - 1 + reach) * numbers.shape[1] + columns - 1 + reach
    ways = steps[0] * numbers.shape[1] + steps[1]
    counts, near = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)]
    for some in np.split(starts, range(CHUNK, len(starts), CHUNK)):
        table = numbers.ravel()[some[:, None] + ways]
        found = table >= 0
        counts.append(found.sum(axis=1))
        near.append(table[found])
    return np.concatenate(counts).cumsum(), np.concatenate(near)

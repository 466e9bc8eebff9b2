"""What the bridge read in the regions of an image: shares of the tasks by predicted class."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
import scipy
from jaxtyping import Float, Integer

from bridgenet.inspection.places import Map
from bridgenet.tasks import IGNORE

LabelMap = Integer[np.ndarray, "_height _width"]

SAMPLES = 16
"""Labels are counted at up to this many places per side of a token."""


@dataclass(frozen=True, slots=True)
class RegionShare:
    """What the bridge read, on the mean, in all pixels of one predicted class.

    Attributes:
        index: The class.
        tokens: Area of the class, in bridge tokens; tokens on its border count by their part.
        area: Area of the class, as a share of the image.
        mean: Mean share per task; they add up to 1.
        interval: 95 % interval of the mean, 0..1. None where the class touches a single block of tokens.
    """

    index: int
    tokens: float
    area: float
    mean: dict[str, float]
    interval: dict[str, tuple[float, float] | None]


def region_shares(maps: Mapping[str, Map], labels: LabelMap, block: int = 3) -> list[RegionShare]:
    """Mean share per task in every predicted class, largest class first.

    A pixel has the share of the bridge token that it lies in. The interval is Student's, with the tokens of a block
    counted as one observation (cluster-robust variance), because neighbouring tokens resemble each other; what blocks
    have in common is not corrected for, so it is a lower bound of the uncertainty, for this image alone.

    Args:
        maps: Share per task on the grid of the bridge queries, as `bridge_share_maps` gives them.
        labels: Predicted classes, of any size; 255 is left out.
        block: Side of a block, in tokens. 1 takes tokens as independent.

    Raises:
        ValueError: A block has no side.
    """
    if block < 1:
        raise ValueError(f"A block has a side of at least one token, got {block}.")
    shares = np.stack([np.asarray(share, dtype=np.float64) for share in maps.values()])
    rows, columns = grid = shares.shape[1:]
    sampled = sampled_labels(labels, grid)
    across = -(-columns // block)
    blocks = (np.arange(rows) // block)[:, None] * across + np.arange(columns) // block
    found = []
    for index in np.unique(sampled[sampled != IGNORE]):
        coverage = (sampled == index).mean(axis=-1)
        mean = (shares * coverage).sum(axis=(1, 2)) / coverage.sum()
        half = _half_widths(shares - mean[:, None, None], coverage, blocks)
        interval = {
            task: None if half is None else (max(float(middle - width), 0.0), min(float(middle + width), 1.0))
            for task, middle, width in zip(maps, mean, mean if half is None else half, strict=True)
        }
        means = dict(zip(maps, mean.tolist(), strict=True))
        found.append(RegionShare(int(index), float(coverage.sum()), float(coverage.mean()), means, interval))
    return sorted(found, key=lambda region: -region.tokens)


def _half_widths(
    deviations: Float[np.ndarray, "_tasks _rows _columns"], coverage: Map, blocks: Integer[np.ndarray, "_ _"]
) -> Float[np.ndarray, "_tasks"] | None:
    """Half of the 95 % interval of each weighted mean; None with fewer than two blocks."""
    inside = coverage > 0
    _, members = np.unique(blocks[inside], return_inverse=True)
    count = int(members.max()) + 1
    if count < 2:
        return None
    weighted = (deviations * coverage)[:, inside]
    sums = np.stack([np.bincount(members, task, minlength=count) for task in weighted])
    error = np.sqrt(count / (count - 1) * (sums**2).sum(axis=1)) / coverage.sum()
    return scipy.stats.t.ppf(0.975, count - 1) * error


def sampled_labels(labels: LabelMap, grid: tuple[int, ...]) -> Integer[np.ndarray, "_rows _columns _samples"]:
    """Labels at evenly spaced places of every token: all pixels where the grid divides the map and they are few."""
    places, counts = [], []
    for length, tokens in zip(labels.shape, grid, strict=True):
        count = min(max(ceil(length / tokens), 1), SAMPLES)
        places.append(((np.arange(tokens * count) + 0.5) * length / (tokens * count)).astype(int))
        counts.append(count)
    picked = labels[places[0][:, None], places[1]].reshape(grid[0], counts[0], grid[1], counts[1])
    return picked.transpose(0, 2, 1, 3).reshape(*grid, -1)

"""How far a picture lies from those that a network has learnt from, by what its backbone makes of it.

Whatever it is shown, a network answers as if it had learnt it. Its backbone gives it away: the mean features of a page
of text lie where those of rooms never do. Of every map of the backbone is kept how the means of pictures learnt from
spread, in the few directions in which they differ most and in all others together; and how far pictures of the same
data set lie that were held back. What lies further than nearly all of these is unlike anything that was learnt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from bridgenet.model.backbone import Backbone
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.shapes import AnyFeature
from bridgenet.trace import Trace

UNLIKE = 0.98
"""A picture that lies further than this share of those held back is called unlike what was learnt."""

DIRECTIONS = 8
"""Directions of each map that are told apart."""

FEWEST = 32
"""Pictures of each kind, learnt from and held back, that this takes. Fewer say little of what is rare."""

PER_REFERENCE = 4
"""Pictures of each kind for every reference image of the colours: they cost a pass of the backbone alone."""

_LEAST_SPREAD, _LEAST_OUTSIDE = 0.01, 0.001
_NAME = "familiarity"

Means = Float[np.ndarray, "_ _"]
"""A row a picture, a column a channel."""


@dataclass(frozen=True)
class Spread:
    """How the means of one map differ over the pictures learnt from.

    Attributes:
        centre: Their mean, by channel.
        scale: Their standard deviation, by channel.
        directions: Unit vectors of the channels in this unit, one a column, in which they differ most.
        variances: Along these.
        outside: Mean squared length of what these leave out.
    """

    centre: Float[np.ndarray, " _"]
    scale: Float[np.ndarray, " _"]
    directions: Float[np.ndarray, "_ _"]
    variances: Float[np.ndarray, " _"]
    outside: float

    @classmethod
    def of(cls, means: Means) -> "Spread":
        """Of pictures learnt from."""
        centre, scale = means.mean(axis=0), means.std(axis=0)
        # A channel that none of these pictures moves would else make the next one infinitely far.
        scale = np.maximum(scale, max(_LEAST_SPREAD * float(scale.mean()), 1e-12))
        units = (means - centre) / scale
        _, lengths, vectors = np.linalg.svd(units, full_matrices=False)
        count = min(DIRECTIONS, len(lengths) // 2)
        # As they are kept, so that a picture lies as far before as after.
        directions = vectors[:count].T.astype(np.float16).astype(np.float32)
        variances = np.square(units @ directions).mean(axis=0)
        # Below that, rounded directions would leave out more than the pictures do.
        outside = max(float(_outside(units, directions).mean()), _LEAST_OUTSIDE * len(centre))
        small = (part.astype(np.float32) for part in (centre, scale, directions, variances))
        return cls(*small, outside=outside)

    def squares(self, means: Means) -> Float[np.ndarray, " _"]:
        """Squared distance of each picture; its mean over those learnt from is 1."""
        units = (means - self.centre) / self.scale
        along = np.square(units @ self.directions) / self.variances
        # The directions count as much as all that lies outside of them.
        return (along.mean(axis=1) + _outside(units, self.directions) / self.outside) / 2


@dataclass(frozen=True)
class Familiarity:
    """What a network has learnt from, as its backbone sees it.

    Attributes:
        spreads: Of the backbone's maps, fine to coarse.
        held_back: Distances of pictures of the same data set that the network has not learnt from, rising.
    """

    spreads: tuple[Spread, ...]
    held_back: Float[np.ndarray, " _"]

    def distance(self, maps: Sequence[AnyFeature]) -> float:
        """How far a picture lies from those learnt from: about 1 for one of them, 0 for their mean; no upper end.

        Args:
            maps: Of the backbone, fine to coarse, such as `trace.task_generic`; of a batch the first image counts.
        """
        return float(_distances(self.spreads, [_mean(entry)[:1] for entry in maps])[0])

    def farther_than(self, trace: Trace) -> float:
        """Share of the pictures held back, 0..1, that lie nearer than the picture of a trace."""
        return float(np.searchsorted(self.held_back, self.distance(trace.task_generic)) / len(self.held_back))

    def pack(self) -> dict[str, np.ndarray]:
        """As arrays by name, for a file that holds more."""
        arrays: dict[str, np.ndarray] = {f"{_NAME}.held_back": self.held_back}
        for level, spread in enumerate(self.spreads):
            arrays |= {f"{_NAME}.{level}.{name}": np.asarray(value) for name, value in vars(spread).items()}
            arrays[f"{_NAME}.{level}.directions"] = spread.directions.astype(np.float16)
        return arrays

    @classmethod
    def unpack(cls, arrays: Mapping[str, np.ndarray]) -> "Familiarity | None":
        """What `pack` made; None where the file holds nothing of it."""
        if f"{_NAME}.held_back" not in arrays:
            return None
        spreads: list[Spread] = []
        while (start := f"{_NAME}.{len(spreads)}.") + "centre" in arrays:
            centre, scale, variances = (arrays[start + name] for name in ("centre", "scale", "variances"))
            directions = arrays[f"{start}directions"].astype(np.float32)
            spreads.append(Spread(centre, scale, directions, variances, float(arrays[f"{start}outside"])))
        return cls(tuple(spreads), arrays[f"{_NAME}.held_back"])


def fit_familiarity(model: Network, learnt: Iterable[Tensor], held_back: Iterable[Tensor]) -> Familiarity | None:
    """What a network has learnt from, and how far others of the same data set lie. For the commands.

    Args:
        model: The network. Its backbone is asked in evaluation mode.
        learnt: RGB 0..1, (3, height, width), whole, as it is asked about photos.
        held_back: The same of pictures that it has not learnt from.

    Returns:
        None where there are too few of either, or where each task has a backbone of its own.
    """
    backbone = model.backbone
    if not isinstance(backbone, Backbone):
        return None
    known, others = _means_of(backbone, learnt), _means_of(backbone, held_back)
    if min((len(part[0]) if part else 0) for part in (known, others)) < FEWEST:
        return None
    spreads = tuple(map(Spread.of, known))
    return Familiarity(spreads, np.sort(_distances(spreads, others)).astype(np.float32))


@torch.inference_mode()
def _means_of(backbone: nn.Module, images: Iterable[Tensor]) -> list[Means]:
    """Mean features of every map, fine to coarse, a row a picture."""
    device = next(backbone.parameters()).device
    with evaluating(backbone):
        rows = [[_mean(entry)[0] for entry in backbone(image[None].to(device))] for image in images]
    return [np.stack(level) for level in zip(*rows, strict=True)]


def _outside(units: Means, directions: Float[np.ndarray, "_ _"]) -> Float[np.ndarray, " _"]:
    """Squared length of what the directions leave out of each picture."""
    return np.maximum(np.square(units).sum(axis=1) - np.square(units @ directions).sum(axis=1), 0)


def _mean(feature: Tensor) -> Means:
    return feature.detach().float().mean(dim=(-2, -1)).cpu().numpy().astype(np.float64)


def _distances(spreads: Sequence[Spread], means: Sequence[Means]) -> Float[np.ndarray, " _"]:
    squares = [spread.squares(entry) for spread, entry in zip(spreads, means, strict=True)]
    return np.sqrt(np.mean(squares, axis=0))

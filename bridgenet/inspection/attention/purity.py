"""Does attention stay with its own kind? A row, and all rows of a head against rows dealt out at random."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from bridgenet.inspection.attention.regions import LabelMap, sampled_labels
from bridgenet.inspection.places import Map, token_at

ROUNDS = 1000
"""How often the rows are dealt out."""


class Purity(NamedTuple):
    """How much of the attention stays in the class of the place, and how much would if it were even.

    Attributes:
        mass: Share of the attention on pixels of the predicted class of the place, 0..1.
        area: Share of the image that this class covers, 0..1.
    """

    mass: float
    area: float


class RowPurity(NamedTuple):
    """Mean semantic purity of all rows of a head, and what it is compared with. All are shares, 0..1.

    Attributes:
        own: Attention on the predicted class of the place that asks.
        even: The same if attention were even: the mean area of these classes.
        dealt: The same if every place had the row of a place drawn at random: what all rows have in common, such as a
            key that everything looks at, is then the same.
        interval: 95 % of the random deals lie in it.
    """

    own: float
    even: float
    dealt: float
    interval: tuple[float, float]


def semantic_purity(placed: Map, labels: LabelMap, nx: float, ny: float) -> Purity:
    """How much of an attention map lies on the predicted class of a place.

    Args:
        placed: Attention on a grid that covers the image evenly, not negative.
        labels: Predicted classes, of any size.
        nx: Fraction of the image width.
        ny: Fraction of the image height.

    Raises:
        ValueError: The map is empty: it sums to 0.
    """
    if placed.sum() <= 0:
        raise ValueError("This map sums to 0: there is no attention whose purity could be measured.")
    same = (sampled_labels(labels, placed.shape) == _class_at(labels, nx, ny)).mean(axis=-1)
    return Purity(float((placed * same).sum() / placed.sum()), float(same.mean()))


def row_purity(
    placed: Sequence[Float[np.ndarray, "_rows _columns"]],
    places: Sequence[tuple[float, float]],
    labels: LabelMap,
    seed: int = 0,
) -> RowPurity:
    """How much the rows of a head stay in the class of their places, and how much they would by chance.

    For the notebooks.

    Neighbouring places have similar rows and often the same class, so the interval is on the narrow side.

    Args:
        placed: One attention row per place, on a grid that covers the image evenly, not negative.
        places: Where each row was asked, as fractions (nx, ny) of width and height.
        labels: Predicted classes, of any size.
        seed: Of the random deals.

    Raises:
        ValueError: The rows and the places do not match, or a row is empty.
    """
    if len(placed) != len(places) or not places:
        raise ValueError(f"Every place needs its row, but there are {len(places)} places and {len(placed)} rows.")
    # Places of one class ask the same of every row.
    seen = [_class_at(labels, *place) for place in places]
    one_of_each = dict(zip(seen, places, strict=True))
    of_class = {index: [semantic_purity(row, labels, *place) for row in placed] for index, place in one_of_each.items()}
    mass = np.array([[purity.mass for purity in of_class[index]] for index in seen])
    even = float(np.mean([of_class[index][0].area for index in seen]))
    draw, count = np.random.default_rng(seed), len(places)
    deals = [float(mass[np.arange(count), draw.permutation(count)].mean()) for _ in range(ROUNDS)]
    low, high = np.quantile(deals, (0.025, 0.975))
    return RowPurity(float(mass.diagonal().mean()), even, float(mass.mean()), (float(low), float(high)))


def _class_at(labels: LabelMap, nx: float, ny: float) -> int:
    height, width = labels.shape
    return int(labels[token_at(nx, ny, (height, width))])

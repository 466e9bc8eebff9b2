"""What attention rows have in common: weightings, spread, distance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from torch import Tensor

from bridgenet.inspection.choices import check_choice
from bridgenet.inspection.places import Grid, Map

Matrix = Float[np.ndarray, "_queries _keys"]

HandedOver = Float[np.ndarray, "_heads _heads _keys"]
"""Per key, the products of what each two heads hand over for it, after the output projection: on the diagonal stand
the squared lengths |v|². With them |a·v| is exact for the mean of heads too, whose messages may cancel."""

Weighting = Literal["raw", "value", "minus-average"]
"""raw: the attention. value: |a·v|, the length of what a key contributes to the message, scaled so that a row sums to
1. minus-average: the row minus the mean row of all queries, which shows what this query does unlike the others."""


@dataclass(frozen=True, slots=True)
class AttentionView:
    """What one query gave to a grid of keys; or a column, who looks at a key: then on the grid of the queries.

    Attributes:
        weights: Attention on the grid of the keys.
        placed: The same values, drawn where the windows of the keys lie in the image.
        query: Row and column of the query token; of a region: of that which holds most of it.
        query_grid: Rows and columns of the grid of queries, which covers the image evenly.
        total: Sum of the weights: 1 for a whole row, the share of the task for a part of one.
        box: Left, top, right and bottom of the token that is asked about, fractions of the image: the query of a row,
            the key of a column. None of a region of several tokens.
        away: How far from the centre of that token each weight lies, as a fraction of the image's diagonal; of a
            region: from those of its tokens, on the mean.
        even: What the total would be if attention were the same everywhere.
        highest: Largest magnitude in the maps of all places, for a colour scale that stays put.
        signed: Whether the weights are differences, which have neither spread nor distance.
    """

    weights: Map
    placed: Map
    query: tuple[int, int]
    query_grid: Grid
    total: float
    box: tuple[float, float, float, float] | None
    away: Map
    even: float
    highest: float
    signed: bool

    @property
    def spread(self) -> float | None:
        """Entropy: 0 for a single token, 1 for the same weight everywhere. None where there is nothing to spread."""
        return None if self.signed or self.total <= 0 else attention_entropy(self.weights)

    @property
    def distance(self) -> float | None:
        """Mean distance of what is looked at (of who looks), as a fraction of the image's diagonal."""
        return None if self.signed or self.total <= 0 else float((self.weights * self.away).sum() / self.weights.sum())

    def within(self, radius: float) -> float | None:
        """Fraction of the attention that lies within a radius, given as a fraction of the image's diagonal."""
        if self.signed or self.total <= 0:
            return None
        return float(self.weights[self.away <= radius].sum() / self.weights.sum())


def together(views: Mapping[str, AttentionView]) -> AttentionView:
    """The sum of the parts of one row, such as what the bridge read from each task."""
    parts = list(views.values())
    weights = np.sum([part.weights for part in parts], axis=0)
    return AttentionView(
        weights=weights,
        placed=np.sum([part.placed for part in parts], axis=0),
        query=parts[0].query,
        query_grid=parts[0].query_grid,
        total=float(weights.sum()),
        box=parts[0].box,
        away=parts[0].away,
        even=sum(part.even for part in parts),
        highest=float(np.abs(weights).max()),
        signed=parts[0].signed,
    )


def attention_matrix(
    attention: Tensor, head: int | None, weighting: Weighting = "raw", values: HandedOver | None = None
) -> Matrix:
    """Attention of the first image of a batch, of one head or of the mean of all, weighted.

    Raises:
        ValueError: There is no such head or weighting, or it needs values that are not given or do not fit.
    """
    check_choice("weighting", weighting, Weighting)
    heads = attention[0].detach().float().cpu().numpy()
    if head is not None and not 0 <= head < len(heads):
        raise ValueError(f"There is no head {head}: this attention has {len(heads)}, counted from 0.")
    if weighting == "value":
        return _value_weighted(heads, head, values)
    matrix = heads.mean(axis=0) if head is None else heads[head]
    return matrix - matrix.mean(axis=0) if weighting == "minus-average" else matrix


def attention_entropy(weights: Map) -> float:
    """How widely a row is spread: 0 for a single key, 1 for the same weight everywhere. For the notebooks."""
    share = weights.ravel() / weights.sum()
    if share.size == 1:
        return 0.0
    return float(-(share * np.log(np.maximum(share, np.finfo(np.float32).tiny))).sum() / np.log(share.size))


def _value_weighted(
    heads: Float[np.ndarray, "_heads _queries _keys"], head: int | None, values: HandedOver | None
) -> Matrix:
    if values is None:
        raise ValueError("Weighting by value needs the values: give those of `pattern_values` or `bridge_values`.")
    expected = (len(heads), len(heads), heads.shape[-1])
    if values.shape != expected:
        raise ValueError(f"Values of shape {values.shape} do not belong to this attention, which needs {expected}.")
    if head is None:
        # |sum of a_h v_h|² over the heads h, from the products of their values.
        squares = (np.einsum("hgk,gqk->hqk", values, heads) * heads).sum(axis=0)
    else:
        squares = heads[head] ** 2 * values[head, head]
    lengths = np.sqrt(np.maximum(squares, 0))
    return lengths / np.maximum(lengths.sum(axis=-1, keepdims=True), np.finfo(np.float32).tiny)

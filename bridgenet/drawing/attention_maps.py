"""What attention maps have in common: tokens and their places, weightings, spread, distance, colour limits, words.

A place is given as (nx, ny), the fractions 0..1 of image width and height, whatever the grid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

Grid = tuple[int, int]
"""Rows and columns."""

Map = Float[np.ndarray, "_ _"]

Matrix = Float[np.ndarray, "_queries _keys"]

HandedOver = Float[np.ndarray, "_heads _heads _keys"]
"""Per key, the products of what each two heads hand over for it, after the output projection: on the diagonal stand
the squared lengths |v|². With them |a·v| is exact for the mean of heads too, whose messages may cancel."""

Weighting = Literal["raw", "value", "minus-average"]
"""raw: the attention. value: |a·v|, the length of what a key contributes to the message, scaled so that a row sums to
1. minus-average: the row minus the mean row of all queries, which shows what this query does unlike the others."""

Scope = Literal["all", "tab", "map"]
"""What a colour scale is shared by: all places of the image, all maps of the tab, one map. For the studio."""


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """What one query gave to a grid of keys. For your own programs.

    Attributes:
        weights: Attention on the grid of the keys.
        placed: The same values, drawn where the windows of the keys lie in the image.
        query: Row and column of the query token.
        query_grid: Rows and columns of the grid of queries, which covers the image evenly.
        total: Sum of the weights: 1 for a whole row, the share of the task for a part of one.
    """

    weights: Map
    placed: Map
    query: tuple[int, int]
    query_grid: Grid
    total: float


@dataclass(frozen=True, slots=True)
class AttentionView(AttentionRow):
    """An attention row, or a column (who looks here: `weights` are then on the grid of the queries), with read-outs.

    For the studio.

    Attributes:
        box: Left, top, right and bottom of the token that is asked about, fractions of the image: the query of a row,
            the key of a column.
        away: How far from the centre of that token each weight lies, as a fraction of the image's diagonal.
        even: What the total would be if attention were the same everywhere.
        highest: Largest magnitude in the maps of all places, for a colour scale that stays put.
        signed: Whether the weights are differences, which have neither spread nor distance.
    """

    box: tuple[float, float, float, float]
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


class Centres(NamedTuple):
    """Where the tokens of a grid lie: centres of rows and of columns, fractions of image height and width."""

    rows: Float[np.ndarray, "_"]
    columns: Float[np.ndarray, "_"]


def token_at(nx: float, ny: float, grid: Grid) -> tuple[int, int]:
    """Row and column of the token at a place; places outside the image count as its border."""
    rows, columns = grid
    return min(max(int(ny * rows), 0), rows - 1), min(max(int(nx * columns), 0), columns - 1)


def grid_of(feature: Tensor) -> Grid:
    """Rows and columns of a feature map."""
    return feature.shape[-2], feature.shape[-1]


def even_centres(grid: Grid) -> Centres:
    """Centres of the tokens of a grid that covers the image evenly."""
    rows, columns = ((np.arange(length) + 0.5) / length for length in grid)
    return Centres(rows, columns)


def even_box(token: tuple[int, int], grid: Grid) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a token of a grid that covers the image evenly, fractions of the image."""
    (row, column), (rows, columns) = token, grid
    return column / columns, row / rows, (column + 1) / columns, (row + 1) / rows


def distances(centres: Centres, row: float, column: float, size: tuple[int, int]) -> Map:
    """How far the tokens of a grid are from a place, as a fraction of the image's diagonal.

    Args:
        centres: Of the tokens.
        row: Fraction of the image height.
        column: Fraction of the image width.
        size: Height and width of the image, in any unit: only the proportions count.
    """
    height, width = size
    down, right = (centres.rows - row) * height, (centres.columns - column) * width
    return np.hypot(down[:, None], right[None, :]) / np.hypot(height, width)


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
        ValueError: There is no such head, or the weighting needs values that are not given or do not fit.
    """
    heads = attention[0].detach().float().cpu().numpy()
    if head is not None and not 0 <= head < len(heads):
        raise ValueError(f"There is no head {head}: this attention has {len(heads)}, counted from 0.")
    if weighting == "value":
        return _value_weighted(heads, head, values)
    matrix = heads.mean(axis=0) if head is None else heads[head]
    return matrix - matrix.mean(axis=0) if weighting == "minus-average" else matrix


def colour_limits(views: Mapping[str, AttentionView], scope: Scope) -> dict[str, float]:
    """The value at the full colour of each map. For the studio.

    all: the largest of any map of any place, so that colours do not jump while the place moves. tab: the largest of
    these maps. map: of each map its own. For differences the largest magnitude, the scale runs to both sides.
    """
    own = {name: view.highest if scope == "all" else float(np.abs(view.weights).max()) for name, view in views.items()}
    return own if scope == "map" else dict.fromkeys(own, max(own.values()))


def attention_entropy(weights: Map) -> float:
    """How widely a row is spread: 0 for a single key, 1 for the same weight everywhere. For the notebooks."""
    share = weights.ravel() / weights.sum()
    if share.size == 1:
        return 0.0
    return float(-(share * np.log(np.maximum(share, np.finfo(np.float32).tiny))).sum() / np.log(share.size))


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


def _value_weighted(
    heads: Float[np.ndarray, "_heads _queries _keys"], head: int | None, values: HandedOver | None
) -> Matrix:
    if values is None:
        raise ValueError("Weighting by value needs the values: give what the network's inspection says of them.")
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

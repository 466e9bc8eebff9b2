"""Where tasks look (TPP): rows and columns of the attention of a trace, as maps.

Rows are returned on the grid of the keys, with the same row `placed` on a grid that covers the image evenly: the
windows of the keys do not (they are centred on every other cell, and the last ones reach beyond the border).
"""

from typing import Literal

import numpy as np
from jaxtyping import Int

from bridgenet.inspection.attention.rows import AttentionView, HandedOver, Weighting, attention_matrix
from bridgenet.inspection.choices import check_choice
from bridgenet.inspection.places import (
    Centres,
    Grid,
    Map,
    even_centres,
    grid_of,
    mean_distances,
    token_at,
)
from bridgenet.inspection.region import Region, Tokens, coverage
from bridgenet.tasks import TaskName
from bridgenet.trace import Pattern, Trace

Direction = Literal["outgoing", "incoming"]
"""outgoing: where the token at the place looks. incoming: which tokens look at the place."""

Fusion = Literal["before", "after"]
"""before: the task's own pattern. after: the patterns of all tasks, fused for the task."""

NO_TPP = "This network was built without Task Pattern Propagation, so there is no TPP attention."

WINDOW = 3
"""Side of the window that a key of TPP is pooled from, in cells of the base grid."""


def tpp_attention(
    trace: Trace,
    task: TaskName,
    nx: float,
    ny: float,
    *,
    head: int | None = None,
    direction: Direction = "outgoing",
    fusion: Fusion = "after",
    weighting: Weighting = "raw",
    values: HandedOver | None = None,
    region: Region | None = None,
) -> AttentionView:
    """Attention of one task at a place, or the mean over a region: each of its pixels has the row of its token.

    A row sums to 1, or to 0 minus the average row. A column has no fixed sum: `even` says what it would be if every
    token looked everywhere alike.

    Args:
        trace: A trace of a network with TPP; the first image of its batch is taken.
        task: Whose map.
        nx: Fraction of the image width.
        ny: Fraction of the image height.
        head: Which head. None takes the mean of all.
        direction: Where the place looks, or who looks at it.
        fusion: Before or after the fusion over tasks.
        weighting: How the attention is weighted.
        values: What the task's keys hand over (`inspection.pattern_values`); for weighting by value.
        region: Is asked in place of the token at (nx, ny).

    Raises:
        ValueError: The network has no TPP, it does not have the task, there is no such head or way to look, or values
            are missing.
    """
    check_choice("direction", direction, Direction)
    check_choice("fusion", fusion, Fusion)
    pattern = _pattern(trace)
    if task not in pattern.attention:
        raise ValueError(f"There is no task {task!r} in this trace. It has: {', '.join(pattern.attention)}.")
    attention = pattern.attention[task] if fusion == "after" else pattern.logits[task][:1].float().softmax(dim=-1)
    matrix = attention_matrix(attention, head, weighting, values)
    queries, keys, stride = tpp_grids(trace)
    base = grid_of(pattern.feature[task])
    at_queries = Tokens.at(token_at(nx, ny, queries)) if region is None else Tokens.covering(coverage(region, queries))
    if direction == "outgoing":
        weights = at_queries.mean(matrix, queries[1]).reshape(keys)
        placed, box = _place_centred(weights, base, stride), at_queries.box(queries)
        asked, centres, others = at_queries, even_centres(queries), _key_centres(base, keys, stride)
        even = 1.0
    else:
        if region is None:
            asked = Tokens.at(_key_at(nx, ny, base, keys, stride))
        else:
            asked = _keys_of(region, base, keys, stride)
        weights = asked.mean(matrix.T, keys[1]).reshape(queries)
        placed, box = weights, _key_box(asked, base, keys, stride)
        centres, others = _key_centres(base, keys, stride), even_centres(queries)
        even = matrix.shape[0] / matrix.shape[1]
    signed = weighting == "minus-average"
    image_size = grid_of(next(iter(trace.predictions.values())))
    return AttentionView(
        weights=weights,
        placed=placed,
        query=at_queries.most,
        query_grid=queries,
        total=float(weights.sum()),
        box=box,
        away=mean_distances(others, centres.rows[asked.rows], centres.columns[asked.columns], asked.parts, image_size),
        even=0.0 if signed else even,
        highest=float(np.abs(matrix).max()),
        signed=signed,
    )


def tpp_row(trace: Trace, task: TaskName, nx: float, ny: float, head: int | None = None) -> AttentionView:
    """Attention of one task at a place: where TPP let it look. See `tpp_attention`. For the studio.

    Raises:
        ValueError: The network has no TPP.
    """
    return tpp_attention(trace, task, nx, ny, head=head)


def tpp_grids(trace: Trace) -> tuple[Grid, Grid, int]:
    """Grid of the queries, grid of the keys, and the stride of both on the base grid. For the notebooks.

    Raises:
        ValueError: There is no TPP.
    """
    pattern = _pattern(trace)
    return pattern.query_grid, pattern.key_grid, pattern.stride


def _pattern(trace: Trace) -> Pattern:
    if trace.pattern is None:
        raise ValueError(NO_TPP)
    return trace.pattern


def _nearest_windows(length: int, count: int, stride: int) -> Int[np.ndarray, "_"]:
    """Of each half cell of a side of the base grid, the window that is centred nearest."""
    return np.minimum((np.arange(2 * length) + stride - 1) // (2 * stride), count - 1)


def _place_centred(weights: Map, size: Grid, stride: int) -> Map:
    """Windows centred on every stride-th cell, drawn on half cells: each half cell shows the nearest window."""
    rows, columns = (_nearest_windows(*side, stride) for side in zip(size, weights.shape, strict=True))
    return weights[rows[:, None], columns]


def _key_at(nx: float, ny: float, size: Grid, keys: Grid, stride: int) -> tuple[int, int]:
    """The key that is drawn at a place."""
    half = token_at(nx, ny, (2 * size[0], 2 * size[1]))
    row, column = (_nearest_windows(*side, stride) for side in zip(size, keys, strict=True))
    return int(row[half[0]]), int(column[half[1]])


def _keys_of(region: Region, size: Grid, keys: Grid, stride: int) -> Tokens:
    """The keys that are drawn at a region, each by its part of the region."""
    parts = coverage(region, (2 * size[0], 2 * size[1]))
    rows, columns = (_nearest_windows(*side, stride) for side in zip(size, keys, strict=True))
    found = np.zeros(keys)
    np.add.at(found, (rows[:, None], columns), parts)
    return Tokens.covering(found)


def _key_box(asked: Tokens, size: Grid, keys: Grid, stride: int) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of what is drawn for the key that is asked about; None of several keys."""
    if len(asked.parts) > 1:
        return None
    spans = []
    for index, length, count in zip(asked.most, size, keys, strict=True):
        drawn = np.flatnonzero(_nearest_windows(length, count, stride) == index)
        spans.append((float(drawn[0]) / (2 * length), float(drawn[-1] + 1) / (2 * length)))
    (top, bottom), (left, right) = spans
    return left, top, right, bottom


def _key_centres(size: Grid, keys: Grid, stride: int) -> Centres:
    """Centres of the part of each window that lies in the image."""
    centres = []
    for length, count in zip(size, keys, strict=True):
        start = np.arange(count) * stride - WINDOW // 2
        centres.append((np.maximum(start, 0) + np.minimum(start + WINDOW, length)) / (2 * length))
    return Centres(*centres)

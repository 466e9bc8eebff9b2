"""Attention of a trace as maps: where a token looks (TPP), and which task the bridge asked (BFE).

A place is given as (nx, ny), the fractions 0..1 of image width and height, whatever the grid. Rows are returned on
the grid of the keys, with the same row `placed` on the grid it was pooled from, which covers the image evenly: the
windows of the keys do not (those of TPP are centred on every other cell, and the last ones reach beyond the border).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from bridgenet.drawing.palette import task_colour
from bridgenet.trace import Stage, Trace

Grid = tuple[int, int]
"""Rows and columns."""

Map = Float[np.ndarray, "_ _"]


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """What one query gave to a grid of keys.

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


def token_at(nx: float, ny: float, grid: Grid) -> tuple[int, int]:
    """Row and column of the token at a place; places outside the image count as its border."""
    rows, columns = grid
    return min(max(int(ny * rows), 0), rows - 1), min(max(int(nx * columns), 0), columns - 1)


def tpp_row(trace: Trace, task: str, nx: float, ny: float, head: int | None = None) -> AttentionRow:
    """Attention of one task at a place: where TPP let it look.

    Args:
        trace: A trace of a network with TPP; the first image of its batch is taken.
        task: Whose fused map.
        nx: Fraction of the image width.
        ny: Fraction of the image height.
        head: Which head. None takes the mean of all.

    Raises:
        ValueError: The network has no TPP.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation, so there is no TPP attention.")
    attention = _of_head(trace.pattern.attention[task], head)
    queries, keys, stride = tpp_grids(trace, task)
    query = token_at(nx, ny, queries)
    weights = attention[query[0] * queries[1] + query[1]].reshape(keys)
    base = _size(trace.pattern.feature[task])
    return AttentionRow(weights, _place_centred(weights, base, stride), query, queries, float(weights.sum()))


def tpp_grids(trace: Trace, task: str) -> tuple[Grid, Grid, int]:
    """Grid of the queries, grid of the keys, and the stride of both on the base grid.

    Raises:
        ValueError: There is no TPP, or its attention does not fit its feature.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation, so there is no TPP attention.")
    count_queries, count_keys = trace.pattern.attention[task].shape[-2:]
    base = _size(trace.pattern.feature[task])
    for stride in range(1, max(base) + 1):
        queries, keys = _divided(base, stride), _pooled_with_padding(base, stride)
        if (queries[0] * queries[1], keys[0] * keys[1]) == (count_queries, count_keys):
            return queries, keys, stride
    raise ValueError(f"{count_queries} queries and {count_keys} keys do not fit a base grid of {base[0]} x {base[1]}.")


def bridge_rows(stage: Stage, nx: float, ny: float, head: int | None = None) -> dict[str, AttentionRow]:
    """Where the bridge token at a place looked, one map per task. The totals of all tasks add up to 1.

    Raises:
        ValueError: The network has no Bridge Feature Extractor.
    """
    attention = _bridge_attention(stage, head)
    queries, keys, window = bridge_grids(stage)
    query = token_at(nx, ny, queries)
    parts = attention[query[0] * queries[1] + query[1]].reshape(len(stage.task_specific), *keys)
    rows = {}
    for task, weights in zip(stage.task_specific, parts, strict=True):
        placed = _place_tiled(weights, _size(stage.task_specific[task]), window)
        rows[task] = AttentionRow(weights, placed, query, queries, float(weights.sum()))
    return rows


def bridge_grids(stage: Stage) -> tuple[Grid, Grid, int]:
    """Grid of the bridge queries, grid of the tokens of each task, and the pooling window of these tokens.

    Raises:
        ValueError: There is no Bridge Feature Extractor, or its attention does not fit its features.
    """
    if stage.attention is None or stage.query is None:
        raise ValueError("This network was built without Bridge Feature Extractor, so the bridge asked nobody.")
    count_queries, count_keys = stage.attention.shape[-2:]
    size = _size(next(iter(stage.task_specific.values())))
    queries, _ = _fitting(_size(stage.query), count_queries)
    keys, window = _fitting(size, count_keys // len(stage.task_specific))
    return queries, keys, window


def bridge_shares(stage: Stage, nx: float, ny: float, head: int | None = None) -> dict[str, float]:
    """Share of each task in what the bridge token at a place read. The shares add up to 1."""
    return {task: row.total for task, row in bridge_rows(stage, nx, ny, head).items()}


def bridge_share_maps(stage: Stage, head: int | None = None) -> dict[str, Map]:
    """Share of each task at every bridge token, on the grid of the queries. At every token they add up to 1."""
    attention = _bridge_attention(stage, head)
    queries, _, _ = bridge_grids(stage)
    shares = attention.reshape(len(attention), len(stage.task_specific), -1).sum(axis=-1)
    return {task: shares[:, index].reshape(queries) for index, task in enumerate(stage.task_specific)}


def dominant_task_map(stage: Stage, head: int | None = None) -> UInt8[np.ndarray, "rows columns 3"]:
    """The task that each bridge token asked most: colour is the task, strength its lead over the second.

    Strength is full where the lead reaches the largest of this map; a tie is nearly white.
    """
    maps = bridge_share_maps(stage, head)
    shares = np.stack(list(maps.values()))
    ranked = np.sort(shares, axis=0)
    lead = ranked[-1] - ranked[-2] if len(shares) > 1 else np.ones(shares.shape[1:])
    strength = 0.12 + 0.88 * lead / max(float(lead.max()), np.finfo(np.float32).tiny)
    colours = np.stack([task_colour(task) for task in maps])[shares.argmax(axis=0)]
    return (255 - strength[..., None] * (255.0 - colours)).round().astype(np.uint8)


def attention_entropy(weights: Map) -> float:
    """How widely a row is spread: 0 for a single key, 1 for the same weight everywhere."""
    share = weights.ravel() / weights.sum()
    if share.size == 1:
        return 0.0
    return float(-(share * np.log(np.maximum(share, np.finfo(np.float32).tiny))).sum() / np.log(share.size))


def _bridge_attention(stage: Stage, head: int | None) -> Float[np.ndarray, "queries keys"]:
    if stage.attention is None:
        raise ValueError("This network was built without Bridge Feature Extractor, so the bridge asked nobody.")
    return _of_head(stage.attention, head)


def _of_head(attention: Tensor, head: int | None) -> Float[np.ndarray, "queries keys"]:
    heads = attention[0].detach().float().cpu()
    if head is not None and not 0 <= head < len(heads):
        raise ValueError(f"There is no head {head}: this attention has {len(heads)}, counted from 0.")
    return (heads.mean(dim=0) if head is None else heads[head]).numpy()


def _size(feature: Tensor) -> Grid:
    return feature.shape[-2], feature.shape[-1]


def _divided(size: Grid, stride: int) -> Grid:
    return -(-size[0] // stride), -(-size[1] // stride)


def _pooled_with_padding(size: Grid, stride: int) -> Grid:
    """Output grid of a 3x3 pooling with padding 1, rounded up as long as its last window starts inside."""

    def outputs(length: int) -> int:
        count = -(-(length - 1) // stride) + 1
        return count - 1 if (count - 1) * stride >= length + 1 else count

    return outputs(size[0]), outputs(size[1])


def _fitting(size: Grid, count: int) -> tuple[Grid, int]:
    for stride in range(1, max(size) + 1):
        grid = _divided(size, stride)
        if grid[0] * grid[1] == count:
            return grid, stride
    raise ValueError(f"{count} tokens do not fit a grid of {size[0]} x {size[1]}, reduced by any whole number.")


def _place_centred(weights: Map, size: Grid, stride: int) -> Map:
    """Windows centred on every stride-th cell, drawn on half cells: each half cell shows the nearest window."""
    rows, columns = ((np.arange(2 * length) + stride - 1) // (2 * stride) for length in size)
    return weights[np.minimum(rows, len(weights) - 1)[:, None], np.minimum(columns, weights.shape[1] - 1)]


def _place_tiled(weights: Map, size: Grid, window: int) -> Map:
    rows, columns = (np.arange(length) // window for length in size)
    return weights[rows[:, None], columns]

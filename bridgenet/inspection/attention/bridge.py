"""Which task the bridge asked, and where (BFE): attention of a decoder stage as maps and shares."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from bridgenet.inspection.attention.rows import AttentionView, HandedOver, Matrix, Weighting, attention_matrix
from bridgenet.inspection.places import Centres, Grid, Map, grid_of, mean_distances, token_at
from bridgenet.inspection.region import Region, Tokens, coverage
from bridgenet.trace import Stage

NO_BRIDGE = "This network was built without Bridge Feature Extractor, so the bridge asked nobody."


@dataclass(frozen=True, slots=True)
class DominantTask:
    """The task that each bridge token asked most.

    Attributes:
        tasks: Names, in the order of the stage.
        index: Which of them, on the grid of the bridge queries.
        lead: Its share minus the share of the second. With one task alone: 1.
    """

    tasks: tuple[str, ...]
    index: Int[np.ndarray, "_rows _columns"]
    lead: Map


def bridge_rows(
    stage: Stage,
    nx: float,
    ny: float,
    head: int | None = None,
    *,
    weighting: Weighting = "raw",
    values: HandedOver | None = None,
    size: tuple[int, int] | None = None,
    region: Region | None = None,
) -> dict[str, AttentionView]:
    """Where the bridge token at a place looked, one map per task. The totals of all tasks add up to 1.

    Over a region that is the mean over its pixels, each of which has the row of the token that it lies in.

    Args:
        stage: A stage of a network with BFE; the first image of its batch is taken.
        nx: Fraction of the image width.
        ny: Fraction of the image height.
        head: Which head. None takes the mean of all.
        weighting: How the attention is weighted. Minus the average row, the totals of all tasks add up to 0.
        values: What the tokens hand over (`inspection.bridge_values`); for weighting by value.
        size: Height and width of the image, for distances. None takes the proportions of the query map.
        region: Is asked in place of the token at (nx, ny).

    Raises:
        ValueError: The network has no Bridge Feature Extractor, there is no such head, or values are missing.
    """
    matrix = _bridge_matrix(stage, head, weighting, values)
    queries, keys, window = bridge_grids(stage)
    grid = grid_of(next(iter(stage.task_specific.values())))
    asked = Tokens.at(token_at(nx, ny, queries)) if region is None else Tokens.covering(coverage(region, queries))
    blocks = matrix.reshape(len(matrix), len(stage.task_specific), *keys)
    row = asked.mean(matrix, queries[1]).reshape(blocks.shape[1:])
    rows, columns = ((start / count + (start + 1) / count) / 2 for start, count in zip(asked[:2], queries, strict=True))
    image = size or (grid_of(stage.query) if stage.query is not None else queries)
    away = mean_distances(_token_centres(grid, keys, window), rows, columns, asked.parts, image)
    signed = weighting == "minus-average"
    views = {}
    for index, task in enumerate(stage.task_specific):
        weights = row[index]
        views[task] = AttentionView(
            weights=weights,
            placed=_place_tiled(weights, grid, window),
            query=asked.most,
            query_grid=queries,
            total=float(weights.sum()),
            box=asked.box(queries),
            away=away,
            even=0.0 if signed else 1 / len(stage.task_specific),
            highest=float(np.abs(blocks[:, index]).max()),
            signed=signed,
        )
    return views


def bridge_grids(stage: Stage) -> tuple[Grid, Grid, int]:
    """Grid of the bridge queries, grid of the tokens of each task, and the pooling window of these tokens.

    For the notebooks.

    Raises:
        ValueError: There is no Bridge Feature Extractor.
    """
    if stage.query_grid is None or stage.key_grid is None or stage.token_window is None:
        raise ValueError(NO_BRIDGE)
    return stage.query_grid, stage.key_grid, stage.token_window


def bridge_shares(
    stage: Stage,
    nx: float,
    ny: float,
    head: int | None = None,
    *,
    weighting: Weighting = "raw",
    values: HandedOver | None = None,
    region: Region | None = None,
) -> dict[str, float]:
    """Share of each task in what the bridge token at a place, or those of a region, read. The shares add up to 1."""
    rows = bridge_rows(stage, nx, ny, head, weighting=weighting, values=values, region=region)
    return {task: row.total for task, row in rows.items()}


def bridge_share_maps(
    stage: Stage, head: int | None = None, *, weighting: Weighting = "raw", values: HandedOver | None = None
) -> dict[str, Map]:
    """Share of each task at every bridge token, on the grid of the queries. At every token they add up to 1."""
    matrix = _bridge_matrix(stage, head, weighting, values)
    queries, _, _ = bridge_grids(stage)
    shares = matrix.reshape(len(matrix), len(stage.task_specific), -1).sum(axis=-1)
    return {task: shares[:, index].reshape(queries) for index, task in enumerate(stage.task_specific)}


def dominant_task(
    stage: Stage, head: int | None = None, *, weighting: Weighting = "raw", values: HandedOver | None = None
) -> DominantTask:
    """The task that each bridge token asked most, and by how much; of equal shares the first task's wins."""
    maps = bridge_share_maps(stage, head, weighting=weighting, values=values)
    shares = np.stack(list(maps.values()))
    ranked = np.sort(shares, axis=0)
    lead = ranked[-1] - ranked[-2] if len(shares) > 1 else np.ones(shares.shape[1:])
    return DominantTask(tuple(maps), shares.argmax(axis=0), lead)


def _bridge_matrix(stage: Stage, head: int | None, weighting: Weighting, values: HandedOver | None) -> Matrix:
    if stage.attention is None:
        raise ValueError(NO_BRIDGE)
    return attention_matrix(stage.attention, head, weighting, values)


def _place_tiled(weights: Map, size: Grid, window: int) -> Map:
    rows, columns = (np.arange(length) // window for length in size)
    return weights[rows[:, None], columns]


def _token_centres(size: Grid, keys: Grid, window: int) -> Centres:
    """Centres of windows laid side by side, the last of which may be cut off by the border."""
    centres = []
    for length, count in zip(size, keys, strict=True):
        start = np.arange(count) * window
        centres.append((start + np.minimum(start + window, length)) / (2 * length))
    return Centres(*centres)

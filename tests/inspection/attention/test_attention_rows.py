from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from bridgenet import PRESETS
from bridgenet.inspection import (
    attention_entropy,
    bridge_grids,
    bridge_rows,
    bridge_share_maps,
    bridge_shares,
    token_at,
    tpp_attention,
    tpp_grids,
    tpp_row,
)
from bridgenet.model import build_model
from bridgenet.model.task_pattern_propagation import TaskPatternPropagation
from bridgenet.trace import Trace

TASKS = ("semseg", "human_parts", "depth", "normals", "sal", "edge")


@pytest.fixture(scope="module", params=[(96, 128), (96, 160), (150, 200)], ids=str)
def trace(request: pytest.FixtureRequest) -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return build_model(PRESETS["rooms-tiny"].model).eval()(torch.rand(1, 3, *request.param))


def test_a_row_of_tpp_is_the_row_of_the_model(trace: Trace) -> None:
    queries, keys, _ = tpp_grids(trace)
    attention = trace["pattern.attention.depth"][0]
    assert attention.shape[-2:] == (queries[0] * queries[1], keys[0] * keys[1])
    row = tpp_row(trace, "depth", 0.7, 0.4, head=1)
    index = row.query[0] * queries[1] + row.query[1]
    np.testing.assert_array_equal(row.weights.ravel(), attention[1, index].numpy())
    assert row.total == pytest.approx(1, abs=1e-5)
    mean = tpp_row(trace, "depth", 0.7, 0.4)
    np.testing.assert_allclose(mean.weights.ravel(), attention[:, index].mean(0).numpy(), rtol=1e-5)


@pytest.mark.parametrize("size", [(14, 18), (3, 4), (15, 20), (1, 1), (5, 2)])
def test_the_grids_of_tpp_are_those_of_its_convolution_and_pooling(size: tuple[int, int], trace: Trace) -> None:
    feature = torch.zeros(1, 4, *size)
    query = torch.nn.Conv2d(4, 4, 3, stride=2, padding=1)(feature)
    key = torch.nn.functional.avg_pool2d(feature, 3, stride=2, padding=1, ceil_mode=True)
    propagation = TaskPatternPropagation(("depth",), width=4, heads=1, stride=2, mlp_ratio=2).eval()
    queries, keys, stride = tpp_grids(replace(trace, pattern=propagation({"depth": feature})))
    assert queries == tuple(query.shape[-2:]) and keys == tuple(key.shape[-2:]) and stride == 2


def test_placed_keys_lie_where_their_windows_are_centred(trace: Trace) -> None:
    feature = torch.zeros(1, 4, 6, 6)
    attention = torch.zeros(1, 1, 9, 16)
    attention[..., 5] = 1  # Key (1, 1): its window is centred on cell (2, 2) of the base grid.
    grids = {"query_grid": (3, 3), "key_grid": (4, 4), "stride": 2}
    pattern = replace(trace.pattern, attention={"depth": attention}, feature={"depth": feature}, **grids)
    placed = tpp_row(replace(trace, pattern=pattern), "depth", 0.5, 0.5).placed
    assert placed.shape == (12, 12)
    rows, columns = np.nonzero(placed)
    # Half cells: the middle of cell 2 is at 5 of 12.
    assert rows.mean() + 0.5 == columns.mean() + 0.5 == 5


def test_the_shares_of_the_tasks_add_up_to_one(trace: Trace) -> None:
    for stage in trace.stages:
        shares = bridge_shares(stage, 0.3, 0.8)
        assert tuple(shares) == TASKS
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        maps = bridge_share_maps(stage)
        np.testing.assert_allclose(sum(maps.values()), 1, atol=1e-5)


def test_the_share_at_a_place_is_the_sum_of_that_task_s_row(trace: Trace) -> None:
    for stage in trace.stages:
        queries, keys, _ = bridge_grids(stage)
        rows = bridge_rows(stage, 0.3, 0.8, head=0)
        row, column = token_at(0.3, 0.8, queries)
        query = stage.attention[0, 0, row * queries[1] + column].reshape(len(TASKS), *keys)
        for index, task in enumerate(TASKS):
            np.testing.assert_array_equal(rows[task].weights, query[index].numpy())
            assert rows[task].placed.shape == tuple(stage.task_specific[task].shape[-2:])
            assert bridge_share_maps(stage, 0)[task][row, column] == pytest.approx(rows[task].total, abs=1e-6)


def test_attention_to_one_task_alone_is_seen_as_such(trace: Trace) -> None:
    stage = trace.stages[0]
    attention = torch.zeros_like(stage.attention)
    attention[..., -1] = 1
    only_edges = replace(stage, attention=attention)
    assert bridge_shares(only_edges, 0.5, 0.5) == {**dict.fromkeys(TASKS, 0.0), "edge": 1.0}


def test_entropy_tells_one_key_from_all_keys() -> None:
    one = np.zeros((4, 5))
    one[2, 3] = 1
    assert attention_entropy(one) == pytest.approx(0, abs=1e-6)
    assert attention_entropy(np.full((4, 5), 0.05)) == pytest.approx(1)


def test_a_head_that_is_not_there_is_refused(trace: Trace) -> None:
    with pytest.raises(ValueError, match="no head 7"):
        tpp_row(trace, "depth", 0.5, 0.5, head=7)


def test_networks_without_tpp_or_bridge_say_so(trace: Trace) -> None:
    config = replace(PRESETS["rooms-tiny"].model, tpp=False, bfe=False)
    with torch.inference_mode():
        plain = build_model(config).eval()(torch.rand(1, 3, 96, 128))
    with pytest.raises(ValueError, match="without Task Pattern Propagation"):
        tpp_row(plain, "depth", 0.5, 0.5)
    with pytest.raises(ValueError, match="without Bridge Feature Extractor"):
        bridge_shares(plain.stages[0], 0.5, 0.5)


def test_a_column_of_tpp_is_the_column_of_the_model(trace: Trace) -> None:
    queries, keys, _ = tpp_grids(trace)
    attention = trace["pattern.attention.sal"][0, 1].numpy()
    columns = {tuple(column) for column in attention.T}
    found = set()
    for ny, nx in product(np.linspace(0, 1, 4 * keys[0]), np.linspace(0, 1, 4 * keys[1])):
        view = tpp_attention(trace, "sal", float(nx), float(ny), head=1, direction="incoming")
        assert view.weights.shape == view.placed.shape == queries
        left, top, right, bottom = view.box
        assert left <= nx <= right and top <= ny <= bottom
        found.add(tuple(view.weights.ravel()))
        assert view.total == pytest.approx(view.weights.sum())
        assert view.even == pytest.approx(attention.shape[0] / attention.shape[1])
    # Every place has a key, and every key that is drawn can be asked.
    assert found <= columns
    drawn = np.unique(tpp_row(trace, "sal", 0.5, 0.5, head=1).placed)
    assert len(found) == len(drawn)


def test_who_looks_here_and_where_it_looks_agree(trace: Trace) -> None:
    # The weight of the query at A on the key at B is the same in A's row and in B's column.
    there = tpp_attention(trace, "edge", 0.9, 0.9, direction="incoming", head=0)
    row = tpp_attention(trace, "edge", 0.2, 0.3, head=0)
    height, width = row.placed.shape
    assert there.weights[row.query] == row.placed[token_at(0.9, 0.9, (height, width))]


def test_rows_minus_the_average_sum_to_zero_and_so_do_all_rows_together(trace: Trace) -> None:
    view = tpp_attention(trace, "depth", 0.7, 0.4, head=1, weighting="minus-average")
    attention = trace["pattern.attention.depth"][0, 1].numpy()
    index = view.query[0] * view.query_grid[1] + view.query[1]
    np.testing.assert_allclose(view.weights.ravel(), attention[index] - attention.mean(axis=0), atol=1e-7)
    assert view.total == pytest.approx(0, abs=1e-5) and view.even == 0
    incoming = tpp_attention(trace, "depth", 0.7, 0.4, head=1, weighting="minus-average", direction="incoming")
    assert incoming.total == pytest.approx(0, abs=1e-5)
    assert view.spread is None and view.distance is None and view.within(1.0) is None


def test_before_the_fusion_a_row_is_the_task_s_own_pattern(trace: Trace) -> None:
    view = tpp_attention(trace, "normals", 0.1, 0.6, head=0, fusion="before")
    own = trace["pattern.logits.normals"][0, 0].softmax(dim=-1)
    index = view.query[0] * view.query_grid[1] + view.query[1]
    np.testing.assert_allclose(view.weights.ravel(), own[index].numpy(), rtol=1e-5)
    assert view.total == pytest.approx(1, abs=1e-5)
    assert not np.allclose(view.weights, tpp_attention(trace, "normals", 0.1, 0.6, head=0).weights, atol=1e-7)


def test_distance_is_that_from_the_query_s_centre_in_diagonals_of_the_image(trace: Trace) -> None:
    # Base grid 6 x 8 of an image of 192 x 256: 3 x 4 queries; keys on every other cell, 4 x 5.
    feature = torch.zeros(1, 4, 6, 8)
    attention = torch.zeros(1, 1, 12, 20)
    attention[0, 0, 0, 0], attention[0, 0, 0, 7] = 0.25, 0.75
    grids = {"query_grid": (3, 4), "key_grid": (4, 5), "stride": 2}
    pattern = replace(trace.pattern, attention={"depth": attention}, feature={"depth": feature}, **grids)
    made = replace(trace, pattern=pattern, predictions={"depth": torch.zeros(1, 1, 192, 256)})
    view = tpp_row(made, "depth", 0.01, 0.01)
    # The query's centre is at cell (1, 1). Key (0, 0) sees cells 0 to 1 of both sides, its centre is (1, 1) too; key
    # (1, 2) sees rows 1 to 3 and columns 3 to 5: (2.5, 4.5). A cell has 32 pixels, the diagonal 10 cells.
    assert view.distance == pytest.approx(0.75 * np.hypot(1.5, 3.5) / 10)
    assert view.within(0.1) == pytest.approx(0.25) and view.within(0.5) == pytest.approx(1)
    assert view.box == (0, 0, 1 / 4, 1 / 3)
    incoming = tpp_attention(made, "depth", 4.5 / 8, 2.5 / 6, direction="incoming")
    assert incoming.weights[0, 0] == 0.75 and incoming.distance == pytest.approx(np.hypot(1.5, 3.5) / 10)


def test_places_at_the_border_are_within_the_image(trace: Trace) -> None:
    for nx, ny in product((0.0, 1.0), (0.0, 1.0)):
        for direction in ("outgoing", "incoming"):
            view = tpp_attention(trace, "edge", nx, ny, direction=direction)
            assert 0 <= view.box[0] < view.box[2] <= 1 and 0 <= view.box[1] < view.box[3] <= 1
            assert view.away.shape == view.weights.shape and view.away.max() <= 1


def test_weighting_by_value_asks_for_values_that_fit(trace: Trace) -> None:
    with pytest.raises(ValueError, match="needs the values"):
        tpp_attention(trace, "edge", 0.5, 0.5, weighting="value")
    with pytest.raises(ValueError, match="do not belong"):
        tpp_attention(trace, "edge", 0.5, 0.5, weighting="value", values=np.ones((1, 1, 3)))


def test_equal_values_leave_the_attention_of_a_head_as_it_is(trace: Trace) -> None:
    shape = trace["pattern.attention.edge"].shape
    ones = np.ones((shape[1], shape[1], shape[-1]))
    weighted = tpp_attention(trace, "edge", 0.5, 0.5, weighting="value", values=ones)
    np.testing.assert_allclose(weighted.weights, tpp_row(trace, "edge", 0.5, 0.5).weights, rtol=1e-4)

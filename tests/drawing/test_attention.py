from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet import PRESETS
from bridgenet.drawing import (
    AttentionRow,
    attention_entropy,
    bridge_grids,
    bridge_rows,
    bridge_share_maps,
    bridge_shares,
    dominant_task_map,
    task_colour,
    token_at,
    tpp_grids,
    tpp_row,
)
from bridgenet.model import build_model
from bridgenet.trace import Trace

TASKS = ("semseg", "human_parts", "depth", "normals", "sal", "edge")


@pytest.fixture(scope="module", params=[(96, 128), (96, 160), (150, 200)], ids=str)
def trace(request: pytest.FixtureRequest) -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return build_model(PRESETS["rooms-tiny"].model).eval()(torch.rand(1, 3, *request.param))


def test_places_map_to_tokens_and_those_outside_to_the_border() -> None:
    assert token_at(0.0, 0.0, (7, 9)) == (0, 0)
    assert token_at(0.999, 0.999, (7, 9)) == (6, 8)
    assert token_at(0.5, 0.25, (8, 10)) == (2, 5)
    assert token_at(1.0, 4.0, (7, 9)) == (6, 8)
    assert token_at(-0.2, -3.0, (7, 9)) == (0, 0)


def test_a_row_of_tpp_is_the_row_of_the_model(trace: Trace) -> None:
    queries, keys, _ = tpp_grids(trace, "depth")
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
    attention = torch.zeros(1, 2, query[0, 0].numel(), key[0, 0].numel())
    pattern = replace(trace.pattern, attention={"depth": attention}, feature={"depth": feature})
    queries, keys, stride = tpp_grids(replace(trace, pattern=pattern), "depth")
    assert queries == tuple(query.shape[-2:]) and keys == tuple(key.shape[-2:])
    assert stride == 2 or size == (1, 1)


def test_placed_keys_lie_where_their_windows_are_centred(trace: Trace) -> None:
    feature = torch.zeros(1, 4, 6, 6)
    attention = torch.zeros(1, 1, 9, 16)
    attention[..., 5] = 1  # Key (1, 1): its window is centred on cell (2, 2) of the base grid.
    pattern = replace(trace.pattern, attention={"depth": attention}, feature={"depth": feature})
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
    assert (dominant_task_map(only_edges) == task_colour("edge")).all()


def test_a_tie_between_tasks_is_nearly_white(trace: Trace) -> None:
    stage = trace.stages[0]
    even = replace(stage, attention=torch.full_like(stage.attention, 1 / stage.attention.shape[-1]))
    assert dominant_task_map(even).min() > 200


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


def test_rows_are_plain_data(trace: Trace) -> None:
    assert isinstance(tpp_row(trace, "edge", 0.1, 0.1), AttentionRow)
    assert isinstance(tpp_row(trace, "edge", 0.1, 0.1).weights, np.ndarray)

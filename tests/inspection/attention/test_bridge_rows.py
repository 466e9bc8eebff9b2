from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet import PRESETS
from bridgenet.inspection import bridge_grids, bridge_rows, bridge_share_maps, bridge_shares, dominant_task
from bridgenet.inspection.attention.rows import together
from bridgenet.model import build_model
from bridgenet.trace import Stage, Trace


@pytest.fixture(scope="module", params=[(96, 128), (150, 200)], ids=str)
def trace(request: pytest.FixtureRequest) -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return build_model(PRESETS["rooms-tiny"].model).eval()(torch.rand(1, 3, *request.param))


def two_tasks(attention: torch.Tensor, cells: tuple[int, int], queries: tuple[int, int]) -> Stage:
    """A stage with two tasks whose tokens are the cells, and bridge queries that are the cells of the query map."""
    features = {task: torch.zeros(1, 2, *cells) for task in ("depth", "edge")}
    return Stage(features, torch.zeros(1, 2, *queries), None, None, attention, features, queries, cells, 1)


def test_the_parts_of_a_bridge_row_make_one_whole(trace: Trace) -> None:
    for stage in trace.stages:
        rows = bridge_rows(stage, 0.3, 0.8)
        whole = together(rows)
        assert whole.total == pytest.approx(1, abs=1e-5) and whole.even == pytest.approx(1)
        assert whole.weights.shape == bridge_grids(stage)[1]
        assert whole.within(2.0) == pytest.approx(1)
        mean = sum(row.distance * row.total for row in rows.values())
        assert whole.distance == pytest.approx(mean, rel=1e-4)


def test_distance_is_measured_in_diagonals_of_the_image() -> None:
    # 3 x 4 square cells: the diagonal has five of them. The query at the upper left reads itself and the far corner.
    attention = torch.zeros(1, 1, 12, 24)
    attention[0, 0, 0, 0], attention[0, 0, 0, 12 + 11] = 0.4, 0.6
    rows = bridge_rows(two_tasks(attention, (3, 4), (3, 4)), 0.0, 0.0, size=(96, 128))
    far = np.hypot(2, 3) / 5
    assert (rows["depth"].distance, rows["edge"].distance) == pytest.approx((0, far))
    whole = together(rows)
    assert whole.distance == pytest.approx(0.6 * far)
    assert whole.within(0.1) == pytest.approx(0.4)
    assert bridge_rows(two_tasks(attention, (3, 4), (3, 4)), 0.99, 0.99)["edge"].distance is None


def test_rows_minus_the_average_tell_what_this_place_read_more(trace: Trace) -> None:
    stage = trace.stages[1]
    rows = bridge_rows(stage, 0.3, 0.8, weighting="minus-average")
    shares, maps = bridge_shares(stage, 0.3, 0.8), bridge_share_maps(stage)
    assert sum(row.total for row in rows.values()) == pytest.approx(0, abs=1e-5)
    for task, row in rows.items():
        assert row.total == pytest.approx(shares[task] - maps[task].mean(), abs=1e-5)
        assert row.signed and row.spread is None


def test_the_dominant_task_and_its_lead_can_be_read() -> None:
    attention = torch.tensor([[0.2, 0.5, 0.1, 0.2], [0.1, 0.1, 0.3, 0.5], [0.25, 0.25, 0.25, 0.25]])
    stage = two_tasks(attention[None, None], (1, 2), (1, 3))
    dominant = dominant_task(stage)
    assert dominant.tasks == ("depth", "edge")
    np.testing.assert_array_equal(dominant.index, [[0, 1, 0]])
    np.testing.assert_allclose(dominant.lead, [[0.4, 0.6, 0]], atol=1e-6)


def test_a_single_task_leads_everywhere() -> None:
    stage = two_tasks(torch.full((1, 1, 3, 4), 0.25), (1, 4), (1, 3))
    alone = replace(stage, task_specific={"depth": stage.task_specific["depth"]})
    assert (dominant_task(alone).lead == 1).all()
    assert bridge_shares(alone, 0.5, 0.5) == {"depth": pytest.approx(1)}


def test_a_head_that_is_not_there_is_refused(trace: Trace) -> None:
    with pytest.raises(ValueError, match="no head 9"):
        bridge_rows(trace.stages[0], 0.5, 0.5, 9)

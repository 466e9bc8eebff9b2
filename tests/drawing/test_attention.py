from dataclasses import replace

import pytest
import torch

from bridgenet import PRESETS
from bridgenet.drawing import dominant_task_map
from bridgenet.drawing.attention import colour_limits
from bridgenet.drawing.palette import task_colour
from bridgenet.inspection import bridge_rows, tpp_row
from bridgenet.model import build_model
from bridgenet.trace import Trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return build_model(PRESETS["rooms-tiny"].model).eval()(torch.rand(1, 3, 96, 128))


def test_colours_run_to_the_largest_of_all_places_of_the_tab_or_of_the_map(trace: Trace) -> None:
    shape = trace.stages[2].attention.shape
    sharp = (4 * torch.randn(shape, generator=torch.Generator().manual_seed(0))).softmax(dim=-1)
    stage = replace(trace.stages[2], attention=sharp)
    rows = bridge_rows(stage, 0.4, 0.6, head=0)
    own = {task: float(row.weights.max()) for task, row in rows.items()}
    assert colour_limits(rows, "map") == own
    assert set(colour_limits(rows, "tab").values()) == {max(own.values())}
    assert set(colour_limits(rows, "all").values()) == {float(stage.attention[0, 0].max())}
    elsewhere = bridge_rows(stage, 0.9, 0.1, head=0)
    assert colour_limits(elsewhere, "all") == colour_limits(rows, "all")
    assert colour_limits(elsewhere, "tab") != colour_limits(rows, "tab")


def test_a_map_that_lies_below_zero_has_a_limit_too(trace: Trace) -> None:
    row = tpp_row(trace, "depth", 0.5, 0.5)
    below = replace(row, weights=-row.weights, signed=True)
    assert colour_limits({"depth": below}, "map")["depth"] == pytest.approx(float(row.weights.max()))


def test_where_one_task_alone_is_asked_the_map_has_its_colour(trace: Trace) -> None:
    stage = trace.stages[0]
    attention = torch.zeros_like(stage.attention)
    attention[..., -1] = 1
    only_edges = replace(stage, attention=attention)
    assert (dominant_task_map(only_edges) == task_colour("edge")).all()


def test_a_tie_between_tasks_is_nearly_white(trace: Trace) -> None:
    stage = trace.stages[0]
    even = replace(stage, attention=torch.full_like(stage.attention, 1 / stage.attention.shape[-1]))
    assert dominant_task_map(even).min() > 200

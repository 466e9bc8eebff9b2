from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet.drawing import attention_grid_figure, attention_panel, colour_heat, panel_figure
from bridgenet.drawing.palette import task_colour
from bridgenet.inspection import tpp_attention
from bridgenet.inspection.attention.rows import AttentionView
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.trace import Trace

IMAGE = np.full((60, 80, 3), (12, 200, 77), np.uint8)


@pytest.fixture
def trace(tiny_model: BridgeNet) -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return tiny_model(torch.rand(1, 3, 96, 128))


def _pixels(figure: np.ndarray, colour: np.ndarray) -> int:
    return int((np.abs(figure.astype(int) - np.asarray(colour)).max(axis=-1) <= 1).sum())


def _views(trace: Trace, task: str) -> list[AttentionView]:
    return [tpp_attention(trace, task, 0.3, 0.7, head=head) for head in (0, 1)]


def test_every_task_has_its_dot_and_every_head_its_map(trace: Trace) -> None:
    rows = {task: _views(trace, task) for task in ("semseg", "depth", "edge")}
    figure = attention_grid_figure(IMAGE, rows, {"fused": ("head 1", "head 2")}, (0.3, 0.7), "Where?")
    assert figure.shape[1] < 1000
    assert _pixels(figure, (12, 200, 77)) > 10_000, "the image"
    limit = max(float(view.weights.max()) for views in rows.values() for view in views)
    for task, views in rows.items():
        assert _pixels(figure, task_colour(task)) > 30
        for view in views:
            brightest = colour_heat(np.array([[view.weights.max()]]), (0.0, limit))[0, 0]
            assert _pixels(figure, brightest) > 100


def test_one_peak_does_not_darken_even_attention(trace: Trace) -> None:
    view = _views(trace, "depth")[0]
    even, peak = np.full_like(view.weights, 1 / view.weights.size), np.zeros_like(view.weights)
    peak[0, 0] = 1.0
    views = [replace(view, weights=part, placed=part) for part in (even, peak)]
    figure = attention_grid_figure(IMAGE, {"depth": views}, {"": ("even", "peak")}, (0.1, 0.1))
    assert _pixels(figure, colour_heat(np.array([[1 / 3]]), (0.0, 1.0))[0, 0]) > 5_000, "even: a third of the scale"


def test_a_map_too_few_is_refused(trace: Trace) -> None:
    with pytest.raises(ValueError, match="2 columns"):
        attention_grid_figure(IMAGE, {"depth": _views(trace, "depth")[:1]}, {"a": ("head 1", "head 2")}, (0.5, 0.5))


def test_a_difference_is_drawn_in_two_colours_and_has_no_sum(trace: Trace) -> None:
    unlike = tpp_attention(trace, "depth", 0.3, 0.7, weighting="minus-average")
    limit = float(np.abs(unlike.weights).max())
    panel = attention_panel("minus average", unlike, "depth", limit, (0.3, 0.7), 0.75)
    red, blue = panel.picture[unlike.placed > 0].astype(int), panel.picture[unlike.placed < 0].astype(int)
    assert (red[:, 0] >= red[:, 2]).all() and (blue[:, 2] >= blue[:, 0]).all() and len(red) and len(blue)
    assert panel.note == ""
    row = attention_panel("row", tpp_attention(trace, "depth", 0.3, 0.7), "depth", 0.5, (0.3, 0.7), 0.75)
    assert row.note == "sum 1.00"
    assert panel_figure([panel, row]).shape[2] == 3

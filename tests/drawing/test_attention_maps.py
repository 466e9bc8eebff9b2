from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet import PRESETS
from bridgenet.drawing import bridge_rows, colour_limits, place_in_words, tpp_row
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


@pytest.mark.parametrize("grid", [(3, 3), (8, 10), (7, 9), (1, 1), (2, 5)])
def test_even_attention_is_all_over_the_image(grid: tuple[int, int]) -> None:
    assert place_in_words(np.full(grid, 0.2)) == "all over the image"


def test_a_spot_is_named_by_its_ninth() -> None:
    expected = [
        ["in the upper left", "at the top", "in the upper right"],
        ["at the left", "in the centre", "at the right"],
        ["in the lower left", "at the bottom", "in the lower right"],
    ]
    for row in range(3):
        for column in range(3):
            placed = np.full((6, 9), 0.01)
            placed[2 * row + 1, 3 * column + 1] = 1
            assert place_in_words(placed) == expected[row][column]


def test_a_band_is_named_by_its_side() -> None:
    band = np.zeros((7, 10))
    band[-1] = 0.3
    assert place_in_words(band) == "along the bottom"
    assert place_in_words(band[::-1]) == "along the top"
    assert place_in_words(band.T) == "down the right side"
    assert place_in_words(band.T[:, ::-1]) == "down the left side"


def test_nothing_and_less_than_nothing_lie_nowhere() -> None:
    assert place_in_words(np.zeros((4, 4))) == "nowhere"
    signed = np.full((6, 6), -1.0)
    signed[0, 0] = 0.5
    assert place_in_words(signed) == "in the upper left"

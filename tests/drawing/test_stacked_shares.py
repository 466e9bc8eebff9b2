import numpy as np
import pytest

from bridgenet.drawing import StackedRow, stacked_shares_figure
from bridgenet.drawing.palette import task_colour
from bridgenet.drawing.stacked_shares import _number


def _columns_of(figure: np.ndarray, task: str) -> int:
    """The width of a task's segment in the fullest line of a figure, in pixels."""
    return int((np.abs(figure.astype(int) - task_colour(task)).max(axis=-1) <= 1).sum(axis=1).max())


def test_a_segment_is_as_wide_as_its_share() -> None:
    figure = stacked_shares_figure([StackedRow("wall", {"depth": 0.75, "edge": 0.25})])
    depth, edge = _columns_of(figure, "depth"), _columns_of(figure, "edge")
    assert depth / edge == pytest.approx(3, rel=0.02)
    assert depth + edge > 700


def test_every_row_makes_the_figure_taller_and_all_bars_equally_wide() -> None:
    one = StackedRow("wall", {"depth": 0.5, "edge": 0.5}, note="12 tokens", colour="#123456")
    two = stacked_shares_figure([one, one], title="Who was asked?")
    three = stacked_shares_figure([one, one, one], title="Who was asked?")
    assert three.shape[0] - two.shape[0] == 44
    assert (np.abs(three.astype(int) - (0x12, 0x34, 0x56)).max(axis=-1) <= 1).sum() > 300, "the swatches"


def test_a_share_says_its_interval_and_on_which_side_of_even_it_lies() -> None:
    assert _number(0.4, (0.3, 0.52), 0.25) == "40 ± 12 ▲"
    assert _number(0.1, (0.02, 0.2), 0.25) == "10 ± 10 ▼"
    assert _number(0.3, (0.2, 0.4), 0.25) == "30 ± 10"
    assert _number(0.3, None, 0.25) == "30"


def test_rows_of_different_tasks_are_refused() -> None:
    rows = [StackedRow("wall", {"depth": 1.0}), StackedRow("floor", {"edge": 1.0})]
    with pytest.raises(ValueError, match="same tasks"):
        stacked_shares_figure(rows)
    with pytest.raises(ValueError, match="at least one row"):
        stacked_shares_figure([])

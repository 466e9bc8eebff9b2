import numpy as np
import pytest

from bridgenet.inspection import Box, Pixel, Whole, cell_sums, reach, share_inside


def test_sums_over_squares_keep_the_total_and_their_place() -> None:
    map = np.zeros((64, 96))
    map[2, 3], map[63, 95] = 1.5, -0.5
    sums = cell_sums(map, cells=32)
    assert sums.shape == (32, 48)
    assert sums[1, 1] == 1.5
    assert sums[-1, -1] == -0.5
    assert sums.sum() == map.sum()


def test_squares_that_do_not_divide_a_map_still_add_up() -> None:
    map = np.random.default_rng(0).normal(size=(50, 71))
    assert cell_sums(map, cells=16).sum() == pytest.approx(map.sum())


def test_a_map_with_few_pixels_stays_as_it_is() -> None:
    map = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(cell_sums(map), map)


def test_no_squares_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one square"):
        cell_sums(np.ones((4, 4)), cells=0)


def test_the_share_inside_counts_both_signs_and_parts_of_cells() -> None:
    map = np.array([[2.0, -1.0], [0.0, 1.0]])
    assert share_inside(map, Whole()) == pytest.approx(1)
    assert share_inside(map, Box(0.0, 0.0, 0.5, 1.0)) == pytest.approx(0.5)
    assert share_inside(map, Box(0.0, 0.0, 0.25, 1.0)) == pytest.approx(0.25)


def test_of_a_map_of_zeros_no_share_is_inside() -> None:
    assert np.isnan(share_inside(np.zeros((4, 4)), Pixel(0.5, 0.5)))


def test_half_of_a_map_is_within_reach_of_its_peak() -> None:
    map = np.zeros((10, 20))
    map[4, 5], map[4, 15] = 3.0, -2.0
    x, y = 5.5 / 20, 4.5 / 10
    assert reach(map, x, y) == pytest.approx(0)
    assert reach(map, x, y, share=0.9) == pytest.approx(0.5)


def test_reach_follows_the_proportions_of_the_image() -> None:
    map = np.zeros((10, 10))
    map[9, 0] = 1.0
    assert reach(map, 0.05, 0.05, aspect=0.5) == pytest.approx(0.45)
    assert reach(map, 0.05, 0.05) == pytest.approx(0.9)


def test_nothing_is_within_reach_where_there_is_nothing() -> None:
    with pytest.raises(ValueError, match="zero everywhere"):
        reach(np.zeros((3, 3)), 0.5, 0.5)

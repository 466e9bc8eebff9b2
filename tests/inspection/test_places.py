import numpy as np
import pytest

from bridgenet.inspection import place_in_words, token_at


def test_places_map_to_tokens_and_those_outside_to_the_border() -> None:
    assert token_at(0.0, 0.0, (7, 9)) == (0, 0)
    assert token_at(0.999, 0.999, (7, 9)) == (6, 8)
    assert token_at(0.5, 0.25, (8, 10)) == (2, 5)
    assert token_at(1.0, 4.0, (7, 9)) == (6, 8)
    assert token_at(-0.2, -3.0, (7, 9)) == (0, 0)


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

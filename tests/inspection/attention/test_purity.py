import numpy as np
import pytest

from bridgenet.inspection import row_purity
from bridgenet.inspection.attention.purity import semantic_purity

LABELS = np.repeat([[3, 3, 8, 8]], 6, axis=0)
PLACES = [((column + 0.5) / 4, (row + 0.5) / 2) for row in range(2) for column in range(4)]


def _looking_at(*columns: int) -> np.ndarray:
    row = np.zeros((2, 4))
    row[:, columns] = 1
    return row / row.sum()


def test_rows_that_stay_in_their_class_are_beyond_chance() -> None:
    rows = [_looking_at(0, 1) if nx < 0.5 else _looking_at(2, 3) for nx, _ in PLACES]
    purity = row_purity(rows, PLACES, LABELS)
    assert purity.own == pytest.approx(1) and purity.even == pytest.approx(0.5)
    assert purity.dealt == pytest.approx(0.5)
    assert purity.own >= purity.interval[1] > purity.dealt > purity.interval[0]


def test_a_sink_on_a_large_class_is_pure_but_no_purer_than_chance() -> None:
    labels = np.repeat([[3, 3, 3, 8]], 6, axis=0)
    purity = row_purity([_looking_at(0)] * len(PLACES), PLACES, labels)
    assert purity.own == pytest.approx(0.75) and purity.even == pytest.approx(0.75**2 + 0.25**2)
    assert purity.own == pytest.approx(purity.dealt)
    assert purity.interval == pytest.approx((0.75, 0.75))


def test_purity_of_rows_is_the_mean_of_the_purity_of_each() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, (31, 47))
    rows = [draw.random((2, 4)) for _ in PLACES]
    one_by_one = [[semantic_purity(row, labels, *place) for row in rows] for place in PLACES]
    purity = row_purity(rows, PLACES, labels)
    assert purity.own == pytest.approx(np.mean([one_by_one[i][i].mass for i in range(len(rows))]))
    assert purity.dealt == pytest.approx(np.mean([[found.mass for found in row] for row in one_by_one]))
    assert purity.even == pytest.approx(np.mean([row[0].area for row in one_by_one]))
    assert purity == row_purity(rows, PLACES, labels), "the deals are seeded"


def test_a_row_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="8 places and 7 rows"):
        row_purity([_looking_at(0)] * 7, PLACES, LABELS)

import numpy as np
import pytest

from bridgenet.drawing.charts import BarRow, Bars, Chart, Curve, Curves, Dot, Matrix, Scatter, colours_of
from bridgenet.drawing.interactive import hovered
from bridgenet.drawing.palette import to_rgb
from bridgenet.tasks import TASKS

XS = (0.0, 1.0, 2.0)

CHARTS: dict[str, Chart] = {
    "curves": Curves(
        [Curve("Depth", XS, (1, 2, 3), low=(0, 1, 2), high=(2, 3, 4)), Curve("chance", XS, (1, 1, 1), dashed=True)],
        x="strength",
        y="error, m",
        title="A chart",
        mark=1.0,
    ),
    "bars": Bars([BarRow("Depth", 0.3, 0.1, 0.5, samples=(0.2, 0.4)), BarRow("other", -0.2)], unit="%", mark=0.25),
    "matrix": Matrix(np.array([[1.0, np.nan], [0.0, 0.5]]), ["a", "b"], ["Depth", "Edges"], title="A table"),
    "scatter": Scatter([Dot(0.1, 0.2, "Depth"), Dot(0.3, 0.1, "other")], x="share", y="effect", diagonal=True),
}


def pixels_of(picture: np.ndarray, colour: str) -> int:
    return int((picture == to_rgb(colour)).all(axis=-1).sum())


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_a_picture_and_always_the_same(name: str) -> None:
    chart = CHARTS[name]
    assert chart.picture().std() > 0
    assert (chart.picture() == chart.picture()).all()


@pytest.mark.parametrize("name", CHARTS)
def test_the_chart_to_hover_over_has_the_size_of_the_picture(name: str) -> None:
    chart = CHARTS[name]
    layout = hovered(chart).layout
    assert (layout.height, layout.width) == chart.picture().shape[:2]


def test_a_task_keeps_its_colour_by_name_and_by_title() -> None:
    assert colours_of(["depth", TASKS["depth"].title]) == [TASKS["depth"].colour] * 2


def test_what_is_no_task_has_no_colour_of_a_task() -> None:
    colours = colours_of([f"run {number}" for number in range(7)])
    assert len(set(colours)) == 7
    assert not set(colours) & {task.colour for task in TASKS.values()}


def test_a_curve_is_drawn_in_its_colour_and_as_high_as_its_values() -> None:
    flat = Curves(
        [Curve("one", XS, (1, 1, 1), colour="#FF0000"), Curve("two", XS, (2, 2, 2), colour="#00FF00")], "x", "y"
    )
    picture = flat.picture()[:, :400]
    rows = {colour: np.argwhere((picture == to_rgb(colour)).all(-1))[:, 0].mean() for colour in ("#FF0000", "#00FF00")}
    assert rows["#00FF00"] < rows["#FF0000"] - 100


def test_a_bar_is_as_long_as_its_value() -> None:
    rows = [BarRow("one", 1.0, colour="#FF0000"), BarRow("three", 3.0, colour="#FF0000")]
    picture = Bars(rows).picture().astype(int)
    lengths = ((picture[..., 0] > 200) & (picture[..., 1] < 90)).sum(axis=1)
    upper, lower = np.array_split(lengths[lengths > 20], 2)
    assert np.median(lower) == pytest.approx(3 * np.median(upper), rel=0.05)


def test_cells_of_a_matrix_are_white_at_the_lower_limit_and_deep_at_the_upper_one() -> None:
    matrix = Matrix(np.array([[0.0, 1.0]]), ["a"], ["x", "y"])
    low, high = matrix.colours()[[0, -1]]
    assert (low == 255).all() and high.sum() < 300
    assert pixels_of(matrix.picture(), "#0B4F8A") > 1000


def test_limits_of_signed_values_lie_symmetrically_around_zero() -> None:
    assert Matrix(np.array([[-3.0, 1.0]]), ["a"], ["x", "y"], signed=True).range() == (-3.0, 3.0)
    assert Matrix(np.array([[2.0, 4.0]]), ["a"], ["x", "y"]).range() == (0.0, 4.0)
    assert Matrix(np.full((1, 2), np.nan), ["a"], ["x", "y"]).range() == (0.0, 1.0)


def test_a_long_name_of_a_column_takes_two_lines_instead_of_a_wide_column() -> None:
    short, long = (Matrix(np.ones((1, 2)), ["a"], [name, "y"]) for name in ("another", "another sender's, translated"))
    assert long.picture().shape[1] < 1.25 * short.picture().shape[1]
    assert long.picture().shape[0] > short.picture().shape[0]
    assert hovered(long).data[0].x[0] == "another sender's,<br>translated"


def test_an_unknown_value_is_an_empty_cell() -> None:
    matrix = CHARTS["matrix"]
    assert isinstance(matrix, Matrix)
    assert matrix.written() == [["1.00", ""], ["0.00", "0.50"]]
    assert hovered(matrix).data[0].z[0][1] is None

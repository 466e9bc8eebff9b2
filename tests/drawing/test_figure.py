import numpy as np
import pytest

from bridgenet.drawing import LegendEntry, class_palette, overview_figure, panel_figure, shares_figure
from bridgenet.drawing.figure import Panel, _draw_classes, depth_figure, legend_figure
from bridgenet.drawing.palette import task_colour
from bridgenet.drawing.predictions import colour_depth
from bridgenet.drawing.sheet import Sheet
from bridgenet.sources import SOURCES


def _has(figure: np.ndarray, colour: np.ndarray, pixels: int = 30) -> bool:
    return int((np.abs(figure.astype(int) - colour).max(axis=-1) <= 1).sum()) >= pixels


@pytest.fixture(scope="module")
def predictions() -> dict[str, np.ndarray]:
    labels = np.zeros((60, 80), np.uint8)
    labels[30:] = 4
    return {
        "semseg": labels,
        "depth": np.tile(np.linspace(1, 4, 80, dtype=np.float32), (60, 1)),
        "normals": np.tile(np.float32([0, 1, 0]), (60, 80, 1)),
        "edge": np.zeros((60, 80), np.float32),
    }


def test_the_overview_shows_every_prediction_and_what_its_colours_mean(predictions: dict[str, np.ndarray]) -> None:
    image = np.full((60, 80, 3), (12, 200, 77), np.uint8)
    figure = overview_figure(image, predictions, SOURCES["nyud"].classes, "What is here?")
    assert figure.dtype == np.uint8 and figure.ndim == 3
    assert _has(figure, np.array((12, 200, 77)), 10_000)
    for index in (0, 4):
        assert _has(figure, class_palette(SOURCES["nyud"].classes["semseg"].colours)[index], 10_000)
    assert _has(figure, np.array((128, 255, 128)), 10_000), "floor normals"
    for task in predictions:
        assert _has(figure, task_colour(task)), f"the dot of {task}"


def test_pictures_of_all_proportions_stand_in_one_figure() -> None:
    panels = [Panel(f"{h}", np.full((h, 50, 3), 90, np.uint8)) for h in (5, 50, 400)]
    figure = panel_figure(panels, columns=2)
    assert figure.shape[0] < 1600 and _has(figure, np.array((90, 90, 90)), 20_000)


def test_long_titles_stay_in_their_cards_and_long_names_of_classes_in_their_columns() -> None:
    long = "a network with a title that is longer than any card"
    entries = [LegendEntry(0, long, "#B9B1A2", 0.9), LegendEntry(1, "sky", "#0000FF", 0.1)]
    panel = Panel(long, np.full((50, 50, 3), 90, np.uint8), "and a note", key=entries)
    figure = panel_figure([panel], title=3 * long, panel_width=2.3)
    assert (figure[:, -15:] == figure[0, -1]).all(), "nothing is written beside the card"
    rows, columns = np.nonzero((figure == (0, 0, 255)).all(axis=-1))
    before_the_second = figure[rows.min() - 5 : rows.max() + 5, columns.min() - 4 : columns.min() - 1]
    assert (before_the_second == 255).all()


def test_letters_become_smaller_before_they_become_fewer() -> None:
    for room in np.arange(0.6, 1.2, 0.05):
        sheet = Sheet(3.0, 1.0)
        assert sheet.text(0.1, 0.5, "upper leg", size=12.0, room=float(room)) <= 0.1 + room
        assert sheet.axes.texts[-1].get_text() == "upper leg"


def test_shares_give_way_to_the_names_of_classes() -> None:
    names = ("background", "upper leg", "torso", "lower leg")
    entries = [LegendEntry(index, name, "#B9B1A2", 0.25) for index, name in enumerate(names)]
    for width, told in ((1.5, ""), (2.7, " 25%")):
        sheet = Sheet(3.0, 1.0)
        _draw_classes(sheet, entries, 0.1, 0.1, width)
        assert [text.get_text() for text in sheet.axes.texts] == [name + told for name in names]


def test_a_depth_figure_has_the_picture_and_a_bar_in_the_same_colours() -> None:
    depth = np.tile(np.linspace(1, 4, 400), (300, 1))
    figure = depth_figure(depth)
    picture = colour_depth(depth)
    assert _has(figure, picture[0, 200], 100)
    assert figure.shape[0] > 300 and figure.shape[1] > 400


@pytest.mark.filterwarnings("error")
def test_a_depth_figure_of_nothing_and_of_one_distance_can_be_drawn() -> None:
    depth_figure(np.full((40, 40), np.nan))
    depth_figure(np.full((40, 40), 2.0))


def test_shares_are_as_long_as_they_are_large() -> None:
    figure = shares_figure({"semseg": 0.25, "depth": 0.75}, "Who was asked")
    lengths = [(np.abs(figure.astype(int) - task_colour(task)).max(-1) <= 1).sum() for task in ("semseg", "depth")]
    assert lengths[1] / lengths[0] == pytest.approx(3, rel=0.15)


def test_a_legend_grows_with_its_entries_and_says_when_it_is_empty() -> None:
    few = legend_figure([LegendEntry(0, "wall", "#B9B1A2", 1.0)])
    many = legend_figure([LegendEntry(i, f"class {i}", "#B9B1A2", 0.1) for i in range(10)])
    assert many.shape[0] > few.shape[0] and _has(many, np.array((0xB9, 0xB1, 0xA2)), 1000)
    assert legend_figure([]).size

import numpy as np

from bridgenet.drawing import change_panel, gain_panel
from bridgenet.drawing.figure import Bar

BLUE, RED, GREY = (33, 102, 172), (178, 45, 30), (221, 224, 214)


def test_a_class_that_is_now_right_is_blue_and_one_that_is_now_wrong_red() -> None:
    before, after = np.array([[1.0, 0.0, 1.0, np.nan]]), np.array([[0.0, 1.0, 1.0, np.nan]])
    panel = gain_panel("Difference", "semseg", before, after)
    assert [tuple(pixel) for pixel in panel.picture[0, :3].tolist()] == [BLUE, RED, GREY]
    assert tuple(panel.picture[0, 3]) not in (BLUE, RED, GREY)
    assert {entry.name: round(entry.area, 2) for entry in panel.key} == {
        "as before": 0.33,
        "now right": 0.33,
        "now wrong": 0.33,
    }


def test_nearer_to_the_truth_is_blue_on_a_scale_with_its_unit() -> None:
    panel = gain_panel("Difference", "depth", np.full((4, 4), 1.0), np.full((4, 4), 0.5), "note")
    assert isinstance(panel.key, Bar)
    assert (panel.key.low, panel.key.high) == ("nearer −0.5 m", "+0.5 m farther")
    red, _, blue = panel.picture[0, 0].astype(int)
    assert blue > red + 50
    assert panel.note == "note"
    farther = gain_panel("Difference", "depth", np.full((4, 4), 0.5), np.full((4, 4), 1.0)).picture[0, 0].astype(int)
    assert farther[0] > farther[2] + 50


def test_a_prediction_that_did_not_move_is_the_middle_of_the_scale() -> None:
    panel = gain_panel("Difference", "normals", np.ones((4, 4)), np.ones((4, 4)))
    assert np.ptp(panel.picture[0, 0].astype(int)) < 8


def test_without_truth_the_size_of_the_change_is_shown() -> None:
    panel = change_panel("Change", "normals", np.linspace(0, 10, 101)[None])
    assert isinstance(panel.key, Bar)
    assert (panel.key.low, panel.key.high) == ("0", "9.8°")
    assert panel.picture[0, -1].sum() > panel.picture[0, 0].sum() + 300
    moved = change_panel("Change", "semseg", np.array([[0.0, 1.0, 1.0, 1.0]]))
    assert [entry.name for entry in moved.key] == ["other class", "same class"]

import numpy as np

from bridgenet.drawing import answer_panel, answers_figure, depth_limits
from bridgenet.drawing.predictions import colour_depth
from bridgenet.sources import SOURCES

TRUTH = {"depth": np.linspace(1, 3, 48).reshape(6, 8), "semseg": np.arange(48).reshape(6, 8) % 3}
FAR = {"depth": np.full((6, 8), 9.0), "semseg": np.zeros((6, 8), int)}


def test_depth_has_the_scale_of_the_truth_whoever_answers() -> None:
    limits = depth_limits(TRUTH["depth"])
    panel = answer_panel("far", "depth", FAR["depth"], TRUTH, SOURCES["made_rooms"].classes)
    assert np.array_equal(panel.picture, colour_depth(FAR["depth"], limits))


def test_measures_are_explained_once_and_classes_always() -> None:
    assert answer_panel("far", "depth", FAR["depth"], TRUTH, SOURCES["made_rooms"].classes).key == ""
    assert answer_panel("truth", "depth", TRUTH["depth"], TRUTH, SOURCES["made_rooms"].classes, key=True).key != ""
    (entry,) = answer_panel("far", "semseg", FAR["semseg"], TRUTH, SOURCES["made_rooms"].classes).key
    assert entry.index == 0


def test_every_network_adds_a_row() -> None:
    one = answers_figure({"far": FAR}, TRUTH, SOURCES["made_rooms"].classes)
    two = answers_figure({"far": FAR, "near": TRUTH}, TRUTH, SOURCES["made_rooms"].classes)
    assert one.shape[1] == two.shape[1]
    assert two.shape[0] > one.shape[0] + 150

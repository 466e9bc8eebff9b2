import numpy as np

from bridgenet.drawing import Bar, panel_figure, region_picture, signed_panel


def test_what_raises_is_red_and_what_lowers_is_blue() -> None:
    panel = signed_panel("Map", np.array([[2.0, 0.0, -2.0]]), unit="m")
    red, white, blue = panel.picture[0].astype(int)
    assert red[0] > red[2] + 40
    assert blue[2] > blue[0] + 40
    assert white.min() > 240


def test_the_scale_is_even_to_both_sides_and_says_its_unit() -> None:
    key = signed_panel("Map", np.array([[4.0, -1.0]]), unit="m", limit=4.0).key
    assert key == Bar("rdbu", "lowers −4", "+4 m")


def test_without_a_unit_the_scale_has_no_numbers() -> None:
    assert signed_panel("Map", np.array([[4.0, -1.0]])).key == Bar("rdbu", "lowers", "raises")


def test_one_limit_makes_two_maps_comparable() -> None:
    strong, weak = (signed_panel("Map", np.full((2, 2), value), limit=4.0).picture for value in (4.0, 1.0))
    assert strong.mean() < weak.mean()


def test_a_map_of_zeros_says_so_and_is_white() -> None:
    panel = signed_panel("Map", np.zeros((2, 3)))
    assert panel.key == "zero everywhere"
    assert panel.picture.min() > 240
    assert panel_figure([panel]).dtype == np.uint8


def test_only_the_region_keeps_its_colours() -> None:
    picture = np.full((2, 2, 3), 40, dtype=np.uint8)
    shown = region_picture(picture, np.array([[True, False], [False, True]]))
    assert (shown[0, 0] == 40).all()
    assert (shown[0, 1] > 150).all()

import numpy as np
import pytest
from skimage.color import rgb2lab

from bridgenet.drawing import class_palette, scale_table, task_colour
from bridgenet.drawing.palette import apply_scale, to_rgb
from bridgenet.labels import CLASSES, HUMAN_PARTS, class_names
from bridgenet.tasks import TASKS


@pytest.mark.parametrize("dataset", [*CLASSES, "human_parts"])
def test_every_class_has_a_colour_that_no_other_class_comes_near(dataset: str) -> None:
    palette = class_palette(dataset)
    assert palette.shape == (len(class_names(dataset)), 3) and palette.dtype == np.uint8
    lab = rgb2lab(palette[None] / 255)[0]
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + np.eye(len(lab)) * 1000
    assert distances.min() > 17


def test_a_class_has_the_same_colour_in_made_and_in_real_rooms() -> None:
    real, made = class_palette("nyud"), class_palette("made_rooms")
    shared = set(CLASSES["nyud"]) & set(CLASSES["made_rooms"])
    assert {"wall", "floor", "chair"} <= shared
    for name in shared:
        np.testing.assert_array_equal(
            real[CLASSES["nyud"].index(name)], made[CLASSES["made_rooms"].index(name)], err_msg=name
        )


def test_body_parts_are_a_palette_of_their_own() -> None:
    assert class_names("human_parts") == HUMAN_PARTS


def test_an_unknown_data_set_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Known: nyud, made_rooms, pascal_context, human_parts"):
        class_palette("kitti")


def test_tasks_keep_their_colours() -> None:
    for name, task in TASKS.items():
        np.testing.assert_array_equal(task_colour(name), to_rgb(task.colour))


@pytest.mark.parametrize("scale", ["viridis", "magma", "greys"])
def test_lightness_of_a_scale_runs_one_way(scale: str) -> None:
    lightness = rgb2lab(scale_table(scale)[None] / 255)[0, :, 0]
    steps = np.diff(lightness) * np.sign(lightness[-1] - lightness[0])
    assert steps.min() > -0.5 and abs(lightness[-1] - lightness[0]) > 60


def test_known_ends_of_the_scales() -> None:
    assert scale_table("viridis")[[0, -1]].tolist() == [[68, 1, 84], [253, 231, 37]]
    assert scale_table("greys")[[0, -1]].tolist() == [[255, 255, 255], [0, 0, 0]]
    low, middle, high = scale_table("rdbu")[[0, 128, -1]].astype(int)
    assert low[2] > low[0] and high[0] > high[2] and middle.min() > 235


def test_values_beyond_a_scale_take_its_ends() -> None:
    coloured = apply_scale(np.array([[-3.0, 0.0, 1.0, 7.0]]), "magma")
    np.testing.assert_array_equal(coloured[0, 0], coloured[0, 1])
    np.testing.assert_array_equal(coloured[0, 2], coloured[0, 3])

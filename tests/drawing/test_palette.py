import numpy as np
import pytest
from skimage.color import rgb2lab

from bridgenet.drawing import class_palette
from bridgenet.drawing.palette import apply_scale, coloured_alike, scale_table, task_colour, to_rgb
from bridgenet.labels import Classes
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName

CLASSES = {(source.name, task): classes for source in SOURCES.values() for task, classes in source.classes.items()}


@pytest.mark.parametrize("which", CLASSES)
def test_every_class_has_a_colour_that_no_other_class_comes_near(which: tuple[str, TaskName]) -> None:
    palette = class_palette(CLASSES[which].colours)
    assert palette.shape == (len(CLASSES[which]), 3) and palette.dtype == np.uint8
    lab = rgb2lab(palette[None] / 255)[0]
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + np.eye(len(lab)) * 1000
    assert distances.min() > 17


def test_a_class_has_the_same_colour_in_made_and_in_real_rooms() -> None:
    real, made = CLASSES["nyud", "semseg"], CLASSES["made_rooms", "semseg"]
    shared = set(real.names) & set(made.names)
    assert {"wall", "floor", "chair"} <= shared
    for name in shared:
        assert real.colours[real.names.index(name)] == made.colours[made.names.index(name)], name
    assert coloured_alike(real, made)


def test_classes_that_share_no_name_or_give_one_two_colours_are_not_shown_side_by_side() -> None:
    one = Classes.of({"sky": "#88BBEE", "road": "#444444"})
    assert not coloured_alike(one, Classes.of({"tree": "#118833"}))
    assert not coloured_alike(one, Classes.of({"sky": "#0000FF", "road": "#444444"}))
    assert coloured_alike(one, Classes.of({"road": "#444444", "tree": "#118833"}))


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

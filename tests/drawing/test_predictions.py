import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bridgenet.drawing import (
    class_palette,
    colour_classes,
    colour_heat,
    colour_normals,
    colour_signed,
    colour_task,
    depth_limits,
    legend_entries,
)
from bridgenet.drawing.predictions import colour_depth, colour_probability, normals_disc
from bridgenet.sources import SOURCES
from bridgenet.tasks import IGNORE, TASKS

NYUD = SOURCES["nyud"].classes["semseg"]
PALETTE = class_palette(NYUD.colours)
YELLOW, PURPLE = [253, 231, 37], [68, 1, 84]


def _is_hatched(picture: np.ndarray) -> bool:
    return set(np.unique(picture)) <= {160, 200} and (picture == picture[..., :1]).all()


@given(arrays(np.int64, (6, 7), elements=st.integers(0, 39)))
def test_labels_can_be_read_back_from_their_colours(labels: np.ndarray) -> None:
    picture = colour_classes(labels, PALETTE)
    distance = np.abs(picture[:, :, None].astype(int) - PALETTE.astype(int)).sum(-1)
    np.testing.assert_array_equal(distance.argmin(-1), labels)


def test_unlabelled_pixels_are_hatched_and_others_are_not() -> None:
    labels = np.zeros((8, 16), np.int64)
    labels[:, 8:] = IGNORE
    picture = colour_classes(labels, PALETTE)
    assert _is_hatched(picture[:, 8:])
    assert len(np.unique(picture[:, 8:])) == 2
    assert (picture[:, :8] == PALETTE[0]).all()


def test_near_is_yellow_and_far_is_dark_purple() -> None:
    picture = colour_depth(np.array([[1.0, 5.0]]), limits=(1.0, 5.0))
    assert picture[0].tolist() == [YELLOW, PURPLE]


def test_limits_leave_out_the_outer_percentiles_and_the_invalid() -> None:
    depth = np.concatenate([np.linspace(2, 4, 1000), [0.0, np.nan, np.inf, -1.0], [900.0]]).reshape(1, -1)
    near, far = depth_limits(depth)
    assert near == pytest.approx(2.02, abs=0.01) and far == pytest.approx(3.98, abs=0.02)


def test_two_maps_can_share_their_limits() -> None:
    assert depth_limits(np.full((4, 4), 1.0), np.full((4, 4), 3.0)) == (1.0, 3.0)


@pytest.mark.filterwarnings("error")
def test_constant_and_empty_depth_divide_nothing_by_zero() -> None:
    assert (colour_depth(np.full((5, 5), 2.5)) == YELLOW).all()
    assert depth_limits(np.full((5, 5), np.nan)) == (0.0, 0.0)
    assert _is_hatched(colour_depth(np.full((5, 5), np.nan)))


@pytest.mark.filterwarnings("error")
def test_missing_depth_is_hatched() -> None:
    depth = np.full((8, 8), 2.0)
    depth[:4], depth[4:6] = np.nan, 0
    picture = colour_depth(depth)
    assert _is_hatched(picture[:6]) and not _is_hatched(picture[6:])


def test_the_three_axes_have_the_three_colours() -> None:
    normals = np.array([[[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]])
    right, up, toward, nothing = colour_normals(normals)[0].tolist()
    assert right == [255, 128, 128] and up == [128, 255, 128] and toward == [128, 128, 255]
    assert nothing[0] == nothing[1] == nothing[2]


def test_the_disc_of_normals_uses_the_colours_of_the_normals() -> None:
    disc = normals_disc(101).astype(int)
    facing, right, top = disc[50, 50], disc[50, 99], disc[1, 50]
    np.testing.assert_allclose(facing[:3], [128, 128, 255], atol=2)
    assert right[0] > 245 and abs(right[1] - 128) < 3
    assert top[1] > 245 and abs(top[0] - 128) < 3
    assert disc[0, 0, 3] == 0 and disc[50, 50, 3] == 255


def test_probability_runs_from_white_to_black() -> None:
    assert colour_probability(np.array([[0.0, 1.0]]))[0].tolist() == [[255, 255, 255], [0, 0, 0]]


@pytest.mark.filterwarnings("error")
def test_heat_and_signed_values_without_extent_are_one_colour() -> None:
    assert len(np.unique(colour_heat(np.zeros((3, 3)), (0.0, 0.0)).reshape(-1, 3), axis=0)) == 1
    assert colour_signed(np.zeros((3, 3)), 0.0).min() > 235


def test_the_legend_lists_present_classes_by_area() -> None:
    labels = np.zeros((10, 10), np.int64)
    labels[:6], labels[6:8], labels[9] = 4, 1, IGNORE
    entries = legend_entries(labels, NYUD.names, PALETTE)
    assert [entry.name for entry in entries] == ["chair", "floor", "wall"]
    assert [round(entry.area, 3) for entry in entries] == [0.667, 0.222, 0.111]
    assert entries[0].colour == "#D1495B"


def test_a_map_without_labels_has_an_empty_legend() -> None:
    labels = np.full((4, 4), IGNORE, np.int64)
    assert legend_entries(labels, NYUD.names, PALETTE) == []


def test_every_task_has_its_way_of_being_coloured() -> None:
    kinds = {
        "semseg": np.zeros((4, 5), np.uint8),
        "human_parts": np.zeros((4, 5), np.uint8),
        "depth": np.ones((4, 5), np.float32),
        "normals": np.tile(np.float32([0, 0, 1]), (4, 5, 1)),
        "sal": np.zeros((4, 5), np.float32),
        "edge": np.zeros((4, 5), np.float32),
    }
    assert set(kinds) == set(TASKS)
    for task, array in kinds.items():
        assert colour_task(task, array, SOURCES["made_rooms"].classes).shape == (4, 5, 3)

import math

import pytest

from app.analysis.selection import Selection, read_selection

TASKS = ("semseg", "depth")


def read(**event: object) -> Selection:
    return read_selection(event, tasks=TASKS, scales=3, heads=2)


def test_a_sound_event_is_taken_as_it_is() -> None:
    assert read(x=0.25, y=0.75, task="depth", scale=2, head=1) == Selection(0.25, 0.75, "depth", 2, 1)


def test_nothing_said_means_the_middle_the_first_task_the_finest_scale_and_all_heads() -> None:
    assert read() == Selection(0.5, 0.5, "semseg", 2, None)


@pytest.mark.parametrize("place", [-3, 1, 7.5, math.inf, math.nan, "0.5", None, True, [1]])
def test_a_place_is_always_inside_the_photo(place: object) -> None:
    selection = read(x=place, y=place)
    assert 0 <= selection.x < 1 and 0 <= selection.y < 1


@pytest.mark.parametrize("scale", [-1, 3, 99, "1", None, 1.5])
def test_a_scale_is_always_one_of_the_network(scale: object) -> None:
    assert read(scale=scale).scale in (0, 1, 2)


@pytest.mark.parametrize("head", [-1, 2, "0", None, 0.0])
def test_a_head_that_is_not_there_means_all_heads(head: object) -> None:
    assert read(head=head).head is None


def test_a_task_that_is_not_there_means_the_first() -> None:
    assert read(task="../../etc").task == "semseg"

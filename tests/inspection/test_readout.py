import numpy as np
import pytest

from bridgenet.inspection import read_place
from bridgenet.sources import SOURCES
from bridgenet.tasks import IGNORE, TaskName

LEFT, RIGHT = (0.1, 0.5), (0.9, 0.5)


@pytest.mark.parametrize(
    ("task", "left", "said"),
    [
        ("semseg", 1, "floor"),
        ("human_parts", 2, "torso"),
        ("depth", 2.346, "2.35 m"),
        ("normals", (0.0, 1.0, -0.04), "right +0.0, up +1.0, towards you -0.0"),
        ("edge", 0.254, "25%"),
    ],
)
def test_a_place_is_read_in_the_words_of_its_task(task: TaskName, left: object, said: str) -> None:
    array = np.array([[left, left]])
    assert read_place(task, array, LEFT, SOURCES["made_rooms"].classes) == said


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("semseg", [0, IGNORE]),
        ("depth", [1.0, np.nan]),
        ("normals", [(0.0, 1.0, 0.0), (0.0, 0.0, 0.0)]),
        ("sal", [0.5, np.nan]),
    ],
)
def test_what_nobody_knows_is_called_unknown(task: TaskName, row: list) -> None:
    assert read_place(task, np.array([row]), RIGHT, SOURCES["made_rooms"].classes) == "unknown"
    assert read_place(task, np.array([row]), LEFT, SOURCES["made_rooms"].classes) != "unknown"

import numpy as np
import pytest

from bridgenet.drawing import read_place
from bridgenet.labels import class_names
from bridgenet.tasks import IGNORE, TaskName

LEFT, RIGHT = (0.1, 0.5), (0.9, 0.5)


@pytest.mark.parametrize(
    ("task", "left", "said"),
    [
        ("semseg", 1, class_names("made_rooms")[1]),
        ("human_parts", 2, class_names("human_parts")[2]),
        ("depth", 2.346, "2.35 m"),
        ("normals", (0.0, 1.0, -0.04), "right +0.0, up +1.0, towards you -0.0"),
        ("edge", 0.254, "25%"),
    ],
)
def test_a_place_is_read_in_the_words_of_its_task(task: TaskName, left: object, said: str) -> None:
    array = np.array([[left, left]])
    assert read_place(task, array, LEFT, "made_rooms") == said


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
    assert read_place(task, np.array([row]), RIGHT, "made_rooms") == "unknown"
    assert read_place(task, np.array([row]), LEFT, "made_rooms") != "unknown"

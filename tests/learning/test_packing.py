import numpy as np

from bridgenet.learning.packing import STEPS, pack_answer, unpack_answer, unpack_answers
from bridgenet.tasks import TASKS


def random_normals() -> np.ndarray:
    normals = np.random.default_rng(0).normal(size=(6, 8, 3))
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def test_classes_come_back_exactly_and_measures_to_half_a_step() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 40, (6, 8))
    assert np.array_equal(unpack_answer("semseg", pack_answer("semseg", labels)), labels)
    depth, edge = random.uniform(0.5, 10, (6, 8)), random.uniform(0, 1, (6, 8))
    assert np.abs(unpack_answer("depth", pack_answer("depth", depth)) - depth).max() <= 0.0251
    assert np.abs(unpack_answer("edge", pack_answer("edge", edge)) - edge).max() <= 0.0101


def test_normals_come_back_with_length_one_and_hardly_turned() -> None:
    normals = random_normals()
    back = unpack_answer("normals", pack_answer("normals", normals))
    assert np.allclose(np.linalg.norm(back, axis=-1), 1, atol=1e-5)
    assert np.degrees(np.arccos((back * normals).sum(-1).clip(-1, 1))).max() < 2


def test_distances_beyond_the_scale_stay_at_its_end() -> None:
    assert unpack_answer("depth", pack_answer("depth", np.array([[80.0, -1.0]]))).tolist() == [[12.75, 0.0]]


def test_answers_are_sorted_by_network_and_task() -> None:
    packed = pack_answer("depth", np.ones((2, 2)))
    answers = unpack_answers({"full/depth": packed, "without-tpp/depth": packed, "room": np.array(3)})
    assert {name: list(given) for name, given in answers.items()} == {"full": ["depth"], "without-tpp": ["depth"]}


def test_every_task_can_be_packed() -> None:
    assert set(STEPS) == {task.kind for task in TASKS.values()}

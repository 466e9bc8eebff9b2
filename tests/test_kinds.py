from typing import get_args

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from bridgenet.kinds import (
    activate,
    angle_between,
    change_map,
    difference,
    error_array,
    error_at,
    truth_array,
    truth_tensor,
    turned_back,
    words,
)
from bridgenet.tasks import IGNORE, TASKS, Kind, of_kind


def test_values_of_hand_made_logits() -> None:
    logits = torch.tensor([0.0, np.log(3)], dtype=torch.float32).reshape(2, 1, 1)
    labels, confidence = activate("semseg", logits)
    assert labels.item() == 1 and confidence.item() == pytest.approx(0.75)
    assert activate("sal", logits)[0].item() == pytest.approx(0.75)
    assert activate("edge", logits[1:])[0].item() == pytest.approx(0.75)
    assert activate("depth", torch.full((1, 1, 1), -2.0))[0].item() == 0
    normal, _ = activate("normals", torch.tensor([0.0, 3.0, 4.0]).reshape(3, 1, 1))
    torch.testing.assert_close(normal[0, 0], torch.tensor([0.0, 0.6, 0.8]))


def test_angles_are_exact_where_vectors_agree_and_where_they_oppose() -> None:
    one = torch.tensor([[0.6, 0.0, 0.8]] * 3)
    two = torch.tensor([[0.6, 0.0, 0.8], [-0.6, 0.0, -0.8], [0.0, 2.0, 0.0]])
    assert_close(angle_between(one, two, dim=-1), torch.tensor([0.0, 180.0, 90.0]))


def test_differences_are_b_minus_a_in_the_unit_of_the_task() -> None:
    near, far = np.full((2, 2), 1.5, np.float32), np.full((2, 2), 2.0, np.float32)
    assert difference("depth", near, far) == pytest.approx(0.5)
    up, right = np.array([[[0, 1, 0]]], np.float32), np.array([[[1, 0, 0]]], np.float32)
    assert difference("normals", up, right) == pytest.approx(90)
    assert difference("normals", up, up)[0, 0] == 0
    assert difference("semseg", np.array([[1, 2]]), np.array([[1, 3]])).tolist() == [[0, 1]]


def test_ground_truth_takes_the_form_of_a_prediction_and_marks_what_is_unknown() -> None:
    labels = torch.tensor([[3, IGNORE]])
    assert truth_array("semseg", labels).tolist() == [[3, IGNORE]]
    depth = truth_array("depth", torch.tensor([[[2.5, IGNORE]]]))
    assert depth[0, 0] == 2.5 and np.isnan(depth[0, 1])
    normals = torch.tensor([[[0.0, IGNORE]], [[1.0, IGNORE]], [[0.0, IGNORE]]])
    assert truth_array("normals", normals)[0].tolist() == [[0, 1, 0], [0, 0, 0]]
    edge = truth_array("edge", torch.tensor([[1, IGNORE]]))
    assert edge[0, 0] == 1 and np.isnan(edge[0, 1])


def test_what_is_not_known_is_marked_in_every_channel() -> None:
    depth = truth_tensor("depth", np.array([[1.5, np.nan]]))
    assert depth.tolist() == [[[1.5, IGNORE]]]
    normals = np.zeros((1, 3, 3))
    normals[0, 0], normals[0, 1] = (0, 0.6, 0.8), (0, np.nan, 1)
    marked = truth_tensor("normals", normals)
    assert marked.shape == (1, 3, 1, 3)
    assert marked[0, :, 0, 0].tolist() == pytest.approx([0, 0.6, 0.8])
    assert (marked[0, :, 0, 1:] == IGNORE).all()


def test_a_truth_that_was_given_is_left_as_it_was() -> None:
    given = np.array([[np.nan, 2.0]], dtype=np.float32)
    truth_tensor("depth", given)
    assert np.isnan(given[0, 0])


def test_arrays_and_tensors_measure_the_same_error() -> None:
    torch.manual_seed(0)
    true = {
        "semseg": np.array([[1, IGNORE, 0]], np.uint8),
        "depth": np.array([[1.5, np.nan, 3.0]], np.float32),
        "normals": np.array([[[0, 0.6, 0.8], [np.nan] * 3, [1, 0, 0]]], np.float32),
        "sal": np.array([[1, IGNORE, 0]], np.uint8),
        "edge": np.array([[1, IGNORE, 0]], np.uint8),
    }
    for task, truth in true.items():
        logits = torch.rand(1, TASKS[task].channels or 4, 1, 3)
        said = activate(task, logits[0])[0].numpy()
        ours, theirs = error_array(task, said, truth), error_at(task, logits, truth_tensor(task, truth))[0]
        assert np.isnan(ours).tolist() == [[False, True, False]], task
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, err_msg=task)


def test_what_is_equal_has_not_changed_and_what_is_turned_back_twice_is_itself() -> None:
    torch.manual_seed(0)
    for task, about in TASKS.items():
        logits = torch.rand(2, about.channels or 4, 3, 5)
        assert not change_map(task, logits, logits.clone()).any(), task
        assert_close(turned_back(task, turned_back(task, logits)), logits, rtol=0, atol=0)


def test_every_kind_has_a_task_and_every_task_its_words() -> None:
    assert {kind for kind in get_args(Kind) if of_kind(kind)} == set(get_args(Kind))
    said = {task: words(task, 0.25) for task in TASKS}
    assert said == {
        "semseg": "0.2 %",
        "human_parts": "0.2 %",
        "depth": "0.25 m",
        "normals": "0.2°",
        "sal": "0.25",
        "edge": "0.25",
    }


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no task 'deph'\. Known: semseg, human_parts, depth"):
        change_map("deph", torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))

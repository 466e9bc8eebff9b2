import numpy as np
import pytest
import torch
from toys import hooks_of, lively, same, traced

from bridgenet.inspection import comparable_tasks, error_in_words, picture_errors, with_other_bridge
from bridgenet.sources import SOURCES
from bridgenet.tasks import IGNORE

DEEP = {"refiner_blocks": (1, 1), "token_reduction": (2, 4)}


def test_a_segmentation_is_compared_only_in_the_classes_of_the_network() -> None:
    known = {"semseg": 0, "depth": 0}
    assert comparable_tasks(known, SOURCES["made_rooms"].classes, SOURCES["made_rooms"].classes) == ("semseg", "depth")
    assert comparable_tasks(known, SOURCES["made_rooms"].classes, SOURCES["nyud"].classes) == ("depth",)


def test_errors_are_one_per_picture_and_leave_out_what_is_not_known() -> None:
    logits = torch.tensor([1.0, 2.0, 3.0, 5.0]).reshape(2, 1, 1, 2)
    truth = torch.tensor([1.5, IGNORE, 1.0, 1.0]).reshape(2, 1, 1, 2)
    assert picture_errors("depth", logits, truth).tolist() == [0.5, 3.0]
    nothing = torch.full((2, 1, 2), float(IGNORE))
    assert np.isnan(picture_errors("depth", logits, nothing)).all()


def test_classes_are_counted_in_per_cent() -> None:
    logits = torch.tensor([[[[9.0, 0.0, 0.0, 0.0]], [[0.0, 9.0, 9.0, 9.0]]]])
    truth = torch.tensor([[[0, 1, 1, 0]]])
    assert picture_errors("semseg", logits, truth).tolist() == [25.0]


def test_what_is_rare_counts_as_much_as_the_rest() -> None:
    nowhere = torch.full((1, 1, 10, 10), -50.0)
    truth = torch.zeros(1, 10, 10)
    truth[0, 0, 0] = 1
    assert picture_errors("edge", nowhere, truth) == pytest.approx([0.5])
    assert picture_errors("edge", -nowhere, truth) == pytest.approx([0.5])
    assert picture_errors("edge", nowhere, torch.zeros(1, 10, 10)) == pytest.approx([0.0])
    truth[0, 5] = IGNORE
    assert picture_errors("edge", nowhere, truth) == pytest.approx([0.5])


def test_a_network_given_its_own_bridge_answers_as_before() -> None:
    model = lively(**DEEP)
    trace = traced(model)
    assert same(with_other_bridge(model, trace, [stage.bridge for stage in trace.stages]), trace)


def test_a_task_follows_the_bridge_that_it_is_given() -> None:
    model = lively(**DEEP)
    trace = traced(model)
    other = with_other_bridge(model, trace, [stage.bridge.flip(-1) for stage in trace.stages])
    for task in model.tasks:
        assert torch.equal(other.stages[0].task_specific[task], trace.stages[0].task_specific[task])
        assert not torch.equal(other.predictions[task], trace.predictions[task])
    assert hooks_of(model) == 0


def test_a_bridge_of_another_shape_is_refused() -> None:
    model = lively(**DEEP)
    trace = traced(model)
    with pytest.raises(ValueError, match="trace of its size"):
        with_other_bridge(model, trace, [stage.bridge[..., :1] for stage in trace.stages])
    alone = lively(bfe=False)
    with pytest.raises(ValueError, match="no bridge to exchange"):
        with_other_bridge(alone, traced(alone), [])


def test_every_error_has_a_unit_in_words() -> None:
    assert error_in_words("semseg", 33.6) == "34 % wrong"
    assert error_in_words("human_parts", 3.36) == "3.4 % wrong"
    assert error_in_words("depth", 0.567) == "0.57 m off"
    assert error_in_words("normals", 13.82) == "13.8° off"
    assert error_in_words("edge", 0.464) == "0.46 off"

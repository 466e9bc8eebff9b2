import pytest
import torch
from torch import Tensor

from bridgenet.inspection import Pixel, Segment, target_at
from bridgenet.model import BridgeNet
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

PLACE = Pixel(0.3, 0.6)


@pytest.fixture
def trace(tiny_model: BridgeNet) -> Trace:
    with torch.inference_mode():
        return tiny_model.eval()(torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)))


def here(trace: Trace, task: TaskName) -> Tensor:
    prediction = trace.predictions[task][0]
    row, column = PLACE.place((prediction.shape[-2], prediction.shape[-1]))
    return prediction[:, row, column]


def test_a_place_asks_for_the_class_that_is_predicted_there(trace: Trace) -> None:
    assert target_at(trace, "semseg", PLACE).component == int(here(trace, "semseg").argmax())


def test_a_place_asks_for_the_largest_component_of_the_normal(trace: Trace) -> None:
    assert target_at(trace, "normals", PLACE).component == int(here(trace, "normals").abs().argmax())


def test_depth_is_asked_for_at_the_place_itself(trace: Trace) -> None:
    target = target_at(trace, "depth", PLACE)
    assert target.component is None
    assert float(target.value(trace)[0]) == pytest.approx(float(here(trace, "depth")[0]))


def test_the_segment_around_a_place_contains_it(trace: Trace) -> None:
    target = target_at(trace, "semseg", PLACE, segment=True)
    assert isinstance(target.region, Segment)
    assert target.region.pixels[PLACE.place(target.region.pixels.shape)]


def test_a_task_without_classes_has_no_segment(trace: Trace) -> None:
    with pytest.raises(ValueError, match="no predicted segments"):
        target_at(trace, "depth", PLACE, segment=True)


def test_a_task_that_the_network_lacks_is_named(trace: Trace) -> None:
    del trace.predictions["depth"]
    with pytest.raises(ValueError, match="does not predict depth"):
        target_at(trace, "depth", PLACE)

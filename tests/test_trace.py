import pytest
import torch

from bridgenet.model import BridgeNet
from bridgenet.trace import Trace


@pytest.fixture
def trace(tiny_model: BridgeNet) -> Trace:
    with torch.inference_mode():
        return tiny_model(torch.rand(1, 3, 64, 96))


def test_a_dotted_path_reaches_the_tensor_of_the_field(trace: Trace) -> None:
    assert trace["stages.0.bridge"] is trace.stages[0].bridge
    assert trace["predictions.depth"] is trace.predictions["depth"]


def test_items_name_every_tensor_once(trace: Trace) -> None:
    paths = [path for path, _ in trace.items()]
    assert len(paths) == len(set(paths))
    assert paths[0] == "task_generic.0" and paths[-1].startswith("predictions.")


def test_a_misspelt_path_is_answered_with_the_known_ones(trace: Trace) -> None:
    with pytest.raises(KeyError, match=r"No tensor at 'stages.0.bride'. Known: task_generic.0"):
        trace["stages.0.bride"]


def test_what_was_switched_off_has_no_path(trace: Trace) -> None:
    assert "stages.0.bridge" in trace and "stages.9.bridge" not in trace

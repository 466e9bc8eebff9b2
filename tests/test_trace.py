from dataclasses import replace

import pytest
import torch

from bridgenet import build_model
from bridgenet.config import ModelConfig
from bridgenet.config.systems import System
from bridgenet.model import NETWORKS, BridgeNet
from bridgenet.tasks import TASKS
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


@pytest.mark.parametrize("system", NETWORKS)
def test_whatever_belongs_to_tasks_stands_in_the_order_of_the_config(system: System, tiny_config: ModelConfig) -> None:
    order = list(reversed(tiny_config.tasks))
    tasks = {task: tiny_config.tasks[task] for task in order}
    model = build_model(replace(tiny_config, system=system, tasks=tasks)).eval()
    with torch.inference_mode():
        paths = model(torch.rand(1, 3, 64, 96)).keys()
    rows: dict[str, list[str]] = {}
    for path in paths:
        where, _, task = path.rpartition(".")
        if task in TASKS:
            rows.setdefault(where, []).append(task)
    assert len(rows) > 1
    for where, found in rows.items():
        assert found == [task for task in order if task in found], where

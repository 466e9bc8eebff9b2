"""PAD-Net and InvPT trained with nothing to say to each other: the controls of what their pairs bring."""

import pytest
import torch

from bridgenet import build_model
from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.config.systems import InvPtConfig, PadNetConfig, System, SystemConfigs
from bridgenet.inspection import without_task
from bridgenet.inspection.cost import network_cost
from bridgenet.inspection.intervene import decode_again

TASKS = {"semseg": 4, "depth": 1, "normals": 3}
TOGETHER = SystemConfigs(pad_net=PadNetConfig(8), invpt=InvPtConfig(16, 8))
ALONE = SystemConfigs(pad_net=PadNetConfig(8, messages=False), invpt=InvPtConfig(16, 8, reads_others=False))
TO_THEMSELVES = SystemConfigs(pad_net=PadNetConfig(8, reads_others=False))


def config(system: System, systems: SystemConfigs = TOGETHER) -> ModelConfig:
    return ModelConfig(tasks=TASKS, backbone=BackboneConfig("test_efficientnet"), system=system, systems=systems)


@pytest.mark.parametrize("system", ["pad-net", "invpt"])
def test_a_network_whose_tasks_send_nothing_is_the_one_where_every_task_is_cut(system: System) -> None:
    torch.manual_seed(0)
    together, alone = (build_model(config(system, systems)).eval() for systems in (TOGETHER, ALONE))
    assert together.meetings and alone.meetings == ()
    weights = together.state_dict()
    missing, _ = alone.load_state_dict(weights, strict=False)
    assert missing == []
    images = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        trace = together(images)
        with without_task(together, trace, list(TASKS), "mask", norm="free"):
            cut = decode_again(together, trace).predictions
        said = alone(images).predictions
    for task in TASKS:
        assert torch.allclose(said[task], cut[task], atol=1e-6)
        assert not torch.allclose(said[task], trace.predictions[task], atol=1e-4)


def test_what_is_left_out_with_the_messages_is_their_weights_alone() -> None:
    pairs = len(TASKS) * (len(TASKS) - 1)
    sizes = {
        systems.pad_net.messages: network_cost(config("pad-net", systems), (64, 96)) for systems in (TOGETHER, ALONE)
    }
    assert sizes[True].parameters - sizes[False].parameters == pairs * 2 * 9 * 8**2
    sizes = {
        systems.invpt.reads_others: network_cost(config("invpt", systems), (64, 96)) for systems in (TOGETHER, ALONE)
    }
    assert sizes[True] == sizes[False]


def test_a_task_that_writes_to_itself_has_all_weights_and_all_work_but_hears_of_nobody() -> None:
    """Of PAD-Net: the messages of all others, made of what the target itself has."""
    torch.manual_seed(0)
    together, alone = (build_model(config("pad-net", systems)).eval() for systems in (TOGETHER, TO_THEMSELVES))
    alone.load_state_dict(together.state_dict())
    assert network_cost(alone.config, (64, 96)) == network_cost(together.config, (64, 96))
    assert alone.meetings == ()
    with torch.inference_mode():
        trace = alone(torch.rand(1, 3, 64, 96))
        moved = dict(trace.task_specific, depth=trace.task_specific["depth"] + 1)
        own, _ = alone.distillation(trace.task_specific)
        got, exchange = alone.distillation(moved)
        same = dict.fromkeys(TASKS, trace.task_specific["depth"])
        sent, _ = together.distillation(same)
        to_itself, _ = alone.distillation(same)
    assert trace.exchange == exchange == {}
    assert [task for task in TASKS if not torch.equal(own[task], got[task])] == ["depth"]
    assert torch.equal(to_itself["depth"], sent["depth"])


@pytest.mark.parametrize(
    ("system", "systems"),
    [("pad-net", ALONE), ("pad-net", TO_THEMSELVES), ("invpt", ALONE)],
    ids=["none", "own", "own-tokens"],
)
def test_every_weight_of_a_network_whose_tasks_send_nothing_is_trained(system: System, systems: SystemConfigs) -> None:
    model = build_model(config(system, systems)).train()
    trace = model(torch.rand(2, 3, 64, 96))
    sum(answer.sum() for answer in (*trace.predictions.values(), *trace.preliminary.values())).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []

"""The networks whose tasks send each other messages: who meets whom, and what a cut does."""

from dataclasses import replace

import pytest
import torch

from bridgenet import PRESETS, build_model
from bridgenet.config import BackboneConfig, LossConfig, ModelConfig
from bridgenet.config.systems import MtiNetConfig, PadNetConfig, System, SystemConfigs
from bridgenet.inspection import cut_trace, interaction_matrix
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.model import Network
from bridgenet.model.network import REMOVALS

SYSTEMS: tuple[System, ...] = ("pad-net", "mti-net")
TASKS = {"semseg": 4, "depth": 1, "normals": 3}


def config(system: System, **changes: object) -> ModelConfig:
    systems = SystemConfigs(pad_net=PadNetConfig(width=8))
    return replace(PRESETS["rooms-tiny"].model, tasks=TASKS, system=system, systems=systems, **changes)


def network(system: System, **changes: object) -> Network:
    torch.manual_seed(0)
    return build_model(config(system, **changes)).eval()


@pytest.fixture(scope="module", params=SYSTEMS)
def model(request: pytest.FixtureRequest) -> Network:
    return network(request.param)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_nothing_cut_is_bit_for_bit_the_same_and_a_cut_moves_the_others_alone(
    model: Network, images: torch.Tensor
) -> None:
    trace = model(images)
    uncut = cut_trace(model, trace, ())
    assert all(torch.equal(uncut.logits[task], trace.logits[task]) for task in TASKS)
    for removal in REMOVALS:
        cut = cut_trace(model, trace, "depth", removal=removal, other=model(images.flip(0)))
        same = {task for task in TASKS if torch.equal(cut.logits[task], trace.logits[task])}
        # What MTI-Net joins on its way to finer scales is one for all, so a task that is cut moves itself, too.
        assert same == ({"depth"} if model.config.system == "pad-net" else set()), removal


def test_the_matrix_has_its_control_and_shares(model: Network, images: torch.Tensor) -> None:
    matrix = interaction_matrix(model, images[:1], draws=2)
    assert matrix.places == tuple(meeting.name for meeting in model.meetings)
    # Classes of a network that was never trained need not change.
    for target in (1, 2):
        others = [source for source in range(3) if source != target]
        assert (matrix.effect[others, target] > 0).all() and matrix.control[target] > 0


@torch.inference_mode()
def test_messages_are_what_is_added_to_a_feature(images: torch.Tensor) -> None:
    model = network("pad-net")
    trace = model(images)
    assert set(trace.exchange) == set(TASKS) and set(trace.exchange["depth"]) == {"semseg", "normals"}
    distilled, _ = model.distillation(trace.task_specific)
    sent = trace.exchange["semseg"]["depth"] + trace.exchange["normals"]["depth"]
    assert torch.allclose(distilled["depth"], trace.task_specific["depth"] + sent)
    (meeting,) = model.meetings
    shares = meeting.shares(trace)
    assert shares is not None and torch.allclose(shares.sum(dim=0), torch.ones(3, dtype=torch.float64))


@torch.inference_mode()
def test_messages_of_every_scale_are_what_is_added_there_and_went_through_the_gates_of_that_scale(
    images: torch.Tensor,
) -> None:
    model = network("mti-net")
    trace = model(images)
    assert trace.exchange is trace.stages[-1].exchange and len(trace.stages) > 2
    _, messages = model.meetings
    for index, stage in enumerate(trace.stages):
        sent = stage.exchange["semseg"]["depth"] + stage.exchange["normals"]["depth"]
        assert torch.allclose(stage.refined["depth"], stage.task_specific["depth"] + sent, atol=1e-6)
        sender = model.scales[-1 - index].distillation.messages["semseg"]["depth"]
        gate = messages.gates(trace, index)["semseg"]["depth"]
        assert torch.allclose(gate * sender.message(stage.task_specific["semseg"]), stage.exchange["semseg"]["depth"])
        assert f"stages.{index}.exchange.semseg.depth" in trace
    assert torch.equal(messages.gates(trace)["semseg"]["depth"], gate)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_task_alone_meets_nobody(system: System, images: torch.Tensor) -> None:
    alone = build_model(replace(config(system), tasks={"depth": 1})).eval()
    assert alone.meetings == ()
    with torch.inference_mode():
        assert alone(images).predictions["depth"].shape == (2, 1, 64, 96)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_task_that_is_not_asked_for_may_help(system: System, images: torch.Tensor) -> None:
    more = {**TASKS, "edge": 1}
    systems = SystemConfigs(pad_net=PadNetConfig(8, more), mti_net=MtiNetConfig(more))
    helped = build_model(replace(config(system), systems=systems))
    trace = helped(images)
    assert set(trace.preliminary) == set(more) and set(trace.predictions) == set(TASKS)
    sum(answer.square().mean() for answer in trace.predictions.values()).backward()
    assert all(weight.grad is not None for name, weight in helped.named_parameters() if "preliminary" not in name)


@pytest.mark.parametrize("system", SYSTEMS)
def test_auxiliary_tasks_that_leave_one_out_are_refused(system: System) -> None:
    some = {"depth": 1, "edge": 1}
    systems = SystemConfigs(pad_net=PadNetConfig(8, some), mti_net=MtiNetConfig(some))
    with pytest.raises(ValueError, match="semseg, normals is missing"):
        build_model(replace(config(system), systems=systems))


def test_a_width_that_residual_blocks_cannot_quarter_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        PadNetConfig(width=10)


@pytest.mark.parametrize(
    "backbone",
    [
        BackboneConfig("test_vit", taps=(1, 3, 4, 6)),
        BackboneConfig("test_resnet", output_stride=8),
        BackboneConfig("test_efficientnet"),
    ],
    ids=lambda backbone: backbone.name,
)
def test_scales_halve_on_any_backbone_and_each_answers_and_learns(
    backbone: BackboneConfig, images: torch.Tensor
) -> None:
    model = network("mti-net", backbone=backbone).train()
    trace = model(images[..., :61, :95])  # No multiple of anything: grids are rounded up.
    grids = [tuple(stage.task_specific["depth"].shape[-2:]) for stage in trace.stages]
    assert grids == [(2, 3), (4, 6), (8, 12), (16, 24)]
    assert trace.stages[-1].preliminary["depth"] is trace.preliminary["depth"]
    assert any(True for _ in model.pyramid.parameters()) == (backbone.name != "test_efficientnet")

    targets = {
        "semseg": torch.randint(0, 4, (2, 61, 95)),
        "depth": torch.rand(2, 1, 61, 95) * 5,
        "normals": torch.nn.functional.normalize(torch.randn(2, 3, 61, 95), dim=1),
    }
    losses = MultiTaskLoss(LossConfig(), TASKS)(trace, targets)
    of_scales = [
        MultiTaskLoss(LossConfig(), TASKS)(replace(trace, stages=(), preliminary=stage.preliminary), targets)
        for stage in trace.stages
    ]
    for task in TASKS:
        assert torch.allclose(losses.preliminary[task], sum(scale.preliminary[task] for scale in of_scales))
    losses.total.backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_features_of_mti_net_have_the_widths_that_are_asked_for() -> None:
    systems = SystemConfigs(mti_net=MtiNetConfig(width=24))
    model = build_model(replace(config("mti-net"), systems=systems)).eval()
    trace = model(torch.rand(1, 3, 64, 96))
    assert [stage.task_specific["depth"].shape[1:] for stage in trace.stages] == [
        (24, 2, 3), (12, 4, 6), (6, 8, 12), (3, 16, 24)
    ]  # fmt: skip

"""InvPT: every task reads the tokens of all tasks, in every stage."""

from dataclasses import replace

import pytest
import torch

from bridgenet import PRESETS, build_model
from bridgenet.catalogue import explain
from bridgenet.config import BackboneConfig, LossConfig, ModelConfig
from bridgenet.config.systems import InvPtConfig, SystemConfigs
from bridgenet.inspection import cut_trace, interaction_matrix, random_drop, without_task
from bridgenet.inspection.intervene import decode_again
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.model import Network, build_decoder
from bridgenet.model.network import REMOVALS
from bridgenet.model.peers.invpt import InvPt
from bridgenet.trace import Trace

TASKS = {"semseg": 4, "depth": 1, "normals": 3}
BACKBONES = ("test_efficientnet", "test_vit")


def config(backbone: str = "test_efficientnet", tasks: dict[str, int] = TASKS) -> ModelConfig:
    systems = SystemConfigs(invpt=InvPtConfig(embed_width=16, prediction_width=8))
    return ModelConfig(tasks=tasks, backbone=BackboneConfig(backbone), system="invpt", systems=systems)


@pytest.fixture(scope="module", params=BACKBONES)
def model(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(0)
    model = build_model(config(request.param)).eval()
    with torch.no_grad():  # Attention that differs from place to place, as after training.
        for name, weight in model.named_parameters():
            if "project.query" in name or "project.key" in name:
                weight.mul_(50)
    return model


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Whose base grid has odd sides: 3 x 5."""
    return torch.rand(2, 3, 90, 130, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def trace(model: Network, images: torch.Tensor) -> Trace:
    with torch.inference_mode():
        return model(images)


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {task for task in before if not torch.equal(before[task], after[task])}


def test_a_stage_doubles_the_grid_and_keeps_the_number_of_tokens_of_each_task(trace: Trace) -> None:
    assert all(explain(path) for path, _ in trace.items())
    assert [stage.refined["depth"].shape[1:] for stage in trace.stages] == [(24, 3, 5), (12, 6, 10), (6, 12, 20)]
    assert [(stage.query_grid, stage.key_grid) for stage in trace.stages] == [
        ((2, 3), (2, 3)),
        ((3, 5), (2, 3)),
        ((6, 10), (2, 3)),
    ]
    for stage in trace.stages:
        rows, columns = stage.query_grid
        for task in TASKS:
            read = stage.read_by(task)
            assert list(read) == list(TASKS) and read["semseg"].shape == (2, 2, rows * columns, 6)
            assert torch.allclose(sum(part.sum(dim=-1) for part in read.values()), torch.ones(()))
    assert {feature.shape[-2:] for feature in trace.fused.values()} == {(23, 33)}
    assert {answer.shape[-2:] for answer in trace.predictions.values()} == {(90, 130)}


@torch.inference_mode()
def test_nothing_cut_is_bit_for_bit_the_same_and_a_cut_moves_every_other_task(
    model: Network, images: torch.Tensor, trace: Trace
) -> None:
    assert moved(trace.logits, cut_trace(model, trace, ()).logits) == set()
    other = model(images.flip(0))
    for removal in REMOVALS:
        cut = cut_trace(model, trace, "depth", removal=removal, other=other)
        # Depth keeps its own tokens. In finer stages it reads others that lack what it said: an echo of its own.
        assert moved(trace.stages[0].refined, cut.stages[0].refined) == {"semseg", "normals"}, removal
        assert moved(trace.logits, cut.logits) >= {"semseg", "normals"}, removal
        both = cut_trace(model, trace, ("depth", "semseg"), removal=removal, other=other)
        assert moved(trace.stages[0].refined, both.stages[0].refined) == set(TASKS), removal


@torch.inference_mode()
def test_of_a_task_that_is_cut_nothing_reaches_another(model: Network, images: torch.Tensor, trace: Trace) -> None:
    elsewhere = model(images.flip(-1))
    told = replace(trace, mixed=trace.mixed | {"depth": elsewhere.mixed["depth"]})
    size = (90, 130)
    assert moved(trace.logits, model.refine(told, size).logits) == set(TASKS)
    for removal in ("mask", "zero"):
        with without_task(model, trace, "depth", removal):
            before, after = model.refine(trace, size), model.refine(told, size)
        for stage, changed in zip(before.stages, after.stages, strict=True):
            assert moved(stage.refined, changed.refined) == {"depth"}, removal


@torch.inference_mode()
def test_a_task_that_is_masked_gets_no_attention_but_its_own(model: Network, trace: Trace) -> None:
    for stage in cut_trace(model, trace, "depth").stages:
        assert [bool(stage.read_by(task)["depth"].any()) for task in TASKS] == [False, True, False]
    swapped = cut_trace(model, trace, "depth", removal="swap", other=trace)
    assert all(torch.allclose(swapped.logits[task], trace.logits[task], atol=1e-5) for task in TASKS)


def test_the_matrix_has_its_control_and_its_shares_tell_who_is_read(
    model: Network, images: torch.Tensor, trace: Trace
) -> None:
    matrix = interaction_matrix(model, images[:1], draws=1)
    assert matrix.places == ("attention",) and (matrix.control[1:] > 0).all()
    for target in (1, 2):  # Classes of a network that was never trained need not change.
        assert all(matrix.effect[source, target] > 0 for source in range(3) if source != target)
    (meeting,) = model.meetings
    shares = meeting.shares(trace)
    assert shares is not None and torch.allclose(shares.sum(dim=0), torch.ones(3, dtype=torch.float64))
    stages = replace(trace, stages=trace.stages[:1])
    one = torch.stack([trace.stages[0].read_by("normals")[task].sum(dim=-1).mean() for task in TASKS])
    assert torch.allclose(meeting.shares(stages)[:, 2].float(), one)
    with torch.inference_mode(), random_drop(model, trace, 0.5, seed=3):
        dropped = decode_again(model, trace)
    gone = [(stage.cross_attention["depth"] == 0).all(dim=(0, 1, 2)) for stage in dropped.stages]
    assert all(stage.sum() == 9 and stage.numel() == 18 for stage in gone)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("count", [1, 6])
def test_every_parameter_learns_from_final_and_preliminary_losses(backbone: str, count: int) -> None:
    tasks = dict(list(PRESETS["rooms-tiny"].model.tasks.items())[:count])
    model = build_model(config(backbone, tasks))
    assert bool(model.meetings) == model.norms_jointly == (count > 1)
    trace = model(torch.rand(2, 3, 50, 70))
    targets = {task: torch.zeros(2, 50, 70, dtype=torch.long) for task in tasks}
    for task in tasks:
        if task in ("depth", "normals"):
            targets[task] = torch.ones(2, tasks[task], 50, 70)
    losses = MultiTaskLoss(LossConfig(preliminary_weight=1.0), tasks)(trace, targets)
    assert set(losses.preliminary) == set(losses.final) == set(tasks)
    losses.total.backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_memory_can_be_spared_without_changing_the_gradient() -> None:
    gradients = []
    for spare in (False, True):
        torch.manual_seed(0)
        model = build_model(config("test_vit"))
        model.gradient_checkpointing = spare
        trace = model(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
        sum(answer.square().mean() for answer in trace.predictions.values()).backward()
        gradients.append([weight.grad for weight in model.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


def test_a_pyramid_gives_the_maps_that_have_the_grids_of_the_finer_stages() -> None:
    pyramid, plain = build_decoder(config(), (5, 6, 7, 8)), build_decoder(config(), (8, 8, 8, 8))
    assert isinstance(pyramid, InvPt) and isinstance(plain, InvPt)
    assert pyramid.stages[1].rise.skip.in_channels == 7 and pyramid.stages[2].rise.skip.in_channels == 6
    assert pyramid.skip_maps == (-2, -3) and plain.skip_maps == (1, 0)
    with pytest.raises(ValueError, match="at least 3 such backbone maps, got 2"):
        build_decoder(config(), (5, 6))


def test_widths_are_those_of_the_preset_and_must_be_halved_twice_and_split_into_heads() -> None:
    preset = replace(PRESETS["rooms-tiny"].model, system="invpt", tasks={"depth": 1})
    assert build_decoder(preset, (8, 8)).heads["depth"].in_channels == sum(
        (preset.embed_width, preset.prediction_width)
    )
    odd = replace(preset, systems=SystemConfigs(invpt=InvPtConfig(embed_width=12, prediction_width=8)))
    with pytest.raises(ValueError, match=r"embed_width \+ prediction_width of InvPT = 20 must be divisible by 8"):
        build_decoder(odd, (8, 8))

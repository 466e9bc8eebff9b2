"""ATRC: contexts of pairs, whose kinds are settings; regions that auxiliary answers divide an image into."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from bridgenet import PRESETS, build_model
from bridgenet.config import BackboneConfig, LossConfig, ModelConfig, from_dict, to_dict
from bridgenet.config.systems import AtrcConfig, SystemConfigs
from bridgenet.convert import peer_from_reference
from bridgenet.inspection import cut_trace, interaction_matrix, random_drop
from bridgenet.inspection.intervene import decode_again
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.model import Network
from bridgenet.model.network import REMOVALS
from bridgenet.tasks import IGNORE

TASKS = {"semseg": 4, "depth": 1, "normals": 3, "edge": 1}
KINDS = {
    "semseg": {"semseg": "target-label", "depth": "global", "edge": "none"},
    "depth": {"semseg": "source-label", "normals": "local"},
    "normals": {"semseg": "target-label", "depth": "local", "normals": "global"},
}
"""Semseg gathers from one other task, edge from none."""
LIMIT = 2e-5


def network(contexts: dict | None = None, **changes: object) -> Network:
    """A network whose contexts have an effect, as those of a network that has learnt."""
    torch.manual_seed(0)
    told = {"tasks": TASKS, "system": "atrc", "systems": SystemConfigs(atrc=AtrcConfig(contexts))}
    model = build_model(replace(PRESETS["rooms-tiny"].model, **told | changes)).eval()
    for projection in model.projections.values():
        torch.nn.init.uniform_(projection.norm.weight, 0.5, 1.5)
    return model


@pytest.fixture(scope="module")
def model() -> Network:
    return network(KINDS)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 37, 51, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def recorded(reference_root: Path) -> tuple[Network, dict[str, torch.Tensor]]:
    told = json.loads((reference_root / "peers/peer_atrc.json").read_text())
    tensors = load_file(reference_root / "peers/peer_atrc.safetensors")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    return peer_from_reference("atrc", told["config"], weights), tensors


def maps(tensors: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    return tuple(tensors[f"input/feature{level}"].clone() for level in range(4))


def test_the_backbone_learns_from_final_answers_alone_and_as_recorded(
    recorded: tuple[Network, dict[str, torch.Tensor]],
) -> None:
    network, tensors = recorded
    features = tuple(feature.requires_grad_() for feature in maps(tensors))
    trace = network.decode(features, (64, 96))
    auxiliary = [F.interpolate(answer, (64, 96), mode="bilinear") for answer in trace.preliminary.values()]
    loss = sum(answer.square().mean() for answer in (*trace.predictions.values(), *auxiliary))
    for level, gradient in enumerate(torch.autograd.grad(loss, features)):
        expected = tensors[f"grad/feature{level}"]
        assert (gradient - expected).abs().max() <= LIMIT * expected.abs().max(), level


@torch.inference_mode()
def test_places_that_are_left_out_belong_to_no_region(recorded: tuple[Network, dict[str, torch.Tensor]]) -> None:
    """As the original does with places of an image that hold 255; here somebody has to say which they are."""
    network, tensors = recorded
    image = torch.zeros(1, 1, 64, 96)
    image[..., math.floor(0.77 * 96) :] = IGNORE
    gone = F.interpolate(image, (16, 24), mode="nearest") == IGNORE
    hook = network.regions.register_forward_pre_hook(lambda module, inputs: inputs[0].masked_fill(gone, -math.inf))
    trace = network.decode(maps(tensors), (64, 96))
    said = {f"logits/{task}": logits for task, logits in trace.logits.items()}
    said |= {f"aux_prob/{task}": network.regions(answer) for task, answer in trace.preliminary.items()}
    hook.remove()
    for name, seen in said.items():
        expected = tensors[f"ignore/{name}"]
        assert (seen - expected).abs().max() <= LIMIT * expected.abs().max(), name


@torch.inference_mode()
def test_a_cut_moves_those_that_gather_from_the_task_and_nobody_else(model: Network, images: torch.Tensor) -> None:
    trace, other = model(images), model(images.flip(0))
    uncut = cut_trace(model, trace, ())
    assert all(torch.equal(uncut.logits[task], trace.logits[task]) for task in TASKS)
    for removal in REMOVALS:
        for source in TASKS:
            gather = {target for target, row in KINDS.items() if target != source and row.get(source, "none") != "none"}
            cut = cut_trace(model, trace, source, removal=removal, other=other)
            moved = {task for task in TASKS if not torch.equal(cut.logits[task], trace.logits[task])}
            assert moved == gather, (removal, source)
    with random_drop(model, trace, 1 / len(TASKS), seed=0):
        dropped = decode_again(model, trace)
    assert {task for task in TASKS if not torch.equal(dropped.logits[task], trace.logits[task])} == set(KINDS)


@torch.inference_mode()
def test_swapping_for_the_same_image_changes_nothing(model: Network, images: torch.Tensor) -> None:
    trace = model(images)
    swapped = cut_trace(model, trace, tuple(TASKS), removal="swap", other=trace)
    assert all(torch.allclose(swapped.logits[task], trace.logits[task]) for task in TASKS)


def test_the_matrix_has_its_control_and_shares(images: torch.Tensor) -> None:
    model = network()
    matrix = interaction_matrix(model, images[:1], draws=1)
    assert matrix.places == ("contexts",) and (matrix.control[1:] > 0).all()
    others = torch.ones(4, 4).fill_diagonal_(0).bool().numpy()
    assert (matrix.effect[:, 1:][others[:, 1:]] > 0).all() and (matrix.effect[~others] == 0).all()
    assert (matrix.attention > 0).all()
    torch.testing.assert_close(torch.from_numpy(matrix.attention.sum(axis=0)), torch.ones(4, dtype=torch.float64))


@torch.inference_mode()
def test_shares_are_of_what_is_added_to_the_feature_of_the_target(model: Network, images: torch.Tensor) -> None:
    trace = model(images)
    (meeting,) = model.meetings
    shares = meeting.shares(trace)
    assert shares is not None and shares[:, 3].tolist() == [0, 0, 0, 1] and shares[3].tolist() == [0, 0, 0, 1]
    contexts = torch.cat([trace.exchange[source]["depth"] for source in ("semseg", "normals")], dim=1)
    projection = model.projections["depth"]
    refiner = model.refiners["depth"].conv
    both = torch.cat([trace.task_specific["depth"], projection(contexts) - projection(torch.zeros_like(contexts))], 1)
    together = sum(model.summands("depth", trace).values())
    torch.testing.assert_close(together.float(), refiner(both), rtol=1e-4, atol=1e-5)


CHANNELS = {"semseg": 4, "depth": 1, "normals": 3, "edge": 1, "sal": 2, "human_parts": 3}


def targets(tasks: dict[str, int], height: int, width: int) -> dict[str, torch.Tensor]:
    made = {task: torch.randint(0, max(count, 2), (2, height, width)) for task, count in tasks.items()}
    made["depth"] = torch.rand(2, 1, height, width) * 12
    made["normals"] = F.normalize(torch.randn(2, 3, height, width), dim=1)
    for target in made.values():
        target[..., :5] = IGNORE
    return {task: made[task] for task in tasks}


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize(
    "backbone",
    [BackboneConfig("test_resnet"), BackboneConfig("test_vit", taps=(1, 3, 4, 6))],
    ids=lambda backbone: backbone.name,
)
def test_all_of_it_learns_with_any_tasks_on_any_backbone(
    backbone: BackboneConfig, count: int, images: torch.Tensor
) -> None:
    torch.manual_seed(0)
    tasks = dict(list(CHANNELS.items())[:count])
    config = replace(PRESETS["rooms-tiny"].model, tasks=tasks, backbone=backbone, system="atrc")
    model = build_model(config)
    assert all(not projection.norm.weight.any() for projection in model.projections.values())
    assert bool(model.meetings) == (count > 1)
    learn, truth = torch.optim.Adam(model.parameters(), 1e-4), targets(tasks, 37, 51)
    judge = MultiTaskLoss(LossConfig(preliminary_weight=1.0), tasks)
    torch.manual_seed(1)  # The same channels are dropped before and after the step.
    losses = judge(model(images), truth)
    losses.total.backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
    learn.step()
    torch.manual_seed(1)
    with torch.no_grad():
        assert judge(model(images), truth).total < losses.total
    # Tasks that say yes or no of a pixel have no auxiliary answer.
    divided = {"semseg", "depth", "normals", "human_parts"} if count > 1 else set()
    assert set(losses.preliminary) == divided


def test_contexts_of_a_task_that_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match=r"contexts names sal, but this network has semseg, depth, normals, edge"):
        network({"depth": {"sal": "global"}})
    assert network({"depth": {"depth": "local"}}).meetings == ()


def test_a_config_with_contexts_is_written_and_read() -> None:
    config = replace(ModelConfig(), system="atrc", systems=SystemConfigs(atrc=AtrcConfig(KINDS, {"depth": 9})))
    assert from_dict(ModelConfig, json.loads(json.dumps(to_dict(config)))) == config

"""The networks whose tasks reach into the encoder: encoders in stages, who reads whom there, and what a cut does."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from narrow import NARROW
from PIL import Image
from torch import nn
from training_runs import SMALL_RUN, are_identical, told_to_everybody, train_here, weights

from bridgenet import build_model, evaluate, predict
from bridgenet.config import BackboneConfig, ModelConfig, OptimConfig
from bridgenet.config.systems import (
    CrossStitchConfig,
    System,
)
from bridgenet.examples import EXAMPLES
from bridgenet.inspection import cut_trace, interaction_matrix
from bridgenet.learning.freezing import freeze
from bridgenet.learning.optim import build_optimizer
from bridgenet.model import Network, build_decoder, synchronise_batch_norm
from bridgenet.model.backbone import build_backbone
from bridgenet.model.encoders import channels_in_stages
from bridgenet.model.network import REMOVALS
from bridgenet.model.peers.dilated_resnet import DilatedResNet
from bridgenet.model.peers.nddr import Nddr
from bridgenet.model.peers.residual import BasicBlock, Bottleneck
from bridgenet.trace import Trace
from bridgenet.train import INTERRUPTED

pytestmark = pytest.mark.slow

JOINED: tuple[System, ...] = ("cross-stitch", "nddr")
SYSTEMS: tuple[System, ...] = ("stl", *JOINED, "mtan")
BACKBONES = (BackboneConfig("test_efficientnet"), BackboneConfig("test_vit", taps=(1, 3, 4, 6)))
TASKS = {"semseg": 4, "depth": 1, "normals": 3}
ALL_TASKS = {**TASKS, "edge": 1, "sal": 2, "human_parts": 7}


def network(system: System, backbone: BackboneConfig = BACKBONES[0], **changes: object) -> Network:
    torch.manual_seed(0)
    config = ModelConfig(tasks=TASKS, backbone=backbone, system=system, systems=NARROW, drop_path=0.0)
    return build_model(replace(config, **changes)).eval()


def same(trace: Trace, other: Trace) -> set[str]:
    """The tasks whose answers are equal bit for bit."""
    return {task for task in trace.logits if torch.equal(trace.logits[task], other.logits[task])}


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_mambaout", "test_vit"])
@torch.inference_mode()
def test_stages_in_a_row_are_the_whole_backbone(name: str, images: torch.Tensor) -> None:
    backbone = build_backbone(BackboneConfig(name)).eval()
    passing, whole = backbone.begin(images[..., :51, :]), backbone(images[..., :51, :])
    for stage, feature in enumerate(whole):
        passing = backbone.advance(stage, passing)
        assert torch.equal(passing.feature, feature)
        assert passing.before_last.shape == feature.shape
    assert channels_in_stages(backbone, name)["stage4"] == backbone.channels[-1]


def test_a_backbone_that_cannot_be_run_in_stages_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'mvitv2_tiny' cannot be run a stage at a time.* its map block\.0"):
        network("mtan", BackboneConfig("mvitv2_tiny"))
    with pytest.raises(ValueError, match=r"The stem of the backbone 'pvt_v2_b0' makes no map"):
        network("nddr", BackboneConfig("pvt_v2_b0"))
    with pytest.raises(ValueError, match="cannot be built without a backbone"):
        build_decoder(ModelConfig(system="cross-stitch"), (8, 8, 8, 8))
    with pytest.raises(ValueError, match="give it images, not feature maps"):
        network("stl").decode((torch.zeros(1, 8, 2, 3),), (64, 96))


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda backbone: backbone.name)
@pytest.mark.parametrize("system", JOINED)
@torch.inference_mode()
def test_a_cut_between_encoders_moves_the_others_alone(
    system: System, backbone: BackboneConfig, images: torch.Tensor
) -> None:
    model = network(system, backbone)
    trace, other = model(images), model(images.flip(0))
    uncut = cut_trace(model, trace, ())
    assert all(torch.equal(tensor, uncut[path]) for path, tensor in trace.items())
    for removal in set(REMOVALS) - {"zero"}:  # What is a summand is masked by adding zero.
        assert same(trace, cut_trace(model, trace, "depth", removal, other=other)) == {"depth"}, removal
    assert same(trace, cut_trace(model, trace, ("depth", "normals"))) == set()
    untouched = cut_trace(model, trace, "depth")
    assert all(
        torch.equal(each.joined["depth"], untouched.encoder[at].joined["depth"]) for at, each in trace.encoder.items()
    )


@pytest.mark.parametrize("system", JOINED)
def test_the_matrix_between_encoders_has_its_control_and_shares(system: System, images: torch.Tensor) -> None:
    model = network(system)
    matrix = interaction_matrix(model, images[:1], draws=2)
    assert matrix.places == (system,)
    for target in (1, 2):
        others = [source for source in range(3) if source != target]
        assert (matrix.effect[others, target] > 0).all() and matrix.control[target] > 0
    assert (matrix.effect.diagonal() == 0).all()
    assert matrix.attention.sum(axis=0) == pytest.approx(1)
    assert (matrix.attention.diagonal() > 0.5).all()  # Nine tenths of its own feature, at first.


@torch.inference_mode()
def test_units_start_as_nine_tenths_of_a_task_and_one_tenth_of_each_other(images: torch.Tensor) -> None:
    for system in JOINED:
        model = network(system)
        for part in model(images).encoder.values():
            expected = 0.9 * part.task_specific["depth"]
            expected = expected + 0.1 * (part.task_specific["semseg"] + part.task_specific["normals"])
            if isinstance(model, Nddr):
                expected = expected.relu() / (1 + 1e-5) ** 0.5
            torch.testing.assert_close(part.joined["depth"], expected)


@torch.inference_mode()
def test_only_the_chosen_stages_are_joined(images: torch.Tensor) -> None:
    some = replace(NARROW, cross_stitch=CrossStitchConfig(8, stages=("stage4", "stem")))
    trace = network("cross-stitch", systems=some)(images)
    assert {name: bool(part.joined) for name, part in trace.encoder.items()} == {
        "stem": True, "stage1": False, "stage2": False, "stage3": False, "stage4": True
    }  # fmt: skip


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
@torch.inference_mode()
def test_a_stage_of_one_block_that_changes_the_shape_is_masked_by_what_comes_out_of_it(
    block: type[BasicBlock] | type[Bottleneck], images: torch.Tensor
) -> None:
    backbone = DilatedResNet(block, (1, 2, 1, 1), 4)
    config = ModelConfig(tasks=TASKS, system="mtan", systems=NARROW)
    trace = build_decoder(config, backbone.channels, backbone=backbone).eval()(images)
    assert {task: answer.shape[-2:] for task, answer in trace.logits.items()} == dict.fromkeys(TASKS, (8, 12))


@pytest.mark.parametrize("system", ["stl", "mtan"])
def test_tasks_that_do_not_read_each_other_meet_nowhere(system: System, images: torch.Tensor) -> None:
    model = network(system)
    assert model.meetings == ()
    with torch.inference_mode():
        trace = model(images)
        assert same(trace, cut_trace(model, trace, ())) == set(TASKS)
        # Whatever is a task's alone moves that task alone.
        for name, weight in model.named_parameters():
            if "depth" in name.split(".") and weight.ndim > 1:
                weight.mul_(0.5)
        assert same(trace, model(images)) == {"semseg", "normals"}


def test_a_network_of_its_own_is_the_baseline_of_one_task(images: torch.Tensor) -> None:
    single, alone = network("stl"), network("mtl", tasks={"depth": 1})
    own = {
        name.replace("backbone.depth.", "backbone."): weight
        for name, weight in single.state_dict().items()
        if "depth" in name.split(".")
    }
    alone.load_state_dict(own)
    with torch.inference_mode():
        assert torch.equal(single(images).predictions["depth"], alone(images).predictions["depth"])
    single(images).predictions["depth"].sum().backward()
    reached = {name for name, weight in single.named_parameters() if weight.grad is not None}
    assert reached == {name for name, _ in single.named_parameters() if "depth" in name.split(".")}


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda backbone: backbone.name)
@pytest.mark.parametrize("system", SYSTEMS)
def test_one_task_and_six_learn_from_images_of_odd_sizes(system: System, backbone: BackboneConfig) -> None:
    for tasks in ({"depth": 1}, ALL_TASKS):
        model = network(system, backbone, tasks=tasks).train()
        trace = model(torch.rand(2, 3, 43, 75))
        assert {task: answer.shape[1:] for task, answer in trace.predictions.items()} == {
            task: (channels, 43, 75) for task, channels in tasks.items()
        }
        sum(answer.square().mean() for answer in trace.predictions.values()).backward()
        assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
        assert len(tasks) > 1 or model.meetings == ()


def test_what_is_set_for_a_backbone_holds_for_the_encoder_of_every_task() -> None:
    model = network("cross-stitch")
    optimizer = build_optimizer(model, OptimConfig(learning_rate=1.0, backbone_rate_ratio=0.1))
    inside, outside = optimizer.param_groups
    assert len(inside["params"]) == sum(1 for name, _ in model.named_parameters() if name.startswith("backbone."))
    assert (inside["lr"], outside["lr"]) == (0.1, 1.0)
    freeze(model, ("backbone.body.model.conv_stem", "backbone.depth.body.model.blocks.0"))
    kept = {name.removesuffix(".weight") for name, weight in model.named_parameters() if not weight.requires_grad}
    assert {f"backbone.{task}.body.model.conv_stem" for task in TASKS} < kept
    assert {name.split(".")[1] for name in kept if ".blocks." in name} == {"depth"}
    for setting in ("full_precision", "gradient_checkpointing"):
        setattr(model.backbone, setting, True)
        assert all(getattr(encoder, setting) for encoder in model.backbone.values())


@pytest.mark.parametrize(("system", "backbone"), [("nddr", BACKBONES[1]), ("mtan", BACKBONES[0])])
def test_stages_that_are_computed_again_give_the_same_gradient(system: System, backbone: BackboneConfig) -> None:
    gradients, buffers = [], []
    for again in (False, True):
        model = network(system, backbone).train()
        model.backbone.gradient_checkpointing = again
        torch.manual_seed(1)
        trace = model(torch.rand(2, 3, 64, 64))
        sum(answer.square().mean() for answer in trace.predictions.values()).backward()
        gradients.append([weight.grad for weight in model.parameters()])
        buffers.append(list(model.buffers()))
    assert all(map(torch.equal, *gradients)) and all(map(torch.equal, *buffers))


@pytest.mark.parametrize("system", SYSTEMS)
def test_encoders_in_float32_beside_heads_in_bfloat16(system: System, images: torch.Tensor) -> None:
    model = network(system)
    model.backbone.full_precision = True
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        trace = model(images)
    maps = [feature for part in trace.encoder.values() for feature in part.task_specific.values()]
    assert {feature.dtype for feature in (*maps, *trace.task_generic)} == {torch.float32}
    assert trace.task_specific["depth"].dtype == torch.bfloat16
    assert {answer.dtype for answer in trace.predictions.values()} == {torch.float32}


def test_encoders_start_alike_and_learn_each_for_itself() -> None:
    encoders = network("stl").backbone
    first, second, _ = encoders.values()
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert not {id(weight) for weight in first.parameters()} & {id(weight) for weight in second.parameters()}


@torch.inference_mode()
def test_stages_follow_batch_norms_that_were_put_in_place_of_others(images: torch.Tensor) -> None:
    model = network("nddr")
    before = model(images)
    synchronise_batch_norm(model)
    for module in model.modules():
        if isinstance(module, nn.SyncBatchNorm):
            module.running_var.mul_(4)
    after = model(images)
    stems = [trace.encoder["stem"].task_specific["depth"] for trace in (before, after)]
    assert not torch.equal(*stems) and same(before, after) == set()


def test_such_a_network_is_trained_stopped_resumed_judged_and_asked(tmp_path: Path) -> None:
    flags = (*SMALL_RUN, *"--model.system cross-stitch --model.systems.cross-stitch.head-width 8".split())
    flags = (*flags, *"--tasks semseg,depth --optim.frozen backbone.body.model.conv_stem --steps 12".split())
    with told_to_everybody(signal.SIGTERM, tmp_path / "stopped", step=3):
        assert train_here(*flags, "--output", tmp_path / "stopped") == INTERRUPTED
    for folder in ("stopped", "unbroken"):
        assert train_here(*flags, "--output", tmp_path / folder) == 0
    assert are_identical(weights(tmp_path / "stopped"), weights(tmp_path / "unbroken"))
    run = str(tmp_path / "unbroken")
    assert evaluate.main([run, "--json", str(tmp_path / "judged.json")]) == 0
    room = tmp_path / "room.png"
    Image.fromarray(EXAMPLES["room-0"].load().pixels).save(room)
    assert predict.main([str(room), "--checkpoint", run, "--out", str(tmp_path / "answers")]) == 0
    assert (tmp_path / "answers" / "room").is_dir()

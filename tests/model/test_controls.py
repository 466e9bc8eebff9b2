"""The bridge's controls: networks that lack a place where tasks meet and nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.model import BridgeNet, build_model

SMALL = ModelConfig(
    tasks={"semseg": 5, "human_parts": 7, "depth": 1, "normals": 3},
    backbone=BackboneConfig("test_efficientnet"),
    embed_width=24,
    prediction_width=8,
    refiner_blocks=(1, 1, 1),
)
NO_MEETING = {"bridge_reads": "nothing", "tpp": False, "joint_norm": False}


def build(**changes: object) -> BridgeNet:
    torch.manual_seed(0)
    model = build_model(replace(SMALL, **changes)).eval()
    # At their initial values the refiners hardly add anything to the tasks: make every path visible.
    for parameter in model.stages.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.1)
    return model


def answers(model: BridgeNet, images: Tensor) -> dict[str, Tensor]:
    with torch.inference_mode():
        trace = model(images)
    return {**trace.predictions, **{f"preliminary {task}": value for task, value in trace.preliminary.items()}}


def noisy_bridge(model: BridgeNet) -> None:
    """From now on noise stands in for every task feature that enters a bridge."""

    def hook(module: nn.Module, inputs: tuple[Tensor, dict[str, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
        query, task_specific = inputs
        return query, {task: torch.randn_like(feature) for task, feature in task_specific.items()}

    for stage in model.stages:
        stage.get_submodule("extractor").register_forward_pre_hook(hook)


def changed_by_noise_in_depth(model: BridgeNet, images: Tensor) -> set[str]:
    """Tasks whose answers change when noise is added to the preliminary decoder's feature of depth."""
    before = answers(model, images)
    decoder = model.get_submodule("preliminary_decoders.depth")
    handle = decoder.register_forward_hook(lambda module, inputs, output: output + torch.randn_like(output))
    after = answers(model, images)
    handle.remove()
    return {name.removeprefix("preliminary ") for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("reads", ["nothing", "tasks"])
def test_only_a_bridge_that_reads_the_tasks_notices_noise_in_their_place(reads: str) -> None:
    model, images = build(bridge_reads=reads), torch.rand(1, 3, 64, 96)
    before = answers(model, images)
    noisy_bridge(model)
    after = answers(model, images)
    same = {name: torch.equal(before[name], after[name]) for name in SMALL.tasks}
    assert set(same.values()) == {reads == "nothing"}


def test_a_bridge_that_reads_nothing_still_brings_the_finer_backbone_maps_to_every_task() -> None:
    model, images = build(bridge_reads="nothing"), torch.rand(1, 3, 64, 96)
    before = answers(model, images)
    model.get_submodule("stages.2.query").register_forward_hook(lambda module, inputs, output: output + 1)
    after = answers(model, images)
    assert not any(torch.equal(before[task], after[task]) for task in SMALL.tasks)


def test_without_any_meeting_a_task_changes_no_other_task() -> None:
    assert changed_by_noise_in_depth(build(**NO_MEETING), torch.rand(1, 3, 64, 96)) == {"depth"}


@pytest.mark.parametrize(
    "meeting", [{"bridge_reads": "tasks"}, {"tpp": True}, {"joint_norm": True}], ids=lambda meeting: next(iter(meeting))
)
def test_each_meeting_alone_carries_a_task_to_all_others(meeting: dict[str, object]) -> None:
    changed = changed_by_noise_in_depth(build(**{**NO_MEETING, **meeting}), torch.rand(1, 3, 64, 96))
    assert changed == set(SMALL.tasks)


def test_a_foreign_bridge_reads_the_tasks_of_the_image_before_it_and_has_the_same_parameters() -> None:
    foreign, wired, images = build(bridge_reads="foreign"), build(), torch.rand(3, 3, 64, 96)
    foreign.load_state_dict(wired.state_dict())
    with torch.inference_mode():
        features = foreign(images).stages[0].task_specific
        read = foreign.stages[0].get_submodule("extractor").task_tokens(features)  # type: ignore[operator]
        own = wired.stages[0].get_submodule("extractor").task_tokens(features)  # type: ignore[operator]
    assert torch.equal(read, own[[2, 0, 1]])


def test_a_foreign_bridge_refuses_a_single_image() -> None:
    with pytest.raises(ValueError, match="at least two images"):
        build(bridge_reads="foreign")(torch.rand(1, 3, 64, 96))


def test_a_norm_per_task_has_mean_zero_and_deviation_one_for_each_task() -> None:
    model = build(joint_norm=False)
    norm = model.get_submodule("fusion.sides.0.norm")
    normed = norm(torch.randn(2, 4 * 32, 3, 5) * 7 + 3).unflatten(1, (4, 32))
    torch.testing.assert_close(normed.mean(dim=2), torch.zeros(2, 4, 3, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(normed.var(dim=2, correction=0), torch.ones(2, 4, 3, 5), atol=1e-4, rtol=0)


def test_the_norms_have_the_same_parameters() -> None:
    joint, apart = build(), build(joint_norm=False)
    assert {name: value.shape for name, value in joint.state_dict().items()} == {
        name: value.shape for name, value in apart.state_dict().items()
    }

from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest
import torch

from bridgenet.checkpoint import load_model
from bridgenet.inspection.features.groups import Groups, dominant_group, feature_groups, label_groups
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.trace import Trace

pytestmark = pytest.mark.slow


def planted(channels: int = 12, size: tuple[int, int] = (20, 24)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three parts at three places, each with a direction of its own; feature, maps, directions."""
    maps = np.zeros((3, *size))
    maps[0, :8, :10], maps[1, 12:, :8], maps[2, 5:15, 16:] = 3, 2, 1.5
    directions = np.zeros((3, channels))
    directions[0, :4], directions[1, 4:8], directions[2, 8:] = (1, -1, 1, 1), (-1, -1, 1, -1), (1, 1, -1, 1)
    return np.einsum("khw,kc->chw", maps, directions / 2), maps, directions / 2


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one.ravel() - one.mean(), other.ravel() - other.mean()
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def hooks(model: torch.nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@pytest.fixture
def model() -> BridgeNet:
    """A network that has learnt: with random weights the bridge is too faint to move anything."""
    return load_model(Path(__file__).parents[3] / "checkpoints" / "rooms-tiny")[0]


@pytest.fixture
def trace(model: BridgeNet) -> Trace:
    return trace_of(model)


@torch.inference_mode()
def trace_of(model: BridgeNet) -> Trace:
    return model(torch.rand((1, 3, 96, 128), generator=torch.Generator().manual_seed(1)))


def test_planted_parts_are_found_at_their_places_with_their_signs() -> None:
    feature, maps, directions = planted()
    groups = feature_groups(feature, 3)
    assert groups.maps.shape == maps.shape and groups.maps.min() >= 0
    for wanted_map, wanted_direction in zip(maps, directions, strict=True):
        likeness = [cosine(found, wanted_map) for found in groups.maps]
        best = int(np.argmax(likeness))
        assert likeness[best] > 0.9
        assert groups.directions[best] @ wanted_direction > 0.9


def test_the_parts_and_the_usual_value_give_the_feature_back() -> None:
    feature, _, _ = planted()
    groups = feature_groups(feature, 6)
    usual = np.median(feature, axis=(1, 2), keepdims=True)
    rebuilt = usual + sum(groups.part(group) for group in range(6))
    error = np.square(rebuilt - feature).sum() / np.square(feature - usual).sum()
    assert groups.explained == pytest.approx(1 - error, abs=1e-4) and groups.explained > 0.97
    there = groups.shares > 0
    np.testing.assert_allclose(np.linalg.norm(groups.directions[there], axis=1), 1, atol=1e-5)
    assert list(groups.shares) == sorted(groups.shares, reverse=True)


def test_the_same_seed_gives_the_same_groups() -> None:
    feature = np.random.default_rng(0).normal(size=(16, 12, 14))
    first, second = feature_groups(feature, 5, seed=3), feature_groups(torch.from_numpy(feature)[None], 5, seed=3)
    np.testing.assert_array_equal(first.maps, second.maps)
    np.testing.assert_array_equal(first.directions, second.directions)


def test_a_constant_feature_has_empty_groups_and_too_many_groups_are_refused() -> None:
    groups = feature_groups(np.ones((5, 4, 4)), 2)
    assert not groups.maps.any() and np.isnan(dominant_group(groups.maps)).all()
    with pytest.raises(ValueError, match="Ask for 1 to 6"):
        feature_groups(np.ones((3, 4, 4)), 7)


def test_a_group_is_labelled_by_the_one_task_that_listens_to_it(model: BridgeNet) -> None:
    """Refiners of the last stage are deafened, except each of two tasks to one half of the bridge's channels."""
    stage = model.stages[2]
    width = stage.extractor.merge.out_features
    heard = {"depth": range(width // 2), "edge": range(width // 2, width)}
    with torch.no_grad():
        for task, refiner in stage.refiners.items():
            for block in refiner.blocks:
                squeeze = block.correction.squeeze.weight
                for channel in range(width):
                    if channel not in heard.get(task, ()):
                        squeeze[:, width + channel] = 0
    trace = trace_of(model)
    directions = np.zeros((2, width), np.float32)
    directions[0, : width // 2], directions[1, width // 2 :] = 1, 1
    size = tuple(trace["stages.2.bridge"].shape[-2:])
    maps = np.random.default_rng(0).uniform(1, 2, (2, *size)).astype(np.float32)
    effects = label_groups(model, trace, Groups(maps, directions, 1.0, np.ones(2)), 2)
    assert effects.labels == ("depth", "edge")
    assert effects.of(0)["depth"] == pytest.approx(1) and effects.of(0)["edge"] == 0
    assert effects.of(1)["edge"] == pytest.approx(1) and effects.of(1)["depth"] == 0
    deaf = [effects.tasks.index(task) for task in effects.tasks if task not in heard]
    np.testing.assert_array_equal(effects.change[:, deaf], 0)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_each_column_of_effects_sums_to_one_and_removing_nothing_changes_nothing(
    model: BridgeNet, trace: Trace, stage: int
) -> None:
    groups = feature_groups(trace.stages[stage].bridge, 3)
    effects = label_groups(model, trace, groups, stage)
    assert effects.tasks == tuple(trace.logits)
    np.testing.assert_allclose(effects.effect.sum(axis=0), 1)
    nothing = changed(groups, maps=np.zeros_like(groups.maps))
    empty = label_groups(model, trace, nothing, stage)
    assert not empty.change.any() and empty.labels == (None, None, None)


def test_no_hook_stays_behind_not_even_after_a_failure(model: BridgeNet, trace: Trace) -> None:
    groups = feature_groups(trace.stages[1].bridge, 2)
    before = hooks(model)
    label_groups(model, trace, groups, 1)
    assert hooks(model) == before
    broken = changed(trace, mixed={})
    with pytest.raises(ValueError, match="non-empty"):
        label_groups(model, broken, groups, 1)
    assert hooks(model) == before


def test_groups_of_another_stage_are_refused(model: BridgeNet, trace: Trace) -> None:
    groups = feature_groups(trace.stages[1].bridge, 2)
    with pytest.raises(ValueError, match="the bridge of stage 2 has"):
        label_groups(model, trace, groups, 2)
    with pytest.raises(ValueError, match="no bridge feature at stage 3: the trace has 3 stages"):
        label_groups(model, trace, groups, 3)

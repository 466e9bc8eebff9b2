from dataclasses import replace
from typing import get_args

import pytest
import torch

from bridgenet import NETWORKS, PRESETS, build_model
from bridgenet.config import SYSTEMS, BackboneConfig, ModelConfig, SettingError, from_dict, to_dict
from bridgenet.config.systems import TITLES

BACKBONES = (BackboneConfig("test_efficientnet"), BackboneConfig("test_vit", taps=(1, 3, 4, 6)))


@pytest.mark.slow
@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda backbone: backbone.name)
@pytest.mark.parametrize("system", NETWORKS)
def test_another_system_is_one_word_away_on_any_backbone(system: str, backbone: BackboneConfig) -> None:
    preset = replace(PRESETS["rooms-tiny"].model, backbone=backbone, drop_path=0.0)
    model = build_model(replace(preset, system=system))
    images = torch.rand(2, 3, 64, 96)
    trace = model(images)
    assert tuple(trace.predictions) == model.tasks == tuple(preset.tasks)
    assert {prediction.shape[-2:] for prediction in trace.predictions.values()} == {(64, 96)}
    sum(prediction.square().mean() for prediction in trace.predictions.values()).backward()
    assert [
        name for name, weight in model.named_parameters() if weight.grad is None and "preliminary" not in name
    ] == []


def test_tasks_of_the_baseline_meet_in_the_encoder_only() -> None:
    model = build_model(replace(PRESETS["rooms-tiny"].model, system="mtl")).eval()
    assert model.meetings == () and not model.norms_jointly
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = model(images)
        model.features["depth"].smooth.conv.weight.zero_()
        after = model(images)
    assert [task for task in model.tasks if not torch.equal(before.logits[task], after.logits[task])] == ["depth"]


def test_every_system_that_can_be_named_can_be_built_and_has_a_title() -> None:
    assert tuple(NETWORKS) == SYSTEMS == tuple(TITLES)
    assert set(get_args(ModelConfig.__annotations__["system"])) == set(NETWORKS)


def test_an_unknown_system_is_refused_and_the_near_one_named() -> None:
    written = to_dict(ModelConfig()) | {"system": "mlt"}
    with pytest.raises(
        SettingError, match=r"system must be bridgenet, mtl, .* or [a-z-]+, not \"mlt\"\. Perhaps you meant mtl\."
    ):
        from_dict(ModelConfig, written)


def test_a_config_of_the_time_before_other_systems_is_bridgenet_s() -> None:
    written = to_dict(ModelConfig())
    del written["system"], written["systems"]
    assert from_dict(ModelConfig, written) == ModelConfig()

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file

from bridgenet import NETWORKS, PRESETS, build_model
from bridgenet.config import SYSTEMS, BackboneConfig, ModelConfig, SettingError, from_dict, to_dict
from bridgenet.config.systems import TITLES, MultiTaskBaselineConfig, SystemConfigs
from bridgenet.model import build_decoder

BACKBONES = (BackboneConfig("test_efficientnet"), BackboneConfig("test_vit", taps=(1, 3, 4, 6)))

RECORDED = (
    (r"0\.convs\.0\.0", "features.{}.point.conv"),
    (r"0\.convs\.0\.1", "features.{}.point.norm"),
    (r"0\.convs\.([123])\.0", "features.{}.dilated.#.conv"),
    (r"0\.convs\.([123])\.1", "features.{}.dilated.#.norm"),
    (r"0\.convs\.4\.1", "features.{}.whole.conv"),
    (r"0\.convs\.4\.2", "features.{}.whole.norm"),
    (r"0\.project\.0", "features.{}.join.conv"),
    (r"0\.project\.1", "features.{}.join.norm"),
    (r"1", "features.{}.smooth.conv"),
    (r"2", "features.{}.smooth.norm"),
    (r"4", "heads.{}"),
)


def ours(key: str) -> str:
    """Our name of a recorded parameter."""
    task, part, value = re.fullmatch(r"decoders\.(\w+)\.(.+)\.(\w+)", key).groups()
    for pattern, name in RECORDED:
        if found := re.fullmatch(pattern, part):
            branch = str(int(found[1]) - 1) if found.groups() else ""
            return f"{name.format(task).replace('#', branch)}.{value}"
    raise AssertionError(key)


def test_its_answers_are_the_recorded_ones(reference_root: Path) -> None:
    about = json.loads((reference_root / "peers" / "peer_deeplab.json").read_text())["config"]
    recorded = load_file(reference_root / "peers" / "peer_deeplab.safetensors")
    config = ModelConfig(
        tasks={task["name"]: task["channels"] for task in about["tasks"]},
        system="mtl",
        systems=SystemConfigs(mtl=MultiTaskBaselineConfig(head_width=about["aspp"])),
    )
    model = build_decoder(config, (about["channels"],)).eval()
    weights = {ours(key.removeprefix("param/")): value for key, value in recorded.items() if key.startswith("param/")}
    missing, unknown = model.load_state_dict(weights, strict=False)
    assert not unknown and all(key.endswith("num_batches_tracked") for key in missing)
    height, width = about["grid"]
    with torch.no_grad():
        trace = model.decode((recorded["input/feature"],), (8 * height, 8 * width))
    for task in config.tasks:
        for said, expected in (
            (trace.logits[task], recorded[f"output/logits/{task}"]),
            (trace.predictions[task][..., ::8, ::8], recorded[f"output/image_every8/{task}"]),
        ):
            assert (said - expected).abs().max() <= 2e-5 * expected.abs().max()


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
    with pytest.raises(SettingError, match=r"system must be bridgenet or mtl, not \"mlt\". Perhaps you meant mtl\."):
        from_dict(ModelConfig, written)


def test_a_config_of_the_time_before_other_systems_is_bridgenet_s() -> None:
    written = to_dict(ModelConfig())
    del written["system"], written["systems"]
    assert from_dict(ModelConfig, written) == ModelConfig()

import json
from dataclasses import replace

import pytest

from bridgenet.config import DataConfig, ModelConfig, TrainConfig, from_dict, to_dict
from bridgenet.presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_config_survives_json(name: str) -> None:
    stored = json.dumps(to_dict(PRESETS[name]))
    assert from_dict(TrainConfig, json.loads(stored)) == PRESETS[name]


def test_the_widths_of_the_paper() -> None:
    assert PRESETS["nyud-vit-l"].model.stage_widths == (576, 288, 144)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match="ModelConfig has no field embed_with"):
        from_dict(ModelConfig, {"embed_with": 3})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": {}}, "At least one task"),
        ({"tasks": {"depth": 0}}, "at least one output channel"),
        ({"refiner_blocks": (6, 6)}, "same length"),
        ({"embed_width": 510}, "must be divisible"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ModelConfig(), **changes)


def test_small_targets_need_a_resized_image() -> None:
    with pytest.raises(ValueError, match="target_stride"):
        DataConfig(resize=False, target_stride=2)

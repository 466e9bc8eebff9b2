import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridgenet.config import (
    BackboneConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
    from_dict,
    to_dict,
)
from bridgenet.presets import PRESETS

ROOMS = PRESETS["rooms-tiny"]
WEIGHTED = replace(ROOMS.loss, class_weights=(0.5, 3.0))


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OptimConfig(learning_rate=0), r"^learning_rate must be a number above 0, not 0\.$"),
        (lambda: OptimConfig(learning_rate=float("inf")), "learning_rate must be a number above 0, not Infinity"),
        (lambda: OptimConfig(learning_rate="1e-3"), 'learning_rate must be a number above 0, not "1e-3"'),
        (lambda: OptimConfig(weight_decay=float("nan")), "weight_decay must be a number of at least 0, not NaN"),
        (lambda: OptimConfig(momentum=1.0), "momentum must be a number of at least 0 and below 1"),
        (lambda: OptimConfig(steps=0), "steps must be a whole number from 1"),
        (lambda: OptimConfig(batch_size=8.0), "batch_size must be a whole number from 1"),
        (lambda: OptimConfig(batch_size=True), "batch_size must be a whole number .* not true"),
        (lambda: OptimConfig(frozen="backbone"), "frozen must be a list"),
        (lambda: OptimConfig(precision="fp16"), "Perhaps you meant bf16"),
        (lambda: LossConfig(weights={"depth": -1}), "weights.depth must be a number of at least 0"),
        (lambda: LossConfig(weights={"dept": 1}), 'weights may not name "dept".*Perhaps you meant depth'),
        (lambda: LossConfig(edge_positive_weight=1.5), "edge_positive_weight must be a number from 0 to 1"),
        (lambda: BackboneConfig(std=(0.2, 0.0, 0.2)), "std, entry 2, must be a number above 0"),
        (lambda: BackboneConfig(mean=(123.7, 116.3, 103.5)), "mean, entry 1, must be a number from 0 to 1"),
        (lambda: BackboneConfig(taps=(6, 3, 12)), "taps must ascend"),
        (lambda: BackboneConfig(output_stride=7), "output_stride must be 8, 16 or 32"),
        (lambda: BackboneConfig(drop_path=-0.1), "drop_path must be a number from 0 to 1"),
        (lambda: ModelConfig(tasks={"depth": 2}), "tasks.depth must be 1"),
        (lambda: ModelConfig(tasks={"sal": 3}), "tasks.sal must be 2"),
        (lambda: ModelConfig(tasks=["depth"]), "tasks must be an object"),
        (lambda: ModelConfig(heads=0), "heads must be a whole number from 1"),
        (lambda: ModelConfig(dilations=()), "dilations must be a list.* not empty"),
        (lambda: ModelConfig(refiner_blocks=(6, -1, 6)), "refiner_blocks, entry 2, must be a whole number from 0"),
        (lambda: ModelConfig(heads=5), "split into 5 heads and by squeeze_ratio"),
        (lambda: ModelConfig(tpp_output="featur"), "Perhaps you meant feature"),
        (lambda: ModelConfig(embed_width=100_000, prediction_width=8), r"about [\d,]+ GB"),
        (lambda: DataConfig(input_size=(16, 128)), "input_size, entry 1, must be a whole number from 32"),
        (lambda: DataConfig(input_size=(96,)), "input_size, entry 2, is missing"),
        (lambda: DataConfig(input_size=(50_000, 50_000)), "about 150 GB"),
        (lambda: DataConfig(zoom=(1.5, 1.0)), "zoom must be a smaller and a larger number"),
        (lambda: DataConfig(zoom=(0.0, 1.0)), "zoom, entry 1, must be a number from 0.05"),
        (lambda: DataConfig(final_size=(0, 64)), "final_size, entry 1, must be a whole number from 32"),
        (lambda: DataConfig(final_size=(50_000, 50_000)), "final_size .* about 150 GB"),
        (lambda: DataConfig(final_share=1.5), "final_share must be a number from 0 to 1"),
        (lambda: DataConfig(hold_out=-1), "hold_out must be a whole number from 0"),
        (lambda: OptimConfig(average_decay=1.0), "average_decay must be a number of at least 0 and below 1"),
        (lambda: OptimConfig(unfreeze_step=5), "unfreeze_step needs modules that are frozen"),
        (lambda: OptimConfig(frozen=("backbone",), unfreeze_step=-1), "unfreeze_step must be a whole number from 0"),
        (lambda: LossConfig(class_weights=(3.0, 0.5)), "class_weights must be a smaller and a larger weight"),
        (lambda: replace(ROOMS.only(["depth"]), loss=WEIGHTED), "loss.class_weights are weights of semseg"),
        (lambda: DataConfig(workers=-1), "workers must be a whole number from 0"),
        (lambda: DataConfig(rooms=10**9), "rooms must be a whole number from 1 to 1,000,000"),
        (lambda: DataConfig(name="nyu"), "Perhaps you meant nyud"),
        (
            lambda: replace(ROOMS, model=replace(ROOMS.model, tasks={"semseg": 40})),
            "semseg must be 14, as many",
        ),
        (lambda: replace(ROOMS, loss=LossConfig(weights={"depth": 1})), "loss.weights has no weight for semseg"),
        (lambda: replace(ROOMS, loss=LossConfig(weights=dict.fromkeys(ROOMS.model.tasks, 0))), "nothing to learn"),
        (lambda: replace(ROOMS, optim=OptimConfig(batch_size=10**6)), r"optim.batch_size .* about [\d,]+ GB"),
        (lambda: replace(ROOMS, seed=-1), "seed must be a whole number from 0"),
        (lambda: replace(ROOMS, save_every=0), "save_every must be a whole number from 1"),
        (lambda: replace(ROOMS, data={}), "data must be an object"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_where_it_is_made(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_settings_of_another_harmless_type_become_their_own() -> None:
    assert type(OptimConfig(learning_rate=1).learning_rate) is float
    assert DataConfig(root="somewhere").root == Path("somewhere")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("optim.steps", "100", 'optim.steps must be a whole number from 1 to 1,000,000,000, not "100"'),
        ("optim.steps", None, "optim.steps must be a whole number"),
        ("optim.learning_rate", 1e400, "optim.learning_rate must be a number above 0, not Infinity"),
        ("optim", [], "optim must be an object"),
        ("optim.learing_rate", 1, "optim.learing_rate is unknown.*Perhaps you meant learning_rate"),
        ("model", ..., "model is missing"),
        ("model.tasks", ["depth"], "model.tasks must be an object"),
        ("model.tasks.dept", 1, 'model.tasks may not name "dept"'),
        ("model.backbone.mean", [0.5, 0.5], "model.backbone.mean, entry 3, is missing"),
        ("model.backbone.mean", [0.5, "0.5", 0.5], "model.backbone.mean, entry 2, must be a number"),
        ("model.heads", 5, "model.embed_width . prediction_width = 64 must be divisible"),
        ("model.tpp", 1, "model.tpp must be true or false, not 1"),
        ("data.zoom", [1, 2, 3], "data.zoom must be 2 values"),
        ("data.name", "nyu", "data.name must be cityscapes, folder"),
        ("seed", 10**40, "seed must be a whole number"),
        ("name", "", "name must be text, not empty"),
    ],
)
def test_a_config_that_was_edited_is_refused_by_its_field(place: str, value: object, message: str) -> None:
    values: Any = deepcopy(to_dict(ROOMS))
    *parts, last = place.split(".")
    part = values
    for name in parts:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    with pytest.raises(ValueError, match=f"^{message}"):
        from_dict(TrainConfig, values)


@pytest.mark.parametrize("values", [[], None, "config", 3])
def test_a_config_that_is_no_object_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="TrainConfig must be an object"):
        from_dict(TrainConfig, values)


def test_a_run_without_segmentation_has_no_weights_of_classes() -> None:
    assert replace(ROOMS, loss=WEIGHTED).only(["depth"]).loss.class_weights is None


def test_the_size_changes_where_the_last_part_of_the_run_begins() -> None:
    config = replace(ROOMS, optim=replace(ROOMS.optim, steps=50))
    assert config.resizing_step == 50 and config.data.answer_size == config.data.input_size
    resized = replace(config, data=replace(config.data, final_size=(320, 416), final_share=0.2))
    assert resized.resizing_step == 40 and resized.data.answer_size == (320, 416)

"""Parameters of the full-size decoders, part by part, against the counts of the authors' release."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from bridgenet.model import BridgeNet, build_decoder
from bridgenet.presets import PRESETS, TFR_BASE, TFR_HUGE, TFR_LARGE

REFERENCE = Path(os.environ.get("BRIDGENET_REFERENCE", "nowhere")) / "params.json"
ROWS = json.loads(REFERENCE.read_text())["rows"] if REFERENCE.exists() else []
DEPTHS = {"none": (0, 0, 0), "base": TFR_BASE, "large": TFR_LARGE, "huge": TFR_HUGE}
CHANNELS = {
    "vitB": (768,) * 4,
    "vitL": (1024,) * 4,
    "intern_b": (112, 224, 448, 896),
    "intern_l": (160, 320, 640, 1280),
}


def count(*modules: nn.Module | None) -> int:
    return sum(parameter.numel() for module in modules if module is not None for parameter in module.parameters())


def parts(model: BridgeNet) -> dict[str, int]:
    """Counts under the names of the recorded parts; parts without parameters are left out."""
    stages = list(model.stages)
    counts = {
        "preliminary_decoders": count(model.preliminary_decoders),
        "preliminary_heads": count(model.preliminary_heads),
        "tpp": count(model.pattern_propagation),
        "mix": count(model.mixers),
        "scale_embed": sum(count(stage.query.embed) for stage in stages),
        "bfe_query_embed": sum(count(stage.query.project, stage.query.norm) for stage in stages),
        "bfe_block": sum(count(stage.extractor) for stage in stages),
        "bfe_cascade": sum(count(stage.cascade) for stage in stages),
        "upsampling": sum(count(stage.upsamplers) for stage in stages),
        "tfr": sum(count(stage.refiners) for stage in stages),
        "side_norm": sum(count(side.norm) for side in model.fusion.sides),
        "side_conv": sum(count(side.expand) for side in model.fusion.sides),
        "fuse_conv": count(model.fusion_convs),
        "final_heads": count(model.heads),
        "decoder_total": count(model),
    }
    return {name: number for name, number in counts.items() if number}


def build(backbone: str, dataset: str, depth: str) -> BridgeNet:
    config = PRESETS["nyud-vit-b" if dataset == "NYUD" else "pascal-vit-b"].model
    with torch.device("meta"):
        return build_decoder(replace(config, refiner_blocks=DEPTHS[depth]), CHANNELS[backbone])


@pytest.mark.slow
@pytest.mark.skipif(not ROWS, reason="BRIDGENET_REFERENCE names no folder with params.json")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['backbone']}-{row['dataset']}-{row['tfr']}")
def test_every_part_has_as_many_parameters_as_the_release(row: dict) -> None:
    assert parts(build(row["backbone"], row["dataset"], row["tfr"])) == row["used_parameters"]


@pytest.mark.parametrize(("depth", "added"), [("base", 15_869_952), ("large", 31_739_904), ("huge", 47_609_856)])
def test_the_refiner_adds_what_the_paper_says(depth: str, added: int) -> None:
    assert parts(build("vitB", "NYUD", depth))["tfr"] == added


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("nyud-vit-b", 133_154_914),
        ("nyud-vit-l", 156_528_738),
        ("pascal-vit-b", 143_545_874),
        ("pascal-vit-l", 172_228_626),
    ],
)
def test_the_presets_of_the_paper_have_its_sizes(name: str, total: int) -> None:
    config = PRESETS[name].model
    with torch.device("meta"):
        model = build_decoder(config, (768 if name.endswith("b") else 1024,) * 4)
    assert count(model) == total

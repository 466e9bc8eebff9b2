"""Named runs: each preset is the whole configuration of one training.

`rooms-tiny` trains in minutes on a laptop, `nyud-lite0` in hours; the `vit` presets are the paper's, for GPUs.
"""

from dataclasses import replace

from bridgenet.config import BackboneConfig, DataConfig, LossConfig, ModelConfig, OptimConfig, TrainConfig
from bridgenet.sources import SOURCES

NYUD_TASKS, PASCAL_TASKS, CITYSCAPES_TASKS, ROOMS_TASKS = (
    SOURCES[name].channels for name in ("nyud", "pascal_context", "cityscapes", "made_rooms")
)

TFR_BASE, TFR_LARGE, TFR_HUGE = (6, 6, 6), (12, 12, 12), (18, 18, 18)
"""Blocks per stage; the paper counts layers of three blocks: 2, 4 and 6."""

_HALF = (0.5, 0.5, 0.5)
_VIT_B = BackboneConfig("vit_base_patch16_384", taps=(3, 6, 9, 12), drop_path=0.15)
_VIT_L = BackboneConfig("vit_large_patch16_384", taps=(6, 12, 18, 24), drop_path=0.15)

_NYUD = DataConfig("nyud", input_size=(448, 576), resize=False, zoom=(0.5, 2.0), workers=4)
_PASCAL = DataConfig("pascal_context", input_size=(512, 512), resize=False, zoom=(0.5, 2.0), workers=4)
_CITYSCAPES = DataConfig("cityscapes", input_size=(512, 1024), zoom=(1.0, 2.0), workers=4)
_PAPER_NYUD = OptimConfig(
    optimizer="adam", learning_rate=2e-5, weight_decay=1e-6, steps=40_000, batch_size=6, clip_norm=10.0
)
_PAPER_PASCAL = replace(_PAPER_NYUD, batch_size=8)


def _nyud_vit(name: str, backbone: BackboneConfig) -> TrainConfig:
    model = ModelConfig(tasks=NYUD_TASKS, backbone=backbone, refiner_blocks=TFR_HUGE)
    return TrainConfig(name, model, _NYUD, _PAPER_NYUD, validate_every=1000, save_every=500)


def _pascal_vit(name: str, backbone: BackboneConfig) -> TrainConfig:
    model = ModelConfig(tasks=PASCAL_TASKS, backbone=backbone, refiner_blocks=TFR_LARGE)
    return TrainConfig(name, model, _PASCAL, _PAPER_PASCAL, validate_every=1000, save_every=500)


def _cityscapes_vit(name: str, backbone: BackboneConfig) -> TrainConfig:
    model = ModelConfig(tasks=CITYSCAPES_TASKS, backbone=backbone, refiner_blocks=TFR_HUGE)
    # Distances on a street differ by a factor of a hundred.
    loss = LossConfig({"semseg": 1.0, "depth": 1.0}, depth="scale-invariant")
    return TrainConfig(name, model, _CITYSCAPES, _PAPER_NYUD, loss, validate_every=1000, save_every=500)


PRESETS: dict[str, TrainConfig] = {
    preset.name: preset
    for preset in (
        TrainConfig(
            "rooms-tiny",
            ModelConfig(
                tasks=ROOMS_TASKS,
                backbone=BackboneConfig("test_efficientnet", mean=_HALF, std=_HALF),
                embed_width=48,
                prediction_width=16,
                refiner_blocks=(3, 3, 3),
                drop_path=0.0,
            ),
            DataConfig("made_rooms", input_size=(96, 128), rooms=2000),
            OptimConfig(learning_rate=2e-3, steps=1200, batch_size=8, warmup_steps=50),
            pretrained_backbone=False,
            validate_every=300,
        ),
        TrainConfig(
            "nyud-lite0",
            ModelConfig(
                tasks=NYUD_TASKS,
                backbone=BackboneConfig("tf_efficientnet_lite0", mean=_HALF, std=_HALF),
                embed_width=96,
                prediction_width=32,
                refiner_blocks=TFR_BASE,
            ),
            DataConfig("nyud", input_size=(256, 320), zoom=(0.75, 2.0), target_stride=2),
            OptimConfig(
                learning_rate=1e-3,
                backbone_rate_ratio=0.3,
                steps=4000,
                batch_size=8,
                warmup_steps=200,
                weight_decay=0.02,
                frozen=tuple(f"backbone.body.model.{part}" for part in ("conv_stem", "bn1", "blocks.0", "blocks.1")),
                average_decay=0.999,
            ),
            LossConfig({"semseg": 3.0, "depth": 3.0, "normals": 10.0, "edge": 50.0}, class_weights=(0.5, 3.0)),
            validate_every=1000,
            save_every=200,
        ),
        _nyud_vit("nyud-vit-b", _VIT_B),
        _nyud_vit("nyud-vit-l", _VIT_L),
        _pascal_vit("pascal-vit-b", _VIT_B),
        _pascal_vit("pascal-vit-l", _VIT_L),
        _cityscapes_vit("cityscapes-vit-b", _VIT_B),
        _cityscapes_vit("cityscapes-vit-l", _VIT_L),
    )
}

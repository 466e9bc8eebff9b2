"""Small networks and photos for the tests of the studio."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from app.analysis.session import Analysis, Session
from bridgenet import PRESETS, build_model
from bridgenet.checkpoint import save_model
from bridgenet.config import ModelConfig
from bridgenet.config.systems import (
    CrossStitchConfig,
    MtanConfig,
    MultiTaskBaselineConfig,
    NddrConfig,
    PadNetConfig,
    SingleTaskConfig,
    SystemConfigs,
)
from bridgenet.images import LoadedImage
from bridgenet.model.network import Network
from bridgenet.reading.source import Source

SMALL = SystemConfigs(
    mtl=MultiTaskBaselineConfig(16),
    stl=SingleTaskConfig(16),
    cross_stitch=CrossStitchConfig(16),
    nddr=NddrConfig(16),
    mtan=MtanConfig(16),
    pad_net=PadNetConfig(16),
)
"""Every system with heads of a few channels."""


def save_untrained(folder: Path, source: Source | None = None, **changes: object) -> Path:
    """A checkpoint of a small network that was never trained, but whose attention differs from pixel to pixel.

    Args:
        folder: Where it is kept.
        source: The data set whose tasks and classes it has; None: made rooms.
        changes: Of the model of `rooms-tiny`.
    """
    config = PRESETS["rooms-tiny"]
    if source is not None:
        config = config.learning(source)
        config = replace(config, data=replace(config.data, name=source.name))
    config = replace(config, model=replace(config.model, refiner_blocks=(1, 1, 1), **changes))
    if (known := repr(config.model)) not in _MADE:
        _MADE[known] = _untrained(config.model)
    scores = {"semseg": {"miou": 12.3}, "depth": {"rmse": 0.45}}
    save_model(folder, _MADE[known], config, scores, "Random weights, for tests.")
    return folder


_MADE: dict[str, Network] = {}
"""Networks that were made before, by their configuration: many tests ask for the same ones."""


def _untrained(config: ModelConfig) -> Network:
    torch.manual_seed(0)
    model = build_model(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "project.query" in name or "project.key" in name:
                weights.mul_(8)
        # Without statistics of its own, random weights let every signal die out before it reaches the bridge.
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        for seed in range(3):
            model.train()(torch.stack([to_tensor(photo(seed=4 * seed + index)) for index in range(4)]))
    return model


def photo(height: int = 90, width: int = 120, seed: int = 0) -> LoadedImage:
    """Smooth coloured noise: every place differs from every other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
    return LoadedImage(coarse.repeat(10, axis=0).repeat(10, axis=1), ("a note",))


def to_tensor(loaded: LoadedImage) -> torch.Tensor:
    return torch.from_numpy(loaded.pixels).permute(2, 0, 1) / 255


def without(tmp_path: Path, **changes: object) -> Analysis:
    """An analysis by a network that lacks something."""
    return Session(save_untrained(tmp_path / "lacking", **changes)).analyse(photo(), title="noise")

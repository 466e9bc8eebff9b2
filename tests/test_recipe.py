"""`benchmarks/recipe.py` without its trainings."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import recipe

pytestmark = pytest.mark.slow


def sums(images: int, skill: float) -> recipe.Sums:
    """Of made answers: this share of the labels is right, and errors grow with what is missing to one."""
    random = np.random.default_rng(0)
    pixels = np.full(images, 100.0)
    error = (1 - skill) * random.uniform(50, 150, images)
    hits = np.round(100 * skill * random.uniform(0.8, 1.0, images))
    confusion = np.stack([np.diag([hit, hit]) + np.array([[0, 100 - hit], [100 - hit, 0]]) for hit in hits])
    errors = {"depth.squared": error, "normals.total": error, "edge.total": error}
    return {
        "confusion": confusion,
        **errors,
        **dict.fromkeys(("depth.pixels", "normals.pixels", "edge.pixels"), pixels),
    }


def test_every_try_is_the_preset_with_its_flags_on_images_that_are_held_out(tmp_path: Path) -> None:
    planned = recipe.attempts(1000, tmp_path, tmp_path)
    assert len(planned) == 2 * len(recipe.TRIES) <= 12
    assert [(each.name, each.seed) for each in planned[-len(recipe.TRIES) - 1 :]][1] == ("base", 1)
    for attempt in planned:
        assert (attempt.config.optim.steps, attempt.config.data.hold_out, attempt.config.seed) == (
            1000,
            80,
            attempt.seed,
        )
    configs = [attempt.config for attempt in planned[: len(recipe.TRIES)]]
    assert all(configs.count(config) == 1 for config in configs)


def test_a_better_try_is_told_from_base_by_an_interval_over_images() -> None:
    known = {("base", 0): sums(30, 0.6), ("log-depth", 0): sums(30, 0.8), ("base", 1): sums(30, 0.62)}
    better = recipe.compare(known, "log-depth")["over_base"]
    assert better["miou"]["low"] > 0 and better["rmse"]["high"] < 0
    base = recipe.compare(known, "base")
    assert "over_base" not in base
    rmse = base["numbers"]["rmse"]
    assert rmse["low"] < rmse["mean"] < rmse["high"]
    assert rmse["mean"] == pytest.approx(np.mean(rmse["by_seed"])) and rmse["spread"] == pytest.approx(
        np.ptp(rmse["by_seed"])
    )
    assert better["rmse"]["spread"] is None

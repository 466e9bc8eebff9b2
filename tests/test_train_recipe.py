"""A run with averaged weights and class weights, modules that learn later, and a size that changes near its end."""

import signal
from pathlib import Path

import pytest
import torch
from training_runs import SMALL, are_identical, interrupt, losses, start, train_here, weights

from bridgenet import Predictor
from bridgenet.learning import run as runs

pytestmark = pytest.mark.slow

STEM = "backbone.body.model.conv_stem"
RECIPE = (
    *SMALL,
    *"--data.hold-out 4 --data.zoom 0.6 1.5 --data.final-size 64 96 --data.final-share 0.4 --steps 8".split(),
    *"--optim.average-decay 0.9 --loss.class-weights 0.5 3 --loss.depth scale-invariant".split(),
    *f"--optim.frozen {STEM} --optim.unfreeze-step 4".split(),
)
"""Eight steps: the stem learns from the fifth on, the last three are done at the larger size."""


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    assert train_here(*RECIPE, "--output", folder) == 0
    return folder


def test_a_run_that_was_killed_before_and_after_its_changes_ends_with_the_same_weights(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step, saved in ((4, 3), (7, 6)):
        killed = start(*RECIPE, "--output", tmp_path)
        interrupt(killed, tmp_path, step, signal.SIGKILL)
        killed.finish(status=-signal.SIGKILL)
        state = torch.load(tmp_path / "training.pt", weights_only=True)
        assert state["step"] == saved
        averaged, raw = state["average"][f"module.{STEM}.weight"], state["model"][f"{STEM}.weight"]
        assert torch.equal(averaged, raw) == (saved == 3)

    monkeypatch.setattr(runs, "count_classes", None)  # They are in the state, and nobody counts them again.
    assert train_here(*RECIPE, "--output", tmp_path) == 0
    assert are_identical(weights(tmp_path), weights(unbroken))
    assert losses(tmp_path) == losses(unbroken)


def test_what_a_run_leaves_is_judged_and_answers_at_the_final_size(unbroken: Path) -> None:
    predictor = Predictor.load(unbroken)
    assert predictor.config.data.answer_size == (64, 96)
    assert tuple(predictor.network_input(torch.zeros(64, 96, 3, dtype=torch.uint8).numpy()).shape[-2:]) == (64, 96)
    card = (unbroken / "README.md").read_text()
    assert "12 images of `made_rooms` at 32x64 (the last 40% of the steps at 64x96)" in card
    assert "Judged on 4 training images that were held out." in card
    assert "moving average over the steps, with a decay of 0.9" in card

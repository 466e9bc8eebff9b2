"""Two real processes under torchrun, on gloo."""

import json
from pathlib import Path

import pytest
import torch
import train_and_keep_ranks
from training_runs import SMALL, are_identical, finish, history, losses, start_two, train_here, weights

DETERMINISTIC = (
    *SMALL,
    *("--optim.freeze-batch-norm", "--model.drop-path", "0", "--model.backbone.drop-path", "0"),
    *("--steps", "6", "--optim.batch-size", "4", "--output"),
)
"""Without the network's own randomness, which every process draws for itself."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same run by one process and by two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    assert train_here(*DETERMINISTIC, one) == 0
    finish(start_two(*DETERMINISTIC, two, script=train_and_keep_ranks.__file__))
    return one, two


def test_two_processes_have_the_loss_curve_of_one(folders: tuple[Path, Path]) -> None:
    one, two = folders
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    assert len(losses(two)) == 6
    for line, other in zip(history(one), history(two), strict=True):
        if line["event"] == "train":
            assert other["final"] == pytest.approx(line["final"], rel=1e-4)
            assert other["gradient_norm"] == pytest.approx(line["gradient_norm"], rel=1e-4)


def test_both_processes_end_with_the_same_weights(folders: tuple[Path, Path]) -> None:
    _, two = folders
    first, second = (torch.load(two / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert are_identical(first, second)
    assert are_identical(first, weights(two))


def test_two_processes_end_with_the_weights_of_one(folders: tuple[Path, Path]) -> None:
    one, two = map(weights, folders)
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=1e-2, atol=2e-3)


def test_evaluation_by_two_processes_gives_the_metrics_of_one(folders: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, _ = folders
    finish(start_two(checkpoint, "--json", tmp_path / "two.json", "--batch-size", 7, module="evaluate"))
    two, one = json.loads((tmp_path / "two.json").read_text()), json.loads((checkpoint / "metrics.json").read_text())
    assert two["images"] == one["images"] == 100
    for task in ("semseg", "human_parts", "depth", "normals", "sal", "edge"):
        assert two[task] == pytest.approx(one[task], rel=1e-5)

"""Real processes that share a run, on gloo: two as srun starts them, two and four under torchrun."""

import json
from pathlib import Path

import pytest
import torch
import train_and_keep_ranks
import train_in_turn
from training_runs import (
    SMALL,
    are_identical,
    history,
    losses,
    parse,
    start_by_srun,
    start_several,
    train_here,
    weights,
)

from bridgenet.evaluate import Arguments, run
from bridgenet.learning import Launch, Runtime, check_finished
from bridgenet.train import complete, share

pytestmark = pytest.mark.slow

WITHOUT_CHANCE = ("--optim.freeze-batch-norm", "--model.drop-path", "0", "--model.backbone.drop-path", "0")
"""Without the network's own randomness and batch statistics, which every process has for itself."""

DETERMINISTIC = (*SMALL, *WITHOUT_CHANCE, "--steps", "6", "--optim.batch-size", "4", "--output")

ROOMS = (*SMALL, *WITHOUT_CHANCE, "--steps", "3", "--optim.batch-size", "8", "--output")
VIT = (
    *"nyud-vit-b --data.name made_rooms --data.input-size 64 64 --data.rooms 16 --data.workers 0".split(),
    *"--data.validation-rooms 6 --basis-images 4".split(),
    *"--model.tasks.semseg 14".split(),
    *"--model.backbone.name test_vit --model.backbone.taps None".split(),
    *"--model.embed-width 12 --model.prediction-width 4 --model.refiner-blocks 1 1 1".split(),
    *"--no-pretrained-backbone --log-every 1 --device cpu --steps 3".split(),
    *WITHOUT_CHANCE,
)
"""The preset of the paper with a tiny backbone, on rooms instead of photos. Its batch of 6 is no multiple of 4."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same run by one process and by two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    assert train_here(*DETERMINISTIC, one) == 0
    for process in start_by_srun(2, *DETERMINISTIC, two, script=train_and_keep_ranks.__file__):
        process.finish()
    return one, two


def same_curve(one: Path, other: Path) -> None:
    assert losses(other) == pytest.approx(losses(one), rel=1e-5)
    for line, its in zip(history(one), history(other), strict=True):
        if line["event"] == "train":
            assert its["final"] == pytest.approx(line["final"], rel=1e-4)
            assert its["gradient_norm"] == pytest.approx(line["gradient_norm"], rel=1e-4)


def same_weights(one: Path, other: Path) -> None:
    ours, theirs = weights(one), weights(other)
    for name, weight in ours.items():
        torch.testing.assert_close(theirs[name], weight, rtol=1e-2, atol=2e-3)


def test_two_tasks_of_srun_make_one_run_with_the_loss_curve_of_one_process(folders: tuple[Path, Path]) -> None:
    one, two = folders
    same_curve(one, two)
    assert len(losses(two)) == 6


def test_both_processes_end_with_the_same_weights(folders: tuple[Path, Path]) -> None:
    _, two = folders
    first, second = (torch.load(two / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert are_identical(first, second)
    assert are_identical(first, weights(two))


def test_two_processes_end_with_the_weights_of_one(folders: tuple[Path, Path]) -> None:
    same_weights(*folders)


def test_evaluation_by_two_processes_gives_the_metrics_of_one(folders: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, _ = folders
    start_several(2, checkpoint, "--json", tmp_path / "two.json", "--batch-size", 7, module="evaluate").finish()
    run(Arguments(checkpoint, json=tmp_path / "one.json"), Runtime())
    two, one = (json.loads((tmp_path / name).read_text()) for name in ("two.json", "one.json"))
    assert two["images"] == one["images"] == 6 and two["edge"]["ods"] > 0
    assert two["sal"].pop("protocol") == one["sal"].pop("protocol") == "clean"
    for task in ("semseg", "human_parts", "depth", "normals", "sal", "edge"):
        assert two[task] == pytest.approx(one[task], rel=1e-5)


def test_four_processes_train_the_presets_as_one_does_with_the_same_batch(tmp_path: Path) -> None:
    """A batch that they cannot share is raised, said once and kept; micro-batches and checkpointing change nothing."""
    rooms, vit = tmp_path / "rooms", tmp_path / "vit"
    in_four_parts = (*ROOMS, rooms, "--optim.accumulate", 2)
    less_memory = (*VIT, "--optim.gradient-checkpointing", "all", "--output", vit)
    said = start_several(4, *in_four_parts, "then", *less_memory, script=train_in_turn.__file__).finish()

    assert said.count("The batch is raised from 6 to 8 images, which 4 processes can share.") == 1
    assert said.count("The batch is raised") == 1
    assert json.loads((vit / "config.json").read_text())["optim"]["batch_size"] == 8
    check_finished(vit, share(complete(parse(*less_memory)), Launch(rank=1, world_size=4)))
    with pytest.raises(ValueError, match=r"batch_size is 8 there and 6 here.*--optim\.batch-size 8 keeps the saved"):
        check_finished(vit, complete(parse(*less_memory)))

    assert train_here(*ROOMS, tmp_path / "one_rooms") == 0
    assert train_here(*VIT, "--optim.batch-size", 8, "--output", tmp_path / "one_vit") == 0
    for one, four in ((tmp_path / "one_rooms", rooms), (tmp_path / "one_vit", vit)):
        same_curve(one, four)
        same_weights(one, four)

import json
import multiprocessing
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from disks import resize
from training_runs import (
    SMALL,
    are_identical,
    history,
    interrupt,
    losses,
    parse,
    start,
    told_to_everybody,
    train_here,
    weights,
)

from bridgenet import evaluate
from bridgenet.checkpoint import CheckpointError, load_model, load_state, save_state
from bridgenet.files import WriteError, sole_writer
from bridgenet.inspection import FeatureBasis
from bridgenet.learning import TrainingError
from bridgenet.presets import PRESETS
from bridgenet.train import INTERRUPTED, complete

pytestmark = pytest.mark.slow

STEPS = 12


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")
    start(*SMALL, "--steps", STEPS, "--output", folder).finish()
    return folder


def test_the_control_that_reads_another_image_is_trained_to_its_end_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = (*SMALL, "--steps", 2, "--model.bridge-reads", "foreign", "--output", tmp_path)
    assert train_here(*flags) == 0
    assert "Finished" in capsys.readouterr().err
    # Colours are fitted image by image, and one image is no answer.
    assert not (tmp_path / "feature_basis.npz").exists()
    assert evaluate.main([str(tmp_path), "--json", str(tmp_path / "judged.json")]) == 0
    assert json.loads((tmp_path / "judged.json").read_text())["depth"]["rmse"] > 0
    assert train_here(*flags) == 0
    assert "is finished: 2 steps" in capsys.readouterr().out


def test_a_finished_run_leaves_a_checkpoint_and_its_history(unbroken: Path) -> None:
    assert sorted(path.name for path in unbroken.iterdir()) == [
        "README.md",
        "config.json",
        "feature_basis.npz",
        "metrics.json",
        "metrics.jsonl",
        "model.safetensors",
        "pictures",
        "tensorboard",
    ]
    model, config, metrics = load_model(unbroken)
    assert FeatureBasis.load(unbroken / "feature_basis.npz", model).source == "made_rooms"
    assert tuple(model.config.tasks) == tuple(config.model.tasks)
    assert metrics["step"] == STEPS
    assert metrics["images"] == 6
    assert [line["step"] for line in history(unbroken)] == [*range(1, STEPS + 1), STEPS]
    assert (unbroken / "pictures" / f"step_{STEPS:06d}.png").exists()


def test_a_run_that_was_killed_and_interrupted_ends_with_the_same_weights(unbroken: Path, tmp_path: Path) -> None:
    flags = (*SMALL, "--steps", STEPS, "--output")
    first, second = tmp_path / "first", tmp_path / "second"

    killed = start(*flags, first)
    interrupt(killed, first, step=4, kind=signal.SIGKILL)
    killed.finish(status=-signal.SIGKILL)

    interrupted = start(*flags, first)
    interrupt(interrupted, first, step=7, kind=signal.SIGINT)
    assert "The same command goes on from here" in interrupted.finish(status=130)
    assert not (first / "model.safetensors").exists()

    start(*flags, second, "--resume", first).finish()
    assert are_identical(weights(second), weights(unbroken))
    assert losses(second) == losses(unbroken)
    assert not (second / "training.pt").exists()
    assert (first / "training.pt").exists()


def test_a_signal_to_all_processes_of_a_run_saves_and_stops_it(
    unbroken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slurm warns with SIGUSR1, torchrun ends with SIGTERM, and both tell those that prepare batches too."""
    flags = (*SMALL, "--steps", STEPS, "--output", tmp_path)
    for number, step in ((signal.SIGUSR1, 3), (signal.SIGTERM, 7)):
        with told_to_everybody(number, tmp_path, step):
            assert train_here(*flags) == INTERRUPTED
        assert step <= history(tmp_path)[-1]["step"] < STEPS
    assert "A step is now shared" not in capsys.readouterr().err

    save_state(tmp_path, {**load_state(tmp_path / "training.pt"), "processes": 4})
    assert train_here(*flags) == 0
    assert "shared as 1 x 1 (processes x micro-batches), before as 4 x 1" in capsys.readouterr().err
    assert are_identical(weights(tmp_path), weights(unbroken))


def test_a_finished_run_is_left_alone(unbroken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (unbroken / "model.safetensors").stat()
    assert train_here(*SMALL, "--steps", STEPS, "--output", unbroken) == 0
    assert "is finished: 12 steps" in capsys.readouterr().out
    assert (unbroken / "model.safetensors").stat() == before


def test_colours_that_were_not_fitted_or_are_damaged_are_made_good_by_the_same_command(
    unbroken: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(unbroken, tmp_path / "run")
    basis = run / "feature_basis.npz"
    whole = basis.read_bytes()
    for prepare in (basis.unlink, lambda: basis.write_bytes(whole[: len(whole) // 2])):
        prepare()
        assert train_here(*SMALL, "--steps", STEPS, "--output", run) == 0
        assert FeatureBasis.load(basis, load_model(run)[0]).source == "made_rooms"
    assert sorted(path.name for path in run.iterdir()) == sorted(path.name for path in unbroken.iterdir())


def test_a_run_that_lost_its_state_is_not_called_finished(unbroken: Path, tmp_path: Path) -> None:
    run = shutil.copytree(unbroken, tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps(metrics | {"step": 5}))
    with pytest.raises(CheckpointError, match=r"step 5 of 12, but no training\.pt to go on from"):
        train_here(*SMALL, "--steps", STEPS, "--output", run)


def hold(folder: Path, ready: Path) -> None:
    with sole_writer(folder):
        ready.touch()
        time.sleep(300)


def test_a_second_run_in_the_folder_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    run, ready = tmp_path / "run", tmp_path / "ready"
    first = multiprocessing.get_context("fork").Process(target=hold, args=(run, ready), daemon=True)
    first.start()
    while not ready.exists():
        assert first.is_alive()
        time.sleep(0.01)
    before = sorted(run.iterdir())
    with pytest.raises(WriteError, match="Another run is writing into"):
        train_here(*SMALL, "--steps", STEPS, "--output", run)
    assert sorted(run.iterdir()) == before
    first.kill()
    first.join()


def test_a_run_whose_disk_was_full_goes_on_to_the_same_weights(unbroken: Path, small_disk: Path) -> None:
    run = small_disk / "run"
    flags = (*SMALL, "--steps", STEPS, "--data.workers", 0, "--output", run)
    save_state(run, {"step": 0})
    with pytest.raises(CheckpointError, match="not the state of this run"):
        train_here(*flags)
    (run / "training.pt").unlink()
    # A state is three times the weights: there is room for one, not for a new one beside it.
    resize(small_disk, str(9 * (unbroken / "model.safetensors").stat().st_size // 2))
    with pytest.raises(WriteError, match="no space is left on the disk"):
        train_here(*flags)
    assert [path.name for path in run.rglob("*") if path.name.endswith(".tmp")] == []
    assert load_state(run / "training.pt")["step"] == 3
    resize(small_disk, "100m")
    assert train_here(*flags) == 0
    assert are_identical(weights(run), weights(unbroken))
    assert sorted(path.name for path in run.iterdir()) == sorted(path.name for path in unbroken.iterdir())


def test_an_output_that_is_a_file_is_refused_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(WriteError, match="is a file, not a folder"):
            train_here(*SMALL, "--steps", STEPS, "--output", output)


def test_a_finished_run_cannot_be_lengthened(unbroken: Path) -> None:
    with pytest.raises(ValueError, match=r"optim\.steps is 12 there and 50 here.*cannot be lengthened"):
        train_here(*SMALL, "--steps", 50, "--output", unbroken)


def test_a_run_is_not_overwritten(unbroken: Path) -> None:
    with pytest.raises(ValueError, match="already holds a run"):
        train_here(*SMALL, "--steps", STEPS, "--output", unbroken, "--resume", "never")


def test_short_flags_mean_what_they_say(tmp_path: Path) -> None:
    arguments = parse("rooms-tiny", "--output", tmp_path, "--steps", 20, "--seed", 1, "--resume", "never")
    config = complete(arguments)
    assert (config.optim.steps, config.seed) == (20, 1)
    assert (arguments.output, arguments.resume) == (tmp_path, "never")
    assert parse("rooms-tiny", "--resume", tmp_path).resume == tmp_path
    assert parse("rooms-tiny").resume == "auto"
    assert complete(parse("nyud-lite0", "--data-root", tmp_path)).data.root == tmp_path


def test_every_setting_can_be_overridden() -> None:
    config = parse("rooms-tiny", "--optim.learning-rate", "1e-4", "--model.refiner-blocks", 1, 2, 3).config
    expected = PRESETS["rooms-tiny"]
    expected = replace(expected, optim=replace(expected.optim, learning_rate=1e-4))
    assert config == replace(expected, model=replace(expected.model, refiner_blocks=(1, 2, 3)))


def test_a_preset_is_used_as_it_is_written() -> None:
    assert {name: parse(name).config for name in PRESETS} == PRESETS


def test_a_loss_that_is_not_finite_stops_the_run_and_names_its_images(tmp_path: Path) -> None:
    flags = (*SMALL, "--steps", 9, "--output", tmp_path, "--optim.optimizer", "sgd", "--optim.clip-norm", 0)
    with pytest.raises(
        TrainingError, match=r"loss of semseg.* not finite at step \d+\. Images of the step: room-train-"
    ) as error:
        train_here(*flags, "--optim.learning-rate", "1e30", "--data.workers", 0, "--save-every", 1)
    assert "training.pt, is untouched" in str(error.value)
    assert (tmp_path / "training.pt").exists()
    assert all(json.dumps(line, allow_nan=False) for line in history(tmp_path))


def test_the_number_of_workers_changes_nothing(unbroken: Path, tmp_path: Path) -> None:
    assert train_here(*SMALL, "--steps", STEPS, "--output", tmp_path, "--data.workers", 0) == 0
    assert losses(tmp_path) == losses(unbroken)

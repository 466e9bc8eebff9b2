"""Where a run starts: afresh, from a saved state, or not at all because it is finished."""

from pathlib import Path
from typing import Any, Literal

from bridgenet.checkpoint import (
    METRICS_FILE,
    MODEL_FILE,
    STATE_FILE,
    CheckpointError,
    read_config,
    read_metrics,
)
from bridgenet.config import TrainConfig, from_dict, to_dict

ResumeChoice = Literal["auto", "never"] | Path


def find_state(output: Path, resume: ResumeChoice) -> Path | None:
    """The `training.pt` to go on from, or None to start afresh.

    Args:
        output: Folder of the run.
        resume: `auto` goes on with the run in the folder if there is one, `never` wants an empty folder, and a path
            names a `training.pt` or the folder that holds it.

    Raises:
        CheckpointError: There is nothing at the path, or a run that must not be overwritten is in the folder.
    """
    own = output / STATE_FILE
    has_run = own.exists() or (output / MODEL_FILE).exists()
    if resume == "auto":
        return own if own.exists() else None
    if resume != "never":
        path = resume / STATE_FILE if resume.is_dir() else resume
        if not path.is_file():
            raise CheckpointError(
                f"There is no saved state {str(path)!r}. A finished run has none: its {STATE_FILE} is removed."
            )
        if not has_run or path.resolve() == own.resolve():
            return path
    elif not has_run:
        return None
    raise CheckpointError(
        f"{str(output)!r} already holds a run. Go on with it (--resume auto), choose another --output, or delete it."
    )


def finished_steps(output: Path) -> int | None:
    """Steps of the finished run in a folder; None if there is none or it is not finished."""
    if (output / STATE_FILE).exists() or not (output / MODEL_FILE).exists():
        return None
    return int(read_metrics(output).get("step", 0))


def check_finished(output: Path, config: TrainConfig) -> None:
    """Makes sure that the finished run in a folder is the one that was asked for.

    Raises:
        CheckpointError: It had another config, or its state was lost before the last step.
    """
    check_same_run(to_dict(read_config(output)), config, output / METRICS_FILE)
    if (done := finished_steps(output) or 0) < config.optim.steps:
        raise CheckpointError(
            f"{str(output)!r} holds the checkpoint of step {done} of {config.optim.steps}, but no {STATE_FILE} to go "
            "on from. To train to the end, choose another --output or delete the folder."
        )


def check_same_run(saved: dict[str, Any], config: TrainConfig, path: Path) -> None:
    """Makes sure that a saved run and a config would do the same steps.

    Args:
        saved: Config of the saved run, as `to_dict` gives it.
        config: What was asked for.
        path: The file that was found, for the message.

    Raises:
        CheckpointError: They differ; the message names every difference.
    """
    try:
        # Fields that are younger than the saved run take their defaults.
        saved = to_dict(from_dict(TrainConfig, saved))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{str(path)!r} was written by another version of BridgeNet: {error}") from None
    differences = _differences(what_matters(saved), what_matters(to_dict(config)))
    if not differences:
        return
    advice = "Give the same settings to go on with it, or choose another --output to start a new run."
    if any(line.startswith("optim.steps") for line in differences):
        advice += " The learning rate falls to zero at the last step, so a run cannot be lengthened or shortened."
    if any(line.startswith("optim.batch_size") for line in differences):
        batch = saved["optim"]["batch_size"]
        advice += f" A batch is raised to a multiple of the processes: --optim.batch-size {batch} keeps the saved one."
    raise CheckpointError(f"{str(path)!r} belongs to a run with other settings: {'; '.join(differences)}. {advice}")


def what_matters(values: dict[str, Any]) -> dict[str, Any]:
    """The part of a config (as `to_dict` gives it) that changes the weights at the end.

    What data and classes are called, where the data lie, how they are loaded, how a step is spread over memory, and how
    often and on how many images the run reports do not.
    """
    reports = {"validate_every", "save_every", "log_every", "basis_images"}
    free = {
        "data": {"classes", "title", "root", "workers", "validation_rooms"},
        "optim": {"accumulate", "gradient_checkpointing"},
    }
    kept = {name: value for name, value in values.items() if name not in reports}
    parts = {part: {name: value for name, value in kept[part].items() if name not in free[part]} for part in free}
    return {**kept, **parts}


def _differences(saved: dict[str, Any], asked: dict[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for name in {**saved, **asked}:
        one, two = saved.get(name), asked.get(name)
        if isinstance(one, dict) and isinstance(two, dict):
            lines += _differences(one, two, f"{prefix}{name}.")
        elif one != two:
            lines.append(f"{prefix}{name} is {one!r} there and {two!r} here")
    return lines

"""Judges a checkpoint over a whole data set: `python -m bridgenet.evaluate checkpoints/nyud-lite0 --data-root DIR`.

Under `torchrun --nproc_per_node=4 -m bridgenet.evaluate ...` the processes share the images; the metrics are the same.
Everything runs in float32, as in the predictor.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import tyro
from tqdm import tqdm

from bridgenet.config import DataConfig, TrainConfig
from bridgenet.data import DataError, MultiTaskDataset, open_dataset
from bridgenet.files import WriteError, check_writable, write_any_letter, write_text
from bridgenet.learning import (
    CheckpointError,
    Runtime,
    evaluate,
    in_words,
    load_model,
    locate_data,
    plain_message,
    plain_warnings,
    start_runtime,
)
from bridgenet.model import BridgeNet
from bridgenet.tasks import TASKS, TaskName


@dataclass(frozen=True)
class Arguments:
    """What is judged, and on what."""

    checkpoint: tyro.conf.Positional[Path]
    """Checkpoint folder."""

    data: Literal["made_rooms", "nyud", "pascal_context"] | None = None
    """Data set. Default: the one it was trained on."""

    data_root: Path | None = None
    """Folder of the data set. Default: the folder of its name in $BRIDGENET_DATA."""

    split: Literal["train", "val"] = "val"
    """Which images; those for training are not augmented."""

    tasks: tuple[TaskName, ...] | None = None
    """Tasks to judge. Default: all that the checkpoint has."""

    json: Path | None = None
    """File to write the metrics to."""

    batch_size: int = 8
    """Images at a time."""

    device: str | None = None
    """cpu, cuda or cuda:N. Default: the GPU if there is one."""


def main() -> int:
    """The command. Returns its exit status."""
    write_any_letter()
    arguments = tyro.cli(Arguments, prog="bridgenet.evaluate", description=__doc__)
    try:
        with start_runtime(arguments.device) as runtime, plain_warnings(runtime.is_main):
            run(arguments, runtime)
    except (CheckpointError, DataError, WriteError, ValueError) as error:
        print(f"\n{plain_message(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(arguments: Arguments, runtime: Runtime) -> None:
    """Judges, prints a table and writes the file."""
    if runtime.is_main and arguments.json is not None:
        check_writable(arguments.json)
    model, config, _ = load_model(arguments.checkpoint, runtime.device)
    dataset = open_split(arguments, config)
    metrics = judge(model, dataset, config, runtime, arguments.batch_size)
    if runtime.is_main:
        print(table(metrics))  # noqa: T201
        if arguments.json is not None:
            write_text(arguments.json, json.dumps(metrics, indent=2, allow_nan=False) + "\n")


def open_split(arguments: Arguments, config: TrainConfig) -> MultiTaskDataset:
    """The images that a checkpoint is judged on, with the ground truth of the tasks.

    Raises:
        DataError: The data are not there, or have no ground truth for a task.
    """
    asked = replace(config.data, name=arguments.data or config.data.name, root=None)
    data = locate_data(asked, arguments.data_root)
    tasks = choose_tasks(arguments.tasks, config, data)
    mean = config.model.backbone.mean
    judged = open_dataset(data, "val", tasks, mean)
    if arguments.split == "val":
        return judged
    return MultiTaskDataset(open_dataset(data, "train", tasks, mean).reader, tasks, judged.transform)


def choose_tasks(asked: Sequence[TaskName] | None, config: TrainConfig, data: DataConfig) -> tuple[TaskName, ...]:
    """The tasks to judge.

    Raises:
        DataError: The checkpoint does not have a task, or knows other classes than the data.
    """
    tasks = tuple(asked or config.model.tasks)
    if missing := [task for task in tasks if task not in config.model.tasks]:
        raise DataError(f"The checkpoint has no {', '.join(missing)}. It has {', '.join(config.model.tasks)}.")
    if "semseg" in tasks and data.name != config.data.name:
        others = " ".join(task for task in config.model.tasks if task != "semseg")
        raise DataError(
            f"The checkpoint knows the classes of {config.data.name}, not those of {data.name}. "
            f"Leave semseg out: --tasks {others}"
        )
    return tasks


def judge(
    model: BridgeNet, dataset: MultiTaskDataset, config: TrainConfig, runtime: Runtime, batch_size: int
) -> dict[str, Any]:
    """Metrics over the data set, with a progress bar."""
    with tqdm(total=len(dataset), unit="image", disable=not runtime.is_main) as bar:
        return evaluate(
            model,
            dataset,
            config,
            runtime,
            batch_size,
            watch=lambda batch, trace: bar.update(min(len(batch.names) * runtime.world_size, len(dataset) - bar.n)),
        )


def table(metrics: Mapping[str, Any]) -> str:
    """The metrics as lines for people."""
    lines = [
        f"{TASKS[task].title:<14} {name:<15} {in_words(name, value, '>9.3f')}"
        for task in TASKS
        for name, value in metrics.get(task, {}).items()
    ]
    return "\n".join([*lines, f"{metrics['images']} images"])


if __name__ == "__main__":
    sys.exit(main())

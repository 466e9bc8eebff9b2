"""Judges a checkpoint over a whole data set: `python -m bridgenet.evaluate checkpoints/nyud-lite0 --data-root DIR`.

Under `torchrun --nproc_per_node=4 -m bridgenet.evaluate ...` the processes share the images; the metrics are the same.
Everything runs in float32, as in the predictor.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal
from zipfile import BadZipFile

import numpy as np
import tyro
from tqdm import tqdm

from bridgenet.checkpoint import load_model
from bridgenet.command import USAGE, in_flags, parse
from bridgenet.config import Count, DataConfig, FilePath, SettingError, Settings, TrainConfig, not_among
from bridgenet.config import choose_tasks as choose
from bridgenet.data import DataError, MultiTaskDataset, open_dataset
from bridgenet.data.transforms import EvaluationTransform
from bridgenet.files import check_writable, replacing, write_any_letter, write_text
from bridgenet.labels import same_classes
from bridgenet.learning import (
    LostProcessError,
    Runtime,
    evaluate,
    in_words,
    locate_data,
    multi_task_gain,
    plain_message,
    plain_warnings,
    start_runtime,
)
from bridgenet.learning.boundary import THRESHOLDS, BoundaryJudge
from bridgenet.learning.by_image import JUDGED, Sums, gain_over_images, judged_by
from bridgenet.learning.evaluation import empty_metrics
from bridgenet.learning.saliency_metric import SaliencyProtocol
from bridgenet.model import Network
from bridgenet.reading.cache import cache_root
from bridgenet.sources import SOURCES, find_source, source_at
from bridgenet.tasks import TASKS, TaskName


@dataclass(frozen=True)
class Arguments(Settings):
    """What is judged, and on what."""

    checkpoint: tyro.conf.Positional[FilePath]
    """Checkpoint folder."""

    data: Annotated[str | None, tyro.conf.arg(metavar="{" + ",".join(SOURCES) + "}")] = None
    """Data set. Default: the one it was trained on."""

    data_root: FilePath | None = None
    """Folder of the data set. Default: the folder of its name in $BRIDGENET_DATA."""

    split: Literal["train", "val"] = "val"
    """Which images; those for training are not augmented."""

    tasks: tuple[str, ...] | None = None
    """Tasks to judge, as in --tasks semseg,depth. Default: all that the checkpoint has."""

    json: FilePath | None = None
    """File to write the metrics to."""

    batch_size: Count = 8
    """Images at a time."""

    flip: bool = False
    """Judge also the mean of the answers to each image and to its mirror image. These numbers take twice the time and
    stand beside the plain ones; the file has them as `flipped`."""

    single_task: FilePath | None = None
    """What single-task learning reaches on the same images: a file that --json wrote. Then Delta_m is told, too."""

    by_image: FilePath | None = None
    """File (.npz) to write what each image adds to the metrics. One process does that."""

    against: FilePath | None = None
    """What --by-image wrote of another network on the same images. Then Delta_m over that one is told with its 95 %
    interval over draws of the images."""

    sal_protocol: SaliencyProtocol = "clean"
    """How saliency is judged: clean takes the softmax once; invpt is that of InvPT and of whoever built on it, whose
    numbers it is compared with; astmt is that of ASTMT and MTI-Net."""

    device: str | None = None
    """cpu, cuda or cuda:N. Default: the GPU if there is one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data is not None and self.data not in SOURCES:
            raise self.refuse(not_among("data", self.data, SOURCES))


def main(line: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status."""
    write_any_letter()
    arguments = parse(Arguments, "bridgenet.evaluate", __doc__, line)
    try:
        with start_runtime(arguments.device) as runtime, plain_warnings(runtime.is_main):
            run(arguments, runtime)
    except SettingError as error:
        print(f"\n{in_flags(error, Arguments)}", file=sys.stderr)  # noqa: T201
        return USAGE
    except (LostProcessError, OSError, ValueError) as error:
        print(f"\n{plain_message(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(arguments: Arguments, runtime: Runtime) -> None:
    """Judges, prints a table and writes the file."""
    for file in (arguments.json, arguments.by_image):
        if runtime.is_main and file is not None:
            check_writable(file)
    one_by_one = arguments.by_image is not None or arguments.against is not None
    if one_by_one and runtime.world_size > 1:
        raise arguments.refuse(f"{'by_image' if arguments.by_image else 'against'} is for one process: start one.")
    other = None if arguments.against is None else read_sums(arguments.against)
    sums: Sums = {}
    alone = None if arguments.single_task is None else read_metrics(arguments.single_task)
    model, config, _ = load_model(arguments.checkpoint, runtime.device)
    dataset = open_split(arguments, config)
    edges = find_source(arguments.data or config.data.name).edges
    boundaries = BoundaryJudge(edges, THRESHOLDS, kept_in=cache_root() / "boundary-counts")
    metrics = judge(
        model,
        dataset,
        config,
        runtime,
        arguments.batch_size,
        boundaries,
        saliency=arguments.sal_protocol,
        flip=arguments.flip,
        keep=sums.update if one_by_one else None,
    )
    if alone is not None:
        metrics["delta_m"] = multi_task_gain(metrics, alone)
    if one_by_one:
        sums[JUDGED] = judged_by(dataset.names, metrics)
    if other is not None:
        empty = empty_metrics(dataset, config, boundaries, arguments.sal_protocol)
        gain = gain_over_images(empty, sums, other)
        metrics["gain"] = {"delta_m": gain.mean, "low": gain.low, "high": gain.high, "draws": len(gain.samples)}
    if runtime.is_main:
        print(table(metrics))  # noqa: T201
        if arguments.json is not None:
            write_text(arguments.json, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
        if arguments.by_image is not None:
            with replacing(arguments.by_image) as file:
                np.savez_compressed(file, allow_pickle=False, **sums)


def read_metrics(file: Path) -> dict[str, Any]:
    """Metrics that an earlier call wrote.

    Raises:
        DataError: It is not such a file.
    """
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"--single-task {file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise DataError(f"--single-task {file} is no JSON: {error}.") from None
    if (
        not isinstance(metrics, dict)
        or "images" not in metrics
        or not all(isinstance(metrics.get(task, {}), dict) for task in (*TASKS, "conventions"))
    ):
        raise DataError(f"--single-task {file} does not hold metrics as --json writes them.")
    return metrics


def read_sums(file: Path) -> Sums:
    """What an earlier call wrote of every image.

    Raises:
        DataError: It is not such a file.
    """
    try:
        with file.open("rb") as content, np.lib.npyio.NpzFile(content) as told:
            return dict(told)
    except OSError as error:
        raise DataError(f"--against {file} cannot be read: {error.strerror}.") from None
    except (ValueError, EOFError, BadZipFile):
        raise DataError(f"--against {file} does not hold sums as --by-image writes them.") from None


def open_split(arguments: Arguments, config: TrainConfig) -> MultiTaskDataset:
    """The images that a checkpoint is judged on, with the ground truth of the tasks.

    Raises:
        DataError: The data are not there, or have no ground truth for a task.
    """
    source = find_source(arguments.data or config.data.name)
    # Images that were held out in training are images of `train` here.
    asked = replace(config.data, name=source.name, root=None, hold_out=0, classes=None)
    data = locate_data(asked, arguments.data_root)
    if source.describe is not None:
        source = source_at(source.name, data.root)
        data = replace(data, title=source.title, classes=dict(source.classes))
    tasks = choose_tasks(arguments.tasks, config, data, source.tasks)
    mean = config.model.backbone.mean
    reader = open_dataset(data, arguments.split, tasks, mean).reader
    return MultiTaskDataset(reader, tasks, EvaluationTransform(data.answer_size, data.resize, mean), source.stereo)


def choose_tasks(
    asked: Sequence[str] | None, config: TrainConfig, data: DataConfig, known: Sequence[TaskName]
) -> tuple[TaskName, ...]:
    """The tasks to judge, in the order of the checkpoint.

    Args:
        asked: Those that were asked for; None: all of the checkpoint.
        config: Of the checkpoint.
        data: What it is judged on.
        known: The tasks that have ground truth there.

    Raises:
        SettingError: The checkpoint does not have a task.
        DataError: There is no ground truth for a task, or its classes are others.
    """
    tasks = tuple(config.model.tasks) if asked is None else choose(asked, config.model.tasks)
    missing = [task for task in tasks if known and task not in known]
    foreign = [
        task for task in tasks if task not in missing and not same_classes(task, data.known_classes, config.classes)
    ]
    if not missing and not foreign:
        return tasks
    left_out = [task for task in tasks if task in (*missing, *foreign)]
    others = ",".join(task for task in config.model.tasks if task not in (*missing, *foreign))
    theirs = "those that it has here" if data.called == config.data.called else f"those of {data.called}"
    lacks = f"{data.called} has no ground truth for {', '.join(missing)}. " if missing else ""
    differs = f"The checkpoint knows the classes of {config.data.called}, not {theirs}. " if foreign else ""
    advice = f"Leave {', '.join(left_out)} out: --tasks {others}" if others else "It answers nothing else."
    raise DataError(lacks + differs + advice)


def judge(
    model: Network,
    dataset: MultiTaskDataset,
    config: TrainConfig,
    runtime: Runtime,
    batch_size: int,
    boundaries: BoundaryJudge,
    *,
    saliency: SaliencyProtocol = "clean",
    flip: bool = False,
    keep: Callable[[Sums], object] | None = None,
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
            flip=flip,
            judge=boundaries,
            saliency=saliency,
            keep=keep,
        )


def table(metrics: Mapping[str, Any]) -> str:
    """The metrics as lines for people, those with a flip beside the plain ones."""
    flipped = metrics.get("flipped", {})
    lines = [
        f"{TASKS[task].title:<14} {name:<15} {in_words(name, value, '>9.3f')}"
        + (f"   with flip {in_words(name, flipped[task][name], '>9.3f')}" if flipped else "")
        for task in TASKS
        for name, value in metrics.get(task, {}).items()
    ]
    gain = [f"{'Delta_m':<14} {'':<15} {metrics['delta_m']:+9.3f} %"] if "delta_m" in metrics else []
    if told := metrics.get("gain"):
        ends = f"{told['low']:+.3f} to {told['high']:+.3f} over draws of the images"
        gain.append(f"{'Delta_m':<14} {'over the other':<15} {told['delta_m']:+9.3f} % ({ends})")
    conventions = [f"{TASKS[task].title} by {words}" for task, words in metrics.get("conventions", {}).items()]
    return "\n".join([*lines, *gain, *conventions, f"{metrics['images']} images"])


if __name__ == "__main__":
    sys.exit(main())

"""What each part of the network is worth: the same run with and without it, over several seeds.

The full network and one without a part are trained from the same seed, so that they see the same images in the same
order. What is compared is therefore the pair: the gain of the part for this seed. Few seeds give wide intervals, and
an interval that holds zero says that nothing can be told.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bridgenet.checkpoint import read_metrics
from bridgenet.config import TrainConfig
from bridgenet.data import Batch
from bridgenet.labels import NO_VALID_PIXEL
from bridgenet.learning.intervals import Interval, t_interval
from bridgenet.learning.loop import train
from bridgenet.learning.record import Row
from bridgenet.learning.resume import check_finished, find_state, finished_steps
from bridgenet.learning.runtime import start_runtime
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace

Painter = Callable[[Batch, Trace], list[Row]]

FULL = "full"

ABLATIONS: dict[str, Mapping[str, Any]] = {
    FULL: {},
    "without-tpp": {"tpp": False},
    "without-bfe": {"bfe": False},
    "without-tfr": {"refinement": "add"},
    "without-tasks": {"bridge_reads": "nothing"},
    "foreign-tasks": {"bridge_reads": "foreign"},
    "without-joint-norm": {"joint_norm": False},
    "without-meeting": {"bridge_reads": "nothing", "tpp": False, "joint_norm": False},
}
"""Variants of a network, as changes of its `ModelConfig`.

Without the BFE there is no bridge and so nothing to refine with: both go, and with them every backbone map but the
coarsest. Without the TFR the bridge feature is added.

The controls keep the bridge, its query from the backbone and its refiners. Without tasks it reads nothing; with foreign
tasks it reads those of another image, with as many parameters; without any meeting, TPP is off too and every task has
a layer norm of its own, so that no two tasks meet anywhere in the decoder.
"""

PARTS: dict[str, tuple[str, str]] = {
    "BFE, with all that goes with it": ("without-bfe", FULL),
    "finer backbone maps, by a bridge that asks nobody": ("without-bfe", "without-tasks"),
    "asking the tasks": ("without-tasks", FULL),
    "asking the own tasks, not another image's": ("foreign-tasks", FULL),
    "TPP": ("without-tpp", FULL),
    "joint layer norm": ("without-joint-norm", FULL),
    "TFR, instead of adding the bridge": ("without-tfr", FULL),
    "meeting at all": ("without-meeting", FULL),
}
"""What the gain of BridgeNet is taken apart into: the variant without a part, and the one with it."""

FOLLOWED: dict[TaskName, str] = {**{name: task.metric for name, task in TASKS.items()}, "edge": "balanced_bce"}
"""The metric that variants are compared by in each task. That of edges is the loss: after few steps odsF may be 0, of
which there is no gain, and the kept runs were judged by the loss alone."""

ERRORS = frozenset(name for name, task in TASKS.items() if not task.higher_is_better or name == "edge")
"""The tasks of which that metric is an error."""


@dataclass(frozen=True, slots=True)
class AblationRun:
    """One finished run.

    Attributes:
        variant: A name of `ABLATIONS`.
        seed: Of the run.
        metrics: Metrics of the validation set, by task and name; None without ground truth, a word for a protocol.
    """

    variant: str
    seed: int
    metrics: dict[str, dict[str, float | str | None]]

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """Its tasks that could be judged, in the order of the network."""
        return tuple(task for task in TASKS if self.metrics.get(task, {}).get(FOLLOWED[task]) is not None)

    def headline(self, task: TaskName) -> float:
        """The metric in `FOLLOWED`, in `METRIC_UNITS`.

        Raises:
            ValueError: The run has no ground truth for the task.
        """
        value = self.metrics.get(task, {}).get(FOLLOWED[task])
        if value is None or isinstance(value, str):
            raise ValueError(f"{self.variant}, seed {self.seed}: {TASKS[task].title} has {NO_VALID_PIXEL}.")
        return value


def ablate(
    config: TrainConfig,
    folder: Path,
    seeds: Iterable[int],
    variants: Sequence[str] = tuple(ABLATIONS),
    *,
    tell: Callable[[str, int], object] | None = None,
    device: str | None = None,
) -> list[AblationRun]:
    """Trains every variant from every seed, seed by seed, and returns the finished runs.

    Each run leaves a checkpoint in `folder/VARIANT-SEED`. Those that are finished there are not trained again, and one
    that was interrupted goes on where it was.

    Args:
        config: The run of the full network.
        folder: Where the runs are kept.
        seeds: Of the runs.
        variants: Names of `ABLATIONS`.
        tell: Called with variant and seed before each training.
        device: A torch device. None takes the GPU where there is one.

    Raises:
        ValueError: A variant is unknown.
        CheckpointError: The folder holds runs with other settings.
        KeyboardInterrupt: Ctrl-C was pressed; the state is saved, and the same call goes on from there.
    """
    for seed in seeds:
        for variant in variants:
            run, output = varied(config, variant, seed), folder / f"{variant}-{seed}"
            if find_state(output, "auto") is None and finished_steps(output) is not None:
                check_finished(output, run)
                continue
            if tell is not None:
                tell(variant, seed)
            if not train_quietly(run, output, device=device):
                raise KeyboardInterrupt
    return read_runs(folder)


def varied(config: TrainConfig, variant: str, seed: int) -> TrainConfig:
    """The run of a variant.

    Raises:
        ValueError: The variant is unknown.
    """
    if variant not in ABLATIONS:
        raise ValueError(f"There is no variant {variant!r}. Known: {', '.join(ABLATIONS)}.")
    return replace(config, model=replace(config.model, **ABLATIONS[variant]), seed=seed)


def train_quietly(
    config: TrainConfig, output: Path, paint: Painter | None = None, *, device: str | None = None
) -> bool:
    """Trains without a progress bar: from the start, or from the state that is saved in the folder.

    Args:
        config: The run.
        output: Its folder.
        paint: Draws samples at each validation; it may also show them. None keeps the image alone.
        device: A torch device. None takes the GPU where there is one.

    Returns:
        Whether the run is finished. If not, it was asked to stop and can be resumed.
    """
    with (
        start_runtime(device, config.optim.precision, tf32=config.optim.tf32) as runtime,
        redirect_stderr(io.StringIO()),
    ):
        return train(config, output, find_state(output, "auto"), runtime, paint or _image_alone)


def read_runs(folder: Path) -> list[AblationRun]:
    """The finished runs in a folder, by seed and in the order of `ABLATIONS`."""
    found = [path for path in folder.glob("*-*") if finished_steps(path) is not None]
    names = [(*path.name.rpartition("-")[::2], path) for path in found]
    runs = [
        AblationRun(variant, int(seed), tasks_of(read_metrics(path)))
        for variant, seed, path in names
        if variant in ABLATIONS and seed.isdecimal()
    ]
    return sorted(runs, key=lambda run: (run.seed, list(ABLATIONS).index(run.variant)))


def tasks_of(metrics: Mapping[str, Any]) -> dict[str, dict[str, float | str | None]]:
    """The part of a `metrics.json` that is about tasks."""
    return {task: metrics[task] for task in TASKS if task in metrics}


def read_results(path: Path) -> tuple[list[AblationRun], dict[str, Any]]:
    """What `benchmarks/ablation.py` keeps: the runs, and everything else that is in the file."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return [AblationRun(**run) for run in values.pop("runs")], values


def find_result(name: str) -> Path:
    """A file in the project's folder `benchmarks`, found from the project or from any folder inside it.

    Raises:
        FileNotFoundError: There is none of this name.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / "benchmarks" / name).is_file():
            return folder / "benchmarks" / name
    raise FileNotFoundError(
        f"There is no {name!r} in a folder benchmarks/ here or above. "
        f"`python benchmarks/{Path(name).stem}.py` makes it; README.md there says how long that takes."
    )


def levels(runs: Iterable[AblationRun], variant: str, task: TaskName) -> Interval:
    """How good a variant is at a task, in the metric's unit.

    Raises:
        ValueError: The variant has no run with ground truth for the task.
    """
    return t_interval([run.headline(task) for run in runs if run.variant == variant and task in run.tasks])


def gains(runs: Iterable[AblationRun], variant: str, reference: str = FULL) -> dict[str, Interval]:
    """What the parts that a variant lacks are worth: the reference against the variant, seed by seed.

    Each is a change of the task's metric in per cent of the variant's, positive where the reference is better;
    `delta_m` is their mean over the tasks (Eqs. (8) and (9), with the variant in the place of the baseline).

    Args:
        runs: Finished ones. Seeds that lack one of the two are left out, and so are tasks that one of the runs could
            not be judged by.
        variant: A name of `ABLATIONS`.
        reference: Another one, which has more parts.

    Raises:
        ValueError: No seed has both, or no task could be judged.
    """
    by_name = {(run.variant, run.seed): run for run in runs}
    seeds = sorted(seed for name, seed in by_name if name == variant and (reference, seed) in by_name)
    pairs = [(by_name[reference, seed], by_name[variant, seed]) for seed in seeds]
    if not pairs:
        raise ValueError(f"No seed has a finished run of both {reference!r} and {variant!r}.")
    judged: list[TaskName] = [task for task in TASKS if all(task in run.tasks for pair in pairs for run in pair)]
    if not judged:
        raise ValueError(f"No task could be judged in every run of {reference!r} and {variant!r}.")
    table = {task: [_gain(whole, cut, task) for whole, cut in pairs] for task in judged}
    mean = np.mean(list(table.values()), axis=0).tolist()
    return {name: t_interval(samples) for name, samples in {**table, "delta_m": mean}.items()}


def _gain(whole: AblationRun, cut: AblationRun, task: TaskName) -> float:
    change = 100 * (whole.headline(task) - cut.headline(task)) / cut.headline(task)
    return -change if task in ERRORS else change


def _image_alone(batch: Batch, trace: Trace) -> list[Row]:
    return [[(batch.images[0].clamp(0, 1) * 255).round().byte().movedim(0, -1).cpu().numpy()]]

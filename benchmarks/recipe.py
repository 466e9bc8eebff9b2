"""Which settings of `nyud-lite0` help, tried on training images that are held out: `python benchmarks/recipe.py`.

Every try is the preset with some more flags, trained for 1,000 steps on 715 of the 795 training images and judged on
the 80 others. `base` is the preset itself: the backbone that the ImageNet weights belong to, averaged weights and the
range of the zoom are adopted by prior, for short runs punish them; class weights and heavier losses of segmentation
and depth had gained most in earlier trials, and the try without them says whether they still do.

Writes `benchmarks/recipe.json`: of each try its flags, its numbers with their 95 % interval over images (bootstrap, the
same draws for all tries), how far they are from `base` on the same images and seeds, the spread of its seeds, and the
seconds of its runs. A run takes half an hour of one core, more with what is tried, so the budget of three hours does
not hold two seeds of everything: the order is seed 0 of all tries, then seed 1 of `base` (whose spread is the
yardstick for the others), then seed 1 of the others as far as the budget reaches. Killed or interrupted, the same
command goes on.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from bridgenet.checkpoint import load_model, read_metrics
from bridgenet.config import TrainConfig, to_dict
from bridgenet.data import Batch, open_dataset
from bridgenet.files import replacing, write_text
from bridgenet.learning import Runtime, check_finished, evaluate, finished_steps
from bridgenet.learning.ablation import train_quietly
from bridgenet.learning.metrics import MultiTaskMetrics
from bridgenet.model import resize_to
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace
from bridgenet.train import complete, read

BASE = "base"

TRIES: dict[str, str] = {
    BASE: "",
    "log-depth": "--loss.depth scale-invariant --loss.weights.depth 15",
    "plain-losses": "--loss.class-weights None --loss.weights.semseg 1 --loss.weights.depth 1",
    "final-size": "--data.final-size 320 416",
    "unfreeze": "--optim.unfreeze-step 200",
}
"""What each try adds to the preset, the most informative first."""

HELD_OUT = 80
DRAWS = 2000
"""Of the bootstrap."""

SUMS_FILE = "held_out.npz"

METRICS = {"miou": "%", "pixel_accuracy": "%", "rmse": "m", "mean_angle": "°", "balanced_bce": ""}
"""Numbers that a try is judged by, with their units."""

Sums = dict[str, np.ndarray]
"""By name, what each image adds to the sums of the metrics, (images, ...)."""


@dataclass(frozen=True)
class Attempt:
    """One run of a try."""

    name: str
    seed: int
    config: TrainConfig
    output: Path


def main() -> int:
    """Train what is missing as far as the budget reaches, and write. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Which settings of nyud-lite0 help, on held-out training images.")
    parser.add_argument("--data-root", type=Path, help="folder of NYUD-v2; default: nyud in $BRIDGENET_DATA")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=3.0, help="no run is begun that would not end within them")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "recipe", help="folder of the runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of recipe.json")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    finished: list[Attempt] = []
    for attempt in attempts(wanted.steps, wanted.data_root, wanted.runs):
        if finished_steps(attempt.output) is None:
            if not fits(finished, wanted.hours * 3600):
                print(f"{attempt.name}, seed {attempt.seed}: not begun, it would not end within the budget")
                continue
            print(f"{attempt.name}, seed {attempt.seed}", flush=True)
            if not train_quietly(attempt.config, attempt.output, device="cpu"):
                print("Stopped and saved. The same command goes on from here.")
                return 130
        check_finished(attempt.output, attempt.config)
        finished.append(attempt)
        write(wanted.out / "recipe.json", finished, wanted.steps)
    return 0


def attempts(steps: int, data_root: Path | None, folder: Path) -> list[Attempt]:
    """All runs, in the order in which they are done."""
    order = [*((name, 0) for name in TRIES), *((name, 1) for name in TRIES)]
    return [
        Attempt(name, seed, the_config(name, seed, steps, data_root), folder / f"{name}-{seed}") for name, seed in order
    ]


def the_config(name: str, seed: int, steps: int, data_root: Path | None) -> TrainConfig:
    """What `python -m bridgenet.train` makes of the flags of a try."""
    flags = ["nyud-lite0", *flags_of(name, seed, steps)]
    if data_root is not None:
        flags += ["--data-root", str(data_root)]
    return complete(read(flags))


def flags_of(name: str, seed: int, steps: int) -> list[str]:
    """Flags of a run, after the name of the preset. It is judged once, at its end."""
    common = f"--seed {seed} --steps {steps} --validate-every {steps} --save-every 50 --data.hold-out {HELD_OUT}"
    return [*common.split(), *TRIES[name].split()]


def fits(finished: list[Attempt], budget: float) -> bool:
    """Whether one more run, as long as the longest one so far, ends within so many seconds."""
    seconds = [seconds_of(attempt) for attempt in finished]
    return not seconds or sum(seconds) + max(seconds) <= budget


def seconds_of(attempt: Attempt) -> float:
    """Time that a finished run took, over all sittings."""
    return float(read_metrics(attempt.output)["training_seconds"])


def write(path: Path, finished: list[Attempt], steps: int) -> None:
    """All that is known so far, as one file."""
    sums = {(attempt.name, attempt.seed): image_sums(attempt) for attempt in finished}
    tries = {}
    for name in TRIES:
        runs = [attempt for attempt in finished if attempt.name == name]
        if runs:
            tries[name] = {
                "flags": TRIES[name],
                "seeds": [run.seed for run in runs],
                "seconds": [seconds_of(run) for run in runs],
                **compare(sums, name),
            }
    record = {
        "command": "python -m bridgenet.train nyud-lite0 " + " ".join(flags_of(BASE, 0, steps)) + " FLAGS OF THE TRY",
        "config": to_dict(the_config(BASE, 0, steps, Path("nyud"))),
        "held_out": HELD_OUT,
        "units": METRICS,
        "torch": torch.__version__,
        "machine": f"one of {os.cpu_count()} cores, {platform.machine()}",
        "tries": tries,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(record, indent=1) + "\n")


def compare(sums: Mapping[tuple[str, int], Sums], name: str) -> dict[str, object]:
    """Numbers of a try, and their distance from `base`, each with an interval over images and by seed."""
    seeds = [seed for each, seed in sums if each == name]
    paired = [seed for seed in seeds if (BASE, seed) in sums]
    values = {seed: numbers(sums[name, seed]) for seed in seeds}
    change = {seed: _difference(values[seed], numbers(sums[BASE, seed])) for seed in paired}
    drawn = drawn_images(len(next(iter(sums[name, seeds[0]].values()))))
    drawn_values = [_mean([numbers(sums[name, seed], draw) for seed in seeds]) for draw in drawn]
    drawn_change = [
        _mean([_difference(numbers(sums[name, s], draw), numbers(sums[BASE, s], draw)) for s in paired])
        for draw in drawn
    ]
    return {
        "numbers": _summary(values, drawn_values),
        **({"over_base": _summary(change, drawn_change)} if name != BASE and paired else {}),
    }


def drawn_images(images: int) -> np.ndarray:
    """How often each image is in each draw of the bootstrap: int64 (draws, images), each row of sum `images`."""
    return np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), size=DRAWS)


def numbers(sums: Sums, often: np.ndarray | None = None) -> dict[str, float]:
    """The metrics over some images, as `bridgenet.learning.metrics` defines them.

    Args:
        sums: Of each image.
        often: How often each image counts. None: once.
    """
    total = {name: np.tensordot(1.0 * often, one, 1) if often is not None else one.sum(0) for name, one in sums.items()}
    confusion = total["confusion"]
    correct = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - correct
    return {
        "miou": 100 * float((correct / np.maximum(union, 1)).mean()),
        "pixel_accuracy": 100 * float(correct.sum() / confusion.sum()),
        "rmse": float(np.sqrt(total["depth.squared"] / total["depth.pixels"])),
        "mean_angle": float(total["normals.total"] / total["normals.pixels"]),
        "balanced_bce": float(total["edge.total"] / total["edge.pixels"]),
    }


def image_sums(attempt: Attempt) -> Sums:
    """What each held-out image adds to the metrics of a finished run; computed once and kept beside its weights."""
    path = attempt.output / SUMS_FILE
    if not path.exists():
        sums = measure(attempt)
        with replacing(path) as file:
            np.savez_compressed(file, **sums)
    with np.load(path) as stored:
        return dict(stored)


def measure(attempt: Attempt) -> Sums:
    """The same, from the network."""
    config = attempt.config
    model, _, _ = load_model(attempt.output)
    dataset = open_dataset(config.data, "val", tuple(config.model.tasks), config.model.backbone.mean)
    images: list[dict[str, Tensor]] = []

    def watch(batch: Batch, trace: Trace) -> None:
        for i in range(len(batch.names)):
            metrics = MultiTaskMetrics(config.model.tasks, config.loss.edge_positive_weight)
            targets: dict[TaskName, Tensor] = {task: target[i : i + 1] for task, target in batch.targets.items()}
            predictions: dict[TaskName, Tensor] = {
                task: resize_to(trace.predictions[task][i : i + 1].float(), target.shape[-2:])
                for task, target in targets.items()
            }
            metrics.update(predictions, targets)
            images.append(_states(metrics))

    evaluate(model, dataset, config, Runtime(), watch=watch)
    return {name: np.stack([image[name].numpy() for image in images]) for name in images[0]}


def _states(metrics: MultiTaskMetrics) -> dict[str, Tensor]:
    of = metrics.metrics
    names = {"depth": ("squared", "pixels"), "normals": ("total", "pixels"), "edge": ("total", "pixels")}
    sums = {f"{task}.{name}": cast(Tensor, getattr(of[task], name)) for task in names for name in names[task]}
    return {"confusion": cast(Tensor, of["semseg"].confusion), **sums}


def _difference(one: dict[str, float], two: dict[str, float]) -> dict[str, float]:
    return {name: one[name] - two[name] for name in one}


def _mean(several: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(each[name] for each in several) / len(several) for name in several[0]} if several else {}


def _summary(by_seed: dict[int, dict[str, float]], drawn: list[dict[str, float]]) -> dict[str, object]:
    """For each metric: mean over seeds, 95 % interval over images, spread of the seeds (largest less smallest)."""
    table: dict[str, object] = {}
    for name, value in _mean(list(by_seed.values())).items():
        seeds = [values[name] for values in by_seed.values()]
        low, high = np.quantile([draw[name] for draw in drawn], (0.025, 0.975)).tolist()
        spread = max(seeds) - min(seeds) if len(seeds) > 1 else None
        table[name] = {"mean": value, "low": low, "high": high, "by_seed": seeds, "spread": spread}
    return table


if __name__ == "__main__":
    sys.exit(main())

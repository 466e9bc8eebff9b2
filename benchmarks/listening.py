"""What trained networks take from their other tasks: `python benchmarks/listening.py CHECKPOINT ...`.

A network is judged twice: as it is, and with all that its tasks read of each other taken from another image, the one
before it in the data set. Where that changes nothing, tasks do not listen. Where it ruins the answers, they rely on
each other, which does not yet mean that they are better for it: that is what controls are trained for. Results are
added to `benchmarks/study/listening.json`, each under its data set and the name of its folder.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bridgenet.checkpoint import load_model, read_metrics
from bridgenet.config import TrainConfig
from bridgenet.data import Batch, MultiTaskDataset
from bridgenet.evaluate import Arguments, open_split
from bridgenet.files import write_text
from bridgenet.inspection import cut_trace
from bridgenet.learning import Runtime, evaluate
from bridgenet.learning.boundary import THRESHOLDS, BoundaryJudge
from bridgenet.learning.by_image import Sums, SumsByImage, gain_over_images
from bridgenet.learning.evaluation import empty_metrics
from bridgenet.model import Network
from bridgenet.model.layers import resize_to
from bridgenet.sources import find_source
from bridgenet.tasks import TASKS
from bridgenet.trace import Trace

OUT = Path(__file__).parent / "study" / "listening.json"


class Swapped:
    """Judges what a network answers where its tasks read another image.

    Args:
        model: The network.
        metrics: Empty ones.
    """

    def __init__(self, model: Network, metrics: SumsByImage) -> None:
        self.model = model
        self.metrics = metrics
        self.first: tuple[Batch, Trace] | None = None
        self.before: Trace | None = None

    def watch(self, batch: Batch, trace: Trace) -> None:
        """Take the next image. The first one waits for the last."""
        if self.before is None:
            self.first = (batch, trace)
        else:
            self.judge(batch, trace, self.before)
        self.before = trace

    def judge(self, batch: Batch, trace: Trace, other: Trace) -> None:
        """Add what the network says of an image."""
        said = cut_trace(self.model, trace, tuple(trace.predictions), "swap", norm="free", other=other).predictions
        self.metrics.update(
            {task: resize_to(said[task], truth.shape[-2:]) for task, truth in batch.targets.items()}, batch.targets
        )

    @property
    def sums(self) -> Sums:
        """What each image adds, in the order of the data set."""
        if self.first is not None and self.before is not None:
            self.judge(*self.first, self.before)
            self.first = None
        return {name: rows[[-1, *range(len(rows) - 1)]] for name, rows in self.metrics.sums.items()}


def listened(model: Network, dataset: MultiTaskDataset, config: TrainConfig) -> dict[str, Any]:
    """The metrics of a network as it is and `swapped`, and Delta_m of the second over the first (percent).

    Raises:
        ValueError: Its tasks read nothing of each other, or the images have several sizes.
    """
    judge = BoundaryJudge(find_source(config.data.name).edges, THRESHOLDS)
    plain: list[Sums] = []
    swapped = Swapped(model, SumsByImage(empty_metrics(dataset, config, judge)))
    metrics = evaluate(
        model, dataset, config, Runtime(), batch_size=1, watch=swapped.watch, judge=judge, keep=plain.append
    )
    gain = gain_over_images(empty_metrics(dataset, config, judge), swapped.sums, plain[0])
    lost = swapped.metrics.metrics.compute()
    return {
        "images": metrics["images"],
        "metrics": {task: metrics[task][TASKS[task].metric] for task in dataset.tasks},
        "swapped": {task: lost[task][TASKS[task].metric] for task in dataset.tasks},
        "delta_m": round(gain.mean, 2),
        "low": round(gain.low, 2),
        "high": round(gain.high, 2),
    }


def main() -> None:
    """Judge every checkpoint, and keep what was found."""
    parser = argparse.ArgumentParser(description="What trained networks take from their other tasks.")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="checkpoint folders")
    parser.add_argument("--data-root", type=Path, help="folder of the data set")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    found = json.loads(wanted.out.read_text(encoding="utf-8")) if wanted.out.exists() else {}
    for folder in wanted.checkpoints:
        model, config, _ = load_model(folder)
        try:
            result = listened(model, open_split(Arguments(folder, data_root=wanted.data_root), config), config)
        except ValueError as problem:
            print(f"{folder.name}: {problem}", file=sys.stderr)
            continue
        # Runs of two studies may have one name.
        name = f"{config.data.name}/{folder.name}"
        found[name] = {"system": config.model.system, "steps": read_metrics(folder)["step"], **result}
        print(name, json.dumps(found[name]), flush=True)
        write_text(wanted.out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

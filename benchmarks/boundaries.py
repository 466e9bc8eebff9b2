"""How long odsF takes: `python benchmarks/boundaries.py`.

Forty rooms of 426x560, the size of NYUD-v2's pictures, and what `nyud-lite0` says of their edges, each counted ten
times at all 101 thresholds. Prints a table and keeps it in `benchmarks/boundaries.json`. The processor's time is that
of this process; what passes meanwhile is longer where others want the cores, too.
"""

import json
import os
import platform
import time
from pathlib import Path

import numba
import numpy as np

from bridgenet import Predictor
from bridgenet.learning.boundary import THRESHOLDS, evaluate_boundaries, thinned
from bridgenet.sources import SOURCES
from bridgenet.sources.made_rooms import MadeRooms

SIZE = (426, 560)
ROOMS, TIMES = 40, 10


def main() -> None:
    """Measure with one thread and with as many as there are cores."""
    predictor = Predictor.load(Path(__file__).parents[1] / "checkpoints" / "nyud-lite0")
    rooms = [MadeRooms(ROOMS, SIZE, split="val").read(index, ("edge",)) for index in range(ROOMS)]
    predictions = [predictor(room.image)["edge"].array for room in rooms] * TIMES
    truths = [thinned(room.targets["edge"] == 1) for room in rooms] * TIMES
    limit = SOURCES["nyud"].edges.max_distance
    evaluate_boundaries(predictions[:1], truths[:1], limit)  # Compiles, or reads what was compiled.
    found = {}
    for workers in sorted({1, os.cpu_count() or 1}):
        start, used = time.perf_counter(), time.process_time()
        score = evaluate_boundaries(predictions, truths, limit, workers=workers, progress=True)
        passed, used = time.perf_counter() - start, time.process_time() - used
        found[workers] = {"seconds": round(passed, 1), "processor_seconds_an_image": round(used / len(truths), 3)}
        print(
            f"{workers} threads: {passed:.1f} s for {len(truths)} images, {used / len(truths):.3f} s of a core for each"
        )
    pixels = score.counts.sum(axis=0)[50, [1, 3]] / len(truths)
    record = {
        "images": len(truths),
        "size": SIZE,
        "thresholds": len(THRESHOLDS),
        "by_threads": found,
        "true_pixels_an_image": round(float(pixels[0])),
        "predicted_pixels_an_image_above_a_half": round(float(pixels[1])),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "numpy": np.__version__,
        "numba": numba.__version__,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

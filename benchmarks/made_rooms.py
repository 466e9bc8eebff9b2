"""How many made rooms one core draws per second: `python benchmarks/made_rooms.py`.

Prints a table and keeps it in `benchmarks/made_rooms.json`. Time is that of the process, so waiting for
the processor does not count; a busy machine still measures slower, because its caches are shared.
"""

import json
import platform
import time
from pathlib import Path

import numpy as np

from bridgenet.sources.made_rooms import MadeRooms

SIZES = ((96, 128), (192, 256), (480, 640))
SECONDS = 3.0
"""Of drawing, for each size."""


def images_per_second(size: tuple[int, int]) -> float:
    """Images and all their targets, drawn one after the other."""
    rooms = MadeRooms(10_000, size)
    rooms.read(0)
    start, drawn = time.process_time(), 0
    while time.process_time() - start < SECONDS:
        drawn += 1
        rooms.read(drawn)
    return drawn / (time.process_time() - start)


def main() -> None:
    """Measure all sizes."""
    rates = {f"{height}x{width}": round(images_per_second((height, width)), 1) for height, width in SIZES}
    for size, rate in rates.items():
        print(f"{size:>8}  {rate:6.1f} images/s on one core")
    record = {"images_per_second": rates, "machine": platform.machine(), "numpy": np.__version__}
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""What one busy program costs a network beside it: `python benchmarks/busy.py`.

An analysis of a made room by `rooms-bridgenet`: alone, beside a program that keeps one processor busy, and beside one
that may run on that processor only, as trainings are often started. PyTorch's threads wait for each other asleep, as
the project has them wait, or awake, as they do if nobody says otherwise. In turns, each in a process of its own.
Prints the result and keeps it in `benchmarks/busy.json`.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TURNS = 3
FIRST = {"asleep": "bridgenet", "awake": "torch"}
"""What is imported first: once PyTorch is there, the project's word comes too late."""

BUSY = {"beside": "while True: pass", "beside_pinned": "import os; os.sched_setaffinity(0, {0})\nwhile True: pass"}
ANALYSES = """
import sys, time
from bridgenet import Predictor
from bridgenet.examples import EXAMPLES
predictor, photo = Predictor.load(sys.argv[1]), EXAMPLES["room-0"].load().pixels
predictor.analyse(photo)
began, done = time.perf_counter(), 0
while done < 3 or time.perf_counter() - began < 5:
    predictor.analyse(photo)
    done += 1
print((time.perf_counter() - began) / done)
"""


def main() -> None:
    """Measure and write."""
    times: dict[str, dict[str, list[float]]] = {how: {} for how in FIRST}
    for _ in range(TURNS):
        for how, entry in times.items():
            entry.setdefault("alone", []).append(seconds(how))
            for name, program in BUSY.items():
                with ExitStack() as stack:
                    busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", program]))
                    stack.callback(busy.kill)
                    entry.setdefault(name, []).append(seconds(how))
    found = {how: summary(entry) for how, entry in times.items()}
    record = {"threads_wait": found, "turns": TURNS, "machine": f"{os.cpu_count()} cores, {platform.machine()}"}
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


def seconds(how: str) -> float:
    """Of an analysis, in a process whose threads wait so."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    program = f"import {FIRST[how]}\n{ANALYSES}"
    command = [sys.executable, "-c", program, str(ROOT / "checkpoints" / "rooms-bridgenet")]
    told = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(told.stdout)


def summary(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median seconds of an analysis; beside a busy program also the turns' ratios to alone: median, least and most."""
    found = {name: {"seconds": round(statistics.median(entry), 3)} for name, entry in times.items()}
    for name in BUSY:
        ratios = [slow / quick for quick, slow in zip(times["alone"], times[name], strict=True)]
        found[name] |= {"ratio": round(statistics.median(ratios), 1)}
        found[name] |= {"least": round(min(ratios), 1), "most": round(max(ratios), 1)}
    return found


if __name__ == "__main__":
    main()

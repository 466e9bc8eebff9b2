"""What each part of BridgeNet is worth on made rooms: `python benchmarks/ablation.py`.

Trains `rooms-tiny`, shortened, in every variant of `bridgenet.learning.ablation.ABLATIONS` (without a part, or with a
control in its place), from several seeds. Writes `benchmarks/ablation.json` (all metrics of all runs) and
`benchmarks/ablation_room.npz` (the variants' answers to one room). Runs that are in that file already or finished in
the folder are not trained again; `--afresh` forgets the file, `--collect` trains nothing.
"""

import argparse
import json
import os
import platform
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from bridgenet import Predictor
from bridgenet.config import TrainConfig, from_dict, to_dict
from bridgenet.data import open_dataset
from bridgenet.learning.ablation import ABLATIONS, AblationRun, ablate, read_results, read_runs
from bridgenet.learning.packing import pack_answer
from bridgenet.presets import PRESETS

ROOT = Path(__file__).resolve().parents[1]
ROOM, ROOM_SEED = 0, 0
"""The validation room whose answers are kept, and the seed of the networks that gave them."""


def main() -> None:
    """Train what is missing, and write."""
    parser = argparse.ArgumentParser(description="What each part of BridgeNet is worth on made rooms.")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... of this number")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "ablation", help="folder of the runs")
    parser.add_argument("--collect", action="store_true", help="train nothing, take the runs that are finished")
    parser.add_argument("--afresh", action="store_true", help="forget the runs that the file holds")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    wanted = parser.parse_args()
    config = shortened(wanted.steps)
    file, answers_file = wanted.out / "ablation.json", wanted.out / "ablation_room.npz"
    known = [] if wanted.afresh else known_runs(file, config)
    if not wanted.collect:
        done = {(run.variant, run.seed) for run in known}
        for seed in range(wanted.seeds):
            missing = [variant for variant in ABLATIONS if (variant, seed) not in done]
            ablate(config, wanted.runs, [seed], missing, tell=lambda variant, seed: print(f"{variant}, seed {seed}"))
    runs = {(run.seed, list(ABLATIONS).index(run.variant)): run for run in (*known, *read_runs(wanted.runs))}
    record = {
        "config": to_dict(config),
        "variants": {name: dict(changes) for name, changes in ABLATIONS.items()},
        "torch": torch.__version__,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "runs": [asdict(runs[place]) for place in sorted(runs)],
    }
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    answers = dict(np.load(answers_file)) if known and answers_file.exists() else {}
    answers |= {"room": np.asarray(ROOM), "seed": np.asarray(ROOM_SEED), **room_answers(config, wanted.runs)}
    np.savez_compressed(answers_file, **answers)
    print(f"{len(runs)} runs of {len(ABLATIONS)} variants")


def known_runs(file: Path, config: TrainConfig) -> list[AblationRun]:
    """The runs that the file holds, if they are of this config. Fields that are younger take their defaults."""
    if not file.exists():
        return []
    runs, values = read_results(file)
    return runs if from_dict(TrainConfig, values["config"]) == config else []


def shortened(steps: int) -> TrainConfig:
    """The run of `rooms-tiny`, validated once at its end."""
    preset = PRESETS["rooms-tiny"]
    return replace(preset, optim=replace(preset.optim, steps=steps), validate_every=steps)


def room_answers(config: TrainConfig, folder: Path) -> dict[str, np.ndarray]:
    """Packed answers to the room, under keys `VARIANT/TASK`.

    A network that reads the tasks of other images cannot answer to one image: it is left out.
    """
    image = open_dataset(config.data, "val", ())[ROOM].image
    pixels = (image.movedim(0, -1).numpy() * 255).round().astype(np.uint8)
    finished = {run.variant for run in read_runs(folder) if run.seed == ROOM_SEED}
    return {
        f"{variant}/{task}": pack_answer(task, answer.array)
        for variant in ABLATIONS
        if variant in finished and ABLATIONS[variant].get("bridge_reads") != "foreign"
        for task, answer in Predictor.load(folder / f"{variant}-{ROOM_SEED}")(pixels).items()
    }


if __name__ == "__main__":
    main()

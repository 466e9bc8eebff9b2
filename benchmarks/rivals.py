"""Makes the checkpoints `rooms-<system>` of what `benchmarks/study/rivals.toml` trained: `python benchmarks/rivals.py`.

Each is the end of one training, judged at all thresholds of odsF, with the colours of its features and a card that says
the budget, the command, the gain over the baseline and the weights. Checkpoints of the same names are replaced.
"""

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridgenet.checkpoint import CARD_FILE, CONFIG_FILE, METRICS_FILE, MODEL_FILE, read_config, read_metrics
from bridgenet.files import write_text
from bridgenet.inspection import BASIS_FILE
from bridgenet.learning.by_image import DRAWS
from bridgenet.learning.record import model_card, read_history
from bridgenet.learning.study import Study, read_study

ROOT = Path(__file__).resolve().parents[1]
STUDY = ROOT / "benchmarks" / "study" / "rivals.toml"
RESULTS = STUDY.with_suffix(".json")


def main() -> None:
    """Copy, and write the cards."""
    parser = argparse.ArgumentParser(description="Makes the checkpoints rooms-<system> of what was trained.")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "rivals", help="folder of the study")
    parser.add_argument("--out", type=Path, default=ROOT / "checkpoints")
    wanted = parser.parse_args()
    study = read_study(STUDY)
    results = json.loads((wanted.runs / "study.json").read_text(encoding="utf-8"))
    for row in results["rows"]:
        bundle(study, row, wanted.runs, wanted.out)
        row["command"] = command_of(row)
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")


def bundle(study: Study, row: Mapping[str, Any], runs: Path, out: Path) -> None:
    """One checkpoint, from its run and its row of the results."""
    folder, run = out / f"rooms-{row['system']}", runs / "runs" / f"{row['system']}-{row['seed']}"
    folder.mkdir(exist_ok=True)
    for name in (MODEL_FILE, BASIS_FILE):
        shutil.copyfile(run / name, folder / name)
    config = json.loads((run / CONFIG_FILE).read_text(encoding="utf-8")) | {"name": folder.name}
    trained = {name: read_metrics(run)[name] for name in ("step", "training_seconds")}
    metrics = {**row["metrics"], **trained}
    write_text(folder / CONFIG_FILE, json.dumps(config, indent=2) + "\n")
    write_text(folder / METRICS_FILE, json.dumps(metrics, indent=2) + "\n")
    settings = read_config(folder)
    card = model_card(settings, settings.data.rooms, metrics, read_history(run))
    write_text(folder / CARD_FILE, card.replace("\n\n## Curve", f"\n\n{compared(study, row)}\n## Curve", 1))


def compared(study: Study, row: Mapping[str, Any]) -> str:
    """The part of a card that says what it may be compared with, and how."""
    reference = f"rooms-{study.reference}"
    weights, adds = (row[name] / 1e6 for name in ("parameters", "multiply_adds"))
    lines = [
        "## Under one budget",
        "",
        f"One of {len(study.systems)} networks that differ in how their tasks meet, each of at most 4 MB: the preset "
        f"`{study.preset}`, the same rooms in the same order from the same seed. {weights:.2f} million weights, "
        f"{adds:.0f} million multiply-adds a photo. The curve below judges edges at 11 thresholds.",
        "",
        f"`{command_of(row)}` makes it again.",
        "",
    ]
    if gain := row["gains"].get(study.reference):
        lines += [
            f"**Delta_m over the baseline `{reference}`: {gain['delta_m']:+.1f} %** ({gain['low']:.1f} to "
            f"{gain['high']:.1f} in 95 % of {DRAWS} draws of the {row['metrics']['images']} rooms; one training of "
            "each, so nothing is known of other seeds). Much of it is not tasks helping each other: the baseline reads "
            "the coarsest map of the backbone alone, a place for 32 x 32 pixels. Again:",
            "",
            "```sh",
            f"python -m bridgenet.evaluate checkpoints/{reference} --by-image baseline.npz",
            f"python -m bridgenet.evaluate checkpoints/rooms-{row['system']} --against baseline.npz",
            "```",
            "",
        ]
    else:
        lines += [
            "The others are compared with it. It reads the coarsest map of the backbone alone, a place for 32 x 32 "
            "pixels: no decoder brings finer maps in, and its tasks meet in the backbone only.",
            "",
        ]
    return "\n".join(lines)


def command_of(row: Mapping[str, Any]) -> str:
    """The training of a row, with an output folder of anybody's machine."""
    line, _, output = row["command"].partition(" --output ")
    return f"{line} --output runs/rivals/runs/{Path(output).name}"


if __name__ == "__main__":
    main()

"""The small networks that are shipped beside rooms-tiny: one budget for all, and cards that say what was measured."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training_runs import parse

from bridgenet.checkpoint import load_model
from bridgenet.evaluate import Arguments, run
from bridgenet.inspection import network_cost
from bridgenet.learning import Runtime
from bridgenet.presets import PRESETS
from bridgenet.tasks import TASKS

ROOT = Path(__file__).parents[1]
ROWS: dict[str, dict[str, Any]] = {
    row["system"]: row for row in json.loads((ROOT / "benchmarks" / "study" / "rivals.json").read_text())["rows"]
}
MOST_BYTES = 4e6

pytestmark = pytest.mark.slow


def folder_of(system: str) -> Path:
    return ROOT / "checkpoints" / f"rooms-{system}"


def test_every_way_to_meet_is_shipped() -> None:
    assert list(ROWS) == ["mtl", "pad-net", "mti-net", "bridgenet", "invpt", "atrc"]
    assert sorted(path.name for path in (ROOT / "checkpoints").glob("rooms-*")) == sorted(
        ["rooms-tiny", *(f"rooms-{system}" for system in ROWS)]
    )


@pytest.mark.parametrize("system", ROWS)
def test_it_is_small_and_its_command_trains_this_very_network(system: str) -> None:
    folder, row = folder_of(system), ROWS[system]
    assert sum(file.stat().st_size for file in folder.iterdir()) <= MOST_BYTES
    model, config, metrics = load_model(folder)
    assert config.model.system == system
    assert sum(weight.numel() for weight in model.parameters()) == row["parameters"]
    asked = parse(*shlex.split(row["command"].partition("-m bridgenet.train ")[2])).config
    assert replace(asked, name=config.name, data=replace(asked.data, classes=config.data.classes)) == config
    assert metrics["step"] == config.optim.steps == 1200


@pytest.mark.parametrize("system", ROWS)
def test_its_card_says_what_was_measured(system: str) -> None:
    card, row = (folder_of(system) / "README.md").read_text(), ROWS[system]
    assert f"{row['parameters'] / 1e6:.2f} million weights" in card
    assert row["command"] in card
    if system == "mtl":
        assert not row["gains"]
    else:
        gain = row["gains"]["mtl"]
        assert f"{gain['delta_m']:+.1f} %** ({gain['low']:.1f} to {gain['high']:.1f}" in card


@pytest.mark.parametrize("system", ["mtl", "bridgenet"])
def test_judged_again_it_is_as_good_as_its_card_says(system: str, tmp_path: Path) -> None:
    asked = Arguments(folder_of(system), tasks=("semseg", "depth"), json=tmp_path / "again.json", batch_size=20)
    run(asked, Runtime())
    again = json.loads((tmp_path / "again.json").read_text())
    for task in ("semseg", "depth"):
        assert again[task] == pytest.approx(ROWS[system]["metrics"][task], rel=1e-3), task


def test_the_readme_tells_what_was_measured() -> None:
    """Rounded once, from the numbers themselves."""
    told = {cells[0].split("`")[1]: cells[1:] for cells in _table(ROOT / "README.md", "| `rooms-")}
    for system, row in ROWS.items():
        values = {task: row["metrics"][task][TASKS[task].metric] for task in TASKS}
        expected = [f"{row['multiply_adds'] / 1e6:.0f} M"]
        expected += [f"{values['semseg']:.1f} %", f"{values['human_parts']:.1f} %", f"{values['depth']:.3f} m"]
        expected += [f"{values['normals']:.1f}°", f"{values['sal']:.1f} %", f"{values['edge']:.1f}"]
        gain = row["gains"].get("mtl")
        expected += [f"{gain['delta_m']:+.0f} % ({gain['low']:.0f} to {gain['high']:.0f})" if gain else ""]
        assert told[f"rooms-{system}"] == expected


def test_the_readme_tells_the_size_of_every_preset() -> None:
    told = {cells[0]: cells[1] for cells in _table(ROOT / "README.md", "| `")}
    sizes = {name: network_cost(PRESETS[name].model, PRESETS[name].data.answer_size).parameters for name in PRESETS}
    assert f"{sizes['rooms-tiny'] / 1e6:.1f} M" in told["`rooms-tiny`"]
    assert f"{sizes['nyud-lite0'] / 1e6:.1f} M" in told["`nyud-lite0`"]
    for data in ("nyud", "pascal"):
        base, large = (round(sizes[f"{data}-vit-{size}"] / 1e6) for size in "bl")
        assert f"{base} / {large} M" in told[f"`{data}-vit-b`, `{data}-vit-l`"]


def _table(file: Path, begins: str) -> Iterator[list[str]]:
    """Cells of the rows that begin so."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(begins):
            yield [cell.strip() for cell in line.strip("|").split("|")]

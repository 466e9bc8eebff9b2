"""Where nothing can be judged, no number is shown: from the first step of a training to the card of its checkpoint."""

import json
from pathlib import Path

import pytest
from nyud_folders import change, make_nyud
from training_runs import history, start_several, train_here

from app.analysis.session import Session
from app.handlers import checkpoint_chip
from bridgenet.evaluate import Arguments, run
from bridgenet.learning import Runtime

pytestmark = pytest.mark.slow

TINY = (
    "nyud-lite0 --no-pretrained-backbone --model.backbone.name test_efficientnet --data.input-size 32 64 "
    "--data.workers 0 --model.embed-width 12 --model.prediction-width 4 --model.refiner-blocks 1 1 1 --optim.frozen "
    "--optim.batch-size 2 --steps 2 --log-every 1 --validate-every 1000 --device cpu"
).split()


@pytest.fixture(scope="module")
def without_depth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in which no pixel has depth."""
    return change(make_nyud(tmp_path_factory.mktemp("data") / "nyud"), "depth", lambda depth: depth * 0)


@pytest.fixture(scope="module")
def checkpoint(without_depth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on it."""
    folder = tmp_path_factory.mktemp("run") / "network"
    assert train_here(*TINY, "--data-root", without_depth, "--output", folder) == 0
    return folder


def strict(text: str) -> dict:
    """JSON as the standard has it: no NaN, no Infinity."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_a_training_without_depth_writes_null_and_no_zero(checkpoint: Path) -> None:
    metrics = strict((checkpoint / "metrics.json").read_text())
    assert set(metrics["depth"].values()) == set(metrics["normals"].values()) == {None}
    assert metrics["semseg"]["pixel_accuracy"] is not None and metrics["edge"]["balanced_bce"] > 0
    lines = [strict(line) for line in (checkpoint / "metrics.jsonl").read_text().splitlines()]
    assert lines == history(checkpoint)
    for line in lines[:2]:
        assert line["loss"] > 0 and line["final"]["semseg"] > 0
        assert line["final"]["depth"] is line["preliminary"]["depth"] is line["final"]["normals"] is None
    assert lines[2]["depth"]["rmse"] is None


def test_card_and_head_of_the_studio_say_that_there_was_no_valid_pixel(checkpoint: Path) -> None:
    card = (checkpoint / "README.md").read_text()
    assert "| Depth | rmse | no valid pixel |" in card
    assert "| no valid pixel | no valid pixel |" in card.partition("## Curve")[2]
    facts = checkpoint_chip(Session(checkpoint))["facts"]
    assert "rmse no valid pixel" in facts and "normals no valid pixel" in facts


def test_evaluate_warns_and_shows_no_number(
    checkpoint: Path, without_depth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(UserWarning, match=r"Depth, Normals: no valid pixel in 3 images"):
        run(Arguments(checkpoint, data_root=without_depth, json=tmp_path / "found.json"), Runtime())
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("Depth", "Normals"))]
    assert len(rows) == 8 and all(row.endswith("no valid pixel") for row in rows)
    assert strict((tmp_path / "found.json").read_text())["depth"] == {"rmse": None, "abs_rel": None, "delta1": None}


def test_two_processes_agree_that_nothing_is_valid(checkpoint: Path, without_depth: Path, tmp_path: Path) -> None:
    change(make_nyud(tmp_path / "nyud"), "segmentation", lambda labels: labels * 0)
    flags = (checkpoint, "--data-root", tmp_path / "nyud", "--device", "cpu", "--json", tmp_path / "found.json")
    said = start_several(2, *flags, module="evaluate").finish()
    assert said.count("Segmentation, Edges: no valid pixel") == 1
    found = strict((tmp_path / "found.json").read_text())
    assert set(found["semseg"].values()) == set(found["edge"].values()) == {None}
    assert found["depth"]["rmse"] > 0 and found["images"] == 3

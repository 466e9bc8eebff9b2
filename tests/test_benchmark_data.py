"""The data sets of the literature, as people have them: trained on, judged, asked, looked at."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cityscapes_folders import make_cityscapes
from pascal_folders import make_pascal
from training_runs import TINY

from app.analysis.selection import Selection
from app.analysis.session import Session
from app.tabs.views import all_views
from bridgenet.evaluate import main as evaluate
from bridgenet.images import load_image
from bridgenet.predict import main as predict
from bridgenet.sources import SOURCES
from bridgenet.train import main as train

pytestmark = pytest.mark.slow

PRESETS: dict[str, tuple[str, str, Callable[[Path], Path], str]] = {
    "pascal-vit-b": ("pascal_context", "64 96", make_pascal, "JPEGImages/2008_000001.jpg"),
    "cityscapes-vit-b": (
        "cityscapes",
        "32 64",
        make_cityscapes,
        "leftImg8bit/val/munster/munster_000000_000000_leftImg8bit.png",
    ),
}
"""By preset: data set, input size, who makes a small one, and a photo of it."""


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_of_the_literature_trains_on_its_package(preset: str, tmp_path: Path) -> None:
    name, size, make, photo = PRESETS[preset]
    root, run = make(tmp_path / "data"), tmp_path / "run"
    flags = " ".join(TINY).replace("32 64", size).split()
    assert train([preset, *flags, "--model.backbone.taps", "None", "--data-root", str(root), "--output", str(run)]) == 0
    line = [str(run), "--data-root", str(root), "--json", str(run / "judged.json"), "--device", "cpu"]
    assert evaluate(line) == 0
    judged = json.loads((run / "judged.json").read_text())
    assert judged["images"] == 2 and set(SOURCES[name].tasks) <= set(judged)
    assert predict([str(root / photo), "--checkpoint", str(run), "--out", str(tmp_path / "answers")]) == 0
    legend = json.loads(next((tmp_path / "answers").rglob("semseg_legend.json")).read_text())
    assert {entry["name"] for entry in legend} <= set(SOURCES[name].classes["semseg"].names)
    views = all_views(Session(run).analyse(load_image(root / photo), title="photo"), Selection())
    assert views["overview"]["groups"]

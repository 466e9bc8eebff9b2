"""What it takes to add a task of a known kind: an entry, and a data set that brings its truth and says so."""

import json
from pathlib import Path

import pytest
from planting import copy_packages, put_in, run_there
from training_runs import SMALL

pytestmark = pytest.mark.slow

ENTRY = """
        Task(
            name="height",
            title="Height",
            short="Height",
            kind="metres",
            channels=1,
            unit="m",
            change_unit="m",
            tolerance=0.1,
            metric="rmse",
            higher_is_better=False,
            loss_weight=1.0,
            colour="#F0E442",
            meaning="height above the camera, metres",
        ),
    )
}
"""

TOUCHED = {
    "bridgenet/tasks.py": (('"sal", "edge"]', '"sal", "edge", "height"]'), ("\n    )\n}\n", ENTRY)),
    "bridgenet/sources/made_rooms/rooms.py": (
        (
            '        "sal": lambda:',
            '        "height": lambda: seen.depth[:pixels].reshape(size),\n        "sal": lambda:',
        ),
    ),
    "bridgenet/sources/made_rooms/__init__.py": (('"sal", "edge"),', '"sal", "edge", "height"),'),),
}
"""The files, and in each what is replaced by what."""

LOOK_AT_IT = """
import sys
from pathlib import Path

import bridgenet
from bridgenet import evaluate, train
from app.tabs.views import all_views
from app.analysis.selection import Selection
from app.analysis.session import Session
from bridgenet.examples import EXAMPLES
from bridgenet.images import LoadedImage

assert Path(bridgenet.__file__).is_relative_to(Path.cwd()), bridgenet.__file__
run = Path(sys.argv[1])
assert train.main(sys.argv[2:]) == 0
assert evaluate.main([str(run), "--json", "judged.json"]) == 0
room = EXAMPLES["room-0"].load()
photo = LoadedImage(room.pixels, ())
analysis = Session(run).analyse(photo, title="room", truth=room.truth, truth_classes=room.source)
assert analysis.prediction["height"].unit == "m"
assert analysis.prediction.picture().ndim == 3
views = all_views(analysis, Selection(task="height", options={"overview.mode": "error"}))
maps = {map["id"] for view in views.values() for group in view.get("groups", ()) for map in group.get("maps", ())}
print("SHOWN", *sorted(maps))
"""


def test_a_task_of_a_known_kind_is_an_entry_and_a_truth(tmp_path: Path) -> None:
    copy_packages(tmp_path)
    for name, changes in TOUCHED.items():
        for old, new in changes:
            put_in(tmp_path / name, old, new)

    trained = tmp_path / "run"
    said = run_there(tmp_path, "-c", LOOK_AT_IT, trained, *SMALL, "--steps", "2", "--output", trained)
    assert "height" in said.partition("SHOWN")[0].lower()
    assert "| Height | rmse |" in (trained / "README.md").read_text()
    assert json.loads((tmp_path / "judged.json").read_text())["height"]["rmse"] > 0
    assert {"height", "height-error"} <= set(said.partition("SHOWN")[2].split())

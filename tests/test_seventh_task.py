"""What it takes to add a task of a known kind: an entry, and a data set that brings its truth and says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from training_runs import SMALL

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]

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
from app.pages.views import all_views
from app.selection import Selection
from app.session import Session
from bridgenet.examples import EXAMPLES
from bridgenet.images import LoadedImage

assert Path(bridgenet.__file__).is_relative_to(Path.cwd()), bridgenet.__file__
room = EXAMPLES["room-0"].load()
photo = LoadedImage(room.pixels, ())
analysis = Session(Path(sys.argv[1])).analyse(photo, title="room", truth=room.truth, truth_classes=room.source)
assert analysis.prediction["height"].unit == "m"
assert analysis.prediction.picture().ndim == 3
views = all_views(analysis, Selection(task="height", options={"overview.mode": "error"}))
maps = {map["id"] for view in views.values() for group in view.get("groups", ()) for map in group.get("maps", ())}
print("SHOWN", *sorted(maps))
"""


def test_a_task_of_a_known_kind_is_an_entry_and_a_truth(tmp_path: Path) -> None:
    for package in ("bridgenet", "app"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, changes in TOUCHED.items():
        text = (tmp_path / name).read_text()
        for old, new in changes:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        (tmp_path / name).write_text(text)

    trained = tmp_path / "run"
    said = run_there(tmp_path, "-m", "bridgenet.train", *SMALL, "--steps", "2", "--output", trained)
    assert "height" in said.lower()
    assert "| Height | rmse |" in (trained / "README.md").read_text()
    looked = run_there(tmp_path, "-c", LOOK_AT_IT, trained)
    assert {"height", "height-error"} <= set(looked.partition("SHOWN")[2].split())


def run_there(folder: Path, *arguments: object) -> str:
    """What Python says in a folder whose packages come first."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr

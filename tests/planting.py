"""A copy of the packages into which a test plants what a contributor would write, and who runs it there."""

import shutil
from pathlib import Path

from warm import Python

ROOT = Path(__file__).parents[1]
PACKAGES = ("bridgenet", "app")


def copy_packages(folder: Path) -> None:
    """Puts the packages into a folder, with what numba has compiled for them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.pyc*", "*.tmp.*"))


def put_in(file: Path, old: str, new: str) -> None:
    """Replaces what stands in a file exactly once."""
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


def touched(folder: Path) -> set[str]:
    """The files of the packages in a folder that are new there, or other than in the project."""
    files = (file for package in PACKAGES for file in (folder / package).rglob("*") if "__pycache__" not in file.parts)
    names = (file.relative_to(folder) for file in files if file.is_file())
    return {
        str(name)
        for name in names
        if not (ROOT / name).is_file() or (ROOT / name).read_bytes() != (folder / name).read_bytes()
    }


def run_there(folder: Path, *arguments: object) -> str:
    """What Python says in a folder whose packages come first."""
    return Python(*arguments, cwd=folder, variables={"PYTHONPATH": str(folder)}).finish()

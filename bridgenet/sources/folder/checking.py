"""Reads all of a folder and tells what is wrong with it, file by file."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from glob import escape
from itertools import pairwise
from pathlib import Path

import numpy as np

from bridgenet.reading.files import FLAT, find_files, in_a_folder_below, read_list
from bridgenet.reading.sample import DataError, RawSample
from bridgenet.reading.source import Split
from bridgenet.sources.folder.description import DESCRIPTION, Description, judge_description
from bridgenet.sources.folder.maps import MAPS, PHOTOS, read_map, read_photo
from bridgenet.sources.folder.reader import unlikely_unit
from bridgenet.tasks import TASKS, TaskName

SHOWN = 10
"""Photos on the contact sheet."""

APART = 100
"""So many times as far as most photos is another unit."""

Watcher = Callable[[list[str]], Iterable[str]]
"""Gives the names of the photos one by one, perhaps with a bar that says how many are left."""


@dataclass
class Report:
    """What was found.

    Attributes:
        description: What the folder says of itself.
        images: Number of photos of each split.
        faults: What is wrong, a sentence each, which begins with the file.
        notes: What may be meant as it is.
        shown: Some photos, with the ground truth that can be read, by name.
    """

    description: Description
    images: dict[Split, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: dict[str, RawSample] = field(default_factory=dict)


def check_folder(root: Path, watch: Watcher = iter) -> Report:
    """Reads every photo that a list names, and all of its ground truth.

    Args:
        root: The folder.
        watch: Goes over the names.

    Raises:
        DataError: The folder does not say what it is, so nothing in it can be understood.
    """
    description, faults = judge_description(root)
    report = Report(description, faults=faults)
    lists = _names(report)
    names = list(lists)
    kinds: dict[str, tuple[str, ...]] = {"images": PHOTOS, **dict.fromkeys(description.codings, MAPS)}
    files = {kind: find_files(root / kind, suffixes) for kind, suffixes in kinds.items()}
    for kind, suffixes in kinds.items():
        report.faults += _twice(root / kind, suffixes)
    chosen = {names[number * len(names) // min(SHOWN, len(names))] for number in range(min(SHOWN, len(names)))}
    seen = _Seen({task: np.zeros(len(known), np.int64) for task, known in description.classes.items()})
    for name in watch(names):
        if name not in files["images"]:
            report.faults += _missing(root / "images", name, PHOTOS, lists[name])
            continue
        sample = _read(name, files, root, report, lists[name])
        if sample is not None:
            seen.add(sample, files["depth"].get(name) if "depth" in files else None)
            if name in chosen:
                report.shown[name] = sample
    report.faults += seen.faults(root, description)
    report.notes += [*seen.notes(description), *_left_over(root, names, files, description, report.faults)]
    return report


def _names(report: Report) -> dict[str, list[str]]:
    """The lists that name a photo, by its name. What is wrong with them is reported."""
    by_split: dict[Split, list[str]] = {}
    for split, path in report.description.splits.items():
        try:
            listed = read_list(path)
        except DataError as error:
            report.faults.append(str(error))
            continue
        for name, count in Counter(listed).items():
            if count > 1:
                report.faults.append(f"{path} names {name} {count} times.")
        by_split[split] = listed
        report.images[split] = len(set(listed))
    both = set(by_split.get("train", ())) & set(by_split.get("val", ()))
    if both:
        some = ", ".join(sorted(both)[:3])
        are = "photo is" if len(both) == 1 else "photos are"
        report.notes.append(f"{len(both)} {are} in both splits ({some}): the network is judged on what it learnt.")
    if "val" not in report.description.splits and not any("splits.val" in fault for fault in report.faults):
        report.notes.append("There is no list of photos to judge by: train with --data.hold-out 4, or name one as val.")
    lists: dict[str, list[str]] = {}
    for split, listed in by_split.items():
        for name in dict.fromkeys(listed):
            lists.setdefault(name, []).append(report.description.splits[split].name)
    return lists


def _read(
    name: str, files: dict[str, dict[str, Path]], root: Path, report: Report, lists: list[str]
) -> RawSample | None:
    """A photo with the ground truth that can be read; what cannot is reported, with the lists that name the photo."""
    try:
        photo = read_photo(files["images"][name])
    except DataError as error:
        report.faults.append(str(error))
        photo = None
    targets: dict[TaskName, np.ndarray] = {}
    for task, coding in report.description.codings.items():
        if name not in files[task]:
            report.faults += _missing(root / task, name, MAPS, lists)
        elif photo is not None:
            try:
                targets[task], doubt = read_map(task, coding, files[task][name], (photo.shape[0], photo.shape[1]))
            except DataError as error:
                doubt = str(error)
            report.faults += [doubt] if doubt else []
    return None if photo is None else RawSample(photo, targets)


def _missing(folder: Path, name: str, suffixes: tuple[str, ...], lists: list[str]) -> list[str]:
    """What is said of a file that is missing where its folder is not; perhaps it has a suffix that is not read."""
    if not folder.is_dir():
        return []
    others = sorted(path.name for path in folder.glob(f"{escape(name)}.*"))
    there = f"; {others[0]} is there, but only {' and '.join(suffixes)} are read" if others else ""
    if not others and (below := in_a_folder_below(folder, name)):
        there = f"; {below} is there, but {FLAT}"
    name_it = "names it" if len(lists) == 1 else "name it"
    return [f"{folder / name}{suffixes[0]} is missing{there}. {' and '.join(lists)} {name_it}."]


@dataclass
class _Seen:
    """What all files together say."""

    counts: dict[TaskName, np.ndarray]
    """Pixels of each class."""

    depths: dict[Path, np.ndarray] = field(default_factory=dict)
    """A part of every depth map, by its file."""

    def add(self, sample: RawSample, depth: Path | None) -> None:
        for task, count in self.counts.items():
            if task in sample.targets:
                count += np.bincount(sample.targets[task].ravel(), minlength=256)[: len(count)]
        if "depth" in sample.targets and depth is not None:
            self.depths[depth] = sample.targets["depth"][::8, ::8]

    def faults(self, root: Path, description: Description) -> list[str]:
        if not self.depths:
            return []
        doubt = unlikely_unit(self.depths.values(), description.codings["depth"].per_metre)
        middles = {
            file: float(np.median(known)) for file, depth in self.depths.items() if (known := depth[depth > 0]).size
        }
        usual = float(np.median([*middles.values()])) if middles else 0.0
        odd = {file: middle for file, middle in middles.items() if not usual / APART < middle < usual * APART}
        return ([f"{root / 'depth'}: {doubt}"] if doubt else []) + [
            f"{file}: its median distance is {middle:.3g} m, where that of most photos is {usual:.3g} m. Is it in "
            "another unit? One unit holds for all files, pictures and arrays."
            for file, middle in odd.items()
        ]

    def notes(self, description: Description) -> list[str]:
        lines = []
        for task, classes in description.classes.items():
            absent = [name for name, count in zip(classes.names, self.counts[task], strict=True) if not count]
            if absent and self.counts[task].any():
                lines.append(f"{TASKS[task].title}: {', '.join(absent)} never occurs.")
        return lines


def _twice(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Photos or maps of which there are two files."""
    if not folder.is_dir():
        return [f"There is no folder {folder}."]
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.name[0] != ".")
    alike = [(one, two) for one, two in pairwise(files) if one.stem == two.stem]
    return [f"{two} and {one.name} are both there: keep one of them." for one, two in alike]


def _left_over(
    root: Path, names: list[str], files: dict[str, dict[str, Path]], description: Description, faults: list[str]
) -> list[str]:
    """What lies there and is not used."""
    lines = []
    named = {*description.codings, *(task for task in TASKS if any(f"tasks.{task} " in fault for fault in faults))}
    if unlisted := sorted(files["images"].keys() - set(names)):
        some = ", ".join(unlisted[:3]) + (", ..." if len(unlisted) > 3 else "")
        lines.append(f"{len(unlisted)} photos are in no list, so they are not used: {some}.")
    for task in TASKS:
        if task not in named and (root / task).is_dir():
            lines.append(f"{root / task} is there, but {DESCRIPTION} does not name {task}.")
    return lines

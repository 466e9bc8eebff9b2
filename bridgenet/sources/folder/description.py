"""What `dataset.json` says of a folder: its title, its tasks, what its classes are called, and its splits."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any, get_args

from bridgenet.labels import Classes, ClassesByTask, numbered
from bridgenet.reading.sample import DataError
from bridgenet.reading.source import Split
from bridgenet.tasks import IGNORE, TASKS, TaskName

DESCRIPTION = "dataset.json"

UNITS = {"mm": 1000, "m": 1}
"""Units of depth, and how many of them make a metre."""

EXAMPLE = '{"title": "Streets", "tasks": {"semseg": {"classes": ["road", "sky"]}}, "splits": {"train": "train.txt"}}'


@dataclass(frozen=True, slots=True)
class Coding:
    """How the files of a task are to be understood.

    Attributes:
        unknown: Stored value of a label or a distance that nobody knows.
        per_metre: Stored units in a metre, of distances.
        classes: Names and colours, of a task that has classes.
    """

    unknown: int | float = IGNORE
    per_metre: int = 1
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a folder says of itself.

    Attributes:
        title: What it is called.
        codings: Its tasks, and how their files are to be understood.
        splits: The lists of its images.
    """

    title: str
    codings: dict[TaskName, Coding]
    splits: dict[Split, Path]

    @property
    def classes(self) -> ClassesByTask:
        """Names and colours of the classes, by the tasks that name any."""
        return {task: coding.classes for task, coding in self.codings.items() if coding.classes is not None}


def read_description(root: Path) -> Description:
    """What the folder says of itself.

    Raises:
        DataError: It does not, or not in a way that can be understood. The message says everything that is wrong.
    """
    description, faults = judge_description(root)
    if faults:
        raise DataError("\n".join(faults))
    return description


def judge_description(root: Path) -> tuple[Description, list[str]]:
    """The same as far as it can be understood, and what is wrong with the rest.

    Raises:
        DataError: It cannot be understood at all.
    """
    file = root / DESCRIPTION
    told = _load(root, file)
    faults = [*_strange(str(file), told, ("title", "tasks", "splits"))]
    codings: dict[TaskName, Coding] = {}
    tasks = _object(told, "tasks", file, faults)
    for name, options in tasks.items():
        try:
            codings[_task(name)] = _coding(_task(name), options)
        except DataError as error:
            faults.append(f"{file}: tasks.{name} {error}")
    if not tasks and "tasks" in told:
        faults.append(f"{file}: tasks names none. Choose among {', '.join(TASKS)}.")
    splits: dict[Split, Path] = {}
    lists = _object(told, "splits", file, faults)
    for split in get_args(Split):
        name = lists.get(split)
        if isinstance(name, str) and (root / name).is_file():
            splits[split] = root / name
        elif name is not None:
            faults.append(f"{file}: splits.{split} must be the name of a file in {root}, and {name!r} is none.")
    if "splits" in told and "train" not in lists and "val" not in lists:
        faults.append(f'{file}: splits names no list of images. Write "train": "train.txt", and perhaps "val".')
    title = told.get("title") or root.resolve().name
    if not isinstance(title, str):
        faults.append(f"{file}: title must be text, not {title!r}.")
    in_order: dict[TaskName, Coding] = {task: codings[task] for task in TASKS if task in codings}
    return Description(str(title), in_order, splits), faults


def _load(root: Path, file: Path) -> dict[str, Any]:
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.")
    if not file.is_file():
        inner = [path for path in sorted(root.iterdir()) if (path / DESCRIPTION).is_file()]
        advice = f"Did you mean {inner[0]}?" if inner else f"Write one, such as {EXAMPLE}"
        raise DataError(f"{root} has no {DESCRIPTION}, which says what its files mean. {advice}")
    try:
        told = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_each_name_once)
    except JSONDecodeError as error:
        raise DataError(
            f"{file} cannot be read as JSON: {error}. Is a quotation mark missing there, or a comma too "
            "many before } or ]? JSON has no comments."
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not text in UTF-8 ({error}). Save it as such.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} cannot be read as JSON: {error}.") from None
    if not isinstance(told, dict):
        raise DataError(f"{file} should hold an object, such as {EXAMPLE}")
    return told


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"it says {twice!r} twice")
    return dict(pairs)


def _object(told: dict[str, Any], name: str, file: Path, faults: list[str]) -> dict[str, Any]:
    part = told.get(name)
    if isinstance(part, dict):
        return part
    faults.append(f"{file}: {name} {'is missing' if name not in told else 'must be an object'}. For example {EXAMPLE}")
    return {}


def _task(name: str) -> TaskName:
    for task in TASKS:
        if task == name:
            return task
    raise DataError(f"is no task. Choose among {', '.join(TASKS)}.")


def _coding(task: TaskName, options: object) -> Coding:
    """How the files of one task are to be understood.

    Raises:
        DataError: Its options make no sense. The message goes on after the name of the task.
    """
    if not isinstance(options, dict):
        raise DataError(f"must be an object, {{}} if there is nothing to say, not {options!r}.")
    match TASKS[task].kind:
        case "classes":
            known: tuple[str, ...] = ("classes", "colours", "ignore")
        case "metres":
            known = ("unit", "invalid")
        case _:
            known = ()
    if strange := next(_strange("", options, known), None):
        raise DataError(strange.lstrip(": "))
    if TASKS[task].kind == "classes":
        return _labels(options)
    if TASKS[task].kind == "metres":
        return _distances(options)
    return Coding()


def _labels(options: dict[str, Any]) -> Coding:
    names, ignore = options.get("classes"), options.get("ignore", IGNORE)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError('needs "classes", the names of its classes in the order of their numbers, from 0 on.')
    if not 2 <= len(names) <= IGNORE:
        raise DataError(f"must have from 2 to {IGNORE} classes, not {len(names)}.")
    if isinstance(ignore, bool) or not isinstance(ignore, int):
        raise DataError(
            f"has ignore {ignore!r}, which must be a whole number: that of a pixel that nobody has labelled."
        )
    if 0 <= ignore < len(names):
        raise DataError(f"has ignore {ignore}, which is the number of {names[ignore]!r}: classes count from 0.")
    colours = options.get("colours", list(numbered(len(names)).colours))
    if not isinstance(colours, list) or not all(isinstance(colour, str) for colour in colours):
        raise DataError('has colours that are no list such as ["#1F77B4", ...], one for each class.')
    try:
        return Coding(unknown=ignore, classes=Classes(tuple(names), tuple(colours)))
    except ValueError as error:
        raise DataError(f"cannot be: {error}") from None


def _distances(options: dict[str, Any]) -> Coding:
    unit, invalid = options.get("unit"), options.get("invalid", 0)
    if unit not in UNITS:
        raise DataError(f'needs "unit", which must be {" or ".join(UNITS)}, not {unit!r}.')
    if isinstance(invalid, bool) or not isinstance(invalid, (int, float)):
        raise DataError(
            f"has invalid {invalid!r}, which must be a number: that of a pixel whose distance nobody knows."
        )
    return Coding(unknown=invalid, per_metre=UNITS[unit])


def _strange(where: str, told: Collection[str], known: Collection[str]) -> Iterator[str]:
    """What is said about names that nothing is known of."""
    for name in told:
        if name not in known:
            choices = f"Known: {', '.join(known)}." if known else "It has none."
            yield f"{where}: {name!r} is unknown here. {choices}"

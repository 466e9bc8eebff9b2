"""A study: systems under one budget, each from several seeds, as a TOML file describes it.

    title = "Made rooms, 400 steps"
    preset = "rooms-tiny"
    options = "--steps 400 --validate-every 400"
    seeds = [0, 1, 2]
    single_task = "stl"
    reference = "mtl"
    images = [0]

    [systems.stl]
    options = "--model.system stl"

    [systems.mtl]
    title = "MTL baseline"
    options = "--model.system mtl"

    [systems.bridgenet]
    title = "BridgeNet"
    seeds = [0, 1, 2, 3, 4]

    [systems.bridgenet-without-tasks]
    options = "--model.bridge-reads nothing"
    control_of = "bridgenet"

    [[tables]]
    number = "V"
    systems = ["mtl", "bridgenet"]

    [[tables.printed]]
    title = "what somebody printed"
    values = { semseg = 40.7, depth = 0.566 }

`options` are those of `python -m bridgenet.train`: of the whole study, then of one system.
"""

import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Len

from bridgenet.config import SettingError, Settings, from_dict, not_among, perhaps
from bridgenet.config.settings import CountOrNone, Text
from bridgenet.learning.intervals import Interval, t_interval
from bridgenet.learning.metrics import multi_task_gain
from bridgenet.tasks import TASKS, TaskName

Number = Literal["I", "II", "III", "IV", "V", "VI", "VII", "VIII"]
Seeds = Annotated[tuple[CountOrNone, ...], Len(1)]

OWN_OPTIONS = ("--output", "--seed", "--resume", "--device")
"""What a study says itself, for each of its parts."""

TRAINING = "bridgenet.train"
"""The module that trains a part."""


class StudyError(ValueError):
    """A study cannot be read. The message says why."""


@dataclass(frozen=True)
class Printed(Settings):
    """A row that was printed elsewhere, beside those that were trained."""

    title: Text
    """Of the row."""

    values: dict[TaskName, float] = field(default_factory=dict)
    """By task, in the unit of its metric."""

    delta_m: float | None = None
    """Its multi-task gain, in percent."""


@dataclass(frozen=True)
class Table(Settings):
    """A table in the layout of one of the paper's."""

    number: Number
    """Of the paper's table."""

    systems: tuple[str, ...] = ()
    """Its rows. Default: all systems."""

    title: str = ""
    """Above it. Default: what the paper's table is about."""

    printed: tuple[Printed, ...] = ()
    """Rows that were printed elsewhere."""


@dataclass(frozen=True)
class System(Settings):
    """One of what is compared."""

    options: str = ""
    """Of `python -m bridgenet.train`, after those of the study."""

    title: str = ""
    """In tables and pictures. Default: its name."""

    seeds: Seeds | None = None
    """Default: those of the study."""

    control_of: str | None = None
    """The system that this one is a control of: the same without what is asked about. Told is how much of that
    system's gain over the reference is left here."""


@dataclass(frozen=True)
class Study(Settings):
    """What is compared, see the module."""

    preset: Text
    """Of the training command."""

    systems: Annotated[dict[str, System], Len(1)]
    """By name."""

    title: str = "A comparison"
    """Above tables and pictures."""

    options: str = ""
    """Of `python -m bridgenet.train`, for every system: the budget."""

    seeds: Seeds = (0,)
    """Each system is trained once from each."""

    single_task: str | None = None
    """The system whose results Delta_m compares with, seed by seed: single-task learning."""

    reference: str | None = None
    """The system that the others are told to gain over, seed by seed."""

    images: tuple[CountOrNone, ...] = (0,)
    """Validation images whose answers are drawn side by side."""

    tables: tuple[Table, ...] = ()
    """Default: one of everything, in the layout of table V."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.systems:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise self.refuse(f"systems has the name {name!r}: letters, digits, - and _ alone, for it is a folder.")
        self._check_options("options", self.options)
        for name, system in self.systems.items():
            self._check_options(f"systems.{name}.options", system.options)
            if system.control_of in self.systems and self.reference is None:
                raise self.refuse(f"systems.{name}.control_of needs a reference: the system that others gain over.")
        asked = [("single_task", self.single_task), ("reference", self.reference)]
        asked += [(f"systems.{name}.control_of", system.control_of) for name, system in self.systems.items()]
        asked += [("tables", name) for table in self.tables for name in table.systems]
        for what, name in asked:
            if name is not None and name not in self.systems:
                raise self.refuse(not_among(what, name, self.systems))

    def _check_options(self, where: str, options: str) -> None:
        """Whether they can be cut into words, and leave to the study what it says itself.

        Raises:
            SettingError: They do not.
        """
        try:
            words = shlex.split(options)
        except ValueError as error:
            raise self.refuse(f"{where} cannot be read: {error}. Is a quotation mark alone?") from None
        for word in words:
            if word.partition("=")[0].replace("_", "-") in OWN_OPTIONS:
                raise self.refuse(f"{where} has {word}, which a study says itself.")

    @property
    def parts(self) -> tuple["Part", ...]:
        """All that is to be trained, seed by seed: what is there at any time compares as much as it can."""
        seeds = {name: self.seeds if system.seeds is None else system.seeds for name, system in self.systems.items()}
        every = sorted({seed for known in seeds.values() for seed in known})
        return tuple(Part(name, seed) for seed in every for name in self.systems if seed in seeds[name])

    def titled(self, name: str) -> str:
        """What people read of a system."""
        return self.systems[name].title or name

    def line(self, part: "Part", out: Path) -> list[str]:
        """What follows `python -m bridgenet.train` for a part of the study in a folder."""
        options = [*shlex.split(self.options), *shlex.split(self.systems[part.system].options)]
        return [self.preset, *options, "--seed", str(part.seed), "--output", str(part.folder(out))]


@dataclass(frozen=True, slots=True)
class Part:
    """One training of a study."""

    system: str
    seed: int

    def folder(self, out: Path) -> Path:
        """Where it is trained, in the folder of the study."""
        return out / "runs" / f"{self.system}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a part reached.

    Attributes:
        part: Which one.
        command: Trains it.
        metrics: As `python -m bridgenet.evaluate` tells them of the validation images.
        backbone: Its name.
        parameters: Of the whole network.
        multiply_adds: Of one image at the size at which it answers.
        gains: Delta_m over others from the same seed, by their name, with its interval over draws of the images.
    """

    part: Part
    command: str
    metrics: Mapping[str, Any]
    backbone: str
    parameters: int
    multiply_adds: int
    gains: Mapping[str, Interval] = field(default_factory=dict)

    def value(self, task: TaskName) -> float | None:
        """The metric that the task is followed by; None where it has none."""
        return self.metrics.get(task, {}).get(TASKS[task].metric)


class Results:
    """All results of a study so far, and what they say.

    Args:
        study: Whose they are.
        results: Of its parts that are finished.
    """

    def __init__(self, study: Study, results: Sequence[Result]) -> None:
        self.study = study
        self.by_part = {result.part: result for result in results}

    @property
    def systems(self) -> tuple[str, ...]:
        """Those with a result, in the order of the study."""
        there = {part.system for part in self.by_part}
        return tuple(name for name in self.study.systems if name in there)

    def of(self, system: str) -> list[Result]:
        """By seed."""
        return [result for part, result in sorted(self.by_part.items(), key=_seed) if part.system == system]

    def tasks(self, systems: Sequence[str]) -> tuple[TaskName, ...]:
        """Those that one of the systems could be judged by."""
        return tuple(
            task for task in TASKS if any(one.value(task) is not None for name in systems for one in self.of(name))
        )

    def level(self, system: str, task: TaskName) -> Interval | None:
        """How good a system is at a task, over seeds; None without a result."""
        values = [value for one in self.of(system) if (value := one.value(task)) is not None]
        return t_interval(values) if values else None

    def gain(self, system: str, over: str | None) -> Interval | None:
        """Delta_m (Eqs. (8), (9)) of a system over another, in percent, by pairs of equal seeds; None without one.

        Its tasks are those of the system. None also where one of them has no result of the other to compare with. The
        interval of a single pair, where it is known, is that over draws of the images.
        """
        if over is None:
            return None
        if len(there := [one.gains[over] for one in self.of(system) if over in one.gains]) == 1:
            return there[0]
        pairs = [(one, self.by_part.get(Part(over, one.part.seed))) for one in self.of(system)]
        try:
            values = [multi_task_gain(one.metrics, other.metrics) for one, other in pairs if other is not None]
        except ValueError:
            return None
        return t_interval(values) if values else None


def read_study(file: Path) -> Study:
    """A study from its TOML file.

    Raises:
        StudyError: It cannot be read, or something in it is refused.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StudyError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise StudyError(f"{file} is no TOML: {error}.") from None
    if strange := [name for name in values if name not in Study.__dataclass_fields__]:
        near = perhaps(strange[0], Study.__dataclass_fields__)
        raise StudyError(f"{file}: a study has no {strange[0]!r}.{near}")
    try:
        return from_dict(Study, values)
    except SettingError as error:
        raise StudyError(f"{file}: {_in_toml(str(error))}") from None


def _in_toml(message: str) -> str:
    """What is said of a setting, in words of the file: it has tables, and nothing stands for no value."""
    return message.replace("an object with names and values", "a table").replace(" or null", "")


def rows(results: Results) -> Iterator[dict[str, Any]]:
    """Every result as JSON takes it, with the command that makes it again."""
    for part, one in results.by_part.items():
        yield {
            "system": part.system,
            "seed": part.seed,
            "command": one.command,
            "backbone": one.backbone,
            "parameters": one.parameters,
            "multiply_adds": one.multiply_adds,
            "metrics": dict(one.metrics),
            "gains": {
                over: {"delta_m": gain.mean, "low": gain.low, "high": gain.high} for over, gain in one.gains.items()
            },
        }


def read_results(file: Path, study: Study) -> dict[Part, Result]:
    """What the study.json of another folder, perhaps of another machine, holds of a study; the opposite of `rows`.

    Raises:
        StudyError: It cannot be read, or what it holds of a part was trained with other options.
    """
    try:
        told = [_result(row) for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]
        known = {one.part: (one, _own_words(shlex.split(one.command))) for one in told if one.part in study.parts}
    except OSError as error:
        raise StudyError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise StudyError(f"{file} is no study.json of `python -m bridgenet.compare`.") from None
    for part, (_, there) in known.items():
        if there != (here := _own_words(study.line(part, file.parent))):
            raise StudyError(
                f"{file} has {part.system} of seed {part.seed} trained with other options: {shlex.join(there)}. Here "
                f"they are: {shlex.join(here)}. Take that row out of the file, or change the study."
            )
    return {part: one for part, (one, _) in known.items()}


def _result(row: Mapping[str, Any]) -> Result:
    """One of `rows`. The draws that its intervals are told by were not kept."""
    gains = {over: Interval(gain["delta_m"], gain["low"], gain["high"], ()) for over, gain in row["gains"].items()}
    part, metrics = Part(row["system"], row["seed"]), dict(row["metrics"])
    return Result(part, row["command"], metrics, row["backbone"], row["parameters"], row["multiply_adds"], gains)


def _own_words(command: Sequence[str]) -> list[str]:
    """What a training is, without how it is launched, where it is kept and on which device."""
    words = list(command[command.index(TRAINING) + 1 :] if TRAINING in command else command)
    for option in ("--output", "--device"):
        while option in words:
            del words[words.index(option) : words.index(option) + 2]
    return words


def _seed(entry: tuple[Part, Result]) -> int:
    return entry[0].seed

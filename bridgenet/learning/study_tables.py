"""The results of a study as Markdown, in the layout of the paper's tables I to VIII."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bridgenet.learning.controls import controls
from bridgenet.learning.intervals import Interval
from bridgenet.learning.metrics import METRIC_UNITS
from bridgenet.learning.study import Number, Printed, Results, Study, Table
from bridgenet.tasks import TASKS, TaskName

Column = Literal["backbone", "parameters", "multiply_adds", "added", "tasks", "delta_m"]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table of the paper shows beside the metrics of the tasks."""

    about: str
    before: tuple[Column, ...] = ()
    after: tuple[Column, ...] = ()


LAYOUTS: dict[Number, Layout] = {
    "I": Layout("Systems", ("backbone",)),
    "II": Layout("Systems", ("backbone",)),
    "III": Layout("Systems", ("backbone",)),
    "IV": Layout("Size and cost", ("backbone", "parameters", "multiply_adds")),
    "V": Layout("What each part brings", after=("delta_m",)),
    "VI": Layout("Ways to refine the task features", ("added",), ("delta_m",)),
    "VII": Layout("Which tasks are learnt together", ("tasks",), ("delta_m",)),
    "VIII": Layout("Which tasks are learnt together", ("tasks",), ("delta_m",)),
}

HEADS: dict[Column, str] = {
    "backbone": "Backbone",
    "parameters": "Parameters, M",
    "multiply_adds": "Multiply-adds, G",
    "added": "Parameters added, M",
    "tasks": "Tasks",
    "delta_m": "Δₘ, % ↑",
}

NAMES = {"miou": "mIoU", "rmse": "rmse", "mean_angle": "mean error", "max_f": "maxF", "ods": "odsF"}


def study_page(results: Results) -> str:
    """All tables of a study, with what the numbers are."""
    study = results.study
    tables = study.tables or (Table("V"),)
    told = [*(table_of(table, results) for table in tables), *_controls_table(results), *_notes(results)]
    return "\n\n".join([f"# {study.title}", *told]) + "\n"


def table_of(table: Table, results: Results) -> str:
    """One table. A cell without a run stays empty."""
    study, layout = results.study, LAYOUTS[table.number]
    systems = table.systems or tuple(study.systems)
    known = {*results.tasks(systems), *(task for row in table.printed for task in row.values)}
    tasks: tuple[TaskName, ...] = tuple(task for task in TASKS if task in known)
    heads = ["System", *(HEADS[column] for column in layout.before), *map(_head, tasks)]
    heads += [*(HEADS[column] for column in layout.after), "Seeds"]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    lines += [_line(name, layout, tasks, systems[0], results) for name in systems]
    lines += [_printed_line(row, layout, tasks) for row in table.printed]
    about = f"{study.preset}, in the layout of the paper's table {table.number}."
    return f"## {table.title or layout.about}\n\n{about}\n\n{_table(lines)}"


def _controls_table(results: Results) -> Iterator[str]:
    """What controls leave of the gains, if the study has any that can be told."""
    study, told = results.study, list(controls(results))
    if not told:
        return
    tasks: tuple[TaskName, ...] = tuple(task for task in TASKS if any(task in one.by_task for one in told))
    over = f"over {study.titled(str(study.reference))}"
    heads = ["System", "Control", f"Δₘ {over}, %", f"Δₘ of the control {over}, %", "Left, %", "Δₘ over the control, %"]
    lines = [[*heads, *map(_head, tasks), "Seeds"], ["---", "---", *["---:"] * (len(heads) - 1 + len(tasks))]]
    for one in told:
        gains = [amount(one.gain, 2), amount(one.left, 2), amount(one.share, 1), amount(one.over, 2, signed=True)]
        apart = [amount(one.by_task.get(task), _digits(task), signed=True) for task in tasks]
        lines.append([study.titled(one.system), study.titled(one.control), *gains, *apart, str(len(one.gain.samples))])
    yield (
        "## What controls leave of the gains\n\nThe gain of a system, and how much of it is left in the same system "
        "without what its control lacks, seed by seed. Below the tasks: the system's metric less the control's."
    )
    yield _table(lines)


def amount(interval: Interval | None, digits: int, *, signed: bool = False) -> str:
    """A mean and half of its interval; without an interval the mean alone, and nothing for nothing."""
    if interval is None:
        return ""
    half = interval.high - interval.mean
    mean = f"{interval.mean:{'+' if signed else ''}.{digits}f}"
    return f"{mean} ± {half:.{digits}f}" if math.isfinite(half) else mean


def _line(name: str, layout: Layout, tasks: tuple[TaskName, ...], first: str, results: Results) -> list[str]:
    def fill(column: Column) -> str:
        there = results.of(name)
        if not there:
            return ""
        match column:
            case "backbone":
                return there[0].backbone
            case "parameters":
                return f"{there[0].parameters / 1e6:.2f}"
            case "multiply_adds":
                return f"{there[0].multiply_adds / 1e9:.2f}"
            case "added":
                before = results.of(first)
                return f"{(there[0].parameters - before[0].parameters) / 1e6:+.2f}" if before else ""
            case "tasks":
                return ", ".join(TASKS[task].title for task in results.tasks([name]))
            case "delta_m":
                return amount(results.gain(name, results.study.single_task), 2, signed=True)

    values = [amount(results.level(name, task), _digits(task)) for task in tasks]
    count = len(results.of(name))
    return [
        results.study.titled(name),
        *map(fill, layout.before),
        *values,
        *map(fill, layout.after),
        str(count) if count else "",
    ]


def _printed_line(row: Printed, layout: Layout, tasks: tuple[TaskName, ...]) -> list[str]:
    values = [f"{row.values[task]:.{_digits(task)}f}" if task in row.values else "" for task in tasks]
    gain = "" if row.delta_m is None else f"{row.delta_m:+.2f}"
    after = [gain if column == "delta_m" else "" for column in layout.after]
    return [row.title, *("" for _ in layout.before), *values, *after, "as printed"]


def _notes(results: Results) -> list[str]:
    study = results.study
    notes = [
        "Mean and half of the 95 % t-interval over seeds; a single seed has none, but for Δₘ that over its images."
    ]
    if study.single_task is not None:
        notes.append(
            f"Δₘ against {study.titled(study.single_task)}, by pairs of equal seeds (Eqs. 8 and 9). "
            "It is empty where a task of a row has no result there to compare with, or one of 0."
        )
    protocols = {
        one.metrics["sal"]["protocol"] for one in results.by_part.values() if "protocol" in one.metrics.get("sal", {})
    }
    if protocols:
        notes.append(f"Saliency by the protocol {', '.join(sorted(protocols))}.")
    if missing := _missing(study, results):
        notes.append(f"Not finished: {', '.join(missing)}.")
    return notes


def _missing(study: Study, results: Results) -> list[str]:
    return [f"{study.titled(part.system)} {part.seed}" for part in study.parts if part not in results.by_part]


def _head(task: TaskName) -> str:
    about = TASKS[task]
    unit = METRIC_UNITS[about.metric]
    arrow = "↑" if about.higher_is_better else "↓"
    return f"{about.title}, {NAMES[about.metric]}{f' ({unit})' if unit else ''} {arrow}"


def _digits(task: TaskName) -> int:
    return 3 if METRIC_UNITS[TASKS[task].metric] == "m" else 2


def _table(lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

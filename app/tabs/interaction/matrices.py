"""The two matrices of the view Interaction, and the scatter between them, as the page's charts take them."""

import math
from collections.abc import Mapping
from typing import cast

import numpy as np

from app.analysis.selection import Word
from app.analysis.session import Analysis
from app.tabs.interaction.cuts import BRIDGE, UNREAD, Cuts
from app.view.axes import ticks
from app.view.changes import amount
from app.view.own_errors import OwnError, beside, own_error
from app.view.page import Value
from app.view.wording import percent
from bridgenet.inspection import InteractionMatrix
from bridgenet.tasks import TASKS, TaskName

CELL = Word("interaction.cell", "Cell")
"""The cell that is looked into: `source>target`."""

Cell = tuple[str, TaskName]
"""Source and target."""

MANY = 5
"""From so many tasks on, matrices need the whole width."""

"""Titles for narrow columns, where they are shorter."""

OFF = {
    UNREAD: (
        "the bridge reads nothing",
        "The tasks' tokens are taken away from the bridge; what it has from the backbone, its feed-forward part and "
        "its cascade stay",
    ),
    BRIDGE: (
        "no bridge at all",
        "No task is refined: the tasks' tokens are left out, and so are the backbone's finer maps that reach the tasks "
        "through the bridge",
    ),
}
"""Title of the rows about the whole bridge, and what is left out there."""

LEAST_TOP = 1.5
"""The deepest shade stands for at least so many times the control."""

MINUS = "\N{MINUS SIGN}"


def effect_matrix(analysis: Analysis, matrix: InteractionMatrix, computed: Cuts | None, cell: Cell) -> Value:
    """Effects in the unit of each target, shaded by effect over control, and the control itself.

    Args:
        analysis: The analysed photo: knows how wrong each task is by itself.
        matrix: Of the photo or of a set.
        computed: Of the photo, if the matrix is its own: then what a silent bridge, and none at all, does is shown too.
        cell: The one that is looked into.
    """
    top, count, here = shade_top(matrix), len(matrix.tasks), computed is not None
    errors = {target: beside(analysis, target, here=here) for target in tasks_of(matrix)}
    rows = [
        _row(source, [_effect_cell(matrix, source, target, top) for target in tasks_of(matrix)])
        for source in tasks_of(matrix)
    ]
    control = [_control_cell(matrix, target, top) for target in tasks_of(matrix)]
    dropped = f"1/{count} of everything that is read, whosever it is, is left out: the mean of random draws"
    rows.append({"title": f"random cut of 1/{count}", "words": dropped, "control": True, "cells": control})
    rows += [] if computed is None else bridge_rows(computed)
    for row in rows:
        for target, entry in zip(tasks_of(matrix), row["cells"], strict=True):
            entry["title"] += f"; {errors[target]}"
    over = f"mean ± 95 % interval, n = {matrix.images}" if matrix.images > 1 else "this photo"
    stops = [[0, "0"], [1 / top, "1 × = a random cut"], [1, f"{top:.1f} ×"]]
    return _matrix(
        rows, _columns(matrix.tasks, units=True, errors=_errors(analysis, matrix.tasks, here=here)), cell
    ) | {
        "id": "effects",
        "span": 12 if count >= MANY else 7,
        "title": "What a cut does",
        "text": f"{over}; hatched: its own tokens",
        "corner": "cut ↓  moves →",
        "scale": {"label": "effect ÷ control", "stops": stops},
        "alt": "Effect of removing each task (rows) on each task (columns)",
    }


def bridge_rows(computed: Cuts) -> list[Value]:
    """What changes without reading, and without any bridge, one row each, in units and over the control."""
    rows = []
    for name, effects in computed.bridge.items():
        title, words = OFF[name]
        cells = [_bridge_cell(computed.matrix, name, target, effect) for target, effect in effects.items()]
        rows.append({"title": title, "words": words, "control": True, "cells": cells})
    return rows


def attention_matrix(matrix: InteractionMatrix, cell: Cell) -> Value:
    """Share of each source in what each target reads."""
    top, uniform = float(matrix.attention.max()), 1 / len(matrix.tasks)
    rows = [
        _row(source, [_attention_cell(matrix, source, target, top) for target in tasks_of(matrix)])
        for source in tasks_of(matrix)
    ]
    stops = [[0, "0"], [uniform / top, f"{percent(uniform)} = uniform"], [1, percent(top)]]
    return _matrix(rows, _columns(matrix.tasks, units=False), cell) | {
        "id": "attention",
        "span": 7 if len(matrix.tasks) >= MANY else 5,
        "title": "What attention says",
        "text": "share of what is read, in %",
        "tone": "attention",
        "corner": "read ↓  by →",
        "scale": {"label": "share", "stops": stops},
        "alt": "Share of each task (rows) in what each task (columns) reads",
    }


def scatter(matrix: InteractionMatrix, cell: Cell) -> Value:
    """Every pair of different tasks: attention across, effect over control up."""
    pairs: list[tuple[TaskName, TaskName]] = [
        (source, target) for source in tasks_of(matrix) for target in tasks_of(matrix) if source != target
    ]
    points = [point for pair in pairs if (point := _point(matrix, pair)) is not None]
    low, high = _limits([point["x"] for point in points])
    top = max([point["y"] for point in points] + [LEAST_TOP]) * 1.08
    undefined = math.isnan(matrix.rank_correlation)
    correlation = "" if undefined else f"rank correlation {matrix.rank_correlation:.2f}".replace("-", MINUS)
    return {
        "id": "scatter",
        "kind": "dots",
        "span": 5,
        "title": "Attention against effect",
        "text": correlation,
        "points": points,
        "rule": {"y": 1, "text": "random cut"},
        "option": CELL.name,
        "chosen": ">".join(cell),
        "x": {"label": "attention share, %", "low": low, "high": high, "ticks": ticks(low, high)},
        "y": {"label": "", "low": 0, "high": top, "ticks": [[at, f"{text} ×"] for at, text in ticks(0, top)]},
        "names": "up: effect ÷ control · ring: task cut · centre: task that moves",
        "alt": f"Attention share against effect over control for {len(points)} pairs of tasks; {correlation}",
    }


def empty_matrices(analysis: Analysis) -> list[Value]:
    """Both matrices without numbers, so that nothing jumps when they come."""
    many = len(analysis.tasks) >= MANY
    rows = [_row(source, [{"text": "", "own": source == to} for to in analysis.tasks]) for source in analysis.tasks]
    shared = {
        "kind": "matrix",
        "rows": rows,
        "alt": "Not yet computed",
    }
    return [
        shared
        | {"id": "effects", "title": "What a cut does", "span": 12 if many else 7}
        | {
            "columns": _columns(analysis.tasks, units=True, errors=_errors(analysis, analysis.tasks)),
            "corner": "cut ↓  moves →",
        },
        shared
        | {"id": "attention", "title": "What attention says", "span": 7 if many else 5, "tone": "attention"}
        | {"columns": _columns(analysis.tasks, units=False), "corner": "read ↓  by →"},
    ]


def shade_top(matrix: InteractionMatrix) -> float:
    """Effect over control at the deepest shade: the strongest between different tasks."""
    strength = matrix.strength[~np.eye(len(matrix.tasks), dtype=bool)]
    known = strength[np.isfinite(strength)]
    return max(LEAST_TOP, float(known.max()) if known.size else LEAST_TOP)


def times(strength: float) -> str:
    """Effect over control, in words."""
    return "–" if math.isnan(strength) else "∞ ×" if math.isinf(strength) else f"{strength:.1f} ×"


def with_interval(value: float, half: float, task: TaskName) -> str:
    """A number and, over several photos, the half width of its interval."""
    text = amount(value, task)
    return text if math.isnan(half) else f"{text} ± {amount(half, task)}"


def tasks_of(matrix: InteractionMatrix) -> tuple[TaskName, ...]:
    """Tasks of a matrix, in its order."""
    return cast(tuple[TaskName, ...], matrix.tasks)


def _matrix(rows: list[Value], columns: list[Value], cell: Cell) -> Value:
    return {"kind": "matrix", "rows": rows, "columns": columns, "option": CELL.name, "chosen": ">".join(cell)}


def _row(source: TaskName, cells: list[Value]) -> Value:
    words = f"{TASKS[source].title} is taken away from what the others read"
    named = {"title": TASKS[source].title, "short": TASKS[source].short, "words": words}
    return named | {"colour": TASKS[source].colour, "cells": cells}


def _effect_cell(matrix: InteractionMatrix, source: TaskName, target: TaskName, top: float) -> Value:
    at = matrix.tasks.index(source), matrix.tasks.index(target)
    effect, half, strength = (float(array[at]) for array in (matrix.effect, matrix.interval, matrix.strength))
    tokens = "its own tokens" if source == target else f"the tokens of {_name(source)}"
    interval = "" if math.isnan(half) else f" (± {amount(half, target)}, n = {matrix.images})"
    control = amount(float(matrix.control[at[1]]), target, words=True)
    return {
        "text": with_interval(effect, half, target),
        "small": times(strength),
        "level": 0 if math.isnan(strength) else min(strength / top, 1),
        "own": source == target,
        "title": f"Without {tokens} {_name(target)} moves by {amount(effect, target, words=True)}{interval}: "
        f"{times(strength)} a random cut, which moves it by {control}",
        "value": f"{source}>{target}",
    }


def _control_cell(matrix: InteractionMatrix, target: TaskName, top: float) -> Value:
    at = matrix.tasks.index(target)
    control, half = float(matrix.control[at]), float(matrix.control_interval[at])
    words = f"A random cut of 1/{len(matrix.tasks)} moves {_name(target)} by {amount(control, target, words=True)}"
    return {"text": with_interval(control, half, target), "small": "1 ×", "level": 1 / top, "title": words}


def _bridge_cell(matrix: InteractionMatrix, name: str, target: TaskName, effect: float) -> Value:
    control = float(matrix.control[matrix.tasks.index(target)])
    without = {UNREAD: "Where the bridge reads nothing", BRIDGE: "Without any bridge"}[name]
    words = f"{without} {_name(target)} moves by {amount(effect, target, words=True)}"
    small = f"{effect / control:.{0 if effect > 10 * control else 1}f} ×" if control > 0 else ""
    return {"text": amount(effect, target), "small": small, "title": words, "value": f"{name}>{target}"}


def _attention_cell(matrix: InteractionMatrix, source: TaskName, target: TaskName, top: float) -> Value:
    share = float(matrix.attention[matrix.tasks.index(source), matrix.tasks.index(target)])
    uniform = percent(1 / len(matrix.tasks))
    words = f"{TASKS[target].title} reads {100 * share:.1f} % from {_name(source)}; uniform would be {uniform}"
    shown = {"text": f"{100 * share:.0f}", "level": share / top, "own": source == target}
    return shown | {"title": words, "value": f"{source}>{target}"}


def _point(matrix: InteractionMatrix, pair: tuple[TaskName, TaskName]) -> Value | None:
    source, target = pair
    at = matrix.tasks.index(source), matrix.tasks.index(target)
    strength, share = float(matrix.strength[at]), 100 * float(matrix.attention[at])
    if not math.isfinite(strength):
        return None
    words = f"{TASKS[source].title} → {_name(target)}: read {share:.0f} %, moves {strength:.1f} × a random cut"
    colours = {"inner": TASKS[target].colour, "outer": TASKS[source].colour}
    return {"x": share, "y": strength, "title": words, "value": f"{source}>{target}"} | colours


def _errors(analysis: Analysis, tasks: tuple[str, ...], *, here: bool = True) -> dict[TaskName, str]:
    """How wrong each task is by itself, where that is known, for the head of its column."""
    known = cast(tuple[TaskName, ...], tasks)
    found: dict[TaskName, OwnError | None] = {task: own_error(analysis, task, here=here) for task in known}
    return {task: f"error {amount(error.value, task)}" for task, error in found.items() if error is not None}


def _columns(tasks: tuple[str, ...], *, units: bool, errors: Mapping[TaskName, str] | None = None) -> list[Value]:
    columns = []
    for task in cast(tuple[TaskName, ...], tasks):
        about = TASKS[task]
        change = "Δ prob." if about.kind == "probability" else about.change_unit
        unit = {"unit": change, "error": (errors or {}).get(task, "")} if units else {}
        columns.append({"title": about.title, "short": about.short, "colour": about.colour} | unit)
    return columns


def _name(task: TaskName) -> str:
    return TASKS[task].title.lower()


def _limits(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.08 * (high - low) or 1.0
    return max(low - margin, 0.0), high + margin

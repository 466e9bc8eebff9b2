"""The two matrices of the view Interaction, and the scatter between them, as the page's charts take them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from app.analysis.selection import Word
from app.analysis.session import Analysis
from app.tabs.interaction.cuts import BRIDGE, UNREAD, Cuts
from app.view.axes import ticks
from app.view.changes import amount
from app.view.charts import Cell, Row, ShadedTable, Shades
from app.view.effects import (
    LEAST_TOP,
    effect_columns,
    effect_rows,
    effect_shades,
    loses_own,
    shade_top,
    source_row,
    task_name,
    tasks_of,
)
from app.view.own_errors import OwnError, beside, own_error
from app.view.view import Group
from app.view.wording import percent
from bridgenet.drawing.charts import Dot, Scatter
from bridgenet.drawing.sheet import Axis
from bridgenet.inspection import InteractionMatrix
from bridgenet.tasks import TASKS, TaskName

CELL = Word("interaction.cell", "Cell")
"""The cell that is looked into: `source>target`."""

Pair = tuple[str, TaskName]
"""Source and target."""

MANY = 5
"""From so many tasks on, matrices need the whole width."""

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

MINUS = "\N{MINUS SIGN}"


def effect_matrix(analysis: Analysis, matrix: InteractionMatrix, computed: Cuts | None, cell: Pair) -> Group:
    """Effects in the unit of each target, shaded by effect over control, and the control itself.

    Args:
        analysis: The analysed photo: knows how wrong each task is by itself.
        matrix: Of the photo or of a set.
        computed: Of the photo, if the matrix is its own: then what a silent bridge, and none at all, does is shown too.
        cell: The one that is looked into.
    """
    top, count, here = shade_top(matrix), len(matrix.tasks), computed is not None
    errors: dict[TaskName, str] = {target: beside(analysis, target, here=here) for target in tasks_of(matrix)}
    rows = effect_rows(matrix, top)
    rows += [] if computed is None else bridge_rows(computed)
    rows = [replace(row, cells=_beside_errors(row.cells, matrix, errors)) for row in rows]
    over = f"mean ± 95 % interval, n = {matrix.images}" if matrix.images > 1 else "this photo"
    columns = effect_columns(matrix.tasks, units=True, errors=_errors(analysis, matrix.tasks, here=here))
    return chosen_pair(cell) | {
        "id": "effects",
        "chart": ShadedTable(rows, columns, "cut ↓  moves →", effect_shades(top)),
        "span": 12 if count >= MANY else 7,
        "title": "What a cut does",
        "text": f"{over}; hatched: {'its own tokens' if loses_own(matrix) else 'itself'}",
        "alt": "Effect of removing each task (rows) on each task (columns)",
    }


def bridge_rows(computed: Cuts) -> list[Row]:
    """What changes without reading, and without any bridge, one row each, in units and over the control."""
    rows = []
    for name, effects in computed.bridge.items():
        title, words = OFF[name]
        cells = [_bridge_cell(computed.matrix, name, target, effect) for target, effect in effects.items()]
        rows.append(Row(title, cells, words=words, control=True))
    return rows


def attention_matrix(matrix: InteractionMatrix, cell: Pair) -> Group:
    """Share of each source in what each target reads."""
    top, even = float(matrix.attention.max()), 1 / len(matrix.tasks)
    rows = [
        source_row(source, [_attention_cell(matrix, source, target, top) for target in tasks_of(matrix)])
        for source in tasks_of(matrix)
    ]
    # Where reading is nearly even, the words of both ends would lie upon each other.
    ends = [(1.0, percent(top))] if even < 0.8 * top else []
    shades = Shades("share", [(0, "0"), (even / top, f"{percent(even)} = even"), *ends])
    return chosen_pair(cell) | {
        "id": "attention",
        "chart": ShadedTable(rows, effect_columns(matrix.tasks, units=False), "read ↓  by →", shades, "attention"),
        "span": 7 if len(matrix.tasks) >= MANY else 5,
        "title": "What attention says",
        "text": "share of what is read, in %",
        "alt": "Share of each task (rows) in what each task (columns) reads",
    }


def scatter(matrix: InteractionMatrix, cell: Pair) -> Group:
    """Every pair of different tasks: attention across, effect over control up."""
    pairs: list[tuple[TaskName, TaskName]] = [
        (source, target) for source in tasks_of(matrix) for target in tasks_of(matrix) if source != target
    ]
    points = [point for pair in pairs if (point := _point(matrix, pair)) is not None]
    low, high = _limits([point.x for point in points])
    top = max([point.y for point in points] + [LEAST_TOP]) * 1.08
    undefined = math.isnan(matrix.rank_correlation)
    found = f"rank correlation {matrix.rank_correlation:.2f} of {len(points)} pairs".replace("-", MINUS)
    correlation = "" if undefined else found
    drawn = Scatter(
        points,
        "attention share, %",
        "",
        level=(1, "random cut"),
        x_axis=Axis(low, high, ticks(low, high)),
        y_axis=Axis(0, top, [(at, f"{text} ×") for at, text in ticks(0, top)]),
    )
    return chosen_pair(cell) | {
        "id": "scatter",
        "chart": drawn,
        "span": 5,
        "title": "Attention against effect",
        "text": correlation,
        "foot": "up: effect ÷ control · ring: task cut · centre: task that moves",
        "alt": f"Attention share against effect over control for {len(points)} pairs of tasks; {correlation}",
    }


def empty_matrices(analysis: Analysis) -> list[Group]:
    """Both matrices without numbers, so that nothing jumps when they come."""
    many = len(analysis.tasks) >= MANY
    rows = [source_row(source, [Cell("", own=source == to) for to in analysis.tasks]) for source in analysis.tasks]
    effects = effect_columns(analysis.tasks, units=True, errors=_errors(analysis, analysis.tasks))
    attention = effect_columns(analysis.tasks, units=False)
    return [
        {
            "id": "effects",
            "title": "What a cut does",
            "span": 12 if many else 7,
            "chart": ShadedTable(rows, effects, "cut ↓  moves →"),
            "alt": "Not yet computed",
        },
        {
            "id": "attention",
            "title": "What attention says",
            "span": 7 if many else 5,
            "chart": ShadedTable(rows, attention, "read ↓  by →", tone="attention"),
            "alt": "Not yet computed",
        },
    ]


def chosen_pair(cell: Pair) -> Group:
    """The part of a chart in which the pair that is looked into is chosen."""
    return {"option": CELL.name, "chosen": ">".join(cell)}


def _beside_errors(cells: Sequence[Cell], matrix: InteractionMatrix, errors: Mapping[TaskName, str]) -> list[Cell]:
    """Cells that also say how wrong their task is anyway."""
    both = zip(tasks_of(matrix), cells, strict=True)
    return [replace(cell, words=f"{cell.words}; {errors[target]}") for target, cell in both]


def _bridge_cell(matrix: InteractionMatrix, name: str, target: TaskName, effect: float) -> Cell:
    control = float(matrix.control[matrix.tasks.index(target)])
    without = {UNREAD: "Where the bridge reads nothing", BRIDGE: "Without any bridge"}[name]
    words = f"{without} {task_name(target)} moves by {amount(effect, target, words=True)}"
    small = f"{effect / control:.{0 if effect > 10 * control else 1}f} ×" if control > 0 else ""
    return Cell(amount(effect, target), small, words=words, key=f"{name}>{target}")


def _attention_cell(matrix: InteractionMatrix, source: TaskName, target: TaskName, top: float) -> Cell:
    share = float(matrix.attention[matrix.tasks.index(source), matrix.tasks.index(target)])
    even = percent(1 / len(matrix.tasks))
    words = f"{TASKS[target].title} reads {100 * share:.1f} % from {task_name(source)}; evenly it would be {even}"
    key, own = f"{source}>{target}", source == target
    return Cell(f"{100 * share:.0f}", level=share / top, words=words, key=key, own=own)


def _point(matrix: InteractionMatrix, pair: tuple[TaskName, TaskName]) -> Dot | None:
    source, target = pair
    at = matrix.tasks.index(source), matrix.tasks.index(target)
    strength, share = float(matrix.strength[at]), 100 * float(matrix.attention[at])
    if not math.isfinite(strength):
        return None
    words = f"{TASKS[source].title} → {task_name(target)}: read {share:.0f} %, moves {strength:.1f} × a random cut"
    colour, centre = TASKS[source].colour, TASKS[target].colour
    return Dot(share, strength, "", colour, words, centre, f"{source}>{target}")


def _errors(analysis: Analysis, tasks: tuple[str, ...], *, here: bool = True) -> dict[TaskName, str]:
    """How wrong each task is by itself, where that is known, for the head of its column."""
    known = cast(tuple[TaskName, ...], tasks)
    found: dict[TaskName, OwnError | None] = {task: own_error(analysis, task, here=here) for task in known}
    return {task: f"error {amount(error.value, task)}" for task, error in found.items() if error is not None}


def _limits(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.08 * (high - low) or 1.0
    return max(low - margin, 0.0), high + margin

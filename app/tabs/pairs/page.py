"""Pairs: what every task gets of every other, where tasks meet in pairs instead of over a bridge."""

from pathlib import Path

import numpy as np

from app.analysis.selection import Selection, Word
from app.analysis.session import Analysis
from app.tabs.pairs.given import (
    STAGE,
    Given,
    Pairs,
    at_place,
    exchanges,
    gates,
    given_in,
    givers,
    sizes_of,
    stage_of,
    unit_weights,
)
from app.view.attention import head_tool, heads_read, reads_tokens, sends_at_scales
from app.view.charts import GREY, Cell, Column, Row, ShadedTable, ShareRows, shares_of
from app.view.maps import heat_map, prediction_map
from app.view.page import Page, choices, word
from app.view.scales import scale_names
from app.view.spoken import Spoken
from app.view.view import Choose, Group, Map, Tool, View
from app.view.wording import percent, wording
from bridgenet import inspection
from bridgenet.tasks import TASKS, TaskName, significant

TEXT = Path(__file__).with_name("text.md")

SHOWN = Word("pairs.shown", "Shows", "share")

READ_AS = {
    "share": "What each task sends to each other, as a share of what the other has at that place",
    "size": "What each task sends to each other, as the mean absolute value of its channels",
    "gate": "How far each message is let through, from 0 (shut) to 1 (open), mean over the channels",
}

OWN_PICTURE = 160
"""Longest side of the answers on the diagonal, in pixels."""


def pairs(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer of what tasks hand to each other."""
    what, how = wording(TEXT)
    given, stage = given_in(analysis, selection), stage_of(analysis, selection)
    tools: list[Tool] = []
    if reads_tokens(analysis):
        maps, words = given.maps, f"Which tokens of each task this place reads, {heads_read(selection, analysis)}"
        tools.append(head_tool(selection, analysis))
    else:
        opened = analysis.result(gates, selection.scale if sends_at_scales(analysis) else -1)
        shown = {"share": given.maps, "size": sizes_of(analysis, selection), **({"gate": opened} if opened else {})}
        chosen = selection.text(SHOWN) if selection.text(SHOWN) in shown else SHOWN.default
        maps, words = shown[chosen], READ_AS[chosen]
        words += f", at {scale_names(analysis)[selection.scale]}" if sends_at_scales(analysis) else ""
        tools.append(word(SHOWN, selection, {name: name for name in shown}))
    if stage:
        tools.append(choices(STAGE, {name: name for name in unit_weights(analysis)}, stage))
    titles = {target: f"To {TASKS[target].title.lower()}" for target in analysis.tasks}
    return {
        "heads": analysis.trace.heads,
        "hint": f"{what.format(what=words)} {how}",
        "say": pairs_sentence(given, selection.task, reads=reads_tokens(analysis)),
        "tools": tools,
        "groups": [
            *_matrix(analysis, selection, maps),
            *_units(analysis),
            {
                "id": "pairs-shares",
                "title": "Shares at this place",
                "text": "what each task gets of each, itself included",
                "chart": ShareRows({titles[target]: shares_of(parts) for target, parts in given.here.items()}),
            },
        ],
    }


def pairs_sentence(given: Given, target: TaskName, *, reads: bool) -> list[Spoken]:
    """Who gives most to a task here, in words.

    Args:
        given: Of all pairs.
        target: The task that gets.
        reads: Whether it reads tokens; otherwise it is sent messages.
    """
    here: dict[TaskName, float] = {source: share for source, share in given.here[target].items() if source != target}
    title, way = TASKS[target].title, "reads" if reads else "has"
    if not here:
        return [{"text": f"{title} gets nothing of any other task."}]
    order = sorted(here, key=lambda source: -here[source])
    first = order[0]
    most: Spoken = {
        "text": f"{percent(here[first])} from {TASKS[first].title.lower()}",
        "colour": TASKS[first].colour,
    }
    own = given.here[target].get(target, 0.0)
    return [
        {"text": f"Of what {title.lower()} {way} here, "},
        most,
        {"text": f" ({percent(given.overall[target][first])} over the photo) and {percent(own)} from itself."},
    ]


def _matrix(analysis: Analysis, selection: Selection, maps: Pairs) -> list[Group]:
    """A row of maps for every task that gives, a column for every task that gets."""
    top = max((float(values.max()) for values in _off_diagonal(maps)), default=0.0)
    groups: list[Group] = []
    for source in givers(analysis):
        tiles: list[Map] = []
        for target in analysis.tasks:
            values = maps[target].get(source)
            if values is None:
                tiles.append(_nothing(analysis, source, target))
                continue
            alone = source == target or selection.scope == "map"
            tiles.append(_tile(analysis, selection, source, target, values, float(values.max()) if alone else top))
        title = f"From {TASKS[source].title.lower()}"
        groups.append({"id": f"pairs-{source}", "title": title, "columns": len(tiles), "dense": True, "maps": tiles})
    return groups


def _tile(
    analysis: Analysis, selection: Selection, source: TaskName, target: TaskName, values: np.ndarray, high: float
) -> Map:
    title = "itself" if source == target else f"to {TASKS[target].short}"
    here, mean = (
        f"here {significant(at_place(analysis, selection, values))}",
        f"mean {significant(float(values.mean()))}",
    )
    pair = f"{TASKS[source].title} to {TASKS[target].title.lower()}"
    alt = f"{pair}: {here}, {mean}; most {inspection.place_in_words(values)}"
    choose: Choose = {"option": "task", "value": target, "chosen": target == selection.task}
    # The text above says what the colours share: there is no room for it below every map.
    drawn = heat_map(f"pairs-{source}-{target}", title, values, max(high, 1e-9), alt, "")
    more: Map = {"colour": TASKS[target].colour, "foot": here, "choose": choose}
    return drawn | more


def _nothing(analysis: Analysis, source: TaskName, target: TaskName) -> Map:
    """What stands in the place of a pair that hands nothing over: the answer of the task, or the photo."""
    name = f"pairs-{source}-{target}"
    if source == target:
        own: Map = {"id": name, "title": "its answer", "note": "", "legend": None, "ramp": None, "foot": ""}
        return prediction_map(analysis, target, OWN_PICTURE) | own
    alt = f"{TASKS[source].title} to {TASKS[target].title.lower()}: nothing"
    return {"id": name, "title": f"to {TASKS[target].short}", "alt": alt, "foot": "nothing is sent", "colour": GREY}


def _units(analysis: Analysis) -> list[Group]:
    """The weights that mix the tasks between their encoders, a table for every stage."""
    columns = [Column(TASKS[task].title, TASKS[task].short, TASKS[task].colour) for task in analysis.tasks]
    groups: list[Group] = []
    for stage, weights in unit_weights(analysis).items():
        top, rows = max(float(weights.max()), 1e-9), []
        for source, row in zip(analysis.tasks, weights, strict=True):
            about = TASKS[source]
            cells = [Cell(f"{weight:.2f}", level=weight / top) for weight in map(float, row)]
            rows.append(Row(about.title, cells, about.short, about.colour))
        groups.append(
            {
                "id": f"units-{stage}",
                "title": f"Unit after {stage}",
                "text": "how much of each task the encoder of each goes on with, mean over channels",
                "span": 12 if len(columns) > 4 else 6,
                "chart": ShadedTable(rows, columns, "gives ↓  gets →", tone="attention"),
                "alt": f"Weights of the unit after {stage}",
            }
        )
    return groups


def _off_diagonal(maps: Pairs) -> list[np.ndarray]:
    return [values for target, row in maps.items() for source, values in row.items() if source != target]


PAGE = Page(
    "pairs",
    pairs,
    follows=frozenset({"place", "task", "scale", "head", "scope"}),
    options=(SHOWN, STAGE),
    expert=frozenset({"head", SHOWN.name, STAGE.name}),
    exists=lambda analysis: exchanges(analysis) or reads_tokens(analysis) or bool(unit_weights(analysis)),
    cuts=True,
)

"""Pairs: what every task gets of every other, where tasks meet in pairs instead of over a bridge."""

from pathlib import Path

import numpy as np

from app.analysis.selection import Selection, Word
from app.analysis.session import Analysis
from app.tabs.pairs.given import Given, Pairs, at_place, exchanges, gates, givers, read, sent, sizes
from app.view.attention import head_tool, heads_read, reads_tokens
from app.view.charts import GREY, ShareRows, shares_of
from app.view.maps import heat_map, prediction_map
from app.view.page import Page, word
from app.view.spoken import Spoken
from app.view.view import Choose, Group, Map, Tool, View
from app.view.wording import percent, wording
from bridgenet import drawing
from bridgenet.tasks import TASKS, TaskName

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
    if reads_tokens(analysis):
        given = read(analysis, selection)
        maps, words = given.maps, f"Which tokens of each task this place reads, {heads_read(selection, analysis)}"
        tools: list[Tool] = [head_tool(selection, analysis)]
    else:
        given, opened = sent(analysis, selection), analysis.result(gates)
        shown = {"share": given.maps, "size": analysis.result(sizes), "gate": opened}
        names = {"share": "share", "size": "size", **({"gate": "gate"} if opened else {})}
        tools = [word(SHOWN, selection, names)]
        chosen = selection.text(SHOWN) if selection.text(SHOWN) in names else SHOWN.default
        maps, words = shown[chosen], READ_AS[chosen]
    titles = {target: f"{TASKS[target].title} gets here" for target in analysis.tasks}
    return {
        "heads": analysis.trace.heads,
        "hint": f"{what.format(what=words)} {how}",
        "say": pairs_sentence(given, selection.task, reads=reads_tokens(analysis)),
        "tools": tools,
        "groups": [
            *_matrix(analysis, selection, maps),
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
            tiles.append(_tile(selection, source, target, values, float(values.max()) if alone else top))
        title = f"{TASKS[source].title} gives"
        groups.append({"id": f"pairs-{source}", "title": title, "columns": len(tiles), "dense": True, "maps": tiles})
    return groups


def _tile(selection: Selection, source: TaskName, target: TaskName, values: np.ndarray, high: float) -> Map:
    title = "itself" if source == target else f"to {TASKS[target].short}"
    here, mean = f"here {at_place(selection, values):.2g}", f"mean {float(values.mean()):.2g}"
    pair = f"{TASKS[source].title} to {TASKS[target].title.lower()}"
    alt = f"{pair}: {here}, {mean}; most {drawing.place_in_words(values)}"
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


def _off_diagonal(maps: Pairs) -> list[np.ndarray]:
    return [values for target, row in maps.items() for source, values in row.items() if source != target]


PAGE = Page(
    "pairs",
    pairs,
    follows=frozenset({"place", "task", "scale", "head", "scope"}),
    options=(SHOWN,),
    exists=lambda analysis: exchanges(analysis) or reads_tokens(analysis),
)

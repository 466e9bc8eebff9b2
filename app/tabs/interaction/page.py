"""Interaction: who moves whom. The causal matrix and its control beside what attention says."""

import math
from pathlib import Path
from typing import cast

import numpy as np

from app.analysis.region import asked_of
from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.interaction import cuts
from app.tabs.interaction.arrows import arrows, no_arrows
from app.tabs.interaction.cuts import NORM, OTHER, OVER, PLACE, REMOVAL, WHOLE, Cuts, Settings
from app.tabs.interaction.matrices import (
    CELL,
    MANY,
    MINUS,
    OFF,
    Pair,
    attention_matrix,
    chosen_pair,
    effect_matrix,
    empty_matrices,
    scatter,
)
from app.tabs.interaction.regions import region_effects
from app.view.attention import has_bridge
from app.view.changes import amount, amount_map, enlarged, with_logits
from app.view.charts import Station, Stations
from app.view.effects import times
from app.view.encoding import LONGEST
from app.view.maps import both_sides, classes_said, prediction_map, wiped
from app.view.own_errors import beside
from app.view.page import Page, choice, choices, word
from app.view.spoken import Spoken
from app.view.view import Group, Map, Tool, View, Wipe
from app.view.wording import wording
from bridgenet.inspection import InteractionMatrix, rank_interval
from bridgenet.kinds import change_map
from bridgenet.tasks import TASKS, TaskName

TEXT = Path(__file__).with_name("text.md")

REMOVED = {
    "mask": "{} cut",
    "zero": "{} set to zero",
    "mean": "{} averaged",
    "swap": "{} from another image",
}
"""What was done to a task, for titles."""

REMOVING = {
    "mask": ("Removing ", ""),
    "zero": ("Setting ", " to zero"),
    "mean": ("Averaging ", ""),
    "swap": ("Taking ", " from another image"),
}
"""The same as the beginning of a sentence, before and after the name of the task."""

NOWHERE = (
    "Without a place where tasks read each other there is nothing to cut, and no attention to compare with. "
    "Refinement shows what its bridge brings of the backbone."
)
"""How to go on where tasks do not meet."""

WELL, PARTLY = 0.7, 0.4
"""Rank correlations from which attention is said to tell the effects, and to tell them in part."""


def interaction(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: both matrices, the scatter between them, and the cell that is looked into."""
    _, hint = wording(TEXT)
    settings = cuts.settings_of(analysis, selection)
    if not settings.places:
        return nowhere(analysis, settings)
    computed, matrix = cuts.cuts_of(analysis, settings), cuts.matrix_of(analysis, settings)
    shared: View = {"hint": hint, "tools": tools(analysis, selection)}
    if computed is None or matrix is None:
        waiting = [stations(analysis, settings), no_arrows(analysis), *empty_matrices(analysis)]
        words = "One task after the other is removed." if settings.over == "image" else "Photo after photo is analysed."
        return shared | {"say": [{"text": "Who moves whom?"}], "groups": waiting, "pending": words}
    cell = cell_of(selection, matrix, computed)
    own = computed if settings.over == "image" else None
    effects, looked = effect_matrix(analysis, matrix, own, cell), chosen_cell(analysis, settings, computed, cell)
    asked = asked_of(analysis, selection)
    here = [] if asked is None else [region_effects(analysis, settings, asked) | chosen_pair(cell)]
    if np.isnan(matrix.attention).all():
        groups = [
            stations(analysis, settings),
            arrows(matrix, cell),
            effects | {"span": 12},
            *here,
            looked | {"span": 12},
        ]
        return shared | {"say": verdict(analysis, matrix, settings), "groups": groups}
    both = [effects, attention_matrix(matrix, cell)]
    looked = [scatter(matrix, cell), looked]
    looked = looked if len(matrix.tasks) >= MANY else looked[::-1]
    return shared | {
        "say": verdict(analysis, matrix, settings),
        "groups": [stations(analysis, settings), arrows(matrix, cell), *both, *here, *looked],
    }


def nowhere(analysis: Analysis, settings: Settings) -> View:
    """Of a network whose tasks do not read each other: there is nothing to cut."""
    words = "its tasks meet nowhere in the decoder"
    groups: list[Group] = []
    if analysis.predictor.model.norms_jointly:
        words = "they meet in the joint layer norm alone, which is not cut here"
        groups = [stations(analysis, settings)]
    say: list[Spoken] = [{"text": f"No task of this network reads another: {words}."}]
    return {"say": say, "hint": NOWHERE, "tools": [], "groups": groups}


def verdict(analysis: Analysis, matrix: InteractionMatrix, settings: Settings) -> list[Spoken]:
    """Who moves whom most, beside how wrong that task is anyway, and whether attention would have told."""
    over = {"image": "", "rooms": f"Over {matrix.images} made rooms: ", "folder": f"Over {matrix.images} photos: "}
    where = over[settings.over]
    source, target = strongest(matrix)
    at = matrix.tasks.index(source), matrix.tasks.index(target)
    if not matrix.effect[at] > 0:
        return [{"text": f"{where}No task moves another: whatever is cut, nothing changes."}]
    before, after = REMOVING[matrix.removal]
    by = "" if TASKS[target].kind == "classes" else "by "
    effect = f"{by}{amount(float(matrix.effect[at]), target, words=True)}, {times(float(matrix.strength[at]))}"
    error = beside(analysis, target, here=settings.over == "image")
    attends = "" if np.isnan(matrix.attention).all() else f" {told(matrix)}"
    return [
        {"text": where + (before if not where else before[0].lower() + before[1:])},
        {"text": TASKS[source].title.lower(), "colour": TASKS[source].colour},
        {"text": f"{after} moves "},
        {"text": TASKS[target].title.lower(), "colour": TASKS[target].colour},
        {"text": f" most: {effect} a random cut; {error}.{attends}"},
    ]


def told(matrix: InteractionMatrix) -> str:
    """Whether attention ranks the pairs as the effects do, over how many of them, and how sure that is."""
    correlation = matrix.rank_correlation
    if math.isnan(correlation):
        return "Too few pairs to ask whether attention tells."
    pairs = len(matrix.tasks) * (len(matrix.tasks) - 1)
    judged, sure = "Attention does not tell", "one photo has no interval"
    interval = rank_interval(matrix) if matrix.images > 1 else None
    if interval is not None:
        sure = f"95 % interval over {matrix.images} photos {interval.low:.2f} to {interval.high:.2f}"
    if interval is not None and interval.includes_zero:
        judged = "Attention cannot be said to tell"
    elif correlation >= WELL:
        judged = "Attention tells"
    elif correlation >= PARTLY:
        judged = "Attention tells in part"
    elif correlation <= -PARTLY:
        judged = "Attention tells the opposite"
    return f"{judged}: rank correlation {correlation:.2f} over {pairs} pairs, {sure}.".replace("-", MINUS)


def strongest(matrix: InteractionMatrix) -> tuple[TaskName, TaskName]:
    """Source and target of the strongest effect between different tasks, relative to the control."""
    strength = np.nan_to_num(matrix.strength, nan=-1, posinf=1e9)
    strength[np.eye(len(strength), dtype=bool)] = -2
    row, column = np.unravel_index(int(strength.argmax()), strength.shape)
    return cast(TaskName, matrix.tasks[int(row)]), cast(TaskName, matrix.tasks[int(column)])


def cell_of(selection: Selection, matrix: InteractionMatrix, computed: Cuts) -> Pair:
    """The cell that is looked into: the one that was clicked, else the strongest."""
    source, _, target = selection.text(CELL).partition(">")
    if source != WHOLE and source in computed.logits and target in matrix.tasks:
        return source, cast(TaskName, target)
    return strongest(matrix)


def tools(analysis: Analysis, selection: Selection) -> list[Tool]:
    """The settings that this network has."""
    asked = selection.text(OVER)
    # Without a folder the choice would lead to a complaint; where a link has made it, that says how to give one.
    over = {name: text for name, text in OVER.values.items() if name in ("image", "rooms", asked) or analysis.reference}
    offered: list[Tool] = [choices(OVER, over, asked)]
    if len(meetings := analysis.predictor.model.meetings) > 1:
        everywhere = {cuts.EVERYWHERE: " and ".join(meeting.title for meeting in meetings)}
        places = everywhere | {meeting.name: f"{meeting.title} only" for meeting in meetings}
        offered.append(word(PLACE, selection, places))
    offered.append(choice(REMOVAL, selection))
    if selection.text(REMOVAL) == "swap":
        others = {name: title for name, title in OTHER.values.items() if name != analysis.example}
        offered.append(choices(OTHER, others, cuts.other_example(analysis, selection)))
    return [*offered, choice(NORM, selection)] if analysis.predictor.model.norms_jointly else offered


def stations(analysis: Analysis, settings: Settings) -> Group:
    """The places where tasks meet, and what is done in each of them."""
    done = {"mask": "left out", "zero": "set to zero", "mean": "averaged", "swap": "taken from another image"}
    entries = [
        Station(meeting.title, "cut", meeting.cut_off.format(done[settings.removal]))
        if meeting.name in settings.places
        else Station(meeting.title, "whole", meeting.whole)
        for meeting in analysis.predictor.model.meetings
    ]
    norms = {
        "held": "statistics stay as before the cut: content counts, not its scale",
        "free": "statistics follow the cut: a change of scale counts too",
    }
    if analysis.predictor.model.norms_jointly:
        norm = Station("Joint layer norm", settings.norm, norms[settings.norm])
        uncut = Station("Joint layer norm", "whole", "one mean and deviation over all tasks")
        entries.append(norm if settings.places else uncut)
    return {"id": "places", "chart": Stations(entries), "alt": "The places where tasks meet, and what is cut"}


def chosen_cell(analysis: Analysis, settings: Settings, computed: Cuts, cell: Pair) -> Group:
    """The target of a cell before and after the cut, and where it changed, in this photo."""
    photo = settings.of_photo
    maps = analysis.results.get(cell_maps, photo, cell)
    return {
        "id": "cell",
        "span": 12 if len(computed.matrix.tasks) >= MANY else 7,
        "columns": 2,
        "title": cell_title(settings, cell),
        "text": "in this photo",
        "maps": maps or analysis.results.keep(cell_maps(analysis, computed, cell), cell_maps, photo, cell),
    }


def cell_title(settings: Settings, cell: Pair) -> str:
    """What was done and what is looked at."""
    source, target = cell
    if source in OFF:
        return f"{OFF[source][0].capitalize()} → {TASKS[target].title.lower()}"
    removed = REMOVED[settings.removal].format(TASKS[cast(TaskName, source)].title)
    return f"{removed} → {'itself' if source == target else TASKS[target].title.lower()}"


def cell_maps(analysis: Analysis, computed: Cuts, cell: Pair) -> list[Map]:
    """Before | after, and the difference, whose mean is the number in the cell."""
    source, target = cell
    before, after = computed.logits[WHOLE][target], computed.logits[source][target]
    answers = [with_logits(analysis, {target: said}) for said in (before, after)]
    whole, cut = (prediction_map(answer, target, LONGEST) for answer in answers)
    legend = both_sides(*(classes_said(answer, target, LONGEST) for answer in answers))
    title = TASKS[target].title
    wipe: Wipe = {
        "src": whole.get("src", ""),
        "alt": f"Before the cut: {whole.get('alt')}",
        "label": f"{title} before or after the cut: slide",
        "left": "before",
        "right": "after",
    }
    alt = f"After the cut: {cut.get('alt')}"
    shown = wiped(cut | {"id": "cut", "alt": alt, "threshold": None}, wipe, legend)
    size = analysis.prediction.network_size
    change = change_map(target, enlarged(before, size), enlarged(after, size))[0].cpu().numpy()
    foot = f"mean {amount(effect_here(computed, cell), target, words=True)}"
    if TASKS[target].kind == "classes":
        foot = foot.removeprefix("mean ").replace("its ", "")
    return [shown, amount_map("difference", "Difference", target, change, foot)]


def effect_here(computed: Cuts, cell: Pair) -> float:
    """Effect of a cell in this photo."""
    source, target = cell
    if source in computed.bridge:
        return computed.bridge[source][target]
    tasks = computed.matrix.tasks
    return float(computed.matrix.effect[tasks.index(source), tasks.index(target)])


def has_interaction(analysis: Analysis) -> bool:
    """Whether there are tasks that read each other, or a bridge that might let them."""
    return len(analysis.tasks) > 1 and (bool(analysis.predictor.model.meetings) or has_bridge(analysis))


PAGE = Page(
    "interaction",
    interaction,
    options=(OVER, PLACE, REMOVAL, OTHER, NORM, CELL),
    exists=has_interaction,
    compute=cuts.compute,
    regions=True,
    ahead=True,
    expert=frozenset({OVER.name, PLACE.name, REMOVAL.name, OTHER.name, NORM.name, "places", "attention", "scatter"}),
)

"""A feature map as six parts that add up, and which task each part moves."""

from dataclasses import replace

import numpy as np

from app.analysis.cut import as_analysed
from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.features.kinds import KINDS, Entry, Kind, chosen_entry, in_words
from app.view.attention import own_network
from app.view.charts import Cell, Column, Row, ShadedTable
from app.view.encoding import png_uri
from app.view.maps import heat_map, photo_map
from app.view.page import Progress
from app.view.spoken import Spoken
from app.view.view import Group, LegendEntry, Map, Values
from app.view.wording import percent
from bridgenet import drawing, inspection
from bridgenet.inspection.features.groups import GroupEffects, Groups, dominant_group, feature_groups, label_groups
from bridgenet.tasks import TASKS, TaskName

MOST_GROUPS = 6

PALETTE = np.array(
    [[102, 102, 170], [204, 187, 68], [102, 170, 136], [238, 136, 102], [170, 102, 153], [136, 187, 221]], np.uint8
)
"""Colours of the groups, none of them that of a task."""

NO_GROUP = 255


def group_rows(analysis: Analysis, selection: Selection, kind: Kind) -> list[Group]:
    """Where each group is, and once it is computed, which task it moves."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind)
    groups = analysis.result(groups_of, entry.path)
    effects = analysis.results.get(effects_of, entry.path)
    high = float(groups.maps.max())
    own = selection.scope == "map"
    tops = [float(part.max()) if own else high for part in groups.maps]
    maps = [photo_map(analysis, ""), _dominant(entry, groups)]
    shared = "this group" if own else "all groups"
    maps += [_group_map(entry, groups, index, top, shared, effects) for index, top in enumerate(tops)]
    text = f"{percent(groups.explained)} of what is unusual in the {entry.channels} channels"
    title = f"{KINDS[entry.kind]} at {entry.scale} in {len(tops)} groups"
    shown: list[Group] = [{"id": "features-groups", "title": title, "text": text, "columns": 4, "maps": maps}]
    return [*shown, _effect_matrix(analysis, effects, selection.task)] if effects is not None else shown


def groups_of(analysis: Analysis, path: str) -> Groups:
    """The parts of one feature map, largest first."""
    feature = analysis.trace[path]
    _, channels, height, width = feature.shape
    return feature_groups(feature, min(MOST_GROUPS, 2 * channels, height * width))


def groups_missing(analysis: Analysis, selection: Selection, kind: Kind) -> bool:
    """Whether it is not known yet which task each group moves. Only parts of a bridge can be taken away from all."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind)
    return entry.kind == "bridge" and analysis.results.get(effects_of, entry.path) is None


def label_all(analysis: Analysis, selection: Selection, kind: Kind, report: Progress) -> None:
    """Takes each group away in turn and keeps which task notices."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind)
    if entry.kind == "bridge" and entry.stage is not None:
        analysis.results.keep(effects_of(analysis, entry.path, entry.stage, report), effects_of, entry.path)


def effects_of(analysis: Analysis, path: str, stage: int, report: Progress) -> GroupEffects:
    """Which task each group of a bridge feature moves."""
    groups, model = analysis.result(groups_of, path), analysis.result(own_network)
    found, count = [], len(groups.maps)
    for index in range(count):
        report(index, count, f"Taking group {index + 1} of {count} out of the bridge")
        part = slice(index, index + 1)
        alone = replace(groups, maps=groups.maps[part], directions=groups.directions[part], shares=groups.shares[part])
        with as_analysed(analysis, model):
            found.append(label_groups(model, analysis.trace, alone, stage))
    change = np.concatenate([effects.change for effects in found])
    total = change.sum(axis=0)
    effect = np.where(total > 0, change / np.where(total > 0, total, 1), 0)
    report(count, count, "Done")
    return GroupEffects(found[0].tasks, change, effect)


def group_sentence(analysis: Analysis, selection: Selection, kind: Kind) -> list[Spoken]:
    """What the largest group is, and what it moves once that is known."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind)
    groups, effects = analysis.result(groups_of, entry.path), analysis.results.get(effects_of, entry.path)
    first = f"The largest group of the {in_words(entry.kind)} at {entry.scale}"
    where = inspection.place_in_words(groups.maps[0])
    said: list[Spoken] = [{"text": f"{first} holds {percent(float(groups.shares[0]))} of it, mostly {where}"}]
    label = effects.labels[0] if effects is not None else None
    if effects is None or label is None:
        return [*said, {"text": "."}]
    task = _task(label)
    moved: Spoken = {"text": TASKS[task].title.lower(), "colour": TASKS[task].colour}
    share = percent(effects.of(0)[label])
    return [*said, {"text": ", and moves "}, moved, {"text": f" most ({share} of what all groups do to it)."}]


def _group_map(entry: Entry, groups: Groups, index: int, top: float, shared: str, effects: GroupEffects | None) -> Map:
    title, share = f"Group {index + 1}", percent(float(groups.shares[index]))
    label = effects.labels[index] if effects is not None else None
    words = "" if label is None or effects is None else f"moves {TASKS[_task(label)].title.lower()} most"
    where = inspection.place_in_words(groups.maps[index])
    alt = f"{title} of the {in_words(entry.kind)} at {entry.scale}: {share} of it, mostly {where}; {words}"
    colour = "#{:02x}{:02x}{:02x}".format(*PALETTE[index])
    drawn = heat_map(f"group-{index + 1}", title, groups.maps[index], top, alt.removesuffix("; "), shared)
    drawn |= {"note": share, "foot": words, "colour": colour}
    return drawn if label is None else drawn | {"task": label}


def _dominant(entry: Entry, groups: Groups) -> Map:
    strongest = dominant_group(groups.maps)
    labels = np.where(np.isfinite(strongest), strongest, NO_GROUP).astype(np.uint8)
    picture = drawing.colour_classes(np.where(labels == NO_GROUP, 255, labels).astype(np.int64), PALETTE)
    names = [f"group {index + 1}" for index in range(len(groups.maps))]
    legend: list[LegendEntry] = [
        {
            "index": index,
            "name": str(index + 1),
            "colour": "#{:02x}{:02x}{:02x}".format(*PALETTE[index]),
            "share": round(float((labels == index).mean()), 3),
        }
        for index in range(len(names))
        if (labels == index).any()
    ]
    alt = ", ".join(f"group {item['name']} at {percent(item['share'])} of the tokens" for item in legend)
    values: Values = {"src": png_uri(labels), "names": names, "unknown": "no group"}
    return {
        "id": "dominant-group",
        "title": "Strongest",
        "src": png_uri(picture),
        "alt": f"The strongest group at every token: {alt}",
        "note": f"{entry.grid[1]} × {entry.grid[0]}",
        "tokens": True,
        "legend": legend,
        "values": values,
        "colour": "#55554f",
    }


def _effect_matrix(analysis: Analysis, effects: GroupEffects, task: TaskName) -> Group:
    most = max(float(effects.effect.max()), 1e-9)
    rows = []
    for index, row in enumerate(effects.effect):
        cells = []
        for name, share, change in zip(effects.tasks, row, effects.change[index], strict=True):
            told = f"Without group {index + 1}, {TASKS[_task(name)].title.lower()} changes by {percent(float(change))}"
            cells.append(Cell(percent(float(share)), level=float(share) / most, words=f"{told} of its spread"))
        colour = "#{:02x}{:02x}{:02x}".format(*PALETTE[index])
        rows.append(Row(f"Group {index + 1}", cells, colour=colour))
    columns = [Column(TASKS[_task(name)].title, colour=TASKS[_task(name)].colour) for name in effects.tasks]
    return {
        "id": "features-effects",
        "title": "What each group moves",
        "text": "each group taken out of the bridge; share of a task's changes over all groups, columns sum to 100 %",
        "chart": ShadedTable(rows, columns, "without"),
        "alt": "Share of each task's changes that each group causes when it is taken out of the bridge",
    }


def _task(name: str) -> TaskName:
    return next(task for task in TASKS if task == name)

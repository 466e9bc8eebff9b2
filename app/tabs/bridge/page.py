"""Bridge: what the bridge token at the selected pixel read, and from which task (BFE)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from app.analysis.region import asked_of, pixels_of
from app.analysis.selection import Choice, Scope, Selection, Word
from app.analysis.session import Analysis
from app.view.attention import (
    SHARED,
    asks_tasks,
    attention_map,
    bridge_shares,
    class_here,
    cut_off,
    dominant_map,
    head_tool,
    heads_read,
    mostly,
    own_network,
    token_box,
)
from app.view.charts import GREY, ShareBar, Table, TableCell, shares_of
from app.view.maps import map_columns, photo_map, ramp, signed_numbers, token_map
from app.view.page import Page, choice, choices
from app.view.spoken import Spoken, Titled
from app.view.view import Box, Group, Map, Ramp, Tool, View
from app.view.wording import percent, wording
from bridgenet import drawing, inspection
from bridgenet.drawing.attention import colour_limits
from bridgenet.drawing.charts import BarRow, Bars
from bridgenet.inspection.attention.regions import RegionShare
from bridgenet.inspection.attention.rows import AttentionView, Weighting, together
from bridgenet.tasks import TASKS, TaskName

TEXT = Path(__file__).with_name("text.md")

WEIGHTING = Choice("bridge.weighting", "Attention", {"raw": "mass", "value": "× value"})
REGION = Word("bridge.region", "Region")

READ_AS = {
    "raw": "by mass",
    "value": "by the length of what is handed over (attention × value), scaled to sum 1",
}

LISTED = 6
"""Classes that the table of regions names at most: what is left is one more row."""

FEWEST_TOKENS = 1.0
"""A class with fewer is neither listed nor offered: its share would be that of a part of a token."""

STANDS_OUT = 1.25
"""How much more than its area a class must get to be named in the sentence."""


def bridge(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer of the bridge's attention at the selected pixel and scale."""
    rows = bridge_rows(analysis, selection)
    shares: dict[TaskName, float] = {task: row.total for task, row in rows.items()}
    everything = together({**rows})
    place = f", {mostly(everything)}{_on_class(analysis, everything)}"
    what, how = wording(TEXT)
    weighting = selection.text(WEIGHTING)
    asked = asked_of(analysis, selection)
    token, here = ("token in the box", "Here") if asked is None else ("tokens of the region, on the mean", asked.start)
    hint = what.replace("\n", " ")
    hint = hint.format(token=token, heads=heads_read(selection, analysis), weighting=READ_AS[weighting])
    several = len(rows) > 1
    regions = analysis.result(region_shares, Way.of(selection)) if several else []
    return {
        "heads": analysis.trace.heads,
        "hint": f"{hint} {how}{cut_off(everything)}",
        "say": bridge_sentence(shares, place, here),
        "shares": ShareBar(shares_of(shares)),
        "tools": [
            head_tool(selection, analysis),
            choice(WEIGHTING, selection),
            *_region_tool(analysis, regions, selection),
        ],
        "groups": [
            _place_maps(analysis, selection, rows),
            *([_everywhere(analysis, selection, token_box(everything))] if several else []),
            *(_region_groups(analysis, selection, regions) if regions else []),
        ],
    }


def bridge_sentence(shares: Mapping[TaskName, float], place: str, here: str = "Here") -> list[Spoken]:
    """What the bridge read, in words. Parts with a colour stand out.

    Args:
        shares: Of every task.
        place: Where it was read: the end of the sentence, with what stands before it; may be empty.
        here: Who read: the beginning of the sentence.
    """
    if len(shares) == 1:
        return [{"text": "There is one task: the bridge read all it knows from it" + place + "."}]
    order = sorted(shares, key=lambda task: -shares[task])
    titles = [TASKS[task].title.lower() for task in order]
    first: Spoken = {"text": f"{percent(shares[order[0]])} from {titles[0]}", "colour": TASKS[order[0]].colour}
    rest = f", then {titles[1]}" + (f" and {titles[2]}" if len(titles) > 2 else "")
    if shares[order[0]] - shares[order[-1]] < 0.02:
        rest = ", and as much from every other task"
    return [{"text": f"{here} the bridge read "}, first, {"text": f"{rest}{place}."}]


@dataclass(frozen=True, slots=True)
class Way:
    """What the maps of the whole photo depend on.

    Attributes:
        scale: Stage of the bridge.
        head: Of the attention; None is the mean.
        weighting: What is counted: reading alone, or what was read.
    """

    scale: int
    head: int | None
    weighting: Weighting

    @classmethod
    def of(cls, selection: Selection) -> "Way":
        """As it is selected."""
        return cls(selection.scale, selection.head, cast(Weighting, selection.text(WEIGHTING)))


def bridge_rows(analysis: Analysis, selection: Selection) -> dict[TaskName, AttentionView]:
    """What the bridge read from each task that it can read, at the selected pixel or region. The totals add up to 1."""
    rows = inspection.bridge_rows(
        analysis.trace.stages[selection.scale],
        selection.x,
        selection.y,
        selection.head,
        size=analysis.size,
        region=pixels_of(analysis, selection),
        **_weighting(analysis, Way.of(selection)),
    )
    return {task: rows[task] for task in analysis.tasks if task != analysis.cut}


def share_maps(analysis: Analysis, way: Way) -> dict[TaskName, np.ndarray]:
    """Share of each task at every bridge token of a scale. At every token they add up to 1."""
    if way.weighting == "raw":
        return analysis.result(bridge_shares, way.scale, way.head)
    stage = analysis.trace.stages[way.scale]
    maps = inspection.bridge_share_maps(stage, way.head, **_weighting(analysis, way))
    return {task: maps[task] for task in analysis.tasks if task != analysis.cut}


def region_shares(analysis: Analysis, way: Way) -> list[RegionShare]:
    """Mean share of each task in every predicted class, largest class first; nothing without segmentation."""
    if "semseg" not in analysis.prediction:
        return []
    return inspection.region_shares({**analysis.result(share_maps, way)}, analysis.prediction["semseg"].array)


class Weighted(TypedDict):
    """How attention is weighted, as `bridgenet.drawing` takes it."""

    weighting: Weighting
    values: np.ndarray | None


def _weighting(analysis: Analysis, way: Way) -> Weighted:
    values = None if way.weighting == "raw" else analysis.result(_values, way.scale)
    return {"weighting": way.weighting, "values": values}


def _values(analysis: Analysis, scale: int) -> np.ndarray:
    return inspection.bridge_values(analysis.result(own_network), analysis.trace, scale)


def _place_maps(analysis: Analysis, selection: Selection, rows: Mapping[TaskName, AttentionView]) -> Group:
    """The photo, what was read of each task from the selected place, and who was asked most."""
    limits = colour_limits({**rows}, selection.scope)
    box = token_box(next(iter(rows.values())))
    maps = [photo_map(analysis, "click anywhere, in any map") | {"token": box}]
    for task, row in rows.items():
        about, where = TASKS[task], inspection.place_in_words(row.placed)
        away = "" if row.distance is None else f" · {percent(row.distance)} away"
        alt = f"Attention of the bridge to {about.title.lower()} tokens, {percent(row.total)} in all, mostly {where}"
        drawn = attention_map(f"bridge-{task}", about.title, row, limits[task], SHARED[selection.scope], alt)
        named: Map = {"note": percent(row.total), "colour": about.colour, "task": task, "foot": f"{where}{away}"}
        maps.append(drawn | named)
    if len(rows) > 1:
        dominant = analysis.result(_dominant_map, Way.of(selection))
        maps.append(dominant | {"token": box})
    return {"id": "bridge-place", "columns": map_columns(len(maps)), "maps": maps}


def _dominant_map(analysis: Analysis, way: Way) -> Map:
    return dominant_map(analysis.trace.stages[way.scale], way.head, **_weighting(analysis, way))


def _everywhere(analysis: Analysis, selection: Selection, box: Box | None) -> Group:
    """Share of each task at every token, on scales that are centred at an even share."""
    maps = analysis.result(_even, Way.of(selection), selection.scope)
    even = percent(1 / len(maps))
    return {
        "id": "bridge-everywhere",
        "title": "Share of each task, everywhere",
        "text": f"white: the even share of {even}, red more, blue less; beside a name: its mean over the photo",
        "columns": 3 if len(maps) in (3, 5, 6) else min(len(maps), 4),
        "maps": [entry | {"token": box} for entry in maps],
    }


def _even(analysis: Analysis, way: Way, scope: Scope) -> list[Map]:
    maps = analysis.result(share_maps, way)
    even = 1 / len(maps)
    # Nobody is asked less than not at all: a scale that is centred at an even share ends there on its lower side.
    own = {task: min(float(np.abs(share - even).max()), even) for task, share in maps.items()}
    limits = own if scope == "map" else dict.fromkeys(own, max(own.values()))
    entries: list[Map] = []
    for task, share in maps.items():
        about, mean, limit = TASKS[task], float(share.mean()), limits[task]
        alt = f"Share of {about.title.lower()} at every bridge token: {percent(mean)} on average, "
        alt += f"from {percent(float(share.min()))} to {percent(float(share.max()))}"
        differences = 100 * (share - even)
        low, high = percent(even - limit), percent(even + limit)
        high = f"≥ {high}" if float(share.max()) > even + limit else high
        shared = SHARED["map" if scope == "map" else "tab"]
        scale: Ramp = {"low": low, "high": high, "colours": ramp("rdbu"), "shared": shared}
        reading = signed_numbers(differences, max(100 * limit, 1e-9), base=100 * even)
        drawn = token_map(f"share-{task}", about.title, drawing.colour_signed(differences, 100 * limit), alt)
        drawn |= {"ramp": scale, "values": reading | {"digits": 0, "unit": "%"}}
        entries.append(drawn | {"note": percent(mean), "colour": about.colour, "task": task})
    return entries


def _region_tool(analysis: Analysis, regions: list[RegionShare], selection: Selection) -> list[Tool]:
    if not regions:
        return []
    names = analysis.prediction["semseg"].classes
    values = {"": "class at the pixel"}
    values |= {names[region.index]: names[region.index] for region in regions if region.tokens >= FEWEST_TOKENS}
    chosen = selection.text(REGION)
    return [choices(REGION, values, chosen if chosen in values else "")]


def chosen_region(analysis: Analysis, selection: Selection, regions: list[RegionShare]) -> RegionShare:
    """The class that was chosen, else the class at the pixel, else the largest."""
    by_name = {analysis.prediction["semseg"].classes[region.index]: region for region in regions}
    here = by_name.get(class_here(analysis, selection), regions[0])
    return by_name.get(selection.text(REGION), here)


def _region_groups(analysis: Analysis, selection: Selection, regions: list[RegionShare]) -> list[Group]:
    """Shares by class of region: bars of one class, and a table of all."""
    names, colours = analysis.prediction["semseg"].classes, analysis.prediction["semseg"].colours
    chosen = chosen_region(analysis, selection, regions)
    name, tasks = names[chosen.index], list(chosen.mean)
    bars = [_region_bar(chosen, cast(TaskName, task)) for task in tasks]
    top = max([row.high or row.value for row in bars] + [2 / len(tasks)])
    large = [region for region in regions if region.tokens >= FEWEST_TOKENS]
    rows: list[list[TableCell]] = []
    for region in large[:LISTED]:
        marked = f"{names[region.index]} ◂" if region is chosen else names[region.index]
        # In a narrow column the interval goes to a line of its own.
        shares = [_with_interval(region, task).replace("\u00a0±", " ±") for task in tasks]
        rows.append([{"text": marked, "colour": colours[region.index].lower()}, f"{region.tokens:.0f}", *shares])
    rows += _rest_row(large[LISTED:], tasks)
    abouts = [TASKS[cast(TaskName, task)] for task in tasks]
    titles: list[Titled] = [{"text": about.title, "short": about.short, "colour": about.colour} for about in abouts]
    return [
        {
            "id": "bridge-region",
            "title": f"In all {name} pixels",
            "text": f"{_tokens(chosen.tokens)}; whisker: 95 % interval; dashed: even",
            "chart": Bars(bars, mark=1 / len(tasks), limits=(0.0, min(top * 1.05, 1.0))),
            "alt": f"Mean share of each task in all pixels seen as {name}, with 95 % intervals",
        },
        {
            "id": "bridge-regions",
            "title": "By class",
            "text": "mean share in % ± 95 % interval, in this photo",
            "chart": Table(["seen as", "tokens", *titles], rows),
            "alt": "Mean share of each task in every predicted class",
        },
    ]


def _rest_row(regions: list[RegionShare], tasks: list[str]) -> list[list[TableCell]]:
    """The classes that have no row of their own, as one; nothing if there are none."""
    if not regions:
        return []
    count = sum(region.tokens for region in regions)
    shares = [sum(region.tokens * region.mean[task] for region in regions) / count for task in tasks]
    title = f"{len(regions)} more class{'es' if len(regions) > 1 else ''}"
    return [[{"text": title, "colour": GREY}, f"{count:.0f}", *(f"{100 * share:.0f}" for share in shares)]]


def _tokens(count: float) -> str:
    """A number of tokens in words. A class may cover less than one."""
    if count < FEWEST_TOKENS:
        return "less than a token"
    return f"{count:.0f} token{'' if round(count) == 1 else 's'}"


def _region_bar(region: RegionShare, task: TaskName) -> BarRow:
    low, high = region.interval[task] or (None, None)
    text = f"{_with_interval(region, task)}\u00a0%"
    return BarRow(TASKS[task].title, region.mean[task], low, high, TASKS[task].colour, text=text)


def _with_interval(region: RegionShare, task: str) -> str:
    interval, mean = region.interval[task], region.mean[task]
    if interval is None:
        return f"{100 * mean:.0f}"
    half = 100 * max(interval[1] - mean, mean - interval[0])
    return f"{100 * mean:.0f}\u00a0±\u00a0{half:.{0 if half >= 1 else 1}f}"


def _on_class(analysis: Analysis, view: AttentionView) -> str:
    """The predicted class that got most of the attention, if that is much more than its area."""
    if "semseg" not in analysis.prediction:
        return ""
    rows, columns = view.placed.shape
    cover = analysis.result(_coverage, (rows, columns))
    share = cover @ view.placed.ravel() / view.placed.sum()
    top, area = int(share.argmax()), cover.mean(axis=1)
    if share[top] < max(0.25, STANDS_OUT * area[top]):
        return ""
    name = analysis.prediction["semseg"].classes[top]
    return f"; {percent(float(share[top]))} on {name}, which covers {percent(float(area[top]))}"


def _coverage(analysis: Analysis, grid: tuple[int, int]) -> np.ndarray:
    """Part of every cell of a grid that each predicted class covers: (classes, cells)."""
    said = analysis.prediction["semseg"]
    rows, columns = (
        (np.arange(length) * cells // length) for length, cells in zip(said.array.shape, grid, strict=True)
    )
    cell = rows[:, None] * grid[1] + columns
    count = np.zeros((len(said.classes), grid[0] * grid[1]))
    np.add.at(count, (said.array.astype(int), cell), 1)
    return count / np.maximum(count.sum(axis=0), 1)


PAGE = Page(
    "bridge",
    bridge,
    follows=frozenset({"place", "task", "scale", "head", "scope"}),
    options=(WEIGHTING, REGION),
    exists=asks_tasks,
    expert=frozenset({"head", WEIGHTING.name, REGION.name, "bridge-everywhere", "bridge-region", "bridge-regions"}),
    cuts=True,
    regions=True,
)

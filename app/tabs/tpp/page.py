"""TPP: where each task looks from the selected pixel, or who looks at it, head by head, and whose pattern was used."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from app.analysis.region import Asked, asked_of, pixels_of
from app.analysis.selection import Choice, Selection
from app.analysis.session import Analysis
from app.view.attention import (
    SHARED,
    at_place,
    attention_map,
    class_here,
    head_tool,
    heads_read,
    mostly,
    own_network,
    token_box,
)
from app.view.charts import ShareRows, Table, TableCell, shares_of
from app.view.maps import heat_map, map_columns, photo_map
from app.view.page import Page, choice
from app.view.spoken import Spoken
from app.view.view import Choose, Group, Map, View
from app.view.wording import percent, wording
from bridgenet import inspection
from bridgenet.drawing.attention import colour_limits
from bridgenet.inspection.attention.propagation import Direction, Fusion
from bridgenet.inspection.attention.purity import semantic_purity
from bridgenet.inspection.attention.rows import AttentionView, Weighting
from bridgenet.tasks import TASKS, TaskName

TEXT = Path(__file__).with_name("text.md")

DIRECTION = Choice("tpp.direction", "Pixel", {"outgoing": "looks at", "incoming": "looked at by"})
WEIGHTING = Choice("tpp.weighting", "Weights", {"raw": "raw", "value": "× value", "minus-average": "− average"})
FUSION = Choice("tpp.fusion", "Fusion", {"after": "after", "before": "before"})
OPTIONS = (DIRECTION, WEIGHTING, FUSION)

READ_AS = {
    DIRECTION.name: {"outgoing": "where the token in the box looks", "incoming": "which tokens look at the one boxed"},
    WEIGHTING.name: {
        "raw": "every row sums to 1",
        "value": "times the length of what is handed over, rows scaled to sum 1",
        "minus-average": "minus the average row of all tokens: red more than usual, blue less",
    },
    FUSION.name: {
        "after": "after the patterns of all tasks were fused",
        "before": "in each task's own pattern, before the fusion over tasks",
    },
}
"""The options in words."""

OVER_REGION = {
    "outgoing": "where the tokens of the region look, on the mean",
    "incoming": "which tokens look at those of the region, on the mean",
}
"""The direction in words where a region is asked."""

ALIKE = 0.01
"""Distances that differ by less, as a fraction of the diagonal, are called equal."""

Said = list[Spoken]


def tpp(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer of the tasks' own attention at the selected pixel."""
    views: dict[TaskName, AttentionView] = {
        task: tpp_view(analysis, selection, task, selection.head) for task in analysis.tasks
    }
    heads: list[int | None] = [None, *range(analysis.trace.heads)] if analysis.trace.heads > 1 else [0]
    strip = {head: tpp_view(analysis, selection, selection.task, head) for head in heads}
    what, how = wording(TEXT)
    words = {option.name.split(".")[1]: READ_AS[option.name][selection.text(option)] for option in OPTIONS}
    region = asked_of(analysis, selection)
    if region is not None:
        words["direction"] = OVER_REGION[selection.text(DIRECTION)]
    return {
        "heads": analysis.trace.heads,
        "hint": f"{what.format(heads=heads_read(selection, analysis), **words)} {how}{_cells(analysis, selection)}",
        "say": tpp_sentence(views, selection.text(DIRECTION), class_here(analysis, selection), region),
        "tools": [head_tool(selection, analysis), *(choice(option, selection) for option in OPTIONS)],
        "groups": _groups(analysis, selection, views, strip),
    }


def _cells(analysis: Analysis, selection: Selection) -> str:
    """Why cells at the border have another size; empty where all are alike."""
    *_, apart = inspection.tpp_grids(analysis.trace)
    if apart == 1 or selection.text(DIRECTION) == "incoming":
        return ""
    return f" Keys stand {apart} places apart, the first on the border: cells there are narrower or wider than others."


def tpp_view(analysis: Analysis, selection: Selection, task: TaskName, head: int | None) -> AttentionView:
    """Attention of one task, in the way that the options of the view ask for it."""
    weighting = cast(Weighting, selection.text(WEIGHTING))
    # The network is asked once per photo and task.
    values = analysis.result(_values, task) if weighting == "value" else None
    return inspection.tpp_attention(
        analysis.trace,
        task,
        selection.x,
        selection.y,
        head=head,
        direction=cast(Direction, selection.text(DIRECTION)),
        fusion=cast(Fusion, selection.text(FUSION)),
        weighting=weighting,
        values=values,
        region=pixels_of(analysis, selection),
    )


def used_patterns(analysis: Analysis, selection: Selection) -> dict[TaskName, dict[TaskName, float]]:
    """Whose pattern each task used at the selected place: shares[target][source], each target's add up to 1."""
    shares = analysis.result(_fusion_shares, selection.head)
    return {
        target: {source: at_place(analysis, selection, shares[target][source]) for source in analysis.tasks}
        for target in analysis.tasks
    }


def tpp_sentence(
    views: Mapping[TaskName, AttentionView], direction: str, seen: str, region: Asked | None = None
) -> Said:
    """What stands out at this pixel, in words.

    Args:
        views: Attention of every task.
        direction: outgoing or incoming.
        seen: Predicted class of the pixel; may be empty.
        region: Is asked in place of the pixel.
    """
    pixel = f"this pixel, seen as {seen}," if seen else "this pixel"
    if region is not None:
        pixel = f"this {region.name}"
    if next(iter(views.values())).signed:
        return _unlike_the_average(views, direction, pixel)
    if direction == "incoming":
        return _looked_at(views, pixel)
    away: dict[TaskName, float] = {task: view.distance or 0.0 for task, view in views.items()}
    order = sorted(away, key=lambda task: -away[task])
    first, last = order[0], order[-1]
    even = percent(float(views[first].away.mean()))
    far = f": {percent(away[first])} of the diagonal (evenly it would be {even}), {mostly(views[first])}"
    if away[first] - away[last] < ALIKE:
        who = "every task looks equally far" if len(order) > 1 else f"{_says(first, 'look')} this far"
        return [{"text": f"From {pixel} {who}{far}."}]
    far_one: Spoken = {"text": f"{_says(first, 'look')} farthest", "colour": TASKS[first].colour}
    near_one: Spoken = {"text": f"{_says(last, 'stay')} closest", "colour": TASKS[last].colour}
    return [{"text": f"From {pixel} "}, far_one, {"text": f"{far}; "}, near_one, {"text": f", {percent(away[last])}."}]


def _looked_at(views: Mapping[TaskName, AttentionView], pixel: str) -> Said:
    times: dict[TaskName, float] = {task: view.total / view.even for task, view in views.items()}
    most, least = max(times, key=lambda task: times[task]), min(times, key=lambda task: times[task])
    where = _from(views[most])
    if times[most] - times[least] < 0.05:
        text = f"At {pixel} every task looks alike: {times[most]:.1f} × an even share, {where}."
        return [{"text": text}]
    return [
        {"text": f"At {pixel} "},
        {"text": f"{_says(most, 'look')} most", "colour": TASKS[most].colour},
        {"text": f": {times[most]:.1f} × an even share, {where}; "},
        {"text": f"{_title(least)} least", "colour": TASKS[least].colour},
        {"text": f", {times[least]:.1f} ×."},
    ]


def _unlike_the_average(views: Mapping[TaskName, AttentionView], direction: str, pixel: str) -> Said:
    moved: dict[TaskName, float] = {task: float(np.abs(view.weights).sum()) / 2 for task, view in views.items()}
    most = max(moved, key=lambda task: moved[task])
    if moved[most] < 0.005:
        return [{"text": f"At {pixel} every task attends as it does on average."}]
    name: Spoken = {"text": _title(most), "colour": TASKS[most].colour}
    if direction == "incoming":
        return [
            {"text": f"Who looks at {pixel} differs most in "},
            name,
            {"text": f": more than usual {_from(views[most])}."},
        ]
    elsewhere = f": {percent(moved[most])} of its attention went elsewhere, {mostly(views[most])}"
    return [{"text": f"At {pixel} the row least like the average is that of "}, name, {"text": f"{elsewhere}."}]


def _from(view: AttentionView) -> str:
    """Where those who look are: `in the upper left` becomes `mostly from the upper left`."""
    where = inspection.place_in_words(view.placed)
    if where.startswith("all"):
        return f"from {where}"
    return f"mostly from {where[where.index('the') :]}"


def _says(task: TaskName, verb: str) -> str:
    """A task and what it does: depth looks, edges look."""
    return f"{_title(task)} {verb}{'' if _title(task).endswith('s') else 's'}"


def _title(task: TaskName) -> str:
    return TASKS[task].title.lower()


def _groups(
    analysis: Analysis,
    selection: Selection,
    views: Mapping[TaskName, AttentionView],
    strip: Mapping[int | None, AttentionView],
) -> list[Group]:
    everything = {str(name): view for part in (views, strip) for name, view in part.items()}
    limits = colour_limits(everything, selection.scope)
    maps = [photo_map(analysis, "click anywhere, in any map") | {"token": token_box(views[selection.task])}]
    for task, view in views.items():
        choose: Choose = {"option": "task", "value": task, "chosen": task == selection.task}
        more: Map = {"note": _sum(view), "colour": TASKS[task].colour, "task": task, "choose": choose}
        maps.append(_tile(f"tpp-{task}", TASKS[task].title, view, limits[task], selection, more))
    fusion = cast(Fusion, selection.text(FUSION))
    maps.append(analysis.result(_average_map, selection.task, selection.head, fusion))
    tiles = []
    for head, view in strip.items():
        choose = {"option": "head", "value": -1 if head is None else head, "chosen": head == selection.head}
        title, name = ("Mean", "mean") if head is None else (f"Head {head + 1}", str(head))
        # The table beside these has their numbers.
        more = {"colour": TASKS[selection.task].colour, "choose": choose, "foot": ""}
        tiles.append(_tile(f"tpp-head-{name}", title, view, limits[str(head)], selection, more))
    title, atlas = _title(selection.task), _atlas(analysis, selection, strip)
    span = 7 if atlas else 12
    heads: Group = {"id": "tpp-heads", "title": f"Heads of {title}", "span": span, "columns": 3, "maps": tiles}
    groups: list[Group] = [
        {"id": "tpp-tasks", "columns": map_columns(len(maps)), "maps": maps},
        heads | {"text": "click a name to read that head alone"},
        *atlas,
    ]
    return groups + ([_pattern_bars(analysis, selection)] if len(views) > 1 else [])


def _tile(name: str, title: str, view: AttentionView, limit: float, selection: Selection, more: Map) -> Map:
    where = f"more than usual {inspection.place_in_words(view.placed)}" if view.signed else mostly(view)
    numbers = _numbers(view)
    alt = f"TPP attention, {title.lower()}: {where}; {_sum(view)}"
    alt += f", {numbers}" if numbers else ""
    foot: Map = {"foot": numbers or where}
    return attention_map(name, title, view, limit, SHARED[selection.scope], alt) | foot | more


def _numbers(view: AttentionView) -> str:
    if view.spread is None or view.distance is None:
        return ""
    return f"spread {view.spread:.2f} · {percent(view.distance)} away"


def _sum(view: AttentionView) -> str:
    """Sum of the map: of a row it is known, of a column it is compared with an even one."""
    total = abs(view.total) if abs(view.total) < 5e-4 else view.total
    as_known = abs(view.total - view.even) < 1e-3
    return f"sum {total:.3f}" if as_known else f"sum {total:.2f}, even {view.even:.2f}"


def _average_map(analysis: Analysis, task: TaskName, head: int | None, fusion: Fusion) -> Map:
    """Where the average token of a task looks: what its rows have in common."""
    title = TASKS[task].title.lower()
    ask = partial(inspection.tpp_attention, analysis.trace, task, 0.5, 0.5, head=head, fusion=fusion)
    average = ask().placed - ask(weighting="minus-average").placed
    alt = f"Where the average token looks, {title}: {inspection.place_in_words(average)}"
    heat = heat_map("tpp-average", "Average row", average, float(average.max()), alt, SHARED["map"])
    return heat | {"note": title, "colour": TASKS[task].colour, "foot": "what all places have in common"}


def _atlas(analysis: Analysis, selection: Selection, strip: Mapping[int | None, AttentionView]) -> list[Group]:
    """Numbers of the heads: spread, distance, and how much stays in the predicted class of the pixel.

    What none of them has is left out: shares of a column and differences from an average have no spread.
    """
    seen, views = class_here(analysis, selection), strip.values()
    columns = {
        "spread": ["" if view.spread is None else f"{view.spread:.2f}" for view in views],
        "away": ["" if view.distance is None else percent(view.distance) for view in views],
        f"on {seen} (chance)": [_purity(analysis, selection, view) if seen else "" for view in views],
    }
    columns = {title: cells for title, cells in columns.items() if any(cells)}
    if not columns:
        return []
    where = "over this region" if selection.region else "at this pixel"
    names = ["mean" if head is None else f"head\N{NO-BREAK SPACE}{head + 1}" for head in strip]
    rows: list[list[TableCell]] = [
        [{"text": name, "colour": TASKS[selection.task].colour}, *cells]
        for name, *cells in zip(names, *columns.values(), strict=True)
    ]
    return [
        {
            "id": "tpp-atlas",
            "span": 5,
            "title": "Heads in numbers",
            "text": "spread 0: one token, 1: even" if "spread" in columns else "",
            "chart": Table(["", *columns], rows),
            "alt": f"{', '.join(columns)}: the heads of {_title(selection.task)} {where}",
        }
    ]


def _purity(analysis: Analysis, selection: Selection, view: AttentionView) -> str:
    """How much of the attention stays in the class of the pixel, and how much would by chance, if it were even."""
    if view.signed or view.total <= 0:
        return ""
    labels = analysis.prediction["semseg"].array
    mass, area = semantic_purity(view.placed, labels, selection.x, selection.y)
    return f"{100 * mass:.0f}\u00a0% ({100 * area:.0f}\u00a0%)"


def _pattern_bars(analysis: Analysis, selection: Selection) -> Group:
    """Whose pattern each task used here."""
    used = used_patterns(analysis, selection)
    rows = {f"{TASKS[target].title} used": shares_of(shares) for target, shares in used.items()}
    whose = "the region's tokens, on the mean" if selection.region else "this token"
    text = f"part of each task's pattern in the fused attention of {whose}"
    return {"id": "tpp-patterns", "title": "Whose pattern was used", "text": text, "chart": ShareRows(rows)}


def _fusion_shares(analysis: Analysis, head: int | None) -> dict[TaskName, dict[TaskName, np.ndarray]]:
    # This reads weights and runs nothing, so the network need not be copied.
    return inspection.fusion_shares(analysis.predictor.model, analysis.trace, head)


def _values(analysis: Analysis, task: TaskName) -> np.ndarray:
    return inspection.pattern_values(analysis.result(own_network), analysis.trace, task)


PAGE = Page(
    "tpp",
    tpp,
    follows=frozenset({"place", "task", "head", "scope"}),
    options=OPTIONS,
    exists=lambda analysis: analysis.trace.pattern is not None,
    cuts=True,
    regions=True,
)

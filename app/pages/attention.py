"""Attention at the selected pixel: what the bridge read (BFE), and where each task looked (TPP)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.pages.maps import Map, heat_map, photo_map, token_map
from app.selection import Selection
from app.session import Analysis
from app.wording import percent, wording
from bridgenet import drawing
from bridgenet.drawing import AttentionRow
from bridgenet.tasks import TASKS, TaskName

ABSENT: dict[str, Any] = {"absent": True}
"""Value of a viewer whose subject the checkpoint does not have."""


def bridge(analysis: Analysis, selection: Selection) -> dict[str, Any]:
    """Value of the viewer of the bridge's attention at the selected pixel and scale."""
    if not has_bridge(analysis):
        return ABSENT
    rows = bridge_rows(analysis, selection)
    shares: dict[TaskName, float] = {task: row.total for task, row in rows.items()}
    high = max(float(row.weights.max()) for row in rows.values())
    maps = [photo_map(analysis, "click anywhere, in any map")]
    for task, row in rows.items():
        about = TASKS[task]
        alt = f"Attention of the bridge to {about.title.lower()} tokens, {percent(shares[task])} in all"
        maps.append(
            heat_map(
                f"bridge-{task}",
                about.title,
                row.placed,
                high,
                alt,
                note=percent(shares[task]),
                colour=about.colour,
                task=task,
            )
        )
    maps.append(_dominant_map(analysis, selection))
    _, hint = wording("bridge")
    return _viewer(analysis, selection, hint.format(heads=_heads_read(selection, analysis))) | {
        "say": bridge_sentence(shares, _mostly_on(analysis, rows)),
        "shares": [
            {"title": TASKS[task].title, "colour": TASKS[task].colour, "share": share} for task, share in shares.items()
        ],
        "tools": [_head_tool(selection, analysis)],
        "groups": [{"columns": 3, "maps": maps}],
    }


def tpp(analysis: Analysis, selection: Selection) -> dict[str, Any]:
    """Value of the viewer of the tasks' own attention at the selected pixel."""
    if analysis.trace.pattern is None:
        return ABSENT
    say, hint = wording("tpp")
    rows: dict[TaskName, AttentionRow] = {
        task: drawing.tpp_row(analysis.trace, task, selection.x, selection.y, selection.head) for task in analysis.tasks
    }
    tiles = _tpp_maps("tpp", {task: (TASKS[task].title, row) for task, row in rows.items()})
    for tile, task in zip(tiles, rows, strict=True):
        tile |= {"colour": TASKS[task].colour, "task": task}
    title = TASKS[selection.task].title
    heads = {
        str(head): (f"Head {head + 1}", drawing.tpp_row(analysis.trace, selection.task, selection.x, selection.y, head))
        for head in range(head_count(analysis))
    }
    strip = _tpp_maps("tpp-head", heads)
    words = {"title": f"Heads of {title.lower()}", "text": "choose a task in the list or by its number"}
    for tile in strip:
        tile["colour"] = TASKS[selection.task].colour
    return _viewer(analysis, selection, hint.format(heads=_heads_read(selection, analysis))) | {
        "say": [{"text": say}],
        "groups": [{"columns": 4, "maps": tiles}, {"columns": 4, "maps": strip} | words],
    }


def bridge_sentence(shares: Mapping[TaskName, float], place: str) -> list[dict[str, str]]:
    """What the bridge read, in words. Parts with a colour stand out."""
    if len(shares) == 1:
        return [{"text": "There is one task: the bridge read all it knows from it" + place + "."}]
    order = sorted(shares, key=lambda task: -shares[task])
    titles = [TASKS[task].title.lower() for task in order]
    first = {"text": f"{percent(shares[order[0]])} from {titles[0]}", "colour": TASKS[order[0]].colour}
    rest = f", then {titles[1]}" + (f" and {titles[2]}" if len(titles) > 2 else "")
    if shares[order[0]] - shares[order[-1]] < 0.02:
        rest = ", and as much from every other task"
    return [{"text": "Here the bridge read "}, first, {"text": f"{rest}{place}."}]


def bridge_rows(analysis: Analysis, selection: Selection) -> dict[TaskName, AttentionRow]:
    """What the bridge token at the selected place read from each task. The totals add up to 1."""
    stage = analysis.trace.stages[selection.scale]
    rows = drawing.bridge_rows(stage, selection.x, selection.y, selection.head)
    return {task: rows[task] for task in analysis.tasks}


def has_bridge(analysis: Analysis) -> bool:
    """Whether the checkpoint has Bridge Feature Extractors."""
    return any(stage.attention is not None for stage in analysis.trace.stages)


def head_count(analysis: Analysis) -> int:
    """Attention heads, of TPP or else of the bridge; 0 without either."""
    if analysis.trace.pattern is not None:
        return next(iter(analysis.trace.pattern.attention.values())).shape[1]
    maps = [stage.attention for stage in analysis.trace.stages if stage.attention is not None]
    return maps[0].shape[1] if maps else 0


def _viewer(analysis: Analysis, selection: Selection, hint: str) -> dict[str, Any]:
    height, width = analysis.size
    place = f"{selection.x:.4f},{selection.y:.4f},{selection.head},{selection.scale},{selection.task}"
    return {
        "key": f"{analysis.key}:{place}",
        "aspect": width / height,
        "heads": head_count(analysis),
        "hint": hint,
    }


def _tpp_maps(prefix: str, rows: Mapping[str, tuple[str, AttentionRow]]) -> list[Map]:
    high = max(float(row.weights.max()) for _, row in rows.values())
    maps = []
    for name, (title, row) in rows.items():
        spread = drawing.attention_entropy(row.weights)
        alt = f"TPP attention, {title.lower()}: spread {spread:.2f}, sum {row.total:.3f}"
        note = f"spread {spread:.2f}" if prefix == "tpp-head" else ""
        maps.append(heat_map(f"{prefix}-{name}", title, row.placed, high, alt, note=note))
    return maps


def _dominant_map(analysis: Analysis, selection: Selection) -> Map:
    picture = drawing.dominant_task_map(analysis.trace.stages[selection.scale], selection.head)
    alt = "The task that each bridge token asked most; strong colours where its lead is large"
    return token_map(
        "dominant", "Asked most, everywhere", picture, alt, foot="colour = task, strength = lead", colour="#55554f"
    )


def _mostly_on(analysis: Analysis, rows: Mapping[TaskName, AttentionRow]) -> str:
    """The predicted class that got most of the attention, if one stands out."""
    if "semseg" not in analysis.prediction:
        return ""
    names = drawing.class_names(analysis.dataset)
    read = np.sum([row.weights for row in rows.values()], axis=0)
    labels = analysis.prediction["semseg"].array
    lines = ((np.arange(labels.shape[0]) + 0.5) * read.shape[0] / labels.shape[0]).astype(int)
    places = ((np.arange(labels.shape[1]) + 0.5) * read.shape[1] / labels.shape[1]).astype(int)
    mass = np.bincount(labels.astype(int).ravel(), read[lines][:, places].ravel(), minlength=len(names))
    top = int(mass.argmax())
    return f", mostly where it sees {names[top]}" if mass[top] > 0.4 * mass.sum() else ", from all over the image"


def _heads_read(selection: Selection, analysis: Analysis) -> str:
    count = head_count(analysis)
    if selection.head is not None:
        return f"head {selection.head + 1} of {count}"
    return f"mean of {count} heads" if count > 1 else "one head"


def _head_tool(selection: Selection, analysis: Analysis) -> dict[str, Any]:
    heads = [{"value": head, "text": str(head + 1)} for head in range(head_count(analysis))]
    chosen = -1 if selection.head is None else selection.head
    return {"name": "head", "label": "Head", "options": [{"value": -1, "text": "mean"}, *heads], "chosen": chosen}

"""Bridge: what the bridge token at the selected pixel read, and from which task (BFE)."""

from collections.abc import Mapping

import numpy as np

from app.pages.attention import attention_view, has_bridge, head_tool, heads_read
from app.pages.maps import Map, heat_map, photo_map, token_map
from app.pages.page import Page, Value
from app.selection import Selection
from app.session import Analysis
from app.wording import percent, wording
from bridgenet import drawing
from bridgenet.drawing import AttentionRow
from bridgenet.tasks import TASKS, TaskName


def bridge(analysis: Analysis, selection: Selection) -> Value:
    """Value of the viewer of the bridge's attention at the selected pixel and scale."""
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
    return attention_view(analysis, hint.format(heads=heads_read(selection, analysis))) | {
        "say": bridge_sentence(shares, _mostly_on(analysis, rows)),
        "shares": [
            {"title": TASKS[task].title, "colour": TASKS[task].colour, "share": share} for task, share in shares.items()
        ],
        "tools": [head_tool(selection, analysis)],
        "groups": [{"columns": 3, "maps": maps}],
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


PAGE = Page("bridge", bridge, follows=frozenset({"place", "task", "scale", "head", "scope"}), exists=has_bridge)

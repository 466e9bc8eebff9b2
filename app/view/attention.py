"""What the views of attention share: heads, scopes of colour, places in words, and one map of attention."""

from typing import cast

import numpy as np

from app.analysis.region import asked_of, mean_at
from app.analysis.selection import SEGMENT, Selection
from app.analysis.session import Analysis
from app.view.encoding import png_uri
from app.view.maps import heat_map, ramp, signed_numbers, token_map
from app.view.view import Box, ChoiceTool, Choosable, LegendEntry, Map, Ramp, Values
from app.view.wording import percent
from bridgenet import drawing, inspection
from bridgenet.inspection.attention.rows import AttentionView, HandedOver, Weighting
from bridgenet.model.network import Network
from bridgenet.tasks import TASKS, TaskName, significant
from bridgenet.trace import Stage

SHARED = {"map": "this map", "tab": "these maps", "all": "all pixels"}
"""What shares a colour scale, as a legend says it."""


def has_bridge(analysis: Analysis) -> bool:
    """Whether the checkpoint has bridge features, whatever its bridge reads."""
    return any(stage.bridge is not None for stage in analysis.trace.stages)


def has_scales(analysis: Analysis) -> bool:
    """Whether tasks meet at several scales, so that one is looked at."""
    several = len(analysis.trace.stages) > 1
    return has_bridge(analysis) or (several and (sends_at_scales(analysis) or reads_tokens(analysis)))


def chooses_scale(analysis: Analysis) -> bool:
    """Whether there are several scales of which one is chosen."""
    return has_scales(analysis) and len(analysis.trace.stages) > 1


def sends_at_scales(analysis: Analysis) -> bool:
    """Whether tasks send each other messages at every scale, without a bridge."""
    return any(stage.exchange for stage in analysis.trace.stages)


def reads_tokens(analysis: Analysis) -> bool:
    """Whether tasks read each other's tokens themselves, instead of a bridge or after it."""
    return any(stage.cross_attention for stage in analysis.trace.stages)


def asks_tasks(analysis: Analysis) -> bool:
    """Whether the bridge reads the tasks, so that there is an attention over them."""
    return any(stage.attention is not None for stage in analysis.trace.stages)


def heads_read(selection: Selection, analysis: Analysis) -> str:
    """Which heads are read, in words."""
    count = analysis.trace.heads
    if selection.head is not None:
        return f"head {selection.head + 1} of {count}"
    return f"mean of {count} heads" if count > 1 else "one head"


def head_tool(selection: Selection, analysis: Analysis) -> ChoiceTool:
    """Choice of a head, or of the mean of all."""
    heads: list[Choosable] = [{"value": head, "text": str(head + 1)} for head in range(analysis.trace.heads)]
    chosen = -1 if selection.head is None else selection.head
    options: list[Choosable] = [{"value": -1, "text": "mean"}, *heads]
    return {"kind": "segments", "name": "head", "label": "Head", "options": options, "chosen": chosen}


def own_network(analysis: Analysis) -> Network:
    """The network, for running parts of it again. Copying it takes longer than all that the views ask of it."""
    return analysis.own_model()


def bridge_shares(analysis: Analysis, scale: int, head: int | None) -> dict[TaskName, np.ndarray]:
    """Share of each task that can be read at every bridge token of a scale. At every token they add up to 1."""
    maps = inspection.bridge_share_maps(analysis.trace.stages[scale], head)
    return {task: maps[task] for task in analysis.tasks if task != analysis.cut}


def at_place(analysis: Analysis, selection: Selection, values: np.ndarray) -> float:
    """The value of a map at the selected pixel, or its mean over the selected region."""
    rows, columns = values.shape
    if (asked := asked_of(analysis, selection)) is not None:
        return mean_at(analysis, asked, values)
    return float(values[inspection.token_at(selection.x, selection.y, (rows, columns))])


def class_here(analysis: Analysis, selection: Selection) -> str:
    """Name of the predicted class of the selected pixel; empty without segmentation, and where an outline is asked."""
    if "semseg" not in analysis.prediction or selection.region not in ("", SEGMENT):
        return ""
    said = analysis.prediction["semseg"]
    return said.classes[int(said.array[inspection.token_at(selection.x, selection.y, analysis.size)])]


def mostly(view: AttentionView) -> str:
    """Where most of a map's weight lies, as the end of a sentence."""
    where = inspection.place_in_words(view.placed)
    return where if where.startswith("all") else f"mostly {where}"


def token_box(view: AttentionView) -> Box | None:
    """The token that is asked about, as a viewer outlines it; None where a region is asked, which the page outlines."""
    if view.box is None:
        return None
    left, top, right, bottom = view.box
    return {"left": left, "top": top, "width": right - left, "height": bottom - top}


def cut_off(view: AttentionView) -> str:
    """Why cells at the border are smaller, as a sentence; empty where all are alike."""
    cells = zip(view.placed.shape, view.weights.shape, strict=True)
    return " Cells at the border are smaller: it cuts them off." if any(size % count for size, count in cells) else ""


def attention_map(name: str, title: str, view: AttentionView, limit: float, shared: str, alt: str) -> Map:
    """Attention as a map, from 0 to the limit, or for differences from minus to plus the limit.

    Args:
        name: Identifies the map.
        title: Stands above it.
        view: What is drawn, with the outline of the token that is asked about.
        limit: Value at the full colour.
        shared: What shares the colour scale, in words.
        alt: The map in words.
    """
    drawn = signed_map if view.signed else heat_map
    return drawn(name, title, view.placed, limit, alt, shared) | {"token": token_box(view)}


def signed_map(name: str, title: str, values: np.ndarray, limit: float, alt: str, shared: str) -> Map:
    """Differences on a grid: blue below zero, white at zero, red above.

    Args:
        name: Identifies the map.
        title: Stands above it.
        values: Differences.
        limit: Magnitude at the full colour.
        alt: The map in words.
        shared: What shares the colour scale, in words.
    """
    # Differences beyond the full colour can still be read.
    reading = signed_numbers(values, limit)
    scale: Ramp = {
        "low": f"−{significant(limit)}",
        "high": f"+{significant(limit)}",
        "colours": ramp("rdbu"),
        "shared": shared,
    }
    picture = drawing.colour_signed(values, limit)
    return token_map(name, title, picture, alt) | {"ramp": scale, "values": reading | {"significant": 2}}


def dominant_map(
    stage: Stage, head: int | None, *, weighting: Weighting = "raw", values: HandedOver | None = None
) -> Map:
    """The task that each bridge token asked most: hovering reads its name and lead, the legend isolates a task.

    Args:
        stage: A stage whose bridge reads tasks.
        head: Which head. None is the mean.
        weighting: How attention is weighted.
        values: What tokens hand over, for weighting by value.
    """
    dominant = inspection.dominant_task(stage, head, weighting=weighting, values=values)
    names = [TASKS[cast(TaskName, task)] for task in dominant.tasks]
    area = np.bincount(dominant.index.ravel(), minlength=len(names)) / dominant.index.size
    legend: list[LegendEntry] = [
        {"index": int(index), "name": names[index].title, "colour": names[index].colour, "share": float(area[index])}
        for index in np.argsort(-area, kind="stable")
        if area[index] > 0
    ]
    words = ", ".join(f"{entry['name'].lower()} at {percent(entry['share'])}" for entry in legend)
    lead = np.round(100 * dominant.lead)
    codes = np.stack([dominant.index, lead, np.zeros_like(lead)], axis=-1).astype(np.uint8)
    reading: Values = {"src": png_uri(codes), "names": [task.title for task in names], "second": "leads by # %"}
    alt = f"The task that each bridge token asked most: {words} of the tokens; strong colours where its lead is large"
    picture = drawing.dominant_task_map(stage, head, weighting=weighting, values=values)
    drawn = token_map("dominant", "Asked most", picture, alt)
    return drawn | {"colour": "#55554f", "note": "strong: clear lead", "legend": legend, "values": reading}

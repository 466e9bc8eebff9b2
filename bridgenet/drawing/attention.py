"""Attention as pictures: one map as a panel, where its colour scale ends, and which task the bridge asked most."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from bridgenet.drawing.figure import Bar, Panel
from bridgenet.drawing.palette import task_colour
from bridgenet.drawing.predictions import colour_heat, colour_signed
from bridgenet.inspection.attention.bridge import dominant_task
from bridgenet.inspection.attention.rows import AttentionView, HandedOver, Weighting
from bridgenet.tasks import TASKS, TaskName, significant
from bridgenet.trace import Stage

Scope = Literal["all", "tab", "map"]
"""What a colour scale is shared by: all places of the image, all maps of the tab, one map."""


def colour_limits(views: Mapping[str, AttentionView], scope: Scope) -> dict[str, float]:
    """The value at the full colour of each map.

    all: the largest of any map of any place, so that colours do not jump while the place moves. tab: the largest of
    these maps. map: of each map its own. For differences the largest magnitude, the scale runs to both sides.
    """
    own = {name: view.highest if scope == "all" else float(np.abs(view.weights).max()) for name, view in views.items()}
    return own if scope == "map" else dict.fromkeys(own, max(own.values()))


def attention_panel(
    title: str, view: AttentionView, task: TaskName, limit: float, place: tuple[float, float], aspect: float
) -> Panel:
    """One attention map as a panel: from 0, or around 0 where it is a difference from the average. For the notebooks.

    Args:
        title: Above the map.
        view: What is drawn.
        task: Whose attention; its colour stands before the title.
        limit: Attention, or size of the difference, at the full colour.
        place: Fractions (nx, ny) where the cross-hair is drawn.
        aspect: Height / width of the image.
    """
    if view.signed:
        picture, bar = (
            colour_signed(view.placed, limit),
            Bar("rdbu", f"less −{significant(limit)}", f"+{significant(limit)} more"),
        )
    else:
        picture, bar = colour_heat(view.placed, (0.0, limit)), Bar("magma", "0", significant(limit))
    note = "" if view.signed else f"sum {view.total:.2f}"
    return Panel(title, picture, note, TASKS[task].colour, bar, place, aspect)


def dominant_task_map(
    stage: Stage, head: int | None = None, *, weighting: Weighting = "raw", values: HandedOver | None = None
) -> UInt8[np.ndarray, "rows columns 3"]:
    """The task that each bridge token asked most: colour is the task, strength its lead over the second.

    Strength is full where the lead reaches the largest of this map; a tie is nearly white.
    """
    dominant = dominant_task(stage, head, weighting=weighting, values=values)
    strength = 0.12 + 0.88 * dominant.lead / max(float(dominant.lead.max()), np.finfo(np.float32).tiny)
    colours = np.stack([task_colour(task) for task in dominant.tasks])[dominant.index]
    return (255 - strength[..., None] * (255.0 - colours)).round().astype(np.uint8)

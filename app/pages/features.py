"""Features: every kind of feature map at every scale, in colours that can be compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.pages.maps import IMAGE_COLOUR, Map, token_map
from app.pages.page import Page, Value, choices
from app.selection import Selection
from app.session import Analysis
from app.wording import percent, wording
from bridgenet import drawing
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Stage

COLUMNS = 4
"""Maps per row: the scales from 1/32 to 1/4."""


def features(analysis: Analysis, selection: Selection) -> Value:
    """Value of the viewer, for the selected task."""
    say, hint = wording("features")
    task = selection.task
    choice = {"name": "task", "label": "Task"} | choices({name: TASKS[name].title for name in analysis.tasks}, task)
    groups = [_backbone_group(analysis), *_pattern_group(analysis, task), *_stage_groups(analysis, task)]
    return {
        "say": [{"text": say}],
        "hint": hint,
        "tools": [choice] if len(analysis.tasks) > 1 else [],
        "groups": [group for group in groups if group["maps"]],
    }


def scale_names(analysis: Analysis) -> list[str]:
    """Scale of each decoder stage, coarse to fine, such as `1/32`."""
    return [scale_of(next(iter(stage.task_specific.values())), analysis) for stage in analysis.trace.stages]


def scale_of(feature: Any, analysis: Analysis) -> str:
    """How much smaller a feature map is than what the network saw."""
    seen = analysis.trace.predictions[analysis.tasks[0]].shape[-1]
    return f"1/{2 ** round(np.log2(seen / feature.shape[-1]))}"


def at_unit_strength(kind: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Maps of one kind, divided by their common standard deviation around each map's mean.

    Kinds differ in strength by orders of magnitude: undivided, the strongest would take the whole range of colours
    and leave the others grey. Tasks of one kind keep their proportions.
    """
    variance = torch.stack(
        [(feature - feature.mean((-2, -1), keepdim=True)).square().mean() for feature in kind.values()]
    )
    strength = variance.mean().sqrt().clamp(min=1e-12)
    return {name: feature / strength for name, feature in kind.items()}


def _backbone_group(analysis: Analysis) -> dict[str, Any]:
    pictures = analysis.memory.get("task_generic")
    if pictures is None:
        reference = _reference(analysis)
        pictures = [drawing.pca_rgb_aligned(entry, reference) for entry in analysis.trace.task_generic]
        analysis.memory["task_generic"] = pictures
    maps = [
        _feature_map(f"generic-{level}", scale_of(entry, analysis), picture.pictures[0])
        for level, (entry, picture) in enumerate(zip(analysis.trace.task_generic, pictures, strict=True))
    ]
    shares = ", ".join(percent(picture.explained) for picture in reversed(pictures))
    text = f"from the backbone; a basis each, rotated to agree with the bridge; PC 1–3 explain {shares}"
    return {"title": "Task-generic", "text": text, "columns": COLUMNS, "maps": maps[::-1]}


def _pattern_group(analysis: Analysis, task: TaskName) -> list[dict[str, Any]]:
    pattern = analysis.trace.pattern
    if pattern is None:
        return []
    if "pattern" not in analysis.memory:
        before, after = at_unit_strength(analysis.trace.task_specific), at_unit_strength(pattern.feature)
        analysis.memory["pattern"] = drawing.pca_rgb(*before.values(), *after.values())
    (pictures, explained), index = analysis.memory["pattern"], analysis.tasks.index(task)
    colour = TASKS[task].colour
    maps = [
        _feature_map("before-tpp", "Before TPP", pictures[index], colour),
        _feature_map("after-tpp", "After TPP", pictures[len(analysis.tasks) + index], colour),
    ]
    scale = scale_of(pattern.feature[task], analysis)
    text = f"at {scale}, from the preliminary decoder; one basis for all tasks, PC 1–3 explain {percent(explained)}"
    return [{"title": "Task-specific", "text": text, "columns": COLUMNS, "maps": maps}]


def _stage_groups(analysis: Analysis, task: TaskName) -> list[dict[str, Any]]:
    """One row per kind, one column per scale, coarse to fine."""
    colour = TASKS[task].colour
    kinds: dict[str, list[Map]] = {"specific": [], "bridge": [], "refined": []}
    shares = []
    for index, (stage, scale) in enumerate(zip(analysis.trace.stages, scale_names(analysis), strict=True)):
        pictures, explained = _stage_pictures(analysis, index, stage)
        shares.append(percent(explained))
        for kind, maps in kinds.items():
            if kind == "bridge" and kind in pictures:
                maps.append(_feature_map(f"bridge-{index}", scale, pictures[kind]))
            elif kind != "bridge":
                maps.append(_feature_map(f"{kind}-{index}", scale, pictures[f"{kind}.{task}"], colour))
    basis = f"these three rows and all tasks share one basis per scale; PC 1–3 explain {', '.join(shares)}"
    texts = {
        "specific": ("Entering the stage", f"{TASKS[task].title.lower()}, before it meets the other tasks; {basis}"),
        "bridge": ("Bridge", "what all tasks told the bridge, coarser stage added"),
        "refined": ("Refined", f"{TASKS[task].title.lower()}, after the Task Feature Refiner has poured the bridge in"),
    }
    return [
        {"title": title, "text": text, "columns": COLUMNS, "maps": kinds[kind]} for kind, (title, text) in texts.items()
    ]


def _stage_pictures(analysis: Analysis, index: int, stage: Stage) -> tuple[dict[str, np.ndarray], float]:
    if f"stage.{index}" not in analysis.memory:
        maps = at_unit_strength({f"specific.{task}": feature for task, feature in stage.task_specific.items()})
        if stage.bridge is not None:
            maps |= at_unit_strength({"bridge": stage.bridge})
        maps |= at_unit_strength({f"refined.{task}": feature for task, feature in stage.refined.items()})
        pictures, explained = drawing.pca_rgb(*maps.values())
        analysis.memory[f"stage.{index}"] = (dict(zip(maps, pictures, strict=True)), explained)
    return analysis.memory[f"stage.{index}"]


def _reference(analysis: Analysis) -> Any:
    stage = analysis.trace.stages[-1]
    return stage.bridge if stage.bridge is not None else next(iter(stage.refined.values()))


def _feature_map(name: str, title: str, picture: np.ndarray, colour: str = IMAGE_COLOUR) -> Map:
    rows, columns = picture.shape[:2]
    alt = f"Features {name} at {title}: three principal components as colours, {columns} by {rows} tokens"
    return token_map(name, title, picture, alt, note=f"{columns} × {rows}", colour=colour)


PAGE = Page("features", features, follows=frozenset({"task"}))

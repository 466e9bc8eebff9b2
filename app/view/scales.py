"""Scales: the grids on which a network refines its tasks, and how they are called."""

import numpy as np
from torch import Tensor

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.view.view import ChoiceTool
from bridgenet.tasks import TaskName


def scale_names(analysis: Analysis) -> list[str]:
    """Scale of each decoder stage, coarse to fine, such as `1/32`; without stages that of the tasks' features."""
    return [scale_of(feature, analysis) for feature in features_of_scales(analysis, analysis.tasks[0])]


def scale_tool(selection: Selection, analysis: Analysis) -> ChoiceTool:
    """The scale of the decoder that is looked at."""
    return {
        "kind": "segments",
        "name": "scale",
        "label": "Scale",
        "options": [{"value": index, "text": name} for index, name in enumerate(scale_names(analysis))],
        "chosen": selection.scale,
        "expert": True,
    }


def features_of_scales(analysis: Analysis, task: TaskName) -> list[Tensor]:
    """One feature on the grid of each scale: of each decoder stage, or the task's only one."""
    trace = analysis.trace
    if trace.stages:
        return [stage.refined[task] for stage in trace.stages]
    return [trace.task_specific[task] if task in trace.task_specific else trace.task_generic[-1]]


def scale_of(feature: Tensor, analysis: Analysis) -> str:
    """How much smaller a feature map is than what the network saw."""
    return scale_of_width(feature.shape[-1], analysis)


def scale_of_width(width: int, analysis: Analysis) -> str:
    """The same of a map of so many columns."""
    seen = analysis.trace.predictions[analysis.tasks[0]].shape[-1]
    return f"1/{2 ** round(np.log2(seen / width))}"

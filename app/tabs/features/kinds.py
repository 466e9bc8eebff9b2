"""The kinds of feature maps, where in the trace they are, and at which scale."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from app.analysis.session import Analysis
from app.view.maps import IMAGE_COLOUR
from app.view.scales import features_of_scales, scale_of
from bridgenet.tasks import TASKS, TaskName

Kind = Literal["generic", "encoder", "joined", "specific", "before", "after", "entering", "bridge", "refined"]

KINDS: dict[Kind, str] = {
    "bridge": "Bridge",
    "entering": "Entering",
    "refined": "Refined",
    "generic": "Generic",
    "encoder": "Encoder",
    "joined": "Joined",
    "specific": "Task-specific",
    "before": "Before TPP",
    "after": "After TPP",
}
"""Titles. The bridge first: it is what the view is about."""

BRIDGE_COLOUR = "#2f8a83"
"""The accent of the page, in a tone that can be seen on light and on dark."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One feature map.

    Attributes:
        kind: What it is.
        name: Of its map in the view, such as `bridge-2`.
        path: In the trace.
        scale: Such as `1/8`.
        stage: Decoder stage of the same grid; None where there is none.
        feature: (1, channels, height, width).
    """

    kind: Kind
    name: str
    path: str
    scale: str
    stage: int | None
    feature: Tensor

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width, in tokens."""
        return self.feature.shape[-2], self.feature.shape[-1]

    @property
    def channels(self) -> int:
        """Width of the feature."""
        return self.feature.shape[1]


def entries(analysis: Analysis, task: TaskName) -> list[Entry]:
    """All feature maps that one task has to do with, in the order of the computation, coarse to fine."""
    trace = analysis.trace
    found: list[tuple[Kind, str, str, Tensor]] = []
    for level in reversed(range(len(trace.task_generic))):
        found.append(("generic", f"generic-{level}", f"task_generic.{level}", trace.task_generic[level]))
    for name in reversed(trace.encoder):
        stage, at = trace.encoder[name], f"encoder.{name}"
        found.append(("encoder", f"encoder-{name}", f"{at}.task_specific.{task}", stage.task_specific[task]))
        if stage.joined:
            found.append(("joined", f"joined-{name}", f"{at}.joined.{task}", stage.joined[task]))
    if trace.pattern is not None:
        found.append(("before", "before-tpp", f"task_specific.{task}", trace.task_specific[task]))
        found.append(("after", "after-tpp", f"pattern.feature.{task}", trace.pattern.feature[task]))
    elif task in trace.task_specific and not trace.stages:
        found.append(("specific", "specific", f"task_specific.{task}", trace.task_specific[task]))
    for index, stage in enumerate(trace.stages):
        at = f"stages.{index}"
        found.append(("entering", f"specific-{index}", f"{at}.task_specific.{task}", stage.task_specific[task]))
        if stage.bridge is not None:
            found.append(("bridge", f"bridge-{index}", f"{at}.bridge", stage.bridge))
        found.append(("refined", f"refined-{index}", f"{at}.refined.{task}", stage.refined[task]))
    grids = [feature.shape[-2:] for feature in features_of_scales(analysis, task)]
    return [
        Entry(
            kind,
            name,
            path,
            scale_of(feature, analysis),
            grids.index(feature.shape[-2:]) if feature.shape[-2:] in grids else None,
            feature,
        )
        for kind, name, path, feature in found
    ]


def at_scale(analysis: Analysis, task: TaskName, stage: int) -> dict[Kind, Entry]:
    """The kinds that there are on the grid of a decoder stage."""
    return {entry.kind: entry for entry in entries(analysis, task) if entry.stage == stage}


def chosen_entry(analysis: Analysis, task: TaskName, stage: int, kind: Kind) -> Entry:
    """The map of a kind at the scale of a stage. What does not exist there is replaced by the nearest that does.

    Kinds before the decoder live on the base grid alone; without a bridge, the refined features stand for it, or
    whatever the network computes last.
    """
    here = at_scale(analysis, task, stage)
    if kind in here:
        return here[kind]
    anywhere = [entry for entry in entries(analysis, task) if entry.kind == kind]
    last = list(here.values())[-1]
    return anywhere[0] if anywhere else here.get("refined", last)


def in_words(kind: Kind) -> str:
    """A kind within a sentence."""
    names: dict[Kind, str] = {
        "generic": "task-generic feature",
        "encoder": "feature of the encoder",
        "joined": "joined feature of the encoder",
        "specific": "task-specific feature",
        "before": "feature before TPP",
        "after": "feature after TPP",
        "entering": "entering feature",
        "bridge": "bridge",
        "refined": "refined feature",
    }
    return names[kind]


def colour_of(kind: Kind, task: TaskName) -> str:
    """Of dots and curves: what belongs to the task has its colour."""
    fixed: dict[Kind, str] = {"generic": IMAGE_COLOUR, "bridge": BRIDGE_COLOUR}
    return fixed.get(kind, TASKS[task].colour)

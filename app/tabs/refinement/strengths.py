"""What the view Refinement computes: predictions at a strength of the bridge, and what differs from those without."""

from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor

from app.analysis.cut import as_analysed
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.view.changes import amount, amount_map, enlarged, shown_size, signed_map, with_logits
from app.view.encoding import sampled
from app.view.maps import classes_said, prediction_map
from app.view.page import Progress
from app.view.view import LegendEntry, Map
from bridgenet import inspection
from bridgenet.inspection.refinement import Changed
from bridgenet.kinds import change_map, error_at, truth_tensor
from bridgenet.model.network import Network
from bridgenet.tasks import IGNORE, TASKS, TaskName, with_unit

STRIP = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Strengths that are computed when the view is opened."""


@dataclass(frozen=True, slots=True)
class Step:
    """How a task at one strength of the bridge differs from itself without it.

    Attributes:
        changed: How many pixels changed.
        effect: Mean change, in the unit of the task.
        error: Mean distance from the truth, in the unit of the task. None: it is not known.
    """

    changed: Changed
    effect: float
    error: float | None


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """The strengths of the film strip."""
    for index, alpha in enumerate(STRIP):
        report(index, len(STRIP), f"Bridge strength {alpha:g}")
        said_at(analysis, alpha)


def is_computed(analysis: Analysis) -> bool:
    """Whether all strengths of the film strip are there."""
    return all(analysis.results.get(logits_at, alpha) is not None for alpha in STRIP)


def said_at(analysis: Analysis, alpha: float) -> dict[TaskName, Tensor]:
    """What the heads say at a strength, computed when first asked for."""
    return analysis.result(logits_at, round(alpha, 2))


def is_exact(analysis: Analysis, alpha: float) -> bool:
    """Whether the heads say at a strength what they said in the analysis, bit for bit."""
    logits = said_at(analysis, alpha)
    return all(torch.equal(logits[task], analysis.trace.logits[task]) for task in analysis.tasks)


def strengths_so_far(analysis: Analysis) -> list[float]:
    """Strengths that were computed and not forgotten, in ascending order."""
    return sorted(alpha for (alpha,) in analysis.results.all(logits_at))


def step_of(analysis: Analysis, alpha: float, task: TaskName) -> Step:
    """How a task differs at a strength, computed when first asked for."""
    return analysis.result(make_step, round(alpha, 2), task)


def picture_of(analysis: Analysis, alpha: float, task: TaskName) -> Map:
    """The prediction of a task at a strength, drawn when first asked for."""
    return analysis.result(draw_picture, round(alpha, 2), task)


def classes_at(analysis: Analysis, alpha: float, task: TaskName) -> list[LegendEntry]:
    """The classes that a task names at a strength, counted when first asked for."""
    return analysis.result(count_classes, round(alpha, 2), task)


def difference_of(analysis: Analysis, alpha: float, task: TaskName) -> Map:
    """Where the bridge at a strength moved a task, drawn when first asked for."""
    return analysis.result(draw_difference, round(alpha, 2), task)


def logits_at(analysis: Analysis, alpha: float) -> dict[TaskName, Tensor]:
    """What the heads say at a strength: `inspection.with_bridge_strength`, on a copy of the network."""
    model, lock = analysis.result(locked_network)
    with lock, as_analysed(analysis, model):
        trace = inspection.with_bridge_strength(model, analysis.trace, alpha)
    return {task: trace.logits[task] for task in analysis.tasks}


def truth_of(analysis: Analysis, task: TaskName, size: tuple[int, int]) -> Tensor | None:
    """The truth as `changed_share` takes it, nearest neighbour, 255 where nothing is known; None without any.

    Edges have none: pixel by pixel, an edge that is found one pixel beside would be worse than none.
    """
    if TASKS[task].extent == "lines" or not analysis.knows(task):
        return None
    truth = truth_tensor(task, sampled(analysis.truth[task], max(size))).to(analysis.trace.logits[task].device)
    return truth if (truth != IGNORE).any() else None


def said(number: str, task: TaskName) -> str:
    """A number with the unit of a task, in one line."""
    unit = "%" if TASKS[task].kind == "classes" else TASKS[task].pixel_unit
    return with_unit(number, unit).replace(" ", "\N{NO-BREAK SPACE}")


def locked_network(analysis: Analysis) -> tuple[Network, Lock]:
    """A network of this photo's own, for one who repeats parts of it at a time."""
    return analysis.own_model(), Lock()


@torch.inference_mode()
def make_step(analysis: Analysis, alpha: float, task: TaskName) -> Step:
    """How a task at a strength differs from itself without the bridge."""
    before, after, truth = _compared(analysis, alpha, task)
    error = None
    if truth is not None:
        error = error_at(task, after, truth).nanmean().item() * (100 if TASKS[task].kind == "classes" else 1)
    changed = inspection.changed_share(task, before, after, truth)
    return Step(changed, inspection.effect_of(task, before, after), error)


def draw_picture(analysis: Analysis, alpha: float, task: TaskName) -> Map:
    """The prediction of a task at a strength."""
    logits = said_at(analysis, alpha)[task]
    return prediction_map(with_logits(analysis, {task: logits}), task, max(shown_size(analysis)))


def count_classes(analysis: Analysis, alpha: float, task: TaskName) -> list[LegendEntry]:
    """The classes that a task names at a strength; none of a task without any."""
    if TASKS[task].kind != "classes":
        return []
    logits = said_at(analysis, alpha)[task]
    return classes_said(with_logits(analysis, {task: logits}), task, max(shown_size(analysis)))


@torch.inference_mode()
def draw_difference(analysis: Analysis, alpha: float, task: TaskName) -> Map:
    """Where a task was moved; where its truth is known, to the better or the worse."""
    before, after, truth = _compared(analysis, alpha, task)
    name, title, step = f"change-{task}", TASKS[task].title, step_of(analysis, alpha, task)
    first = step_of(analysis, 0, task).error
    if truth is None or step.error is None or first is None:
        change = change_map(task, before, after)[0].cpu().numpy()
        return amount_map(name, title, task, change, said(amount(step.effect, task), task))
    errors = [error_at(task, logits, truth)[0].cpu().numpy() for logits in (before, after)]
    foot = f"{amount(first, task)} → {said(amount(step.error, task), task)}"
    return signed_map(name, title, task, errors[0], errors[1], foot)


def _compared(analysis: Analysis, alpha: float, task: TaskName) -> tuple[Tensor, Tensor, Tensor | None]:
    """A task without the bridge and at a strength, and its truth, all as large as they are shown."""
    size = shown_size(analysis)
    before, after = (enlarged(said_at(analysis, strength)[task], size) for strength in (0, alpha))
    return before, after, truth_of(analysis, task, size)

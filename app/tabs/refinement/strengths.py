"""What the view Refinement computes: predictions at a strength of the bridge, and what differs from those without."""

from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from app.analysis.cut import as_analysed
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.view.changes import amount, amount_map, enlarged, shown_size, signed_map, with_logits
from app.view.encoding import sampled
from app.view.maps import prediction_map
from app.view.page import Progress
from app.view.view import Map
from bridgenet import inspection
from bridgenet.inspection.refinement import Changed
from bridgenet.kinds import change_map, error_at, truth_tensor
from bridgenet.model.network import Network
from bridgenet.tasks import IGNORE, TASKS, TaskName, with_unit

STRIP = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Strengths that are computed when the view is opened."""


@dataclass(frozen=True, slots=True)
class Step:
    """The predictions at one strength of the bridge, and how they differ from those without it.

    Attributes:
        exact: Whether the heads said what they said in the analysis, bit for bit.
        maps: Prediction of every task.
        changes: Difference map of every task.
        changed: How many pixels changed.
        effect: Mean change, in the unit of the task.
        error: Mean distance from the truth, in the unit of the task, where it is known.
    """

    exact: bool
    maps: dict[TaskName, Map] = field(default_factory=dict)
    changes: dict[TaskName, Map] = field(default_factory=dict)
    changed: dict[TaskName, Changed] = field(default_factory=dict)
    effect: dict[TaskName, float] = field(default_factory=dict)
    error: dict[TaskName, float] = field(default_factory=dict)


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """The strengths of the film strip."""
    for index, alpha in enumerate(STRIP):
        report(index, len(STRIP), f"Bridge strength {alpha:g}")
        step_of(analysis, alpha)


def is_computed(analysis: Analysis) -> bool:
    """Whether all strengths of the film strip are there."""
    return all(analysis.results.get(make_step, alpha) is not None for alpha in STRIP)


def step_of(analysis: Analysis, alpha: float) -> Step:
    """The predictions at a strength, computed when first asked for."""
    return analysis.result(make_step, round(alpha, 2))


def steps_so_far(analysis: Analysis) -> list[tuple[float, Step]]:
    """Strengths that were computed and not forgotten, in ascending order."""
    steps = analysis.results.all(make_step)
    return sorted(((alpha, step) for (alpha,), step in steps.items()), key=lambda entry: entry[0])


def logits_at(analysis: Analysis, alpha: float) -> dict[TaskName, Tensor]:
    """What the heads say at a strength: `inspection.with_bridge_strength`, on a copy of the network."""
    model, lock = analysis.result(_model_and_lock)
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


def _model_and_lock(analysis: Analysis) -> tuple[Network, Lock]:
    return analysis.own_model(), Lock()


@torch.inference_mode()
def make_step(analysis: Analysis, alpha: float) -> Step:
    """The predictions at a strength, and what differs from those without the bridge."""
    without = analysis.result(logits_at, 0)
    said = logits_at(analysis, alpha) if alpha else without
    step = Step(all(torch.equal(said[task], analysis.trace.logits[task]) for task in analysis.tasks))
    drawn, size = with_logits(analysis, said), shown_size(analysis)
    for task in analysis.tasks:
        before, after = enlarged(without[task], size), enlarged(said[task], size)
        truth = truth_of(analysis, task, size)
        step.maps[task] = prediction_map(drawn, task, max(size))
        step.changed[task] = inspection.changed_share(task, before, after, truth)
        step.effect[task] = inspection.effect_of(task, before, after)
        if truth is None:
            step.changes[task] = _change(task, before, after, step)
        else:
            step.changes[task] = _gain(task, before, after, truth, step)
    return step


def _change(task: TaskName, before: Tensor, after: Tensor, step: Step) -> Map:
    change = change_map(task, before, after)[0].cpu().numpy()
    foot = said(amount(step.effect[task], task), task)
    return amount_map(f"change-{task}", TASKS[task].title, task, change, foot)


def _gain(task: TaskName, before: Tensor, after: Tensor, truth: Tensor, step: Step) -> Map:
    errors = [error_at(task, logits, truth)[0].cpu().numpy() for logits in (before, after)]
    first, last = (float(np.nanmean(error)) * (100 if TASKS[task].kind == "classes" else 1) for error in errors)
    step.error[task] = last
    foot = f"{amount(first, task)} → {said(amount(last, task), task)}"
    return signed_map(f"change-{task}", TASKS[task].title, task, errors[0], errors[1], foot)

"""The task's own error, in the unit of its effects: a number that moves a prediction means little without it."""

import csv
import math
from dataclasses import dataclass
from io import StringIO

import numpy as np

from app.analysis.session import Analysis
from app.view.changes import amount
from bridgenet.kinds import error_array
from bridgenet.tasks import TASKS, Kind, TaskName

VALIDATION: dict[Kind, str] = {"classes": "pixel_accuracy", "metres": "rmse", "direction": "mean_angle"}
"""Metrics of a checkpoint that have the unit of the task's effects; of classes, what is missing to 100 %."""


@dataclass(frozen=True, slots=True)
class OwnError:
    """How wrong a task is.

    Attributes:
        value: In the unit of the task's effects: per cent of pixels, metres, degrees, probability.
        where: "in this photo" or "in validation".
        rms: Whether it is a root mean square instead of a mean.
    """

    value: float
    where: str
    rms: bool = False

    def words(self, task: TaskName) -> str:
        """As part of a sentence: "its own error in this photo is 0.61 m"."""
        number = amount(self.value, task, words=True)
        if TASKS[task].kind == "classes":
            return f"{self.where} {number.replace('its ', '')} are wrong"
        return f"its own error {self.where} is {number}{' (rms)' if self.rms else ''}"


def error_of(analysis: Analysis, task: TaskName) -> float | None:
    """Mean distance from the ground truth: share of wrong pixels, metres, degrees, or probability; None if unknown."""
    if not analysis.knows(task):
        return None
    error = error_array(task, analysis.prediction[task].array, analysis.truth[task])
    judged = error[np.isfinite(error)]
    return float(judged.mean()) if judged.size else None


def own_error(analysis: Analysis, task: TaskName, *, here: bool = True) -> OwnError | None:
    """The error of a task in the photo where its truth is known, else of the checkpoint in validation.

    Args:
        analysis: The analysed photo.
        task: Which task. Lines have no error in a photo: pixel by pixel, one pixel beside would be worse than none.
        here: Whether the photo's own truth counts; effects over other photos stand beside the validation error.
    """
    error = error_of(analysis, task) if here and TASKS[task].extent != "lines" else None
    if error is not None:
        return OwnError(100 * error if TASKS[task].kind == "classes" else error, "in this photo")
    metric = VALIDATION.get(TASKS[task].kind, "")
    value = analysis.predictor.metrics.get(task, {}).get(metric)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return OwnError(
        100 - value if TASKS[task].kind == "classes" else float(value), "in validation", rms=metric == "rmse"
    )


def errors_csv(analysis: Analysis) -> str:
    """One line per task whose error is known, here and in validation."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["task", "error", "unit", "where", "mean"])
    for task in analysis.tasks:
        found = {own_error(analysis, task, here=here) for here in (True, False)}
        for error in sorted(filter(None, found), key=lambda error: error.where):
            mean = "root mean square" if error.rms else "mean"
            writer.writerow([task, f"{error.value:.6g}", TASKS[task].change_unit, error.where, mean])
    return text.getvalue()


def beside(analysis: Analysis, task: TaskName, *, here: bool = True) -> str:
    """The own error in words; where none is known, the scale of the task."""
    error = own_error(analysis, task, here=here)
    if error is not None:
        return error.words(task)
    return "its scale is 0 to 1" if TASKS[task].kind == "probability" else "its own error is not known"

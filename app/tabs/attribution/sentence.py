"""The sentence of the view Attribution: what the selected number depends on, in its own unit."""

import math
from typing import cast

import numpy as np

from app.analysis.session import Analysis
from app.tabs.attribution.goal import Goal, score_words
from app.tabs.attribution.results import shown_values
from app.view.encoding import sampled
from app.view.spoken import Spoken
from app.view.wording import percent
from bridgenet.inspection import Pixel, Segment
from bridgenet.inspection.attribution import LayerAttribution, TaskAttribution
from bridgenet.inspection.pixels import PixelAttribution
from bridgenet.inspection.sanity import DeletionCurve
from bridgenet.tasks import TASKS, TaskName

Said = list[Spoken]

SEEN_AT = 320
"""Longest side at which places are told apart by class, in pixels."""

STANDS_OUT = 1.3
"""Share of the effect over share of the photo from which on a class is named."""


def sentence(
    analysis: Analysis, goal: Goal, result: TaskAttribution | LayerAttribution | PixelAttribution | DeletionCurve
) -> Said:
    """What the result says, from its numbers."""
    match result:
        case TaskAttribution():
            return _depends_on(goal, result)
        case LayerAttribution() | PixelAttribution():
            return _comes_from(analysis, goal, result)
        case DeletionCurve():
            return []


def _depends_on(goal: Goal, result: TaskAttribution) -> Said:
    order = np.abs(result.scores).argsort()[::-1]
    most = int(order[0])
    score = float(result.scores[most])
    if not score:
        return [{"text": f"{goal.name} {goal.here} depends on no task's features."}]
    if result.method == "shapley":
        whole = score_words(result.full_value - result.baseline_value, goal.unit, sign=True)
        end = f": they bring {score_words(score, goal.unit, sign=True)}, all tasks together {whole}."
    else:
        end = f": without them it would {_change(goal, score)}."
    start = f"{goal.name} {goal.here} depends most on "
    second = _second(goal, result, int(order[1]), most) if len(order) > 1 else []
    return [{"text": start}, _features(goal, result.tasks[most]), {"text": end}, *second]


def _second(goal: Goal, result: TaskAttribution, index: int, most: int) -> Said:
    """The next task; after the own one, the others are what is interesting."""
    text = score_words(float(result.scores[index]), goal.unit, sign=True)
    start = " Of the others " if result.tasks[most] == goal.target.task else " Then come "
    end = f" matter most ({text})." if result.tasks[most] == goal.target.task else f" ({text})."
    return [{"text": start}, _features(goal, result.tasks[index]), {"text": end}]


def _features(goal: Goal, task: str) -> Spoken:
    about = TASKS[cast(TaskName, task)]
    name = about.title.lower()
    own = "its own features" if task == goal.target.task else f"{name}'{'' if name.endswith('s') else 's'} features"
    return {"text": own, "colour": about.colour}


def _change(goal: Goal, score: float) -> str:
    much = score_words(abs(score), goal.unit)
    if TASKS[goal.target.task].kind == "metres":
        return f"read {much} {'less' if score > 0 else 'more'}"
    lower = f"be {much} {'lower' if score > 0 else 'higher'}"
    return f"{lower}, its odds {_odds(score)}" if goal.unit == "logit" else lower


def _odds(score: float) -> str:
    """How many times smaller or larger the odds of the answer are: a logit is their logarithm."""
    times = math.exp(min(abs(score), 20.0))
    if times < 1.005:
        return "the same"
    words = "over 1,000" if times > 1000 else f"{times:.{0 if times >= 10 else 1 if times >= 1.95 else 2}f}"
    return f"{words} times {'smaller' if score > 0 else 'larger'}"


def _comes_from(analysis: Analysis, goal: Goal, result: LayerAttribution | PixelAttribution) -> Said:
    weight = np.abs(shown_values(result)).astype(np.float64)
    if not weight.any():
        return [{"text": f"{goal.name} {goal.here} does not read this at all."}]
    weight /= weight.sum()
    colour = TASKS[goal.target.task].colour
    seen = _mostly_on(analysis, weight)
    match goal.target.region:
        case Pixel():
            reach = percent(_reach(analysis, goal, weight))
            first: Spoken = {"text": f"within {reach} of the photo's width", "colour": colour}
            return [{"text": f"Half of what moves {_lower(goal)} here lies "}, first, {"text": f" of the pixel{seen}."}]
        case Segment(pixels):
            inside = float(_spread(weight, pixels.shape)[pixels].sum())
            first = {"text": f"{percent(inside)} of what moves {_lower(goal)}", "colour": colour}
            return [
                first,
                {"text": f" lies inside {goal.inside}, which is {percent(pixels.mean())} of the photo{seen}."},
            ]
        case _:
            top = np.sort(weight.ravel())[::-1]
            area = float((np.cumsum(top) < 0.5).sum() + 1) / top.size
            first = {"text": f"{percent(area)} of the photo", "colour": colour}
            return [{"text": f"Half of what moves {_lower(goal)} comes from "}, first, {"text": f"{seen}."}]


def _lower(goal: Goal) -> str:
    return goal.name[0].lower() + goal.name[1:]


def _reach(analysis: Analysis, goal: Goal, weight: np.ndarray) -> float:
    """Radius around the pixel, over the photo's width, that holds half of the effect."""
    height, width = analysis.size
    rows, columns = weight.shape
    down = ((np.arange(rows) + 0.5) / rows - goal.place[1]) * height / width
    across = (np.arange(columns) + 0.5) / columns - goal.place[0]
    distance = np.hypot(down[:, None], across[None]).ravel()
    order = distance.argsort()
    half = int(np.searchsorted(np.cumsum(weight.ravel()[order]), 0.5))
    return float(distance[order[min(half, len(order) - 1)]])


def _mostly_on(analysis: Analysis, weight: np.ndarray) -> str:
    """The predicted class that has more of the effect than of the photo, if one stands out."""
    if "semseg" not in analysis.prediction:
        return ""
    names = analysis.prediction["semseg"].classes
    labels = sampled(analysis.prediction["semseg"].array, SEEN_AT).astype(int)
    mass = np.bincount(labels.ravel(), _spread(weight, labels.shape).ravel(), minlength=len(names))
    area = np.bincount(labels.ravel(), minlength=len(names)) / labels.size
    top = int(mass.argmax())
    if mass[top] < 0.15 or mass[top] < STANDS_OUT * area[top]:
        return ""
    return f"; {percent(mass[top])} lies where it sees {names[top]} ({percent(area[top])} of the photo)"


def _spread(weight: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of a grid, shared out evenly over the pixels of their cells; sums to 1."""
    rows, columns = (
        ((np.arange(length) + 0.5) * cells / length).astype(int)
        for length, cells in zip(shape, weight.shape, strict=True)
    )
    spread = weight[rows][:, columns]
    counts = np.bincount(rows, minlength=weight.shape[0])[rows][:, None]
    spread = spread / counts / np.bincount(columns, minlength=weight.shape[1])[columns]
    return spread / max(spread.sum(), 1e-30)

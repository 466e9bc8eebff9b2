"""Lessons: six steps that set the page, ask one question, and answer it with what holds for this photo."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
from scipy import ndimage

from app.pages.compare import amount
from app.pages.features import scale_names
from app.pages.overview import COUNTS
from app.pages.page import Page, Value, button
from app.pages.pairs import Side, difference_between, error_of, intervene, prediction_of
from app.selection import Selection
from app.session import Analysis
from app.wording import percent, wording
from bridgenet import drawing, inspection
from bridgenet.inspection.similarity import linear_cka
from bridgenet.tasks import TASKS, TaskName

Part = dict[str, str]
"""Text, and a colour where it stands out."""

Link = dict[str, str | float]
"""What a link can say: tab, px, task, scale, head, scope, and options of views."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One step.

    Attributes:
        name: Of its texts, `text/lessons/<name>.md`: the question, and what to look at.
        title: In the card.
        short: In the row of steps.
        tab: The view that it happens in; without that view there is no such lesson.
        say: The sentence that answers the question, from what was computed for the photo.
        start: How the page is set when the lesson begins.
        show: How it is set to see what the question is about.
    """

    name: str
    title: str
    short: str
    tab: str
    say: Callable[[Analysis, Selection], list[Part]]
    start: Callable[[Analysis], Link]
    show: Callable[[Analysis], Link]


def lessons(analysis: Analysis, selection: Selection) -> Value:
    """Value of the viewer: what lessons are. The steps stand below it."""
    say, hint = wording("lessons")
    return {"say": [{"text": say}], "hint": hint, "tools": [button("lesson", "Start with the first")], "groups": []}


def offered(analysis: Analysis, tabs: Collection[str]) -> Value:
    """What the card and the row of steps show.

    Args:
        analysis: The analysed photo.
        tabs: Names of the views that there are for it.
    """
    steps = []
    for lesson in LESSONS:
        if lesson.tab in tabs and (lesson.name != "tpp" or len(analysis.tasks) > 1):
            question, look = wording(f"lessons/{lesson.name}")
            title = lesson.title.format(count=COUNTS[len(analysis.tasks)].lower())
            words = {"name": lesson.name, "title": title, "short": lesson.short, "question": question, "look": look}
            links = {"start": lesson.start(analysis), "show": lesson.show(analysis)}
            steps.append(words | {name: {"tab": lesson.tab} | link for name, link in links.items()})
    return {"key": analysis.key, "lessons": steps}


def answer(analysis: Analysis, selection: Selection, name: Any) -> list[Part]:
    """The sentence of a lesson, from what was computed for this photo."""
    lesson = next((lesson for lesson in LESSONS if lesson.name == name), None)
    return [] if lesson is None else lesson.say(analysis, selection)


def answers_agree(analysis: Analysis, selection: Selection) -> list[Part]:
    """How much faster depth changes where an edge is drawn."""
    if not {"depth", "edge"} <= set(analysis.tasks):
        height, width = analysis.size
        pixels = f"{height * width:,}".replace(",", " ")
        return [{"text": f"{COUNTS[len(analysis.tasks)]} for each of {pixels} pixels, from one pass."}]
    slope, edge = _slope(analysis), analysis.prediction["edge"].array
    drawn = edge >= np.quantile(edge, 0.9)
    ratio = float(slope[drawn].mean() / max(float(slope[~drawn].mean()), 1e-9))
    first = {"text": f"Along its strongest edges depth changes {ratio:.1f} times as fast", "colour": TASKS["edge"].colour}
    verdict = "the answers fit, though nothing forces them to" if ratio > 1.2 else "here the answers hardly know of each other"
    return [first, {"text": f" as elsewhere: {verdict}."}]


def bridge_resembles(analysis: Analysis, selection: Selection) -> list[Part]:
    """How alike the bridge feature is to what surrounds it, at the finest scale."""
    stage = analysis.trace.stages[-1]
    task = selection.task
    generic = analysis.trace.task_generic[len(analysis.trace.task_generic) - len(analysis.trace.stages)]
    specific = stage.task_specific[task]
    title, scale = TASKS[task].title.lower(), scale_names(analysis)[-1]
    if stage.bridge is None:
        alike = linear_cka(generic, specific)
        return [{"text": f"At {scale} the feature of {title} is {alike:.2f} like the backbone's (CKA, 1 is equal)."}]
    to_generic, to_specific = linear_cka(stage.bridge, generic), linear_cka(stage.bridge, specific)
    nearer = "the backbone's" if to_generic > to_specific else f"that of {title}"
    verdict = f"it stands nearer to {nearer}" if abs(to_generic - to_specific) > 0.05 else "it stands between both"
    first = {"text": f"{to_generic:.2f} like the backbone's", "colour": TASKS[task].colour}
    text = f" and {to_specific:.2f} like that of {title} (CKA, 1 is equal): {verdict}."
    return [{"text": f"At {scale} the bridge feature is "}, first, {"text": text}]


def patterns_overlap(analysis: Analysis, selection: Selection) -> list[Part]:
    """How much of what one task looks at another one looks at too, before and after the fusion."""
    pattern = analysis.trace.pattern
    if pattern is None:
        return []
    before = _overlap([logits.softmax(dim=-1).numpy() for logits in pattern.logits.values()])
    after = _overlap([weights.numpy() for weights in pattern.attention.values()])
    change = "more alike" if after > before + 0.02 else "less alike" if after < before - 0.02 else "no more alike"
    first = {"text": f"{percent(before)} of where they look", "colour": TASKS[selection.task].colour}
    text = f" before the fusion, and {percent(after)} after it: fused patterns are {change}."
    return [{"text": "Two tasks share "}, first, {"text": text}]


def bridge_asks(analysis: Analysis, selection: Selection) -> list[Part]:
    """Whom the bridge asks at the place, and over the whole photo."""
    stage = analysis.trace.stages[selection.scale]
    here = Side(analysis, "").shares(selection)
    if here is None:
        return []
    means = {cast(TaskName, task): float(shares.mean()) for task, shares in drawing.bridge_share_maps(stage).items()}
    most, overall = max(here, key=lambda task: here[task]), max(means, key=lambda task: means[task])
    first = {"text": f"{percent(here[most])} from {TASKS[most].title.lower()}", "colour": TASKS[most].colour}
    there = "as everywhere" if most == overall else f"though over the whole photo {TASKS[overall].title.lower()} leads"
    even = f"even shares would be {percent(1 / len(here))}"
    return [{"text": "Here the bridge reads "}, first, {"text": f", {there} ({percent(means[overall])}); {even}."}]


def nobody_listens(analysis: Analysis, selection: Selection) -> list[Part]:
    """What changes with the bridge strength at 0, for the task that changes and is measured best."""
    silent = _remembered(analysis, "lessons|bridge", lambda: prediction_of(analysis, intervene(analysis, "bridge")))
    parts: list[Part] = [{"text": "Without the bridge "}]
    for index, task in enumerate(task for task in analysis.tasks if task in ("semseg", "depth", "normals")):
        said = analysis.prediction[task].array
        moved = amount(task, float(np.abs(difference_between(task, said, silent[task].array)).mean(dtype=np.float64)))
        words = f"{moved} of the pixels change class" if task == "semseg" else f"{TASKS[task].title.lower()} moves by {moved}"
        parts += [{"text": ", " if index else ""}, {"text": words, "colour": TASKS[task].colour}]
    truth = _better_or_worse(analysis, Side(_as(analysis, silent), "").analysis)
    return [*parts, {"text": f"{truth}."}]


def attention_predicts(analysis: Analysis, selection: Selection) -> list[Part]:
    """Whether what is read most also matters most."""
    matrix = _remembered(
        analysis, "lessons|interaction", lambda: inspection.interaction_matrix(analysis.own_model(), analysis.images())
    )
    strength = np.where(np.eye(len(matrix.tasks), dtype=bool), -np.inf, np.nan_to_num(matrix.strength, posinf=0))
    source, target = np.unravel_index(int(strength.argmax()), strength.shape)
    cut, moved = (TASKS[cast(TaskName, matrix.tasks[int(index)])] for index in (source, target))
    times = float(strength[source, target])
    first = {"text": f"Cutting {cut.title.lower()} moves {moved.title.lower()} most", "colour": cut.colour}
    text = f", {times:.1f} times as much as a random cut of the same size"
    order = matrix.rank_correlation
    if not np.isfinite(order):
        return [first, {"text": f"{text}; with so few tasks attention and effect have no order to compare."}]
    verdict = "a fair guide" if order > 0.6 else "a weak guide" if order > 0.2 else "no guide"
    rank = f"{order:.2f}".replace("-", "−")
    return [first, {"text": f"{text}. Attention is {verdict} to influence here: rank correlation {rank}."}]


def _slope(analysis: Analysis) -> np.ndarray:
    """How fast the logarithm of depth changes, per pixel: steps count alike near and far."""
    depth = np.log(np.maximum(analysis.prediction["depth"].array, 0.1))
    return ndimage.gaussian_gradient_magnitude(depth, 1)


def _steepest(analysis: Analysis) -> Link:
    """The place with the sharpest step in depth, away from the border."""
    if "depth" not in analysis.tasks:
        return {}
    slope = _slope(analysis)
    rows, columns = (max(1, length // 12) for length in slope.shape)
    inner = slope[rows:-rows, columns:-columns]
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    height, width = slope.shape
    return {"px": f"{(column + columns + 0.5) / width:.4f},{(row + rows + 0.5) / height:.4f}"}


def _overlap(maps: list[np.ndarray]) -> float:
    """Mean over pairs of maps, heads and queries of what both rows have in common, 0 to 1."""
    return float(np.mean([np.minimum(one, other).sum(axis=-1).mean() for one, other in combinations(maps, 2)]))


def _as(analysis: Analysis, prediction: Any) -> Analysis:
    from dataclasses import replace

    return replace(analysis, prediction=prediction)


def _better_or_worse(analysis: Analysis, silent: Analysis) -> str:
    for task in ("depth", "semseg", "normals"):
        before = error_of(analysis, task) if task in analysis.tasks else None
        after = error_of(silent, task) if before is not None else None
        if before is not None and after is not None:
            verdict = "from" if after >= before else "falls from"
            grows = "grows " if after >= before else ""
            name = "the share of wrong pixels" if task == "semseg" else f"the error of {TASKS[task].title.lower()}"
            return f"; {name} {grows}{verdict} {amount(task, before)} to {amount(task, after)}"
    return ""


_measuring = threading.Lock()
"""Sentences are measured one at a time."""


def _remembered(analysis: Analysis, key: str, measure: Callable[[], Any]) -> Any:
    with _measuring:
        if key not in analysis.memory:
            analysis.memory[key] = measure()
        return analysis.memory[key]


def _finest(analysis: Analysis) -> Link:
    return {"scale": len(analysis.trace.stages) - 1}


def _nothing(analysis: Analysis) -> Link:
    return {}


LESSONS: tuple[Lesson, ...] = (
    Lesson("answers", "One image, {count}", "Answers", "overview", answers_agree, _nothing, _steepest),
)
"""In their order."""

PAGE = Page("lessons", lessons)

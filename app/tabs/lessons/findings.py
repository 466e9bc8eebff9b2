"""What holds for one photo, in one sentence each: the answers of the lessons, measured when they are asked for."""

import threading
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy import ndimage

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.compare.page import difference_words
from app.tabs.compare.pairs import Side, intervene, prediction_of
from app.tabs.interaction import cuts
from app.tabs.interaction.page import strongest, told
from app.tabs.pairs.given import given_in
from app.view.own_errors import error_of
from app.view.scales import scale_names
from app.view.spoken import Spoken
from app.view.wording import answers_in_words, percent
from bridgenet import inspection
from bridgenet.inspection import linear_cka
from bridgenet.kinds import difference
from bridgenet.predictor import Prediction
from bridgenet.tasks import TASKS, TaskName

FITS = 1.2
"""Depth has to change this many times as fast along edges."""


def answers_agree(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """How much faster depth changes where an edge is drawn."""
    if not {"depth", "edge"} <= set(analysis.tasks):
        height, width = analysis.size
        pixels = f"{height * width:,}".replace(",", " ")
        return [{"text": f"{answers_in_words(len(analysis.tasks))} for each of {pixels} pixels, from one pass."}]
    slope, edge = _slope(analysis), analysis.prediction["edge"].array
    drawn = edge >= np.quantile(edge, 0.9)
    ratio = float(slope[drawn].mean() / max(float(slope[~drawn].mean()), 1e-9))
    words = f"Along its strongest edges depth changes {ratio:.1f} times as fast"
    first: Spoken = {"text": words, "colour": TASKS["edge"].colour}
    fits = "the answers fit, though nothing forces them to"
    verdict = fits if ratio > FITS else "here the answers hardly know of each other"
    return [first, {"text": f" as elsewhere: {verdict}."}]


def bridge_resembles(analysis: Analysis, selection: Selection) -> list[Spoken]:
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
    first: Spoken = {"text": f"{to_generic:.2f} like the backbone's", "colour": TASKS[task].colour}
    text = f" and {to_specific:.2f} like that of {title} (CKA, 1 is equal): {verdict}."
    return [{"text": f"At {scale} the bridge feature is "}, first, {"text": text}]


def patterns_overlap(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """How much of what one task looks at another one looks at too, before and after the fusion."""
    pattern = analysis.trace.pattern
    if pattern is None:
        return []
    before = _overlap([logits.softmax(dim=-1).numpy() for logits in pattern.logits.values()])
    after = _overlap([weights.numpy() for weights in pattern.attention.values()])
    change = "more alike" if after > before + 0.02 else "less alike" if after < before - 0.02 else "no more alike"
    first: Spoken = {"text": f"{percent(before)} of where they look", "colour": TASKS[selection.task].colour}
    text = f" before the fusion, and {percent(after)} after it: fused patterns are {change}."
    return [{"text": "Two tasks share "}, first, {"text": text}]


def bridge_asks(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """Whom the bridge asks at the place, and over the whole photo."""
    stage = analysis.trace.stages[selection.scale]
    here = Side(analysis, "").shares(selection)
    if here is None:
        return []
    maps = inspection.bridge_share_maps(stage)
    means: dict[TaskName, float] = {task: float(maps[task].mean()) for task in analysis.tasks}
    most, overall = max(here, key=lambda task: here[task]), max(means, key=lambda task: means[task])
    first: Spoken = {"text": f"{percent(here[most])} from {TASKS[most].title.lower()}", "colour": TASKS[most].colour}
    leads = f"which also leads over the whole photo with {percent(means[overall])}"
    other = f"while over the whole photo {TASKS[overall].title.lower()} leads with {percent(means[overall])}"
    text = f", {leads if most == overall else other}; even shares would be {percent(1 / len(here))}."
    return [{"text": "Here the bridge reads "}, first, {"text": text}]


def pairs_instead(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """How many pairs there are, and which gives most, at the place and over the photo."""
    given = given_in(analysis, selection)
    pairs: list[tuple[TaskName, TaskName]] = [
        (target, source) for target, row in given.here.items() for source in row if source != target
    ]
    if not pairs:
        return []
    target, source = max(pairs, key=lambda pair: given.here[pair[0]][pair[1]])
    others = [1 - given.here[task].get(task, 0.0) for task in analysis.tasks]
    first: Spoken = {
        "text": f"{TASKS[source].title.lower()} to {TASKS[target].title.lower()}",
        "colour": TASKS[source].colour,
    }
    share, mean = percent(given.here[target][source]), percent(given.overall[target][source])
    text = f" give most, {share} ({mean} over the photo); on average {percent(float(np.mean(others)))} is of others."
    return [
        {"text": f"{len(pairs)} pairs hand something over where a bridge would be one. Here "},
        first,
        {"text": text},
    ]


def nobody_listens(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """What changes with the bridge strength at 0, and what that does to an error that is known."""
    with _measuring:
        silent = analysis.result(without_bridge)
    parts: list[Spoken] = [{"text": "Without the bridge the answers change: "}]
    told: list[TaskName] = [task for task in analysis.tasks if task in ("semseg", "depth", "normals")]
    for index, task in enumerate(told or analysis.tasks[:1]):
        said = analysis.prediction[task].array
        moved = difference_words(task, float(np.abs(difference(task, said, silent[task].array)).mean(dtype=np.float64)))
        words = f"{TASKS[task].title.lower()} by {moved}"
        words = f"segmentation in {moved} of the pixels" if task == "semseg" else words
        parts.extend([{"text": ", " if index else ""}, {"text": words, "colour": TASKS[task].colour}])
    truth = _better_or_worse(analysis, replace(analysis, prediction=silent))
    return [*parts, {"text": f"{truth}."}]


def without_bridge(analysis: Analysis) -> Prediction:
    """What is predicted with the bridge strength at 0."""
    return prediction_of(analysis, intervene(analysis, "bridge"))


def attention_predicts(analysis: Analysis, selection: Selection) -> list[Spoken]:
    """Whether what is read most also matters most."""
    with _measuring:
        matrix = cuts.made_cuts(analysis, cuts.settings_of(analysis, Selection())).matrix
    source, target = strongest(matrix)
    cut, moved = TASKS[source], TASKS[target]
    times = float(matrix.strength[matrix.tasks.index(source), matrix.tasks.index(target)])
    first: Spoken = {"text": f"Cutting {cut.title.lower()} moves {moved.title.lower()} most", "colour": cut.colour}
    return [first, {"text": f", {times:.1f} times as much as a random cut. {told(matrix)}"}]


def _slope(analysis: Analysis) -> np.ndarray:
    """How fast the logarithm of depth changes, per pixel: steps count alike near and far."""
    depth = np.log(np.maximum(analysis.prediction["depth"].array, 0.1))
    return ndimage.gaussian_gradient_magnitude(depth, 1)


def steepest(analysis: Analysis) -> str:
    """The place with the sharpest step in depth, away from the border, as a link says it; the middle without depth."""
    if "depth" not in analysis.tasks:
        return "0.5,0.5"
    slope = _slope(analysis)
    rows, columns = (max(1, length // 12) for length in slope.shape)
    inner = slope[rows:-rows, columns:-columns]
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    height, width = slope.shape
    return f"{(column + columns + 0.5) / width:.4f},{(row + rows + 0.5) / height:.4f}"


def _overlap(maps: list[np.ndarray]) -> float:
    """Mean over pairs of maps, heads and queries of what both rows have in common, 0 to 1."""
    return float(np.mean([np.minimum(one, other).sum(axis=-1).mean() for one, other in combinations(maps, 2)]))


def _better_or_worse(analysis: Analysis, silent: Analysis) -> str:
    tasks: tuple[TaskName, ...] = ("depth", "semseg", "normals")
    for task in tasks:
        before = error_of(analysis, task) if task in analysis.tasks else None
        after = error_of(silent, task) if before is not None else None
        if before is not None and after is not None:
            verdict = "from" if after >= before else "falls from"
            grows = "grows " if after >= before else ""
            name = "the share of wrong pixels" if task == "semseg" else f"the error of {TASKS[task].title.lower()}"
            return f"; {name} {grows}{verdict} {difference_words(task, before)} to {difference_words(task, after)}"
    return ""


_measuring = threading.Lock()
"""Sentences are measured one at a time."""

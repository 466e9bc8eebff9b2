"""Numbers about the features of one scale: likeness of kinds, directions used, fineness, and the paper's claim."""

import numpy as np
import torch

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.features.kinds import KINDS, Kind, at_scale, chosen_entry, colour_of, in_words
from app.view.charts import Cell, Column, Row, ShadedTable, Table, TableCell, Words
from app.view.encoding import sampled
from app.view.scales import scale_names
from app.view.spoken import Spoken
from app.view.view import Group
from app.view.wording import percent
from bridgenet import drawing, inspection
from bridgenet.drawing.charts import BarRow, Bars, Curve, Curves
from bridgenet.drawing.sheet import Axis
from bridgenet.inspection import cka_matrix, effective_rank, level_content, radial_spectrum
from bridgenet.inspection.features.similarity import CLEARLY, NYQUIST, LevelContent
from bridgenet.tasks import TASKS, TaskName

Said = list[Spoken]

FEW_TOKENS = 200
"""With fewer, readings of a feature are rough."""

FEWEST_TOKENS = 4
"""With fewer, no likeness can be computed."""

NARROW = 4
"""Kinds whose titles fit side by side in half of the width."""

BARELY = 0.05
"""A lead of R² below this is called small."""

FAINTEST = 1e-3
"""Share of energy at the lower end of the scale."""

GLANCE = 320
"""Longest side, in pixels, of what classes are counted on."""


def facts(analysis: Analysis, selection: Selection, kind: Kind) -> list[Group]:
    """Charts about the kinds at the selected scale."""
    task, stage = selection.task, selection.scale
    here = at_scale(analysis, task, stage)
    tall, wide = next(iter(here.values())).grid
    if tall * wide < FEWEST_TOKENS:
        return []
    charts = [
        analysis.result(_likeness, task, stage),
        analysis.result(_spectrum, task, stage, kind),
        analysis.result(_numbers, task, stage),
    ]
    if "bridge" in here:
        charts.append(_claim(analysis, stage) | {"span": 12 if len(here) > NARROW else 6})
    return charts


def levels(analysis: Analysis, stage: int) -> LevelContent | None:
    """What the bridge of a stage tells of the backbone and of all tasks together; None without a bridge."""
    here = at_scale(analysis, analysis.tasks[0], stage)
    if "bridge" not in here or "generic" not in here or here["bridge"].grid[0] * here["bridge"].grid[1] < FEWEST_TOKENS:
        return None
    tasks = torch.cat(list(analysis.trace.stages[stage].task_specific.values()), dim=1)
    return level_content(here["bridge"].feature, here["generic"].feature, tasks)


def claim_sentence(analysis: Analysis, stage: int) -> Said:
    """Whether the bridge carries what the backbone sees and what the tasks know, with its controls."""
    found, scale = analysis.result(levels, stage), scale_names(analysis)[stage]
    if found is None:
        kinds = [in_words(kind) for kind in at_scale(analysis, analysis.tasks[0], stage)]
        return [{"text": f"What the network sees at {scale}, from the {kinds[0]} to the {kinds[-1]}."}]
    colour = colour_of("bridge", analysis.tasks[0])
    low = f"what the backbone sees (R² {_r2(found.low_from_bridge)}, the tasks alone {_r2(found.low_from_high)})"
    high = f"what the tasks know ({_r2(found.high_from_bridge)}, the backbone alone {_r2(found.high_from_low)})"
    if found.carries_both:
        verdict = "it carries both, if only just" if min(found.leads) < BARELY else "it carries both"
    elif max(found.leads) > CLEARLY:
        missing = "the second" if found.leads[0] > found.leads[1] else "the first"
        verdict = f"here it adds next to nothing on {missing}"
    else:
        verdict = "here the claim that it carries both does not show"
    tall, wide = at_scale(analysis, analysis.tasks[0], stage)["bridge"].grid
    few = f" (only {tall * wide} tokens)" if tall * wide < FEW_TOKENS else ""
    parts: Said = [{"text": low, "colour": colour}, {"text": " and "}, {"text": high, "colour": colour}]
    return [{"text": f"At {scale} the bridge tells "}, *parts, {"text": f": {verdict}{few}."}]


def likeness_sentence(analysis: Analysis, selection: Selection, kind: Kind) -> Said:
    """What resembles the token at the cross-hair, by predicted class."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind)
    values = inspection.similarity_to_token(entry.feature, selection.x, selection.y)
    finds = f"{in_words(entry.kind)} at {entry.scale} finds this place"
    if "semseg" not in analysis.prediction:
        near = float((values > 0.5).mean())
        return [{"text": f"The {finds} like {percent(near)} of the image (cosine above 0.5)."}]
    row, column = inspection.token_at(selection.x, selection.y, entry.grid)
    values[row, column] = np.nan
    order, seen = _classes_by_likeness(analysis, selection, values)
    if not order:
        return [{"text": f"The {finds}, seen as {seen}, like nothing else: there is no other token."}]
    colour = TASKS["semseg"].colour
    first: Spoken = {"text": f"{order[0][0]} ({_cosine(order[0][1])})", "colour": colour}
    rest = f", then {order[1][0]} ({_cosine(order[1][1])})" if len(order) > 1 else ""
    most = "most like the rest of" if order[0][0] == seen else "most like"
    end = f"{rest}: mean cosine over each predicted class."
    return [{"text": f"The {finds}, seen as {seen}, {most} "}, first, {"text": end}]


def _classes_by_likeness(
    analysis: Analysis, selection: Selection, values: np.ndarray
) -> tuple[list[tuple[str, float]], str]:
    """Classes with one per cent of the image and more, by mean value; and the class at the place. NaN is left out."""
    answer = analysis.prediction["semseg"]
    labels = sampled(answer.array, GLANCE).astype(np.int64)
    tall, wide = labels.shape
    seen = answer.classes[int(labels[inspection.token_at(selection.x, selection.y, (tall, wide))])]
    rows = ((np.arange(tall) + 0.5) * values.shape[0] / tall).astype(int)
    columns = ((np.arange(wide) + 0.5) * values.shape[1] / wide).astype(int)
    spread = values[rows][:, columns]
    known = np.isfinite(spread)
    count = np.bincount(labels[known], minlength=len(answer.classes))
    total = np.bincount(labels[known], spread[known], minlength=len(answer.classes))
    large = np.flatnonzero(count >= 0.01 * labels.size)
    means = {int(index): float(total[index] / count[index]) for index in large}
    return [(answer.classes[index], means[index]) for index in sorted(means, key=lambda index: -means[index])], seen


def _likeness(analysis: Analysis, task: TaskName, stage: int) -> Group:
    here = at_scale(analysis, task, stage)
    matrix = cka_matrix({kind: entry.feature for kind, entry in here.items()})
    kinds = list(here)
    rows = []
    for i, kind in enumerate(kinds):
        cells = []
        for j, other in enumerate(kinds):
            value = float(matrix[i, j])
            title = f"{in_words(kind)} and {in_words(other)}: CKA {_cosine(value)}"
            # A diagonal of ones says nothing and would draw the eye.
            cells.append(Cell(_cosine(value), level=value, words=title, own=i == j))
        rows.append(Row(KINDS[kind], cells, colour=colour_of(kind, task)))
    columns = [Column(KINDS[kind], colour=colour_of(kind, task)) for kind in kinds]
    return {
        "id": "features-cka",
        "span": 12 if len(here) > NARROW else 6,
        "title": f"How alike kinds are, {scale_names(analysis)[stage]}",
        "text": "CKA: 0 unrelated, 1 the same but for a rotation",
        "chart": ShadedTable(rows, columns, tone="attention"),
        "alt": "Centred kernel alignment of every kind with every other",
    }


def _spectrum(analysis: Analysis, task: TaskName, stage: int, chosen: Kind) -> Group:
    curves: list[Curve] = []
    for kind, entry in at_scale(analysis, task, stage).items():
        if kind in ("before", "after"):
            # They are of the coarsest scale alone, where the stage has three more curves of this colour.
            continue
        spectrum = radial_spectrum(entry.feature)
        heights = np.log10(np.clip(spectrum.energy, FAINTEST, 1))
        dashed, strong, ink = kind in ("entering", "encoder"), kind == chosen, colour_of(kind, task)
        curves.append(Curve(KINDS[kind], spectrum.frequency, heights, ink, dashed=dashed, strong=strong))
    lowest = float(np.log10(FAINTEST))
    across = Axis(0, NYQUIST, [(0, "0"), (0.125, "⅛"), (0.25, "¼"), (0.5, "½")])
    up = Axis(lowest, 0, [(-3, "0.1 %"), (-2, "1 %"), (-1, "10 %"), (0, "100 %")])
    return {
        "id": "features-spectrum",
        "span": 6,
        "title": f"Coarse and fine, {scale_names(analysis)[stage]}",
        "text": "share of the energy by frequency",
        "chart": Curves(curves, "cycles per token: coarse to fine", "", x_axis=across, y_axis=up),
        "alt": "Share of the energy of each kind by spatial frequency, from coarse to fine",
    }


def _numbers(analysis: Analysis, task: TaskName, stage: int) -> Group:
    rows: list[list[TableCell]] = []
    for kind, entry in at_scale(analysis, task, stage).items():
        explained = drawing.pca_rgb(entry.feature).explained
        fineness = radial_spectrum(entry.feature).centroid
        name: Spoken = {"text": KINDS[kind], "colour": colour_of(kind, task)}
        used = f"{effective_rank(entry.feature):.1f} of {entry.channels}"
        rows.append([name, used, percent(explained), f"{fineness:.3f}"])
    head = ["", "directions used", "three explain", "mean frequency"]
    return {
        "id": "features-numbers",
        "span": 6,
        "title": f"In numbers, {scale_names(analysis)[stage]}",
        "text": "effective rank, own PC 1–3, cycles per token",
        "chart": Table(head, rows),
        "alt": "Effective rank, variance explained by three components, and mean frequency of each kind",
    }


def _claim(analysis: Analysis, stage: int) -> Group:
    found = analysis.result(levels, stage)
    if found is None:
        return {"span": 6, "chart": Words([])}
    bridge, grey = colour_of("bridge", analysis.tasks[0]), colour_of("generic", analysis.tasks[0])
    readings = [
        ("backbone, from bridge", found.low_from_bridge, bridge),
        ("backbone, from tasks", found.low_from_high, grey),
        ("tasks, from bridge", found.high_from_bridge, bridge),
        ("tasks, from backbone", found.high_from_low, grey),
    ]
    rows = [BarRow(title, r2, colour=colour, text=_r2(r2)) for title, r2, colour in readings]
    return {
        "id": "features-claim",
        "span": 6,
        "title": f"Does it carry both? {scale_names(analysis)[stage]}",
        "text": "R² on held-out parts; grey: control",
        "chart": Bars(rows, limits=(0.0, 1.0)),
        "alt": "How well backbone and task features can be read from the bridge, and from each other",
    }


def _cosine(value: float) -> str:
    """A likeness from −1 to 1."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _r2(value: float) -> str:
    return f"{value:.2f}" if value > 0 else "none"

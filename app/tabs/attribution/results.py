"""How the view Attribution shows its results: bars, signed maps, the two checks."""

from typing import cast

import numpy as np

from app.analysis.session import Analysis
from app.tabs.attribution.goal import Goal, score_words
from app.view.charts import GREY, Table, Words
from app.view.encoding import png_uri, sampled
from app.view.maps import prediction_map, ramp, signed_numbers
from app.view.spoken import Spoken
from app.view.view import Box, Group, Map, Ramp
from app.view.wording import percent
from bridgenet import drawing
from bridgenet.drawing.charts import BarRow, Bars, Curve, Curves
from bridgenet.drawing.sheet import Axis
from bridgenet.inspection import Segment, rank_agreement
from bridgenet.inspection.attribution import LayerAttribution, TaskAttribution
from bridgenet.inspection.pixels import PixelAttribution
from bridgenet.inspection.sanity import DeletionCurve
from bridgenet.tasks import TASKS, TaskName, significant, with_unit

LONGEST = 320
"""Longest side of the map that shows the target, in pixels."""

CELLS = 32
"""Squares along the shorter side of the photo over which the attribution of single pixels is added up."""

TRUSTED = 0.05
"""Relative delta below which a map of integrated gradients may be trusted to add up."""

OUTSIDE = np.array([236, 235, 230], dtype=np.float32)
"""Colour that covers what is outside of the region."""


def bars_group(result: TaskAttribution, goal: Goal, title: str, name: str) -> Group:
    """One bar per task, in the unit of the target."""
    scores = [float(score) for score in result.scores]
    low, high = min(0.0, *scores), max(0.0, *scores)
    tasks = [TASKS[cast(TaskName, task)] for task in result.tasks]
    rows = [
        BarRow(task.title, score, colour=task.colour, text=score_words(score, _unit(goal), sign=True))
        for task, score in zip(tasks, scores, strict=True)
    ]
    said = ", ".join(f"{row.name} {row.text}" for row in rows)
    bars = Bars(rows, mark=0.0 if low < 0 else None, limits=(low, high or 1.0))
    return {"id": name, "title": title, "chart": bars, "alt": f"{title}: {said}"}


def sums_group(result: TaskAttribution, goal: Goal) -> Group:
    """What the bars are measured from and to, and what they add up to."""
    unit = _unit(goal)
    rows = [
        ["With every task's feature in place", score_words(result.full_value, unit)],
        ["With none of them: each flattened to its average", score_words(result.baseline_value, unit)],
        ["Difference", score_words(result.full_value - result.baseline_value, unit, sign=True)],
        ["Sum of the bars", score_words(float(result.scores.sum()), unit, sign=True)],
    ]
    if result.method == "ablation":
        rows.append(["Left over: what tasks do only together", score_words(result.remainder, unit, sign=True)])
    words = "Shapley shares out the whole difference" if result.method == "shapley" else "each was removed alone"
    head = [f"{goal.name}, {goal.where}", "" if unit else "part of a unit vector"]
    return {"id": "sums", "title": "Adding up", "text": words, "chart": Table(head, rows),
            "alt": "What the bars add up to: " + ", ".join(": ".join(row) for row in rows)}  # fmt: skip


def target_map(analysis: Analysis, goal: Goal) -> Map:
    """The prediction that is explained, pale outside of the region."""
    task = goal.target.task
    entry = prediction_map(analysis, task, LONGEST)
    region = goal.target.region
    if isinstance(region, Segment):
        array = sampled(analysis.prediction[task].array, LONGEST)
        picture = drawing.colour_task(task, array, analysis.prediction.classes, analysis.depth_limits)
        inside = _like(region.pixels, (picture.shape[0], picture.shape[1]))
        pale = np.where(inside[..., None], picture, 0.25 * picture + 0.75 * OUTSIDE).astype(np.uint8)
        entry |= {"src": png_uri(pale), "alt": f"{entry.get('alt')}; explained is {goal.where}", "legend": None}
    if goal.here == "here":
        entry |= {"token": pixel_box(goal)}
    return entry | {"id": "target", "title": "What is explained", "note": score_words(goal.value, _unit(goal)),
                    "foot": f"{goal.name.lower()}, {goal.where}"}  # fmt: skip


def pixel_box(goal: Goal) -> Box:
    """A small box around the pixel that a result is about; the cross-hair may have moved on."""
    size = 0.02
    x, y = goal.place
    return {"left": x - size / 2, "top": y - size / 2, "width": size, "height": size}


def signed_map(name: str, title: str, goal: Goal, result: LayerAttribution | PixelAttribution, note: str = "") -> Map:
    """Where the target comes from: red raises it, blue lowers it, on a scale that is even to both sides."""
    values = shown_values(result)
    unit = "" if isinstance(result, LayerAttribution) else _unit(goal)
    size = np.abs(values)
    high, most = float(np.percentile(size, 99.5)), float(size.max())
    high = high or most
    entry: Map = {"id": name, "title": title, "colour": TASKS[goal.target.task].colour, "note": note, "tokens": True}
    entry |= {"alt": f"{title}: where {goal.name.lower()} at {goal.where} comes from; red raises it, blue lowers it"}
    if not most:
        picture = drawing.colour_signed(np.zeros_like(values), 1.0)
        return entry | {"src": png_uri(picture), "foot": "Zero everywhere: the target does not read this."}
    ends = with_unit(significant(high), unit)
    levels = np.round(np.clip(values / high, -1, 1) * 100) / 100
    scale: Ramp = {"low": f"≤ −{ends} lowers", "high": f"raises ≥ {ends}", "colours": ramp("rdbu")}
    reading = signed_numbers(values, 0.0) | {"significant": 2, "unit": unit}
    entry |= {"src": png_uri(drawing.colour_signed(levels, 1.0)), "ramp": scale, "values": reading}
    return entry | {"token": pixel_box(goal)} if goal.here == "here" else entry


def shown_values(result: LayerAttribution | PixelAttribution) -> np.ndarray:
    """What a map shows: layers and occlusion as they are, gradients of pixels added up over squares.

    Sums of squares keep the unit of the target, and add up to what the pixels add up to.
    """
    if isinstance(result, LayerAttribution) or result.method == "occlusion":
        return result.map
    height, width = result.map.shape
    side = cell_side(result)
    rows, columns = np.arange(0, height, side), np.arange(0, width, side)
    return np.add.reduceat(np.add.reduceat(result.map, rows, axis=0), columns, axis=1)


def cell_side(result: PixelAttribution) -> int:
    """Side in pixels of the squares that are added up."""
    return max(1, round(min(result.map.shape) / CELLS))


def map_words(result: LayerAttribution | PixelAttribution, goal: Goal) -> str:
    """What the numbers of a map are, and how far they may be trusted."""
    if isinstance(result, LayerAttribution):
        grid = f"{result.map.shape[1]} × {result.map.shape[0]} places"
        return f"{grid}; relative to each other, without a unit"
    if result.method == "occlusion":
        return f"the fall of the target when a square is covered; {result.steps} squares"
    words = f"added up over squares of {cell_side(result)} pixels"
    if result.relative_delta is None:
        return f"{words}; a first-order guess"
    difference = score_words(result.value - (result.baseline_value or 0.0), _unit(goal), sign=True)
    verdict = "adds up" if result.relative_delta < TRUSTED else "rough: take more steps"
    if result.relative_delta >= TRUSTED and result.steps >= 64:
        verdict = "rough even so"
    off = "endlessly" if np.isinf(result.relative_delta) else f"{100 * result.relative_delta:.1f} %"
    return f"{words}; {result.steps} steps miss the difference to the baseline ({difference}) by {off}: {verdict}"


def agreement_words(real: LayerAttribution | PixelAttribution, other: LayerAttribution | PixelAttribution) -> str:
    """Whether the map needed what was learnt: how much its order of places agrees with that of random weights."""
    one, two = shown_values(real), shown_values(other)
    sizes, signed = rank_agreement(np.abs(one), np.abs(two)), rank_agreement(one, two)
    if not np.isfinite(sizes):
        return "One of the maps is flat: there is nothing to compare."
    numbers = (
        f"Rank agreement {_signed(sizes)} (signs aside), {_signed(signed)} (with signs), where 1 is the same order."
    )
    if abs(sizes) < 0.3:
        return f"{numbers} Without training the map is another one: it shows what was learnt."
    if abs(sizes) < 0.6:
        return f"{numbers} Part of the map would look so without training: believe its signs more than its shape."
    return f"{numbers} The map would look much the same without training: it shows the photo rather than the network."


def deletion_groups(curve: DeletionCurve, goal: Goal) -> list[Group]:
    """The target while squares are deleted, in the order of the map and in a random one."""
    colour = TASKS[goal.target.task].colour
    both = np.concatenate([curve.values, curve.control])
    low, high = float(both.min()), float(both.max())
    margin = 0.06 * (high - low) or 1.0
    unit = _unit(goal)
    along = curve.fractions
    curves = [
        Curve("in the order of the map", along, curve.values, colour),
        Curve("in a random order (control)", along, curve.control, GREY, dashed=True),
    ]
    label = f"{goal.name}{f', {unit}' if unit else ''}"
    across = Axis(0, 1.04, [(share, percent(share)) for share in (0, 0.25, 0.5, 0.75, 1)])
    up = _axis(low - margin, high + margin)
    chart: Group = {
        "id": "deletion",
        "title": "Deletion",
        "text": "squares of 16 pixels are blurred away, what raises the target first",
        "span": 7,
        "chart": Curves(curves, "share of the photo that is gone", label, x_axis=across, y_axis=up),
        "alt": f"{goal.name} while the photo is deleted, from {score_words(float(curve.values[0]), unit)} "
               f"to {score_words(float(curve.values[-1]), unit)}; {deletion_words(curve, goal)}",
    }  # fmt: skip
    words: list[list[Spoken]] = [[{"text": deletion_words(curve, goal)}], [{"text": _DELETION_HINT}]]
    return [chart, {"id": "deletion-words", "title": "Do these pixels matter?", "span": 5, "chart": Words(words)}]


def deletion_words(curve: DeletionCurve, goal: Goal) -> str:
    """Whether the map found what raises the target, against the control."""
    size = float(np.abs(np.concatenate([curve.values, curve.control]) - curve.values[0]).max())
    gain = score_words(abs(curve.advantage), _unit(goal))
    if curve.advantage > 0.05 * size:
        return f"On average {gain} below the random order: the map found what raises the target."
    if curve.advantage < -0.05 * size:
        return f"On average {gain} above the random order: deleting what the map names first lowers the target less."
    return "No better than a random order: do not read much into this map."


_DELETION_HINT = (
    "A curve below the control is what a good map gives. Blurring is a change of its own: both curves end at the same "
    "blurred photo."
)


def order_words(real: TaskAttribution, other: TaskAttribution) -> str:
    """How far the order of the tasks agrees with that of random weights."""
    sizes = rank_agreement(np.abs(real.scores)[None], np.abs(other.scores)[None])
    if not np.isfinite(sizes):
        return "With random weights no task stands out: there is no order to compare."
    few = f"; {len(real.tasks)} tasks are few for an order" if len(real.tasks) < 5 else ""
    return f"Rank agreement of the sizes {_signed(sizes)}, where 1 is the same order{few}."


def _axis(low: float, high: float) -> Axis:
    steps = [low + share * (high - low) for share in (0.08, 0.36, 0.64, 0.92)]
    digits = max(0, min(4, 2 - int(np.floor(np.log10(max(high - low, 1e-6))))))
    return Axis(low, high, [(value, f"{value:.{digits}f}".replace("-", "−")) for value in steps])


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _unit(goal: Goal) -> str:
    return goal.unit


def _like(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    rows = ((np.arange(size[0]) + 0.5) * pixels.shape[0] / size[0]).astype(int)
    columns = ((np.arange(size[1]) + 0.5) * pixels.shape[1] / size[1]).astype(int)
    return pixels[rows][:, columns]

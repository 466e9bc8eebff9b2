"""One map of a viewer: picture, words, legend or scale, and the numbers that hovering reads."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from app.analysis.session import Analysis
from app.view.encoding import numbers_uri, png_uri, sampled
from app.view.view import LegendEntry, Map, Ramp, Values, Wipe
from app.view.wording import percent
from bridgenet import drawing
from bridgenet.drawing.changes import NOW_WRONG, SAME
from bridgenet.drawing.palette import ScaleName, coloured_alike, scale_table
from bridgenet.drawing.predictions import colour_depth, colour_probability, normals_disc
from bridgenet.labels import Classes
from bridgenet.tasks import IGNORE, TASKS, TaskName, significant, with_unit

IMAGE_COLOUR = "#8a867d"

CONTOUR_STEPS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Metres between two contour lines: the smallest that draws no more than ten lines is taken."""

CERTAINTY_STEPS = 15
"""Steps of transparency by which a segmentation fades where it is unsure. Few steps make a small PNG."""

MOST_CLASSES = 6
"""Entries of a legend."""

WRONG_PALETTE = np.array([SAME, NOW_WRONG], dtype=np.uint8)
"""Colours of right and wrong pixels."""


def map_columns(count: int) -> int:
    """Maps side by side: three, or four where there are so many that three would make a third row."""
    return 3 if count <= 6 else 4


def photo_map(analysis: Analysis, foot: str) -> Map:
    """The photo itself. Its picture is the viewer's own."""
    return {
        "id": "image",
        "title": "Image",
        "alt": f"The photo: {analysis.title}",
        "foot": foot,
        "colour": IMAGE_COLOUR,
    }


def prediction_map(
    analysis: Analysis, task: TaskName, longest: int, *, contours: bool = False, fade: bool = False
) -> Map:
    """The prediction of one task, at most `longest` pixels wide or high.

    Args:
        analysis: The analysed photo.
        task: Which task.
        longest: Longest side of the picture, in pixels.
        contours: Whether depth has lines of equal distance.
        fade: Whether classes fade where the network is unsure of them.
    """
    array = sampled(analysis.prediction[task].array, longest)
    about = TASKS[task]
    shared: Map = {"id": task, "task": task, "title": about.title, "colour": about.colour}
    match about.kind:
        case "classes":
            certain = analysis.prediction[task].confidence if fade else None
            return shared | _class_map(array, analysis, task, None if certain is None else sampled(certain, longest))
        case "metres":
            known = "with the truth" if task in analysis.truth else ""
            return shared | _depth_map(array, analysis.depth_limits, longest, known, contours=contours)
        case "direction":
            unknown = unknown_words(array)
            return shared | {
                "src": png_uri(drawing.colour_normals(array)),
                "alt": f"Predicted surface normals: red to the right, green up, blue toward the viewer{unknown}",
                "note": "direction",
                "foot": f"right red · up green · to you blue{unknown}",
                "disc": disc_uri(),
                "values": {"normals": True},
            }
        case "probability":
            unknown = unknown_words(array)
            return shared | {
                "src": png_uri(colour_probability(array)),
                "alt": f"Predicted probability: {about.title.lower()}{unknown}",
                "note": "probability",
                "ramp": {"low": "0", "high": "1", "colours": ramp("greys")},
                "threshold": {"value": 0.5},
                "foot": unknown.removeprefix(", "),
                "values": {
                    "src": numbers_uri(sampled(array, longest // 2), 0.001),
                    "scale": 0.001,
                    "digits": 2,
                    "unknown": "no value",
                },
            }


def truth_uri(analysis: Analysis, task: TaskName, longest: int) -> str | None:
    """What is known to be true, drawn as its prediction is; None where nothing is, or in classes of other colours."""
    if task not in analysis.truth or task not in analysis.prediction:
        return None
    about, classes = TASKS[task], analysis.true_classes
    if about.kind == "classes" and not (
        task in classes and coloured_alike(classes[task], analysis.prediction.classes[task])
    ):
        return None
    array = sampled(analysis.truth[task], longest)
    if about.kind == "probability":
        array = np.where(array == IGNORE, np.nan, array).astype(np.float32)
    return png_uri(drawing.colour_task(task, array, classes, analysis.depth_limits))


def error_map(name: str, title: str, task: TaskName, error: np.ndarray, unit: str, foot: str, longest: int) -> Map:
    """How far a prediction is from what was measured, in the unit of the task; NaN where nothing was measured."""
    unknown = unknown_words(error)
    error = sampled(error.astype(np.float32), longest)
    known = error[np.isfinite(error)]
    high = float(np.percentile(known, 98)) if known.size else 0.0
    top = with_unit(significant(high), unit)
    scale: Ramp = {"low": "0", "high": f"≥ {top}", "colours": ramp("magma")}
    return {
        "id": name,
        "title": title,
        "colour": TASKS[task].colour,
        "task": task,
        # 200 steps and the hatching of unknown pixels fit a palette of 256 colours, which makes the PNG small.
        "src": png_uri(drawing.colour_heat(_in_steps(error, high, 200), (0.0, high))),
        "alt": f"{title}: {foot}{unknown}",
        "note": foot,
        "ramp": scale if high > 0 else single_value(with_unit("0", unit) if known.size else "", "magma", 0.0),
        "foot": unknown.removeprefix(", "),
        "values": {"src": numbers_uri(sampled(error, longest // 2), 0.01), "scale": 0.01, "digits": 2, "unit": unit},
    }


def wrong_map(name: str, title: str, task: TaskName, wrong: np.ndarray, foot: str, longest: int) -> Map:
    """Where a class is wrong: 1 wrong, 0 right, NaN where the class is not known."""
    unknown = unknown_words(wrong)
    labels = np.where(np.isfinite(wrong), wrong, IGNORE).astype(np.int64)
    present = drawing.legend_entries(labels, ("right", "wrong"), WRONG_PALETTE)
    labels = sampled(labels, longest)
    return {
        "id": name,
        "title": title,
        "colour": TASKS[task].colour,
        "task": task,
        "src": png_uri(drawing.colour_classes(labels, WRONG_PALETTE)),
        "alt": f"{title}: {foot}{unknown}",
        "note": foot,
        "legend": [legend_entry(entry) for entry in sorted(present, key=lambda entry: -entry.index)],
        "foot": unknown.removeprefix(", "),
        "values": {
            "src": png_uri(sampled(labels, longest // 2).astype(np.uint8)),
            "names": ["right", "wrong"],
            "unknown": "not labelled",
        },
        "tokens": True,
    }


def wiped(shown: Map, wipe: Wipe, legend: Sequence[LegendEntry]) -> Map:
    """A map that a slider lies over.

    Args:
        shown: The right side.
        wipe: The left one.
        legend: Classes of both, see `both_sides`, of which it names the largest; empty where they have none.
    """
    areas = f"areas {wipe['left']} → {wipe['right']}"
    return shown | {"wipe": wipe} | ({"legend": [*legend[:MOST_CLASSES]], "foot": areas} if legend else {})


def both_sides(left: Sequence[LegendEntry], right: Sequence[LegendEntry]) -> list[LegendEntry]:
    """Classes that either side of a slider has, each with both of its areas, the largest of all first."""
    before, after = ({entry["name"]: entry for entry in side} for side in (left, right))
    areas = {
        name: [side[name]["share"] if name in side else 0.0 for side in (before, after)] for name in before | after
    }
    legend: list[LegendEntry] = []
    for name in sorted(areas, key=lambda name: -max(areas[name])):
        # The index names pixels of the map, which is the right side: below 0, it has none of them.
        entry = after[name].copy() if name in after else before[name].copy()
        entry["index"] = entry["index"] if name in after else -1 - entry["index"]
        first, last = (percent(share) for share in areas[name])
        words = last if first == last else f"{first.removesuffix(' %')} → {last}"
        entry["share"], entry["both"] = areas[name][1], words
        legend.append(entry)
    return legend


def classes_said(analysis: Analysis, task: TaskName, longest: int) -> list[LegendEntry]:
    """Classes that a task names in a photo, the largest first; none of a task without any."""
    if TASKS[task].kind != "classes":
        return []
    answer = analysis.prediction[task]
    return classes_there(task, Classes(answer.classes, answer.colours), sampled(answer.array, longest))


def classes_there(task: TaskName, classes: Classes, labels: np.ndarray) -> list[LegendEntry]:
    """Classes in a map of labels that are large enough to speak of, the largest first."""
    present = drawing.legend_entries(labels.astype(np.int64), classes.names, drawing.class_palette(classes.colours))
    background = TASKS[task].extent == "objects"
    return [legend_entry(entry) for entry in present if entry.area >= 0.005 and (entry.index or not background)]


def token_map(name: str, title: str, picture: np.ndarray, alt: str) -> Map:
    """A small grid of tokens, drawn without smoothing."""
    return {"id": name, "title": title, "src": png_uri(picture), "alt": alt, "tokens": True}


def heat_map(name: str, title: str, weights: np.ndarray, high: float, alt: str, shared: str, *, digits: int = 2) -> Map:
    """Amounts on a grid.

    Args:
        name: Identifies the map.
        title: Stands above it.
        weights: Never negative.
        high: Top of the scale, which begins at 0.
        alt: The map in words.
        shared: What shares the scale, in words.
        digits: Significant digits of its top.
    """
    scale: Ramp = {"low": "0", "high": significant(high, digits), "colours": ramp("magma"), "shared": shared}
    step = max(high, 1e-9) / 60_000
    picture = drawing.colour_heat(weights, (0.0, high))
    values: Values = {"src": numbers_uri(weights, step), "scale": step, "significant": 2}
    return token_map(name, title, picture, alt) | {"ramp": scale, "values": values}


def signed_numbers(values: np.ndarray, least: float = 1e-9, *, base: float = 0.0) -> Values:
    """What hovering over a map of differences reads.

    Args:
        values: Differences, some NaN where nothing is known.
        least: Magnitude that can be read in any case.
        base: What they differ from; hovering reads the sum.
    """
    known = np.abs(values[np.isfinite(values)])
    reach = max(float(known.max()) if known.size else 0.0, least)
    step = reach / 30_000
    return {"src": numbers_uri(values + reach, step), "scale": step, "offset": base - reach}


def ramp(scale: ScaleName, *, backwards: bool = False) -> list[str]:
    """A colour scale as seven CSS colours."""
    table = scale_table(scale)[:: -1 if backwards else 1]
    return [_hex(table[round(stop * 255 / 6)]) for stop in range(7)]


def single_value(text: str, scale: ScaleName, level: float) -> Ramp:
    """The bar of a map that has one value everywhere.

    Args:
        text: The value, in words.
        scale: Colour scale of the map.
        level: Where on the scale the value lies, 0..1.
    """
    words = f"{text} everywhere" if text else "nothing is known"
    return {"low": words, "high": "", "colours": [_hex(scale_table(scale)[round(255 * level)])] * 2}


def unknown_words(array: np.ndarray) -> str:
    """How much of a map has no value, and how that is drawn: `, 12 % without a value (hatched)`, or nothing."""
    known = np.isfinite(array)
    known = known if known.ndim == 2 else known.all(axis=-1)
    if known.all():
        return ""
    share = 1 - float(known.mean())
    return f", {'under 1 %' if share < 0.01 else percent(share)} without a value (hatched)"


@cache
def disc_uri(size: int = 60) -> str:
    """The hemisphere of directions in the colours of the normals."""
    return png_uri(normals_disc(size))


def contour_step(limits: tuple[float, float]) -> float:
    """Metres between two contour lines."""
    extent = limits[1] - limits[0]
    return next((step for step in CONTOUR_STEPS if extent / step <= 10), CONTOUR_STEPS[-1])


def _depth_map(array: np.ndarray, limits: tuple[float, float], longest: int, shared: str, *, contours: bool) -> Map:
    low, high = limits
    unknown = unknown_words(array)
    near, far = f"{low:.1f} m", f"{high:.1f} m"
    scale: Ramp = {"low": near, "high": far, "colours": ramp("viridis", backwards=True)}
    if shared:
        scale["shared"] = shared
    picture = colour_depth(array, limits, valid=np.isfinite(array))
    lines = contours and high > low
    if lines:
        picture = _with_contours(picture, array, contour_step(limits))
    words = f", a line every {contour_step(limits):g} m" if lines else ""
    return {
        "title": "Depth, metric",
        "src": png_uri(picture),
        "alt": f"Predicted depth, from {low:.1f} to {high:.1f} metres{words}{unknown}",
        "note": "near → far",
        "ramp": scale
        if far != near
        else single_value(f"{low:.2f} m" if np.isfinite(array).any() else "", "viridis", 1.0),
        "foot": (words + unknown).removeprefix(", "),
        "values": {
            "src": numbers_uri(sampled(array, longest // 2), 0.01),
            "scale": 0.01,
            "digits": 2,
            "unit": "m",
            "unknown": "no value",
        },
    }


def _with_contours(picture: np.ndarray, depth: np.ndarray, step: float) -> np.ndarray:
    """Lines where the distance passes a multiple of `step`: black on bright colours, white on dark ones."""
    band = np.floor(np.nan_to_num(depth) / step)
    line = np.zeros(depth.shape, dtype=bool)
    line[:, 1:] |= band[:, 1:] != band[:, :-1]
    line[1:] |= band[1:] != band[:-1]
    line &= np.isfinite(depth)
    bright = picture.mean(axis=-1) > 110
    return np.where(line[..., None], np.where(bright, 0, 255)[..., None], picture).astype(np.uint8)


def _class_map(array: np.ndarray, analysis: Analysis, task: TaskName, certain: np.ndarray | None) -> Map:
    about = TASKS[task]
    answer, labels = analysis.prediction[task], array.astype(np.int64)
    names, palette = answer.classes, drawing.class_palette(answer.colours)
    legend = classes_there(task, Classes(names, answer.colours), labels)[:MOST_CLASSES]
    words = ", ".join(f"{entry['name']} {percent(entry['share'])}" for entry in legend) or "nobody found"
    picture = drawing.colour_classes(labels, palette)
    if certain is not None:
        picture = np.dstack([picture, _opacity(certain)])
        words += "; pale where the network is unsure"
    height, width = array.shape
    return {
        "src": png_uri(picture),
        "alt": f"{TASKS[task].title}: {words}",
        "note": f"{len(names)} classes" if about.extent == "everywhere" else "",
        "legend": legend or None,
        "foot": "" if legend else "Nobody found in this photo." if about.extent == "objects" else "",
        "values": {
            "src": png_uri(sampled(array, max(height, width) // 2).astype(np.uint8)),
            "names": list(names),
        },
        "tokens": True,
    }


def legend_entry(entry: drawing.LegendEntry) -> LegendEntry:
    """A class as the legend of a map names it."""
    return {"index": entry.index, "name": entry.name, "colour": entry.colour, "share": round(entry.area, 3)}


def _opacity(certain: np.ndarray) -> np.ndarray:
    """Probability of the predicted class as opacity."""
    steps = np.round(np.nan_to_num(certain) * CERTAINTY_STEPS) / CERTAINTY_STEPS
    return (255 * steps.clip(0, 1)).round().astype(np.uint8)


def _in_steps(values: np.ndarray, high: float, steps: int) -> np.ndarray:
    return np.round(values * (steps / high)) * (high / steps) if high > 0 else values


def _hex(colour: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)

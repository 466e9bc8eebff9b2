"""What changed in a prediction: arrays at the size of the page, and maps of differences in the unit of the task."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from app.analysis.results import Results
from app.analysis.session import Analysis
from app.view.encoding import numbers_uri, png_uri
from app.view.maps import legend_entry, ramp, signed_numbers
from app.view.view import Map, Ramp, Values
from bridgenet import drawing
from bridgenet.drawing.changes import MOVED, NOW_RIGHT, NOW_WRONG, SAME, gained
from bridgenet.tasks import TASKS, Kind, TaskName, significant, with_unit

LONGEST = 260
"""Longest side of these maps, in pixels: there are many at once, and a slider redraws them."""

DIGITS: dict[Kind, tuple[float, int, int]] = {
    "classes": (1, 1, 2),
    "metres": (0.1, 2, 3),
    "direction": (10, 1, 2),
    "probability": (0.1, 2, 4),
}
"""Digits after the point by kind: from this value on, so many; below it, so many."""


def shown_size(analysis: Analysis, longest: int = LONGEST) -> tuple[int, int]:
    """Height and width of the photo when its longer side is at most `longest` pixels."""
    height, width = analysis.size
    scale = min(1.0, longest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def enlarged(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits (1, channels, height, width) at another size, as the predictor resizes them."""
    return F.interpolate(logits.float(), size, mode="bilinear", align_corners=False)


@torch.inference_mode()
def with_logits(analysis: Analysis, logits: Mapping[TaskName, Tensor]) -> Analysis:
    """The analysis as if the heads had said this, with predictions at `shown_size`. It has no memory.

    Args:
        analysis: The analysed photo.
        logits: Of the tasks that are wanted, (1, channels, height, width).
    """
    answer, size = analysis.predictor.answer, shown_size(analysis)
    answers = {task: answer(task, said, size) for task, said in logits.items()}
    return replace(analysis, prediction=replace(analysis.prediction, tasks=answers), results=Results())


def amount(value: float, task: TaskName, *, words: bool = False) -> str:
    """A mean change in the unit of the task; in words as part of a sentence.

    Args:
        value: Per cent of pixels, metres, degrees, or probability.
        task: Whose.
        words: With the unit.
    """
    limit, large, small = DIGITS[TASKS[task].kind]
    number = f"{value:.{large if value >= limit else small}f}"
    if not words:
        return number
    about = TASKS[task]
    if about.kind == "classes":
        return f"{number} % of its pixels"
    return f"{number} of probability" if about.kind == "probability" else with_unit(number, about.change_unit)


def amount_map(name: str, title: str, task: TaskName, change: np.ndarray, foot: str) -> Map:
    """How much a prediction changed at every pixel.

    Args:
        name: Id of the map.
        title: Its title.
        task: Whose prediction.
        change: Never negative: 1 where a class changed, metres, degrees or probability.
        foot: The mean, in words.
    """
    if TASKS[task].kind == "classes":
        entries = (("same class", SAME), ("other class", MOVED))
        return _category_map(name, title, task, change.astype(np.uint8), entries, foot)
    unit = TASKS[task].pixel_unit
    high = max(float(np.percentile(change, 99)), 1e-9)
    step = max(float(change.max()), 1e-9) / 60_000
    scale: Ramp = {"low": "0", "high": f"≥ {with_unit(significant(high), unit)}", "colours": ramp("magma")}
    picture = drawing.colour_heat(_stepped(change / high, 200), (0.0, 1.0))
    values: Values = {"src": numbers_uri(change, step), "scale": step, "significant": 2, "unit": unit}
    return _card(name, title, task, foot) | {"src": png_uri(picture), "ramp": scale, "values": values}


def signed_map(name: str, title: str, task: TaskName, before: np.ndarray, after: np.ndarray, foot: str) -> Map:
    """Where a prediction came nearer to the truth (blue) and where it went away from it (red).

    Args:
        name: Id of the map.
        title: Its title.
        task: Whose prediction.
        before: Error at every pixel, in the unit of the task, or 1 for a wrong class; NaN where nothing is known.
        after: The same, afterwards.
        foot: What to notice.
    """
    if TASKS[task].kind == "classes":
        entries = (("as right or wrong as before", SAME), ("now right", NOW_RIGHT), ("now wrong", NOW_WRONG))
        return _category_map(name, title, task, gained(before, after), entries, foot)
    unit = TASKS[task].pixel_unit
    change = (after - before).astype(np.float32)
    known = np.abs(change[np.isfinite(change)])
    high = max(float(np.percentile(known, 98)), 1e-9) if known.size else 1e-9
    ends = with_unit(significant(high), unit)
    scale: Ramp = {"low": f"\N{MINUS SIGN}{significant(high)}", "high": f"+{ends}", "colours": ramp("rdbu")}
    picture = drawing.colour_signed(_stepped(change / high, 100), 1.0)
    values: Values = signed_numbers(change) | {"digits": 3, "unit": unit}
    return _card(name, title, task, foot) | {"src": png_uri(picture), "ramp": scale, "values": values}


def _category_map(
    name: str,
    title: str,
    task: TaskName,
    labels: np.ndarray,
    entries: tuple[tuple[str, tuple[int, int, int]], ...],
    foot: str,
) -> Map:
    words, palette = tuple(word for word, _ in entries), np.array([colour for _, colour in entries], dtype=np.uint8)
    labels = labels.astype(np.int64)
    present = sorted(drawing.legend_entries(labels, words, palette), key=lambda entry: -entry.index)
    return _card(name, title, task, foot) | {
        "src": png_uri(drawing.colour_classes(labels, palette)),
        "legend": [legend_entry(entry) for entry in present],
        "values": {"src": png_uri(labels.astype(np.uint8)), "names": list(words), "unknown": "not labelled"},
        "tokens": True,
    }


def _card(name: str, title: str, task: TaskName, foot: str) -> Map:
    alt = f"{title}, {TASKS[task].title.lower()}: {foot}"
    return {"id": name, "title": title, "alt": alt, "note": foot, "task": task, "colour": TASKS[task].colour}


def _stepped(levels: np.ndarray, steps: int) -> np.ndarray:
    """Few colours make a small PNG."""
    return np.round(levels * steps) / steps

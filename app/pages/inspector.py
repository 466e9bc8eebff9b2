"""The pixel inspector: what every task says at one pixel, how sure it is, what is true there, whom the bridge asked."""

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from app.pages.attention import has_bridge
from app.pages.bridge import bridge_rows
from app.selection import Selection
from app.session import Analysis
from app.wording import percent
from bridgenet import drawing
from bridgenet.tasks import IGNORE, TASKS, TaskName

AXES = {
    "right": (1, 0, 0),
    "left": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "to you": (0, 0, 1),
    "away": (0, 0, -1),
}


def inspector(analysis: Analysis, selection: Selection) -> dict[str, Any]:
    """Value of the inspector."""
    row, column = pixel_of(analysis, selection)
    rows = [task_row(analysis, task, selection) for task in analysis.tasks]
    value: dict[str, Any] = {
        "key": f"{analysis.key}:{column},{row}",
        "title": f"Pixel {column}, {row}",
        "text": "Everything on this page shows this place.",
        "rows": rows,
        "spoken": f"x {column} y {row}: " + ", ".join(f"{entry['title']} {entry['value']}" for entry in rows),
    }
    if has_bridge(analysis):
        parts = bridge_rows(analysis, selection)
        value["shares"] = [
            {"title": TASKS[task].title, "colour": TASKS[task].colour, "share": part.total}
            for task, part in parts.items()
        ]
        value["uniform"] = f"uniform would be {percent(1 / len(parts))} each"
        first = next(iter(parts.values()))
        (line, place), (lines, places) = first.query, first.query_grid
        value["text"] = f"Bridge token {place}, {line} of {places} × {lines}. {value['text']}"
    return value


def task_row(analysis: Analysis, task: TaskName, selection: Selection) -> dict[str, Any]:
    """What one task says: value with its unit, confidence where there is one, and the truth where it is known."""
    place = pixel_of(analysis, selection)
    about, said = TASKS[task], analysis.prediction[task].array[place]
    true = analysis.truth[task][place] if task in analysis.truth else None
    row: dict[str, Any] = {"title": about.title, "colour": about.colour, "task": task}
    match task:
        case "semseg" | "human_parts":
            return row | _class_row(analysis, task, selection, true)
        case "depth":
            near, far = analysis.depth_limits
            measured = None if true is None else f"measured {true:.2f} m" if np.isfinite(true) else "not measured here"
            level = float(np.clip((said - near) / (far - near), 0, 1)) if far > near else None
            return row | {"value": f"{said:.2f} m", "truth": measured, "fraction": level}
        case "normals":
            return row | _normal_row(said, true)
        case "sal" | "edge":
            known = None if true is None or true == IGNORE else ("truth: yes" if true else "truth: no")
            return row | {"value": f"{said:.2f}", "truth": known, "fraction": float(said)}


def pixel_of(analysis: Analysis, selection: Selection) -> tuple[int, int]:
    """Row and column of the selected pixel."""
    return drawing.token_at(selection.x, selection.y, analysis.size)


def class_probabilities(analysis: Analysis, task: TaskName, selection: Selection) -> np.ndarray:
    """Probability of every class at the selected pixel; sums to 1.

    The logits are read where the pixel's centre lies on their grid, as resizing them to the whole photo would do.
    """
    (row, column), (height, width) = pixel_of(analysis, selection), analysis.size
    logits = analysis.trace.logits[task].detach().float().cpu()
    centre = torch.tensor([[[[2 * (column + 0.5) / width - 1, 2 * (row + 0.5) / height - 1]]]])
    sample = F.grid_sample(logits, centre, mode="bilinear", padding_mode="border", align_corners=False)
    return sample[0, :, 0, 0].softmax(dim=0).numpy()


def _class_row(analysis: Analysis, task: TaskName, selection: Selection, true: Any) -> dict[str, Any]:
    names = analysis.prediction[task].classes
    probabilities = class_probabilities(analysis, task, selection)
    order = np.argsort(-probabilities)[:3]
    best = int(order[0])
    truth_names = (
        names if task == "human_parts" else drawing.class_names(analysis.truth_classes) if true is not None else ()
    )
    known = None if true is None or true == IGNORE else f"truth: {truth_names[int(true)]}"
    others = [
        f"{names[index]} {percent(float(probabilities[index]))}" for index in order[1:] if probabilities[index] > 0.01
    ]
    return {
        "value": names[best],
        "detail": percent(float(probabilities[best])),
        "truth": known,
        "fraction": float(probabilities[best]),
        "others": others,
    }


def _normal_row(said: np.ndarray, true: Any) -> dict[str, Any]:
    name, axis = max(AXES.items(), key=lambda entry: float(said @ np.array(entry[1])))
    off = _angle(said, np.array(axis))
    known = (
        None
        if true is None
        else f"{_angle(said, true):.0f}° from the truth"
        if np.isfinite(true).all()
        else "truth unknown here"
    )
    return {
        "value": name if off < 3 else f"{name}, {off:.0f}° off",
        "detail": " ".join(f"{part:+.2f}".replace("-", "−") for part in said),
        "truth": known,
        "fraction": None,
    }


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(float(one @ other), -1, 1))))

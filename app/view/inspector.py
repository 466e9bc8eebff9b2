"""The pixel inspector: what every task says at one pixel, how sure it is, what is true there, whom the bridge asked."""

import numpy as np
import torch
from torch.nn import functional as F

from app.analysis.region import Asked
from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.view.attention import at_place, bridge_shares
from app.view.charts import ShareBar, shares_of
from app.view.maps import disc_uri
from app.view.view import Inspector, InspectorRow, Place
from app.view.wording import percent
from bridgenet import inspection
from bridgenet.kinds import angle_between
from bridgenet.tasks import IGNORE, TASKS, TaskName

AXES = {
    "right": (1, 0, 0),
    "left": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "to you": (0, 0, 1),
    "away": (0, 0, -1),
}

BEST = 3
"""Classes that are listed with their probability."""

CAUTION = "Guesses: this photo is unlike what was learnt."
"""Stands above the answers where `Prediction.caution` says more."""

WORTH_SAYING = 0.005
"""A class with a smaller probability would read `0 %`."""


def inspector(analysis: Analysis, selection: Selection) -> Inspector:
    """What the inspector shows."""
    row, column = pixel_of(analysis, selection)
    rows = [task_row(analysis, task, selection) for task in analysis.tasks]
    text = "Everything on this page shows this place."
    value: Inspector = {
        "key": f"{analysis.key}:{column},{row}",
        "title": f"Pixel {column}, {row}",
        "text": text,
        "rows": rows,
        "spoken": f"x {column} y {row}: {spoken(analysis, rows)}",
        "places": notable_places(analysis, selection.task),
    }
    if analysis.prediction.caution:
        value["caution"] = CAUTION
    return value | bridge_part(analysis, selection, text)


def spoken(analysis: Analysis, rows: list[InspectorRow]) -> str:
    """The answers as they are read aloud."""
    return ", ".join(
        f"{TASKS[task].title} {entry.get('value')}" for task, entry in zip(analysis.tasks, rows, strict=True)
    )


def task_row(analysis: Analysis, task: TaskName, selection: Selection) -> InspectorRow:
    """What one task says: value with its unit, confidence where there is one, and the truth where it is known."""
    place = pixel_of(analysis, selection)
    about, said = TASKS[task], analysis.prediction[task].array[place]
    true = analysis.truth[task][place] if task in analysis.truth else None
    row: InspectorRow = {"title": about.title, "colour": about.colour, "task": task}
    match about.kind:
        case "classes":
            return row | _class_row(analysis, task, selection, true)
        case "metres":
            return row | depth_row(analysis.depth_limits, float(said), true)
        case "direction":
            return row | normal_row(said, true)
        case "probability":
            known = None if true is None or true == IGNORE else ("truth: yes" if true else "truth: no")
            return row | {
                "value": f"{said:.2f}" if np.isfinite(said) else "no value",
                "detail": "probability",
                "truth": known,
                "fraction": float(said) if np.isfinite(said) else None,
            }


def pixel_of(analysis: Analysis, selection: Selection) -> tuple[int, int]:
    """Row and column of the selected pixel."""
    return inspection.token_at(selection.x, selection.y, analysis.size)


def class_probabilities(analysis: Analysis, task: TaskName, selection: Selection) -> np.ndarray:
    """Probability of every class at the selected pixel; sums to 1.

    The logits are read where the pixel's centre lies on their grid, as resizing them to the whole photo would do.
    """
    (row, column), (height, width) = pixel_of(analysis, selection), analysis.size
    logits = analysis.trace.logits[task].detach().float().cpu()
    centre = torch.tensor([[[[2 * (column + 0.5) / width - 1, 2 * (row + 0.5) / height - 1]]]])
    sample = F.grid_sample(logits, centre, mode="bilinear", padding_mode="border", align_corners=False)
    return sample[0, :, 0, 0].softmax(dim=0).numpy()


def bridge_part(analysis: Analysis, selection: Selection, text: str, asked: Asked | None = None) -> Inspector:
    """Share of each task in what the bridge read at the selected pixel or region; empty where there is no bridge.

    Args:
        analysis: The analysed photo.
        selection: Names place, scale and head.
        text: What is said about the place anyway.
        asked: The region; None asks the token at the pixel.
    """
    stage = analysis.trace.stages[selection.scale] if analysis.trace.stages else None
    if stage is None or stage.attention is None:
        return {}
    maps = analysis.result(bridge_shares, selection.scale, selection.head)
    grid = next(iter(maps.values())).shape
    line, place = inspection.token_at(selection.x, selection.y, (grid[0], grid[1]))
    shares: dict[TaskName, float] = {task: at_place(analysis, selection, shown) for task, shown in maps.items()}
    even, most = 1 / len(shares), max(shares, key=lambda task: shares[task])
    words = f"{TASKS[most].title.lower()} most, {percent(shares[most])}; evenly it would be {percent(even)} each"
    return {
        "asked": ShareBar(shares_of(shares), named=False),
        "uniform": words if len(shares) > 1 else "there is one task to ask",
        "text": text if asked else f"Bridge token {place}, {line} of {grid[1]} × {grid[0]}. {text}",
    }


def notable_places(analysis: Analysis, task: TaskName) -> dict[str, Place]:
    """Places worth a visit, as fractions of the photo: `uncertain`, and `bridge` for the selected task."""
    places = {"uncertain": analysis.result(most_uncertain), "bridge": analysis.result(most_refined, task)}
    return {name: place for name, place in places.items() if place is not None}


def most_uncertain(analysis: Analysis) -> Place | None:
    """Where the network is least sure: of the class, else of the part, of edges, of saliency. None without these."""
    for task in ("semseg", "human_parts", "edge", "sal"):
        if task in analysis.prediction:
            answer = analysis.prediction[task]
            certain = np.abs(answer.array - 0.5) if answer.confidence is None else answer.confidence
            return _place_of(np.where(np.isfinite(certain), -certain, -np.inf))
    return None


def most_refined(analysis: Analysis, task: TaskName) -> Place | None:
    """Where the finest stage's refiner, which brings the bridge in, changed the features of a task most.

    None in a network without bridge.
    """
    stage = analysis.trace.stages[-1] if analysis.trace.stages else None
    if stage is None or stage.bridge is None or task not in stage.refined:
        return None
    change = (stage.refined[task] - stage.task_specific[task])[0].float().norm(dim=0)
    return _place_of(change.cpu().numpy())


def _place_of(amount: np.ndarray) -> Place:
    """Centre of the pixel or token with the largest amount."""
    row, column = np.unravel_index(int(np.argmax(amount)), amount.shape)
    return {"x": (int(column) + 0.5) / amount.shape[1], "y": (int(row) + 0.5) / amount.shape[0]}


def depth_row(limits: tuple[float, float], said: float, true: np.generic | None) -> InspectorRow:
    """A distance, between the nearest and the farthest of the photo, and what was measured; NaN: it was not.

    Args:
        limits: Of the photo, in metres.
        said: Metres.
        true: Metres; None where the photo brings no truth.
    """
    near, far = limits

    def level(metres: float) -> float | None:
        return float(np.clip((metres - near) / (far - near), 0, 1)) if far > near and np.isfinite(metres) else None

    if true is None:
        measured = None
    elif np.isfinite(true):
        off = said - float(true)
        measured = f"measured {true:.2f} m, {abs(off):.2f} m too {'far' if off > 0 else 'near'}"
    else:
        measured = "not measured here"
    return {
        "value": f"{said:.2f} m" if np.isfinite(said) else "no value",
        "truth": measured,
        "fraction": level(said),
        "mark": None if true is None else level(float(true)),
        "ends": (f"{near:.1f} m", f"{far:.1f} m") if far > near else None,
    }


def _class_row(analysis: Analysis, task: TaskName, selection: Selection, true: np.generic | None) -> InspectorRow:
    answer = analysis.prediction[task]
    names = answer.classes
    probabilities = class_probabilities(analysis, task, selection)
    order = [int(index) for index in np.argsort(-probabilities)[:BEST]]
    order = [index for index in order if index == order[0] or probabilities[index] >= WORTH_SAYING]
    known = None
    if true is not None and true != IGNORE and task in analysis.true_classes:
        known = f"truth: {analysis.true_classes[task].names[int(true)]}"
    return {
        "value": names[order[0]],
        "detail": f"{percent(float(probabilities[order[0]]))} sure",
        "truth": known,
        "fraction": None,
        "best": [
            {
                "title": names[index],
                "colour": answer.colours[index].lower(),
                "share": float(probabilities[index]),
            }
            for index in order
        ],
    }


def normal_row(said: np.ndarray, true: np.ndarray | None) -> InspectorRow:
    """A direction in words and numbers, and how far it is from the true one; both of length 1."""
    if not np.isfinite(said).all():
        return {"value": "no value", "fraction": None}
    name, axis = max(AXES.items(), key=lambda entry: float(said @ np.array(entry[1])))
    off = _angle(said, np.array(axis))
    # Unlabelled normals are NaN or have no length.
    seen = true if true is not None and np.isfinite(true).all() and np.any(true) else None
    known = (
        None if true is None else "truth unknown here" if seen is None else f"{_angle(said, seen):.0f}° from the truth"
    )
    return {
        "value": name if off < 3 else f"{name}, {off:.0f}° off",
        "detail": " ".join(f"{part:+.2f}".replace("-", "−") for part in said),
        "truth": known,
        "fraction": None,
        "disc": {
            "src": disc_uri(),
            "said": _vector(said),
            "true": None if seen is None else _vector(seen),
        },
    }


def _vector(values: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in values)
    return x, y, z


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(angle_between(torch.from_numpy(one).double(), torch.from_numpy(other).double(), dim=0))

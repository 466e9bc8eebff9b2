"""One map of a viewer: picture, words, legend or scale, and the numbers that hovering reads."""

from typing import Any

import numpy as np

from app.encoding import numbers_uri, png_uri, sampled
from app.session import Analysis
from app.wording import percent
from bridgenet import drawing
from bridgenet.drawing.palette import ScaleName
from bridgenet.tasks import TASKS, TaskName

Map = dict[str, Any]

IMAGE_COLOUR = "#8a867d"


def photo_map(analysis: Analysis, foot: str) -> Map:
    """The photo itself. Its picture is the viewer's own."""
    return {
        "id": "image",
        "title": "Image",
        "alt": f"The photo: {analysis.title}",
        "foot": foot,
        "colour": IMAGE_COLOUR,
    }


def prediction_map(analysis: Analysis, task: TaskName, longest: int) -> Map:
    """The prediction of one task, at most `longest` pixels wide or high."""
    array = sampled(analysis.prediction[task].array, longest)
    about = TASKS[task]
    shared: Map = {"id": task, "task": task, "title": about.title, "colour": about.colour}
    hovered = sampled(array, longest // 2)
    match task:
        case "semseg" | "human_parts":
            return shared | _class_map(array, hovered, analysis, task)
        case "depth":
            low, high = analysis.depth_limits
            return shared | {
                "src": png_uri(drawing.colour_depth(array, (low, high))),
                "alt": f"Predicted depth, from {low:.1f} to {high:.1f} metres",
                "note": "metric",
                "ramp": {"low": f"{low:.1f} m", "high": f"{high:.1f} m", "colours": ramp("viridis", backwards=True)},
                "values": {"src": numbers_uri(hovered, 0.01), "scale": 0.01, "digits": 2, "unit": "m"},
            }
        case "normals":
            return shared | {
                "src": png_uri(drawing.colour_normals(array)),
                "alt": "Predicted surface normals: red to the right, green up, blue toward the viewer",
                "note": "x y z",
                "foot": "right red · up green · to you blue",
                "disc": png_uri(drawing.normals_disc(60)),
                "values": {"normals": True},
            }
        case "sal" | "edge":
            return shared | {
                "src": png_uri(drawing.colour_probability(array)),
                "alt": f"Predicted probability: {about.title.lower()}",
                "note": "probability",
                "ramp": {"low": "0", "high": "1", "colours": ramp("greys")},
                "values": {"src": numbers_uri(hovered, 0.001), "scale": 0.001, "digits": 2},
            }


def error_map(name: str, title: str, task: TaskName, error: np.ndarray, unit: str, foot: str, longest: int) -> Map:
    """How far a prediction is from what was measured, in the unit of the task; NaN where nothing was measured."""
    error = sampled(error.astype(np.float32), longest)
    known = error[np.isfinite(error)]
    high = float(np.percentile(known, 98)) if known.size else 0.0
    return {
        "id": name,
        "title": title,
        "colour": TASKS[task].colour,
        "task": task,
        # 200 steps and the hatching of unknown pixels fit a palette of 256 colours, which makes the PNG small.
        "src": png_uri(drawing.colour_heat(_in_steps(error, high, 200), (0.0, high))),
        "alt": f"{title}: {foot}",
        "note": foot,
        "ramp": {"low": "0", "high": f"{high:.2g} {unit}", "colours": ramp("magma")},
        "values": {"src": numbers_uri(sampled(error, longest // 2), 0.01), "scale": 0.01, "digits": 2, "unit": unit},
    }


def token_map(name: str, title: str, picture: np.ndarray, alt: str, **more: Any) -> Map:
    """A small grid of tokens, drawn without smoothing."""
    return {"id": name, "title": title, "src": png_uri(picture), "alt": alt, "tokens": True, **more}


def heat_map(name: str, title: str, weights: np.ndarray, high: float, alt: str, **more: Any) -> Map:
    """Attention on a grid, from 0 to the top of a scale that several maps share."""
    scale = {"low": "0", "high": f"{high:.2g}", "colours": ramp("magma")}
    step = max(high, 1e-9) / 60_000
    picture = drawing.colour_heat(weights, (0.0, high))
    return token_map(
        name,
        title,
        picture,
        alt,
        ramp=scale,
        values={"src": numbers_uri(weights, step), "scale": step, "significant": 2},
        **more,
    )


def _in_steps(values: np.ndarray, high: float, steps: int) -> np.ndarray:
    return np.round(values * (steps / high)) * (high / steps) if high > 0 else values


def ramp(scale: ScaleName, *, backwards: bool = False) -> list[str]:
    """A colour scale as seven CSS colours."""
    table = drawing.scale_table(scale)[:: -1 if backwards else 1]
    return ["#{:02x}{:02x}{:02x}".format(*table[round(stop * 255 / 6)]) for stop in range(7)]


def _class_map(array: np.ndarray, hovered: np.ndarray, analysis: Analysis, task: TaskName) -> Map:
    dataset = "human_parts" if task == "human_parts" else analysis.dataset
    names, palette = drawing.class_names(dataset), drawing.class_palette(dataset)
    present = drawing.legend_entries(array.astype(np.int64), names, palette)
    if task == "human_parts":
        present = [entry for entry in present if entry.index]
    legend = [
        {"index": entry.index, "name": entry.name, "colour": entry.colour, "share": round(entry.area, 3)}
        for entry in present[:6]
        if entry.area >= 0.005
    ]
    words = ", ".join(f"{entry['name']} {percent(entry['share'])}" for entry in legend) or "nobody found"
    return {
        "src": png_uri(drawing.colour_classes(array.astype(np.int64), palette)),
        "alt": f"{TASKS[task].title}: {words}",
        "note": f"{len(names)} classes" if task == "semseg" else "",
        "legend": legend or None,
        "foot": "No person found." if not legend else None,
        "values": {"src": png_uri(hovered.astype(np.uint8)), "names": list(names)},
        "tokens": True,
    }

"""Overview: the photo, all predictions, and their errors where the truth is known."""

import numpy as np

from app.encoding import LONGEST, photo_uri
from app.pages.maps import Map, error_map, photo_map, prediction_map
from app.pages.page import Page, Value
from app.selection import Selection
from app.session import Analysis
from app.wording import percent, wording
from bridgenet.tasks import IGNORE

COUNTS = ("No", "One answer", "Two", "Three", "Four", "Five", "Six")


def overview(analysis: Analysis, selection: Selection, longest: int = LONGEST) -> Value:
    """Value of the viewer: photo, predictions and error maps, none larger than `longest` pixels."""
    height, width = analysis.size
    say, hint = wording("overview")
    if analysis.dataset == "made_rooms" and analysis.truth_classes != "made_rooms":
        hint = "This checkpoint has only ever seen made rooms: a photo is foreign to it. " + hint
    seen_height, seen_width = analysis.prediction.network_size
    foot = f"{width} × {height}, seen at {seen_width} × {seen_height}"
    maps = [photo_map(analysis, foot), *(prediction_map(analysis, task, longest) for task in analysis.tasks)]
    return {
        "photo": {"src": photo_uri(analysis.prediction.image, longest), "size": [width, height], "key": analysis.key},
        "say": [{"text": say.format(count=COUNTS[len(analysis.tasks)])}],
        "hint": hint,
        "groups": [{"columns": 3, "maps": maps + error_maps(analysis, longest)}],
    }


def error_maps(analysis: Analysis, longest: int = LONGEST) -> list[Map]:
    """Depth error in metres, angle between normals in degrees, and wrongly named pixels, for what is known."""
    maps = []
    if "depth" in analysis.truth and "depth" in analysis.prediction:
        error = np.abs(analysis.prediction["depth"].array - analysis.truth["depth"])
        foot = f"median {_median(error):.2f} m"
        maps.append(error_map("depth-error", "Depth error", "depth", error, "m", foot, longest))
    if "normals" in analysis.truth and "normals" in analysis.prediction:
        cosine = (analysis.prediction["normals"].array * analysis.truth["normals"]).sum(axis=-1)
        angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        foot = f"median {_median(angle):.0f}°"
        maps.append(error_map("normals-error", "Normals error", "normals", angle, "°", foot, longest))
    if "semseg" in analysis.truth and "semseg" in analysis.prediction and analysis.truth_classes == analysis.dataset:
        truth = analysis.truth["semseg"]
        wrong = np.where(truth == IGNORE, np.nan, analysis.prediction["semseg"].array != truth)
        foot = f"{percent(float(np.nanmean(wrong)))} wrong" if np.isfinite(wrong).any() else "not labelled"
        maps.append(error_map("semseg-error", "Wrong class", "semseg", wrong, "", foot, longest))
    return maps


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


PAGE = Page("overview", overview)

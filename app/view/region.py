"""The inspector of a region: what every task says over it, as means over its pixels, and whom the bridge asked."""

import numpy as np

from app.analysis.region import Asked, outline_of
from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.view.inspector import (
    BEST,
    CAUTION,
    WORTH_SAYING,
    bridge_part,
    depth_row,
    normal_row,
    notable_places,
    pixel_of,
    spoken,
)
from app.view.view import Inspector, InspectorRow
from app.view.wording import percent
from bridgenet.inspection.summary import ClassesOver, DirectionsOver, NumbersOver, Summary, over_region
from bridgenet.tasks import TASKS, TaskName


def region_inspector(analysis: Analysis, selection: Selection, asked: Asked) -> Inspector:
    """What the inspector shows of a region: the same rows as of a pixel."""
    row, column = pixel_of(analysis, selection)
    rows = [analysis.result(region_row, task, asked) for task in analysis.tasks]
    words = f"Mean over {pixels(asked.count)}, {percent(asked.pixels.pixels.mean())} of the photo."
    value: Inspector = {
        "key": f"{analysis.key}:{column},{row}:{asked.key}",
        "title": asked.title,
        "text": words,
        "outline": outline_of(analysis, asked),
        "rows": rows,
        "spoken": f"{asked.name}, {words} {spoken(analysis, rows)}",
        "places": notable_places(analysis, selection.task),
    }
    if analysis.prediction.caution:
        value["caution"] = CAUTION
    return value | bridge_part(analysis, selection, words, asked)


def region_row(analysis: Analysis, task: TaskName, asked: Asked) -> InspectorRow:
    """What one task says over a region, how much its pixels differ, and the truth where it is known."""
    about, array = TASKS[task], analysis.prediction[task].array
    row: InspectorRow = {"title": about.title, "colour": about.colour, "task": task}
    truth = analysis.truth.get(task)
    true = None if truth is None else over_region(task, truth, asked.pixels)
    match over_region(task, array, asked.pixels):
        case ClassesOver() as said:
            return row | _class_row(analysis, task, asked, said, true)
        case DirectionsOver() as said:
            seen = true.direction.astype(np.float32) if isinstance(true, DirectionsOver) else None
            told = normal_row(said.direction.astype(np.float32), seen)
            return row | told | {"detail": f"its pixels differ from it by {said.spread:.0f}° on the mean"}
        case NumbersOver() as said if about.kind == "metres":
            return row | _depth_row(analysis, said, truth is not None, true)
        case NumbersOver() as said:
            known = f"truth: yes at {percent(true.mean)} of its pixels" if isinstance(true, NumbersOver) else None
            detail = f"mean probability, {_most(said, '')}"
            return row | {"value": f"{said.mean:.2f}", "detail": detail, "truth": known, "fraction": said.mean}
        case None:
            return row | {"value": "no value", "fraction": None}


def pixels(count: int) -> str:
    """A number of pixels in words."""
    return f"{count:,} pixel{'' if count == 1 else 's'}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _most(said: NumbersOver, unit: str) -> str:
    """Where nine of ten pixels lie."""
    return f"90 % of its pixels from {said.low:.2f} to {said.high:.2f}{unit}"


def _depth_row(analysis: Analysis, said: NumbersOver, brought: bool, true: Summary | None) -> InspectorRow:
    measured = true if isinstance(true, NumbersOver) else None
    real = None if not brought else np.float64("nan") if measured is None else np.float64(measured.mean)
    row = depth_row(analysis.depth_limits, said.mean, real)
    if measured is not None and measured.pixels < said.pixels:
        # Means over other pixels cannot be compared.
        row["truth"] = f"measured {measured.mean:.2f} m at {percent(measured.pixels / said.pixels)} of them"
    return row | {"detail": f"median {said.median:.2f} m, {_most(said, ' m')}"}


def _class_row(
    analysis: Analysis, task: TaskName, asked: Asked, said: ClassesOver, true: Summary | None
) -> InspectorRow:
    answer = analysis.prediction[task]
    most = next(iter(said.shares))
    listed = [index for index, share in said.shares.items() if index == most or share >= WORTH_SAYING][:BEST]
    sure = "" if answer.confidence is None else f", {percent(_mean(answer.confidence, asked))} sure on the mean"
    known = None
    if isinstance(true, ClassesOver) and task in analysis.true_classes:
        index, share = next(iter(true.shares.items()))
        known = f"truth: {analysis.true_classes[task].names[index]} {percent(share)}"
    return {
        "value": answer.classes[most],
        "detail": f"{percent(said.shares[most])} of its pixels{sure}",
        "truth": known,
        "fraction": None,
        "best": [
            {"title": answer.classes[index], "colour": answer.colours[index].lower(), "share": said.shares[index]}
            for index in listed
        ],
    }


def _mean(values: np.ndarray, asked: Asked) -> float:
    return float(values[asked.pixels.pixels].mean(dtype=np.float64))

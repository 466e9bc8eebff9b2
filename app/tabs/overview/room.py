"""The room as a surface in space: predicted depth, seen by the camera as far as that is known, in colours of choice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.analysis.cut import can_be_cut
from app.analysis.selection import Choice, Selection
from app.analysis.session import Analysis
from app.view.attention import asks_tasks, dominant_map
from app.view.changes import shown_size
from app.view.encoding import UNKNOWN, png_uri, sampled
from app.view.maps import prediction_map
from app.view.page import Progress
from app.view.view import LegendEntry, Map, Mesh
from app.view.wording import percent
from bridgenet import drawing
from bridgenet.drawing.glb import glb
from bridgenet.drawing.palette import class_palette
from bridgenet.examples import EXAMPLES
from bridgenet.inspection.mesh import DepthMesh, depth_mesh
from bridgenet.inspection.movers import Movers, movers
from bridgenet.reading.geometry import Camera
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Stage

PAINT = Choice(
    "overview.paint",
    "Colours",
    {
        "photo": "photo",
        "class": "class",
        "normals": "normals",
        "depth": "depth",
        "asked": "who was asked",
        "moved": "who moved it",
    },
)

HINT = (
    "Drag or use the arrow keys to turn, + and − to come nearer; a double click goes back to where the camera stood. "
    "A click selects the pixel, Shift and a click measure from the one before."
)

NOMINAL = 60.0
"""Degrees along the longer side of a photo of which nothing is known: between a phone and a depth camera."""

GLANCE = 320
"""Longest side, in pixels, of what is counted for a sentence: enough for whole per cents."""

SMOOTH = 320
"""Longest side of a picture without borders, in pixels: on the surface it is as sharp as one of more."""

NOBODY = "#b9b6ae"
"""Colour where no cut moves an answer more than random ones."""

TASK_OF: dict[str, TaskName] = {"class": "semseg", "normals": "normals", "depth": "depth"}
"""Predictions whose pictures are colours of the room."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What is supposed of the camera, and on what ground.

    Attributes:
        camera: Of the photo.
        words: A sentence.
    """

    camera: Camera
    words: str


def has_room(analysis: Analysis) -> bool:
    """Whether there is any distance."""
    depth = analysis.prediction["depth"].array if "depth" in analysis.prediction else np.zeros((1, 1))
    return min(depth.shape) > 1 and bool((np.isfinite(depth) & (depth > 0)).any())


def paints(analysis: Analysis) -> dict[str, str]:
    """Colours that this network can give."""
    several = len(analysis.tasks) > 1
    there = {
        "photo": True,
        "asked": several and asks_tasks(analysis),
        "moved": analysis.cut is None and can_be_cut(analysis),
    } | {paint: task in analysis.prediction for paint, task in TASK_OF.items()}
    return {paint: text for paint, text in PAINT.values.items() if there[paint]}


def paint_of(analysis: Analysis, selection: Selection) -> str:
    """The colours that are asked for, as far as the network has them."""
    paint = selection.text(PAINT)
    return paint if paint in paints(analysis) else PAINT.default


def lens_of(analysis: Analysis) -> Lens:
    """The camera of the photo where it is known, else one like that of the pictures that the network learnt from."""
    height, width = analysis.size
    picture = EXAMPLES[analysis.example].load() if analysis.example in EXAMPLES else None
    if picture is not None and picture.camera is not None and picture.pixels.shape[:2] == (height, width):
        camera = Camera(*picture.camera)
        return Lens(camera, f"The camera of this photo is known: it sees {camera.degrees(width):.0f}° across.")
    source = SOURCES.get(analysis.dataset)
    view, like = (source.view, f", as of {source.title}") if source and source.view else (NOMINAL, "")
    words = f"Sizes suppose a camera of {view:.0f}°{like}: with another lens they are right only up to a factor."
    return Lens(Camera.of_view(view, height, width), words)


def mesh_of(analysis: Analysis) -> DepthMesh:
    """The surface of the predicted depth."""
    return depth_mesh(analysis.prediction["depth"].array, analysis.result(lens_of).camera)


def room_map(analysis: Analysis, selection: Selection, longest: int) -> Map:
    """The room, as a map that turns. Where its colours are still to be computed, it has those of the photo."""
    mesh, paint = analysis.result(mesh_of), paint_of(analysis, selection)
    colours = _colours(analysis, selection, paint, longest)
    size = size_in_words(mesh, distance(analysis))
    words = f"The room in 3D, {size}, in the colours of: {PAINT.values[paint]}"
    if about := colours.pop("alt", ""):
        words += f". {about}"
    foot = f"{size.capitalize()}. {analysis.result(lens_of).words}"
    shown: Map = {"id": "room", "title": "The room in 3D", "alt": words, "colour": TASKS["depth"].colour, "foot": foot}
    return shown | {"mesh": mesh_view(mesh, lit=paint != "photo")} | colours


def distance(analysis: Analysis) -> str:
    """How far away all but the nearest and the farthest per cent is; empty where no distance is predicted."""
    if "depth" not in analysis.prediction:
        return ""
    depth = sampled(analysis.prediction["depth"].array, GLANCE)
    if not np.isfinite(depth).any():
        return ""
    near, far = (f"{end:.1f}" for end in drawing.depth_limits(depth))
    return f"{near} m away" if near == far else f"{near} to {far} m away"


def size_in_words(mesh: DepthMesh, away: str) -> str:
    """How large what is seen is, in metres, and how far away: as the headline says it."""
    corners = mesh.vertices.reshape(-1, 3)[np.unique(mesh.triangles)]
    if not len(corners):
        return "of which nothing is a surface"
    width, height, _ = np.ptp(corners, axis=0)
    return f"{width:.1f} m wide, {height:.1f} m high, {away}"


def mesh_view(mesh: DepthMesh, *, lit: bool) -> Mesh:
    """The surface as it crosses to the page: a few bytes a vertex."""
    known = mesh.depth[np.isfinite(mesh.depth)]
    step = max(0.001, float(known.max()) / (UNKNOWN - 1))
    steps = np.where(np.isfinite(mesh.depth), np.nan_to_num(mesh.depth) / step, UNKNOWN).round().astype(np.uint16)
    kept = np.zeros(mesh.depth.shape, dtype=np.uint8)
    kept[:-1, :-1] = mesh.kept[0] + 2 * mesh.kept[1]
    return {
        "src": png_uri(np.stack([steps >> 8, steps & 255, kept], axis=-1).astype(np.uint8)),
        "scale": step,
        "lens": mesh.lens,
        "middle": float(np.median(known)),
        "lit": lit,
        "empty": "" if mesh.kept.any() else "Depth jumps everywhere here: nothing of it is a surface.",
    }


def pending(analysis: Analysis, selection: Selection) -> str:
    """What is still to be computed, in words; nothing if it is all there."""
    if paint_of(analysis, selection) != "moved" or analysis.results.get(movers_of, selection.task) is not None:
        return ""
    return "Every other task is cut, one after the other, and as often something at random."


def movers_of(analysis: Analysis, task: TaskName, report: Progress) -> Movers:
    """Who moved the answer of a task, at every place."""
    words = f"Who moves {TASKS[task].title.lower()}?"
    report(0, 1, words)
    return movers(analysis.own_model(), analysis.trace, task, progress=lambda done, total: report(done, total, words))


def compute(analysis: Analysis, selection: Selection, report: Progress) -> None:
    """The colours that take longer than a moment."""
    if pending(analysis, selection):
        analysis.results.keep(movers_of(analysis, selection.task, report), movers_of, selection.task)


def room_file(analysis: Analysis, selection: Selection, notes: Mapping[str, object]) -> bytes | None:
    """The room as a `.glb` file, in the colours that are chosen; None where nothing is a surface.

    Colours that are still to be computed are those of the photo.
    """
    if not has_room(analysis) or not len((mesh := analysis.result(mesh_of)).triangles):
        return None
    paint = "photo" if pending(analysis, selection) else paint_of(analysis, selection)
    about = {"camera": analysis.result(lens_of).words, "colours": PAINT.values[paint]}
    return glb(mesh, _picture(analysis, selection, paint), analysis.title, {**notes, **about})


def _picture(analysis: Analysis, selection: Selection, paint: str) -> np.ndarray:
    """The colours of the room as a picture over the photo."""
    if paint in TASK_OF:
        limits = analysis.depth_limits if paint == "depth" else None
        return analysis.prediction[TASK_OF[paint]].picture(limits)
    if paint == "asked":
        return drawing.dominant_task_map(_stage(analysis, selection), selection.head)
    found = analysis.results.get(movers_of, selection.task) if paint == "moved" else None
    return analysis.prediction.image if found is None else _mover_colours(found)


def _colours(analysis: Analysis, selection: Selection, paint: str, longest: int) -> Map:
    """The same as the page shows them: picture, legend, and what is to be said of them."""
    if paint in TASK_OF:
        longest = longest if paint == "class" else min(longest, SMOOTH)
        drawn = analysis.result(prediction_map, TASK_OF[paint], longest)
        return _only(drawn, "src", "legend", "ramp", "disc", "tokens")
    if paint == "asked":
        return _only(
            dominant_map(_stage(analysis, selection), selection.head), "src", "legend", "tokens", "alt", "note"
        )
    found = analysis.results.get(movers_of, selection.task) if paint == "moved" else None
    return {} if found is None else _mover_map(analysis, found, selection.task)


def _only(drawn: Map, *parts: str) -> Map:
    return {part: what for part, what in drawn.items() if part in parts}  # type: ignore[return-value]


def _stage(analysis: Analysis, selection: Selection) -> Stage:
    """The scale that is looked at, if its bridge asks tasks; else the finest whose bridge does."""
    stages = analysis.trace.stages
    chosen = stages[selection.scale]
    return chosen if chosen.attention is not None else [stage for stage in stages if stage.attention is not None][-1]


def _mover_map(analysis: Analysis, found: Movers, task: TaskName) -> Map:
    """Who moved an answer: a colour for each task, grey where nobody did."""
    area = np.bincount(found.index.ravel() + 1, minlength=len(found.tasks) + 1) / found.index.size
    names = ["no more than by chance", *(TASKS[other].title for other in _sources(found))]
    colours = [NOBODY, *(TASKS[other].colour for other in _sources(found))]
    legend: list[LegendEntry] = [
        {"index": int(index), "name": names[index], "colour": colours[index], "share": float(area[index])}
        for index in np.argsort(-area, kind="stable")
        if area[index] > 0
    ]
    words = ", ".join(f"{entry['name'].lower()} {percent(entry['share'])}" for entry in legend)
    height, width = shown_size(analysis)
    rows, columns = (
        np.arange(count) * length // count for count, length in zip((height, width), found.index.shape, strict=True)
    )
    return {
        "src": png_uri(_mover_colours(found)[rows][:, columns]),
        "alt": f"The task whose cut moves {TASKS[task].title.lower()} most: {words}",
        "note": f"whose cut moves {TASKS[task].title.lower()} most",
        "legend": legend,
        "tokens": True,
    }


def _sources(found: Movers) -> tuple[TaskName, ...]:
    return found.tasks  # type: ignore[return-value]


def _mover_colours(found: Movers) -> np.ndarray:
    return class_palette([NOBODY, *(TASKS[other].colour for other in _sources(found))])[found.index + 1]

"""Overview: the photo, all predictions, and their errors where the truth is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.analysis.selection import Choice, Selection, Slider
from app.analysis.session import Analysis, Session
from app.tabs.overview import room
from app.tabs.overview.room import GLANCE, PAINT
from app.view.encoding import LONGEST, numbers_uri, png_uri, sampled
from app.view.maps import (
    both_sides,
    classes_said,
    classes_there,
    error_map,
    map_columns,
    photo_map,
    prediction_map,
    ramp,
    truth_uri,
    wiped,
    wrong_map,
)
from app.view.page import Page, Progress, choices, slider, toggle
from app.view.spoken import Spoken
from app.view.view import Follows, Group, LegendEntry, Map, Tool, View, Wipe
from app.view.wording import answers_in_words, percent, wording
from bridgenet import drawing
from bridgenet.kinds import error_array
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName, with_unit

TEXT = Path(__file__).with_name("text.md")

MODE = Choice(
    "overview.mode",
    "Show",
    {"side": "side by side", "slider": "slider", "blend": "over photo", "truth": "with truth", "3d": "3D"},
)
CONTOURS = Choice("overview.contours", "Depth contours", {"off": "off", "on": "on"})
FADE = Choice("overview.fade", "Fade where unsure", {"off": "off", "on": "on"})
OPACITY = Slider("overview.opacity", "Opacity", 0, 1, 0.05, 0.6)
"""It only mixes pictures that the page has: the view does not follow it."""

FOLLOWS: frozenset[Follows] = frozenset({"task", "scale", "head"})

UNSURE = 0.5
"""A pixel whose class has a smaller probability is called uncertain."""

LEGEND = " A legend entry isolates its class, a click on it keeps it."
"""How to use the map of a task that names classes."""


def overview(analysis: Analysis, selection: Selection, longest: int = LONGEST) -> View:
    """Value of the viewer: photo, predictions and error maps, none larger than `longest` pixels."""
    height, width = analysis.size
    _, hint = wording(TEXT)
    hint = hint.format(legend=LEGEND if any(TASKS[task].kind == "classes" for task in analysis.tasks) else "")
    source = SOURCES.get(analysis.dataset)
    caution = analysis.prediction.caution
    if source and not source.photos and analysis.truth_classes != source.name and not caution:
        hint = f"This checkpoint has only ever seen {source.title}: a photo is foreign to it. {hint}"
    if "semseg" in analysis.prediction:
        hint += f" Uncertain: no class reaches {percent(UNSURE)}."
    seen_height, seen_width = analysis.prediction.network_size
    foot = f"{width} × {height}, seen at {seen_width} × {seen_height}"
    mode = mode_of(analysis, selection)
    if mode == "3d":
        return _in_space(analysis, selection, foot, longest)
    contours, fade = (selection.text(option) == "on" for option in (CONTOURS, FADE))
    drawn = (analysis.result(prediction_map, task, longest, contours=contours, fade=fade) for task in analysis.tasks)
    shown = (_shown(entry, analysis, task, mode, longest) for entry, task in zip(drawn, analysis.tasks, strict=True))
    maps = [photo_map(analysis, foot), *shown]
    errors = analysis.result(error_maps, longest)
    columns = map_columns(len(maps))
    if width < 0.8 * height:
        # Tall photos leave room beside each other: four tasks and the photo make one row.
        columns = 5 if len(maps) == 5 else 4
    left = -len(maps) % columns
    if errors and len(errors) <= left:
        # They fill the last row.
        maps, errors = maps + errors, []
    elif left and columns == 3 and (unsure := analysis.result(unsure_map, longest)):
        # In rows of four a gap is not seen.
        maps.append(unsure)
    groups: list[Group] = [{"columns": columns, "maps": maps}]
    if errors:
        text = "the prediction against the truth that this example brings"
        columns = map_columns(len(errors)) if width >= 0.8 * height else columns
        groups.append({"id": "errors", "title": "Errors", "text": text, "columns": columns, "maps": errors})
    view: View = {
        "say": headline(analysis),
        "hint": hint,
        "tools": tools(analysis, selection),
        "groups": groups,
    }
    return view | {"caution": caution} if caution else view


def _in_space(analysis: Analysis, selection: Selection, foot: str, longest: int) -> View:
    """The room as a surface that turns, beside the photo and the map that it is made of."""
    beside = [photo_map(analysis, foot), analysis.result(prediction_map, "depth", longest)]
    view: View = {
        "say": headline(analysis),
        "hint": room.HINT,
        "tools": tools(analysis, selection),
        "groups": [
            {"id": "space", "span": 8, "columns": 1, "maps": [room.room_map(analysis, selection, longest)]},
            {"id": "beside", "span": 4, "columns": 1, "maps": beside},
        ],
    }
    if words := room.pending(analysis, selection):
        view["pending"] = words
    return view


def headline(analysis: Analysis) -> list[Spoken]:
    """What there is and what to notice, in one sentence. Parts with a colour stand out."""
    what, _ = wording(TEXT)
    parts: list[Spoken] = [{"text": what.format(count=answers_in_words(len(analysis.tasks)))}]
    sure = None
    if "semseg" in analysis.prediction:
        answer = analysis.prediction["semseg"]
        palette = drawing.class_palette(answer.colours)
        largest = drawing.legend_entries(sampled(answer.array, GLANCE).astype(np.int64), answer.classes, palette)[:2]
        names = " and ".join(f"{entry.name} {percent(entry.area)}" for entry in largest)
        parts.extend([{"text": ": mostly "}, {"text": names, "colour": TASKS["semseg"].colour}])
        sure = answer.confidence
    if away := room.distance(analysis):
        joint = ", " if len(parts) > 1 else ": everything "
        parts.extend([{"text": joint}, {"text": away, "colour": TASKS["depth"].colour}])
    if sure is not None:
        unsure = float((sampled(sure, GLANCE) < UNSURE).mean())
        parts.append({"text": f", {percent(unsure)} of it uncertain"})
    return [*parts, {"text": "."}]


def flat(selection: Selection) -> Selection:
    """The same on paper: where the room is seen in 3D, all maps side by side."""
    if selection.text(MODE) != "3d":
        return selection
    return replace(selection, options={**selection.options, MODE.name: MODE.default})


def mode_of(analysis: Analysis, selection: Selection) -> str:
    """How predictions are shown; beside the photo where the truth is asked for and not known."""
    mode = selection.text(MODE)
    return mode if mode in modes(analysis) else MODE.default


def modes(analysis: Analysis) -> dict[str, str]:
    """Ways of showing predictions that this photo allows."""
    there = {"truth": any(task in analysis.prediction for task in analysis.truth), "3d": room.has_room(analysis)}
    return {mode: text for mode, text in MODE.values.items() if there.get(mode, True)}


def tools(analysis: Analysis, selection: Selection) -> list[Tool]:
    """Choices that make sense for this checkpoint and this photo."""
    mode = mode_of(analysis, selection)
    row: list[Tool] = [choices(MODE, modes(analysis), mode)]
    if mode == "3d":
        return [*row, choices(PAINT, room.paints(analysis), room.paint_of(analysis, selection))]
    if mode == "blend":
        row.append(slider(OPACITY, selection, kind="mix"))
    if "depth" in analysis.prediction:
        row.append(toggle(CONTOURS, selection))
    if any(analysis.prediction[task].confidence is not None for task in analysis.tasks):
        row.append(toggle(FADE, selection))
    return row


def error_maps(analysis: Analysis, longest: int = LONGEST) -> list[Map]:
    """Errors of all tasks whose truth is known, each in its unit: metres, degrees, wrong classes, probability."""
    return [_error_of(analysis, task, longest) for task in analysis.tasks if analysis.knows(task)]


def unsure_map(analysis: Analysis, longest: int = LONGEST) -> Map | None:
    """How probable it is, by the network's own account, that a pixel is of another class than the one that is shown."""
    sure = analysis.prediction["semseg"].confidence if "semseg" in analysis.prediction else None
    if sure is None:
        return None
    other = 100 * (1 - sampled(sure, longest).astype(np.float32))
    share = percent(float((sampled(sure, GLANCE) < UNSURE).mean()))
    return {
        "id": "unsure",
        "title": "Another class",
        "colour": TASKS["semseg"].colour,
        "src": png_uri(drawing.colour_heat(other, (0.0, 100.0))),
        "alt": f"Probability that the class is another one: above {percent(1 - UNSURE)} in {share} of the photo",
        "note": f"{share} uncertain",
        "ramp": {"low": "0", "high": "100 %", "colours": ramp("magma")},
        "foot": "probability, as the network says itself",
        "values": {"src": numbers_uri(sampled(other, longest // 2), 0.01), "scale": 0.01, "digits": 0, "unit": "%"},
    }


def _error_of(analysis: Analysis, task: TaskName, longest: int) -> Map:
    error = error_array(task, analysis.prediction[task].array, analysis.truth[task])
    known = error[np.isfinite(error)]
    name, title = f"{task}-error", f"{TASKS[task].title} error"
    if TASKS[task].kind == "classes":
        title = f"Wrong {TASKS[task].member}"
        foot = f"{percent(float(known.mean()))} wrong" if known.size else "not labelled"
        return wrong_map(name, title, task, error, foot, longest)
    digits = 0 if TASKS[task].kind == "direction" else 2
    unit, statistic = TASKS[task].pixel_unit, "mean" if TASKS[task].kind == "probability" else "median"
    middle = {"median": np.median, "mean": np.mean}[statistic]
    foot = f"{statistic} {with_unit(f'{middle(known):.{digits}f}', unit)}" if known.size else "nothing measured"
    return error_map(name, title, task, error, unit, foot, longest)


def _shown(entry: Map, analysis: Analysis, task: TaskName, mode: str, longest: int) -> Map:
    """A prediction with the photo or the truth under a slider, or blended over the photo."""
    title = entry.get("title", "")
    match mode:
        case "slider":
            words, label = f"The photo: {analysis.title}", f"Photo or {title}: slide"
            wipe: Wipe = {"src": "", "alt": words, "label": label, "left": "photo", "right": "prediction"}
            return entry | {"wipe": wipe}
        case "blend":
            return entry | {"blend": True}
        case "truth":
            source = truth_uri(analysis, task, longest)
            if source is None:
                return entry | {"foot": entry.get("foot") or "truth not known"}
            words, label = f"Truth: {title}", f"Truth or prediction of {title}: slide"
            wipe = {"src": source, "alt": words, "label": label, "left": "truth", "right": "prediction"}
            return wiped(entry, wipe, _truth_and_answer(analysis, task, longest))
        case _:
            return entry


def _truth_and_answer(analysis: Analysis, task: TaskName, longest: int) -> list[LegendEntry]:
    """Classes that are there, or said to be."""
    if TASKS[task].kind != "classes":
        return []
    truth = classes_there(task, analysis.true_classes[task], sampled(analysis.truth[task], longest))
    return both_sides(truth, classes_said(analysis, task, longest))


def _ignored(selection: Selection) -> frozenset[Follows]:
    """What does not change what is shown: only two ways of colouring the room follow anything."""
    followed: dict[str, frozenset[Follows]] = {"asked": frozenset({"scale", "head"}), "moved": frozenset({"task"})}
    in_space = selection.text(MODE) == "3d"
    return FOLLOWS - followed.get(selection.text(PAINT), frozenset()) if in_space else FOLLOWS


def _compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    if mode_of(analysis, selection) == "3d":
        room.compute(analysis, selection, report)


PAGE = Page(
    "overview",
    overview,
    follows=FOLLOWS,
    options=(MODE, CONTOURS, FADE, PAINT),
    compute=_compute,
    ignores=_ignored,
    cuts=True,
    expert=frozenset({CONTOURS.name, FADE.name}),
)

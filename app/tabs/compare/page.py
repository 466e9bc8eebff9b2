"""Compare: two photos, two checkpoints, or one photo before and after an intervention, at one place."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from app.analysis.selection import Choice, Selection, Word
from app.analysis.session import Analysis, Session
from app.tabs.compare.inside import inside
from app.tabs.compare.pairs import AS_IT_IS, CHECKPOINT, MIRRORED, ON_PHOTO, Pair, Side, interventions, make_pair
from app.view.charts import ShareRows, Table, TableCell, shares_of
from app.view.encoding import numbers_uri, png_uri, sampled
from app.view.inspector import pixel_of, task_row
from app.view.maps import MOST_CLASSES, both_sides, classes_said, error_map, prediction_map, ramp, wiped
from app.view.own_errors import error_of
from app.view.page import Page, Progress, button, choice, choices, word
from app.view.spoken import Share, Spoken
from app.view.view import Group, LegendEntry, Map, Tool, View, Wipe
from app.view.wording import wording
from bridgenet import drawing
from bridgenet.tasks import TASKS, TaskName, of_kind, significant

TEXT = Path(__file__).with_name("text.md")

WITH = Word("compare.with", "B is")
SHOW = Choice("compare.show", "Show", {"wipe": "A | B wipe", "sides": "side by side", "inside": "inside both"})

INSIDE = "inside"

LONGEST = 320
"""Longest side of a map, in pixels: there are many, and they come again with every place."""

LEGEND, NAMED = 3, 0.9
"""Classes in the legend of a map: so many, and more until they are that share of it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair with what does not depend on the place.

    Attributes:
        pair: A and B.
        differences: B minus A at every pixel, of the tasks that can be compared so.
        errors: Mean errors of A and B against the ground truth, of the tasks where it is known.
        maps: Groups of maps, by the value of `SHOW`, drawn when they are first asked for.
    """

    pair: Pair
    differences: dict[TaskName, np.ndarray]
    errors: dict[TaskName, tuple[float, float]]
    maps: dict[str, list[Group]] = field(default_factory=dict)

    @property
    def changes(self) -> dict[TaskName, float]:
        """Mean amount of each difference."""
        return {task: _mean_amount(difference) for task, difference in self.differences.items()}


def measured(pair: Pair) -> Compared:
    """A pair with its differences and errors."""
    differences: dict[TaskName, np.ndarray] = {}
    errors: dict[TaskName, tuple[float, float]] = {}
    for task in pair.tasks:
        if pair.comparable(task):
            differences[task] = pair.difference(task)
        a, b = error_of(pair.a.analysis, task), error_of(pair.b.analysis, task)
        if a is not None and b is not None:
            errors[task] = a, b
    return Compared(pair, differences, errors)


def compare(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: numbers at the place and over the photo, who was asked, and the maps of every task."""
    _, hint = wording(TEXT)
    compared = analysis.results.get(measured, *pair_key(analysis, selection))
    parts = len(interventions(analysis)) > len(ON_PHOTO)
    others = "mirrored, with noise, or a part of the network switched off" if parts else "mirrored or with noise"
    hint = hint.format(others=others)
    shared: View = {"hint": hint, "tools": _tools(analysis, selection, compared)}
    if compared is None:
        say: list[Spoken] = [{"text": "Two answers, side by side."}]
        return shared | {"say": say, "groups": [], "pending": "B is still to be computed."}
    pair = compared.pair
    show = shown(pair, selection)
    if show == INSIDE and show not in compared.maps:
        return shared | {"say": sentence(compared, selection), "groups": [], "pending": "Neither was looked into yet."}
    if show not in compared.maps:
        compared.maps[show] = map_groups(compared, show)
    words = f"A: {pair.a.words} · B: {pair.b.words}{left_out(pair)}"
    numbers = numbers_table(compared, selection) | {"id": "numbers", "title": "At this place", "text": words}
    return shared | {
        "say": sentence(compared, selection),
        "groups": [*compared.maps[show], numbers, *asked(pair, selection)],
    }


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """Find or make A and B, measure what they differ by, and draw the maps.

    Raises:
        StudioError: A pin was released, or the checkpoint cannot be loaded.
    """
    analysis.results.keep(checkpoints_of(session), checkpoints_of)
    report(0, 2, "Asking the network about B")
    pair = make_pair(session, analysis, selection.pins, other_of(analysis, selection))
    report(1, 2, "Drawing A and B")
    compared = measured(pair)
    show = shown(pair, selection)
    analysis.results.keep(compared, measured, *pair_key(analysis, selection))
    if show == INSIDE:
        both = [session.recall(side.analysis.key) or side.analysis for side in (pair.a, pair.b)]
        compared.maps[show] = inside(both[0], both[1], pair, report)
    else:
        compared.maps[show] = map_groups(compared, show)
    report(2, 2, "Drawing A and B")


def shown(pair: Pair, selection: Selection) -> str:
    """How A and B are shown, as far as these two can be: photos that differ side by side, two networks also inside."""
    if not pair.same_photo:
        return "sides"
    asked = selection.text(SHOW)
    return asked if asked != INSIDE or pair.two_networks else SHOW.default


def other_of(analysis: Analysis, selection: Selection) -> str:
    """What B is where nothing is pinned, as this checkpoint can mean it."""
    asked_for = selection.text(WITH)
    another = asked_for.startswith(CHECKPOINT) and asked_for != f"{CHECKPOINT}{analysis.checkpoint}"
    return asked_for if another or asked_for in interventions(analysis) else MIRRORED


def pair_key(analysis: Analysis, selection: Selection) -> tuple[str, ...]:
    """Names a pair: equal keys, equal A and B."""
    return (*_pinned_keys(selection), other_of(analysis, selection))


def checkpoints_of(session: Session) -> tuple[str, ...]:
    """Names of the networks that can be asked about the same photo."""
    return tuple(session.checkpoints)


def _pinned_keys(selection: Selection) -> list[str]:
    """Keys of what is pinned as A and B; empty where nothing is."""
    pins = [selection.pins.get(letter) for letter in ("A", "B")]
    return [str(pin.get("key")) if isinstance(pin, dict) else "" for pin in pins]


def sentence(compared: Compared, selection: Selection) -> list[Spoken]:
    """How much A and B differ, in words."""
    pair, changes = compared.pair, compared.changes
    if not pair.same_photo or not changes:
        return _apart(pair, selection)
    if not any(changes.values()):
        return [{"text": wording(TEXT)[0]}]
    named = pair.a.words == AS_IT_IS
    parts: list[Spoken] = [
        {"text": f"With {pair.b.words}, " if named else f"Between {pair.a.words} and {pair.b.words}, "}
    ]
    moving: list[TaskName] = [task for task in changes if changes[task] > 0]
    for index, task in enumerate(moving):
        link = "" if index == 0 else ", " if index < len(moving) - 1 else " and "
        measured: Spoken = {"text": difference_words(task, changes[task]), "colour": TASKS[task].colour}
        if TASKS[task].kind == "classes":
            end = f" of the pixels {'change' if named else 'differ in'} {TASKS[task].member}"
            parts.extend([{"text": link}, measured, {"text": end}])
        else:
            verb = "" if set(moving[:index]) - set(of_kind("classes")) else _verb(task, "move" if named else "differ")
            parts.extend([{"text": f"{link}{TASKS[task].title.lower()}{verb} by "}, measured])
    return [*parts, {"text": "."}]


def _verb(task: TaskName, verb: str) -> str:
    return f" {verb}" if TASKS[task].title.endswith("s") else f" {verb}s"


def _apart(pair: Pair, selection: Selection) -> list[Spoken]:
    parts: list[Spoken] = [{"text": "At the same relative place: "}]
    for index, task in enumerate(pair.tasks[:2]):
        one, other = (task_row(side.analysis, task, selection).get("value", "") for side in (pair.a, pair.b))
        words = f"{one} and {other}" if one != other else f"{one} in both"
        parts.extend([{"text": ", " if index else ""}, {"text": words, "colour": TASKS[task].colour}])
    return [*parts, {"text": "."}]


def left_out(pair: Pair) -> str:
    """What is not compared, and why."""
    notes = []
    if names := [TASKS[task].title.lower() for task in pair.left_out]:
        notes.append(f"only one of them answers {', '.join(names)}")
    if pair.same_photo and not all(pair.comparable(task) for task in pair.tasks):
        notes.append("their segmentations name different classes, so these are not compared pixel by pixel")
    if not pair.same_photo:
        notes.append("two photos: their pixels are not compared")
    return "".join(f" · {note}" for note in notes)


def numbers_table(compared: Compared, selection: Selection) -> Group:
    """Every task at the place, over the photo, and against the ground truth where both have it."""
    pair, changes = compared.pair, compared.changes
    head: list[TableCell] = ["Task", "A", "B"]
    head += ["Differs here by", "Mean, photo"] if changes else []
    head += ["Mean error of A, of B"] if compared.errors else []
    rows: list[list[TableCell]] = []
    for task in pair.tasks:
        said = [task_row(side.analysis, task, selection).get("value", "") for side in (pair.a, pair.b)]
        row: list[TableCell] = [{"text": TASKS[task].title, "colour": TASKS[task].colour}, *said]
        if changes:
            row += _differences(compared, task, selection)
        if compared.errors:
            row.append(
                _errors(task, *compared.errors[task], judged=pair.same_photo)
                if task in compared.errors
                else "not known"
            )
        rows.append(row)
    return {"chart": Table(head, rows), "alt": "What A and B say at this place, and how far they differ"}


def _differences(compared: Compared, task: TaskName, selection: Selection) -> list[str]:
    if task not in compared.differences:
        return ["other classes", "not compared"]
    difference = compared.differences[task]
    here = float(difference[pixel_of(compared.pair.a.analysis, selection)])
    there = difference_words(task, _mean_amount(difference))
    if TASKS[task].kind == "classes":
        return ["another class" if here else "same class", f"{there} of pixels"]
    return [difference_words(task, here, signed=TASKS[task].kind != "direction"), there]


def _errors(task: TaskName, a: float, b: float, *, judged: bool) -> str:
    """Both errors, and of the same photo which is smaller."""
    first, second = (difference_words(task, error).replace(" ", "\N{NO-BREAK SPACE}") for error in (a, b))
    told = f"{first}, {second}"
    if not judged:
        return told
    # What is not seen in the numbers is no difference to speak of.
    differ = first != second and any(digit in difference_words(task, b - a) for digit in "123456789")
    verdict = f"B {'better' if b < a else 'worse'}" if differ else "the same"
    return f"{told}: {verdict}"


def difference_words(task: TaskName, value: float, *, signed: bool = False) -> str:
    """A difference or an error in the unit of its task."""
    sign = "+" if signed else ""
    match TASKS[task].kind:
        case "classes":
            text = f"{100 * value:{sign}.1f} %"
        case "metres":
            text = f"{value:{sign}.2f} m"
        case "direction":
            text = f"{value:{sign}.1f}°"
        case "probability":
            text = f"{value:{sign}.3f}"
    return text.replace("-", "−") if any(digit in text for digit in "123456789") else text.replace("-", "+")


def asked(pair: Pair, selection: Selection) -> list[Group]:
    """Who the bridge asked at the place, in A and in B; nothing where neither has a bridge."""
    rows: dict[str, list[Share]] = {}
    for letter, side in (("A", pair.a), ("B", pair.b)):
        if (shares := side.shares(selection)) is not None:
            rows[f"{letter}: {side.words}"] = shares_of(shares)
    return [{"id": "asked", "title": "Who the bridge asked here", "chart": ShareRows(rows)}] if rows else []


def map_groups(compared: Compared, show: str) -> list[Group]:
    """Per task: A and B on one scale, as a wipe or side by side, and their difference."""
    pair, groups = compared.pair, list[Group]()
    for task in pair.tasks:
        a, b = (_side_map(letter, side, task) for letter, side in (("A", pair.a), ("B", pair.b)))
        maps = [a, b]
        if show == "wipe" and pair.comparable(task):
            title = TASKS[task].title
            over: Wipe = {"alt": a.get("alt", ""), "left": "A", "right": "B", "label": f"{title}: A | B"}
            over["src"] = a.get("src", "")
            maps = [wiped(b | {"id": f"{task}-wipe", "title": title, "note": "A | B"}, over, _both(pair, task))]
        if task in compared.differences:
            maps.append(difference_map(task, compared.differences[task]))
        columns = 3 if show == "sides" and len(maps) == 3 else 2
        groups.append({"id": task, "columns": columns, "span": 12 if columns == 3 else 6, "maps": maps})
    return groups


def _both(pair: Pair, task: TaskName) -> list[LegendEntry]:
    """Classes that A and B name: those that either has in the legend of its side."""
    a, b = (classes_said(side.analysis, task, LONGEST) for side in (pair.a, pair.b))
    named = {entry["name"] for side in (a, b) for entry in _most_of(side[:MOST_CLASSES])}
    return [entry for entry in both_sides(a, b) if entry["name"] in named]


def _most_of(legend: list[LegendEntry]) -> list[LegendEntry]:
    """The classes that a legend has room for, and those without which it would leave out much of the map."""
    before = np.cumsum([0, *(entry["share"] for entry in legend)])
    return legend[: max(LEGEND, int((before[:-1] < NAMED).sum()))]


def _side_map(letter: str, side: Side, task: TaskName) -> Map:
    drawn = prediction_map(side.analysis, task, LONGEST)
    alt = f"{letter}, {side.words}: {drawn.get('alt')}"
    title = f"{letter} · {drawn.get('title')}"
    if legend := drawn.get("legend"):
        drawn |= {"legend": _most_of(legend)}
    return drawn | {"id": f"{task}-{letter.lower()}", "title": title, "alt": alt, "note": "", "threshold": None}


def difference_map(task: TaskName, difference: np.ndarray) -> Map:
    """B minus A at every pixel, in the unit of the task."""
    about = TASKS[task]
    name, title, unit = f"{task}-difference", "B − A", about.pixel_unit
    mean = difference_words(task, _mean_amount(difference))
    if TASKS[task].kind == "classes":
        drawn = error_map(name, "Changed", task, difference, unit, mean, LONGEST)
        return drawn | {
            "ramp": None,
            "foot": f"bright: another {about.member}, in % of the pixels",
        }
    if about.kind == "direction":
        return error_map(name, "Angle", task, difference, unit, f"mean {mean}", LONGEST)
    small = sampled(difference, LONGEST)
    limit = max(float(np.percentile(np.abs(small), 98)), 1e-6)
    step = 0.001
    high = f"{significant(limit)} {unit}".strip()
    more = "farther" if about.kind == "metres" else "more likely"
    return {
        "id": name,
        "task": task,
        "title": title,
        "colour": about.colour,
        "note": f"mean {mean}",
        "src": png_uri(drawing.colour_signed(np.round(small * (100 / limit)) * (limit / 100), limit)),
        "alt": f"{about.title}, B minus A: red where B is {more}, blue where it is less so, white where they agree",
        "ramp": {"low": f"−{high}", "high": f"+{high}", "colours": ramp("rdbu")},
        "values": {
            "src": numbers_uri(sampled(difference, LONGEST // 2) + 32.0, step),
            "scale": step,
            "offset": -32.0,
            "digits": 2,
            "unit": unit,
        },
    }


def _mean_amount(difference: np.ndarray) -> float:
    return float(np.abs(difference).mean(dtype=np.float64))


def _tools(analysis: Analysis, selection: Selection, compared: Compared | None) -> list[Tool]:
    others = dict(interventions(analysis))
    for name in analysis.results.get(checkpoints_of) or ():
        if name != analysis.checkpoint:
            others[f"{CHECKPOINT}{name}"] = f"checkpoint {name}"
    chosen = replace(selection, options={**selection.options, WITH.name: other_of(analysis, selection)})
    tools: list[Tool] = []
    a, b = _pinned_keys(selection)
    if a in ("", analysis.key) and not b:
        tools.append(word(WITH, chosen, others))
    if compared is None:
        tools.append(choice(SHOW, selection))
    elif compared.pair.same_photo:
        offered = {show: text for show, text in SHOW.values.items() if show != INSIDE or compared.pair.two_networks}
        tools.append(choices(SHOW, offered, shown(compared.pair, selection)))
    return [*tools, button("unpin", "Release pins")] if selection.pins else tools


PAGE = Page(
    "compare",
    compare,
    follows=frozenset({"place", "scale", "head", "pins"}),
    options=(WITH, SHOW),
    compute=compute,
)

"""Refinement: every prediction without and with the bridge, and with more or less of it."""

from pathlib import Path
from typing import Any

from app.analysis.selection import Selection, Slider
from app.analysis.session import Analysis
from app.tabs.refinement.strengths import STRIP, Step, compute, is_computed, step_of, steps_so_far, unit_of
from app.view.attention import has_bridge
from app.view.axes import ticks
from app.view.changes import LONGEST, amount
from app.view.maps import Map, prediction_map
from app.view.page import Page, Value, tool
from app.view.wording import percent, wording
from bridgenet.tasks import TASKS, TaskName

TEXT = Path(__file__).with_name("text.md")

ALPHA = Slider("refinement.alpha", "Bridge strength", 0, 2, 0.05, 1)

MOST_CLASSES = 3
"""Entries of a legend: the maps are small."""


def refinement(analysis: Analysis, selection: Selection) -> Value:
    """Value of the viewer: before | after, the differences, the film strip and the curve of the selected task."""
    _, hint = wording(TEXT)
    alpha = selection.number(ALPHA)
    shared: Value = {"hint": hint, "tools": [tool(ALPHA, selection)]}
    if not is_computed(analysis):
        maps = [_shown(prediction_map(analysis, task, LONGEST)) for task in analysis.tasks]
        words = "The refinement is repeated with more and less of the bridge."
        say = [{"text": "What does the bridge add?"}]
        return shared | {"say": say, "groups": [{"columns": columns_of(analysis), "maps": maps}], "pending": words}
    before, step = step_of(analysis, 0.0), step_of(analysis, alpha)
    groups = [
        wipes(analysis, before, step, alpha),
        differences(analysis, step),
        film_strip(analysis, selection.task),
        curve(analysis, selection.task, alpha),
        counts(analysis, step),
    ]
    return shared | {"say": sentence(step, alpha), "groups": groups}


def sentence(step: Step, alpha: float) -> list[dict[str, str]]:
    """How much of each task the bridge moved."""
    if alpha == 0:
        return [{"text": "Without the bridge, every task is left to itself."}]
    tasks = list(step.changed)
    parts = [{"text": "The bridge moves " if alpha == 1 else f"At {alpha:g} × its strength the bridge moves "}]
    for index, task in enumerate(tasks):
        parts.append({"text": moved_words(task, step), "colour": TASKS[task].colour})
        parts.append({"text": ", " if index < len(tasks) - 2 else " and " if index == len(tasks) - 2 else "."})
    return parts


def moved_words(task: TaskName, step: Step) -> str:
    """A task and how much it moved."""
    title, effect = TASKS[task].title.lower(), amount(step.effect[task], task)
    if TASKS[task].kind == "classes":
        return f"{effect} % of {title}"
    return f"{title} by {effect}{unit_of(task)}"


def wipes(analysis: Analysis, before: Step, step: Step, alpha: float) -> Value:
    """Without the bridge | at a strength, one map per task."""
    maps = []
    for task in analysis.tasks:
        title, shown = TASKS[task].title, _shown(step.maps[task])
        wipe = {
            "src": before.maps[task]["src"],
            "alt": f"Without the bridge: {before.maps[task]['alt']}",
            "label": f"{title} without or with the bridge: slide",
            "left": "without",
            "right": "with" if alpha == 1 else f"{alpha:.2f} ×",
        }
        alt = f"At bridge strength {alpha:.2f}: {shown['alt']}"
        maps.append(shown | {"id": f"refined-{task}", "wipe": wipe, "alt": alt})
    learnt = "right: strength 1, which is the prediction itself, bit for bit"
    return {
        "id": "wipes",
        "title": "Without | with the bridge",
        "text": learnt if step.exact else f"right: {alpha:.2f} × the learnt strength",
        "columns": columns_of(analysis),
        "maps": maps,
    }


def differences(analysis: Analysis, step: Step) -> Value:
    """Where the bridge moved each task, and where the truth is known: to the better or the worse."""
    words = "right against left"
    if step.error:
        words += "; where the truth is known: mean error, blue nearer to the truth, red farther from it"
    maps = [step.changes[task] for task in analysis.tasks]
    return {"id": "changes", "title": "Difference", "text": words, "columns": columns_of(analysis), "maps": maps}


def film_strip(analysis: Analysis, task: TaskName) -> Value:
    """One task with more and more of the bridge."""
    maps = []
    for alpha in STRIP:
        shown = step_of(analysis, alpha).maps[task]
        same: Map = {name: shown[name] for name in ("src", "colour", "values", "tokens") if name in shown}
        title = {0.0: "without", 1.0: "1 ×, as learnt"}.get(alpha, f"{alpha:g} ×")
        alt = f"At bridge strength {alpha:g}: {shown['alt']}"
        maps.append(same | {"id": f"strip-{alpha:g}", "title": title, "alt": alt})
    title, words = (
        f"{TASKS[task].title} with more and more bridge",
        "other tasks: choose one on the left",
    )
    return {"id": "strip", "title": title, "text": words, "columns": len(STRIP), "maps": maps}


def curve(analysis: Analysis, task: TaskName, alpha: float) -> Value:
    """Error (change where the truth is not known) at every strength that was tried so far."""
    steps = steps_so_far(analysis)
    known = all(task in step.error for _, step in steps)
    points = [[strength, (step.error if known else step.effect)[task]] for strength, step in steps]
    values = [value for _, value in points]
    margin = 0.1 * (max(values) - min(values)) or 1e-6
    low, high = max(min(values) - margin, 0.0) if known else 0.0, max(values) + margin
    what = f"{'error' if known else 'change'}, {TASKS[task].change_unit}".replace(
        "% of pixels", "% of pixels wrong" if known else "% of pixels"
    )
    return {
        "id": "curve",
        "kind": "lines",
        "span": 6,
        "title": f"{TASKS[task].title}: {'error' if known else 'change'}",
        "text": "by strength, with your tries",
        "series": [{"name": what, "colour": TASKS[task].colour, "points": points}],
        "x": {"label": "bridge strength", "low": 0, "high": 2, "ticks": [[value, f"{value:g}"] for value in STRIP]},
        "y": {"label": "", "low": low, "high": high, "ticks": ticks(low, high)},
        "mark": alpha,
        "alt": f"{what} of {TASKS[task].title.lower()}: " + ", ".join(f"{value:.3g} at {at:g}" for at, value in points),
    }


def counts(analysis: Analysis, step: Step) -> Value:
    """How many pixels changed, by how much, and whether for the better."""
    truth = any(changed.to_truth is not None for changed in step.changed.values())
    rows: list[list[Any]] = []
    for task in analysis.tasks:
        changed = step.changed[task]
        tolerance = f">\N{NO-BREAK SPACE}{changed.tolerance:g}{unit_of(task)}"
        row = [f"{100 * changed.share:.1f}\N{NO-BREAK SPACE}%", "class" if TASKS[task].kind == "classes" else tolerance]
        better = ["–" if changed.to_truth is None else percent(changed.to_truth)] if truth else []
        rows.append([{"text": TASKS[task].title, "colour": TASKS[task].colour}, *row, *better])
    return {
        "id": "counts",
        "kind": "table",
        "span": 6,
        "title": "Pixels that changed",
        "text": "and the part that moved to the truth" if truth else "",
        "head": ["Task", "Changed", "By", *(["To the truth"] if truth else [])],
        "rows": rows,
        "alt": "Share of changed pixels by task",
    }


def columns_of(analysis: Analysis) -> int:
    """Maps side by side: all tasks, if they fit."""
    return len(analysis.tasks) if len(analysis.tasks) in (1, 2, 4) else 3


def _shown(prediction: Map) -> Map:
    """A prediction as a small map under a slider."""
    shown = {name: part for name, part in prediction.items() if name not in ("threshold", "note")}
    if shown.get("legend"):
        shown["legend"] = shown["legend"][:MOST_CLASSES]
    return shown | {"title": TASKS[prediction["task"]].title}


PAGE = Page("refinement", refinement, follows=frozenset({"task"}), options=(ALPHA,), exists=has_bridge, compute=compute)

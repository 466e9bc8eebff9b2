"""Refinement: every prediction without and with the bridge, and with more or less of it."""

from pathlib import Path

from app.analysis.selection import Selection, Slider
from app.analysis.session import Analysis
from app.tabs.refinement.lens import lens
from app.tabs.refinement.strengths import (
    STRIP,
    Step,
    classes_at,
    compute,
    difference_of,
    is_computed,
    is_exact,
    picture_of,
    said,
    step_of,
    strengths_so_far,
)
from app.view.attention import has_bridge, reads_tokens
from app.view.axes import ticks
from app.view.changes import LONGEST, amount
from app.view.charts import Table, TableCell
from app.view.maps import both_sides, prediction_map, wiped
from app.view.page import Page, slider
from app.view.spoken import Spoken
from app.view.view import Group, Map, View, Wipe
from app.view.wording import percent, wording
from bridgenet.drawing.charts import Curve, Curves
from bridgenet.drawing.sheet import Axis
from bridgenet.inspection.refinement import Changed
from bridgenet.tasks import TASKS, TaskName, significant

TEXT = Path(__file__).with_name("text.md")

ALPHA = Slider("refinement.alpha", "Bridge strength", 0, 2, 0.05, 1)


def refinement(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: before | after, the differences, the film strip and the curve of the selected task."""
    _, hint = wording(TEXT)
    alpha = selection.number(ALPHA)
    shared: View = {"hint": hint, "tools": [slider(ALPHA, selection)]}
    if not is_computed(analysis):
        maps = [_shown(prediction_map(analysis, task, LONGEST), task) for task in analysis.tasks]
        groups: list[Group] = [{"columns": columns_of(analysis), "maps": maps}]
        words = "The refinement is repeated with more and less of the bridge."
        return shared | {"say": [{"text": "What does the bridge add?"}], "groups": groups, "pending": words}
    groups = [
        wipes(analysis, alpha),
        differences(analysis, alpha),
        analysis.result(lens, selection.task),
        film_strip(analysis, selection.task),
        curve(analysis, selection.task, alpha),
        counts(analysis, alpha),
    ]
    return shared | {"say": sentence(analysis, alpha), "groups": groups}


def sentence(analysis: Analysis, alpha: float) -> list[Spoken]:
    """How much of each task the bridge moved."""
    if alpha == 0:
        left = "tasks still read each other's tokens" if reads_tokens(analysis) else "every task is left to itself"
        return [{"text": f"Without the bridge, {left}."}]
    tasks = analysis.tasks
    parts: list[Spoken] = [
        {"text": "The bridge moves " if alpha == 1 else f"At {alpha:g} × its strength the bridge moves "}
    ]
    for index, task in enumerate(tasks):
        parts.append({"text": moved_words(task, step_of(analysis, alpha, task)), "colour": TASKS[task].colour})
        parts.append({"text": ", " if index < len(tasks) - 2 else " and " if index == len(tasks) - 2 else "."})
    return parts


def moved_words(task: TaskName, step: Step) -> str:
    """A task and how much it moved."""
    title = TASKS[task].title.lower()
    if TASKS[task].kind == "classes":
        return f"{amount(step.effect, task)} % of {title}"
    return f"{title} by {said(amount(step.effect, task), task)}"


def wipes(analysis: Analysis, alpha: float) -> Group:
    """Without the bridge | at a strength, one map per task."""
    maps: list[Map] = []
    for task in analysis.tasks:
        title, without = TASKS[task].title, picture_of(analysis, 0, task)
        shown = _shown(picture_of(analysis, alpha, task), task)
        wipe: Wipe = {
            "src": without.get("src", ""),
            "alt": f"Without the bridge: {without.get('alt')}",
            "label": f"{title} without or with the bridge: slide",
            "left": "without",
            "right": "with" if alpha == 1 else f"{alpha:.2f} ×",
        }
        alt = f"At bridge strength {alpha:.2f}: {shown.get('alt')}"
        legend = both_sides(*(classes_at(analysis, strength, task) for strength in (0, alpha)))
        maps.append(wiped(shown | {"id": f"refined-{task}", "alt": alt}, wipe, legend))
    learnt = "right: strength 1, which is the prediction itself, bit for bit"
    return {
        "id": "wipes",
        "title": "Without | with the bridge",
        "text": learnt if is_exact(analysis, alpha) else f"right: {alpha:.2f} × the learnt strength",
        "columns": columns_of(analysis),
        "maps": maps,
    }


def differences(analysis: Analysis, alpha: float) -> Group:
    """Where the bridge moved each task, and where the truth is known: to the better or the worse."""
    words = "right against left"
    if any(step_of(analysis, alpha, task).error is not None for task in analysis.tasks):
        words += "; where the truth is known: mean error, blue nearer to the truth, red farther from it"
    maps = [difference_of(analysis, alpha, task) for task in analysis.tasks]
    return {"id": "changes", "title": "Difference", "text": words, "columns": columns_of(analysis), "maps": maps}


def film_strip(analysis: Analysis, task: TaskName) -> Group:
    """One task with more and more of the bridge."""
    maps: list[Map] = []
    for alpha in STRIP:
        shown = picture_of(analysis, alpha, task)
        title = {0.0: "without", 1.0: "1 ×, as learnt"}.get(alpha, f"{alpha:g} ×")
        alt = f"At bridge strength {alpha:g}: {shown.get('alt')}"
        maps.append(_bare(shown) | {"id": f"strip-{alpha:g}", "title": title, "alt": alt})
    title, words = (
        f"{TASKS[task].title} with more and more bridge",
        "other tasks: choose one on the left",
    )
    return {"id": "strip", "title": title, "text": words, "columns": len(STRIP), "maps": maps}


def curve(analysis: Analysis, task: TaskName, alpha: float) -> Group:
    """Error (change where the truth is not known) at every strength that was tried so far."""
    strengths = strengths_so_far(analysis)
    steps = [step_of(analysis, strength, task) for strength in strengths]
    known = steps[0].error is not None
    values = [step.effect if step.error is None else step.error for step in steps]
    margin = 0.1 * (max(values) - min(values)) or 1e-6
    low, high = max(min(values) - margin, 0.0) if known else 0.0, max(values) + margin
    what = f"{'error' if known else 'change'}, {TASKS[task].change_unit}".replace(
        "% of pixels", "% of pixels wrong" if known else "% of pixels"
    )
    drawn = Curves(
        [Curve(what, strengths, values, TASKS[task].colour)],
        "bridge strength",
        "",
        mark=alpha,
        x_axis=Axis(0, 2, [(value, f"{value:g}") for value in STRIP]),
        y_axis=Axis(low, high, ticks(low, high)),
    )
    told = ", ".join(f"{significant(value, 3)} at {at:g}" for at, value in zip(strengths, values, strict=True))
    return {
        "id": "curve",
        "span": 6,
        "title": f"{TASKS[task].title}: {'error' if known else 'change'}",
        "text": "by strength, with your tries",
        "chart": drawn,
        "alt": f"{what} of {TASKS[task].title.lower()}: {told}",
    }


def counts(analysis: Analysis, alpha: float) -> Group:
    """How many pixels changed, by how much, and whether for the better."""
    changes: dict[TaskName, Changed] = {task: step_of(analysis, alpha, task).changed for task in analysis.tasks}
    truth = any(changed.to_truth is not None for changed in changes.values())
    rows: list[list[TableCell]] = []
    for task, changed in changes.items():
        tolerance = f">\N{NO-BREAK SPACE}{said(f'{changed.tolerance:g}', task)}"
        row = [f"{100 * changed.share:.1f}\N{NO-BREAK SPACE}%", "class" if TASKS[task].kind == "classes" else tolerance]
        better = ["not known" if changed.to_truth is None else percent(changed.to_truth)] if truth else []
        rows.append([{"text": TASKS[task].title, "colour": TASKS[task].colour}, *row, *better])
    return {
        "id": "counts",
        "span": 6,
        "title": "Pixels that changed",
        "text": "and the part that moved to the truth" if truth else "",
        "chart": Table(["Task", "Changed", "By", *(["To the truth"] if truth else [])], rows),
        "alt": "Share of changed pixels by task",
    }


def columns_of(analysis: Analysis) -> int:
    """Maps side by side: all tasks, if they fit."""
    return len(analysis.tasks) if len(analysis.tasks) in (1, 2, 4) else 3


def _bare(prediction: Map) -> Map:
    """The picture of a prediction and its numbers, without what stands around it."""
    bare = prediction.copy()
    for part in ("note", "foot", "legend", "ramp", "disc", "threshold", "task"):
        bare.pop(part, None)
    return bare


def _shown(prediction: Map, task: TaskName) -> Map:
    """A prediction as a small map under a slider."""
    return prediction | {"title": TASKS[task].title, "note": "", "threshold": None}


PAGE = Page(
    "refinement",
    refinement,
    follows=frozenset({"task"}),
    options=(ALPHA,),
    exists=has_bridge,
    compute=compute,
    ahead=True,
    expert=frozenset({"lens", "strip", "curve", "counts"}),
    cuts=True,
)

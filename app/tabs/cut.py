"""What a cut does to every task, above the view that shows the network without one: beside a random cut."""

from dataclasses import replace

from app.analysis.region import Asked
from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.interaction import cuts
from app.tabs.interaction.regions import region_effects
from app.view.charts import ShadedTable
from app.view.effects import effect_columns, effect_rows, effect_shades, loses_own, shade_top, task_name
from app.view.page import Progress
from app.view.spoken import Spoken
from app.view.view import Group, View
from bridgenet.inspection import InteractionMatrix
from bridgenet.tasks import TASKS, TaskName


def with_losses(view: View, analysis: Analysis, task: TaskName, asked: Asked | None = None) -> View:
    """A view of the network without a task, which says so, and what the others lose by it.

    Args:
        view: Of the cut network.
        analysis: Of the whole one.
        task: What is cut.
        asked: The region that is asked in place of the pixel.
    """
    said: list[Spoken] = [{"text": "Without "}, {"text": task_name(task), "colour": TASKS[task].colour}, {"text": ": "}]
    first, *more = view.get("say", [{"text": ""}])
    view["say"] = [*said, first | {"text": first["text"][:1].lower() + first["text"][1:]}, *more]
    known = cuts.cuts_of(analysis, cuts.settings_of(analysis, Selection()))
    if known is not None:
        here = [] if asked is None else [losses_here(analysis, task, asked)]
        view["groups"] = [losses(known.matrix, task), *here, *view.get("groups", [])]
    elif "pending" not in view:
        view["pending"] = "The cut is measured, and a random one beside it."
    return view


def losses(matrix: InteractionMatrix, task: TaskName) -> Group:
    """The row of a task in the matrix of the photo, and its control."""
    row = matrix.tasks.index(task)
    rows, top = effect_rows(matrix, shade_top(matrix)), shade_top(matrix)
    own = "its own tokens" if loses_own(matrix) else "itself"
    return {
        "id": "losses",
        "title": f"What the others lose without {task_name(task)}",
        "text": f"how far each answer moves in this photo; hatched: {own}",
        "chart": ShadedTable([rows[row], rows[-1]], effect_columns(matrix.tasks, units=True), "", effect_shades(top)),
        "alt": f"How far every task moves without {task_name(task)}, and by a random cut",
    }


def losses_here(analysis: Analysis, task: TaskName, asked: Asked) -> Group:
    """The same over the pixels of a region, beside the whole photo."""
    whole = region_effects(analysis, cuts.settings_of(analysis, Selection()), asked)
    chart, row = whole.get("chart"), analysis.tasks.index(task)
    assert isinstance(chart, ShadedTable)
    rows = [replace(line, cells=[replace(cell, key="") for cell in line.cells]) for line in chart.rows]
    title = f"What they lose {asked.here}"
    return whole | {"id": "losses-here", "title": title, "chart": replace(chart, rows=[rows[row], rows[-1]], corner="")}


def compute_losses(analysis: Analysis, report: Progress) -> None:
    """All cuts of the photo, as the view Interaction shows them, unless they are known."""
    cuts.made_cuts(analysis, cuts.settings_of(analysis, Selection()), report)

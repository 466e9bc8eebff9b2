"""TPP: where each task looked from the selected pixel, after the patterns of all tasks were fused."""

from collections.abc import Mapping

from app.pages.attention import attention_view, head_count, heads_read
from app.pages.maps import Map, heat_map
from app.pages.page import Page, Value
from app.selection import Selection
from app.session import Analysis
from app.wording import wording
from bridgenet import drawing
from bridgenet.drawing import AttentionRow
from bridgenet.tasks import TASKS, TaskName


def tpp(analysis: Analysis, selection: Selection) -> Value:
    """Value of the viewer of the tasks' own attention at the selected pixel."""
    say, hint = wording("tpp")
    rows: dict[TaskName, AttentionRow] = {
        task: drawing.tpp_row(analysis.trace, task, selection.x, selection.y, selection.head) for task in analysis.tasks
    }
    tiles = _tpp_maps("tpp", {task: (TASKS[task].title, row) for task, row in rows.items()})
    for tile, task in zip(tiles, rows, strict=True):
        tile |= {"colour": TASKS[task].colour, "task": task}
    title = TASKS[selection.task].title
    heads = {
        str(head): (f"Head {head + 1}", drawing.tpp_row(analysis.trace, selection.task, selection.x, selection.y, head))
        for head in range(head_count(analysis))
    }
    strip = _tpp_maps("tpp-head", heads)
    words = {"title": f"Heads of {title.lower()}", "text": "choose a task in the list or by its number"}
    for tile in strip:
        tile["colour"] = TASKS[selection.task].colour
    return attention_view(analysis, hint.format(heads=heads_read(selection, analysis))) | {
        "say": [{"text": say}],
        "groups": [{"columns": 4, "maps": tiles}, {"columns": 4, "maps": strip} | words],
    }


def _tpp_maps(prefix: str, rows: Mapping[str, tuple[str, AttentionRow]]) -> list[Map]:
    high = max(float(row.weights.max()) for _, row in rows.values())
    maps = []
    for name, (title, row) in rows.items():
        spread = drawing.attention_entropy(row.weights)
        alt = f"TPP attention, {title.lower()}: spread {spread:.2f}, sum {row.total:.3f}"
        note = f"spread {spread:.2f}" if prefix == "tpp-head" else ""
        maps.append(heat_map(f"{prefix}-{name}", title, row.placed, high, alt, note=note))
    return maps


PAGE = Page(
    "tpp",
    tpp,
    follows=frozenset({"place", "task", "head", "scope"}),
    exists=lambda analysis: analysis.trace.pattern is not None,
)

"""All views of an analysis, under the names of the page's viewers."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from app.analysis.selection import Option, Selection, read_selection
from app.analysis.session import Analysis
from app.tabs import TABS
from app.view.attention import has_bridge, head_count
from app.view.encoding import LONGEST, photo_uri
from app.view.held import leave_out_held
from app.view.inspector import inspector
from app.view.page import Page, Value
from app.view.scales import scale_names
from bridgenet.tasks import TASKS

PAGES: dict[str, Page] = {name: import_module(f"app.tabs.{name}.page").PAGE for name in TABS}
"""Views by name."""

OPTIONS: tuple[Option, ...] = tuple(option for page in PAGES.values() for option in page.options)
"""Options of all views."""


def selection_of(analysis: Analysis, event: Mapping[str, Any]) -> Selection:
    """The selection that the page reports, as this analysis can mean it."""
    scales, heads = len(scale_names(analysis)), head_count(analysis)
    return read_selection(event, tasks=analysis.tasks, scales=scales, heads=heads, options=OPTIONS)


def view_of(name: str, analysis: Analysis, selection: Selection, drawn: Any = None) -> Value:
    """Value of one viewer.

    Args:
        name: Of the view.
        analysis: The analysed photo.
        selection: What is selected.
        drawn: Key of what the viewer shows already. If it is what it should show, the value only says so.
    """
    page = PAGES[name]
    if not page.exists(analysis):
        return {"absent": True, "key": f"{analysis.key}|absent"}
    key = page.key(analysis, selection)
    if key == drawn:
        return {"same": True, "key": key}
    height, width = analysis.size
    value = {"key": key, "of": analysis.key, "aspect": width / height} | page.view(analysis, selection)
    # What is still to be computed is not what the key names.
    return value | {"key": f"{key}|pending"} if "pending" in value else value


def photo_of(analysis: Analysis, longest: int = LONGEST) -> dict[str, Any]:
    """The photo itself, for every viewer and the inspector."""
    height, width = analysis.size
    source = photo_uri(analysis.prediction.image, longest)
    named = {"key": analysis.key, "title": analysis.title}
    return named | {
        "src": source,
        "size": [width, height],
        "example": analysis.example,
        "checkpoint": analysis.checkpoint,
    }


def place_views(analysis: Analysis, selection: Selection, drawn: Any = None, held: Any = None) -> dict[str, Any]:
    """The inspector and the view that is looked at.

    Args:
        analysis: The analysed photo.
        selection: What is selected.
        drawn: Key of what the viewer shows already.
        held: Names of the pictures that it holds.
    """
    tab = selection.tab if selection.tab in PAGES else "overview"
    value = leave_out_held(view_of(tab, analysis, selection, drawn), held)
    return {"inspector": inspector(analysis, selection) | {"of": analysis.key}, tab: value}


def all_views(analysis: Analysis, selection: Selection) -> dict[str, Any]:
    """Every viewer and the inspector."""
    shown = {name: view_of(name, analysis, selection) for name in PAGES}
    return shown | {"inspector": inspector(analysis, selection)}


def capabilities(analysis: Analysis) -> dict[str, Any]:
    """What this checkpoint has, for rail and tabs: tasks, scales, heads, tabs, stations of the pipeline."""
    scales = scale_names(analysis) if has_bridge(analysis) else []
    there = [name for name in TABS if name in PAGES and PAGES[name].exists(analysis)]
    own = "Preliminary decoders" if analysis.trace.preliminary else "Task features"
    stations = [("Image", "overview", None), ("Backbone", "features", None), (own, "features", None)]
    if "tpp" in there:
        stations.append(("TPP", "tpp", None))
    shown = {"tpp", "bfe"}
    meetings = [meeting for meeting in analysis.predictor.model.meetings if meeting.name not in shown]
    stations += [(meeting.title, "interaction", None) for meeting in meetings]
    asked = "bridge" if "bridge" in there else "features"
    stations += [(f"BFE {scale}", asked, index) for index, scale in enumerate(scales)]
    stations += [("TFR", "refinement", None), ("Predictions", "overview", None)]
    return {
        "tasks": [{"name": task, "title": TASKS[task].title, "colour": TASKS[task].colour} for task in analysis.tasks],
        "scales": scales,
        "heads": head_count(analysis),
        "tabs": [{"name": name, "title": TABS[name]} for name in there],
        "pipeline": [
            {"title": title, "tab": tab} | ({} if scale is None else {"scale": scale})
            for title, tab, scale in stations
            if tab in there
        ],
    }

"""All views of an analysis, under the names of the page's viewers."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TypedDict

from app.analysis.cut import can_be_cut, without
from app.analysis.region import TOO_SMALL, asked_of
from app.analysis.selection import Option, Selection, read_selection
from app.analysis.session import Analysis, Session
from app.tabs import TABS
from app.tabs.cut import compute_losses, with_losses
from app.tabs.figure import figure_of, reads_here, tabs_of
from app.view.attention import chooses_scale, has_scales
from app.view.encoding import LONGEST, photo_uri
from app.view.frame import Figure, Photo, Tab, Task
from app.view.held import leave_out_held
from app.view.inspector import inspector
from app.view.page import Page, Progress, scope_tool
from app.view.region import region_inspector
from app.view.scales import scale_names, scale_tool
from app.view.view import Inspector, View
from bridgenet.tasks import TASKS

PAGES: dict[str, Page] = {name: import_module(f"app.tabs.{name}.page").PAGE for name in TABS}
"""Views by name."""

OPTIONS: tuple[Option, ...] = tuple(option for page in PAGES.values() for option in page.options)
"""Options of all views."""


def selection_of(analysis: Analysis, event: Mapping[str, object]) -> Selection:
    """The selection that the page reports, as this analysis can mean it."""
    scales, heads, cuttable = len(scale_names(analysis)), analysis.trace.heads, can_be_cut(analysis)
    return read_selection(event, tasks=analysis.tasks, scales=scales, heads=heads, options=OPTIONS, cuttable=cuttable)


def view_of(name: str, analysis: Analysis, selection: Selection, drawn: object = None) -> View:
    """What one viewer shows.

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
    named: View = {"key": key, "of": analysis.key, "aspect": width / height}
    seen = _with_shared_tools(_seen(page, analysis, selection), page, analysis, selection)
    value = named | _for_experts(seen, page)
    # What is still to be computed is not what the key names.
    return value | {"key": f"{key}|pending"} if "pending" in value else value


def _seen(page: Page, analysis: Analysis, selection: Selection) -> View:
    """The view, of the network without the task that is cut and of the region, where it can show that."""
    seen, missing = without(analysis, selection.cut) if page.cuts else analysis, []
    asked = asked_of(seen, selection)
    if selection.region and (not page.regions or asked is None):
        missing = [TOO_SMALL if page.regions else "This view shows the pixel, not the region."] * page.asks_place
        selection = replace(selection, region="")
    if selection.cut is not None and page.cuts:
        view = with_losses(page.view(seen, selection), analysis, selection.cut, asked)
    else:
        view = page.view(analysis, selection)
        if selection.cut is not None:
            cut = TASKS[selection.cut].title.lower()
            missing.append(f"The cut of {cut} is not in this view: it asks the whole network.")
    # Rail and inspector speak of cut and region: what a view lacks of them stands where no low window moves it away.
    return view | {"caution": " ".join([view.get("caution", ""), *missing]).strip()} if missing else view


def _with_shared_tools(view: View, page: Page, analysis: Analysis, selection: Selection) -> View:
    """The view, whose tools say too at which scale and in which colours it is seen, where it follows them."""
    followed = page.follows - page.ignores(selection)
    tools = [*view.get("tools", ())]
    if "scale" in followed and chooses_scale(analysis):
        tools.insert(0, scale_tool(selection, analysis))
    if "scope" in followed:
        tools.append(scope_tool(selection))
    return view | {"tools": tools}


def _for_experts(view: View, page: Page) -> View:
    """The view, of whose parts the page knows which are only for who asks for everything."""
    for part in (*view.get("tools", ()), *view.get("groups", ())):
        if (part["name"] if "name" in part else part.get("id")) in page.expert:
            part["expert"] = True
    return view


def photo_of(analysis: Analysis, longest: int = LONGEST) -> Photo:
    """The photo itself, for every viewer and the inspector."""
    height, width = analysis.size
    source = photo_uri(analysis.prediction.image, longest)
    return {
        "key": analysis.key,
        "title": analysis.title,
        "src": source,
        "size": (width, height),
        "example": analysis.example,
        "checkpoint": analysis.checkpoint,
    }


def place_views(
    analysis: Analysis, selection: Selection, drawn: object = None, held: object = None
) -> dict[str, View | Inspector]:
    """The inspector and the view that is looked at.

    Args:
        analysis: The analysed photo.
        selection: What is selected.
        drawn: Key of what the viewer shows already.
        held: Names of the pictures that it holds.
    """
    tab = selection.tab if selection.tab in PAGES else "overview"
    value = leave_out_held(view_of(tab, analysis, selection, drawn), held)
    return {"inspector": inspected(analysis, selection) | {"of": analysis.key}, tab: value}


def inspected(analysis: Analysis, selection: Selection) -> Inspector:
    """What every task says at the selected pixel, and what is read there, for the figure."""
    seen = without(analysis, selection.cut)
    asked = asked_of(seen, selection)
    said = inspector(seen, selection) if asked is None else region_inspector(seen, selection, asked)
    reads: Inspector = {**said, "reads": reads_here(seen, selection)}
    if selection.region and asked is None:
        reads |= {"text": f"{TOO_SMALL} {reads.get('text')}", "key": f"{reads.get('key')}:{selection.region}"}
    if selection.cut is not None:
        words = f"Without {TASKS[selection.cut].title.lower()}"
        reads |= {"text": f"{words}. {reads.get('text')}", "key": f"{reads.get('key')}:{words}"}
    return reads


def all_views(analysis: Analysis, selection: Selection) -> dict[str, View | Inspector]:
    """Every viewer and the inspector."""
    shown: dict[str, View | Inspector] = {name: view_of(name, analysis, selection) for name in PAGES}
    return shown | {"inspector": inspected(analysis, selection)}


def compute(name: str, session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """What a view still lacks: its own slow part, and what the cut does to every task.

    Args:
        name: Of the view.
        session: Checkpoints and analyses.
        analysis: The analysed photo.
        selection: What is selected.
        report: Told how far it is.
    """
    page = PAGES.get(name)
    if page is None:
        return
    if selection.cut is not None and page.cuts:
        compute_losses(analysis, report)
    if page.compute is not None:
        seen = without(analysis, selection.cut) if page.cuts else analysis
        page.compute(session, seen, selection, report)


def compute_ahead(session: Session, key: str, report: Progress) -> None:
    """What the views of a photo that are slow to open at first need, as they open; each is drawn once, for nobody."""
    for name, page in PAGES.items():
        analysis = session.find(key)
        if analysis is None or not (page.ahead and page.exists(analysis)):
            continue
        report(0, 1, page.name)
        selection = selection_of(analysis, {"tab": name})
        compute(name, session, analysis, selection, report)
        view_of(name, analysis, selection)


class Capabilities(TypedDict):
    """What a checkpoint has."""

    tasks: list[Task]
    scales: list[str]
    heads: int
    cuttable: bool
    tabs: list[Tab]
    figure: Figure


def capabilities(analysis: Analysis) -> Capabilities:
    """What this checkpoint has, for rail and tabs: tasks, scales, heads, tabs, and the figure of the network."""
    there = [name for name in TABS if name in PAGES and PAGES[name].exists(analysis)]
    figure = figure_of(analysis, there)
    return {
        "tasks": [{"name": task, "title": TASKS[task].title, "colour": TASKS[task].colour} for task in analysis.tasks],
        "scales": scale_names(analysis) if has_scales(analysis) else [],
        "heads": analysis.trace.heads,
        "cuttable": can_be_cut(analysis),
        "tabs": tabs_of(figure, there),
        "figure": figure,
    }

"""The figure of the network on the page: its places with the views of them, and the way of a pixel through it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

import numpy as np

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs import SIMPLE, TABS
from app.tabs.features.kinds import entries
from app.tabs.features.page import KIND
from app.tabs.features.pictures import colours_by
from app.tabs.pairs.given import STAGE, at_place, exchanges, read, sent
from app.tabs.tpp.page import used_patterns
from app.view.attention import bridge_shares, has_bridge, has_scales
from app.view.encoding import photo_uri, sampled, small_uri
from app.view.frame import Figure, FigureLink, FigureNode, FigureStep, Lane, Tab
from app.view.scales import scale_of_width
from bridgenet import drawing
from bridgenet.catalogue import explain
from bridgenet.config.systems import TITLES
from bridgenet.inspection.overview import Link, Node, NodeKind, Overview, overview
from bridgenet.tasks import TASKS, TaskName

VIEWS: dict[NodeKind, tuple[str, ...]] = {
    "photo": ("overview",),
    "joined": ("pairs",),
    "after": ("tpp",),
    "bridge": ("bridge",),
    "shared": ("pairs",),
    "fused": ("pairs",),
    "refined": ("refinement", "pairs"),
    "answer": ("overview",),
}
"""Views of what a node shows: the first that there is, or else that of features."""

Phase = Literal["photo", "backbone", "own", "meet", "bridge", "answer"]

PHASES: dict[NodeKind, Phase] = {
    "photo": "photo",
    "generic": "backbone",
    "encoder": "backbone",
    "joined": "meet",
    "specific": "own",
    "before": "own",
    "entering": "own",
    "after": "meet",
    "shared": "meet",
    "fused": "meet",
    "bridge": "bridge",
    "refined": "answer",
    "answer": "answer",
}
"""Steps of the way of a pixel, by what a node shows."""

PHOTO, WIDE, LANE = 72, 48, 32
"""Longest side, in pixels, of the thumbnails of the photo, of what is everybody's, and of those on a lane."""


def figure_of(analysis: Analysis, there: Collection[str]) -> Figure:
    """The figure of the network that analysed a photo.

    Args:
        analysis: The analysed photo.
        there: Names of the views that there are.
    """
    drawn = analysis.result(overview_of)
    height, width = analysis.size
    lanes: list[Lane] = [
        {"name": task, "title": TASKS[task].title, "colour": TASKS[task].colour, "short": TASKS[task].short}
        for task in lanes_of(drawn)
    ]
    return {
        "say": f"{TITLES[analysis.predictor.model.config.system]}: {_in_words(analysis)}.",
        "lanes": lanes,
        "aspect": width / height,
        "scales": _scales(analysis, drawn),
        "sentences": {node.kind: node.sentence for node in drawn.nodes},
        "nodes": _nodes(analysis, drawn, there),
        "links": [_link(link) for link in drawn.links],
        "steps": _steps(analysis, drawn),
    }


def overview_of(analysis: Analysis) -> Overview:
    """Columns, nodes and links."""
    return overview(analysis.predictor.model, analysis.trace)


def lanes_of(drawn: Overview) -> tuple[TaskName, ...]:
    """The tasks by their type."""
    return cast(tuple[TaskName, ...], drawn.tasks)


def pictures_of(analysis: Analysis) -> dict[str, str]:
    """A thumbnail of what a node shows, by its id: features by the colours of the view of features, and the answers."""
    drawn = analysis.result(overview_of)
    basis = analysis.result(colours_by, "saved").basis
    known = set(basis.paths)
    paths = [node.path for node in drawn.nodes if node.path in known]
    colours = drawing.basis_colours(basis, analysis.trace, paths)
    pictures = {
        node.id: small_uri(colours[node.path], LANE if node.task else WIDE)
        for node in drawn.nodes
        if node.path in colours
    }
    for task in analysis.tasks:
        answer = sampled(analysis.prediction[task].array, LANE)
        picture = drawing.colour_task(task, answer, analysis.prediction.classes, analysis.depth_limits)
        pictures[f"answer-{task}"] = small_uri(picture, LANE)
    return pictures | {"photo": photo_uri(analysis.prediction.image, PHOTO, 80)}


def reads_here(analysis: Analysis, selection: Selection) -> dict[str, float]:
    """How much of each task is read at the selected place, 0 to 1, by the line of the figure; where that is known.

    Through a line into a bridge goes what its token there reads of the task; into a lane, what that task has of the
    other: of its pattern in TPP, of its tokens, or of its messages.
    """
    drawn, stages = analysis.result(overview_of), analysis.trace.stages
    asked = {
        index: _each_at(analysis, selection, analysis.result(bridge_shares, index, selection.head))
        for index, stage in enumerate(stages)
        if stage.attention is not None
    }
    tokens = {
        index: read(analysis, replace(selection, scale=index)).here
        for index, stage in enumerate(stages)
        if stage.cross_attention
    }
    messages = sent(analysis, selection).here if exchanges(analysis) else {}
    patterns = used_patterns(analysis, selection) if analysis.trace.pattern else {}
    nodes, shares = {node.id: node for node in drawn.nodes}, dict[str, float]()
    for link in drawn.links:
        target = nodes[link.target]
        if not (link.meeting and link.task) or target.kind in ("joined", "shared"):
            continue
        if target.task is None:
            told = asked[target.stage or 0]
        else:
            by_task = patterns if target.kind == "after" else tokens.get(target.stage or 0, messages)
            told = by_task.get(cast(TaskName, target.task), {})
        if link.task in told:
            shares[f"{link.source}>{link.target}"] = round(told[cast(TaskName, link.task)], 4)
    return shares


def tabs_of(figure: Figure, there: Sequence[str]) -> list[Tab]:
    """The views, and under which columns of the figure they stand."""
    tabs: list[Tab] = []
    for name in there:
        tab: Tab = {"name": name, "title": TABS[name]}
        if name not in SIMPLE:
            tab["expert"] = True
        columns = sorted({node["column"] for node in figure["nodes"] if node["tab"] == name and node["column"]})
        if columns and name in ("overview", "refinement"):
            columns = columns[-1:]
        if name == "features":
            # Where features are looked at later too, the label stays with the first ones.
            columns = [column for index, column in enumerate(columns) if column == columns[0] + index]
        if columns:
            tab["columns"] = (columns[0], columns[-1])
        tabs.append(tab)
    return tabs


def _each_at(analysis: Analysis, selection: Selection, maps: Mapping[TaskName, np.ndarray]) -> dict[TaskName, float]:
    return {task: at_place(analysis, selection, values) for task, values in maps.items()}


def _nodes(analysis: Analysis, drawn: Overview, there: Collection[str]) -> list[FigureNode]:
    known = {entry.path: entry for task in analysis.tasks for entry in entries(analysis, task)}
    kinds = {entry.kind for entry in known.values()}
    lanes, pictures, nodes = lanes_of(drawn), analysis.result(pictures_of), list[FigureNode]()
    for node in drawn.nodes:
        shown: FigureNode = {
            "id": node.id,
            "column": node.column,
            "place": _place(node),
            "title": _title(analysis, node),
            "about": node.kind,
            "shape": f"{' × '.join(map(str, node.shape))}: channels, height, width" if node.shape else "",
            "tab": next((view for view in VIEWS.get(node.kind, ()) if view in there), "features"),
        }
        if node.id in pictures:
            shown["picture"] = pictures[node.id]
        if node.task in analysis.tasks:
            shown["task"] = node.task
        if node.task or node.kind == "generic":
            shown["index"] = lanes.index(node.task) if node.task else int(node.id.split("-")[1])
        stage = known[node.path].stage if node.path in known else node.stage
        if stage is not None and has_scales(analysis) and node.kind != "answer":
            shown["scale"] = stage
        if shown["tab"] == "features":
            # Without TPP, what a task decodes enters the first stage as it is.
            shown["options"] = {KIND.name: node.kind if node.kind in kinds else "entering"}
        elif node.kind == "joined":
            shown["options"] = {STAGE.name: node.path.split(".")[1]}
        nodes.append(shown)
    return nodes


def _place(node: Node) -> Literal["photo", "map", "lane", "hub"]:
    if node.task:
        return "lane"
    return "photo" if node.kind == "photo" else "map" if node.kind == "generic" else "hub"


def _title(analysis: Analysis, node: Node) -> str:
    symbol = explain(node.path).symbol if node.path else ""
    task = f" of {TASKS[cast(TaskName, node.task)].title.lower()}" if node.task else ""
    scale = f", {scale_of_width(node.shape[-1], analysis)}" if node.path and node.kind != "answer" else ""
    return f"{node.term[0].upper()}{node.term[1:]}{f' {symbol}' if symbol else ''}{task}{scale}"


def _link(link: Link) -> FigureLink:
    shown: FigureLink = {"source": link.source, "target": link.target, "kind": "given"}
    if link.meeting and link.task:
        shown["kind"] = "read"
    elif link.task:
        shown["kind"] = "lane"
    elif link.source == "photo" or link.source.startswith("generic-"):
        shown["kind"] = "map"
    if link.task:
        shown["task"] = link.task
    return shown


def _scales(analysis: Analysis, drawn: Overview) -> dict[str, str]:
    """The scale of every stage of the decoder, under its first column."""
    first: dict[int, Node] = {}
    for node in drawn.nodes:
        if node.stage is not None and node.path:
            first.setdefault(node.stage, node)
    return {str(node.column): scale_of_width(node.shape[-1], analysis) for node in first.values()}


def _steps(analysis: Analysis, drawn: Overview) -> list[FigureStep]:
    """What happens to a pixel, from the photo to the answers."""
    read = {link.target for link in drawn.links if link.meeting and link.task}
    nodes: dict[Phase, list[str]] = {}
    for node in drawn.nodes:
        meets = node.kind == "refined" and node.id in read and not has_bridge(analysis)
        nodes.setdefault("meet" if meets else PHASES[node.kind], []).append(node.id)
    return [
        {"title": title, "text": text, "nodes": nodes[phase]}
        for phase, (title, text) in _told(analysis).items()
        if phase in nodes
    ]


def _told(analysis: Analysis) -> dict[Phase, tuple[str, str]]:
    """Title and text of every step that a network may have."""
    trace, bridged = analysis.trace, has_bridge(analysis)
    meetings = analysis.predictor.model.meetings
    hubs = [meeting for meeting in meetings if meeting.hub and bridged]
    # With a bridge, what tasks read of each other within a stage they read after it.
    late = [meeting for meeting in meetings if bridged and not meeting.hub and "pattern" not in meeting.pairs(trace)]
    others = [meeting for meeting in meetings if not (meeting.hub and bridged) and meeting not in late]
    saw = "one encoder for all tasks" if trace.task_generic else "an encoder for each task"
    asked = hubs[0].whole if hubs else "the bridge grows from the backbone's maps alone: no task is asked"
    then = "".join(f", {meeting.whole}" for meeting in late)
    refined = f"Each task is refined by the bridge{then}, scale after scale, and"
    end = refined if bridged else "From what it then has, each task"
    return {
        "photo": ("The photo", "The pixel enters as three numbers: red, green and blue."),
        "backbone": (
            "What the backbone saw",
            f"Coarser and coarser maps, in which a place knows more and more of what is around it: {saw}.",
        ),
        "own": ("What each task made of it", "Each task makes a feature of its own. So far none knows of another."),
        "meet": (
            " and ".join(meeting.title for meeting in others),
            f"{_sentence(meeting.whole for meeting in others)}",
        ),
        "bridge": (
            "The bridge",
            f"{_sentence([asked])} It does so at each of {len(trace.stages)} scales, the coarsest first.",
        ),
        "answer": ("Refined and answered" if bridged else "Answered", f"{end} answers for every pixel."),
    }


def _sentence(parts: Iterable[str]) -> str:
    text = ", and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _in_words(analysis: Analysis) -> str:
    """Where tasks meet."""
    model = analysis.predictor.model
    met = [f"{meeting.whole} ({meeting.title})" for meeting in model.meetings]
    if has_bridge(analysis) and not any(meeting.hub for meeting in model.meetings):
        met.append("its bridge reads no task")
    if met:
        return ", and ".join(met)
    return "no task reads another, they share the encoder" if analysis.trace.task_generic else "tasks share nothing"

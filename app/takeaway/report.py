"""The report: all views of an analysis as one HTML file that opens by a double click, without network and scripts."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.browser import FOLDER
from app.tabs import TABS
from app.takeaway.whole import on_paper
from app.view.encoding import photo_uri
from app.view.view import Group, Inspector, View

UNITS = (
    ("Segmentation, human parts", "one class per pixel; confidence is the probability of that class"),
    ("Depth", "metres"),
    ("Normals", "unit vectors: x right, y up, z toward the viewer; differences in degrees"),
    ("Edges, saliency", "probability, 0 to 1"),
    ("Attention", "shares; a row over all keys sums to 1"),
    ("Places", "x and y are fractions of width and height, from the upper left corner"),
)
"""What numbers mean, for the report and the download."""

SHEET, TALL, CHART = 1000, 700, 760
"""Pixels of width of a picture alone, and about of its height; of width of a chart."""


class Marked(NamedTuple):
    """What is marked on every map: the pixel, and the border of the region, see `Inspector.outline`."""

    x: float
    y: float
    outline: str = ""


def report(analysis: Analysis, selection: Selection, settings: Mapping[str, object], shown: Mapping[str, View]) -> str:
    """The whole report, as a complete HTML document.

    Args:
        analysis: Of one photo.
        selection: What is selected.
        settings: How it was made, see `app.takeaway.downloads.settings_of`.
        shown: Views by name, see `app.takeaway.whole.whole_views`.
    """
    return document(
        analysis.title,
        subject_of(analysis),
        {TABS[name]: on_paper(view) for name, view in shown.items()},
        said := _said_of(analysis, selection),
        photo_uri(analysis.prediction.image),
        place=_marked(selection, said),
        notes=analysis.prediction.notes,
        settings=settings,
    )


def document(
    title: str,
    subject: str,
    views: Mapping[str, View],
    inspector: Inspector,
    photo: str,
    *,
    place: "Selection | Marked",
    notes: Sequence[str] = (),
    settings: Mapping[str, object],
) -> str:
    """Views, by their titles, as a complete HTML document. Words of visitors are escaped."""
    # Not at the top: charts need torch, and the page is built before it is there.
    from app.view.markup import macro

    rows = [(name, _plain(value)) for name, value in settings.items()]
    draw = macro("report.html", "report")
    return draw(title, subject, notes, views, inspector, UNITS, rows, photo, place, sheet_style())


def picture_of(name: str, analysis: Analysis, selection: Selection) -> str:
    """One view as still HTML, from which the browser makes a picture. What it draws in space, it puts in itself."""
    from app.tabs import views
    from app.view.markup import macro

    photo, value = photo_uri(analysis.prediction.image), on_paper(views.view_of(name, analysis, selection))
    draw, place = macro("report.html", "picture"), _marked(selection, _said_of(analysis, selection))
    return draw(TABS[name], subject_of(analysis), value, photo, place, sheet_style())


def card_of(name: str, card: str, analysis: Analysis, selection: Selection) -> str | None:
    """One map or chart of a view as still HTML, with what it needs to be understood alone; None where it has no such.

    Args:
        name: Of the view.
        card: Name of the map, or of the chart's group; of a group without a name, its title.
        analysis: Of one photo.
        selection: What is selected.
    """
    from app.tabs import views
    from app.view.markup import macro

    if name not in views.PAGES:
        return None
    value = on_paper(views.view_of(name, analysis, selection))
    height, width = analysis.size
    for group in value.get("groups", ()):
        maps = [entry for entry in group.get("maps", ()) if entry.get("id") == card]
        if not maps and not ("chart" in group and card in (group.get("id"), group.get("title"))):
            continue
        alone: Group = group | {"span": 12, "columns": 1}
        if maps:
            alone["maps"] = maps
        wide = min(SHEET, TALL * width / height) if maps and "wipe" not in maps[0] else SHEET if maps else CHART
        place = _marked(selection, here := _said_of(analysis, selection))
        said = f"{TABS[name]} · {subject_of(analysis)} · {here.get('title', '').lower()}"
        draw, photo = macro("report.html", "one"), photo_uri(analysis.prediction.image)
        return draw(value | {"groups": [alone]}, said, photo, place, sheet_style(), round(wide))
    return None


def _said_of(analysis: Analysis, selection: Selection) -> Inspector:
    """What the inspector says of the pixel, or of the region that is asked in its place."""
    from app.tabs import views

    said = views.inspected(analysis, selection) if selection.region else None
    return said if said and "outline" in said else views.inspector(analysis, selection)


def _marked(selection: Selection, said: Inspector) -> Marked:
    return Marked(selection.x, selection.y, said.get("outline", ""))


@cache
def sheet_style() -> str:
    """The style of a sheet: its own, and the page's of charts."""
    own = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return own + (FOLDER / "style" / "charts.css").read_text(encoding="utf-8")


def subject_of(analysis: Analysis) -> str:
    """Photo and network, in a line."""
    height, width = analysis.size
    return f"{analysis.title}, {width} × {height} pixels, seen by {analysis.checkpoint}"


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(entry)}" for name, entry in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)

"""The report: all views of an analysis as one HTML file that opens by a double click, without network and scripts."""

from collections.abc import Mapping
from html import escape
from typing import Any

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs import TABS
from app.takeaway import still
from app.takeaway.still_charts import table
from app.view.encoding import photo_uri

UNITS = (
    ("Segmentation, human parts", "one class per pixel; confidence is the probability of that class"),
    ("Depth", "metres"),
    ("Normals", "unit vectors: x right, y up, z toward the viewer; differences in degrees"),
    ("Edges, saliency", "probability, 0 to 1"),
    ("Attention", "shares; a row over all keys sums to 1"),
    ("Places", "x and y are fractions of width and height, from the upper left corner"),
)
"""What numbers mean, for the report and the download."""


def report(analysis: Analysis, selection: Selection, settings: Mapping[str, Any]) -> str:
    """The whole report.

    Args:
        analysis: Of one photo.
        selection: What is selected.
        settings: How it was made, see `app.takeaway.downloads.settings_of`.
    """
    from app.tabs import views

    photo = photo_uri(analysis.prediction.image)
    sections = [_about(analysis, photo), _inspector(views.inspector(analysis, selection))]
    for name in TABS:
        if name in views.PAGES and name != "lessons" and views.PAGES[name].exists(analysis):
            value = views.view_of(name, analysis, selection)
            place = (selection.x, selection.y)
            sections.append(f"<section><h2>{TABS[name]}</h2>{still.view(value, photo, place)}</section>")
    sections.append(f"<section><h2>Units</h2>{table(('Number', 'Meaning'), UNITS)}</section>")
    rows = [(name, _plain(value)) for name, value in settings.items()]
    sections.append(f"<section><h2>Settings</h2>{table(('Setting', 'Value'), rows)}</section>")
    return page(f"BridgeNet: {analysis.title}", "".join(sections))


def picture_of(name: str, analysis: Analysis, selection: Selection) -> str:
    """One view as still HTML, from which the browser makes a picture."""
    from app.tabs import views

    value = views.view_of(name, analysis, selection)
    head = f"<h1>{TABS[name]}</h1><p class='hint'>{escape(_subject(analysis))}</p>"
    body = still.view(value, photo_uri(analysis.prediction.image), (selection.x, selection.y))
    return f'<div class="sheet"><style>{still.STYLE}</style>{head}{body}</div>'


def page(title: str, body: str) -> str:
    """A complete HTML document. It may load nothing: not from this machine, and not from another."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>body {{ margin: 0 auto; max-width: 1200px; background: #fbfaf7; }}{still.STYLE}</style></head>"
        f'<body class="sheet">{body}</body></html>\n'
    )


def _about(analysis: Analysis, photo: str) -> str:
    notes = "".join(f'<p class="hint">{escape(note)}</p>' for note in analysis.prediction.notes)
    picture = (
        f'<img src="{photo}" alt="The photo: {escape(analysis.title)}" style="max-width: 100%; border-radius: 8px">'
    )
    return f"<section><h1>BridgeNet</h1><p class='hint'>{escape(_subject(analysis))}</p>{notes}{picture}</section>"


def _inspector(value: Mapping[str, Any]) -> str:
    rows = [
        (row["title"], row["value"], row.get("detail") or "", row.get("truth") or "") for row in value.get("rows", ())
    ]
    head = ("Task", "Here", "How sure", "Ground truth")
    return f"<section><h2>{escape(str(value['title']))}</h2>{table(head, rows)}</section>"


def _subject(analysis: Analysis) -> str:
    height, width = analysis.size
    return f"{analysis.title}, {width} × {height} pixels, seen by {analysis.checkpoint}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(entry)}" for name, entry in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)

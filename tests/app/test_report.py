import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.browser import FOLDER
from app.tabs import TABS
from app.takeaway.report import document, picture_of, report, sheet_style
from app.takeaway.whole import whole_views
from app.view.charts import (
    Cell,
    Chart,
    Column,
    Row,
    ShadedTable,
    ShareBar,
    ShareRows,
    Station,
    Stations,
    Table,
    Words,
)
from app.view.markup import markup
from app.view.view import Map, View
from app.view.wire import to_json
from bridgenet.drawing.charts import BarRow, Bars, Curve, Curves, Dot, Scatter
from bridgenet.drawing.sheet import Axis

ROOT = Path(__file__).parents[2]
PHOTO = "data:image/jpeg;base64,AAAA"


SELECTION = Selection(x=0.4, y=0.6, task="depth")


@pytest.fixture(scope="module")
def text(session: Session, analysis: Analysis) -> str:
    """Of a photo whose views nobody has opened."""
    fresh = replace(analysis, results=Results())
    shown = whole_views(session, fresh, SELECTION, TABS, lambda done, total, words: None)
    return report(fresh, SELECTION, {"checkpoint": "untrained", "versions": {"a": "1"}}, shown)


class Balance(HTMLParser):
    """Finds tags that are opened and not closed."""

    VOID = frozenset({"img", "meta", "br", "line", "polyline", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.opened.pop() == tag


def is_balanced(html: str) -> bool:
    parser = Balance()
    parser.feed(html)
    return not parser.opened


def test_the_report_holds_everything_itself(text: str) -> None:
    sources = re.findall(r'(?:src|href)="([^"]*)"', text) + re.findall(r"url\(([^)]*)\)", text)
    # Heads of arrows are named by the drawing that they stand in.
    assert sources and all(source.startswith(("data:image/", "#")) for source in sources)
    assert "<script" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_the_report_shows_every_view_of_the_checkpoint(text: str) -> None:
    for name in ("overview", "features", "tpp", "bridge"):
        assert f'<h2 id="{TABS[name]}">{TABS[name]}</h2>' in text
    assert "untrained" in text and "metres" in text
    assert is_balanced(text)


def test_the_report_has_what_nobody_has_waited_for(text: str) -> None:
    assert "Not computed yet" not in text
    interaction = text[text.index('<h2 id="Interaction">') : text.index('<h2 id="Attribution">')]
    assert " a random cut" in interaction and interaction.count('role="gridcell"') > 36
    assert "Which tasks&#39; features it depends on" in text


def test_nothing_on_paper_is_to_be_clicked(text: str) -> None:
    words = re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert not re.findall(r"[^.]*\b(?:click|hover|drag)\b[^.]*", words, re.IGNORECASE)


def test_the_contents_lead_to_every_part_of_the_report(text: str) -> None:
    contents = text[text.index('<ol class="contents">') : text.index("</ol>")]
    wanted = re.findall(r'href="#([^"]+)"', contents)
    assert wanted == re.findall(r'<h2 id="([^"]+)"', text) and {"here", "Bridge", "Interaction", "units"} <= {*wanted}
    assert " bridge read " in re.sub(r"<[^>]*>", "", contents)


def test_every_picture_of_the_report_has_words(text: str) -> None:
    pictures = re.findall(r"<img[^>]*>", text)
    silent = [picture[-80:] for picture in pictures if not re.search(r"alt=\"[^\"]{6,}\"", picture)]
    assert pictures and silent == []


def test_the_picture_of_a_view_is_whole(analysis: Analysis) -> None:
    html = picture_of("bridge", analysis, Selection())
    assert html.startswith('<div class="sheet"') and is_balanced(html)


def sheet(view: View) -> str:
    """A report of one view."""
    return document(
        "a photo", "a subject", {"View": view}, {"title": "Pixel 1, 1"}, PHOTO, place=Selection(), settings={}
    )


WICKED = "<script>alert(1)</script>"


def test_words_of_visitors_cannot_become_html() -> None:
    card: Map = {"title": WICKED, "alt": f'"{WICKED}', "foot": WICKED}
    chart = Table([WICKED], [[{"text": WICKED, "colour": '"><script>'}]])
    view: View = {
        "say": [{"text": WICKED, "colour": '"><script>'}], "hint": WICKED, "aspect": 1.5,
        "groups": [{"title": WICKED, "maps": [card]}, {"title": WICKED, "chart": chart, "alt": f'"{WICKED}'}],
    }  # fmt: skip
    html = sheet(view)
    assert "<script" not in html and is_balanced(html) and html.count("&lt;script&gt;") >= 7


AXIS = Axis(0, 2, [(0, "0"), (2, "2")])
CURVES = Curves([Curve("n", [0, 2], [0, 2], "#123456", dashed=True)], "x", "y", mark=1, x_axis=AXIS, y_axis=AXIS)
SCATTER = Scatter(
    [Dot(0, 2, "", "#654321", "cell", "#123456", "a>b")], "x", "y", level=(1, "as random"), x_axis=AXIS, y_axis=AXIS
)
MATRIX = ShadedTable(
    [Row("Edges", [Cell("0.4", "2 ×", 1, key="a>b")], words="left out", control=True)], [Column("Depth", unit="m")]
)
CHARTS: list[tuple[Chart, str]] = [
    (Table(["a"], [[{"text": "b & c", "colour": "#123456"}]]), "b &amp; c"),
    (Words([[{"text": "one"}, {"text": "two", "colour": "#123456"}]]), 'one<em style="--task:#123456">two</em>'),
    (Bars([BarRow("t", -0.5, colour="#123456", text="half")], limits=(-1.0, 1.0)), "left:25.0%;width:25.0%"),
    (CURVES, 'points="46.0,166.0 410.0,8.0 "'),
    (SCATTER, 'translate(46.0 8.0)" data-value="a&gt;b"'),
    (MATRIX, 'aria-pressed="false" aria-label="0.4" data-value="a&gt;b">0.4<small>2 ×</small>'),
    (ShareRows({"t": [{"title": "s", "colour": "#111111", "share": 1}]}), "<b>100 %</b><i>s</i>"),
    (ShareBar([{"title": part, "colour": "#111111", "share": 0.5} for part in "ab"]), "even parts of 50 %"),
    (Stations([Station("TPP", "cut", "nothing is read")]), '<li data-state="cut"><b>TPP</b>'),
]


@pytest.mark.parametrize(("chart", "shown"), CHARTS, ids=lambda value: type(value).__name__)
def test_page_and_report_hold_the_same_drawing_of_a_chart(chart: Chart, shown: str) -> None:
    text = to_json({"groups": [{"chart": chart, "alt": "words", "option": "view.cell"}]})
    assert isinstance(text, dict)
    (group,) = text["groups"]
    assert shown in group["chart"] and is_balanced(group["chart"]) and group["option"] == "view.cell"
    assert group["chart"] in sheet({"groups": [{"chart": chart, "alt": "words"}]})


@pytest.mark.parametrize("taken", [[(2, 1)], [(2, 1), (0.1, 1.2)], [(2, 1), (0, 1), (1.8, 0.8)], []])
def test_the_name_of_a_level_stands_beside_the_dots(taken: list[tuple[float, float]]) -> None:
    dots = [Dot(x, y, "", "#654321") for x, y in taken]
    text = markup(Scatter(dots, "x", "y", level=(1, "random cut"), x_axis=AXIS, y_axis=AXIS))
    place = re.search(r'<text class="level" x="([\d.]+)" y="([\d.]+)" text-anchor="end">', text)
    assert place is not None
    right, foot = map(float, place.groups())
    for x, y in re.findall(r"translate\(([\d.]+) ([\d.]+)\)", text):
        over = right - 68 < float(x) < right + 8 and foot - 18 < float(y) < foot + 8
        assert not over, "a dot lies on the name"


def test_parts_of_a_whole_have_their_names_also_where_they_are_thin() -> None:
    depth = {"title": "Depth", "colour": "#111111", "share": 0.98}
    rows = {"A": [depth], "B": [depth, {"title": "Edges", "colour": "#222222", "share": 0.02}]}
    names = markup(ShareRows(rows)).rpartition('<div class="foot">')[2]
    assert re.findall(r"background:(#\w+)\"></span>(\w+)", names) == [("#111111", "Depth"), ("#222222", "Edges")]


def test_what_is_chosen_in_a_chart_is_marked() -> None:
    for chart in (SCATTER, MATRIX):
        assert markup(chart, chosen="a>b") != markup(chart, chosen="b>a") == markup(chart)


def test_curves_without_the_ends_of_their_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="x_axis and y_axis"):
        markup(Curves([], "x", "y"))


@pytest.mark.parametrize("value", [{"a": {1, 2}}, [b"bytes"], object()])
def test_nothing_crosses_to_the_browser_that_is_not_declared(value: object) -> None:
    with pytest.raises(TypeError, match="cannot cross to the browser"):
        to_json(value)


def test_before_and_after_stand_side_by_side() -> None:
    wipe = {"src": "data:image/png;base64,BBBB", "alt": "before it", "label": "l", "left": "before", "right": "after"}
    card: Map = {"title": "Depth", "alt": "after it", "src": "data:image/png;base64,CCCC", "wipe": wipe}
    lamp = {"index": 1, "name": "lamp", "colour": "#112233", "share": 0.06, "both": "17 → 6 %"}
    card["legend"] = [lamp, {"index": 2, "name": "rug", "colour": "#332211", "share": 0.04}]
    html = sheet({"groups": [{"maps": [card]}]})
    assert "lamp 17 → 6 %<" in html and "rug 4 %<" in html
    assert html.index("BBBB") < html.index("CCCC") and "before it" in html and is_balanced(html)


def test_settings_are_said_as_the_page_says_them() -> None:
    options = [{"value": "raw", "text": "as it is"}, {"value": "value", "text": "× value"}]
    tools = [
        {"kind": "segments", "name": "n", "label": "Weights", "options": options, "chosen": "value"},
        {"kind": "slider", "name": "s", "label": "Strength", "low": 0, "high": 2, "step": 1, "value": 1.5},
        {"kind": "button", "name": "run", "label": "Compute", "action": "run"},
    ]
    html = sheet({"tools": tools, "groups": []})
    assert "Weights: × value · Strength: 1.5<" in html and "Compute" not in html


def test_a_view_that_is_not_computed_says_so() -> None:
    assert "Not computed yet" in sheet({"pending": "Cutting tasks", "groups": []})


def test_charts_have_on_a_sheet_every_colour_that_they_have_on_the_page() -> None:
    charts = (FOLDER / "style" / "charts.css").read_text(encoding="utf-8")
    drawn = (ROOT / "app" / "view" / "charts.html").read_text(encoding="utf-8")
    wanted = set(re.findall(r"var\(--([\w-]+)\)", charts))
    assert wanted and wanted <= set(re.findall(r"--([\w-]+):", sheet_style() + drawn))

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs import TABS
from app.takeaway import still
from app.takeaway.report import picture_of, report

PHOTO = "data:image/jpeg;base64,AAAA"


@pytest.fixture(scope="module")
def text(analysis: Analysis) -> str:
    return report(analysis, Selection(x=0.4, y=0.6, task="depth"), {"checkpoint": "untrained", "versions": {"a": "1"}})


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
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources and all(source.startswith("data:image/") for source in sources)
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert "default-src 'none'" in text


def test_the_report_shows_every_view_of_the_checkpoint(text: str) -> None:
    for name in ("overview", "features", "tpp", "bridge"):
        assert f"<h2>{TABS[name]}</h2>" in text
    assert "untrained" in text and "metres" in text
    assert is_balanced(text)


def test_every_picture_of_the_report_has_words(text: str) -> None:
    pictures = re.findall(r"<img[^>]*>", text)
    silent = [picture[-80:] for picture in pictures if not re.search(r"alt=\"[^\"]{6,}\"", picture)]
    assert pictures and silent == []


def test_the_picture_of_a_view_is_whole(analysis: Analysis) -> None:
    html = picture_of("bridge", analysis, Selection())
    assert html.startswith('<div class="sheet">') and is_balanced(html)


def test_words_of_visitors_cannot_become_html() -> None:
    wicked = "<script>alert(1)</script>"
    value = {
        "say": [{"text": wicked, "colour": '"><script>'}], "hint": wicked, "aspect": 1.5,
        "groups": [{"title": wicked, "maps": [{"title": wicked, "alt": f'"{wicked}', "foot": wicked}]}],
    }  # fmt: skip
    html = still.view(value, PHOTO, (0.5, 0.5))
    assert "<script" not in html and is_balanced(html)


AXIS = {"label": "share", "low": 0, "high": 2, "ticks": [[0, "0"], [2, "2"]]}


@pytest.mark.parametrize(
    ("group", "shown"),
    [
        ({"kind": "table", "head": ["a"], "rows": [[{"text": "b & c", "colour": "#123456"}]]}, "b &amp; c"),
        ({"kind": "words", "paragraphs": [[{"text": "one"}, {"text": "two", "colour": "#123456"}]]}, "two"),
        (
            {"kind": "bars", "from": -1, "to": 1, "rows": [{"title": "t", "colour": "#123456", "value": -0.5}]},
            "left:25.00%;width:25.00%",
        ),
        (
            {
                "kind": "lines", "x": AXIS, "y": AXIS, "mark": 1,
                "series": [{"name": "n", "colour": "#123456", "points": [[0, 0], [2, 2]], "dashed": True}],
            },
            'points="46.0,166.0 410.0,8.0"',
        ),
        (
            {
                "kind": "dots", "x": AXIS, "y": AXIS, "rule": {"y": 1, "text": "as random"},
                "points": [{"x": 0, "y": 2, "inner": "#123456", "outer": "#654321", "title": "cell"}],
            },
            'cx="46.0" cy="8.0"',
        ),
        (
            {
                "kind": "matrix", "columns": [{"title": "Depth", "unit": "m"}],
                "rows": [{"title": "Edges", "control": True, "cells": [{"text": "0.4", "level": 1, "small": "2 ×"}]}],
            },
            "<small>2 ×</small>",
        ),
        ({"kind": "shares", "rows": [{"title": "t", "shares": [{"title": "s", "colour": "#1", "share": 1}]}]}, "100 %"),
        ({"kind": "places", "stations": [{"title": "TPP", "state": "cut", "words": "cut"}]}, "<b>TPP</b> cut"),
    ],
)  # fmt: skip
def test_charts_become_tables_and_drawings(group: dict[str, Any], shown: str) -> None:
    html = still.view({"groups": [group | {"alt": "words"}]}, PHOTO, (0.5, 0.5))
    assert shown in html and is_balanced(html)


def test_before_and_after_stand_side_by_side() -> None:
    wipe = {"src": "data:image/png;base64,BBBB", "alt": "before it", "label": "l", "left": "before", "right": "after"}
    card = {"title": "Depth", "alt": "after it", "src": "data:image/png;base64,CCCC", "wipe": wipe}
    html = still.view({"groups": [{"maps": [card]}]}, PHOTO, (0.5, 0.5))
    assert html.index("BBBB") < html.index("CCCC") and "before it" in html and is_balanced(html)


def test_a_view_that_is_not_computed_says_so() -> None:
    assert "Not computed yet" in still.view({"pending": "Cutting tasks", "groups": []}, PHOTO, (0.5, 0.5))

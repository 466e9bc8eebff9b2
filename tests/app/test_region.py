"""A region in place of the pixel: what is asked, what is said over it, and that nothing changes without one."""

from dataclasses import replace

import numpy as np
import pytest

from app.analysis.region import TOO_SMALL, asked_of
from app.analysis.selection import MOST_CORNERS, SEGMENT, Selection, read_region
from app.analysis.session import Analysis
from app.tabs.views import PAGES, all_views, inspected, view_of
from bridgenet.inspection import bridge_shares, token_at

OUTLINE = "0.2,0.2;0.7,0.25;0.8,0.9;0.3,0.8"
SPECK = "0.5,0.5;0.501,0.5;0.501,0.501"


def over(selection: Selection, region: str) -> Selection:
    return replace(selection, region=region)


@pytest.mark.parametrize("text", [SEGMENT, OUTLINE, "0,0;1,0;1.0,1", ";".join(["0.1,0.2"] * MOST_CORNERS)])
def test_a_region_is_read_as_it_is_written(text: str) -> None:
    assert read_region(text, ("depth", "semseg")) == text


@pytest.mark.parametrize(
    "text", ["", None, 3, "Segment", "0,0;1,1", "0,0;1,1;", "0,0;1,1;2,0", "0.1234,0;1,1;1,0", ";".join(["0,1"] * 49)]
)
def test_what_is_no_region_asks_the_pixel(text: object) -> None:
    assert read_region(text, ("semseg",)) == ""


def test_a_network_without_classes_has_no_segments() -> None:
    assert read_region(SEGMENT, ("depth", "edge")) == "" and read_region(OUTLINE, ("depth",)) == OUTLINE
    assert read_region(SEGMENT, ("depth", "human_parts")) == SEGMENT


def test_the_segment_is_what_is_seen_as_one_class_around_the_pixel(analysis: Analysis, selection: Selection) -> None:
    asked = asked_of(analysis, over(selection, SEGMENT))
    assert asked is not None
    labels = analysis.prediction["semseg"].array
    place = token_at(selection.x, selection.y, analysis.size)
    assert asked.pixels.pixels[place] and (labels[asked.pixels.pixels] == labels[place]).all()
    assert asked.name == analysis.prediction["semseg"].classes[labels[place]]
    row, column = np.argwhere(asked.pixels.pixels)[-1]
    height, width = analysis.size
    elsewhere = replace(selection, x=(column + 0.5) / width, y=(row + 0.5) / height, region=SEGMENT)
    assert asked_of(analysis, elsewhere) is asked


def test_the_inspector_says_means_over_an_outline_and_whom_the_bridge_asked_there(
    analysis: Analysis, selection: Selection
) -> None:
    asked = asked_of(analysis, over(selection, OUTLINE))
    assert asked is not None
    said = inspected(analysis, over(selection, OUTLINE))
    assert said["title"] == "Outline" and said["outline"].startswith("M")
    depth = analysis.prediction["depth"].array[asked.pixels.pixels]
    rows = {row["task"]: row for row in said["rows"]}
    assert rows["depth"]["value"] == f"{depth.mean():.2f} m"
    assert f"median {np.median(depth):.2f} m" in rows["depth"]["detail"]
    assert sum(share["share"] for share in rows["semseg"]["best"]) <= 1 + 1e-9
    classes = analysis.prediction["semseg"].array[asked.pixels.pixels]
    assert rows["semseg"]["best"][0]["share"] == np.bincount(classes.astype(int)).max() / len(classes)
    shares = bridge_shares(analysis.trace.stages[0], 0.5, 0.5, region=asked.pixels)
    told = [part["share"] for part in said["asked"].shares]
    assert sorted(told) == pytest.approx(sorted(shares.values()), abs=1e-6)


def test_an_outline_without_a_pixel_asks_the_pixel_and_says_so(analysis: Analysis, selection: Selection) -> None:
    said, pixel = inspected(analysis, over(selection, SPECK)), inspected(analysis, selection)
    assert said["text"] == f"{TOO_SMALL} {pixel['text']}" and said["rows"] == pixel["rows"]


def test_views_that_show_the_pixel_say_so_and_others_change_with_the_region(
    analysis: Analysis, selection: Selection
) -> None:
    for name, page in PAGES.items():
        if not page.exists(analysis):
            continue
        pixel, region = view_of(name, analysis, selection), view_of(name, analysis, over(selection, OUTLINE))
        if page.regions:
            assert region["key"] != pixel["key"], name
        elif page.asks_place:
            assert region["hint"].endswith("shows the pixel, not the region."), name
            assert region["groups"] == pixel["groups"], name
        else:
            assert region == pixel, name


def test_without_a_region_every_view_is_as_it_was(analysis: Analysis, selection: Selection) -> None:
    before = all_views(analysis, selection)
    all_views(analysis, over(selection, OUTLINE))
    assert all_views(analysis, selection) == before

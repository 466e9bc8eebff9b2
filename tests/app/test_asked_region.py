"""A region in place of the pixel: what is asked, what is said over it, and that nothing changes without one."""

from dataclasses import replace

import numpy as np
import pytest

from app.analysis.region import TOO_SMALL, asked_of
from app.analysis.selection import MOST_CORNERS, SEGMENT, Selection, read_region
from app.analysis.session import Analysis
from app.tabs.attribution.goal import goal_of
from app.tabs.interaction import cuts
from app.tabs.interaction.regions import region_matrix
from app.tabs.views import PAGES, all_views, inspected, view_of
from app.takeaway.report import card_of
from app.view.wording import percent
from bridgenet.inspection import InteractionMatrix, bridge_rows, bridge_shares, token_at, tpp_attention

OUTLINE = "0.2,0.2;0.7,0.25;0.8,0.9;0.3,0.8"
LEFT, RIGHT, PHOTO = "0,0;0.5,0;0.5,1;0,1", "0.5,0;1,0;1,1;0.5,1", "0,0;1,0;1,1;0,1"
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
            assert region["caution"].endswith("shows the pixel, not the region."), name
            assert region["groups"] == pixel["groups"], name
        else:
            assert region == pixel, name


def test_the_bridge_and_tpp_show_the_mean_row_of_the_region(analysis: Analysis, selection: Selection) -> None:
    asked = asked_of(analysis, over(selection, OUTLINE))
    assert asked is not None
    stage = analysis.trace.stages[selection.scale]
    rows = bridge_rows(stage, 0.0, 0.0, region=asked.pixels)
    view = view_of("bridge", analysis, over(selection, OUTLINE))
    maps = {entry["id"]: entry for entry in view["groups"][0]["maps"]}
    assert maps["bridge-depth"]["note"] == percent(rows["depth"].total) and maps["bridge-depth"]["token"] is None
    assert view["say"][0]["text"] == "In this outline the bridge read " and "tokens of the region" in view["hint"]
    said = view_of("tpp", analysis, over(selection, OUTLINE))
    assert "this outline" in said["say"][0]["text"]
    away = tpp_attention(analysis.trace, "depth", 0.0, 0.0, region=asked.pixels).distance
    shown = {entry["id"]: entry for entry in said["groups"][0]["maps"]}["tpp-depth"]
    assert shown["foot"].endswith(f"{percent(away)} away")


def test_a_cut_over_all_pixels_is_what_it_is_over_the_photo_and_parts_add_up_to_it(
    analysis: Analysis, selection: Selection
) -> None:
    computed = cuts.made_cuts(analysis, cuts.settings_of(analysis, selection))
    matrix = computed.matrix

    def within(outline: str) -> InteractionMatrix:
        asked = asked_of(analysis, over(selection, outline))
        assert asked is not None
        return region_matrix(analysis, computed, asked)

    everywhere, left, right = (within(outline) for outline in (PHOTO, LEFT, RIGHT))
    np.testing.assert_allclose(everywhere.effect, matrix.effect, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(everywhere.control, matrix.control, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose((left.effect + right.effect) / 2, matrix.effect, rtol=1e-4, atol=1e-6)
    assert not np.allclose(left.effect, right.effect)
    shown = view_of("interaction", analysis, over(selection, LEFT))
    group = next(group for group in shown["groups"] if group.get("id") == "region-effects")
    assert group["title"] == "What a cut does in this outline"
    cut = view_of("overview", analysis, replace(selection, region=LEFT, cut="depth"))
    assert [group["id"] for group in cut["groups"][:2]] == ["losses", "losses-here"]


def test_what_is_taken_along_has_the_outline_and_says_what_was_asked(analysis: Analysis, selection: Selection) -> None:
    pixel, region = (card_of("bridge", "bridge-depth", analysis, one) for one in (selection, over(selection, OUTLINE)))
    assert pixel is not None and region is not None
    assert "<path" not in pixel and "pixel " in pixel
    border = inspected(analysis, over(selection, OUTLINE))["outline"]
    assert region.count(f'd="{border}"') == 2 and " · outline" in region


def test_attribution_explains_the_mean_over_the_region(analysis: Analysis, selection: Selection) -> None:
    asked, goal = asked_of(analysis, over(selection, OUTLINE)), goal_of(analysis, over(selection, OUTLINE))
    assert asked is not None and goal.here == "in this outline"
    depth = analysis.trace.predictions["depth"][0, 0].numpy()
    assert goal.value == pytest.approx(depth[asked.pixels.mask(depth.shape).numpy()].mean(), rel=1e-5)
    classes = goal_of(analysis, replace(selection, task="semseg", region=OUTLINE))
    seen = analysis.prediction["semseg"].array[asked.pixels.pixels]
    assert classes.target.component == np.bincount(seen.astype(int)).argmax()


def test_without_a_region_every_view_is_as_it_was(analysis: Analysis, selection: Selection) -> None:
    before = all_views(analysis, selection)
    all_views(analysis, over(selection, OUTLINE))
    assert all_views(analysis, selection) == before

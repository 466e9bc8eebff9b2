from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import without

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.bridge.page import (
    PAGE,
    Way,
    bridge,
    bridge_rows,
    bridge_sentence,
    chosen_region,
    region_shares,
    share_maps,
)
from bridgenet import inspection
from bridgenet.inspection.attention.rows import together
from bridgenet.tasks import TASKS


def group(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in value["groups"] if entry["id"] == name)


def tiles(value: Mapping[str, Any], name: str = "bridge-place") -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in group(value, name)["maps"]}


def words(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


def heats(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry for name, entry in tiles(value).items() if name.startswith("bridge-")]


def test_shares_of_the_bridge_add_up_to_everything(analysis: Analysis, selection: Selection) -> None:
    shares = bridge(analysis, selection)["shares"].shares
    assert sum(entry["share"] for entry in shares) == pytest.approx(1, abs=1e-5)
    expected = inspection.bridge_shares(analysis.trace.stages[0], selection.x, selection.y)
    assert [entry["share"] for entry in shares] == pytest.approx(list(expected.values()))


def test_what_was_read_is_the_attention_of_the_trace(analysis: Analysis, selection: Selection) -> None:
    for scale, stage in enumerate(analysis.trace.stages):
        assert stage.attention is not None
        rows = bridge_rows(analysis, replace(selection, scale=scale, head=1))
        query = next(iter(rows.values()))
        line = stage.attention[0, 1, query.query[0] * query.query_grid[1] + query.query[1]].float().numpy()
        assert np.allclose(np.concatenate([rows[task].weights.ravel() for task in analysis.tasks]), line)


@pytest.mark.parametrize("weighting", ["raw", "value"])
def test_shares_everywhere_add_up_to_one_and_agree_with_those_here(
    analysis: Analysis, selection: Selection, weighting: str
) -> None:
    chosen = replace(selection, scale=2, options={"bridge.weighting": weighting})
    maps, rows = share_maps(analysis, Way.of(chosen)), bridge_rows(analysis, chosen)
    assert np.allclose(sum(maps.values()), 1, atol=1e-5)
    assert [float(maps[task][rows[task].query]) for task in analysis.tasks] == pytest.approx(
        [rows[task].total for task in analysis.tasks], abs=1e-5
    )


def test_weighting_by_value_reads_something_else(analysis: Analysis, selection: Selection) -> None:
    by_value = bridge(analysis, replace(selection, options={"bridge.weighting": "value"}))
    assert sum(entry["share"] for entry in by_value["shares"].shares) == pytest.approx(1, abs=1e-5)
    assert by_value["shares"] != bridge(analysis, selection)["shares"]
    assert "attention × value" in by_value["hint"]


def test_another_place_head_or_scale_gives_other_attention(analysis: Analysis, selection: Selection) -> None:
    def shown(**changes: Any) -> tuple[str, ...]:
        return tuple(entry["src"] for entry in heats(bridge(analysis, replace(selection, **changes))))

    assert len({shown(), shown(x=0.9, y=0.1), shown(head=1), shown(scale=2)}) == 4


def test_the_legend_says_what_shares_the_scale(analysis: Analysis, selection: Selection) -> None:
    def scales(scope: str, **changes: Any) -> tuple[set[str], set[str]]:
        ramps = [entry["ramp"] for entry in heats(bridge(analysis, replace(selection, scope=scope, **changes)))]
        assert len(ramps) == len(analysis.tasks)
        return {ramp["high"] for ramp in ramps}, {ramp["shared"] for ramp in ramps}

    assert len(scales("map")[0]) > 1 and scales("map")[1] == {"this map"}
    assert len(scales("tab")[0]) == 1 and scales("tab")[1] == {"these maps"}
    assert scales("all") == scales("all", x=0.9, y=0.1) and scales("all")[1] == {"all pixels"}


def test_every_map_has_the_token_that_asks(analysis: Analysis, selection: Selection) -> None:
    value = bridge(analysis, replace(selection, scale=1))
    for entry in [*tiles(value).values(), *tiles(value, "bridge-everywhere").values()]:
        token = entry["token"]
        assert token["left"] <= selection.x <= token["left"] + token["width"]
        assert token["top"] <= selection.y <= token["top"] + token["height"]


def test_hovering_reads_who_was_asked_most(analysis: Analysis, selection: Selection) -> None:
    dominant = inspection.dominant_task(analysis.trace.stages[0])
    shown = tiles(bridge(analysis, selection))["dominant"]
    assert shown["values"]["names"] == [TASKS[task].title for task in analysis.tasks]
    assert sum(entry["share"] for entry in shown["legend"]) == pytest.approx(1)
    first = shown["legend"][0]
    assert first["share"] == pytest.approx(float((dominant.index == first["index"]).mean()))


def test_a_scale_of_shares_is_centred_at_the_even_share(analysis: Analysis, selection: Selection) -> None:
    even = 100 / len(analysis.tasks)
    for entry in tiles(bridge(analysis, selection), "bridge-everywhere").values():
        low, high = (float(entry["ramp"][end].strip("≥ %")) for end in ("low", "high"))
        assert low >= 0 and (low + high) / 2 == pytest.approx(even, abs=1)


def test_the_class_of_the_pixel_is_the_region_unless_another_is_chosen(
    analysis: Analysis, selection: Selection
) -> None:
    names = analysis.prediction["semseg"].classes
    regions = region_shares(analysis, Way.of(selection))
    here = names[int(analysis.prediction["semseg"].array[54, 48])]
    assert names[chosen_region(analysis, selection, regions).index] == here
    for region in regions:
        other = replace(selection, options={"bridge.region": names[region.index]})
        assert chosen_region(analysis, other, regions) is region
        assert group(bridge(analysis, other), "bridge-region")["title"] == f"In all {names[region.index]} pixels"
    unknown = replace(selection, options={"bridge.region": "unicorn"})
    assert names[chosen_region(analysis, unknown, regions).index] == here
    assert bridge(analysis, unknown)["tools"][-1]["chosen"] == ""


def test_regions_cover_the_photo_and_their_shares_add_up_to_one(analysis: Analysis, selection: Selection) -> None:
    regions = region_shares(analysis, Way.of(selection))
    assert sum(region.area for region in regions) == pytest.approx(1)
    assert all(sum(region.mean.values()) == pytest.approx(1, abs=1e-5) for region in regions)
    bars = group(bridge(analysis, selection), "bridge-region")["chart"]
    assert sum(row.value for row in bars.rows) == pytest.approx(1, abs=1e-5)
    assert all(row.low is None or row.low <= row.value <= row.high <= bars.limits[1] for row in bars.rows)


def test_the_table_names_six_classes_and_sums_up_the_others(analysis: Analysis, selection: Selection) -> None:
    table = group(bridge(analysis, selection), "bridge-regions")["chart"]
    large = [region for region in region_shares(analysis, Way.of(selection)) if region.tokens >= 1]
    assert len(table.rows) == min(len(large), 7)
    assert sum(int(row[1]) for row in table.rows) == pytest.approx(sum(region.tokens for region in large), abs=4)
    if len(large) > 6:
        rest = large[6:]
        count = sum(region.tokens for region in rest)
        task = next(iter(rest[0].mean))
        mean = 100 * sum(region.tokens * region.mean[task] for region in rest) / count
        assert table.rows[6][0]["text"].startswith(f"{len(rest)} more class")
        assert float(table.rows[6][2]) == pytest.approx(mean, abs=0.51)


def test_a_class_of_less_than_a_token_is_not_offered(analysis: Analysis, selection: Selection) -> None:
    names = analysis.prediction["semseg"].classes
    offered = {option["value"] for option in bridge(analysis, selection)["tools"][-1]["options"]}
    large = {names[region.index] for region in region_shares(analysis, Way.of(selection)) if region.tokens >= 1}
    assert offered == large | {""}


def test_the_sentence_names_the_largest_share_first(analysis: Analysis, selection: Selection) -> None:
    assert (
        words(bridge_sentence({"semseg": 0.2, "depth": 0.5, "edge": 0.3}, ""))
        == "Here the bridge read 50 % from depth, then edges and segmentation."
    )
    value = bridge(analysis, selection)
    largest = max(value["shares"].shares, key=lambda entry: entry["share"])
    assert value["say"][1]["text"].endswith(f"from {largest['title'].lower()}")


def test_the_sentence_does_not_make_a_favourite_of_equals() -> None:
    assert "as much from every other" in words(bridge_sentence({"semseg": 0.505, "depth": 0.495}, ""))


def test_the_sentence_says_where_it_was_read(analysis: Analysis, selection: Selection) -> None:
    everything = together({**bridge_rows(analysis, selection)})
    assert inspection.place_in_words(everything.placed) in words(bridge(analysis, selection)["say"])


def test_one_task_alone_has_no_shares_to_compare(tmp_path: Path) -> None:
    value = bridge(without(tmp_path, tasks={"depth": 1}), Selection(task="depth"))
    assert "one task" in words(value["say"])
    assert list(tiles(value)) == ["image", "bridge-depth"] and len(value["groups"]) == 1


def test_without_segmentation_there_are_no_regions(tmp_path: Path) -> None:
    lacking = without(tmp_path, tasks={"depth": 1, "edge": 1})
    value = bridge(lacking, Selection(task="depth"))
    assert [entry["id"] for entry in value["groups"]] == ["bridge-place", "bridge-everywhere"]
    assert [tool["name"] for tool in value["tools"]] == ["head", "bridge.weighting"]


def test_the_bridge_needs_no_tpp(tmp_path: Path, selection: Selection) -> None:
    shares = bridge(without(tmp_path, tpp=False), selection)["shares"].shares
    assert sum(entry["share"] for entry in shares) == pytest.approx(1, abs=1e-5)


def test_without_a_bridge_nobody_was_asked(tmp_path: Path) -> None:
    assert not PAGE.exists(without(tmp_path, bfe=False, refinement="tfr"))

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import without

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.tpp.page import PAGE, tpp, tpp_sentence, tpp_view, used_patterns
from app.view.attention import has_bridge
from bridgenet import inspection
from bridgenet.inspection.attention.purity import semantic_purity
from bridgenet.inspection.attention.rows import AttentionView

EVERY_WAY = [
    {"tpp.direction": direction, "tpp.weighting": weighting, "tpp.fusion": fusion}
    for direction in ("outgoing", "incoming")
    for weighting in ("raw", "value", "minus-average")
    for fusion in ("after", "before")
]


def group(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in value["groups"] if entry["id"] == name)


def tiles(value: Mapping[str, Any], name: str = "tpp-tasks") -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in group(value, name)["maps"]}


def sentence(value: Mapping[str, Any]) -> str:
    return "".join(part["text"] for part in value["say"])


def looking(away: float, weights: np.ndarray | None = None, signed: bool = False) -> AttentionView:
    """Everything is seen at one distance."""
    weights = np.full((3, 3), 1 / 9) if weights is None else weights
    box = (0.0, 0.0, 1 / 3, 1 / 3)
    grids: dict[str, Any] = {"query": (0, 0), "query_grid": (3, 3)}
    total = float(weights.sum())
    distance = np.full((3, 3), away)
    return AttentionView(
        weights, weights, **grids, total=total, box=box, away=distance, even=1.0, highest=1.0, signed=signed
    )


def test_tpp_shows_every_task_and_every_head_of_the_chosen_one(analysis: Analysis, selection: Selection) -> None:
    value = tpp(analysis, selection)
    assert list(tiles(value)) == ["image", *(f"tpp-{task}" for task in analysis.tasks), "tpp-average"]
    assert list(tiles(value, "tpp-heads")) == ["tpp-head-mean", "tpp-head-0", "tpp-head-1"]


def test_rows_sum_to_one_and_are_those_of_the_trace(analysis: Analysis, selection: Selection) -> None:
    assert analysis.trace.pattern is not None
    for task in analysis.tasks:
        view = tpp_view(analysis, selection, task, None)
        matrix = analysis.trace.pattern.attention[task][0].float().mean(dim=0).numpy()
        row = view.query[0] * view.query_grid[1] + view.query[1]
        assert np.allclose(view.weights.ravel(), matrix[row])
        assert tiles(tpp(analysis, selection))[f"tpp-{task}"]["note"] == "sum 1.000"


@pytest.mark.parametrize("options", EVERY_WAY)
def test_every_way_of_looking_has_words_and_a_box(
    analysis: Analysis, selection: Selection, options: dict[str, str]
) -> None:
    value = tpp(analysis, replace(selection, options=options, head=1))
    assert len(sentence(value)) > 20
    for task in analysis.tasks:
        tile = tiles(value)[f"tpp-{task}"]
        token = tile["token"]
        assert token["left"] <= selection.x <= token["left"] + token["width"]
        assert token["top"] <= selection.y <= token["top"] + token["height"]
        assert len(tile["alt"]) > 20


def test_every_option_shows_something_else(analysis: Analysis, selection: Selection) -> None:
    def shown(options: dict[str, str]) -> str:
        return str(tiles(tpp(analysis, replace(selection, options=options)))["tpp-depth"]["values"])

    assert len({shown(options) for options in EVERY_WAY}) == len(EVERY_WAY)


def test_differences_from_the_average_row_have_a_scale_to_both_sides(analysis: Analysis, selection: Selection) -> None:
    value = tpp(analysis, replace(selection, options={"tpp.weighting": "minus-average"}))
    ramp = tiles(value)["tpp-depth"]["ramp"]
    assert ramp["low"] == ramp["high"].replace("+", "−")
    assert tiles(value)["tpp-depth"]["note"] == "sum 0.000"


def test_the_legend_says_what_shares_the_scale(analysis: Analysis, selection: Selection) -> None:
    def scales(scope: str) -> tuple[set[str], set[str]]:
        value = tpp(analysis, replace(selection, scope=scope))
        ramps = [
            entry["ramp"]
            for entry in [*tiles(value).values(), *tiles(value, "tpp-heads").values()]
            if "ramp" in entry and entry["id"] != "tpp-average"
        ]
        return {ramp["high"] for ramp in ramps}, {ramp["shared"] for ramp in ramps}

    assert len(scales("map")[0]) > 1 and scales("map")[1] == {"this map"}
    assert len(scales("tab")[0]) == 1 and scales("tab")[1] == {"these maps"}
    assert len(scales("all")[0]) == 1 and scales("all")[1] == {"all pixels"}
    elsewhere = tpp(analysis, replace(selection, scope="all", x=0.9, y=0.1))
    assert tiles(elsewhere)["tpp-depth"]["ramp"]["high"] in scales("all")[0]


def test_a_head_is_chosen_by_its_title(analysis: Analysis, selection: Selection) -> None:
    strip = tiles(tpp(analysis, replace(selection, head=1)), "tpp-heads")
    chosen = {name: entry["choose"]["chosen"] for name, entry in strip.items()}
    assert chosen == {"tpp-head-mean": False, "tpp-head-0": False, "tpp-head-1": True}
    assert [entry["choose"]["value"] for entry in strip.values()] == [-1, 0, 1]
    shown = tiles(tpp(analysis, replace(selection, head=1)))["tpp-depth"]
    assert shown["src"] == strip["tpp-head-1"]["src"]


def test_the_parts_of_every_pattern_add_up_to_one(analysis: Analysis, selection: Selection) -> None:
    for head in (None, 0):
        for shares in used_patterns(analysis, replace(selection, head=head)).values():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    bars = group(tpp(analysis, selection), "tpp-patterns")["chart"].rows
    assert len(bars) == len(analysis.tasks)


def test_the_average_row_is_what_all_rows_have_in_common(analysis: Analysis, selection: Selection) -> None:
    assert analysis.trace.pattern is not None
    mean = float(analysis.trace.pattern.attention["depth"][0].float().mean(dim=(0, 1)).max())
    assert tiles(tpp(analysis, selection))["tpp-average"]["ramp"]["high"] == f"{mean:.2g}"


def test_heads_are_compared_in_numbers(analysis: Analysis, selection: Selection) -> None:
    atlas = group(tpp(analysis, selection), "tpp-atlas")["chart"]
    assert [row[0]["text"] for row in atlas.rows] == ["mean", "head\N{NO-BREAK SPACE}1", "head\N{NO-BREAK SPACE}2"]
    view = tpp_view(analysis, selection, "depth", 1)
    assert atlas.rows[2][1] == f"{inspection.attention_entropy(view.weights):.2f}"
    mass, area = semantic_purity(view.placed, analysis.prediction["semseg"].array, selection.x, selection.y)
    assert atlas.rows[2][3] == f"{100 * mass:.0f}\u00a0% ({100 * area:.0f}\u00a0%)"


@pytest.mark.parametrize("way", EVERY_WAY, ids=lambda way: " ".join(way.values()))
def test_heads_have_no_column_that_none_of_them_fills(
    analysis: Analysis, selection: Selection, way: dict[str, str]
) -> None:
    value = tpp(analysis, replace(selection, options=way))
    tables = [entry["chart"] for entry in value["groups"] if entry["id"] == "tpp-atlas"]
    assert len(tables) == (way["tpp.weighting"] != "minus-average")
    for table in tables:
        assert len(table.head) > 1 and all(cell for row in table.rows for cell in row)


def test_the_sentence_names_who_looks_farthest_and_who_stays_closest() -> None:
    said = tpp_sentence({"depth": looking(0.38), "edge": looking(0.2), "semseg": looking(0.3)}, "outgoing", "chair")
    words = "".join(part["text"] for part in said)
    assert words.startswith("From this pixel, seen as chair, depth looks farthest: 38 % of the diagonal")
    assert words.endswith("edges stay closest, 20 %.")


def test_the_sentence_makes_no_favourite_of_equals() -> None:
    said = tpp_sentence({"depth": looking(0.3), "edge": looking(0.3)}, "outgoing", "")
    assert "every task looks equally far" in "".join(part["text"] for part in said)
    alike = tpp_sentence({"depth": looking(0.3, np.zeros((3, 3)), signed=True)}, "outgoing", "")
    assert "as it does on average" in "".join(part["text"] for part in alike)


def test_the_sentence_counts_who_looks_here_in_even_shares() -> None:
    twice, half = np.full((3, 3), 2 / 9), np.full((3, 3), 0.5 / 9)
    said = tpp_sentence({"edge": looking(0.3, half), "depth": looking(0.3, twice)}, "incoming", "")
    words = "".join(part["text"] for part in said)
    assert "depth looks most: 2.0 × an even share" in words and "edges least, 0.5 ×" in words


def test_one_task_has_no_one_to_share_with(tmp_path: Path) -> None:
    alone = without(tmp_path, tasks={"depth": 1})
    value = tpp(alone, Selection(task="depth"))
    assert list(tiles(value)) == ["image", "tpp-depth", "tpp-average"]
    assert [entry["id"] for entry in value["groups"]] == ["tpp-tasks", "tpp-heads", "tpp-atlas"]
    assert "depth looks this far" in sentence(value)


def test_tpp_needs_no_bridge(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, bfe=False, refinement="tfr")
    assert PAGE.exists(lacking) and not has_bridge(lacking)
    assert tiles(tpp(lacking, selection))["tpp-depth"]["note"] == "sum 1.000"


def test_without_tpp_there_is_no_tpp_panel(tmp_path: Path) -> None:
    assert not PAGE.exists(without(tmp_path, tpp=False))


def test_cells_that_are_unequal_at_the_border_are_explained(analysis: Analysis, selection: Selection) -> None:
    view = tpp_view(analysis, selection, selection.task, None)
    assert view.placed.shape[0] > view.weights.shape[0] > 1
    assert "on the border" in tpp(analysis, selection)["hint"]
    incoming = replace(selection, options={"tpp.direction": "incoming"})
    assert "on the border" not in tpp(analysis, incoming)["hint"]

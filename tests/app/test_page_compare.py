from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import photo, save_untrained, without

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.tabs import views
from app.tabs.compare.page import (
    PAGE,
    compare,
    compute,
    difference_map,
    map_groups,
    measured,
    numbers_table,
    pair_key,
)
from app.tabs.compare.pairs import (
    Pair,
    Side,
    intervene,
    interventions,
    make_pair,
    prediction_of,
)
from app.view.changes import amount
from app.view.maps import both_sides
from app.view.own_errors import error_of
from app.view.wire import to_json
from bridgenet.config.systems import PadNetConfig, SystemConfigs
from bridgenet.images import LoadedImage
from bridgenet.inspection import interaction_matrix
from bridgenet.sources import SOURCES

pytestmark = pytest.mark.slow


def with_itself(analysis: Analysis) -> Pair:
    return Pair(Side(analysis, "A"), Side(analysis, "B"), True)


def chosen(selection: Selection, other: str, **more: Any) -> Selection:
    return replace(selection, options={"compare.with": other, **more})


def computed(session: Session, analysis: Analysis, selection: Selection) -> dict:
    assert "pending" in compare(analysis, selection)
    compute(session, analysis, selection, lambda done, total, words: None)
    value = compare(analysis, selection)
    assert "pending" not in value
    return value


def text_of(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


def group(value: dict, name: str) -> dict:
    return next(entry for entry in value["groups"] if entry["id"] == name)


def test_an_analysis_compared_with_itself_differs_nowhere(analysis: Analysis, selection: Selection) -> None:
    compared = measured(with_itself(analysis))
    assert set(compared.changes) == set(analysis.tasks)
    assert not any(difference.any() for difference in compared.differences.values())
    fresh = replace(analysis, results=Results())
    fresh.results.keep(compared, measured, *pair_key(fresh, chosen(selection, "noise")))
    assert text_of(compare(fresh, chosen(selection, "noise"))["say"]) == "A and B agree."


def test_a_mirrored_symmetric_photo_gets_mirrored_normals(session: Session) -> None:
    half = photo(90, 60).pixels
    symmetric = LoadedImage(np.concatenate([half, half[:, ::-1]], axis=1), ())
    analysis = session.analyse(symmetric, title="symmetric")
    turned = prediction_of(analysis, intervene(analysis, "flip"))
    # The network cannot tell this photo from its mirror image: what it says of it is turned back, and nothing else.
    assert np.allclose(turned["depth"].array, analysis.prediction["depth"].array[:, ::-1], atol=1e-4)
    normals = analysis.prediction["normals"].array[:, ::-1] * np.array([-1, 1, 1])
    assert np.allclose(turned["normals"].array, normals, atol=1e-4)


def test_the_bridge_of_a_mirrored_photo_is_read_at_the_mirrored_place(session: Session, analysis: Analysis) -> None:
    pair = make_pair(session, analysis, {}, "flip")
    left = pair.b.shares(Selection(x=0.2, y=0.6, scale=2))
    upright = replace(pair.b, mirrored=False)
    assert left == upright.shares(Selection(x=0.8, y=0.6, scale=2)) != upright.shares(Selection(x=0.2, y=0.6, scale=2))
    assert left is not None and sum(left.values()) == pytest.approx(1, abs=1e-5)


def test_every_intervention_changes_something_and_leaves_the_network_as_it_was(analysis: Analysis) -> None:
    for what in interventions(analysis):
        trace = intervene(analysis, what)
        changed = prediction_of(analysis, trace)
        assert any((changed[task].array != analysis.prediction[task].array).any() for task in analysis.tasks), what
    again = analysis.predictor.model(analysis.images())
    assert all(torch.equal(again.logits[task], analysis.trace.logits[task]) for task in analysis.tasks)


def test_the_unchanged_trace_gives_the_prediction_back(analysis: Analysis) -> None:
    same = prediction_of(analysis, analysis.trace)
    assert all((same[task].array == analysis.prediction[task].array).all() for task in analysis.tasks)


def test_a_network_without_bridge_and_tpp_has_neither_to_switch_off(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    assert list(interventions(lacking)) == ["flip", "noise"]
    value = computed(Session(tmp_path / "lacking"), lacking, selection)
    assert "asked" not in [entry["id"] for entry in value["groups"]]


def test_the_table_says_what_both_say_at_the_place(session: Session, analysis: Analysis, selection: Selection) -> None:
    value = computed(session, analysis, chosen(selection, "bridge"))
    row = next(row for row in group(value, "numbers")["chart"].rows if row[0]["text"] == "Depth")
    changed = prediction_of(analysis, intervene(analysis, "bridge"))["depth"].array
    said = analysis.prediction["depth"].array
    assert row[1:3] == [f"{said[54, 48]:.2f} m", f"{changed[54, 48]:.2f} m"]
    assert row[4] == f"{np.abs(changed - said).mean():.2f} m"
    assert text_of(value["say"]).startswith("With bridge off, ")


def test_both_depths_are_drawn_on_one_scale(session: Session, analysis: Analysis, selection: Selection) -> None:
    value = computed(session, analysis, chosen(selection, "noise", **{"compare.show": "sides"}))
    a, b, difference = group(value, "depth")["maps"]
    assert (a["ramp"]["low"], a["ramp"]["high"]) == (b["ramp"]["low"], b["ramp"]["high"])
    assert difference["values"]["unit"] == "m"


def test_a_wipe_has_a_on_its_left_and_b_on_its_right(
    session: Session, analysis: Analysis, selection: Selection
) -> None:
    value = computed(session, analysis, chosen(selection, "tpp"))
    wiped = group(value, "edge")["maps"][0]
    sides = compare(analysis, chosen(selection, "tpp", **{"compare.show": "sides"}))
    a, b, _ = group(sides, "edge")["maps"]
    assert (wiped["wipe"]["src"], wiped["src"]) == (a["src"], b["src"])


def test_a_signed_difference_can_be_read_where_b_is_less() -> None:
    drawn = difference_map("depth", np.array([[-0.5, 0.25]], np.float32))
    assert drawn["values"]["offset"] < 0 and drawn["ramp"]["low"] == "−0.5 m"


def test_errors_are_told_where_both_have_the_truth(session: Session, selection: Selection) -> None:
    truth = {"depth": np.full((90, 120), 2.0, np.float32)}
    known = session.analyse(photo(seed=3), title="measured", truth=truth)
    value = computed(session, known, chosen(selection, "bridge"))
    numbers = group(value, "numbers")
    row = next(row for row in numbers["chart"].rows if row[0]["text"] == "Depth")
    assert numbers["chart"].head[5] == "Mean error of A, of B"
    error = np.abs(known.prediction["depth"].array - 2).mean()
    assert row[5].startswith(f"{error:.2f}\N{NO-BREAK SPACE}m, ")
    assert error_of(known, "normals") is None
    half = replace(known, truth={"depth": np.where(np.arange(120) < 60, 2.0, np.nan).repeat(90).reshape(120, 90).T})
    assert error_of(half, "depth") == pytest.approx(np.abs(known.prediction["depth"].array[:, :60] - 2).mean())


@pytest.fixture
def neighbours(tmp_path: Path) -> Session:
    """A session of two checkpoints, of which the second has two tasks only."""
    save_untrained(tmp_path / "one")
    save_untrained(tmp_path / "two", tasks={"depth": 1, "edge": 1})
    return Session(tmp_path / "one")


def test_two_checkpoints_share_only_the_tasks_that_both_have(neighbours: Session, selection: Selection) -> None:
    analysis = neighbours.analyse(photo(), title="noise")
    value = computed(neighbours, analysis, chosen(selection, "checkpoint:two"))
    assert [row[0]["text"] for row in group(value, "numbers")["chart"].rows] == ["Depth", "Edges"]
    assert "only one of them answers segmentation" in group(value, "numbers")["text"]
    assert [entry["value"] for entry in value["tools"][0]["options"]][-1] == "checkpoint:two"


@pytest.fixture
def rivals(tmp_path: Path) -> Session:
    """A session of three systems."""
    tasks = {"depth": 1, "normals": 3, "edge": 1}
    save_untrained(tmp_path / "bridge", tasks=tasks)
    save_untrained(tmp_path / "pairs", tasks=tasks, system="pad-net", systems=SystemConfigs(pad_net=PadNetConfig(16)))
    save_untrained(tmp_path / "apart", tasks=tasks, system="mtl")
    return Session(tmp_path / "bridge")


def test_two_systems_are_compared_inside(rivals: Session, selection: Selection) -> None:
    analysis = rivals.analyse(photo(), title="noise")
    inside = {"compare.show": "inside"}
    value = computed(rivals, analysis, chosen(selection, "checkpoint:pairs", **inside))
    other = rivals.again(analysis, "pairs")
    for letter, one in (("a", analysis), ("b", other)):
        last, cuts = group(value, f"last-{letter}"), group(value, f"cuts-{letter}")
        assert one.checkpoint in last["title"] and one.checkpoint in cuts["title"]
        assert [drawn["title"] for drawn in last["maps"]] == ["Depth", "Norm.", "Edges"]
        matrix = interaction_matrix(one.own_model(), one.images())
        *rows, control = cuts["chart"].rows
        assert control.control and len(rows) == 3
        assert rows[0].cells[1].text == amount(float(matrix.effect[0, 1]), "normals")
        assert control.cells[2].text == amount(float(matrix.control[2]), "edge")
    curves = group(value, "costs")["chart"].curves
    assert [list(curve.x) for curve in curves] == [list(range(2, 9))] * 2
    assert all(np.diff(curve.y).min() > 0 for curve in curves) and "for eight" in group(value, "costs")["text"]
    assert to_json(value)

    value = computed(rivals, analysis, chosen(selection, "checkpoint:apart", **inside))
    assert "meet in the encoder only" in group(value, "cuts-b")["chart"].paragraphs[0][0]["text"]
    photo_alone = computed(rivals, analysis, chosen(selection, "noise", **inside))
    (tool,) = [tool for tool in photo_alone["tools"] if tool["name"] == "compare.show"]
    assert tool["chosen"] == "wipe" and [entry["value"] for entry in tool["options"]] == ["wipe", "sides"]


def test_a_task_can_be_left_unread_wherever_tasks_meet(rivals: Session) -> None:
    analysis = rivals.again(rivals.analyse(photo(), title="noise"), "pairs")
    assert "without:depth" in interventions(analysis)
    trace = intervene(analysis, "without:depth")
    moved = [task for task in analysis.tasks if not torch.equal(trace.logits[task], analysis.trace.logits[task])]
    assert moved == ["normals", "edge"]
    assert "without:depth" not in interventions(rivals.again(analysis, "apart"))


def test_classes_of_different_data_sets_are_not_compared(analysis: Analysis, selection: Selection) -> None:
    prediction = replace(analysis.prediction, classes=SOURCES["nyud"].classes)
    pair = Pair(Side(analysis, "A"), Side(replace(analysis, prediction=prediction), "B"), True)
    compared = measured(pair)
    assert "semseg" not in compared.differences and "depth" in compared.differences
    (row,) = [row for row in numbers_table(compared, selection)["chart"].rows if row[0]["text"] == "Segmentation"]
    assert row[3:] == ["other classes", "not compared"]


def test_the_legend_of_a_side_names_what_nearly_all_of_it_is(analysis: Analysis) -> None:
    answer = analysis.prediction["semseg"]
    labels = np.repeat(np.arange(5, dtype=np.uint8), 18)[:, None].repeat(120, axis=1)
    five = replace(analysis.prediction, tasks={**analysis.prediction.tasks, "semseg": replace(answer, array=labels)})
    side = Side(replace(analysis, prediction=five), "A")
    maps = next(entry["maps"] for entry in map_groups(measured(Pair(side, side, False)), "sides"))
    assert [len(drawn["legend"]) for drawn in maps] == [5, 5]


def striped(analysis: Analysis, *labels: int) -> Analysis:
    """As if the segmentation had so many equal stripes."""
    answer = analysis.prediction["semseg"]
    stripes = np.repeat(np.array(labels, np.uint8), 90 // len(labels))[:, None].repeat(120, axis=1)
    tasks = {**analysis.prediction.tasks, "semseg": replace(answer, array=stripes)}
    return replace(analysis, prediction=replace(analysis.prediction, tasks=tasks))


def test_the_legend_under_a_slider_names_the_classes_of_both_sides_with_both_areas(analysis: Analysis) -> None:
    pair = Pair(Side(striped(analysis, 1, 1, 4), "A"), Side(striped(analysis, 1, 2, 3), "B"), True)
    groups = {entry["id"]: entry["maps"][0] for entry in map_groups(measured(pair), "wipe")}
    names = analysis.prediction["semseg"].classes
    told = {entry["name"]: entry["both"] for entry in groups["semseg"]["legend"]}
    gone, come = "33 → 0 %", "0 → 33 %"
    assert told == {names[1]: "67 → 33 %", names[4]: gone, names[2]: come, names[3]: come}
    assert groups["semseg"]["foot"] == "areas A → B"
    assert not groups["normals"].get("legend") and "areas" not in groups["normals"]["foot"]


def test_what_is_on_the_left_alone_names_no_pixel_of_the_right() -> None:
    left, right = ({"index": 3, "name": name, "colour": "#112233", "share": 0.5} for name in ("lamp", "rug"))
    assert [(entry["name"], entry["index"], entry["both"]) for entry in both_sides([left], [right])] == [
        ("lamp", -4, "50 → 0 %"),
        ("rug", 3, "0 → 50 %"),
    ]
    assert [entry["both"] for entry in both_sides([right], [right])] == ["50 %"]


def test_a_pinned_photo_is_compared_with_the_one_that_is_shown(session: Session, analysis: Analysis) -> None:
    other = session.analyse(photo(seed=8), title="other")
    pins = {"A": {"key": other.key, "title": "other", "checkpoint": other.checkpoint}}
    selection = Selection(x=0.3, y=0.3, pins=pins)
    value = computed(session, analysis, selection)
    assert group(value, "depth")["columns"] == 2
    assert "their pixels are not compared" in group(value, "numbers")["text"]
    assert "unpin" in [entry.get("action") for entry in value["tools"]]
    pair = make_pair(session, analysis, pins, "flip")
    assert (pair.a.analysis.key, pair.b.analysis.key, pair.same_photo) == (other.key, analysis.key, False)


def test_a_pin_of_what_is_shown_is_compared_with_the_intervention(session: Session, analysis: Analysis) -> None:
    pair = make_pair(session, analysis, {"A": {"key": analysis.key}}, "noise")
    assert pair.same_photo and pair.b.words == "the photo with noise"


@pytest.mark.parametrize("pin", [{"key": "gone"}, {"key": 7}, "A", {}])
def test_a_released_pin_says_so(session: Session, analysis: Analysis, pin: Any) -> None:
    with pytest.raises(StudioError, match="pinned as B was released"):
        make_pair(session, analysis, {"B": pin}, "flip")


def test_what_b_cannot_be_is_the_mirrored_photo(analysis: Analysis, selection: Selection) -> None:
    for other in ("", "without:poetry", f"checkpoint:{analysis.checkpoint}"):
        assert pair_key(analysis, chosen(selection, other)) == pair_key(analysis, chosen(selection, "flip"))


def test_a_pair_keeps_neither_features_nor_other_pairs_alive(session: Session, analysis: Analysis) -> None:
    pair = make_pair(session, analysis, {}, "bridge")
    assert (
        pair.a.analysis.trace.task_generic == ()
        and not len(pair.a.analysis.results)
        and not len(pair.b.analysis.results)
    )


def test_the_view_is_one_of_the_pages(analysis: Analysis) -> None:
    assert views.PAGES["compare"] is PAGE

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import photo, without

from app.analysis.cut import without as cut_off
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.refinement import strengths
from app.tabs.refinement.lens import answers_so_far
from app.tabs.refinement.page import PAGE, refinement
from app.view.changes import enlarged, shown_size
from app.view.wire import to_json
from bridgenet.inspection import changed_share, effect_of, with_bridge_strength
from bridgenet.kinds import error_at


def quietly(done: int, total: int, words: str) -> None:
    assert 0 <= done < total
    assert words


def opened(session: Session, analysis: Analysis, alpha: float = 1.0, task: str = "depth") -> dict:
    selection = Selection(task=task, options={"refinement.alpha": alpha})
    strengths.compute(session, analysis, selection, quietly)
    return refinement(analysis, selection)


def group(value: dict, name: str) -> dict:
    return next(entry for entry in value["groups"] if entry["id"] == name)


@pytest.fixture(scope="module")
def labelled(session: Session) -> Analysis:
    generator = np.random.default_rng(3)
    normals = generator.normal(size=(90, 120, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    depth = generator.uniform(1, 3, (90, 120)).astype(np.float32)
    depth[:20] = np.nan
    semseg = generator.integers(0, 14, (90, 120), dtype=np.uint8)
    truth = {"semseg": semseg, "depth": depth, "normals": normals, "edge": np.zeros((90, 120), np.uint8)}
    return session.analyse(photo(seed=5), title="labelled", truth=truth, truth_classes="made_rooms")


def test_the_view_shows_predictions_until_it_is_computed(session: Session) -> None:
    fresh = session.analyse(photo(seed=6), title="fresh")
    value = refinement(fresh, Selection())
    assert value["pending"]
    assert len(value["groups"][0]["maps"]) == len(fresh.tasks)
    assert "pending" not in opened(session, fresh)


def test_strength_one_is_the_prediction_bit_for_bit(session: Session, analysis: Analysis) -> None:
    value = opened(session, analysis)
    said = strengths.logits_at(analysis, 1)
    assert all(torch.equal(said[task], analysis.trace.logits[task]) for task in analysis.tasks)
    assert strengths.is_exact(analysis, 1.0)
    assert not strengths.is_exact(analysis, 0.5)
    assert "bit for bit" in group(value, "wipes")["text"]
    assert "bit for bit" not in group(opened(session, analysis, 0.95), "wipes")["text"]


def test_counts_are_those_of_the_network_with_and_without_its_bridge(session: Session, analysis: Analysis) -> None:
    value = opened(session, analysis, 1.4)
    model, size = analysis.own_model(), shown_size(analysis)
    before, after = (with_bridge_strength(model, analysis.trace, alpha).logits for alpha in (0, 1.4))
    for row, task in zip(group(value, "counts")["chart"].rows, analysis.tasks, strict=True):
        first, last = enlarged(before[task], size), enlarged(after[task], size)
        step = strengths.step_of(analysis, 1.4, task)
        assert step.changed == changed_share(task, first, last)
        assert step.effect == effect_of(task, first, last)
        assert row[1] == f"{100 * step.changed.share:.1f}\N{NO-BREAK SPACE}%"


def test_without_the_bridge_nothing_differs(session: Session, analysis: Analysis) -> None:
    value = opened(session, analysis, 0)
    assert {strengths.step_of(analysis, 0, task).effect for task in analysis.tasks} == {0.0}
    assert "left to itself" in value["say"][0]["text"]
    for entry in group(value, "wipes")["maps"]:
        assert entry["src"] == entry["wipe"]["src"]
        assert not any("→" in part["both"] for part in entry.get("legend") or ())


def test_the_legend_under_a_slider_tells_areas_without_and_with_the_bridge(
    session: Session, analysis: Analysis
) -> None:
    value = group(opened(session, analysis), "wipes")["maps"]
    shown = next(entry for entry in value if entry["id"] == "refined-semseg")
    sides = [strengths.classes_at(analysis, alpha, "semseg") for alpha in (0, 1)]
    areas = [{entry["name"]: round(100 * entry["share"]) for entry in side} for side in sides]
    assert shown["foot"] == "areas without → with"
    # As many as the legend of any other map: six, the largest on either side.
    known = {name for side in areas for name in side}
    assert len(shown["legend"]) == min(len(known), 6) > 3
    for entry in shown["legend"]:
        first, last = (side.get(entry["name"], 0) for side in areas)
        assert entry["both"] == (f"{last} %" if first == last else f"{first} → {last} %")


def test_with_truth_the_difference_is_signed_and_the_curve_is_an_error(session: Session, labelled: Analysis) -> None:
    value = opened(session, labelled)
    steps = {task: strengths.step_of(labelled, 1, task) for task in labelled.tasks}
    assert {task for task, step in steps.items() if step.error is not None} == {"semseg", "depth", "normals"}
    assert group(value, "curve")["title"] == "Depth: error"
    size = shown_size(labelled)
    truth = strengths.truth_of(labelled, "depth", size)
    said = enlarged(labelled.trace.logits["depth"], size)
    error = error_at("depth", said, truth)
    assert torch.isnan(error[0, :20]).all()
    assert steps["depth"].error == pytest.approx(error.nanmean().item(), rel=1e-5)
    expected = np.nanmean(np.abs(labelled.prediction["depth"].array - labelled.truth["depth"]))
    # What is shown is clipped at 0 m, what is compared is not.
    assert steps["depth"].error == pytest.approx(expected, rel=1e-2)
    rows = group(opened(session, labelled), "counts")["chart"].rows
    for row, task in zip(rows, labelled.tasks, strict=True):
        share = steps[task].changed.to_truth
        if any(step.changed.to_truth is not None for step in steps.values()):
            assert row[-1] == ("not known" if share is None else f"{100 * share:.0f} %")
        assert share is None or steps[task].error is not None


def test_edges_have_no_error_pixel_by_pixel(labelled: Analysis) -> None:
    assert strengths.truth_of(labelled, "edge", shown_size(labelled)) is None


def test_every_strength_that_was_tried_is_on_the_curve(session: Session, analysis: Analysis) -> None:
    opened(session, analysis, 0.65)
    curve = group(opened(session, analysis, 0.65), "curve")["chart"]
    points = dict(zip(curve.curves[0].x, curve.curves[0].y, strict=True))
    assert {*strengths.STRIP, 0.65} <= set(points)
    assert points[0] == 0
    assert curve.mark == 0.65


def test_the_film_strip_shows_the_selected_task(session: Session, analysis: Analysis) -> None:
    strip = group(opened(session, analysis, task="normals"), "strip")
    assert strip["title"].startswith("Normals")
    assert [entry["src"] for entry in strip["maps"]] == [
        strengths.picture_of(analysis, alpha, "normals")["src"] for alpha in strengths.STRIP
    ]


def test_a_network_without_a_bridge_has_no_refinement(tmp_path: Path) -> None:
    assert not PAGE.exists(without(tmp_path, bfe=False))


def test_the_value_is_json(session: Session, labelled: Analysis) -> None:
    json.dumps(to_json(opened(session, labelled, 2)), allow_nan=False)


def test_the_lens_ends_at_the_answer_with_the_error_that_the_page_tells(session: Session, labelled: Analysis) -> None:
    value = opened(session, labelled)
    shown = group(value, "lens")["maps"]
    assert [entry["title"] for entry in shown] == ["1/32 alone", "up to 1/16", "all: the answer"]
    answer, error = strengths.picture_of(labelled, 1, "depth"), strengths.step_of(labelled, 1, "depth").error
    assert shown[-1]["src"] == answer["src"] and shown[0]["src"] != shown[-1]["src"]
    assert shown[-1]["note"] == f"error {strengths.said(strengths.amount(error, 'depth'), 'depth')}"


def test_the_lens_of_a_cut_network_ends_at_what_that_says(analysis: Analysis) -> None:
    cut = cut_off(analysis, "normals")
    last = answers_so_far(cut)[-1]
    assert all(torch.equal(last[task], cut.trace.logits[task]) for task in analysis.tasks)

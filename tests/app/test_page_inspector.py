from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import photo, without

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.view.inspector import class_probabilities, inspector, most_refined, most_uncertain, task_row
from bridgenet import inspection

ROW, COLUMN = int(0.6 * 90), int(0.4 * 120)
"""The pixel of the selection."""


def rows(value: dict) -> dict[str, dict]:
    return {entry["task"]: entry for entry in value["rows"]}


def known(session: Session, title: str, **truth: np.ndarray) -> Analysis:
    return session.analyse(photo(), title=title, truth=truth, truth_classes="made_rooms")


def test_the_inspector_says_what_the_predictions_say(analysis: Analysis, selection: Selection) -> None:
    value = inspector(analysis, selection)
    said = {task: entry["value"] for task, entry in rows(value).items()}
    assert value["title"] == f"Pixel {COLUMN}, {ROW}"
    assert said["depth"] == f"{analysis.prediction['depth'].array[ROW, COLUMN]:.2f} m"
    for task in ("edge", "sal"):
        assert said[task] == f"{analysis.prediction[task].array[ROW, COLUMN]:.2f}"
    for task in ("semseg", "human_parts"):
        answer = analysis.prediction[task]
        assert said[task] == answer.classes[answer.array[ROW, COLUMN]]


def test_it_is_spoken_with_units(analysis: Analysis, selection: Selection) -> None:
    spoken = inspector(analysis, selection)["spoken"]
    assert spoken.startswith(f"x {COLUMN} y {ROW}: Segmentation ")
    assert f"Depth {analysis.prediction['depth'].array[ROW, COLUMN]:.2f} m" in spoken


def test_the_confidence_is_the_probability_of_the_predicted_class(analysis: Analysis, selection: Selection) -> None:
    probabilities = class_probabilities(analysis, "semseg", selection)
    answer = analysis.prediction["semseg"]
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert probabilities.max() == pytest.approx(float(answer.confidence[ROW, COLUMN]), abs=1e-4)


def test_the_three_best_classes_are_listed_by_probability(analysis: Analysis, selection: Selection) -> None:
    probabilities = class_probabilities(analysis, "semseg", selection)
    best = task_row(analysis, "semseg", selection)["best"]
    assert [entry["share"] for entry in best] == pytest.approx(sorted(probabilities, reverse=True)[:3])
    assert best[0]["title"] == task_row(analysis, "semseg", selection)["value"]


def test_a_normal_is_shown_where_it_points(session: Session, analysis: Analysis, selection: Selection) -> None:
    said = analysis.prediction["normals"].array
    opposite = known(session, "opposite", normals=-said)
    row = task_row(opposite, "normals", selection)
    assert row["truth"] == "180° from the truth"
    assert row["disc"]["said"] == pytest.approx(said[ROW, COLUMN])
    assert row["disc"]["true"] == pytest.approx(-said[ROW, COLUMN])


def test_an_unknown_normal_is_not_compared(session: Session, analysis: Analysis, selection: Selection) -> None:
    unknown = known(session, "unknown normal", normals=np.full((90, 120, 3), np.nan, np.float32))
    row = task_row(unknown, "normals", selection)
    assert row["truth"] == "truth unknown here"
    assert row["disc"]["true"] is None


def test_measured_depth_is_marked_on_the_bar(session: Session, analysis: Analysis, selection: Selection) -> None:
    said = analysis.prediction["depth"].array
    farther = known(session, "farther", depth=said + 0.25)
    row = task_row(farther, "depth", selection)
    near, far = farther.depth_limits
    assert row["truth"] == f"measured {said[ROW, COLUMN] + 0.25:.2f} m, 0.25 m too near"
    assert row["fraction"] == pytest.approx(np.clip((said[ROW, COLUMN] - near) / (far - near), 0, 1))
    assert row["mark"] > row["fraction"]


def test_depth_that_is_the_same_everywhere_has_no_bar(analysis: Analysis, selection: Selection) -> None:
    row = task_row(replace(analysis, depth_limits=(2.0, 2.0)), "depth", selection)
    assert row["fraction"] is None and row["ends"] is None


def test_the_shares_of_the_bridge_are_those_of_the_trace(analysis: Analysis, selection: Selection) -> None:
    for scale, stage in enumerate(analysis.trace.stages):
        for head in (None, 1):
            value = inspector(analysis, replace(selection, scale=scale, head=head))
            shares = [entry["share"] for entry in value["asked"].shares]
            assert sum(shares) == pytest.approx(1, abs=1e-5)
            expected = inspection.bridge_shares(stage, selection.x, selection.y, head)
            assert shares == pytest.approx([expected[task] for task in analysis.tasks], abs=1e-6)


def test_the_most_uncertain_pixel_has_the_smallest_confidence(analysis: Analysis) -> None:
    confidence = analysis.prediction["semseg"].confidence
    place = most_uncertain(analysis)
    assert confidence[int(place["y"] * 90), int(place["x"] * 120)] == confidence.min()


def test_without_classes_the_most_uncertain_edge_is_named(tmp_path: Path) -> None:
    edges = without(tmp_path, tasks={"depth": 1, "edge": 1})
    probability = edges.prediction["edge"].array
    place = most_uncertain(edges)
    assert abs(probability[int(place["y"] * 90), int(place["x"] * 120)] - 0.5) == np.abs(probability - 0.5).min()


def test_depth_alone_is_never_uncertain(tmp_path: Path, selection: Selection) -> None:
    assert set(inspector(without(tmp_path, tasks={"depth": 1}), selection)["places"]) == {"bridge"}


def test_the_most_bridge_dependent_pixel_follows_the_task(analysis: Analysis) -> None:
    stage = analysis.trace.stages[-1]
    for task in analysis.tasks:
        change = (stage.refined[task] - stage.task_specific[task])[0].norm(dim=0)
        place = most_refined(analysis, task)
        row, column = int(place["y"] * change.shape[0]), int(place["x"] * change.shape[1])
        assert float(change[row, column]) == pytest.approx(float(change.max()))


def test_without_a_bridge_nobody_was_asked(tmp_path: Path, selection: Selection) -> None:
    value = inspector(without(tmp_path, tpp=False, bfe=False, refinement="tfr"), selection)
    assert "asked" not in value
    assert set(value["places"]) == {"uncertain"}

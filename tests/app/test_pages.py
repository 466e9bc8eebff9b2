from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import photo, without

from app.pages.attention import ABSENT, bridge, bridge_sentence, tpp
from app.pages.features import at_unit_strength, features, scale_names
from app.pages.inspector import class_probabilities, inspector, task_row
from app.pages.overview import error_maps, overview
from app.pages.views import all_views, capabilities
from app.selection import Selection
from app.session import Analysis, Session
from bridgenet import drawing


def ids(value: dict) -> list[str]:
    return [entry["id"] for group in value["groups"] for entry in group["maps"]]


def words(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


def test_the_overview_shows_the_photo_and_every_task(analysis: Analysis) -> None:
    assert ids(overview(analysis)) == ["image", *analysis.tasks]


def test_every_map_of_every_view_has_words_for_those_who_do_not_see_it(
    analysis: Analysis, selection: Selection
) -> None:
    views = all_views(analysis, selection)
    for name in ("overview", "features", "bridge", "tpp"):
        for group in views[name]["groups"]:
            assert all(len(entry["alt"]) > 10 for entry in group["maps"])


def test_errors_are_shown_only_where_the_truth_is_known(session: Session, analysis: Analysis) -> None:
    assert error_maps(analysis) == []
    truth = {"depth": np.full((90, 120), np.nan, np.float32)}
    truth["depth"][:45] = 2.0
    known = session.analyse(photo(), title="measured", truth=truth)
    (error,) = error_maps(known)
    said = known.prediction["depth"].array[:45]
    assert error["note"] == f"median {np.median(abs(said - 2)):.2f} m"


def test_a_perfect_prediction_has_no_wrong_class(session: Session, analysis: Analysis) -> None:
    said = analysis.prediction["semseg"].array
    perfect = session.analyse(photo(), title="perfect", truth={"semseg": said}, truth_classes="made_rooms")
    assert error_maps(perfect)[0]["note"] == "0 % wrong"


def test_classes_of_another_data_set_are_not_counted_as_wrong(session: Session) -> None:
    other = session.analyse(
        photo(), title="other", truth={"semseg": np.zeros((90, 120), np.uint8)}, truth_classes="nyud"
    )
    assert error_maps(other) == []


def test_a_legend_lists_present_classes_by_area(analysis: Analysis) -> None:
    legend = next(entry for entry in overview(analysis)["groups"][0]["maps"] if entry["id"] == "semseg")["legend"]
    areas = [entry["share"] for entry in legend]
    assert areas == sorted(areas, reverse=True)
    said = analysis.prediction["semseg"].array
    assert areas[0] == pytest.approx(np.bincount(said.ravel()).max() / said.size, abs=1e-3)


def test_features_have_every_kind_at_every_scale(analysis: Analysis, selection: Selection) -> None:
    shown = ids(features(analysis, selection))
    stages = len(analysis.trace.stages)
    for kind in ("specific", "bridge", "refined"):
        assert [name for name in shown if name.startswith(kind)] == [f"{kind}-{index}" for index in range(stages)]
    assert len([name for name in shown if name.startswith("generic")]) == len(analysis.trace.task_generic)
    assert {"before-tpp", "after-tpp"} <= set(shown)


def test_features_say_how_much_three_components_explain(analysis: Analysis, selection: Selection) -> None:
    texts = [group["text"] for group in features(analysis, selection)["groups"]]
    assert all("explain" in text and "%" in text for text in texts[:3])


def test_features_follow_the_task(analysis: Analysis, selection: Selection) -> None:
    def refined(task: str) -> str:
        groups = features(analysis, replace(selection, task=task))["groups"]
        return groups[-1]["maps"][0]["src"]

    assert refined("depth") != refined("normals")


def test_kinds_are_brought_to_one_strength_and_tasks_keep_their_proportions() -> None:
    weak, strong = torch.randn(1, 4, 6, 8), 10 * torch.randn(1, 4, 6, 8)
    scaled = at_unit_strength({"weak": weak, "strong": strong})
    variance = torch.stack([feature.var(dim=(-2, -1), correction=0).mean() for feature in scaled.values()]).mean()
    assert float(variance) == pytest.approx(1, abs=1e-4)
    assert torch.allclose(scaled["strong"] / scaled["weak"], strong / weak, rtol=1e-4)


def test_scales_are_named_coarse_to_fine(analysis: Analysis) -> None:
    assert scale_names(analysis) == ["1/32", "1/16", "1/8"]


def test_shares_of_the_bridge_add_up_to_everything(analysis: Analysis, selection: Selection) -> None:
    shares = bridge(analysis, selection)["shares"]
    assert sum(entry["share"] for entry in shares) == pytest.approx(1, abs=1e-5)
    expected = drawing.bridge_shares(analysis.trace.stages[0], selection.x, selection.y)
    assert [entry["share"] for entry in shares] == pytest.approx(list(expected.values()))


def test_another_place_head_or_scale_gives_other_attention(analysis: Analysis, selection: Selection) -> None:
    def shown(**changes: object) -> list[str]:
        return [entry["src"] for entry in bridge(analysis, replace(selection, **changes))["groups"][0]["maps"][1:-1]]

    seen = [shown(), shown(x=0.9, y=0.1), shown(head=1), shown(scale=2)]
    assert len({tuple(sources) for sources in seen}) == 4


def test_maps_of_one_view_share_one_scale(analysis: Analysis, selection: Selection) -> None:
    ramps = [entry["ramp"]["high"] for entry in bridge(analysis, selection)["groups"][0]["maps"] if "ramp" in entry]
    assert len(ramps) == len(analysis.tasks) and len(set(ramps)) == 1


def test_tpp_shows_every_task_and_every_head_of_the_chosen_one(analysis: Analysis, selection: Selection) -> None:
    shown = ids(tpp(analysis, selection))
    assert shown == [*(f"tpp-{task}" for task in analysis.tasks), "tpp-head-0", "tpp-head-1"]


def test_the_sentence_names_the_largest_share_first() -> None:
    sentence = words(bridge_sentence({"semseg": 0.2, "depth": 0.5, "edge": 0.3}, ""))
    assert sentence == "Here the bridge read 50 % from depth, then edges and segmentation."


def test_the_sentence_does_not_make_a_favourite_of_equals() -> None:
    assert "as much from every other" in words(bridge_sentence({"semseg": 0.505, "depth": 0.495}, ""))


def test_the_inspector_says_what_the_predictions_say(analysis: Analysis, selection: Selection) -> None:
    row, column = int(0.6 * 90), int(0.4 * 120)
    value = inspector(analysis, selection)
    said = {entry["task"]: entry["value"] for entry in value["rows"]}
    assert value["title"] == f"Pixel {column}, {row}"
    assert said["depth"] == f"{analysis.prediction['depth'].array[row, column]:.2f} m"
    assert said["edge"] == f"{analysis.prediction['edge'].array[row, column]:.2f}"
    names = analysis.prediction["semseg"].classes
    assert said["semseg"] == names[analysis.prediction["semseg"].array[row, column]]


def test_the_confidence_is_the_probability_of_the_predicted_class(analysis: Analysis, selection: Selection) -> None:
    probabilities = class_probabilities(analysis, "semseg", selection)
    answer = analysis.prediction["semseg"]
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert probabilities.max() == pytest.approx(float(answer.confidence[54, 48]), abs=1e-4)


def test_the_inspector_says_how_far_a_normal_is_from_the_truth(session: Session, analysis: Analysis) -> None:
    truth = -analysis.prediction["normals"].array
    opposite = session.analyse(photo(), title="opposite", truth={"normals": truth})
    assert task_row(opposite, "normals", Selection())["truth"] == "180° from the truth"


def test_without_tpp_there_is_no_tpp_panel(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tpp=False)
    assert tpp(lacking, selection) == ABSENT
    assert "before-tpp" not in ids(features(lacking, selection))
    assert "TPP" not in [station["title"] for station in capabilities(lacking)["pipeline"]]


def test_without_a_bridge_nobody_was_asked(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    assert bridge(lacking, selection) == ABSENT
    assert "shares" not in inspector(lacking, selection)
    assert [tab["name"] for tab in capabilities(lacking)["tabs"]] == ["overview", "features"]
    assert not [name for name in ids(features(lacking, selection)) if name.startswith("bridge")]


def test_one_task_is_enough(tmp_path: Path) -> None:
    alone = without(tmp_path, tasks={"depth": 1})
    views = all_views(alone, Selection(task="depth"))
    assert ids(views["overview"]) == ["image", "depth"]
    assert "one task" in words(views["bridge"]["say"])

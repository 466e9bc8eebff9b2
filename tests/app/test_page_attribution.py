from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import photo, without

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.attribution.goal import goal_of, score_words
from app.tabs.attribution.page import PAGE, attribution
from app.tabs.attribution.results import agreement_words, cell_side, deletion_words, shown_values
from app.tabs.attribution.sentence import _odds
from app.tabs.attribution.work import MOST, asked, due, found, latest, layers, missing, results_of
from app.tabs.views import view_of
from app.view.attention import own_network
from app.waiting.background import CancelledError, steps_of
from bridgenet import inspection
from bridgenet.inspection import Pixel, Segment, Target, Whole
from bridgenet.inspection.attribution import LayerAttribution
from bridgenet.inspection.sanity import DeletionCurve

pytestmark = pytest.mark.slow

PIXELS = {"attribution.source": "pixels"}
LAYERS = {"attribution.source": "layers"}
INTEGRATED = PIXELS | {"attribution.pixel_method": "integrated_gradients"}


@pytest.fixture
def fresh(analysis: Analysis) -> Analysis:
    """The analysis without what other tests have computed."""
    return replace(analysis, results=Results())


@pytest.fixture(scope="module")
def kept(analysis: Analysis) -> Analysis:
    """One for all tests that ask what is said once it is computed, not when that is: what one has computed, the next
    one finds."""
    return replace(analysis, results=Results())


def silent(done: int, total: int, words: str = "") -> None:
    pass


def shown(session: Session, analysis: Analysis, selection: Selection, **options: str) -> dict:
    selection = replace(selection, options=options or selection.options)
    PAGE.compute(session, analysis, selection, silent)
    return attribution(analysis, selection)


def group(value: dict, name: str) -> dict:
    return next(entry for entry in value["groups"] if entry.get("id") == name)


def maps(value: dict) -> dict[str, dict]:
    return {entry["id"]: entry for entry in group(value, "maps")["maps"]}


def told(value: dict) -> str:
    return "".join(part["text"] for part in value["say"])


def tools(value: dict) -> dict[str, dict]:
    return {entry["name"]: entry for entry in value["tools"]}


def test_the_bars_are_what_the_analysis_computes(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection)
    target = Target("depth", None, Pixel(selection.x, selection.y))
    direct = inspection.attribute_tasks(kept.own_model(), kept.trace, target)
    assert [row.value for row in group(value, "bars")["chart"].rows] == pytest.approx(direct.scores.tolist(), abs=1e-6)
    assert [row.text for row in group(value, "bars")["chart"].rows] == [
        score_words(float(score), "m", sign=True) for score in direct.scores
    ]


@pytest.mark.parametrize("method", ["ablation", "shapley"])
def test_another_place_or_task_is_asked_of_the_same_passes(
    session: Session, fresh: Analysis, selection: Selection, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    options = {"attribution.method": method}
    shown(session, fresh, selection, **options)

    def again(*asked: object) -> None:
        raise AssertionError("The stages were run again.")

    monkeypatch.setattr(fresh.result(own_network), "refine", again)
    places = (replace(selection, x=0.8), replace(selection, y=0.1, task="semseg"))
    for place in places if method == "ablation" else places[1:]:
        rows = group(shown(session, fresh, place, **options), "bars")["chart"].rows
        goal = goal_of(fresh, place)
        anew = inspection.attribute_tasks(fresh.own_model(), fresh.trace, goal.target, method)
        assert [row.value for row in rows] == anew.scores.tolist()


def test_shapley_bars_add_up_to_the_whole_difference(session: Session, kept: Analysis, selection: Selection) -> None:
    selection = replace(selection, options={"attribution.method": "shapley"})
    value = shown(session, kept, selection)
    rows = group(value, "bars")["chart"].rows
    result = found(kept, asked(kept, selection), "main").result
    assert sum(row.value for row in rows) == pytest.approx(result.full_value - result.baseline_value, abs=1e-4)
    sums = dict(group(value, "sums")["chart"].rows)
    assert sums["Difference"] == sums["Sum of the bars"]
    assert not any(name.startswith("Left over") for name in sums)


def test_the_sentence_names_the_task_that_matters_most(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection)
    scores = {row.name: row.value for row in group(value, "bars")["chart"].rows}
    most = max(scores, key=lambda title: abs(scores[title]))
    name = "its own" if most == "Depth" else most.lower()
    assert told(value).startswith(f"Depth here depends most on {name}")
    assert f"read {score_words(abs(scores[most]), 'm')} {'less' if scores[most] > 0 else 'more'}" in told(value)


def test_a_logit_is_said_as_odds_too(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, replace(selection, task="semseg"))
    score = max((row.value for row in group(value, "bars")["chart"].rows), key=abs)
    assert f"odds {_odds(score)}" in told(value)
    assert _odds(np.log(2.0)) == "2.0 times smaller" and _odds(-np.log(21.3)) == "21 times larger"
    assert _odds(30.0) == "over 1,000 times smaller" and _odds(0.001) == "the same"


def test_what_is_explained_is_what_the_prediction_says(kept: Analysis, selection: Selection) -> None:
    goal = goal_of(kept, selection)
    row, column = Pixel(selection.x, selection.y).place(tuple(kept.trace.predictions["depth"].shape[-2:]))
    assert goal.value == pytest.approx(float(kept.trace.predictions["depth"][0, 0, row, column]))
    assert goal.where == "pixel 48, 54"


def test_the_class_is_the_one_at_the_place_unless_another_is_chosen(kept: Analysis, selection: Selection) -> None:
    at = replace(selection, task="semseg")
    said = kept.prediction["semseg"]
    here = int(said.array[54, 48])
    assert goal_of(kept, at).target.component == here
    assert goal_of(kept, at).name == f"The evidence for {said.classes[here]}"
    other = next(int(index) for index in np.unique(said.array) if index != here)
    chosen = replace(at, options={"attribution.component": f"semseg:{other}"})
    assert goal_of(kept, chosen).target.component == other
    # A class that was chosen for another task, or is not in the photo, falls back to what is there.
    assert goal_of(kept, replace(at, options={"attribution.component": "normals:1"})).target.component == here


def test_the_axis_of_a_normal_is_its_longest_unless_another_is_chosen(kept: Analysis, selection: Selection) -> None:
    at = replace(selection, task="normals")
    assert goal_of(kept, at).target.component == int(np.abs(kept.prediction["normals"].array[54, 48]).argmax())
    assert goal_of(kept, replace(at, options={"attribution.component": "normals:2"})).name == "The normal's z"


def test_regions_are_named_in_words(kept: Analysis, selection: Selection) -> None:
    segment = goal_of(kept, replace(selection, options={"attribution.region": "segment"}))
    assert isinstance(segment.target.region, Segment)
    share = f"{100 * segment.target.region.pixels.mean():.0f} % of the image"
    assert segment.where.endswith(f"around pixel 48, 54, {share}")
    whole = goal_of(kept, replace(selection, options={"attribution.region": "whole"}))
    assert isinstance(whole.target.region, Whole)
    assert (whole.here, whole.where) == ("over the whole image", "the whole image")
    assert whole.value == pytest.approx(float(kept.trace.predictions["depth"].mean()), rel=1e-4)


def test_places_of_one_segment_ask_for_the_same_number(kept: Analysis, selection: Selection) -> None:
    options = {"attribution.region": "segment"}
    goal = goal_of(kept, replace(selection, options=options))
    rows, columns = np.nonzero(goal.target.region.pixels)
    height, width = goal.target.region.pixels.shape
    far = replace(selection, x=(columns[-1] + 0.5) / width, y=(rows[-1] + 0.5) / height, options=options)
    assert goal_of(kept, far).key == goal.key


@pytest.mark.parametrize("method", ["gradcam", "gradient_x_activation"])
def test_a_layer_shows_its_signed_map(session: Session, kept: Analysis, selection: Selection, method: str) -> None:
    value = shown(session, kept, selection, **LAYERS, **{"attribution.layer_method": method})
    target = Target("depth", None, Pixel(selection.x, selection.y))
    path = "stages.2.bridge"
    direct = inspection.attribute_layer(kept.own_model(), kept.images(), target, path, method)
    entry = maps(value)["attribution"]
    assert entry["title"] == layers(kept)[path]
    assert entry["values"]["offset"] == pytest.approx(-np.abs(direct.map).max(), rel=1e-4)
    low, high = entry["ramp"]["low"], entry["ramp"]["high"]
    assert low.removeprefix("≤ −").split()[0] == high.removeprefix("raises ≥ ")
    assert set(tools(value)["attribution.layer"]["options"][0]) == {"value", "text"}


def test_every_layer_that_is_offered_is_in_the_trace(kept: Analysis) -> None:
    assert set(layers(kept)) <= set(kept.trace.keys())


def test_squares_of_pixels_add_up_to_what_the_pixels_add_up_to(
    session: Session, kept: Analysis, selection: Selection
) -> None:
    selection = replace(selection, options=PIXELS)
    shown(session, kept, selection)
    result = found(kept, asked(kept, selection), "main").result
    assert shown_values(result).sum() == pytest.approx(float(result.map.sum()), rel=1e-3, abs=1e-6)
    assert shown_values(result).shape == tuple(-(-side // cell_side(result)) for side in result.map.shape)


def test_integrated_gradients_say_how_far_they_miss(session: Session, kept: Analysis, selection: Selection) -> None:
    selection = replace(selection, options=INTEGRATED)
    value = shown(session, kept, selection)
    result = found(kept, asked(kept, selection), "main").result
    difference = score_words(result.value - result.baseline_value, "m", sign=True)
    missed = f"16 steps miss the difference to the baseline ({difference}) by {100 * result.relative_delta:.1f} %"
    assert missed in group(value, "maps")["text"]
    assert tools(value)["attribution.steps"]["chosen"] == "s16"


def test_occlusion_covers_squares(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection, **PIXELS, **{"attribution.pixel_method": "occlusion"})
    assert "when a square is covered" in group(value, "maps")["text"]
    assert maps(value)["attribution"]["values"]["unit"] == "m"


def test_random_weights_stand_beside_the_real_map(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection, **LAYERS, **{"attribution.check": "random"})
    assert list(maps(value)) == ["target", "attribution", "random"]
    assert maps(value)["random"]["src"] != maps(value)["attribution"]["src"]
    assert "Rank agreement" in group(value, "sanity")["chart"].paragraphs[0][0]["text"]


def test_the_bars_can_be_had_with_random_weights_too(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection, **{"attribution.check": "random"})
    assert [row.name for row in group(value, "random-bars")["chart"].rows] == [
        row.name for row in group(value, "bars")["chart"].rows
    ]


def test_a_deletion_curve_has_its_control(session: Session, kept: Analysis, selection: Selection) -> None:
    value = shown(session, kept, selection, **PIXELS, **{"attribution.check": "deletion"})
    first, control = group(value, "deletion")["chart"].curves
    assert control.dashed
    assert first.y[0] == control.y[0]
    assert first.y[-1] == control.y[-1]
    assert first.y[0] == pytest.approx(goal_of(kept, selection).value, abs=1e-4)


def test_the_words_follow_the_agreement_and_the_advantage(kept: Analysis, selection: Selection) -> None:
    values = torch.arange(12.0).reshape(3, 4).numpy()
    real = LayerAttribution(values, "stages.0.bridge", "gradcam")
    assert "1.00 (signs aside)" in agreement_words(real, real)
    assert "much the same without training" in agreement_words(real, real)
    assert "flat" in agreement_words(real, replace(real, map=np.zeros((3, 4))))
    goal, shares = goal_of(kept, selection), np.linspace(0, 1, 5)
    above, below = np.array([4, 4, 4, 4, 0.0]), np.array([4, 1, 1, 1, 0.0])
    assert "found what raises" in deletion_words(DeletionCurve(shares, below, above, "blurred", "m"), goal)
    assert "lowers the target less" in deletion_words(DeletionCurve(shares, above, below, "blurred", "m"), goal)
    assert "No better than a random" in deletion_words(DeletionCurve(shares, above, above, "blurred", "m"), goal)


def test_quick_methods_follow_the_place_by_themselves(session: Session, fresh: Analysis, selection: Selection) -> None:
    shown(session, fresh, selection)
    moved = attribution(fresh, replace(selection, x=0.8))
    assert "pending" in moved
    assert told(moved).startswith("For pixel 48, 54: ")


def test_slow_methods_keep_the_last_result_until_they_are_asked(
    session: Session, fresh: Analysis, selection: Selection
) -> None:
    selection = replace(selection, options=INTEGRATED)
    assert "pending" in attribution(fresh, selection)
    shown(session, fresh, selection)
    moved = replace(selection, x=0.8)
    value = attribution(fresh, moved)
    assert "pending" not in value
    assert tools(value)["run"]["label"] == "Compute here"
    assert "computed for pixel 48, 54" in group(value, "maps")["text"]
    assert maps(value)["attribution"]["token"]["left"] == pytest.approx(0.4 - 0.01)
    again = shown(session, fresh, moved)
    assert "run" not in tools(again)
    assert not told(again).startswith("For pixel")


def test_a_check_of_another_place_waits_while_the_attribution_follows(
    session: Session, fresh: Analysis, selection: Selection
) -> None:
    selection = replace(selection, options=LAYERS | {"attribution.check": "deletion"})
    shown(session, fresh, selection)
    moved = replace(selection, x=0.8)
    assert due(fresh, asked(fresh, moved)) == ["main"]
    value = shown(session, fresh, moved)
    assert "pending" not in value
    assert missing(fresh, asked(fresh, moved)) == ["deletion"]
    assert group(value, "deletion")["text"] == "computed for pixel 48, 54"
    assert "run" in tools(value)


def test_a_cancelled_attribution_leaves_the_page_usable(
    session: Session, fresh: Analysis, selection: Selection
) -> None:
    selection = replace(selection, options=INTEGRATED)
    before = {name: tensor.clone() for name, tensor in fresh.predictor.model.state_dict().items()}

    def stop_after(count: int) -> Callable[[int, int, str], None]:
        def report(done: int, total: int, words: str) -> None:
            if done >= count:
                raise CancelledError

        return report

    with pytest.raises(CancelledError):
        PAGE.compute(session, fresh, selection, stop_after(3))
    assert found(fresh, asked(fresh, selection), "main") is None
    assert "pending" in attribution(fresh, selection)
    assert all(torch.equal(before[name], tensor) for name, tensor in fresh.predictor.model.state_dict().items())
    assert not fresh.predictor.model.training
    assert "pending" not in shown(session, fresh, selection)


def test_progress_is_told_in_words(session: Session, fresh: Analysis, selection: Selection) -> None:
    selection = replace(selection, options=PIXELS | {"attribution.check": "random"})
    steps = list(steps_of(lambda report: PAGE.compute(session, fresh, selection, report)))
    assert {step.words for step in steps} == {
        "Asking for the gradient",
        "Asking for the gradient, re-initialised weights",
    }
    assert all(step.done <= step.total for step in steps)


def test_only_the_newest_results_are_kept(session: Session, fresh: Analysis, selection: Selection) -> None:
    for index in range(MOST + 2):
        shown(session, fresh, replace(selection, x=(index + 0.5) / (MOST + 2), options=LAYERS))
    assert len(fresh.result(results_of)) == MOST
    first = replace(selection, x=0.5 / (MOST + 2), options=LAYERS)
    assert found(fresh, asked(fresh, first), "main") is None
    assert latest(fresh, asked(fresh, first), "main") is not None


def test_the_whole_photo_does_not_follow_the_place(session: Session, fresh: Analysis, selection: Selection) -> None:
    selection = replace(selection, options={"attribution.region": "whole"})
    shown(session, fresh, selection)
    drawn = view_of("attribution", fresh, selection)["key"]
    assert view_of("attribution", fresh, replace(selection, x=0.9), drawn)["same"]


def test_every_task_can_be_explained(session: Session, kept: Analysis, selection: Selection) -> None:
    for task in kept.tasks:
        value = shown(session, kept, replace(selection, task=task))
        assert "depends" in told(value)
        assert all(len(entry["alt"]) > 10 for entry in maps(value).values())


def test_a_network_without_classes_offers_no_segment(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tasks={"depth": 1, "edge": 1})
    session = Session(tmp_path / "lacking")
    value = shown(session, lacking, selection, **{"attribution.region": "segment"})
    assert {entry["value"] for entry in tools(value)["attribution.region"]["options"]} == {"pixel", "whole"}
    assert goal_of(lacking, selection).where == f"pixel {int(0.4 * photo().pixels.shape[1])}, 54"


def test_a_network_without_a_bridge_explains_by_its_backbone(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, bfe=False)
    value = shown(Session(tmp_path / "lacking"), lacking, selection, **LAYERS)
    assert tools(value)["attribution.layer"]["chosen"] == f"task_generic.{len(lacking.trace.task_generic) - 1}"

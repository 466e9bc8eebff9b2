import base64
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from networks import photo, without
from PIL import Image

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.overview.page import error_maps, headline, modes, overview
from app.takeaway.report import picture_of
from app.view.inspector import inspector
from app.view.maps import contour_step, prediction_map, truth_uri, unknown_words
from bridgenet import PRESETS, drawing
from bridgenet.drawing.predictions import colour_depth
from bridgenet.kinds import error_array
from bridgenet.tasks import IGNORE

SIZE = (90, 120)


def maps_of(value: dict) -> dict[str, dict]:
    return {entry["id"]: entry for group in value["groups"] for entry in group["maps"]}


def words(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


def picture(uri: str, mode: str = "RGB") -> np.ndarray:
    with Image.open(BytesIO(base64.b64decode(uri.split(",", 1)[1]))) as image:
        return np.asarray(image.convert(mode))


def numbers(entry: dict) -> np.ndarray:
    values = entry["values"]
    pixels = picture(values["src"]).astype(float)
    return (256 * pixels[..., 0] + pixels[..., 1]) * values["scale"]


def shown(analysis: Analysis, **options: str) -> dict:
    return overview(analysis, Selection(options={f"overview.{name}": value for name, value in options.items()}))


@pytest.fixture(scope="module")
def measured(session: Session, analysis: Analysis) -> Analysis:
    """The photo with a truth for every task, each off by a known amount."""
    said = {task: analysis.prediction[task].array for task in analysis.tasks}
    depth = said["depth"] + 0.5
    depth[:45] = np.nan
    classes = said["semseg"].copy()
    classes[:9] = (classes[:9] + 1) % 14
    classes[-9:] = IGNORE
    truth = {
        "semseg": classes,
        "human_parts": said["human_parts"],
        "depth": depth,
        "normals": -said["normals"],
        "sal": np.zeros(SIZE, np.uint8),
        "edge": np.full(SIZE, IGNORE, np.uint8),
    }
    return session.analyse(photo(), title="measured", truth=truth, truth_classes="made_rooms")


def test_the_overview_shows_the_photo_and_every_task(analysis: Analysis, selection: Selection) -> None:
    assert list(maps_of(overview(analysis, selection))) == ["image", *analysis.tasks]


def test_hovered_numbers_are_those_of_the_prediction(analysis: Analysis) -> None:
    for task, step in (("depth", 0.01), ("edge", 0.001), ("sal", 0.001)):
        entry = prediction_map(analysis, task, 240)
        assert numbers(entry) == pytest.approx(analysis.prediction[task].array, abs=0.51 * step)


def test_errors_are_shown_only_where_the_truth_is_known(analysis: Analysis) -> None:
    assert error_maps(analysis) == []


def test_every_task_has_its_error_in_its_own_unit(measured: Analysis) -> None:
    notes = {entry["id"]: entry["note"] for entry in error_maps(measured)}
    saliency = float(measured.prediction["sal"].array.mean())
    assert notes == {
        "semseg-error": "11 % wrong",
        "human_parts-error": "0 % wrong",
        "depth-error": "median 0.50 m",
        "normals-error": "median 180°",
        "sal-error": f"mean {saliency:.2f}",
        "edge-error": "nothing measured",
    }


def test_errors_are_unknown_where_the_truth_is(measured: Analysis) -> None:
    assert np.isnan(error_array("depth", measured.prediction["depth"].array, measured.truth["depth"])[:45]).all()
    assert np.isnan(error_array("semseg", measured.prediction["semseg"].array, measured.truth["semseg"])[-9:]).all()
    assert np.isnan(error_array("edge", measured.prediction["edge"].array, measured.truth["edge"])).all()
    depth = next(entry for entry in error_maps(measured) if entry["id"] == "depth-error")
    assert depth["foot"] == "50 % without a value (hatched)"
    assert "50 % without a value" in depth["alt"]


def test_a_perfect_prediction_has_no_wrong_class(session: Session, analysis: Analysis) -> None:
    said = analysis.prediction["semseg"].array
    perfect = session.analyse(photo(), title="perfect", truth={"semseg": said}, truth_classes="made_rooms")
    (entry,) = error_maps(perfect)
    assert entry["note"] == "0 % wrong"
    assert [part["name"] for part in entry["legend"]] == ["right"]


def test_classes_of_another_data_set_are_not_counted_as_wrong(session: Session) -> None:
    other = session.analyse(photo(), title="other", truth={"semseg": np.zeros(SIZE, np.uint8)}, truth_classes="nyud")
    assert error_maps(other) == []


def test_truth_is_offered_only_where_it_is_known(analysis: Analysis, measured: Analysis) -> None:
    assert "truth" not in modes(analysis)
    assert "truth" in modes(measured)
    assert "wipe" not in maps_of(shown(analysis, mode="truth"))["depth"]


def test_the_truth_is_wiped_over_its_prediction_in_the_same_colours(measured: Analysis) -> None:
    value = maps_of(shown(measured, mode="truth"))
    wipe = value["semseg"]["wipe"]
    assert (wipe["left"], wipe["right"]) == ("truth", "prediction")
    assert (picture(wipe["src"])[9:-9] == picture(value["semseg"]["src"])[9:-9]).all()
    depth = picture(value["depth"]["wipe"]["src"])
    assert (depth[45:] == colour_depth(measured.truth["depth"], measured.depth_limits)[45:]).all()
    assert "wipe" not in value["image"]
    truth, names = measured.truth["semseg"], measured.true_classes["semseg"].names
    most = names[int(np.bincount(truth[truth != IGNORE]).argmax())]
    assert value["semseg"]["foot"] == "areas truth → prediction"
    assert most in [entry["name"] for entry in value["semseg"]["legend"]]


def test_a_scale_that_truth_and_prediction_share_says_so(analysis: Analysis, measured: Analysis) -> None:
    ramp, alone = (prediction_map(one, "depth", 120)["ramp"] for one in (measured, analysis))
    assert ramp["shared"] == "with the truth" and "shared" not in alone


def test_unknown_truth_is_hatched_not_coloured(measured: Analysis) -> None:
    source = truth_uri(measured, "edge", 120)
    assert source is not None
    assert set(np.unique(picture(source))) == {160, 200}


def test_the_photo_is_wiped_or_mixed_with_every_prediction(analysis: Analysis) -> None:
    slider, blend = maps_of(shown(analysis, mode="slider")), maps_of(shown(analysis, mode="blend"))
    for task in analysis.tasks:
        assert slider[task]["wipe"]["src"] == ""
        assert slider[task]["wipe"]["left"] == "photo"
        assert blend[task]["blend"]
    opacity = [tool for tool in shown(analysis, mode="blend")["tools"] if tool["kind"] == "mix"]
    assert len(opacity) == 1


def test_probabilities_can_be_cut_at_a_threshold(analysis: Analysis, selection: Selection) -> None:
    value = maps_of(overview(analysis, selection))
    assert [name for name, entry in value.items() if "threshold" in entry] == ["sal", "edge"]


def test_contours_pass_between_distances_on_both_sides(analysis: Analysis) -> None:
    plain, lined = (picture(maps_of(shown(analysis, contours=contours))["depth"]["src"]) for contours in ("off", "on"))
    changed = (plain != lined).any(axis=-1)
    band = np.floor(analysis.prediction["depth"].array / contour_step(analysis.depth_limits))
    assert changed.any()
    assert not changed[1:, 1:][(band[1:, 1:] == band[:-1, 1:]) & (band[1:, 1:] == band[1:, :-1])].any()


def test_contours_are_never_too_many() -> None:
    for extent in (0.01, 0.4, 1, 3.3, 8, 60):
        assert extent / contour_step((1.0, 1.0 + extent)) <= 10


def test_a_segmentation_fades_where_it_is_unsure(analysis: Analysis) -> None:
    faded = picture(maps_of(shown(analysis, fade="on"))["semseg"]["src"], "RGBA")
    certain = analysis.prediction["semseg"].confidence
    assert faded[..., 3] / 255 == pytest.approx(certain, abs=0.04)


def test_constant_depth_has_a_bar_of_one_value(session: Session, analysis: Analysis) -> None:
    constant = with_depth(analysis, np.full(SIZE, 2.0, np.float32))
    entry = prediction_map(constant, "depth", 120)
    assert entry["ramp"]["low"] == "2.00 m everywhere"
    assert len(set(entry["ramp"]["colours"])) == 1
    assert "2.0 m away" in words(headline(constant))


def test_pixels_without_a_value_are_hatched_and_counted(analysis: Analysis) -> None:
    depth = analysis.prediction["depth"].array.copy()
    depth[:9] = np.nan
    entry = prediction_map(with_depth(analysis, depth), "depth", 120)
    assert entry["foot"] == "10 % without a value (hatched)"
    assert "10 %" in entry["alt"]
    assert set(np.unique(picture(entry["src"])[:9])) == {160, 200}


def test_depth_that_is_nowhere_known_is_no_number(analysis: Analysis) -> None:
    nothing = with_depth(analysis, np.full(SIZE, np.nan, np.float32))
    assert prediction_map(nothing, "depth", 120)["ramp"]["low"] == "nothing is known"
    assert " m away" not in words(headline(nothing))


def test_a_map_that_is_whole_says_nothing_about_missing_values() -> None:
    assert unknown_words(np.ones((4, 5))) == ""
    assert "under 1 %" in unknown_words(np.where(np.arange(1000).reshape(10, 100) == 3, np.nan, 1))


def test_a_photo_without_people_says_so(analysis: Analysis) -> None:
    nobody = with_answer(analysis, "human_parts", np.zeros(SIZE, np.uint8))
    entry = prediction_map(nobody, "human_parts", 120)
    assert entry["legend"] is None
    assert "Nobody" in entry["foot"]
    assert "nobody found" in entry["alt"]


def test_a_legend_lists_present_classes_by_area(analysis: Analysis, selection: Selection) -> None:
    legend = maps_of(overview(analysis, selection))["semseg"]["legend"]
    areas = [entry["share"] for entry in legend]
    assert areas == sorted(areas, reverse=True)
    said = analysis.prediction["semseg"].array
    assert areas[0] == pytest.approx(np.bincount(said.ravel()).max() / said.size, abs=1e-3)


def test_the_headline_states_what_was_counted(analysis: Analysis) -> None:
    answer = analysis.prediction["semseg"]
    largest = np.bincount(answer.array.ravel()).argmax()
    share = (answer.array == largest).mean()
    unsure = (answer.confidence < 0.5).mean()
    sentence = words(headline(analysis))
    assert sentence.startswith("Six answers about every pixel, from one network: mostly ")
    assert f"{answer.classes[largest]} {100 * share:.0f} %" in sentence
    assert f"{100 * unsure:.0f} % of it uncertain" in sentence


def test_depth_says_that_it_is_metric(analysis: Analysis, selection: Selection) -> None:
    assert "metric" in maps_of(overview(analysis, selection))["depth"]["title"]


def with_depth(analysis: Analysis, depth: np.ndarray) -> Analysis:
    return replace(with_answer(analysis, "depth", depth), depth_limits=drawing.depth_limits(depth))


def with_answer(analysis: Analysis, task: str, array: np.ndarray) -> Analysis:
    answer = replace(analysis.prediction.tasks[task], array=array)
    prediction = replace(analysis.prediction, tasks=analysis.prediction.tasks | {task: answer})
    return replace(analysis, prediction=prediction)


def test_a_photo_unlike_what_was_learnt_has_a_caution_over_its_maps_and_answers_and_in_its_report(
    analysis: Analysis, selection: Selection
) -> None:
    assert "caution" not in overview(analysis, selection) and "caution" not in inspector(analysis, selection)
    words = "This photo looks unlike what was learnt."
    foreign = replace(analysis, prediction=replace(analysis.prediction, caution=words), results=Results())
    value = overview(foreign, selection)
    assert value.get("caution") == words and "foreign to it" not in value.get("hint", "")
    assert "unlike" in inspector(foreign, selection).get("caution", "")
    assert f'<p class="caution">{words}</p>' in picture_of("overview", foreign, selection)


def test_where_a_place_is_left_the_network_s_own_doubt_fills_it(tmp_path: Path) -> None:
    tasks = {task: PRESETS["rooms-tiny"].model.tasks[task] for task in ("semseg", "depth", "normals", "edge")}
    analysis = without(tmp_path, tasks=tasks)
    value = shown(analysis)
    entry, sure = maps_of(value)["unsure"], analysis.prediction["semseg"].confidence
    assert sure is not None
    assert numbers(entry).mean() == pytest.approx(100 * (1 - sure.mean()), rel=0.03)
    assert entry["note"].endswith(" % uncertain")
    (group,) = value["groups"]
    assert len(group["maps"]) % group["columns"] == 0

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import photo, without

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.endpoints import Endpoints
from app.tabs.interaction import cuts
from app.tabs.interaction.arrows import arrows
from app.tabs.interaction.matrices import OFF
from app.tabs.interaction.page import PAGE, has_interaction, interaction, strongest, told, tools
from app.tabs.lessons.findings import attention_predicts
from app.uploads import Limits
from app.view.changes import amount, enlarged
from app.view.markup import markup
from app.view.own_errors import own_error
from app.view.wire import to_json
from app.view.wording import percent
from bridgenet.inspection import InteractionMatrix, effect_of, interaction_matrix, without_reading
from bridgenet.inspection.intervene import decode_again

pytestmark = pytest.mark.slow


def quietly(done: int, total: int, words: str) -> None:
    assert 0 <= done <= total
    assert words


def opened(session: Session, analysis: Analysis, **options: str) -> tuple[dict, Selection]:
    selection = Selection(tab="interaction", options={f"interaction.{name}": value for name, value in options.items()})
    cuts.compute(session, analysis, selection, quietly)
    return interaction(analysis, selection), selection


def group(value: dict, name: str) -> dict:
    return next(entry for entry in value["groups"] if entry["id"] == name)


def words(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


@pytest.fixture(scope="module")
def direct(analysis: Analysis):  # noqa: ANN201
    return interaction_matrix(analysis.own_model(), analysis.images())


def test_the_view_waits_until_the_matrix_is_computed(session: Session) -> None:
    fresh = session.analyse(photo(seed=9), title="fresh")
    value = interaction(fresh, Selection())
    assert value["pending"]
    assert [entry["id"] for entry in value["groups"]] == ["places", "arrows", "effects", "attention"]
    assert "pending" not in opened(session, fresh)[0]


def test_the_cells_say_what_the_matrix_of_the_network_says(session: Session, analysis: Analysis, direct) -> None:  # noqa: ANN001
    rows = group(opened(session, analysis)[0], "effects")["chart"].rows
    count = len(analysis.tasks)
    assert len(rows) == count + 3
    for row, source in enumerate(analysis.tasks):
        for column, target in enumerate(analysis.tasks):
            cell = rows[row].cells[column]
            assert cell.key == f"{source}>{target}"
            assert cell.text == amount(float(direct.effect[row, column]), target)
            assert cell.small == f"{direct.strength[row, column]:.1f} ×"
            assert cell.own == (source == target)
    control = [cell.text for cell in rows[count].cells]
    assert control == [amount(float(value), task) for value, task in zip(direct.control, analysis.tasks, strict=True)]


def test_shades_are_effects_over_the_control(session: Session, analysis: Analysis, direct) -> None:  # noqa: ANN001
    effects = group(opened(session, analysis)[0], "effects")
    apart = direct.strength[~np.eye(len(analysis.tasks), dtype=bool)]
    top = max(1.5, apart.max())
    level = effects["chart"].rows[0].cells[1].level
    assert level == pytest.approx(min(direct.strength[0, 1] / top, 1))
    assert effects["chart"].shades.stops[1][0] == pytest.approx(1 / top)


def test_an_even_share_has_the_name_that_it_has_elsewhere(session: Session, analysis: Analysis) -> None:
    chart = group(opened(session, analysis)[0], "attention")["chart"]
    even = percent(1 / len(analysis.tasks))
    assert f"{even} = even" in [said for _, said in chart.shades.stops]
    assert all(f"evenly it would be {even}" in cell.words for row in chart.rows for cell in row.cells)


def test_the_attention_matrix_has_the_shares_that_are_read(session: Session, analysis: Analysis, direct) -> None:  # noqa: ANN001
    rows = group(opened(session, analysis)[0], "attention")["chart"].rows
    shown = np.array([[int(cell.text) for cell in row.cells] for row in rows])
    assert np.abs(shown - 100 * direct.attention).max() <= 0.5 + 1e-9
    assert direct.attention.sum(axis=0) == pytest.approx(1)


def test_the_headline_names_the_strongest_effect(session: Session, analysis: Analysis, direct) -> None:  # noqa: ANN001
    source, target = strongest(direct)
    at = analysis.tasks.index(source), analysis.tasks.index(target)
    apart = ~np.eye(len(analysis.tasks), dtype=bool)
    assert direct.strength[at] == direct.strength[apart].max()
    said = words(opened(session, analysis)[0]["say"])
    assert f"{direct.strength[at]:.1f} × a random cut" in said
    assert said.endswith(told(direct))


def test_a_cell_opens_the_map_whose_mean_is_its_number(session: Session, analysis: Analysis) -> None:
    value, selection = opened(session, analysis, cell="depth>normals")
    computed = cuts.cuts_of(analysis, cuts.settings_of(analysis, selection))
    assert group(value, "cell")["title"] == "Depth cut → normals"
    size = analysis.prediction.network_size
    before, after = (enlarged(computed.logits[source]["normals"], size) for source in (cuts.WHOLE, "depth"))
    at = analysis.tasks.index("depth"), analysis.tasks.index("normals")
    assert effect_of("normals", before, after) == pytest.approx(float(computed.matrix.effect[at]), rel=1e-6)
    assert [entry["id"] for entry in group(value, "cell")["maps"]] == ["cut", "difference"]


def test_the_pass_without_a_cut_is_the_prediction_bit_for_bit(session: Session, analysis: Analysis) -> None:
    _, selection = opened(session, analysis)
    whole = cuts.cuts_of(analysis, cuts.settings_of(analysis, selection)).logits[cuts.WHOLE]
    assert all(torch.equal(whole[task], analysis.trace.logits[task]) for task in analysis.tasks)


def test_settings_reach_the_network(session: Session, analysis: Analysis) -> None:
    value, selection = opened(session, analysis, place="bfe", norm="free", removal="zero")
    settings = cuts.settings_of(analysis, selection)
    matrix = cuts.matrix_of(analysis, settings)
    assert (matrix.places, matrix.norm, matrix.removal) == (("bfe",), "free", "zero")
    states = [station.state for station in group(value, "places")["chart"].stations]
    assert states == ["whole", "cut", "free"]
    direct = interaction_matrix(analysis.own_model(), analysis.images(), "zero", places=("bfe",), norm="free")
    assert np.array_equal(matrix.effect, direct.effect)


def test_another_image_gives_its_tokens(session: Session, analysis: Analysis) -> None:
    value, _ = opened(session, analysis, removal="swap", other="room-1")
    other = next(entry for entry in value["tools"] if entry["name"] == "interaction.other")
    assert other["chosen"] == "room-1"
    assert words(value["say"]).startswith("Taking ")


def test_a_photo_is_never_swapped_with_itself(analysis: Analysis) -> None:
    example = replace(analysis, example="room-0")
    for options in ({}, {"interaction.other": "room-0"}):
        assert cuts.other_example(example, Selection(options=options)) == "room-1"


@pytest.mark.slow
def test_a_reference_set_gives_means_with_intervals(session: Session, analysis: Analysis, monkeypatch) -> None:  # noqa: ANN001
    monkeypatch.setattr(cuts, "ROOMS", 3)
    value, selection = opened(session, analysis, over="rooms")
    matrix = cuts.matrix_of(analysis, cuts.settings_of(analysis, selection))
    assert matrix.images == 3
    cell = group(value, "effects")["chart"].rows[0].cells[1]
    assert "±" in cell.text
    assert "n = 3" in cell.words
    assert words(value["say"]).startswith("Over 3 made rooms: ")
    assert matrix.effect == pytest.approx(matrix.samples.mean(axis=0))


def test_without_a_folder_the_view_says_how_to_give_one(session: Session, analysis: Analysis) -> None:
    if getattr(session, "reference", None) is None:
        with pytest.raises(StudioError, match="--reference"):
            opened(session, analysis, over="folder")


def test_a_folder_is_offered_only_where_one_was_given(analysis: Analysis, tmp_path: Path) -> None:
    def offered(analysis: Analysis, **options: str) -> list[str]:
        over = tools(analysis, Selection(options={f"interaction.{name}": value for name, value in options.items()}))[0]
        return [option["value"] for option in over["options"]]

    assert offered(replace(analysis, reference=None)) == ["image", "rooms"]
    assert offered(replace(analysis, reference=None), over="folder") == ["image", "rooms", "folder"]
    assert offered(replace(analysis, reference=tmp_path)) == ["image", "rooms", "folder"]


def test_a_visitor_who_cancels_stops_the_passes(session: Session) -> None:
    class CancelledError(Exception):
        pass

    def cancel(done: int, total: int, words: str) -> None:
        if done == 2:
            raise CancelledError

    fresh = session.analyse(photo(seed=11), title="cancelled")
    with pytest.raises(CancelledError):
        cuts.compute(session, fresh, Selection(), cancel)
    assert "pending" in interaction(fresh, Selection())


def test_a_network_whose_tasks_meet_nowhere_has_no_interaction(tmp_path: Path) -> None:
    assert not has_interaction(without(tmp_path, tpp=False, bfe=False))


def test_a_bridge_that_reads_nothing_stands_apart_from_no_bridge(session: Session, analysis: Analysis) -> None:
    value, selection = opened(session, analysis, cell="unread>depth")
    unread, off = group(value, "effects")["chart"].rows[-2:]
    assert (unread.title, off.title) == ("the bridge reads nothing", "no bridge at all")
    assert "what it has from the backbone" in unread.words and "the backbone's finer maps" in off.words
    model = analysis.own_model()
    with torch.inference_mode(), without_reading(model, analysis.trace):
        without = decode_again(model, analysis.trace)
    for task, cell in zip(analysis.tasks, unread.cells, strict=True):
        effect = effect_of(task, analysis.trace.predictions[task], without.predictions[task])
        assert cell.text == amount(effect, task), task
    assert [cell.text for cell in unread.cells] != [cell.text for cell in off.cells]
    assert group(value, "cell")["title"] == "The bridge reads nothing → depth"
    assert set(cuts.cuts_of(analysis, cuts.settings_of(analysis, selection)).bridge) == set(OFF)


def test_sizes_stand_beside_the_error_of_the_task(session: Session, analysis: Analysis) -> None:
    validated = replace(analysis, truth={})
    columns = group(opened(session, validated)[0], "effects")["chart"].columns
    errors = dict(zip(analysis.tasks, [column.error for column in columns], strict=True))
    assert errors["depth"] == "error 0.45" and errors["normals"] == ""
    known = replace(analysis, truth={"depth": analysis.prediction["depth"].array + 0.25})
    error = own_error(known, "depth")
    assert error is not None and error.value == pytest.approx(0.25, abs=1e-4) and error.where == "in this photo"
    value, _ = opened(session, known, cell="semseg>depth")
    at = analysis.tasks.index("depth")
    assert group(value, "effects")["chart"].columns[at].error == "error 0.25"
    for row in group(value, "effects")["chart"].rows:
        assert row.cells[at].words.endswith("its own error in this photo is 0.25 m")
    over = own_error(known, "depth", here=False)
    assert over is not None and (over.value, over.where) == (0.45, "in validation")
    assert "; its" in words(value["say"]) or "; in" in words(value["say"])


@pytest.mark.parametrize("joint", [True, False])
def test_a_network_whose_tasks_read_each_other_nowhere_says_so(tmp_path: Path, joint: bool) -> None:
    lacking = without(tmp_path, tpp=False, bridge_reads="nothing", joint_norm=joint)
    assert has_interaction(lacking)
    value = interaction(lacking, Selection())
    assert words(value["say"]).startswith("No task of this network reads another")
    assert ("its tasks meet nowhere in the decoder" in words(value["say"])) != joint
    assert len(value["groups"]) == joint and "pending" not in value


def test_a_network_with_a_norm_per_task_has_no_norm_to_hold(tmp_path: Path) -> None:
    lacking = without(tmp_path, joint_norm=False, bridge_reads="nothing")
    session = Session(tmp_path / "lacking")
    value, _ = opened(session, lacking)
    assert [station.title for station in group(value, "places")["chart"].stations] == ["TPP"]
    assert "interaction.norm" not in [entry["name"] for entry in value["tools"]]
    assert [row.title for row in group(value, "effects")["chart"].rows][-2:] == [
        "random cut of 1/6",
        "no bridge at all",
    ]
    json.dumps(to_json(value), allow_nan=False)


def test_a_network_without_tpp_offers_no_choice_of_places(tmp_path: Path) -> None:
    lacking = without(tmp_path, tpp=False)
    value = interaction(lacking, Selection(options={"interaction.place": "tpp"}))
    assert "interaction.place" not in [entry["name"] for entry in value["tools"]]
    assert [station.title for station in group(value, "places")["chart"].stations] == ["BFE", "Joint layer norm"]


def test_words_say_whether_attention_tells_over_how_many_pairs_and_how_sure_that_is(direct: InteractionMatrix) -> None:
    pairs = len(direct.tasks) * (len(direct.tasks) - 1)
    assert told(replace(direct, rank_correlation=0.8)).startswith("Attention tells:")
    one = f"Attention does not tell: rank correlation 0.15 over {pairs} pairs, one photo has no interval."
    assert told(replace(direct, rank_correlation=0.15)) == one
    assert told(replace(direct, rank_correlation=math.nan)).startswith("Too few")
    # Effects that differ from photo to photo by chance leave every correlation open, however large it came out.
    chance = np.random.default_rng(0).uniform(size=(4, len(direct.tasks), len(direct.tasks)))
    several = replace(
        direct, images=4, samples=chance, control_samples=np.ones((4, len(direct.tasks))),
        attention_samples=np.repeat(direct.attention[None], 4, axis=0), rank_correlation=0.9,
    )  # fmt: skip
    assert told(several).startswith("Attention cannot be said to tell: rank correlation 0.90")
    assert "95 % interval over 4 photos" in told(several)


def test_arrows_are_as_wide_as_the_cells_are_deep_and_grey_where_chance_moves_as_much(
    session: Session, analysis: Analysis, direct: InteractionMatrix
) -> None:
    value = opened(session, analysis)[0]
    chart, table = group(value, "arrows")["chart"], group(value, "effects")["chart"]
    assert len(chart.arrows) == len(direct.tasks) * (len(direct.tasks) - 1)
    for arrow in chart.arrows:
        cell = table.rows[arrow.source].cells[arrow.target]
        assert (arrow.level, arrow.key) == (cell.level, cell.key)
        assert arrow.sure == (direct.strength[arrow.source, arrow.target] > 1)
    drawn = markup(chart, "", chart.arrows[0].key)
    assert drawn.count('class="arrow sure') == sum(arrow.sure for arrow in chart.arrows)
    # Over several photos an effect must be larger by more than both intervals.
    unsure = replace(direct, interval=np.full_like(direct.effect, 1e9), control_interval=np.zeros_like(direct.control))
    assert not any(arrow.sure for arrow in arrows(unsure, strongest(direct))["chart"].arrows)


def test_the_value_is_json(session: Session, analysis: Analysis) -> None:
    json.dumps(to_json(opened(session, analysis)[0]), allow_nan=False)


def test_odd_cells_of_a_link_fall_back_to_the_strongest(session: Session, analysis: Analysis, direct) -> None:  # noqa: ANN001
    value, _ = opened(session, analysis, cell="nobody>depth")
    assert group(value, "effects")["chosen"] == ">".join(strongest(direct))
    assert PAGE.name == "interaction"


def matrices_of_the_photo(analysis: Analysis) -> list[InteractionMatrix]:
    return [matrix for settings, matrix in cuts.computed_matrices(analysis).items() if settings.over == "image"]


def test_view_lesson_and_program_speak_of_one_matrix_that_is_computed_once(session: Session) -> None:
    asked = session.analyse(photo(seed=77), title="asked thrice")
    cuts.compute(session, asked, Selection(), lambda done, total, words: None)
    (shown,) = matrices_of_the_photo(asked)
    told = Endpoints(session, Limits(1, 1)).interaction(id=asked.key)
    assert told["effect"] == shown.effect.tolist()
    assert attention_predicts(asked, Selection())
    (still,) = matrices_of_the_photo(asked)
    assert still is shown

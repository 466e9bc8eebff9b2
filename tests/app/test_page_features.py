import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import SMALL, photo, save_untrained, without

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.tabs.features.facts import claim_sentence, levels
from app.tabs.features.groups import groups_of
from app.tabs.features.kinds import KINDS, at_scale, chosen_entry, entries
from app.tabs.features.page import BASIS, CHANNEL, KIND, PAGE, READ_AS, VIEW, compute, features
from app.tabs.features.pictures import DARK, SHARED_BY_ROW, colours_by, foreground_of, signed_map
from app.view.charts import Chart
from app.view.scales import scale_names
from app.view.view import View
from bridgenet import inspection
from bridgenet.inspection import BASIS_FILE, cka_matrix, effective_rank, fit_basis
from bridgenet.inspection.features.components import channel_norm
from bridgenet.inspection.features.foreground import Foreground
from bridgenet.inspection.features.groups import label_groups
from bridgenet.tasks import TASKS, significant


def asked(selection: Selection, view: str, **more: object) -> Selection:
    options = {"features.view": view} | {f"features.{name}": value for name, value in more.items()}
    return replace(selection, options=options)


def ids(value: dict) -> list[str]:
    return [entry["id"] for entry in maps(value)]


def maps(value: dict) -> list[dict]:
    return [entry for group in value["groups"] for entry in group.get("maps", [])]


def one(value: dict, name: str) -> dict:
    return next(entry for entry in maps(value) if entry["id"] == name)


def chart(value: View, name: str) -> Chart:
    return next(group["chart"] for group in value["groups"] if group.get("id") == f"features-{name}")


def words(value: dict) -> str:
    return "".join(part["text"] for part in value["say"])


def quiet(done: int, total: int, said: str) -> None:
    assert 0 <= done <= total and said


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """An analysis by a checkpoint that keeps a basis."""
    folder = save_untrained(tmp_path_factory.mktemp("kept") / "kept")
    session = Session(folder)
    images = [torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]
    fit_basis(session.predictor().model, images, source="made_rooms").save(folder / BASIS_FILE)
    return session.analyse(photo(), title="noise")


def test_every_kind_is_there_at_every_scale(analysis: Analysis, selection: Selection) -> None:
    for view in ("pca", "similarity", "strength"):
        shown = ids(features(analysis, asked(selection, view)))
        for kind in ("specific", "bridge", "refined"):
            assert [name for name in shown if name.startswith(kind)] == [f"{kind}-{index}" for index in range(3)]
        assert [name for name in shown if name.startswith("generic")] == [f"generic-{level}" for level in (3, 2, 1, 0)]
        assert {"before-tpp", "after-tpp"} < set(shown) and len(shown) == len(set(shown)) == 15


def test_scales_are_named_coarse_to_fine(analysis: Analysis) -> None:
    assert scale_names(analysis) == ["1/32", "1/16", "1/8"]


def test_every_map_of_every_view_has_words_for_those_who_do_not_see_it(
    analysis: Analysis, selection: Selection
) -> None:
    for view in VIEW.values:
        value = features(analysis, asked(selection, view))
        assert all(len(entry["alt"]) > 10 and entry["title"] for entry in maps(value))
        assert all(group["alt"] for group in value["groups"] if "chart" in group)
        assert value["hint"].startswith(READ_AS[view][:20])


def test_entries_are_tensors_of_the_trace(analysis: Analysis) -> None:
    for entry in entries(analysis, "normals"):
        assert torch.equal(entry.feature, analysis.trace[entry.path])


def test_without_a_basis_of_its_own_the_colours_are_those_of_the_image_and_the_page_says_so(
    analysis: Analysis, selection: Selection
) -> None:
    value, plain = features(analysis, selection), features(analysis, asked(selection, "pca", basis="image"))
    assert "keeps no basis" in value["hint"] and "keeps no basis" not in plain["hint"]
    assert one(value, "bridge-2")["src"] == one(plain, "bridge-2")["src"]


def test_a_saved_basis_is_used_and_gives_other_images_the_same_colours(kept: Analysis, selection: Selection) -> None:
    value, own = features(kept, selection), features(kept, asked(selection, "pca", basis="image"))
    assert "2 made rooms" in value["hint"]
    assert one(value, "bridge-2")["src"] != one(own, "bridge-2")["src"]
    assert colours_by(kept, "saved").basis.fingerprint


def test_a_basis_of_other_weights_or_a_damaged_one_is_refused_in_words(
    kept: Analysis, tmp_path: Path, selection: Selection
) -> None:
    assert kept.predictor.folder is not None
    folder = save_untrained(tmp_path / "other", tpp=False)
    shutil.copy(kept.predictor.folder / BASIS_FILE, folder / BASIS_FILE)
    other = Session(folder).analyse(photo(), title="noise")
    assert "other weights" in features(other, selection)["hint"]
    (folder / BASIS_FILE).write_bytes(b"no basis")
    again = Session(folder).analyse(photo(), title="noise")
    value = features(again, selection)
    assert "damaged" in value["hint"] and len(maps(value)) == 13


def test_a_foreground_is_offered_only_where_there_is_one(analysis: Analysis, selection: Selection) -> None:
    def offered(analysis: Analysis) -> list[str]:
        row = next(entry for entry in features(analysis, selection)["tools"] if entry["name"] == BASIS.name)
        return [option["value"] for option in row["options"]]

    bare = replace(analysis, results=Results())
    bare.results.keep(None, foreground_of)
    assert offered(bare) == ["saved", "image"]
    assert "no foreground" in features(bare, asked(selection, "pca", basis="foreground"))["hint"]
    mask = np.zeros(analysis.size, dtype=bool)
    mask[:60] = True
    full = replace(analysis, results=Results())
    full.results.keep(Foreground(mask, "the upper part"), foreground_of)
    assert offered(full) == ["saved", "image", "foreground"]
    assert "the upper part" in features(full, asked(selection, "pca", basis="foreground"))["hint"]


def test_pictures_follow_the_task_where_features_belong_to_one(analysis: Analysis, selection: Selection) -> None:
    depth, normals = (features(analysis, replace(selection, task=task)) for task in ("depth", "normals"))
    assert one(depth, "refined-2")["src"] != one(normals, "refined-2")["src"]
    assert one(depth, "bridge-2")["src"] == one(normals, "bridge-2")["src"]


def test_similarity_is_one_at_the_place_itself_and_follows_it(analysis: Analysis, selection: Selection) -> None:
    value = features(analysis, asked(selection, "similarity"))
    entry = at_scale(analysis, "depth", 2)["bridge"]
    similarity = inspection.similarity_to_token(entry.feature, selection.x, selection.y)
    row, column = inspection.token_at(selection.x, selection.y, entry.grid)
    assert similarity[row, column] == pytest.approx(1)
    shown = one(value, "bridge-2")
    assert shown["ramp"]["low"] == "−1" and shown["ramp"]["high"] == "+1"
    assert shown["token"]["left"] == pytest.approx(column / entry.grid[1])
    moved = features(analysis, asked(replace(selection, x=0.9), "similarity"))
    assert one(moved, "bridge-2")["src"] != shown["src"]


def test_the_headline_of_similarity_names_the_class_with_the_highest_mean(
    analysis: Analysis, selection: Selection
) -> None:
    selection = asked(replace(selection, scale=2), "similarity", kind="refined")
    entry = chosen_entry(analysis, "depth", 2, "refined")
    values = inspection.similarity_to_token(entry.feature, selection.x, selection.y)
    values[inspection.token_at(selection.x, selection.y, entry.grid)] = np.nan
    answer = analysis.prediction["semseg"]
    height, width = answer.array.shape
    rows = ((np.arange(height) + 0.5) * values.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * values.shape[1] / width).astype(int)
    large = [index for index in np.unique(answer.array) if (answer.array == index).mean() >= 0.01]
    means = {index: np.nanmean(values[rows][:, columns][answer.array == index]) for index in large}
    best = max(means, key=lambda index: means[index])
    assert f"{answer.classes[int(best)]} ({means[best]:.2f})" in words(features(analysis, selection))


def test_strength_is_the_length_of_the_feature_on_the_scale_that_is_asked_for(
    analysis: Analysis, selection: Selection
) -> None:
    longest = {entry.name: float(channel_norm(entry.feature).max()) for entry in entries(analysis, "depth")}
    row = [name for name in longest if name.startswith("refined")]
    top = max(longest[name] for name in row)
    for name in row:
        expected = {"map": longest[name], "tab": top, "all": max(longest.values())}
        for scope, high in expected.items():
            shown = one(features(analysis, asked(replace(selection, scope=scope), "strength")), name)["ramp"]
            # What would be dark all over has a scale of its own.
            alone = scope == "tab" and longest[name] < DARK * top
            words = SHARED_BY_ROW["map" if alone else scope]
            assert (shown["high"], shown["shared"]) == (significant(longest[name] if alone else high, 3), words)


def test_one_channel_is_shown_with_the_channels_that_vary_most(analysis: Analysis, selection: Selection) -> None:
    selection = asked(replace(selection, scale=1), "channel", kind="entering", channel=3)
    value, entry = features(analysis, selection), chosen_entry(analysis, "depth", 1, "entering")
    values = entry.feature[0, 3]
    assert f"from {float(values.min()):.2g} to {float(values.max()):.2g}" in one(value, "channel")["alt"]
    spread = entry.feature[0].flatten(1).std(dim=1)
    tiles = [tile for tile in maps(value) if "choose" in tile]
    assert [tile["choose"]["value"] for tile in tiles] == spread.argsort(descending=True)[:8].tolist()
    assert [tile["choose"]["chosen"] for tile in tiles] == [tile["choose"]["value"] == 3 for tile in tiles]


def test_a_channel_that_does_not_exist_becomes_the_last_one(analysis: Analysis, selection: Selection) -> None:
    value = features(analysis, asked(replace(selection, scale=2), "channel", channel=4000))
    slider = next(entry for entry in value["tools"] if entry["name"] == CHANNEL.name)
    width = chosen_entry(analysis, "depth", 2, "bridge").channels
    assert slider["high"] == slider["value"] == width - 1
    assert one(value, "channel")["title"] == f"Channel {width - 1}"


def test_numbers_beyond_the_colours_are_still_read_exactly() -> None:
    values = np.array([[-7.0, 0.5], [0.0, 9.0]], dtype=np.float32)
    entry = signed_map("a", "A", values, 1.0, "a map of numbers", "this map")
    assert entry["values"]["offset"] == -9 and entry["values"]["scale"] * 60_000 == pytest.approx(18)


def test_groups_are_shown_at_once_and_labelled_once_computed(
    session: Session, analysis: Analysis, selection: Selection
) -> None:
    selection = asked(replace(selection, scale=2), "groups")
    before = features(analysis, selection)
    assert before["pending"] and ids(before)[:3] == ["image", "dominant-group", "group-1"]
    assert not any("moves" in entry.get("foot", "") for entry in maps(before))
    compute(session, analysis, selection, quiet)
    after = features(analysis, selection)
    assert "pending" not in after
    entry = chosen_entry(analysis, "depth", 2, "bridge")
    expected = label_groups(analysis.own_model(), analysis.trace, groups_of(analysis, entry.path), 2)
    tiles = [one(after, f"group-{index + 1}") for index in range(6)]
    assert [tile.get("task") for tile in tiles] == list(expected.labels)
    shares = np.array([[cell.level for cell in row.cells] for row in chart(after, "effects").rows])
    assert shares * expected.effect.max() == pytest.approx(expected.effect, abs=1e-5)
    assert expected.effect.sum(axis=0) == pytest.approx(1)


def test_groups_of_other_kinds_have_no_labels_to_wait_for(analysis: Analysis, selection: Selection) -> None:
    value = features(analysis, asked(selection, "groups", kind="refined"))
    assert "pending" not in value and "refined" in words(value)


def test_cancelling_leaves_no_labels(session: Session, analysis: Analysis, selection: Selection) -> None:
    selection = asked(replace(selection, scale=1), "groups")

    def stop(done: int, total: int, said: str) -> None:
        if done == 2:
            raise StudioError("Cancelled.")

    with pytest.raises(StudioError):
        compute(session, analysis, selection, stop)
    assert features(analysis, selection)["pending"]


def test_the_likeness_of_kinds_is_their_cka(analysis: Analysis, selection: Selection) -> None:
    table = chart(features(analysis, replace(selection, scale=1)), "cka")
    here = at_scale(analysis, "depth", 1)
    expected = cka_matrix({kind: entry.feature for kind, entry in here.items()})
    assert [row.title for row in table.rows] == [KINDS[kind] for kind in here]
    assert np.array([[cell.level for cell in row.cells] for row in table.rows]) == pytest.approx(expected)


def test_each_spectrum_has_all_of_its_energy_and_the_chosen_kind_stands_out(
    analysis: Analysis, selection: Selection
) -> None:
    lines = chart(features(analysis, asked(replace(selection, scale=2), "pca", kind="refined")), "spectrum")
    for curve in lines.curves:
        assert sum(10**height for height in curve.y) == pytest.approx(1, abs=0.02)
    assert [curve.name for curve in lines.curves if curve.strong] == ["Refined"]
    assert lines.curves[-1].colour == TASKS["depth"].colour


def test_the_numbers_are_those_of_the_features(analysis: Analysis, selection: Selection) -> None:
    rows = chart(features(analysis, replace(selection, scale=2)), "numbers").rows
    here = at_scale(analysis, "depth", 2)
    for row, (kind, entry) in zip(rows, here.items(), strict=True):
        assert row[0]["text"] == KINDS[kind]
        assert row[1] == f"{effective_rank(entry.feature):.1f} of {entry.channels}"


def test_the_headline_says_what_the_readings_say(analysis: Analysis) -> None:
    for stage in range(3):
        found = levels(analysis, stage)
        sentence = "".join(part["text"] for part in claim_sentence(analysis, stage))
        assert found is not None and scale_names(analysis)[stage] in sentence
        assert ("it carries both" in sentence.replace("claim that it carries both", "")) == found.carries_both
        tokens = np.prod(at_scale(analysis, "depth", stage)["bridge"].grid)
        assert f"(only {tokens} tokens)" in sentence


def test_a_network_without_a_bridge_or_a_decoder_is_told_as_what_it_is(tmp_path: Path, selection: Selection) -> None:
    """Its headline and its spectrum name the kinds that it has, and no others."""
    bare = without(tmp_path, system="mtl", systems=SMALL)
    assert words(features(bare, replace(selection, scale=0))).endswith(
        "from the task-generic feature to the task-specific feature."
    )
    drawn = chart(features(bare, asked(replace(selection, scale=0), "pca", kind="specific")), "spectrum").curves
    assert [(curve.name, curve.strong) for curve in drawn] == [("Generic", False), ("Task-specific", True)]
    unbridged = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    assert words(features(unbridged, selection)).endswith("to the refined feature.")


def test_a_click_redraws_only_what_compares_with_the_place(analysis: Analysis, selection: Selection) -> None:
    for view in VIEW.values:
        here = asked(selection, view)
        same = PAGE.key(analysis, here) == PAGE.key(analysis, replace(here, x=0.9))
        assert same == (view != "similarity")


def test_without_tpp_or_bridge_their_rows_are_missing(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    for view in VIEW.values:
        value = features(lacking, asked(selection, view))
        assert not [name for name in ids(value) if name.startswith("bridge") or "tpp" in name]
        assert "pending" not in value and words(value)
    kinds = next(entry for entry in features(lacking, selection)["tools"] if entry["name"] == KIND.name)
    assert [option["value"] for option in kinds["options"]] == ["entering", "refined", "generic"]


def test_what_is_remembered_stays_bounded(analysis: Analysis, selection: Selection) -> None:
    fresh = replace(analysis, results=Results())
    kept = []
    for index in range(30):
        features(fresh, asked(replace(selection, scale=2), "channel", channel=index % 16))
        features(fresh, asked(replace(selection, x=index / 30), "similarity"))
        kept.append(len(fresh.results))
    # One picture a channel, none a place.
    assert kept[-1] == kept[15] == kept[0] + 15


def test_the_claim_stands_beside_the_maps_around_tpp(analysis: Analysis, selection: Selection) -> None:
    groups = features(analysis, selection)["groups"]
    ids = [group["id"] for group in groups]
    place = ids.index("features-before")
    assert ids[place + 1] == "features-claim"
    assert groups[place]["span"] + groups[place + 1]["span"] == 12
    spans = [group.get("span", 12) for group in groups]
    assert sum(spans) % 12 == 0 and len(ids) == len(set(ids))

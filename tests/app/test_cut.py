"""A task can be cut on any tab: the view is that of the network whose other tasks do not read it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import without as network_without

from app.analysis.cut import can_be_cut, without
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.interaction import cuts
from app.tabs.refinement.strengths import logits_at
from app.tabs.views import PAGES, all_views, compute, inspected, selection_of, view_of
from bridgenet import inspection
from bridgenet.tasks import TASKS

CUTTING = sorted(name for name, page in PAGES.items() if page.cuts)


def quietly(done: int, total: int, words: str) -> None:
    assert 0 <= done <= total


def test_the_cut_network_says_what_inspection_says(analysis: Analysis) -> None:
    cut = without(analysis, "depth")
    expected = inspection.cut_trace(analysis.own_model(), analysis.trace, "depth")
    for task in analysis.tasks:
        assert torch.equal(cut.trace.logits[task], expected.logits[task])
        again = analysis.predictor.answer(task, expected.logits[task], analysis.size)
        assert np.array_equal(cut.prediction[task].array, again.array)
    moved = [
        task
        for task in analysis.tasks
        if not np.array_equal(cut.prediction[task].array, analysis.prediction[task].array)
    ]
    assert set(moved) == set(analysis.tasks)


def test_nothing_cut_is_the_analysis_itself_and_every_view_is_as_it_was(
    analysis: Analysis, selection: Selection
) -> None:
    assert without(analysis, None) is analysis
    before = all_views(analysis, selection)
    all_views(analysis, replace(selection, cut="depth"))
    after = all_views(analysis, selection)
    assert {name: view.get("key") for name, view in after.items()} == {name: v.get("key") for name, v in before.items()}
    assert after["overview"] == before["overview"] and after["inspector"] == before["inspector"]


def test_every_view_of_the_decoder_changes_with_the_cut_and_says_so(analysis: Analysis, selection: Selection) -> None:
    cut = replace(selection, cut="depth", task="normals")
    whole = replace(cut, cut=None)
    assert CUTTING == ["bridge", "features", "overview", "pairs", "refinement", "tpp"]
    for name in CUTTING:
        if not PAGES[name].exists(analysis):
            continue
        now, then = view_of(name, analysis, cut), view_of(name, analysis, whole)
        assert now["key"] != then["key"]
        assert [part["text"] for part in now["say"][:2]] == ["Without ", "depth"], name
        assert now["groups"] != then["groups"], name


def test_a_view_of_the_whole_network_says_so_where_no_window_hides_it(analysis: Analysis, selection: Selection) -> None:
    cut = replace(selection, cut="depth")
    whole = [name for name in PAGES if name not in CUTTING and PAGES[name].exists(analysis)]
    assert {"interaction", "attribution", "compare"} <= {*whole}
    for name in whole:
        now, then = view_of(name, analysis, cut), view_of(name, analysis, selection)
        assert "asks the whole network" in now["caution"] and now["hint"] == then["hint"], name
        assert "caution" not in then, name


def test_beside_the_cut_stands_a_random_one_by_the_numbers_of_the_view_interaction(
    session: Session, analysis: Analysis, selection: Selection
) -> None:
    cut = replace(selection, cut="normals")
    compute("bridge", session, analysis, cut, quietly)
    group = next(group for group in view_of("bridge", analysis, cut)["groups"] if group.get("id") == "losses")
    matrix = cuts.made_cuts(analysis, cuts.settings_of(analysis, Selection())).matrix
    expected = inspection.interaction_matrix(analysis.own_model(), analysis.images())
    assert np.allclose(matrix.effect, expected.effect) and np.allclose(matrix.control, expected.control)
    row, control = group["chart"].rows
    assert (row.title, control.control) == (TASKS["normals"].title, True)
    assert [cell.key for cell in row.cells] == [f"normals>{task}" for task in analysis.tasks]


def test_the_bridge_of_the_cut_network_reads_nothing_of_the_task(analysis: Analysis, selection: Selection) -> None:
    reads = inspected(analysis, replace(selection, cut="depth"))["reads"]
    whole = inspected(analysis, selection)["reads"]
    into_bridges = [link for link in whole if ">bridge-" in link and "depth" in link.partition(">")[0]]
    assert into_bridges and all(whole[link] > 0 for link in into_bridges)
    assert all(reads.get(link, 0) == 0 for link in into_bridges)


def test_refinement_of_the_cut_network_ends_where_its_prediction_is(analysis: Analysis) -> None:
    cut = without(analysis, "depth")
    full = logits_at(cut, 1.0)
    for task in analysis.tasks:
        assert torch.equal(full[task], cut.trace.logits[task]), task


def test_what_cannot_be_cut_is_not(analysis: Analysis, tmp_path: Path) -> None:
    assert selection_of(analysis, {"cut": "depth"}).cut == "depth"
    assert selection_of(analysis, {"cut": "taste"}).cut is None
    alone = network_without(tmp_path, tpp=False, bfe=False)
    assert not can_be_cut(alone) and selection_of(alone, {"cut": "depth"}).cut is None
    with pytest.raises(ValueError, match="no task"):
        without(analysis, "taste")


def test_shares_are_even_among_those_that_are_left(analysis: Analysis, selection: Selection) -> None:
    view = view_of("bridge", analysis, replace(selection, cut="depth"))
    left = [TASKS[task].title for task in analysis.tasks if task != "depth"]
    assert [share["title"] for share in view["shares"].shares] == left
    assert sum(share["share"] for share in view["shares"].shares) == pytest.approx(1)
    even = f"{100 / len(left):.0f} %"
    assert even in inspected(analysis, replace(selection, cut="depth"))["uniform"]
    assert even in next(group["text"] for group in view["groups"] if group.get("id") == "bridge-everywhere")

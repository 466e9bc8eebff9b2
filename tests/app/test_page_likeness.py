"""The token at the place, looked for in the features of other tasks and in a photo that was pinned."""

from dataclasses import replace

import pytest
from networks import photo

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs import views
from app.tabs.features.kinds import at_scale
from bridgenet.inspection.features.components import similarity_across


@pytest.fixture
def asked(selection: Selection) -> Selection:
    return replace(selection, scale=2, options={"features.view": "similarity", "features.kind": "refined"})


@pytest.fixture(scope="module")
def other(session: Session) -> Analysis:
    return session.analyse(photo(seed=3), title="another room")


def shown(session: Session, analysis: Analysis, selection: Selection) -> dict:
    value = views.view_of("features", analysis, selection)
    if "pending" in value:
        views.compute("features", session, analysis, selection, lambda *told: None)
        value = views.view_of("features", analysis, selection)
    assert "pending" not in value
    return value


def group(value: dict, name: str) -> dict:
    return next(group for group in value["groups"] if group.get("id") == f"features-{name}")


def pinned(selection: Selection, key: str) -> Selection:
    return replace(selection, pins={"A": {"key": key, "title": "another room", "checkpoint": key.partition(":")[2]}})


def test_a_token_of_one_task_is_looked_for_in_all_others(
    session: Session, analysis: Analysis, asked: Selection
) -> None:
    maps = group(shown(session, analysis, asked), "across")["maps"]
    assert [entry["id"] for entry in maps] == [f"across-{task}" for task in analysis.tasks if task != "depth"]
    own, its = (at_scale(analysis, task, 2)["refined"].feature for task in ("depth", "normals"))
    found = similarity_across(own, its, asked.x, asked.y)
    shown_map = next(entry for entry in maps if entry["id"] == "across-normals")
    assert f"most alike {found.values.max():.2f}, by chance {found.chance:.2f}" in shown_map["foot"]
    assert shown_map["foot"].endswith("not above chance") == (not found.above_chance)
    row, column = found.best
    assert shown_map["token"]["left"] == pytest.approx(column / its.shape[-1])
    assert shown_map["token"]["top"] == pytest.approx(row / its.shape[-2])


def test_what_all_tasks_share_has_no_other_task(session: Session, analysis: Analysis, asked: Selection) -> None:
    bridge = replace(asked, options={**asked.options, "features.kind": "bridge"})
    assert not any(group.get("id") == "features-across" for group in shown(session, analysis, bridge)["groups"])


def test_a_token_is_looked_for_in_the_pinned_photo(
    session: Session, analysis: Analysis, other: Analysis, asked: Selection
) -> None:
    wish = pinned(asked, other.key)
    assert views.view_of("features", analysis, wish)["pending"]
    photo_map, like = group(shown(session, analysis, wish), "pinned-0")["maps"]
    own, its = (at_scale(one, "depth", 2)["refined"].feature for one in (analysis, other))
    found = similarity_across(own, its, wish.x, wish.y)
    assert f"most alike {found.values.max():.2f}" in like["foot"] and photo_map["title"] == "another room"
    assert photo_map["token"] == like["token"] and photo_map["src"].startswith("data:image/jpeg")
    # The bridge, which all tasks share, is looked for too.
    bridge = replace(wish, options={**wish.options, "features.kind": "bridge"})
    assert group(shown(session, analysis, bridge), "pinned-0")["maps"]


def test_the_photo_itself_or_one_that_another_network_saw_is_not_looked_into(
    session: Session, analysis: Analysis, asked: Selection
) -> None:
    for key in (analysis.key, f"{'0' * 24}:somebody-else"):
        value = shown(session, analysis, pinned(asked, key))
        assert not any("pinned" in group.get("id", "") for group in value["groups"])


def test_a_pinned_photo_that_is_gone_is_said_to_be(session: Session, analysis: Analysis, asked: Selection) -> None:
    key = f"{'0' * 24}:{analysis.checkpoint}"
    assert "no longer there" in shown(session, analysis, pinned(asked, key))["hint"]


def test_a_pin_changes_nothing_where_nothing_is_looked_for(
    analysis: Analysis, other: Analysis, asked: Selection
) -> None:
    colours = replace(asked, options={})
    before = views.view_of("features", analysis, colours)
    assert views.view_of("features", analysis, pinned(colours, other.key))["key"] == before["key"]

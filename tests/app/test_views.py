import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from networks import without

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs import TABS
from app.tabs.views import PAGES, all_views, capabilities, compute, place_views, selection_of, view_of
from bridgenet.drawing.charts import Curves, Scatter

UNREAD = {"src", "key", "of", "id", "hash", "name", "value", "colour", "colours", "option", "chosen"}
"""Parts of a view that are not for people."""


def ids(value: dict) -> list[str]:
    return [entry["id"] for group in value["groups"] for entry in group.get("maps", ())]


def test_every_view_has_a_tab() -> None:
    assert set(PAGES) <= set(TABS)


def test_every_map_of_every_view_has_words_for_those_who_do_not_see_it(
    analysis: Analysis, selection: Selection
) -> None:
    for name, value in all_views(analysis, selection).items():
        for group in value.get("groups", ()):
            assert all(len(entry["alt"]) > 10 for entry in group.get("maps", ())), name
            # Tables, matrices and bars are text; drawn lines and dots are not.
            if isinstance(group.get("chart"), Curves | Scatter):
                assert len(group["alt"]) > 10, name


def test_a_view_that_follows_nothing_new_is_not_drawn_again(analysis: Analysis, selection: Selection) -> None:
    key = view_of("overview", analysis, selection)["key"]
    elsewhere = replace(selection, x=0.9)
    assert view_of("overview", analysis, elsewhere, key) == {"same": True, "key": key}
    assert "groups" in view_of("overview", analysis, replace(selection, options={"overview.mode": "slider"}), key)


def test_a_pick_answers_with_the_inspector_and_the_view_that_is_looked_at(
    analysis: Analysis, selection: Selection
) -> None:
    for tab in ("overview", "bridge"):
        assert set(place_views(analysis, replace(selection, tab=tab))) == {"inspector", tab}


def test_an_unknown_tab_is_the_overview(analysis: Analysis) -> None:
    assert "overview" in place_views(analysis, selection_of(analysis, {"tab": "../etc"}))


def test_without_tpp_there_is_no_tpp_view(tmp_path: Path, selection: Selection) -> None:
    lacking = without(tmp_path, tpp=False)
    assert view_of("tpp", lacking, selection)["absent"]
    assert "tpp" not in {node["tab"] for node in capabilities(lacking)["figure"]["nodes"]}
    assert "before-tpp" not in ids(view_of("features", lacking, selection))


@pytest.fixture(scope="module")
def bridgeless(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return without(tmp_path_factory.mktemp("bridgeless"), tpp=False, bfe=False, refinement="tfr")


def test_without_a_bridge_there_is_no_view_of_it(bridgeless: Analysis, selection: Selection) -> None:
    assert view_of("bridge", bridgeless, selection)["absent"]
    tabs = [tab["name"] for tab in capabilities(bridgeless)["tabs"]]
    assert tabs[:2] == ["overview", "features"]
    assert not {"tpp", "bridge"} & set(tabs)
    assert not [name for name in ids(view_of("features", bridgeless, selection)) if name.startswith("bridge")]


def test_one_task_is_enough(tmp_path: Path) -> None:
    views = all_views(without(tmp_path, tasks={"depth": 1}), Selection(task="depth"))
    assert ids(views["overview"]) == ["image", "depth"]


def test_a_choice_of_scale_or_colours_stands_only_where_it_changes_what_is_seen(
    analysis: Analysis, selection: Selection
) -> None:
    others = {"scale": replace(selection, scale=1 - min(selection.scale, 1)), "scope": replace(selection, scope="map")}
    where: dict[str, list[str]] = {}
    for name in PAGES:
        value = view_of(name, analysis, selection)
        tools = {tool["name"]: tool for tool in value.get("tools", ())}
        for choice, other in others.items():
            changes = view_of(name, analysis, other)["key"] != value["key"]
            assert (choice in tools) == changes, (name, choice)
            if changes:
                where.setdefault(choice, []).append(name)
                assert tools[choice]["chosen"] == getattr(selection, choice)
    assert where == {"scale": ["features", "bridge", "compare"], "scope": ["tpp", "bridge"]}


def sentences(part: object, name: str = "") -> list[str]:
    """Every text of a view that people read."""
    if isinstance(part, str):
        return [] if name in UNREAD or part.startswith(("data:", "#")) else [part]
    if is_dataclass(part) and not isinstance(part, type):
        part = {field.name: getattr(part, field.name) for field in fields(part)}
    if isinstance(part, Mapping):
        return [text for key, value in part.items() for text in sentences(value, str(key))]
    if isinstance(part, Sequence):
        return [text for value in part for text in sentences(value, name)]
    return []


def test_numbers_are_written_as_people_write_them(session: Session, analysis: Analysis, selection: Selection) -> None:
    for task in analysis.tasks:
        asked = replace(selection, task=task)
        for name in ("refinement", "interaction", "attribution", "compare"):
            compute(name, session, analysis, asked, lambda *told: None)
        shown = all_views(analysis, asked)
        for kind in ("similarity", "strength"):
            shown[kind] = view_of("features", analysis, replace(asked, options={"features.view": kind}))
        for name, value in shown.items():
            read = sentences(value)
            assert read or value.get("absent"), name
            # No powers of ten, and a minus is no hyphen.
            wrong = [text for text in read if re.search(r"\d[eE][+-]?\d|(?<![\w.–−-])-\d|\bnan\b|\binf\b", text)]
            assert wrong == [], (name, task)

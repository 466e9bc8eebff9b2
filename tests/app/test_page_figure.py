"""The figure of the network: what it says of the photo and of the pixel, and where its places lead."""

from dataclasses import replace
from pathlib import Path

import pytest
from networks import SMALL, photo, save_untrained, without

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.figure import pictures_of, reads_here
from app.tabs.pairs.given import given_in
from app.tabs.tpp.page import used_patterns
from app.tabs.views import capabilities, place_views
from app.view.attention import bridge_shares
from app.view.frame import Figure, FigureNode
from bridgenet import inspection
from bridgenet.catalogue import explain
from bridgenet.tasks import TASKS

TASKS_OF_PEERS = {"semseg": 14, "depth": 1, "edge": 1}


def nodes(figure: Figure) -> dict[str, FigureNode]:
    return {node["id"]: node for node in figure["nodes"]}


def peer(folder: Path, system: str) -> Analysis:
    checkpoint = save_untrained(folder / system, tasks=TASKS_OF_PEERS, system=system, systems=SMALL)
    return Session(checkpoint).analyse(photo(), title="noise")


def test_every_place_of_the_figure_leads_to_the_view_of_what_it_shows(analysis: Analysis) -> None:
    has = capabilities(analysis)
    found = nodes(has["figure"])
    assert {node["tab"] for node in found.values()} == {"overview", "features", "tpp", "bridge", "refinement"}
    assert [found[name]["tab"] for name in ("photo", "answer-depth")] == ["overview", "overview"]
    generic, before = found["generic-1"], found["before-normals"]
    assert (generic["tab"], generic["options"], generic["scale"]) == ("features", {"features.kind": "generic"}, 2)
    assert (before["task"], before["options"]) == ("normals", {"features.kind": "before"})
    assert (found["after-depth"]["tab"], found["after-depth"]["task"]) == ("tpp", "depth")
    assert (found["bridge-1"]["tab"], found["bridge-1"]["scale"]) == ("bridge", 1)
    assert (found["refined-2-depth"]["tab"], found["refined-2-depth"]["scale"]) == ("refinement", 2)
    figure = has["figure"]
    assert figure["sentences"][found["bridge-1"]["about"]] == explain("stages.1.bridge").sentence
    assert found["bridge-1"]["title"] == "Bridge feature B_s, 1/16" and found["bridge-1"]["shape"].startswith(
        "32 × 6 × 8"
    )
    assert [lane["colour"] for lane in figure["lanes"]] == [TASKS[task].colour for task in analysis.tasks]
    assert list(figure["scales"].values()) == ["1/32", "1/16", "1/8"]


def test_labels_stand_under_what_they_name_and_the_rest_asks_about_the_whole(analysis: Analysis) -> None:
    has = capabilities(analysis)
    found = nodes(has["figure"])
    under = {tab["name"]: tab["columns"] for tab in has["tabs"] if "columns" in tab}
    assert under["features"] == (found["generic-0"]["column"], found["before-depth"]["column"])
    assert under["tpp"] == (found["after-depth"]["column"],) * 2
    assert under["bridge"] == (found["bridge-0"]["column"], found["bridge-2"]["column"])
    assert under["overview"] == (found["answer-depth"]["column"],) * 2
    assert [tab["name"] for tab in has["tabs"] if "columns" not in tab] == [
        "interaction",
        "attribution",
        "compare",
        "lessons",
    ]


def test_thumbnails_are_of_this_photo_and_small(session: Session, analysis: Analysis) -> None:
    pictures = pictures_of(analysis)
    assert set(pictures) == set(nodes(capabilities(analysis)["figure"]))
    assert sum(map(len, pictures.values())) < 40_000
    assert len({pictures[f"answer-{task}"] for task in analysis.tasks}) == len(analysis.tasks)
    other = pictures_of(session.analyse(photo(seed=5), title="other noise"))
    assert all(other[name] != pictures[name] for name in ("photo", "generic-0", "bridge-2", "answer-depth"))


def test_lines_are_as_wide_as_what_the_bridge_reads_here_at_every_scale(
    analysis: Analysis, selection: Selection
) -> None:
    reads = place_views(analysis, selection)["inspector"]["reads"]
    for scale, entering in enumerate(("after", "refined-0", "refined-1")):
        here = {task: reads[f"{entering}-{task}>bridge-{scale}"] for task in analysis.tasks}
        maps = bridge_shares(analysis, scale, None)
        for task, share in here.items():
            place = inspection.token_at(selection.x, selection.y, maps[task].shape)
            assert share == pytest.approx(maps[task][place], abs=1e-4)
        assert sum(here.values()) == pytest.approx(1, abs=1e-3)
    patterns = used_patterns(analysis, selection)
    assert reads["before-depth>after-normals"] == pytest.approx(patterns["normals"]["depth"], abs=1e-4)
    assert reads_here(analysis, replace(selection, x=0.9)) != reads


def test_tokens_and_messages_of_pairs_are_told_too_and_a_bridge_that_reads_nothing_tells_nothing(
    tmp_path: Path, selection: Selection
) -> None:
    tokens = peer(tmp_path, "invpt")
    reads, here = reads_here(tokens, selection), given_in(tokens, replace(selection, scale=1)).here
    assert reads["refined-0-semseg>refined-1-depth"] == pytest.approx(here["depth"]["semseg"], abs=1e-4)
    figure = capabilities(tokens)["figure"]
    assert nodes(figure)["refined-1-depth"]["tab"] == "pairs" and "Cross-task" in figure["say"]
    messages = peer(tmp_path, "pad-net")
    given = given_in(messages, selection).here
    assert reads_here(messages, selection)["specific-semseg>fused-depth"] == pytest.approx(
        given["depth"]["semseg"], abs=1e-4
    )
    silent = without(tmp_path, tpp=False, bridge_reads="nothing", tasks=TASKS_OF_PEERS)
    assert reads_here(silent, selection) == {}
    figure = capabilities(silent)["figure"]
    assert nodes(figure)["bridge-0"]["options"] == {"features.kind": "bridge"}
    assert "its bridge reads no task" in figure["say"]
    both = without(tmp_path, refinement="add-invpt", tasks=TASKS_OF_PEERS)
    reads, here = reads_here(both, selection), given_in(both, replace(selection, scale=1)).here
    assert reads["refined-0-semseg>refined-1-depth"] == pytest.approx(here["depth"]["semseg"], abs=1e-4)
    steps = capabilities(both)["figure"]["steps"]
    assert [step["title"] for step in steps[3:]] == ["TPP", "The bridge", "Refined and answered"]
    assert "by the bridge, every task reads the tokens of all tasks, scale after scale" in steps[-1]["text"]


def test_the_way_of_a_pixel_has_six_steps_and_leaves_nothing_out(analysis: Analysis) -> None:
    figure = capabilities(analysis)["figure"]
    steps = figure["steps"]
    assert len(steps) == 6
    assert [steps[0]["nodes"], steps[4]["nodes"]] == [["photo"], ["bridge-0", "bridge-1", "bridge-2"]]
    assert sorted(name for step in steps for name in step["nodes"]) == sorted(nodes(figure))
    assert steps[3]["title"] == "TPP" and all(step["text"].endswith(".") for step in steps)

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import photo, without

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.handlers import Handlers, read_link
from app.page import lesson_step
from app.tabs import LESSON_STEPS, SIMPLE, TABS, views
from app.tabs.interaction import cuts
from app.tabs.lessons.findings import answers_agree, steepest
from app.tabs.lessons.page import LESSONS, answer, lessons, offered
from bridgenet import inspection
from bridgenet.config.systems import PadNetConfig, SystemConfigs
from bridgenet.tasks import TASKS

pytestmark = pytest.mark.slow


def tabs(analysis: Analysis) -> list[str]:
    return [tab["name"] for tab in views.capabilities(analysis)["tabs"]]


def names(analysis: Analysis) -> list[str]:
    return [lesson["name"] for lesson in offered(analysis, tabs(analysis))["lessons"]]


def text_of(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts)


def test_there_is_a_step_for_each_lesson_and_a_bridge_or_pairs(analysis: Analysis, tmp_path: Path) -> None:
    assert [lesson.name for lesson in LESSONS] == list(LESSON_STEPS)
    assert names(analysis) == [name for name in LESSON_STEPS if name != "pairs"]
    steps = [
        offered(one, tabs(one))["lessons"][0] for one in (analysis, without(tmp_path, tasks={"semseg": 14, "sal": 2}))
    ]
    assert ["depth" in step["look"] for step in steps] == [True, False], "nothing is asked about what nobody answers"
    systems = SystemConfigs(pad_net=PadNetConfig(16))
    paired = without(tmp_path, tasks={"depth": 1, "edge": 1}, system="pad-net", systems=systems)
    assert names(paired) == ["answers", "pairs", "influence"]
    said = text_of(answer(paired, Selection(task="depth"), "pairs"))
    assert said.startswith("2 pairs hand something over") and "of others." in said


def test_no_lesson_speaks_of_a_bridge_to_a_network_that_has_none(tmp_path: Path) -> None:
    lacking = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    steps = offered(lacking, tabs(lacking))["lessons"]
    assert "features" in [step["name"] for step in steps]
    for tasks, system in (({"depth": 1, "edge": 1}, "pad-net"), ({"depth": 1, "edge": 1}, "invpt")):
        other = without(tmp_path, tasks=tasks, system=system, systems=SystemConfigs(pad_net=PadNetConfig(16)))
        steps += offered(other, tabs(other))["lessons"]
    # What pairs lack in comparison is the question of one lesson.
    spoken = {step["name"]: f"{step['question']} {step['look']}" for step in steps if step["name"] != "pairs"}
    assert {"features", "influence"} <= set(spoken)
    assert not [name for name, text in spoken.items() if "bridge" in text.lower()]


def test_presets_say_what_a_link_can_say(analysis: Analysis) -> None:
    known = {option.name: option for option in views.OPTIONS}
    for lesson in offered(analysis, tabs(analysis))["lessons"]:
        for link in (lesson["start"], lesson["show"]):
            assert link["tab"] in TABS and views.PAGES[link["tab"]].exists(analysis)
            # What the simple page hides is asked about where everything is shown.
            shown = link["tab"] in SIMPLE and not any(
                name in lesson["target"] for name in views.PAGES[link["tab"]].expert
            )
            assert shown == (link.get("depth") != "expert")
            for name in set(link) - {"tab", "px", "task", "scale", "head", "scope", "depth"}:
                assert known[name].read(link[name]) == link[name], name
            selection = views.selection_of(analysis, read_link({name: str(value) for name, value in link.items()}))
            assert selection.tab == link["tab"]
            assert selection.scale == link.get("scale", selection.scale)
            if "px" in link:
                assert f"{selection.x:.4f},{selection.y:.4f}" == link["px"]


def test_no_lesson_says_a_value_that_is_not_set(analysis: Analysis) -> None:
    for lesson in offered(analysis, tabs(analysis))["lessons"]:
        assert " is now " not in lesson["look"] and "under the cross-hair in all maps: a" not in lesson["look"]
        assert lesson["target"]


def test_a_bridge_that_reads_nothing_is_not_asked_whom_it_asks(tmp_path: Path) -> None:
    lacking = without(tmp_path, bridge_reads="nothing", tpp=False)
    assert names(lacking) == ["answers", "features", "refinement"]
    for name in names(lacking):
        assert text_of(answer(lacking, Selection(task="depth"), name)).endswith(".")


def test_a_lesson_whose_view_does_not_exist_is_not_offered(tmp_path: Path) -> None:
    lacking = without(tmp_path, tpp=False, bfe=False, refinement="tfr")
    assert names(lacking) == ["answers", "features"]
    for name in names(lacking):
        assert text_of(answer(lacking, Selection(), name)).endswith(".")


def test_one_task_has_no_patterns_to_compare(tmp_path: Path) -> None:
    alone = without(tmp_path, tasks={"depth": 1})
    assert "tpp" not in names(alone)
    assert offered(alone, tabs(alone))["lessons"][0]["title"] == "One image, one answer"
    assert "One answer for each of 10 800 pixels" in text_of(answer(alone, Selection(task="depth"), "answers"))


def test_every_lesson_asks_and_answers_in_one_sentence_or_two(analysis: Analysis, selection: Selection) -> None:
    for lesson in offered(analysis, tabs(analysis))["lessons"]:
        assert lesson["question"].endswith("?") and lesson["look"]
        said = text_of(answer(analysis, selection, lesson["name"]))
        assert 40 < len(said) < 260 and said.endswith("."), said


def test_the_sentence_changes_with_the_photo(session: Session, analysis: Analysis, selection: Selection) -> None:
    other = session.analyse(photo(seed=11), title="other")
    for lesson in (lesson for lesson in LESSONS if lesson.name in names(analysis)):
        assert answer(analysis, selection, lesson.name) != answer(other, selection, lesson.name), lesson.name


def test_edges_agree_with_depth_where_they_lie_on_its_steps(analysis: Analysis) -> None:
    step = np.where(np.arange(120) < 60, 1.0, 3.0)[None].repeat(90, axis=0).astype(np.float32)
    prediction = analysis.prediction
    depth = replace(prediction["depth"], array=step)

    def sentence(column: int) -> str:
        edges = np.zeros((90, 120), np.float32)
        edges[:, column - 6 : column + 6] = 1
        tasks = {**prediction.tasks, "depth": depth, "edge": replace(prediction["edge"], array=edges)}
        return text_of(answers_agree(replace(analysis, prediction=replace(prediction, tasks=tasks)), Selection()))

    assert "the answers fit" in sentence(60)
    assert "hardly know of each other" in sentence(20)
    stepped = replace(analysis, prediction=replace(prediction, tasks={**prediction.tasks, "depth": depth}))
    assert abs(float(steepest(stepped).split(",")[0]) - 0.5) < 0.02


def test_the_bridge_lesson_tells_the_shares_of_the_place(analysis: Analysis, selection: Selection) -> None:
    shares = inspection.bridge_shares(analysis.trace.stages[0], selection.x, selection.y)
    most = max(shares, key=lambda task: shares[task])
    said = text_of(answer(analysis, selection, "bridge"))
    assert f"{100 * shares[most]:.0f} % from {TASKS[most].title.lower()}" in said


@pytest.mark.slow
def test_the_influence_lesson_says_what_the_matrix_of_the_view_says(session: Session, selection: Selection) -> None:
    analysis = session.analyse(photo(seed=21), title="cut")
    before = answer(analysis, selection, "influence")
    matrix = inspection.interaction_matrix(analysis.own_model(), analysis.images())
    rank = f"{matrix.rank_correlation:.2f}".replace("-", "−")
    assert f"rank correlation {rank}" in text_of(before)
    views.PAGES["interaction"].compute(session, analysis, selection, lambda done, total, words: None)  # type: ignore[misc]
    assert cuts.cuts_of(analysis, cuts.settings_of(analysis, selection)) is not None
    assert answer(analysis, selection, "influence") == before


def test_revealing_takes_only_what_the_visitor_has(session: Session, analysis: Analysis) -> None:
    handlers = Handlers(session)
    event = {"key": analysis.key, "lesson": "bridge", "x": 0.4, "y": 0.6}
    assert text_of(handlers.reveal(event)["say"]).startswith("Here the bridge reads")
    assert "problem" in handlers.reveal(event | {"key": "somebody else's"})
    assert handlers.reveal(event | {"lesson": "poetry"}) == {"say": []}
    assert "problem" in handlers.reveal(None)


def test_the_view_leads_to_the_first_lesson(analysis: Analysis, selection: Selection) -> None:
    value = lessons(analysis, selection)
    assert value["tools"][0]["action"] == "lesson" and value["groups"] == []


@pytest.mark.parametrize(("index", "opened"), [(4, 4), (17, 0), ("x", 0), (None, 0)])
def test_steps_open_in_any_order(index: object, opened: int) -> None:
    class Event:
        pass

    event = Event()
    event.index = index  # type: ignore[attr-defined]
    assert lesson_step(event).selected == opened  # type: ignore[arg-type]

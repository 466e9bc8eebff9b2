from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import photo, save_untrained

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.pairs.given import gates, read, sent, sizes, sizes_of, unit_weights
from app.tabs.pairs.page import PAGE, pairs
from app.view.view import View
from bridgenet.config.systems import MtiNetConfig, PadNetConfig, System, SystemConfigs

TASKS = {"semseg": 14, "depth": 1, "normals": 3}


def analysed(folder: Path, system: System, **changes: object) -> Analysis:
    systems = SystemConfigs(pad_net=PadNetConfig(16), mti_net=MtiNetConfig({**TASKS, "edge": 1}))
    folder = save_untrained(folder, tasks=TASKS, system=system, systems=systems, **changes)
    return Session(folder).analyse(photo(), title="noise")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analysed(tmp_path_factory.mktemp("messages") / "pad-net", "pad-net")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analysed(tmp_path_factory.mktemp("tokens") / "invpt", "invpt")


def maps(view: View) -> dict[str, dict]:
    return {drawn["id"]: drawn for group in view["groups"] for drawn in group.get("maps", ())}


def test_a_message_is_shown_as_a_share_of_what_its_target_has_at_each_place(messages: Analysis) -> None:
    selection = Selection(x=0.3, y=0.7, task="depth")
    given, trace = sent(messages, selection), messages.trace
    for target, parts in given.maps.items():
        assert np.allclose(sum(parts.values()), 1, atol=1e-5)
        assert sum(given.here[target].values()) == pytest.approx(1, abs=1e-5)
    own = trace.task_specific["depth"][0].abs().mean(dim=0)
    got = {source: trace.exchange[source]["depth"][0].abs().mean(dim=0) for source in ("semseg", "normals")}
    share = got["semseg"] / (own + got["semseg"] + got["normals"])
    assert given.maps["depth"]["semseg"] == pytest.approx(share.numpy(), abs=1e-6)
    assert sizes(messages, selection.scale)["depth"]["semseg"] == pytest.approx(got["semseg"].numpy())


def test_gates_are_those_that_the_messages_went_through(messages: Analysis) -> None:
    opened = gates(messages)
    assert set(opened["depth"]) == {"semseg", "normals"}
    assert all(values.min() > 0 and values.max() < 1 for row in opened.values() for values in row.values())
    sender = messages.predictor.model.distillation.messages["semseg"]["depth"]
    feature = messages.trace.task_specific["semseg"]
    gate = sender.gate(feature.clone()).sigmoid()
    assert opened["depth"]["semseg"] == pytest.approx(gate[0].mean(dim=0).detach().numpy(), abs=1e-6)


def test_there_is_a_map_for_every_pair_and_a_choice_of_what_it_shows(messages: Analysis) -> None:
    selection = Selection(task="depth")
    for shown in ("share", "size", "gate"):
        view = pairs(messages, replace(selection, options={"pairs.shown": shown}))
        assert list(maps(view)) == [f"pairs-{source}-{target}" for source in TASKS for target in TASKS]
        assert all(drawn["src"] and drawn["alt"] for drawn in maps(view).values())
    (tool,) = view["tools"]
    assert tool["chosen"] == "gate" and "from 0 (shut) to 1 (open)" in view["hint"]
    strange = pairs(messages, replace(selection, options={"pairs.shown": "nobody"}))
    assert strange["tools"][0]["chosen"] == "share"
    said = "".join(part["text"] for part in view["say"])
    here = sent(messages, selection).here["depth"]
    first = max(("semseg", "normals"), key=lambda source: here[source])
    assert f"{100 * here[first]:.0f} % from {'segmentation' if first == 'semseg' else 'normals'}" in said


def test_a_task_that_is_not_answered_gives_too(tmp_path: Path) -> None:
    helped = analysed(tmp_path / "mti-net", "mti-net")
    view = pairs(helped, Selection(task="depth"))
    assert "pairs-edge-depth" in maps(view) and "pairs-depth-edge" not in maps(view)


def test_messages_and_gates_are_those_of_the_scale_that_is_looked_at(tmp_path: Path) -> None:
    helped = analysed(tmp_path / "mti-net", "mti-net")
    model = helped.predictor.model
    for scale, stage in enumerate(helped.trace.stages):
        got = stage.exchange["edge"]["depth"][0].abs().mean(dim=0)
        assert sizes_of(helped, Selection(scale=scale))["depth"]["edge"] == pytest.approx(got.numpy())
        sender = model.scales[-1 - scale].distillation.messages["edge"]["depth"]
        gate = sender.gate(stage.task_specific["edge"].clone()).sigmoid()[0].mean(dim=0)
        assert gates(helped, scale)["depth"]["edge"] == pytest.approx(gate.detach().numpy(), abs=1e-6)
    drawn = [maps(pairs(helped, Selection(task="depth", scale=scale)))["pairs-edge-depth"]["src"] for scale in (0, -1)]
    assert drawn[0] != drawn[1]
    assert "at 1/32" in pairs(helped, Selection(scale=0))["hint"]
    assert sum(sent(helped, Selection()).here["depth"].values()) == pytest.approx(1, abs=1e-5)


def test_tokens_are_those_that_the_place_reads_at_the_scale(tokens: Analysis) -> None:
    head = replace(Selection(x=0.9, y=0.1, task="normals"), scale=1, head=1)
    given, stage = read(tokens, head), tokens.trace.stages[1]
    rows, columns = stage.query_grid
    query = int(0.1 * rows) * columns + int(0.9 * columns)
    weights = stage.cross_attention["normals"][0, 1, query]
    expected = weights.view(3, *stage.key_grid)[list(TASKS).index("semseg")]
    assert given.maps["normals"]["semseg"] == pytest.approx(expected.numpy(), abs=1e-6)
    assert sum(given.here["normals"].values()) == pytest.approx(1, abs=1e-5)
    view = pairs(tokens, head)
    assert view["heads"] == 2 and len(maps(view)) == 9 and "head 2 of 2" in view["hint"]


@pytest.mark.parametrize("system", ["cross-stitch", "nddr"])
def test_units_between_encoders_are_tables_and_what_they_mix_is_shown_by_stage(tmp_path: Path, system: System) -> None:
    joined = analysed(tmp_path / system, system)
    tables = unit_weights(joined)
    assert set(tables) == set(joined.predictor.model.units)
    # As they start: nine tenths of a task itself, one tenth of every other.
    assert all(weights == pytest.approx(0.1 + 0.8 * np.eye(3), abs=1e-6) for weights in tables.values())
    selection = Selection(task="depth", options={"pairs.stage": "stage2"})
    found, features = sizes_of(joined, selection)["depth"], joined.trace.encoder["stage2"].task_specific
    assert found["semseg"] == pytest.approx(0.1 * features["semseg"][0].abs().mean(dim=0).numpy(), abs=1e-5)
    view = pairs(joined, selection)
    assert view["tools"][-1]["chosen"] == "stage2" and len(maps(view)) == 9
    assert [group["id"] for group in view["groups"] if group["id"].startswith("units")] == [
        f"units-{s}" for s in tables
    ]


def test_a_network_with_a_bridge_has_no_pairs(tmp_path: Path) -> None:
    assert not PAGE.exists(analysed(tmp_path / "bridge", "bridgenet"))

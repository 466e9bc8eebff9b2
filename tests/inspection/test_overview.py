"""The figure of every system says who meets whom, as its network declares it and as cuts show it."""

from dataclasses import replace
from itertools import permutations

import pytest
import torch
from narrow import NARROW
from torch import nn
from toys import TOY, pictures

from bridgenet.catalogue import explain
from bridgenet.config.systems import (
    SYSTEMS,
    AtrcConfig,
    CrossStitchConfig,
    PadNetConfig,
)
from bridgenet.inspection import cut_trace
from bridgenet.inspection.overview import Overview, overview
from bridgenet.model import Network, build_model
from bridgenet.trace import Trace

TASKS = ("semseg", "depth", "normals")
ALL = frozenset(permutations(TASKS, 2))
TWO_STAGES = {"refiner_blocks": (1, 1), "token_reduction": (2, 4)}

MEETS: dict[str, dict[str, frozenset[tuple[str, str]]]] = {
    "bridgenet": {"tpp": ALL, "bfe": ALL},
    "mtl": {},
    "stl": {},
    "cross-stitch": {"cross-stitch": ALL},
    "nddr": {"nddr": ALL},
    "mtan": {},
    "pad-net": {"messages": ALL},
    "mti-net": {"propagation": ALL, "messages": ALL},
    "atrc": {"contexts": ALL},
    "invpt": {"attention": ALL},
}


def network(system: str = "bridgenet", **changes: object) -> Network:
    """Untrained, but so that everything that is read matters."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_model(replace(TOY, **{"system": system, "systems": NARROW, **changes})).eval()
        for name, weights in model.named_parameters():
            if not name.startswith("backbone"):
                nn.init.uniform_(weights, 0.5, 1.5) if weights.ndim < 2 else nn.init.kaiming_normal_(weights)
    return model


def passed(model: Network) -> Trace:
    with torch.inference_mode():
        return model(pictures(1))


def figure(system: str = "bridgenet", **changes: object) -> Overview:
    model = network(system, **changes)
    return overview(model, passed(model))


def after(drawn: Overview, node: str) -> set[str]:
    return {link.target for link in drawn.links if link.source == node}


def before(drawn: Overview, node: str) -> set[str]:
    return {link.source for link in drawn.links if link.target == node}


def moved(model: Network, trace: Trace, source: str) -> set[str]:
    """Other tasks whose answer is another when nobody reads the source."""
    cut = cut_trace(model, trace, source)
    return {task for task in TASKS if task != source and not torch.equal(cut.logits[task], trace.logits[task])}


@pytest.mark.parametrize("system", SYSTEMS)
def test_who_meets_whom_in_a_figure_is_what_the_network_declares_and_what_cuts_move(system: str) -> None:
    model = network(system)
    trace = passed(model)
    drawn = overview(model, trace)
    assert drawn.meets == MEETS[system]
    assert set(drawn.meets) == {meeting.name for meeting in model.meetings}
    for source in TASKS if model.meetings else ():
        assert moved(model, trace, source) == {
            target for pairs in drawn.meets.values() for giver, target in pairs if giver == source
        }

    places = {node.id: node for node in drawn.nodes}
    assert len(places) == len(drawn.nodes)
    assert {node.column for node in drawn.nodes} == set(range(1 + max(node.column for node in drawn.nodes)))
    for node in drawn.nodes:
        if node.path:
            assert node.shape == tuple(trace[node.path].shape[1:])
            assert node.sentence == explain(node.path).sentence
        assert node.sentence.endswith(".") and node.term
    for link in drawn.links:
        source, target = places[link.source], places[link.target]
        assert source.column < target.column or source.kind == target.kind == "generic"
    # Whatever is answered can be followed back to the photo.
    for task in TASKS:
        reached = {f"answer-{task}"}
        while found := {node for one in reached for node in before(drawn, one)} - reached:
            reached |= found
        assert "photo" in reached


def test_a_bridge_is_a_hub_at_every_scale_that_asks_the_backbone_and_all_tasks() -> None:
    drawn = figure(**TWO_STAGES)
    entering = {f"after-{task}" for task in TASKS}
    assert before(drawn, "bridge-0") == {"generic-3", *entering}
    assert after(drawn, "bridge-0") == {"bridge-1", *(f"refined-0-{task}" for task in TASKS)}
    assert before(drawn, "bridge-1") == {"generic-2", "bridge-0", *(f"refined-0-{task}" for task in TASKS)}
    assert before(drawn, "after-depth") == {f"before-{task}" for task in TASKS}


def test_without_tpp_lanes_cross_nowhere_before_the_bridge() -> None:
    drawn = figure(tpp=False)
    assert drawn.meets == {"bfe": ALL}
    assert before(drawn, "specific-depth") == {"generic-3"} and "refined-0-depth" in after(drawn, "specific-depth")


def test_without_a_bridge_every_lane_stays_its_own_after_tpp() -> None:
    drawn = figure(bfe=False)
    assert drawn.meets == {"tpp": ALL}
    assert not [node for node in drawn.nodes if node.kind == "bridge"]
    assert before(drawn, "refined-0-depth") == {"after-depth"}


def test_a_bridge_that_reads_nothing_gives_to_all_tasks_and_asks_none() -> None:
    drawn = figure(tpp=False, bridge_reads="nothing")
    assert drawn.meets == {}
    assert before(drawn, "bridge-0") == {"generic-3"}
    assert after(drawn, "bridge-0") == {f"refined-0-{task}" for task in TASKS}


def test_after_a_bridge_that_is_added_lanes_read_each_other_too() -> None:
    drawn = figure(tpp=False, refinement="add-invpt")
    assert drawn.meets == {"bfe": ALL, "attention": ALL}
    entering = {f"specific-{task}" for task in TASKS}
    assert before(drawn, "bridge-0") == {"generic-3", *entering}
    assert before(drawn, "refined-0-depth") == {"bridge-0", *entering}


def test_behind_a_shared_encoder_lanes_never_meet_and_single_tasks_share_nothing() -> None:
    shared, alone, masked = figure("mtl"), figure("stl"), figure("mtan")
    assert after(shared, "generic-3") == {f"specific-{task}" for task in TASKS}
    assert after(shared, "specific-depth") == {"answer-depth"}
    assert not [node for node in alone.nodes if node.task is None and node.kind != "photo"]
    assert before(alone, "encoder-stage1-depth") == {"photo"}
    assert all(link.task for link in alone.links)
    for stage in range(4):
        opened = {f"encoder-stage{stage + 1}-{task}" for task in TASKS}
        assert after(masked, f"generic-{stage}") - {f"generic-{stage + 1}"} == opened


def test_encoders_are_joined_after_the_stages_that_are_told() -> None:
    drawn = figure("cross-stitch", systems=replace(NARROW, cross_stitch=CrossStitchConfig(8, stages=("stage2",))))
    assert drawn.meets == {"cross-stitch": ALL}
    assert before(drawn, "joined-stage2-depth") == {f"encoder-stage1-{task}" for task in TASKS}
    assert before(drawn, "encoder-stage3-depth") == {"joined-stage2-depth"}


def test_messages_of_every_scale_are_told_and_what_is_joined_goes_to_the_finer_one() -> None:
    drawn = figure("mti-net")
    assert after(drawn, "entering-0-depth") == {"entering-1-depth", "shared-0"}
    assert before(drawn, "entering-1-depth") == {"entering-0-depth", "shared-0", "generic-2"}
    (message,) = [
        link for link in drawn.links if (link.source, link.target) == ("entering-3-depth", "refined-3-normals")
    ]
    assert message.places == ("stages.0", "stages.1", "stages.2", "stages.3")


def test_what_one_task_alone_reads_is_one_arrow_and_moves_that_task_alone() -> None:
    model = network("atrc", systems=replace(NARROW, atrc=AtrcConfig({"depth": {"semseg": "global"}})))
    trace = passed(model)
    drawn = overview(model, trace)
    assert drawn.meets == {"contexts": {("semseg", "depth")}}
    assert after(drawn, "specific-semseg") == {"fused-semseg", "fused-depth"}
    assert {source: moved(model, trace, source) for source in TASKS} == {
        "semseg": {"depth"},
        "depth": set(),
        "normals": set(),
    }


def test_a_task_that_is_only_learnt_beside_the_others_has_a_lane_without_an_answer() -> None:
    auxiliary = {"semseg": 4, "depth": 1, "normals": 3, "edge": 1}
    drawn = figure("pad-net", systems=replace(NARROW, pad_net=PadNetConfig(8, auxiliary=auxiliary)))
    assert drawn.tasks == (*TASKS, "edge")
    assert after(drawn, "specific-edge") == {f"fused-{task}" for task in TASKS}
    silent = figure("pad-net", systems=replace(NARROW, pad_net=PadNetConfig(8, messages=False)))
    assert silent.meets == {} and after(silent, "specific-depth") == {"answer-depth"}


def test_one_task_meets_nobody() -> None:
    drawn = figure(tasks={"depth": 1})
    assert set().union(*drawn.meets.values()) == set()
    assert before(drawn, "bridge-0") == {"generic-3", "after-depth"}

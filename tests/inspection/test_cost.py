from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet.config import ModelConfig
from bridgenet.config.systems import System
from bridgenet.inspection.cost import (
    Cost,
    costs_by_tasks,
    costs_of_shapes,
    meeting_costs,
    meeting_seconds,
    multiply_adds,
    network_cost,
)
from bridgenet.model import NETWORKS, build_decoder, build_model
from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.tasks import ALL_TASKS
from bridgenet.trace import Trace

pytestmark = pytest.mark.slow

SIZE = (64, 96)


def of_tasks(config: ModelConfig, count: int) -> ModelConfig:
    return replace(config, tasks=dict(list(config.tasks.items())[:count]))


@torch.no_grad()
def traced(config: ModelConfig) -> tuple[BridgeNet, Trace]:
    model = build_model(config).eval()
    return model, model(torch.rand(1, 3, *SIZE))


def test_the_extractor_costs_what_its_equations_say() -> None:
    width, queries, keys, tasks = 8, 4 * 6, 4 * 6, 3
    extractor = BridgeFeatureExtractor(width, heads=2, query_reduction=2, token_reduction=2, mlp_ratio=4).eval()
    query = torch.rand(1, width, 8, 12)
    by_hand = (
        9 * width * queries  # depth-wise convolution of the queries
        + width**2 * (queries + 2 * tasks * keys)  # projections to queries, keys and values
        + 2 * width * queries * tasks * keys  # logits and weighted values
        + width**2 * queries  # heads merged
        + 9 * width * 8 * 12  # depth-wise convolution of the message
        + 2 * 4 * width**2 * 8 * 12  # feed-forward
    )
    assert multiply_adds(extractor, query, {task: torch.rand(1, width, 8, 12) for task in ALL_TASKS[:tasks]}) == by_hand


def test_a_bridge_that_reads_another_image_costs_what_one_that_reads_its_own_does(tiny_config: ModelConfig) -> None:
    assert network_cost(replace(tiny_config, bridge_reads="foreign"), SIZE) == network_cost(tiny_config, SIZE)


def test_the_bridge_grows_linearly_and_pairs_grow_with_their_number(tiny_config: ModelConfig) -> None:
    costs = {count: meeting_costs(*traced(of_tasks(tiny_config, count))) for count in (2, 3, 4, 6)}
    bridge = {count: cost.bridge.multiply_adds for count, cost in costs.items()}
    assert bridge[3] - bridge[2] == bridge[4] - bridge[3] == (bridge[6] - bridge[4]) // 2 > 0
    for count, cost in costs.items():
        assert cost.pairs.multiply_adds * 2 == costs[2].pairs.multiply_adds * count * (count - 1)
        assert cost.pairs.parameters == cost.bridge.parameters * count * (count - 1)
        assert cost.bridge.parameters == costs[2].bridge.parameters


def test_one_pair_stands_for_all(tiny_config: ModelConfig) -> None:
    model, trace = traced(of_tasks(tiny_config, 3))
    counted = [
        multiply_adds(module.extractor, stage.task_specific[asks], {answers: stage.task_specific[answers]})
        for module, stage in zip(model.stages, trace.stages, strict=True)
        for asks in stage.task_specific
        for answers in stage.task_specific
        if asks != answers
    ]
    assert len(counted) == 3 * 6
    assert meeting_costs(model, trace).pairs.multiply_adds == sum(counted)


def test_queries_and_cascade_are_counted_apart(tiny_config: ModelConfig) -> None:
    model, trace = traced(of_tasks(tiny_config, 2))
    parts = [part for stage in model.stages for part in (stage.query, stage.cascade) if part is not None]
    weights = sum(weight.numel() for part in parts for weight in part.parameters())
    query = meeting_costs(model, trace).query
    assert query.parameters == weights
    assert query.multiply_adds > 0
    assert meeting_costs(*traced(replace(of_tasks(tiny_config, 2), bridge_cascade=False))).query.parameters < weights


def test_shapes_alone_give_the_same_numbers(tiny_config: ModelConfig) -> None:
    config = of_tasks(tiny_config, 3)
    model, trace = traced(config)
    shapes = [tuple(feature.shape[1:]) for feature in trace.task_generic]
    expected = meeting_costs(model, trace)
    assert costs_of_shapes(model, shapes, SIZE) == expected
    with torch.device("meta"):
        weightless = build_decoder(config, tuple(shape[0] for shape in shapes)).eval()
    assert costs_of_shapes(weightless, shapes, SIZE) == expected
    assert all(weight.is_meta for weight in weightless.parameters()), "the caller's network stays as it was"


@pytest.mark.parametrize("system", NETWORKS)
def test_a_whole_network_is_counted_without_computing_it(tiny_config: ModelConfig, system: System) -> None:
    config = replace(of_tasks(tiny_config, 2), system=system)
    cost, model = network_cost(config, SIZE), build_model(config).eval()
    assert cost.parameters == sum(weight.numel() for weight in model.parameters())
    assert cost.multiply_adds == multiply_adds(model, torch.rand(1, 3, *SIZE))


def test_more_tasks_cost_what_networks_of_so_many_do_and_eight_lie_on_the_parabola(tiny_config: ModelConfig) -> None:
    config = replace(of_tasks(tiny_config, 3), system="invpt")
    costs = costs_by_tasks(config, SIZE)
    assert list(costs) == list(range(2, 9))
    assert costs[3] == network_cost(config, SIZE)
    second = np.diff([cost.multiply_adds for cost in costs.values()], n=2)
    assert second[-1] == second[-2] == second[-3]


def test_a_network_without_tpp_spends_nothing_on_it(tiny_config: ModelConfig) -> None:
    assert meeting_costs(*traced(replace(of_tasks(tiny_config, 2), tpp=False))).propagation == Cost(0, 0)


def test_a_network_without_a_bridge_is_refused(tiny_config: ModelConfig) -> None:
    model, trace = traced(replace(of_tasks(tiny_config, 2), bfe=False))
    with pytest.raises(ValueError, match="no bridge"):
        meeting_costs(model, trace)


def test_thirty_pairs_take_longer_than_one_bridge(tiny_config: ModelConfig) -> None:
    bridge, pairs = meeting_seconds(*traced(tiny_config), repeats=3)
    assert 0 < bridge < pairs

from dataclasses import replace

import pytest
import torch

from bridgenet.config import BackboneConfig, ModelConfig, OptimConfig
from bridgenet.learning.freezing import freeze
from bridgenet.learning.optim import build_optimizer, build_schedule, rate_factor
from bridgenet.model import BridgeNet, build_decoder, build_model


@pytest.fixture(scope="module")
def model() -> BridgeNet:
    torch.manual_seed(0)
    return build_model(
        ModelConfig(
            tasks={"depth": 1},
            backbone=BackboneConfig("test_efficientnet"),
            embed_width=12,
            prediction_width=4,
            refiner_blocks=(1, 1, 1),
        )
    )


def test_the_rate_falls_polynomially_to_zero() -> None:
    config = OptimConfig(steps=100, poly_power=0.9)
    assert rate_factor(0, config) == 1
    assert rate_factor(50, config) == pytest.approx(0.5**0.9)
    assert rate_factor(100, config) == 0


def test_the_rate_rises_linearly_during_warm_up() -> None:
    config = OptimConfig(steps=1000, warmup_steps=9, poly_power=0.0)
    assert [rate_factor(step, config) for step in (0, 4, 9, 500)] == pytest.approx([0.1, 0.5, 1, 1])


def test_the_backbone_learns_at_its_own_rate(model: BridgeNet) -> None:
    optimizer = build_optimizer(model, OptimConfig(learning_rate=0.1, backbone_rate_ratio=0.3))
    backbone, decoder = optimizer.param_groups
    assert (backbone["lr"], decoder["lr"]) == pytest.approx((0.03, 0.1))
    assert len(backbone["params"]) == len(list(model.backbone.parameters()))
    assert len(backbone["params"]) + len(decoder["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_an_optimiser_is_named_as_in_the_config(model: BridgeNet, name: str, kind: str) -> None:
    optimizer = build_optimizer(model, OptimConfig(optimizer=name, weight_decay=0.05))
    assert type(optimizer).__name__ == kind
    assert optimizer.defaults["weight_decay"] == 0.05


def test_every_group_follows_the_schedule(model: BridgeNet) -> None:
    config = OptimConfig(learning_rate=0.1, backbone_rate_ratio=0.5, steps=4, poly_power=1.0)
    optimizer = build_optimizer(model, config)
    schedule = build_schedule(optimizer, config)
    rates = []
    for _ in range(5):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    assert [rate for pair in rates for rate in pair] == pytest.approx(
        [0.05, 0.1, 0.0375, 0.075, 0.025, 0.05, 0.0125, 0.025, 0, 0]
    )


def test_a_network_without_backbone_is_refused(model: BridgeNet) -> None:
    with pytest.raises(ValueError, match="without backbone"):
        build_optimizer(build_decoder(model.config, model.backbone.channels), OptimConfig())


def test_frozen_modules_do_not_learn(model: BridgeNet) -> None:
    freeze(model, ("backbone.body",))
    try:
        assert not any(parameter.requires_grad for parameter in model.backbone.parameters())
        assert all(parameter.requires_grad for parameter in model.heads.parameters())
    finally:
        model.requires_grad_(True)


def test_a_module_to_freeze_that_is_not_there_is_named(model: BridgeNet) -> None:
    with pytest.raises(ValueError, match=r"'backbone\.tail', which the network lacks"):
        freeze(model, ("backbone.tail",))


def test_modules_that_learn_later_have_a_smaller_rate(tiny_model: BridgeNet) -> None:
    stem = "backbone.body.model.conv_stem"
    config = OptimConfig(learning_rate=1.0, backbone_rate_ratio=0.3, frozen=(stem,), unfreeze_step=9)
    groups = build_optimizer(tiny_model, config).param_groups
    assert [group["lr"] for group in groups] == pytest.approx([0.3, 0.03, 1.0])
    assert [id(each) for each in groups[1]["params"]] == [
        id(each) for each in tiny_model.get_submodule(stem).parameters()
    ]
    assert sum(len(group["params"]) for group in groups) == len(list(tiny_model.parameters()))
    with pytest.raises(ValueError, match="which the network lacks"):
        build_optimizer(tiny_model, replace(config, frozen=("backbone.nose",)))

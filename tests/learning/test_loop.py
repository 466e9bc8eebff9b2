import os
import signal

import pytest
import torch
from torch import nn

from bridgenet.config import OptimConfig
from bridgenet.learning.freezing import freeze, set_training, still_frozen, unfreeze
from bridgenet.learning.loop import clip_gradient
from bridgenet.learning.stopping import StopRequest


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout(0.5))


def test_frozen_batch_norms_keep_their_statistics_and_use_them() -> None:
    model = network()
    set_training(model, OptimConfig(freeze_batch_norm=True))
    assert [module.training for module in model] == [True, False, True]
    model(torch.rand(4, 1, 3, 3) + 5)
    assert torch.equal(model[1].running_mean, torch.zeros(2))
    set_training(model, OptimConfig())
    assert all(module.training for module in model)


def test_a_frozen_module_keeps_its_statistics_too() -> None:
    model = network()
    set_training(model, OptimConfig(frozen=("1",)))
    assert [module.training for module in model] == [True, False, True]


def test_slurm_may_ask_as_often_as_it_likes() -> None:
    with StopRequest() as stop:
        for number in (signal.SIGUSR1, signal.SIGUSR1, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert stop.received


def test_a_module_that_was_frozen_learns_from_its_step_on() -> None:
    model = network()
    config = OptimConfig(frozen=("1",), unfreeze_step=5)
    freeze(model, still_frozen(config, 4))
    set_training(model, config, 4)
    assert not model[1].training and not model[1].weight.requires_grad
    assert model[0].training and model[0].weight.requires_grad
    assert still_frozen(config, 5) == ()
    unfreeze(model, config.frozen)
    set_training(model, config, 5)
    assert model[1].training and model[1].weight.requires_grad


def test_a_long_gradient_is_shortened_and_its_length_told() -> None:
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.grad = torch.tensor([[30.0, 40.0]])
    assert clip_gradient(layer, 10.0) == pytest.approx(50)
    assert layer.weight.grad.norm() == pytest.approx(10, rel=1e-4)
    assert clip_gradient(layer, 0.0) == pytest.approx(10, rel=1e-4)
    assert layer.weight.grad.norm() == pytest.approx(10, rel=1e-4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_insists(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopRequest() as stop:
        assert not stop.received
        os.kill(os.getpid(), number)
        assert stop.received
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before

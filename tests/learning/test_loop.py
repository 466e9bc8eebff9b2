import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from narrow import NARROW
from torch import nn

from bridgenet.checkpoint import load_state
from bridgenet.config import SYSTEMS, OptimConfig, System, TrainConfig
from bridgenet.config.systems import InvPtConfig, MtiNetConfig
from bridgenet.learning.freezing import freeze, set_training, still_frozen, unfreeze
from bridgenet.learning.loop import clip_gradient, fit
from bridgenet.learning.resume import find_state
from bridgenet.learning.run import setup
from bridgenet.learning.runtime import Runtime, start_runtime
from bridgenet.learning.stopping import StopRequest
from bridgenet.presets import PRESETS


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


def tiny(system: System) -> TrainConfig:
    """Two steps of a small network whose paths are dropped by chance."""
    preset = PRESETS["rooms-tiny"].only(["semseg", "depth"])
    model = replace(
        preset.model,
        system=system,
        systems=replace(NARROW, mti_net=MtiNetConfig(width=16), invpt=InvPtConfig(12, 4)),
        backbone=replace(preset.model.backbone, drop_path=0.2),
        embed_width=12,
        prediction_width=4,
        refiner_blocks=(1, 1, 1),
        drop_path=0.5,
    )
    data = replace(preset.data, input_size=(32, 64), rooms=4, validation_rooms=1, workers=0)
    optim = replace(preset.optim, steps=2, batch_size=2, warmup_steps=1)
    return replace(preset, model=model, data=data, optim=optim)


def sitting(config: TrainConfig, folder: Path, runtime: Runtime, *, asked_to_stop: bool) -> dict[str, torch.Tensor]:
    """Weights after a sitting of a run, from what its folder holds."""
    run = setup(config, folder, find_state(folder, "auto"), runtime)
    with StopRequest() as stop:
        if asked_to_stop:
            signal.raise_signal(signal.SIGTERM)
        assert fit(run, None, stop, lambda batch, trace: []) is not asked_to_stop
    return run.model.state_dict()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_that_was_stopped_goes_on_to_the_same_weights(system: System, tmp_path: Path) -> None:
    config = tiny(system)
    with start_runtime("cpu", "fp32") as runtime:
        whole = sitting(config, tmp_path / "whole", runtime, asked_to_stop=False)
        half = sitting(config, tmp_path / "halved", runtime, asked_to_stop=True)
        assert load_state(tmp_path / "halved" / "training.pt")["step"] == 1
        halved = sitting(config, tmp_path / "halved", runtime, asked_to_stop=False)
    assert halved.keys() == whole.keys()
    assert [name for name, tensor in whole.items() if not torch.equal(tensor, halved[name])] == []
    assert any(not torch.equal(tensor, half[name]) for name, tensor in whole.items())

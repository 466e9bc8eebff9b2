"""A network that is still in training mode is looked at as it will answer, and not changed by that."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from toys import lively, pictures, traced

from bridgenet.inspection import (
    attribute_pixels,
    bridge_values,
    cut_trace,
    fit_basis,
    interaction_matrix,
    pattern_values,
    with_bridge_strength,
)
from bridgenet.inspection.features.familiarity import FEWEST, fit_familiarity
from bridgenet.inspection.targets import Target
from bridgenet.model import BridgeNet
from bridgenet.trace import Trace


def _familiarity(model: BridgeNet, trace: Trace) -> np.ndarray:
    found = fit_familiarity(model, pictures(FEWEST), pictures(FEWEST))
    assert found is not None
    return found.held_back


QUESTIONS: dict[str, Callable[[BridgeNet, Trace], np.ndarray]] = {
    "matrix": lambda model, trace: interaction_matrix(model, pictures(1)).effect,
    "cut": lambda model, trace: cut_trace(model, trace, "depth").predictions["semseg"].numpy(),
    "strength": lambda model, trace: with_bridge_strength(model, trace, 0.5).predictions["depth"].numpy(),
    "pixels": lambda model, trace: attribute_pixels(model, pictures(1), Target("depth"), steps=1).map,
    "pattern values": lambda model, trace: pattern_values(model, trace, "depth"),
    "bridge values": lambda model, trace: bridge_values(model, trace, 0),
    "basis": lambda model, trace: fit_basis(model, pictures(2)).groups["base"].directions,
    "familiarity": _familiarity,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_network_in_training_mode_is_asked_as_it_will_answer_and_left_as_it_was(question: str) -> None:
    model = lively()
    trace = traced(model)
    expected = QUESTIONS[question](model, trace)
    model.train()
    model.stages[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    np.testing.assert_array_equal(QUESTIONS[question](model, trace), expected)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

from dataclasses import replace

import numpy as np
import pytest
import torch

from bridgenet.inspection import fusion_effects, fusion_shares
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.trace import Trace


@pytest.fixture
def trace(tiny_model: BridgeNet) -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        trace = tiny_model(torch.rand(2, 3, 96, 160))
    # Untrained logits are nearly flat: made louder, so that it matters whose pattern is fused.
    torch.manual_seed(1)
    logits = {task: 30 * torch.randn_like(own) for task, own in trace.pattern.logits.items()}
    together = torch.cat(list(logits.values()), dim=1)
    with torch.inference_mode():
        fused = {task: _fuse(tiny_model, task)(together) for task in logits}
    attention = {task: own.softmax(-1) for task, own in fused.items()}
    return replace(trace, pattern=replace(trace.pattern, logits=logits, fused_logits=fused, attention=attention))


def _fuse(model: BridgeNet, task: str) -> torch.nn.Conv2d:
    return model.pattern_propagation.propagations[task].fuse


@torch.inference_mode()
def test_the_effect_is_what_the_softmax_gives_without_the_part_of_the_source(
    tiny_model: BridgeNet, trace: Trace
) -> None:
    names = list(trace.pattern.logits)
    weight = _fuse(tiny_model, "normals").weight[:, :, 0, 0].unflatten(1, (len(names), 2))
    part = torch.einsum("hg,gqk->hqk", weight[:, names.index("sal")], trace.pattern.logits["sal"][0])
    left = (trace.pattern.fused_logits["normals"][0] - part).softmax(-1)
    expected = (left - trace.pattern.attention["normals"][0]).abs().sum(-1) / 2
    both = fusion_effects(tiny_model, trace)["normals"]["sal"]
    np.testing.assert_allclose(both.ravel(), expected.mean(0), atol=1e-5)
    second = fusion_effects(tiny_model, trace, head=1)["normals"]["sal"]
    np.testing.assert_allclose(second.ravel(), expected[1], atol=1e-5)
    assert both.shape == (2, 3) and 0.01 < both.mean() <= 1


def test_a_pattern_that_is_not_fused_has_neither_effect_nor_share(tiny_model: BridgeNet, trace: Trace) -> None:
    fuse, place = _fuse(tiny_model, "depth"), list(trace.pattern.logits).index("edge")
    with torch.inference_mode():
        fuse.weight.data[:, 2 * place : 2 * place + 2] = 0
        attention = fuse(torch.cat(list(trace.pattern.logits.values()), dim=1)).softmax(-1)
    silent = replace(trace, pattern=replace(trace.pattern, attention=trace.pattern.attention | {"depth": attention}))
    effects = fusion_effects(tiny_model, silent)["depth"]
    assert effects["edge"].max() < 1e-5 and effects["semseg"].mean() > 0.01
    assert fusion_shares(tiny_model, silent)["depth"]["edge"].max() == 0


def test_a_network_without_tpp_and_a_head_too_many_are_refused(tiny_model: BridgeNet, trace: Trace) -> None:
    with pytest.raises(ValueError, match="without Task Pattern Propagation"):
        fusion_effects(tiny_model, replace(trace, pattern=None))
    with pytest.raises(ValueError, match="no head 2"):
        fusion_effects(tiny_model, trace, head=2)

from dataclasses import replace

import pytest
import torch
from toys import TOY, hooks_of, lively, traced

from bridgenet.inspection.lens import answers_by_stage
from bridgenet.model import build_model

DEEP = {"refiner_blocks": (1, 1), "token_reduction": (2, 4)}


def test_the_answer_after_the_last_stage_is_the_networks_own_bit_for_bit() -> None:
    model = lively(**DEEP)
    trace = traced(model)
    by_stage = answers_by_stage(model, trace)
    assert len(by_stage) == 2
    for task in model.tasks:
        assert torch.equal(by_stage[-1][task], trace.logits[task])
        assert not torch.equal(by_stage[0][task], trace.logits[task])


def test_the_answer_after_the_first_stage_knows_nothing_of_the_later_ones() -> None:
    model = lively(**DEEP)
    trace = traced(model)
    first = answers_by_stage(model, trace)[0]
    # Written out: the last convolution and the head on what the first stage alone gives.
    given = model.fusion.sides[0](trace.stages[0].refined)
    for task in model.tasks:
        size = trace.fused[task].shape[-2:]
        grown = torch.nn.functional.interpolate(given[task], size, mode="bilinear", align_corners=False)
        expected = model.heads[task](model.fusion_convs[task](grown))
        assert torch.allclose(first[task], expected, atol=1e-5)


def test_the_network_is_as_before_and_others_are_refused() -> None:
    model = lively(**DEEP).train()
    trace = traced(model)
    model.train()
    answers_by_stage(model, trace)
    assert hooks_of(model) == 0 and all(module.training for module in model.modules())
    baseline = build_model(replace(TOY, system="mtl")).eval()
    with pytest.raises(ValueError, match="does not add up"):
        answers_by_stage(baseline, trace)

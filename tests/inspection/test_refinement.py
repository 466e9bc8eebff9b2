import pytest
import torch
from toys import hooks_of, lively, same, traced

from bridgenet.inspection import changed_share, replace, with_bridge_strength
from bridgenet.model import BridgeNet

DEEP = {"refiner_blocks": (1, 1), "token_reduction": (2, 4)}


@pytest.mark.parametrize("refinement", ["tfr", "add", "concat", "add-invpt"])
def test_strength_one_is_the_prediction_bit_for_bit(refinement: str) -> None:
    model = lively(refinement=refinement, **DEEP)
    trace = traced(model)
    assert same(with_bridge_strength(model, trace, 1), trace)


@pytest.mark.parametrize("refinement", ["tfr", "add", "concat"])
def test_strength_zero_refines_no_task(refinement: str) -> None:
    model = lively(refinement=refinement, **DEEP)
    trace = traced(model)
    before = with_bridge_strength(model, trace, 0)
    for stage in before.stages:
        assert all(torch.equal(stage.refined[task], stage.task_specific[task]) for task in model.tasks)
    assert torch.equal(before["mixed.depth"], trace["mixed.depth"])
    assert not torch.equal(before.predictions["depth"], trace.predictions["depth"])


def test_without_the_bridge_attention_after_it_reads_what_the_tasks_have_by_themselves() -> None:
    model = lively(refinement="add-invpt")
    trace = traced(model)
    (stage,) = with_bridge_strength(model, trace, 0).stages
    with torch.inference_mode():
        expected = model.stages[0].cross_tasks(stage.task_specific).refined
    assert all(torch.equal(stage.refined[task], expected[task]) for task in model.tasks)


def test_strength_two_refines_twice_as_far() -> None:
    model = lively()
    trace = traced(model)
    doubled = with_bridge_strength(model, trace, 2)
    for task in model.tasks:
        entering = trace.stages[0].task_specific[task]
        expected = entering + 2 * (trace.stages[0].refined[task] - entering)
        assert torch.allclose(doubled.stages[0].refined[task], expected, rtol=1e-4, atol=1e-4)


def test_only_sensible_strengths_are_taken() -> None:
    model = lively()
    trace = traced(model)
    for alpha in (-0.1, 2.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 2"):
            with_bridge_strength(model, trace, alpha)
    alone = lively(bfe=False)
    with pytest.raises(ValueError, match="no bridge to weigh"):
        with_bridge_strength(alone, traced(alone), 1)


def test_hooks_and_modes_are_as_before_also_after_a_failure() -> None:
    model: BridgeNet = lively()
    trace = traced(model)
    model.train()
    with_bridge_strength(model, trace, 0.5)
    with replace(model, "heads.depth", lambda output: 1 / 0), pytest.raises(ZeroDivisionError):
        with_bridge_strength(model, trace, 0.5)
    assert hooks_of(model) == 0 and all(module.training for module in model.modules())


def test_changed_classes_are_counted_and_compared_with_the_truth() -> None:
    before, after = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    before[:, 0], after[:, 0] = 1, 1
    after[0, 1, 0, 0] = after[0, 1, 0, 1] = after[0, 1, 1, 0] = 2
    truth = torch.tensor([[[1, 2], [255, 0]]])
    found = changed_share("semseg", before, after, truth)
    assert (found.share, found.to_truth, found.tolerance) == (0.75, 0.5, 0)
    assert changed_share("semseg", before, after).to_truth is None
    assert changed_share("semseg", before, before, truth).to_truth is None


def test_measures_have_moved_beyond_their_tolerance_and_toward_the_truth() -> None:
    before = torch.full((1, 1, 1, 4), 2.0)
    after = torch.tensor([2.05, 2.5, 1.5, 2.5]).view(1, 1, 1, 4)
    found = changed_share("depth", before, after, torch.tensor([3.0, 3.0, 3.0, 255.0]).view(1, 1, 4))
    assert (found.share, found.to_truth, found.tolerance) == (0.75, 0.5, 0.1)
    edges = changed_share(
        "edge", torch.zeros(1, 1, 1, 2), torch.tensor([4.0, -4.0]).view(1, 1, 1, 2), torch.ones(1, 1, 2)
    )
    assert (edges.share, edges.to_truth) == (1, 0.5)
    saliency = torch.tensor([0.0, 4.0]).view(1, 2, 1, 1)
    assert changed_share("sal", torch.zeros(1, 2, 1, 1), saliency, torch.ones(1, 1, 1)).to_truth == 1
    x, y = torch.eye(3)[:2].view(2, 1, 3, 1, 1)
    assert changed_share("normals", x, y, y).to_truth == 1

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from batches import CHANNELS, a_batch, answers
from torch import Tensor
from torch.testing import assert_close

from bridgenet.config import LossConfig
from bridgenet.learning.losses import MultiTaskLoss, scale_invariant_depth_sum
from bridgenet.tasks import ALL_TASKS, IGNORE, TASKS, TaskName


def loss_of(task: TaskName, prediction: Tensor, target: Tensor, config: LossConfig | None = None) -> Tensor:
    loss = MultiTaskLoss(config or LossConfig(), [task])
    return loss(answers({task: prediction}), {task: target}).final[task]


def test_segmentation_is_the_mean_cross_entropy_over_valid_pixels() -> None:
    # -log softmax([2, 0])[0] = log(1 + e^-2) = 0.126928; -log softmax([0, 0])[1] = log 2 = 0.693147
    logits = torch.tensor([[[[2.0, 0.0, 9.0]], [[0.0, 0.0, -9.0]]]])
    labels = torch.tensor([[[0, 1, IGNORE]]])
    assert_close(loss_of("semseg", logits, labels), torch.tensor((0.126928 + 0.693147) / 2))
    assert_close(loss_of("human_parts", logits, labels), torch.tensor((0.126928 + 0.693147) / 2))


def test_weighted_classes_are_averaged_over_their_weights() -> None:
    predictions, targets = a_batch()
    weights = torch.tensor([0.5, 3.0, 1.0, 2.0, 0.7])
    logits = predictions["semseg"].requires_grad_()
    loss = MultiTaskLoss(LossConfig(), ["semseg"], class_weights=weights)
    found = loss(answers({"semseg": logits}), {"semseg": targets["semseg"]}).final["semseg"]

    rows, labels = logits.movedim(1, -1).reshape(-1, 5), targets["semseg"].flatten()
    of_pixel = torch.where(labels == IGNORE, 0.0, weights[labels.clamp(max=4)])
    surprise = -rows.log_softmax(1).gather(1, labels.clamp(max=4)[:, None])[:, 0]
    expected = (of_pixel * surprise).sum() / of_pixel.sum()
    assert_close(found, expected)
    assert_close(*(torch.autograd.grad(each, logits)[0] for each in (found, expected)))


def test_weights_that_are_all_one_change_nothing() -> None:
    predictions, targets = a_batch()
    plain, same = (MultiTaskLoss(LossConfig(), ["semseg"], class_weights=each) for each in (None, torch.ones(5)))
    assert_close(same(answers(predictions), targets).total, plain(answers(predictions), targets).total)


def test_depth_in_log_space_forgives_half_of_what_an_image_has_in_common() -> None:
    # Logarithms of the ratios: log 2, log 2, and log 2, -log 2. For n pixels: sum of squares - (sum)^2 / 2n.
    depth = torch.tensor([[[[2.0, 4.0, 9.0]]], [[[2.0, 1.0, 9.0]]]])
    target = torch.tensor([[[[1.0, 2.0, IGNORE]]], [[[1.0, 2.0, IGNORE]]]])
    config = LossConfig(depth="scale-invariant")
    expected = math.log(2) ** 2 * ((2 - 4 / 4) + (2 - 0)) / 4
    assert_close(loss_of("depth", depth, target, config), torch.tensor(expected))


def test_depth_in_log_space_has_the_gradient_of_its_formula_and_moves_predictions_below_zero() -> None:
    torch.manual_seed(0)
    depth = (torch.rand(2, 1, 3, 4, dtype=torch.float64) * 5 + 0.6).requires_grad_()
    target = torch.rand(2, 1, 3, 4, dtype=torch.float64) * 5 + 0.5
    ratio = (depth / target).log().flatten(1)
    expected = sum(each.square().sum() - each.sum() ** 2 / 24 for each in ratio)
    found = scale_invariant_depth_sum(depth, target)
    assert_close(found, expected)
    assert_close(*(torch.autograd.grad(each, depth)[0] for each in (found, expected)))

    lost = torch.tensor([-3.0, 0.0]).view(2, 1, 1, 1).requires_grad_()
    scale_invariant_depth_sum(lost, torch.ones(2, 1, 1, 1)).backward()
    assert (lost.grad < 0).all()


def test_saliency_weighs_each_class_by_the_share_of_the_other() -> None:
    # Four valid pixels, one salient: weights 3/4 for salient, 1/4 for the rest; all logits are 0, so each is log 2.
    # (3/4 + 3 * 1/4) * log 2 / 4 = 0.259930
    logits = torch.zeros(1, 2, 1, 5)
    labels = torch.tensor([[[1, 0, 0, 0, IGNORE]]])
    assert_close(loss_of("sal", logits, labels), torch.tensor(0.259930))


def test_saliency_of_one_logit_is_learnt_as_that_of_two_whose_no_is_nothing() -> None:
    logit, labels = torch.randn(2, 1, 3, 4), (torch.rand(2, 3, 4) < 0.3).long()
    two = torch.cat([torch.zeros_like(logit), logit], dim=1)
    assert_close(loss_of("sal", logit, labels), loss_of("sal", two, labels))


def test_depth_is_the_mean_absolute_error_in_metres() -> None:
    depth = torch.tensor([[[[1.0, 5.0, 100.0]]]])
    target = torch.tensor([[[[2.0, 2.0, IGNORE]]]])
    assert_close(loss_of("depth", depth, target), torch.tensor((1.0 + 3.0) / 2))


def test_normals_are_normalised_and_summed_over_their_components() -> None:
    # (0, 0, 10) becomes (0, 0, 1), against (0, 0.6, 0.8): 0.6 + 0.2. (3, 0, 4) becomes (0.6, 0, 0.8), exact.
    normals = torch.tensor([[0.0, 0.0, 10.0], [3.0, 0.0, 4.0], [1.0, 1.0, 1.0]]).T.reshape(1, 3, 1, 3)
    target = torch.tensor([[0.0, 0.6, 0.8], [0.6, 0.0, 0.8], [IGNORE] * 3]).T.reshape(1, 3, 1, 3)
    assert_close(loss_of("normals", normals, target), torch.tensor(0.8 / 2))


def test_edges_weigh_boundary_095_and_the_rest_005() -> None:
    # log(1 + e^-1) = 0.313262 where the sign is right, log(1 + e) = 1.313262 where it is wrong.
    logits = torch.tensor([[[[1.0, 1.0, 50.0]]]])
    labels = torch.tensor([[[1, 0, IGNORE]]])
    assert_close(loss_of("edge", logits, labels), torch.tensor((0.95 * 0.313262 + 0.05 * 1.313262) / 2))
    half = LossConfig(edge_positive_weight=0.5)
    assert_close(loss_of("edge", logits, labels, half), torch.tensor((0.5 * 0.313262 + 0.5 * 1.313262) / 2))


def test_the_total_weighs_tasks_and_halves_the_preliminary_predictions() -> None:
    predictions, targets = a_batch()
    coarse = {task: torch.randn(4, CHANNELS[task], 2, 3) for task in ALL_TASKS}
    losses = MultiTaskLoss(LossConfig(), ALL_TASKS)(answers(predictions, coarse), targets)
    expected = sum(
        TASKS[task].loss_weight * (losses.final[task] + 0.5 * losses.preliminary[task]) for task in ALL_TASKS
    )
    assert_close(losses.total, expected)


def test_a_preliminary_prediction_is_enlarged_to_the_ground_truth() -> None:
    losses = MultiTaskLoss(LossConfig(), ["depth"])(
        answers({"depth": torch.zeros(1, 1, 4, 4)}, {"depth": torch.full((1, 1, 1, 1), 3.0)}),
        {"depth": torch.ones(1, 1, 4, 4)},
    )
    assert_close(losses.preliminary["depth"], torch.tensor(2.0))


@pytest.mark.parametrize("task", ALL_TASKS)
def test_a_batch_without_valid_pixel_has_loss_zero_and_a_gradient(task: TaskName) -> None:
    prediction = torch.randn(2, CHANNELS[task], 3, 3, requires_grad=True)
    target = torch.full((2, 3, 3), IGNORE)
    if task in ("depth", "normals"):
        target = torch.full((2, CHANNELS[task], 3, 3), float(IGNORE))
    loss = loss_of(task, prediction, target)
    loss.backward()
    assert loss == 0
    assert torch.equal(prediction.grad, torch.zeros_like(prediction))


def test_losses_are_float32_for_a_network_in_bfloat16() -> None:
    predictions, targets = a_batch()
    half = {task: prediction.bfloat16() for task, prediction in predictions.items()}
    exact = {task: prediction.float() for task, prediction in half.items()}
    loss = MultiTaskLoss(LossConfig(), ALL_TASKS)
    losses = loss(answers(half), targets)
    assert losses.total.dtype == torch.float32
    assert_close(losses.total, loss(answers(exact), targets).total)


def test_shares_of_a_batch_average_to_the_loss_and_the_gradient_of_the_whole_batch() -> None:
    predictions, targets = a_batch()
    weights = torch.ones(1, requires_grad=True)
    shares = [slice(0, 2), slice(2, 4)]

    def total(part: slice, average: Callable[[Tensor], Tensor]) -> Tensor:
        answer = answers({task: prediction[part] * weights for task, prediction in predictions.items()})
        loss = MultiTaskLoss(LossConfig(), ALL_TASKS, average)
        return loss(answer, {task: target[part] for task, target in targets.items()}).total

    counts = []
    for part in shares:
        total(part, lambda values: (counts.append(values), values)[1])
    mean = (counts[0] + counts[1]) / 2
    parts = [total(part, lambda values: mean) for part in shares]
    whole = total(slice(None), lambda values: values)

    assert_close((parts[0] + parts[1]) / 2, whole)
    gradients = [torch.autograd.grad(loss, weights)[0] for loss in (*parts, whole)]
    assert_close((gradients[0] + gradients[1]) / 2, gradients[2])
    # Averages of the shares' own means would not do.
    own = [total(part, lambda values: values) for part in shares]
    assert not torch.isclose((own[0] + own[1]) / 2, whole, rtol=1e-4)


def test_smaller_ground_truth_is_compared_with_the_prediction_before_it_was_enlarged() -> None:
    logits = {"depth": torch.arange(4.0).reshape(1, 1, 2, 2)}
    trace = answers({"depth": torch.full((1, 1, 8, 8), 50.0)}, logits)
    losses = MultiTaskLoss(LossConfig(), ["depth"])(replace(trace, logits=logits), {"depth": logits["depth"] + 1})
    assert_close(losses.final["depth"], torch.tensor(1.0))

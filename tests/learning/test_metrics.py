import math

import pytest
import torch
from batches import CHANNELS, a_batch, answers

from bridgenet.config import LossConfig
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.learning.metrics import (
    METRIC_UNITS,
    DepthMetric,
    EdgeMetric,
    MultiTaskMetrics,
    NormalsMetric,
    SegmentationMetric,
    delta_m,
    without_truth,
)
from bridgenet.tasks import ALL_TASKS, IGNORE, TASKS, TaskName

CLASSED: tuple[TaskName, ...] = ("semseg", "human_parts", "sal")


def one_hot(labels: list[list[int]], classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), classes).movedim(-1, 0)[None].float()


def test_miou_counts_over_the_set_and_an_absent_class_as_zero() -> None:
    metric = SegmentationMetric(4)
    # Class 0: 2 right, 1 too many -> 2/3. Class 1: 1 right, 1 missed -> 1/2. Class 2: 1/1. Class 3 is absent -> 0.
    metric.update(one_hot([[0, 0, 0]], 4), torch.tensor([[[0, 0, 1]]]))
    metric.update(one_hot([[1, 2, 3]], 4), torch.tensor([[[1, 2, IGNORE]]]))
    assert metric.compute() == pytest.approx({"miou": 100 * (2 / 3 + 1 / 2 + 1) / 4, "pixel_accuracy": 100 * 4 / 5})


def test_rmse_is_over_all_pixels_of_the_set_not_over_images() -> None:
    metric = DepthMetric()
    metric.update(torch.tensor([[[[1.0, 1.0, 7.0]]]]), torch.tensor([[[[2.0, 2.0, IGNORE]]]]))
    metric.update(torch.tensor([[[[5.0, 9.9]]]]), torch.tensor([[[[2.0, 10.0]]]]))
    values = metric.compute()
    assert values["rmse"] == pytest.approx(math.sqrt((1 + 1 + 9 + 0.01) / 4))
    assert values["abs_rel"] == pytest.approx((0.5 + 0.5 + 1.5 + 0.01) / 4)
    assert values["delta1"] == pytest.approx(25.0)


def test_a_negative_depth_counts_as_none() -> None:
    metric = DepthMetric()
    metric.update(torch.tensor([[[[-3.0]]]]), torch.tensor([[[[2.0]]]]))
    assert metric.compute()["rmse"] == pytest.approx(2.0)


def test_depth_from_stereo_is_judged_by_its_disparity_too() -> None:
    metric = DepthMetric(stereo=100.0)
    # True disparities 10, 50 and 100 (which is not judged); said are 20, 256 at most, and whatever.
    metric.update(torch.tensor([[[[5.0, 0.0, 9.0, 1.0]]]]), torch.tensor([[[[10.0, 2.0, 1.0, IGNORE]]]]))
    assert metric.compute()["disparity_rmse"] == pytest.approx(math.sqrt((10**2 + 206**2) / 2))


def test_angles_between_normals_have_mean_median_and_shares() -> None:
    target = torch.tensor([0.0, 0.0, 1.0]).reshape(1, 3, 1, 1).expand(1, 3, 1, 6).clone()
    degrees = torch.tensor([5.0, 15.0, 20.0, 25.0, 40.0, 80.0]).deg2rad()
    # The length of the prediction says nothing.
    normals = 7 * torch.stack([degrees.sin(), torch.zeros(6), degrees.cos()]).reshape(1, 3, 1, 6)
    target[..., 5] = IGNORE
    metric = NormalsMetric()
    metric.update(normals, target)
    values = metric.compute()
    assert values["mean_angle"] == pytest.approx(105 / 5, abs=1e-4)
    assert values["median_angle"] == pytest.approx(20.0, abs=0.011)
    assert [values[f"within_{name}"] for name in (11, 22, 30)] == pytest.approx([20.0, 60.0, 80.0])


def test_the_mean_angle_is_that_of_float64_to_the_sixth_digit() -> None:
    generator = torch.Generator().manual_seed(0)
    normals, target = (torch.randn(1, 3, 20, 30, generator=generator) for _ in range(2))
    metric = NormalsMetric()
    metric.update(normals, target)
    cosine = torch.nn.functional.cosine_similarity(normals.double(), target.double())
    assert metric.compute()["mean_angle"] == pytest.approx(cosine.acos().rad2deg().mean().item(), rel=1e-12)


def test_the_edge_metric_is_the_loss_over_the_whole_set() -> None:
    predictions, targets = a_batch()
    metric = EdgeMetric(0.95)
    metric.update(predictions["edge"][:1], targets["edge"][:1])
    metric.update(predictions["edge"][1:], targets["edge"][1:])
    loss = MultiTaskLoss(LossConfig(), ["edge"])(answers({"edge": predictions["edge"]}), targets).final["edge"]
    assert metric.compute()["balanced_bce"] == pytest.approx(loss.item(), rel=1e-6)


def test_metrics_do_not_depend_on_how_the_set_is_cut() -> None:
    predictions, targets = a_batch()
    whole = MultiTaskMetrics(CHANNELS)
    whole.update(predictions, targets)
    parts = MultiTaskMetrics(CHANNELS)
    for part in (slice(3, 4), slice(0, 3)):
        parts.update(
            {task: value[part] for task, value in predictions.items()},
            {task: value[part] for task, value in targets.items()},
        )
    one, two = whole.compute(), parts.compute()
    assert one["images"] == two["images"] == 4
    assert one["sal"].pop("protocol") == two["sal"].pop("protocol") == "clean"
    for task in ALL_TASKS:
        assert two[task] == pytest.approx(one[task], rel=1e-6)


def test_perfect_predictions_have_perfect_metrics() -> None:
    _, targets = a_batch()
    perfect = {
        task: torch.nn.functional.one_hot(targets[task] % IGNORE, CHANNELS[task]).movedim(-1, 1) * 20.0
        for task in ("semseg", "human_parts", "sal")
    }
    perfect |= {"depth": targets["depth"], "normals": targets["normals"], "edge": targets["edge"][:, None] * 40.0 - 20}
    metrics = MultiTaskMetrics(CHANNELS)
    metrics.update(perfect, targets)
    values = metrics.compute()
    assert values["semseg"] == values["human_parts"] == {"miou": 100.0, "pixel_accuracy": 100.0}
    assert values["depth"] == {"rmse": 0.0, "abs_rel": 0.0, "delta1": 100.0}
    assert values["normals"]["mean_angle"] == pytest.approx(0, abs=1e-4)
    assert values["normals"]["within_11"] == 100.0
    assert values["sal"] == {"max_f": pytest.approx(100.0), "protocol": "clean"}
    assert values["edge"]["balanced_bce"] == pytest.approx(0, abs=1e-6)


def test_every_metric_has_a_unit() -> None:
    predictions, targets = a_batch()
    metrics = MultiTaskMetrics(CHANNELS, saliency="astmt", stereo=100.0)
    metrics.update(predictions, targets)
    values = metrics.compute()
    assert {name for task in ALL_TASKS for name in values[task]} == set(METRIC_UNITS)


def test_the_metric_of_a_task_is_one_that_is_reported_and_its_direction_is_true() -> None:
    predictions, targets = a_batch(height=32, width=40)
    better = {task: torch.nn.functional.one_hot(targets[task] % IGNORE, CHANNELS[task]) for task in CLASSED}
    better = {task: labels.movedim(-1, 1) * 20.0 for task, labels in better.items()}
    better |= {"depth": targets["depth"], "normals": targets["normals"], "edge": targets["edge"][:, None] * 40.0 - 20}
    values = []
    for said in (predictions, better):
        metrics = MultiTaskMetrics(CHANNELS)
        metrics.update(said, targets)
        values.append(metrics.compute())
    for name, task in TASKS.items():
        worse, best = (found[name][task.metric] for found in values)
        assert best > worse if task.higher_is_better else best < worse


@pytest.mark.parametrize("judged", ALL_TASKS)
def test_without_any_valid_pixel_a_task_has_no_metric(judged: TaskName) -> None:
    predictions, targets = a_batch()
    metrics = MultiTaskMetrics(CHANNELS)
    assert set(metrics.by_task[judged].compute().values()) <= {None, "clean"}
    metrics.update(predictions, {**targets, judged: torch.full_like(targets[judged], IGNORE)})
    values = metrics.compute()
    assert set(values[judged].values()) <= {None, "clean"}
    known = [value for task in ALL_TASKS if task != judged for value in values[task].values() if value != "clean"]
    assert all(math.isfinite(value) for value in known)
    assert without_truth(values) == [judged]


def test_delta_m_is_the_mean_relative_gain_over_single_task_learning() -> None:
    """By hand: semseg 44 over 40 is +10 %, rmse 0.57 under 0.60 is +5 %, a mean angle of 21 over 20 is -5 %."""
    ours = {"semseg": 44.0, "depth": 0.57, "normals": 21.0}
    alone = {"semseg": 40.0, "depth": 0.60, "normals": 20.0, "edge": 70.0}
    errors = {"depth", "normals"}
    assert delta_m(ours, alone, errors) == pytest.approx(10 / 3)
    assert delta_m(ours, alone, {task: task in errors for task in alone}) == pytest.approx(10 / 3)
    assert delta_m(list(ours.values()), list(alone.values())[:3], [False, True, True]) == pytest.approx(10 / 3)
    assert delta_m(alone, alone, errors) == 0
    assert delta_m({"semseg": 44.0}, alone, ("depth", "normals")) == pytest.approx(10)


@pytest.mark.parametrize(
    ("ours", "alone", "errors", "said"),
    [
        ({}, {}, [], "no task"),
        ({"depth": 0.5, "semseg": 40}, {"depth": 0.5}, ["depth"], "no single-task result of semseg"),
        ([1.0, 2.0], [1.0], [True, True], "no single-task result of task 2"),
        ({"depth": 0.5}, {"depth": 0.0}, ["depth"], "depth has no gain"),
        ({"depth": None}, {"depth": 0.5}, ["depth"], "depth has no gain"),
        ({"depth": float("nan")}, {"depth": 0.5}, ["depth"], "depth has no gain"),
        ({"depth": 0.5}, {"depth": 0.5}, ["dept"], "names dept"),
        ([1.0, 2.0], [1.0, 2.0], [True], "speaks of 1 results, and there are 2"),
    ],
)
def test_a_gain_that_cannot_be_told_is_refused(ours: object, alone: object, errors: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        delta_m(ours, alone, errors)

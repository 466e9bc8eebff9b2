"""Metrics image by image, and the interval of a gain over draws of the images."""

import numpy as np
import pytest
import torch
from torch import Tensor

from bridgenet.learning.by_image import JUDGED, Sums, SumsByImage, gain_over_images, judged_by
from bridgenet.learning.metrics import MultiTaskMetrics, multi_task_gain
from bridgenet.tasks import TaskName

TASKS: dict[TaskName, int] = {"semseg": 3, "depth": 1, "normals": 3, "sal": 2, "edge": 1}
IMAGES = 12


def truth() -> dict[TaskName, Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (IMAGES, 16, 20), generator=generator)
    labels[:, :2] = 255
    return {
        "semseg": labels,
        "depth": 1 + torch.rand(IMAGES, 1, 16, 20, generator=generator),
        "normals": torch.nn.functional.normalize(torch.randn(IMAGES, 3, 16, 20, generator=generator), dim=1),
        "sal": (labels == 1).long(),
        "edge": ((labels == 2) & (torch.rand(labels.shape, generator=generator) > 0.7)).long(),
    }


def answers(noise: float, seed: int) -> dict[TaskName, Tensor]:
    """The truth, blurred by noise."""
    generator = torch.Generator().manual_seed(seed)
    known = truth()

    def blurred(clear: Tensor) -> Tensor:
        return clear + noise * torch.randn(clear.shape, generator=generator)

    def votes(labels: Tensor, count: int) -> Tensor:
        return 3 * torch.nn.functional.one_hot(labels.clamp(max=count - 1), count).movedim(-1, 1).float()

    return {
        "semseg": blurred(votes(known["semseg"], 3)),
        "depth": blurred(known["depth"]),
        "normals": blurred(known["normals"]),
        "sal": blurred(votes(known["sal"], 2)),
        "edge": blurred(6.0 * known["edge"][:, None].float() - 3),
    }


def sums_of(noise: float, seed: int, batches: tuple[int, ...] = (5, 7)) -> Sums:
    seen, start, said, known = SumsByImage(MultiTaskMetrics(TASKS)), 0, answers(noise, seed), truth()
    for count in batches:
        part = slice(start, start + count)
        seen.update({task: said[task][part] for task in TASKS}, {task: known[task][part] for task in TASKS})
        start += count
    return seen.sums


def test_what_images_add_is_the_whole_however_they_come() -> None:
    whole = MultiTaskMetrics(TASKS)
    whole.update(answers(1.0, 1), truth())
    for sums in (sums_of(1.0, 1), sums_of(1.0, 1, (1,) * IMAGES)):
        for task, metric in whole.by_task.items():
            for name, value in metric.sums.items():
                assert np.allclose(sums[f"{task}.{name}"].sum(axis=0), value.numpy(), rtol=1e-12), (task, name)


def test_the_gain_is_that_of_the_set_and_its_interval_knows_chance_from_more() -> None:
    one, two = MultiTaskMetrics(TASKS), MultiTaskMetrics(TASKS)
    one.update(answers(1.0, 1), truth())
    two.update(answers(2.0, 2), truth())
    gain = gain_over_images(MultiTaskMetrics(TASKS), sums_of(1.0, 1), sums_of(2.0, 2), draws=60)
    assert gain.mean == pytest.approx(multi_task_gain(one.compute(), two.compute()), rel=1e-9)
    assert 0 < gain.low < gain.mean < gain.high and len(gain.samples) == 60
    alike = gain_over_images(MultiTaskMetrics(TASKS), sums_of(1.0, 1), sums_of(1.0, 3), draws=60)
    assert alike.low < 0 < alike.high
    same = gain_over_images(MultiTaskMetrics(TASKS), sums_of(1.0, 1), sums_of(1.0, 1), draws=5)
    assert (same.low, same.mean, same.high) == (0, 0, 0)


def test_networks_that_saw_other_images_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not judged on the same images"):
        gain_over_images(MultiTaskMetrics(TASKS), sums_of(1.0, 1), sums_of(1.0, 1, (5,)))


def test_networks_that_were_judged_otherwise_are_not_compared() -> None:
    def sums(names: str, protocol: str) -> Sums:
        told = {"sal": {"max_f": 50.0, "protocol": protocol}, "conventions": {"edge": "some rule"}}
        return {**sums_of(1.0, 1), JUDGED: judged_by(names.split(), told)}

    metrics = MultiTaskMetrics(TASKS)
    assert gain_over_images(metrics, sums("a b", "clean"), sums("a b", "clean"), draws=1).mean == 0
    assert gain_over_images(metrics, sums("a b", "clean"), sums_of(1.0, 1), draws=1).mean == 0
    with pytest.raises(ValueError, match="not judged on the same images"):
        gain_over_images(metrics, sums("a b", "clean"), sums("a c", "clean"))
    with pytest.raises(ValueError, match="sal was judged by clean, and of the other network by invpt"):
        gain_over_images(metrics, sums("a b", "clean"), sums("a b", "invpt"))
    without = MultiTaskMetrics({"depth": 1})
    assert gain_over_images(without, sums("a b", "clean"), sums("a b", "invpt"), draws=1).mean == 0

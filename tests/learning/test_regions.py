"""Auxiliary answers that divide an image into regions, and what they learn from."""

import pytest
import torch
from batches import a_batch, answers
from torch.nn import functional as F

from bridgenet.config import LossConfig
from bridgenet.learning.loop import where_known
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.learning.regions import directions, region_labels
from bridgenet.tasks import IGNORE


def test_depth_is_divided_in_equal_ratios_and_directions_by_the_nearest_of_fixed_ones() -> None:
    edges = [0.7 * (10 / 0.7) ** (bin / 4) for bin in range(5)]
    depth = torch.tensor([0.1, *(edge * 1.01 for edge in edges), IGNORE])[None, None, None]
    assert region_labels("depth", depth, 4).tolist() == [[[0, 0, 1, 2, 3, 3, IGNORE]]]

    fixed = directions(40)
    assert (fixed[:, 2] > 0).all()
    torch.testing.assert_close(fixed.norm(dim=1), torch.ones(40))
    turned = F.normalize(fixed + 0.02 * torch.randn(40, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    unknown = torch.full((1, 3, 1, 1), float(IGNORE))
    labels = region_labels("normals", torch.cat([turned.T[None, :, None], unknown], dim=3), 40)
    assert labels.tolist() == [[[*range(40), IGNORE]]]
    # Evenly: nobody is far from the nearest, and no two are close.
    apart = (fixed @ fixed.T - 2 * torch.eye(40)).max(dim=1).values.clamp(max=1).acos().rad2deg()
    assert apart.min() > 15 and apart.max() < 28

    with pytest.raises(ValueError, match="semseg has its labels"):
        region_labels("semseg", torch.zeros(1, 2, 2, dtype=torch.long), 7)


def test_a_first_answer_of_other_channels_learns_its_regions_with_the_weight_of_the_task() -> None:
    predictions, targets = a_batch()
    first = {"depth": torch.randn(4, 6, 3, 4), "semseg": predictions["semseg"]}
    config = LossConfig(preliminary_weight=1.0, weights={"semseg": 1.0, "depth": 2.0, "normals": 3.0})
    losses = MultiTaskLoss(config, ("semseg", "depth", "normals"))(answers(predictions, first), targets)
    labels = region_labels("depth", targets["depth"], 6)
    enlarged = F.interpolate(first["depth"], labels.shape[-2:], mode="bilinear")
    expected = F.cross_entropy(enlarged, labels, ignore_index=IGNORE)
    torch.testing.assert_close(losses.preliminary["depth"], expected)
    assert losses.preliminary["semseg"] == losses.final["semseg"]
    total = 2 * losses.final["semseg"] + 2 * (losses.final["depth"] + expected) + 3 * losses.final["normals"]
    torch.testing.assert_close(losses.total, total)

    told = where_known([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 0.0, 8.0], losses)
    assert list(losses.preliminary) == ["semseg", "depth"] and list(losses.valid) == ["semseg", "depth", "normals"]
    assert told == [9.0, 1.0, None, 3.0, 4.0, None, None]  # No pixel of depth was valid; normals have no first answer.

"""How good predicted boundaries are, over a whole set."""

import numpy as np
import torch
from torch import Tensor

from bridgenet.kinds import probability
from bridgenet.learning.boundary import BoundaryJudge, at_best, average_precision, f_measure
from bridgenet.learning.losses import edge_sum
from bridgenet.learning.task_metric import TaskMetric
from bridgenet.shapes import AnyFeature, Labels
from bridgenet.tasks import IGNORE


class EdgeMetric(TaskMetric):
    """odsF, its relatives OIS and AP in percent, and the loss; what they are is said in `bridgenet.learning.boundary`.

    The loss, balanced binary cross-entropy in nats per valid pixel, is the one that is minimised. Lower is better.

    Args:
        positive_weight: Weight of boundary pixels in the loss; the others weigh one minus this.
        judge: How boundaries are compared.
    """

    total: Tensor
    counts: Tensor
    best: Tensor

    def __init__(self, positive_weight: float, judge: BoundaryJudge = BoundaryJudge()) -> None:  # noqa: B008
        super().__init__()
        self.positive_weight = positive_weight
        self.judge = judge
        self.convention = judge.convention
        self.add_sums("total")
        self.add_sums("counts", size=(len(judge.thresholds), 4), dtype=torch.int64)
        self.add_sums("best", size=(4,), dtype=torch.int64)

    def update(self, logits: AnyFeature, labels: Labels) -> None:
        self.total += edge_sum(logits.double(), labels, self.positive_weight)
        self.pixels += (labels != IGNORE).sum()
        counts = self.judge.count(probability(logits).float().cpu().numpy(), labels.cpu().numpy())
        self.counts += torch.from_numpy(counts.sum(axis=0)).to(self.counts)
        self.best += torch.from_numpy(sum(map(at_best, counts), np.zeros(4, np.int64))).to(self.best)

    def values(self) -> dict[str, float]:
        counts = self.counts.cpu().numpy()
        return {
            "ods": 100 * float(f_measure(counts).max()),
            "ois": 100 * float(f_measure(self.best.cpu().numpy())),
            "ap": 100 * average_precision(counts),
            "balanced_bce": float(self.total / self.pixels),
        }

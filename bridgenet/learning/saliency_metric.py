"""How good predicted saliency is, over a whole set, by the three protocols that published numbers were made with."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from bridgenet.kinds import probability
from bridgenet.learning.task_metric import TaskMetric
from bridgenet.shapes import AnyFeature, Labels
from bridgenet.tasks import IGNORE

SaliencyProtocol = Literal["clean", "invpt", "astmt"]
"""How saliency is judged, see `SaliencyMetric`."""

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class _Way:
    """A protocol: thresholds, beta squared, and what is done before and after."""

    thresholds: tuple[float, ...]
    beta_squared: float = 0.3
    sigmoid_again: bool = False
    by_image: bool = False


_TWENTIETHS = tuple(step / 20 for step in range(1, 20))
_WAYS: dict[SaliencyProtocol, _Way] = {
    "clean": _Way(_TWENTIETHS),
    "invpt": _Way(_TWENTIETHS, sigmoid_again=True),
    "astmt": _Way(tuple(step / 20 for step in range(4, 19)), beta_squared=1.0, by_image=True),
}


class SaliencyMetric(TaskMetric):
    """Largest F-measure over thresholds of the probability, in percent, by one of three protocols.

    `clean` has 19 thresholds, 0.05 to 0.95, beta squared 0.3, and precision and recall of the whole set; the
    probability is the softmax of the two logits, taken once. `invpt` is the same, but the probability goes through a
    sigmoid first, as in InvPT's code and in that of whoever built on it: scores lie in 0.5..0.73, so that five of the
    thresholds act. `astmt`, that of ASTMT and MTI-Net, has 15 thresholds, 0.2 to 0.9, beta squared 1, and the means
    over the images of their precision and recall. By it `max_iou` is told, too, which those report for saliency: the
    largest mean over the images of the intersection over union, 1 where nothing is salient and nothing is marked.

    Args:
        protocol: Which of them.
    """

    hits: Tensor
    predicted: Tensor
    salient: Tensor
    precision: Tensor
    recall: Tensor
    overlap: Tensor
    judged: Tensor

    def __init__(self, protocol: SaliencyProtocol = "clean") -> None:
        super().__init__()
        self.protocol = protocol
        self.way = _WAYS[protocol]
        count = (len(self.way.thresholds),)
        self.add_sums("hits", "predicted", "precision", "recall", "overlap", size=count)
        self.add_sums("salient", "judged")

    def update(self, logits: AnyFeature, labels: Labels) -> None:
        likely = probability(logits)
        score = likely.sigmoid() if self.way.sigmoid_again else likely
        valid = (labels != IGNORE).flatten(1)
        truth = (labels == 1).flatten(1)
        limits = torch.tensor(self.way.thresholds, device=score.device)
        for image in range(len(score)):
            known = valid[image]
            marked = score[image].flatten()[known] > limits[:, None]
            self._add(marked, truth[image][known])

    def _add(self, marked: Tensor, truth: Tensor) -> None:
        """Adds the valid pixels of one image: what is marked at each threshold (thresholds, pixels), and the truth."""
        hits, predicted, salient = (marked & truth).sum(dim=1), marked.sum(dim=1), truth.sum()
        self.hits += hits
        self.predicted += predicted
        self.salient += salient
        self.pixels += len(truth)
        if len(truth):
            union = predicted + salient - hits
            self.precision += hits.double() / predicted.clamp(min=1)
            self.recall += hits.double() / salient.clamp(min=1)
            self.overlap += torch.where(union > 0, hits.double() / union.clamp(min=1), 1.0)
            self.judged += 1

    def compute(self) -> dict[str, float | str | None]:
        """The metrics by name, and the name of the protocol."""
        return {**super().compute(), "protocol": self.protocol}

    def values(self) -> dict[str, float]:
        if self.way.by_image:
            precision, recall = self.precision / self.judged, self.recall / self.judged
            overlap = float((self.overlap / self.judged).max())
            return {"max_f": self._largest(precision, recall), "max_iou": 100 * overlap}
        return {"max_f": self._largest(self.hits / self.predicted.clamp(min=1), self.hits / self.salient.clamp(min=1))}

    def _largest(self, precision: Tensor, recall: Tensor) -> float:
        """The largest F-measure of precision and recall at each threshold, in percent."""
        beta_squared = self.way.beta_squared
        measure = (1 + beta_squared) * precision * recall / (beta_squared * precision + recall).clamp(min=_NOTHING)
        return 100 * float(measure.max())

import math

import pytest
import torch
from batches import CHANNELS, a_batch

from bridgenet.learning.metrics import MultiTaskMetrics, multi_task_gain
from bridgenet.learning.saliency_metric import SaliencyMetric, SaliencyProtocol
from bridgenet.tasks import IGNORE

PROTOCOLS: tuple[SaliencyProtocol, ...] = ("clean", "invpt", "astmt")
THRESHOLDS = tuple(step / 20 for step in range(1, 20))


def logits_of(*probabilities: float) -> torch.Tensor:
    """Logits 0 and log(p / (1 - p)) make the probability p."""
    logits = torch.tensor(probabilities).logit()
    return torch.stack([torch.zeros_like(logits), logits])[None, :, None]


def labels_of(*labels: int) -> torch.Tensor:
    return torch.tensor(labels)[None, None]


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        # Above 0.25 four pixels of the set, three of them right: precision 3/4, recall 1.
        ("clean", {"max_f": 130 * 0.75 / (0.3 * 0.75 + 1)}),
        # No cut lies between 0.2007 and 0.4055. Above 0.8473 one pixel of three, right: precision 1, recall 1/3.
        ("invpt", {"max_f": 130 / 3 / (0.3 + 1 / 3)}),
        # Above 0.25 precision 2/3 and 1, recall 1 and 1: means 5/6 and 1. Overlaps 2/3 and 1.
        ("astmt", {"max_f": 200 * (5 / 6) / (5 / 6 + 1), "max_iou": 100 * 5 / 6}),
    ],
)
def test_saliency_by_hand(protocol: SaliencyProtocol, expected: dict[str, float]) -> None:
    metric = SaliencyMetric(protocol)
    metric.update(logits_of(0.92, 0.72, 0.32, 0.22), labels_of(1, 0, 1, 0))
    metric.update(logits_of(0.56, 0.12, 0.99), labels_of(1, 0, IGNORE))
    found = metric.compute()
    assert found.pop("protocol") == protocol
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_logit_is_judged_as_two_whose_no_is_nothing() -> None:
    one, two = (MultiTaskMetrics({"sal": channels}) for channels in (1, 2))
    logit, labels = torch.randn(1, 1, 3, 4), (torch.rand(1, 3, 4) < 0.3).long()
    one.update({"sal": logit}, {"sal": labels})
    two.update({"sal": torch.cat([torch.zeros_like(logit), logit], dim=1)}, {"sal": labels})
    assert one.compute() == two.compute()


def test_an_image_without_anything_salient_counts_by_image_alone() -> None:
    metric = SaliencyMetric("astmt")
    metric.update(logits_of(0.92, 0.05), labels_of(1, 0))
    metric.update(logits_of(0.05, 0.05), labels_of(0, 0))
    metric.update(logits_of(0.5, 0.5), labels_of(IGNORE, IGNORE))
    # Nothing marked where nothing is: no precision and no recall, and a whole overlap. What is unknown is no image.
    assert metric.compute() == {"max_f": pytest.approx(50), "max_iou": pytest.approx(100), "protocol": "astmt"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_does_not_depend_on_how_the_set_is_cut(protocol: SaliencyProtocol) -> None:
    predictions, targets = a_batch()
    tasks = {"sal": CHANNELS["sal"]}
    whole, parts, processes = (MultiTaskMetrics(tasks, saliency=protocol) for _ in range(3))  # pyright: ignore
    whole.update(predictions, {"sal": targets["sal"]})
    for part in (slice(3, 4), slice(0, 2), slice(2, 3)):
        parts.update({"sal": predictions["sal"][part]}, {"sal": targets["sal"][part]})
    # What several processes have seen is added, state by state.
    for images in (slice(1, 4, 2), slice(0, 4, 2)):
        rank = SaliencyMetric(protocol)
        rank.update(predictions["sal"][images], targets["sal"][images])
        for name in rank._defaults:
            ours = processes.by_task["sal"]
            setattr(ours, name, getattr(ours, name) + getattr(rank, name))
    found = [whole.compute()["sal"], parts.compute()["sal"], processes.by_task["sal"].compute()]
    assert {each.pop("protocol") for each in found} == {protocol}
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[2] == pytest.approx(found[0], rel=1e-9)


def test_maxf_by_invpts_code_takes_a_sigmoid_of_the_probability() -> None:
    torch.manual_seed(0)
    labels = (torch.rand(2, 40, 50) < 0.2).long()
    logits = torch.randn(2, 2, 40, 50)
    logits[:, 1] += 2 * labels - 1

    def invpt(scores: torch.Tensor) -> float:
        """Its code: a sigmoid of what it is given, then the same thresholds and the same F."""
        measures = []
        for threshold in THRESHOLDS:
            marked = scores.sigmoid() > threshold
            hits = (marked & (labels == 1)).sum()
            precision, recall = hits / marked.sum().clamp(min=1), hits / (labels == 1).sum()
            measures.append(1.3 * precision * recall / (0.3 * precision + recall).clamp(min=1e-12))
        return 100 * float(max(measures))

    found = {}
    for protocol in PROTOCOLS:
        metric = SaliencyMetric(protocol)
        metric.update(logits, labels)
        found[protocol] = metric.compute()["max_f"]
    assert found["clean"] == pytest.approx(invpt(logits[:, 1] - logits[:, 0]), abs=1e-4)
    assert found["invpt"] == pytest.approx(invpt(logits.softmax(dim=1)[:, 1]), abs=1e-4)
    assert abs(found["invpt"] - found["clean"]) > 0.05
    # A threshold t then cuts the probability at logit(t): five cuts lie in 0..1, and all below mark everything.
    cuts = [math.log(t / (1 - t)) for t in THRESHOLDS if 0.5 <= t < 1 / (1 + math.exp(-1))]
    assert cuts == pytest.approx([0, 0.2007, 0.4055, 0.6190, 0.8473], abs=1e-4)


def test_a_gain_over_results_by_another_protocol_is_refused() -> None:
    ours = {"sal": {"max_f": 60.0, "protocol": "invpt"}, "images": 2}
    assert multi_task_gain(ours, {"sal": {"max_f": 50.0, "protocol": "invpt"}, "images": 2}) == pytest.approx(20)
    with pytest.raises(
        ValueError, match="sal was judged by the protocol invpt, and in the single-task results by clean"
    ):
        multi_task_gain(ours, {"sal": {"max_f": 50.0}, "images": 2})

"""What attention alone does not tell: how much a key hands over, whose pattern was used, what region it belongs to.

Places and pictures of attention are the business of drawing; here are the numbers that need the network, or the
predicted labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Integer
from scipy.stats import t as student
from torch import Tensor, nn

from bridgenet.inspection.parts import decoder_stages, pattern_propagation
from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
from bridgenet.model.network import Network
from bridgenet.tasks import IGNORE
from bridgenet.trace import Pattern, Trace

Map = Float[np.ndarray, "_ _"]

HandedOver = Float[np.ndarray, "_heads _heads _keys"]
"""Per key, the products of what each two heads hand over for it, after the output projection: on the diagonal stand
the squared lengths |v|²."""

LabelMap = Integer[np.ndarray, "_height _width"]

SAMPLES = 16
"""Labels are counted at up to this many places per side of a token."""


class Purity(NamedTuple):
    """How much of the attention stays in the class of the place, and how much would if it were even. For the notebooks.

    Attributes:
        mass: Share of the attention on pixels of the predicted class of the place, 0..1.
        area: Share of the image that this class covers, 0..1.
    """

    mass: float
    area: float


@dataclass(frozen=True, slots=True)
class RegionShare:
    """What the bridge read, on the mean, in all pixels of one predicted class. For the studio.

    Attributes:
        index: The class.
        tokens: Area of the class, in bridge tokens; tokens on its border count by their part.
        area: Area of the class, as a share of the image.
        mean: Mean share per task; they add up to 1.
        interval: 95 % interval of the mean, 0..1. None where the class touches a single block of tokens.
    """

    index: int
    tokens: float
    area: float
    mean: dict[str, float]
    interval: dict[str, tuple[float, float] | None]


@torch.inference_mode()
def pattern_values(model: Network, trace: Trace, task: str) -> HandedOver:
    """What the keys of one task hand over in TPP, for weighting its attention by value.

    The value of a key (with its bias) goes through the part of the output projection that belongs to the head; the
    projection's own bias belongs to no key and is left out.

    Args:
        model: The network of the trace, in eval mode.
        trace: The first image of its batch is taken.
        task: Whose values.

    Raises:
        ValueError: The network has no TPP.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation, so its keys have no values.")
    propagation = pattern_propagation(model)
    own = propagation.pattern(task)(trace.task_specific[task][:1])
    return _handed_over(own.value, propagation.propagation(task).project, trace.pattern.attention[task].shape[1])


@torch.inference_mode()
def bridge_values(model: Network, trace: Trace, scale: int) -> HandedOver:
    """What the tokens of all tasks hand over to the bridge at one stage, first task's tokens first.

    As for `pattern_values`, after the output projection (`merge`) of the extractor.

    Args:
        model: The network of the trace, in eval mode.
        trace: The first image of its batch is taken.
        scale: Index of the stage, coarse to fine.

    Raises:
        ValueError: The network has no BFE.
    """
    stage = trace.stages[scale]
    extractor = decoder_stages(model)[scale].extractor
    if stage.attention is None or not isinstance(extractor, BridgeFeatureExtractor):
        raise ValueError("This network was built without Bridge Feature Extractor, so no token has a value for it.")
    tokens = extractor.task_tokens({task: feature[:1] for task, feature in stage.task_specific.items()})
    return _handed_over(extractor.project.value(tokens), extractor.merge, stage.attention.shape[1])


def pattern_and_heads(trace: Trace, head: int | None) -> tuple[Pattern, slice]:
    """What TPP computed, and where one head (counted from 0) or all heads (None) of a task stand in it.

    Raises:
        ValueError: The network has no TPP, or there is no such head.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation, so no patterns are fused.")
    heads = next(iter(trace.pattern.logits.values())).shape[1]
    if head is not None and not 0 <= head < heads:
        raise ValueError(f"There is no head {head}: this attention has {heads}, counted from 0.")
    return trace.pattern, slice(None) if head is None else slice(head, head + 1)


@torch.inference_mode()
def fusion_shares(model: Network, trace: Trace, head: int | None = None) -> dict[str, dict[str, Map]]:
    """Whose pattern each task used in TPP: shares[target][source], a map over the queries of the target.

    The fused logits of a target are a weighted sum of the patterns of all sources. What is the same for all keys
    changes no attention, so each source's part is centred over the keys; its mean magnitude (over keys, and over the
    heads of the target where all are asked for), divided by the sum over sources, is its share. At every query they
    add up to 1; a query whose parts are all constant is shared evenly.

    Args:
        model: The network of the trace.
        trace: The first image of its batch is taken.
        head: Which head of the target. None takes all.

    Raises:
        ValueError: The network has no TPP, or there is no such head.
    """
    pattern, chosen = pattern_and_heads(trace, head)
    tasks = tuple(pattern.logits)
    heads = pattern.logits[tasks[0]].shape[1]
    logits = torch.stack([pattern.logits[task][0].float() for task in tasks])
    centred = logits - logits.mean(dim=-1, keepdim=True)
    shares: dict[str, dict[str, Map]] = {}
    for target in tasks:
        fuse = pattern_propagation(model).propagation(target).fuse
        weight = fuse.weight.float().reshape(heads, len(tasks), heads)[chosen]
        parts = torch.einsum("hsg,sgqk->shqk", weight, centred)
        said = parts.abs().mean(dim=(1, 3))
        total = said.sum(dim=0)
        share = torch.where(total > 0, said / total.clamp_min(torch.finfo(total.dtype).tiny), 1 / len(tasks))
        maps = share.reshape(len(tasks), *pattern.query_grid).cpu().numpy()
        shares[target] = dict(zip(tasks, maps, strict=True))
    return shares


def semantic_purity(placed: Map, labels: LabelMap, nx: float, ny: float) -> Purity:
    """How much of an attention map lies on the predicted class of a place. For the studio.

    Args:
        placed: Attention on a grid that covers the image evenly, not negative.
        labels: Predicted classes, of any size.
        nx: Fraction of the image width.
        ny: Fraction of the image height.

    Raises:
        ValueError: The map is empty: it sums to 0.
    """
    if placed.sum() <= 0:
        raise ValueError("This map sums to 0: there is no attention whose purity could be measured.")
    height, width = labels.shape
    row, column = min(max(int(ny * height), 0), height - 1), min(max(int(nx * width), 0), width - 1)
    same = (_sampled(labels, placed.shape) == labels[row, column]).mean(axis=-1)
    return Purity(float((placed * same).sum() / placed.sum()), float(same.mean()))


def region_shares(maps: Mapping[str, Map], labels: LabelMap, block: int = 3) -> list[RegionShare]:
    """Mean share per task in every predicted class, largest class first.

    A pixel has the share of the bridge token that it lies in. The interval is Student's, with the tokens of a block
    counted as one observation (cluster-robust variance), because neighbouring tokens resemble each other; what blocks
    have in common is not corrected for, so it is a lower bound of the uncertainty, for this image alone.

    Args:
        maps: Share per task on the grid of the bridge queries, as `drawing.bridge_share_maps` gives them.
        labels: Predicted classes, of any size; 255 is left out.
        block: Side of a block, in tokens. 1 takes tokens as independent.
    """
    shares = np.stack([np.asarray(share, dtype=np.float64) for share in maps.values()])
    rows, columns = grid = shares.shape[1:]
    sampled = _sampled(labels, grid)
    across = -(-columns // block)
    blocks = (np.arange(rows) // block)[:, None] * across + np.arange(columns) // block
    found = []
    for index in np.unique(sampled[sampled != IGNORE]):
        coverage = (sampled == index).mean(axis=-1)
        mean = (shares * coverage).sum(axis=(1, 2)) / coverage.sum()
        half = _half_widths(shares - mean[:, None, None], coverage, blocks)
        interval = {
            task: None if half is None else (max(float(middle - width), 0.0), min(float(middle + width), 1.0))
            for task, middle, width in zip(maps, mean, mean if half is None else half, strict=True)
        }
        means = dict(zip(maps, mean.tolist(), strict=True))
        found.append(RegionShare(int(index), float(coverage.sum()), float(coverage.mean()), means, interval))
    return sorted(found, key=lambda region: -region.tokens)


def _half_widths(
    deviations: Float[np.ndarray, "_tasks _rows _columns"], coverage: Map, blocks: Integer[np.ndarray, "_ _"]
) -> Float[np.ndarray, "_tasks"] | None:
    """Half of the 95 % interval of each weighted mean; None with fewer than two blocks."""
    inside = coverage > 0
    _, members = np.unique(blocks[inside], return_inverse=True)
    count = int(members.max()) + 1
    if count < 2:
        return None
    weighted = (deviations * coverage)[:, inside]
    sums = np.stack([np.bincount(members, task, minlength=count) for task in weighted])
    error = np.sqrt(count / (count - 1) * (sums**2).sum(axis=1)) / coverage.sum()
    return student.ppf(0.975, count - 1) * error


def _sampled(labels: LabelMap, grid: tuple[int, ...]) -> Integer[np.ndarray, "_rows _columns _samples"]:
    """Labels at evenly spaced places of every token: all pixels where the grid divides the map and they are few."""
    places, counts = [], []
    for length, tokens in zip(labels.shape, grid, strict=True):
        count = min(max(ceil(length / tokens), 1), SAMPLES)
        places.append(((np.arange(tokens * count) + 0.5) * length / (tokens * count)).astype(int))
        counts.append(count)
    picked = labels[places[0][:, None], places[1]].reshape(grid[0], counts[0], grid[1], counts[1])
    return picked.transpose(0, 2, 1, 3).reshape(*grid, -1)


def _handed_over(value: Tensor, projection: nn.Linear, heads: int) -> HandedOver:
    weight = projection.weight.unflatten(1, (heads, -1))
    handed = torch.einsum("khc,ohc->hko", value[0].unflatten(-1, (heads, -1)), weight).float()
    return torch.einsum("hko,gko->hgk", handed, handed).cpu().numpy()

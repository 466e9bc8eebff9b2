"""What attention says: how much each task is read, for the bridge and for the patterns."""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from bridgenet.inspection.meeting import PLACES, Place
from bridgenet.trace import Trace

Shares = Float[np.ndarray, "tasks tasks"]
"""Share of each source (row) in what each target (column) reads. Columns sum to 1."""


def attention_shares(model: nn.Module, trace: Trace, places: Collection[Place | str] = PLACES) -> Shares:
    """Share of each source in what each target reads; the mean of `bridge_read` and `pattern_read` where both exist.

    Raises:
        ValueError: The network has none of the places.
    """
    reads = []
    if "tpp" in places and trace.pattern is not None:
        reads.append(pattern_read(model, trace))
    if "bfe" in places and any(stage.attention is not None for stage in trace.stages):
        reads.append(bridge_read(trace))
    if not reads:
        raise ValueError(f"Nothing to read in places {tuple(places)}: this network has no attention over tasks there.")
    return np.mean(reads, axis=0)


def bridge_read(trace: Trace) -> Shares:
    """BFE: attention on the tokens of each task, mean over queries and heads.

    Stages count for a target as much as their refiner changed it: by the norm of what was added, relative to what
    entered. A target that no stage changed gets the plain mean of the stages.
    """
    tasks, shares, weights = tuple(trace.predictions), [], []
    for stage in trace.stages:
        if stage.attention is None:
            continue
        mean = stage.attention.double().mean(dim=(0, 1, 2))
        shares.append(mean.view(len(tasks), -1).sum(dim=1))
        weights.append(
            torch.stack([_relative_change(stage.task_specific[task], stage.refined[task]) for task in tasks])
        )
    weight = torch.stack(weights)
    weight = torch.where(weight.sum(dim=0) > 0, weight, torch.ones_like(weight))
    weight = weight / weight.sum(dim=0)
    return (torch.stack(shares).T @ weight).cpu().numpy()


def pattern_read(model: nn.Module, trace: Trace) -> Shares:
    """TPP: how much each source's map weighs in the target's fused map.

    The source's channels times their fusion weights, less the mean of each row (softmax does not see it), as mean
    absolute value. A target whose fusion weights are all zero reads every source alike.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation.")
    tasks = tuple(trace.pattern.logits)
    maps = torch.stack([logits.double() for logits in trace.pattern.logits.values()])
    maps = maps - maps.mean(dim=-1, keepdim=True)
    columns = []
    for target in tasks:
        fuse: Any = model.get_submodule(f"pattern_propagation.propagations.{target}.fuse")
        weight = fuse.weight.detach().double()[:, :, 0, 0].unflatten(1, (len(tasks), -1))
        # o: head of the target, t: source, h: head of the source, b: batch, q: query, k: key
        said = torch.einsum("oth,tbhqk->tobqk", weight, maps).abs().mean(dim=(1, 2, 3, 4))
        columns.append(said / said.sum() if said.sum() > 0 else torch.full_like(said, 1 / len(tasks)))
    return torch.stack(columns, dim=1).cpu().numpy()


def _relative_change(entering: Tensor, refined: Tensor) -> Tensor:
    entering, refined = entering.double(), refined.double()
    return (refined - entering).norm() / entering.norm().clamp(min=torch.finfo(torch.float32).tiny)

"""Averaged weights: an exponential moving average of the network, which is judged and shipped in its place."""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class WeightAverage(AveragedModel):
    """A second network that follows the first; `module` is the average.

    The statistics of batch norms are averaged as the weights are: they belong to the features of the last some hundred
    steps, as the averaged weights do. Counters are copied.

    Args:
        model: The network that learns.
        decay: Share of itself that the average keeps at a step, at least 0 and below 1; the n-th step keeps
            n / (n + 9) at most.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        @torch.no_grad()
        def follow(
            averaged: tuple[Tensor, ...] | list[Tensor],
            current: tuple[Tensor, ...] | list[Tensor],
            updates: Tensor | int,
        ) -> None:
            kept = min(decay, (1 + int(updates)) / (10 + int(updates)))
            for old, new in zip(averaged, current, strict=True):
                if old.is_floating_point():
                    old.lerp_(new, 1 - kept)
                else:
                    old.copy_(new)

        super().__init__(model, multi_avg_fn=follow, use_buffers=True)

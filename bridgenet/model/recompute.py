"""Gradient checkpointing: activations that are computed a second time instead of being kept."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(module: nn.Module, *inputs: Any) -> Any:
    """What a module makes of its inputs. For the gradient only these are kept, and it runs once more.

    The second run draws the same random numbers, and batch norms do not count its images again.
    """
    if not torch.is_grad_enabled():
        return module(*inputs)
    return checkpoint(module, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _uncounted(module)))


@contextmanager
def _uncounted(module: nn.Module) -> Iterator[None]:
    """Batch norms of a module use the statistics of their batch inside, but leave their running ones as they are.

    A momentum of zero does that, rather than switching the running statistics off: the second run has to keep the same
    tensors as the first.
    """
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.training]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
            norm.num_batches_tracked = None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone()
        yield
    finally:
        for norm, (momentum, counted) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counted

"""What one forward pass computed, under the paper's names.

Every tensor has a dotted path: `trace["stages.0.bridge"]`, `trace["pattern.attention.depth"]`.
`catalogue.py` tells what each path is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from torch import Tensor

from bridgenet.shapes import AnyAttention, AnyFeature


@dataclass(frozen=True, slots=True)
class Pattern:
    """Task Pattern Propagation (TPP) on the base grid, section III-B, Eqs. (1) and (2)."""

    logits: dict[str, AnyAttention]
    """A_t of Eq. (1) per task: queries of the task against its own keys, before softmax, scaled by 1/sqrt(width)."""

    fused_logits: dict[str, AnyAttention]
    """Maps of all tasks fused by the task's own 1x1 convolution, Eq. (2), before softmax."""

    attention: dict[str, AnyAttention]
    """Fused maps after softmax over the keys: every row sums to 1."""

    feature: dict[str, AnyFeature]
    """Y_t: the task-specific feature after propagation."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One scale of the decoder: task features meet in the bridge feature and are refined by it."""

    task_specific: dict[str, AnyFeature]
    """F_t as it enters the stage (after up-sampling, from the second stage on)."""

    query: AnyFeature | None
    """Q_s: the task-generic query map. None without the Bridge Feature Extractor (BFE)."""

    bridge_before_cascade: AnyFeature | None
    """The extractor's output, before the coarser bridge feature is added."""

    bridge: AnyFeature | None
    """B_s: the bridge feature that every task of this stage is refined with."""

    attention: AnyAttention | None
    """Eq. (5): bridge queries against the tokens of all tasks, first task's tokens first; rows sum to 1."""

    refined: dict[str, AnyFeature]
    """F_t after the Task Feature Refiner (TFR), Eq. (7)."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The forward pass of one batch, from the backbone to the predictions.

    Per-task values are dicts in the order of the config's tasks; per-scale values are tuples whose order each field
    states. Grids: *base grid* is 1/32 of the image, *fusion grid* 1/4, both rounded up.
    """

    task_generic: tuple[AnyFeature, ...]
    """G_1..G_4: backbone feature maps, fine to coarse."""

    task_specific: dict[str, AnyFeature]
    """X_t: output of the preliminary decoder, base grid, before TPP."""

    pattern: Pattern | None
    """TPP. None when it is switched off."""

    preliminary: dict[str, AnyFeature]
    """Preliminary predictions (logits), base grid."""

    mixed: dict[str, AnyFeature]
    """F_t at the start of the first stage: feature and preliminary prediction, mixed by a 1x1 convolution."""

    stages: tuple[Stage, ...]
    """Decoder stages, coarse to fine."""

    fused: dict[str, AnyFeature]
    """Sum of the side outputs of all stages, fusion grid, before the fusion convolution."""

    logits: dict[str, AnyFeature]
    """Final predictions (logits), fusion grid."""

    predictions: dict[str, AnyFeature]
    """Final predictions (logits), bilinearly resized to the image."""

    def items(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor with its dotted path, in the order of the computation."""
        return _walk(self, "")

    def keys(self) -> list[str]:
        """Every dotted path."""
        return [path for path, _ in self.items()]

    def __getitem__(self, path: str) -> Tensor:
        """The tensor at a dotted path.

        Raises:
            KeyError: No tensor has this path; the message lists those that exist.
        """
        for known, tensor in self.items():
            if known == path:
                return tensor
        raise KeyError(f"No tensor at {path!r}. Known: {', '.join(self.keys())}")

    def __contains__(self, path: object) -> bool:
        return any(known == path for known, _ in self.items())


def _walk(node: object, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(node, Tensor):
        yield path, node
        return
    if is_dataclass(node):
        children = [(field.name, getattr(node, field.name)) for field in fields(node)]
    elif isinstance(node, dict):
        children = list(node.items())
    elif isinstance(node, tuple):
        children = list(enumerate(node))
    else:
        return
    for name, child in children:
        yield from _walk(child, f"{path}.{name}" if path else str(name))

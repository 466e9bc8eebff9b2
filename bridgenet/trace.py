"""What one forward pass computed, under the paper's names.

Every tensor has a dotted path: `trace["stages.0.bridge"]`, `trace["pattern.attention.depth"]`.
`catalogue.py` tells what each path is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass

from torch import Tensor

from bridgenet.shapes import AnyAttention, AnyFeature, Image
from bridgenet.tasks import TaskName

Features = dict[TaskName, AnyFeature]
"""A feature map of each task, in the order of the config's tasks."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Task Pattern Propagation (TPP) on the base grid, section III-B, Eqs. (1) and (2)."""

    logits: dict[TaskName, AnyAttention]
    """A_t of Eq. (1) per task: queries of the task against its own keys, before softmax, scaled by 1/sqrt(width)."""

    fused_logits: dict[TaskName, AnyAttention]
    """Maps of all tasks fused by the task's own 1x1 convolution, Eq. (2), before softmax."""

    attention: dict[TaskName, AnyAttention]
    """Fused maps after softmax over the keys: every row sums to 1."""

    feature: Features
    """Y_t: the task-specific feature after propagation."""

    query_grid: tuple[int, int]
    """Rows and columns of the queries of every map."""

    key_grid: tuple[int, int]
    """Rows and columns of the keys of every map."""

    stride: int
    """Places of the base grid between neighbouring queries, and between neighbouring keys."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One scale of the decoder: task features meet in the bridge feature and are refined by it."""

    task_specific: Features
    """F_t as it enters the stage (after up-sampling, from the second stage on)."""

    query: AnyFeature | None
    """Q_s: the task-generic query map. None without the Bridge Feature Extractor (BFE)."""

    bridge_before_cascade: AnyFeature | None
    """The extractor's output, before the coarser bridge feature is added."""

    bridge: AnyFeature | None
    """B_s: the bridge feature that every task of this stage is refined with."""

    attention: AnyAttention | None
    """Eq. (5): bridge queries against the tokens of all tasks, first task's tokens first; rows sum to 1."""

    refined: Features
    """F_t after the Task Feature Refiner (TFR), Eq. (7)."""

    query_grid: tuple[int, int] | None = None
    """Rows and columns of the queries: of the bridge, or of every task. None without attention."""

    key_grid: tuple[int, int] | None = None
    """Rows and columns of each task's tokens in the attention. None without it."""

    token_window: int | None = None
    """Places of a task's feature, along each side, that one token is the mean of. None without attention."""

    cross_logits: dict[TaskName, AnyAttention] = field(default_factory=dict)
    """Where tasks read each other themselves: `cross_attention` before its softmax, as InvPT's next stage gets it."""

    cross_attention: dict[TaskName, AnyAttention] = field(default_factory=dict)
    """The queries of each task against the tokens of all tasks, first task's tokens first; rows sum to 1."""

    preliminary: Features = field(default_factory=dict)
    """Preliminary predictions (logits) on this stage's grid, where a network gives some at every scale."""

    exchange: dict[TaskName, Features] = field(default_factory=dict)
    """What tasks send each other on this stage's grid, as `Trace.exchange`, where they do so at every scale."""

    def by_task(self) -> dict[TaskName, AnyAttention]:
        """The attention on the tokens of each task, (batch, heads, queries, tokens of one task).

        Raises:
            ValueError: The bridge of this stage reads no task, or there is none.
        """
        if self.attention is None:
            raise ValueError("No task is read at this stage: there is no bridge, or it asks nobody.")
        return self._by_source(self.attention)

    def read_by(self, task: TaskName) -> dict[TaskName, AnyAttention]:
        """The attention of a task on the tokens of each task, its own among them, as `by_task`.

        Raises:
            ValueError: Tasks do not read each other's tokens at this stage.
        """
        if task not in self.cross_attention:
            raise ValueError(f"{task} reads no tokens of other tasks at this stage: this network has another way.")
        return self._by_source(self.cross_attention[task])

    def _by_source(self, attention: AnyAttention) -> dict[TaskName, AnyAttention]:
        return dict(zip(self.task_specific, attention.chunk(len(self.task_specific), dim=-1), strict=True))


@dataclass(frozen=True, slots=True)
class EncoderStage:
    """One stage of the encoder, for networks whose tasks reach into it."""

    task_specific: Features
    """F_t at the end of the stage: that of the task's own encoder, or what its mask leaves of the shared feature."""

    joined: Features = field(default_factory=dict)
    """The same after the tasks were joined: what the task's next stage gets. Empty where they are not."""

    mask: Features = field(default_factory=dict)
    """How far, 0 to 1, each place and channel of the shared feature is open to the task. Empty without masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The forward pass of one batch, from the backbone to the predictions.

    Every network has logits and predictions, and task-generic features unless each task has an encoder of its own; the
    other parts are those of BridgeNet and of whoever has something of the same kind, and are empty for others. Per-task
    values are dicts in the order of the config's tasks; per-scale values are tuples whose order each field states.
    Grids: *base grid* is 1/32 of the image, *fusion grid* 1/4, both rounded up. Those are BridgeNet's and InvPT's;
    other networks have the grids of the backbone maps that they read.
    """

    images: Image | None = None
    """RGB in 0..1. Kept by networks whose tasks reach into the encoder: what is computed again begins here."""

    task_generic: tuple[AnyFeature, ...] = ()
    """G_1..G_4: backbone feature maps, fine to coarse. Empty where each task has an encoder of its own."""

    encoder: dict[str, EncoderStage] = field(default_factory=dict)
    """Stages of the encoder by name, `stem` and `stage1` (fine) to `stage4`, where tasks reach into it."""

    task_specific: Features = field(default_factory=dict)
    """X_t: output of the preliminary decoder, base grid, before TPP."""

    pattern: Pattern | None = None
    """TPP. None when it is switched off."""

    preliminary: Features = field(default_factory=dict)
    """Preliminary predictions (logits), base grid; of several scales, those of the finest, which its stage has too."""

    mixed: Features = field(default_factory=dict)
    """F_t at the start of the first stage: feature and preliminary prediction, mixed by a 1x1 convolution."""

    exchange: dict[TaskName, Features] = field(default_factory=dict)
    """What tasks send each other pair by pair: `exchange[source][target]`, where a network does that; of several scales
    that of the finest, which its stage has too."""

    stages: tuple[Stage, ...] = ()
    """Decoder stages, coarse to fine."""

    fused: Features = field(default_factory=dict)
    """Sum of the side outputs of all stages, fusion grid, before the fusion convolution."""

    logits: Features
    """Final predictions (logits), fusion grid."""

    predictions: Features
    """Final predictions (logits), bilinearly resized to the image."""

    @property
    def all_preliminary(self) -> tuple[Features, ...]:
        """Preliminary predictions of every scale that has some, coarse to fine."""
        of_stages = tuple(stage.preliminary for stage in self.stages if stage.preliminary)
        return of_stages or ((self.preliminary,) if self.preliminary else ())

    @property
    def heads(self) -> int:
        """Attention heads, of TPP or else of the stages; 0 where there is no attention."""
        maps = [] if self.pattern is None else list(self.pattern.attention.values())
        for stage in self.stages:
            maps += [*stage.cross_attention.values(), *([] if stage.attention is None else [stage.attention])]
        return maps[0].shape[1] if maps else 0

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

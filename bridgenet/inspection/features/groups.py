"""A few groups instead of many channels: what a bridge feature is made of, and which task each part moves.

Non-negative matrix factorisation finds parts that add up: each group is a map of how strongly it is there and a
direction in the channels. `label_groups` then takes each group away and looks which task notices.
"""

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from bridgenet.inspection.intervene import image_size
from bridgenet.inspection.parts import decoder_stages
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.trace import Trace

ITERATIONS = 150
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Groups:
    """Parts of a feature map: feature = its usual value + sum over groups of map x direction, nearly.

    The usual value of a channel is its median over the image: what is nothing special belongs to no group.

    Attributes:
        maps: How strongly each group is there, 0 or more; in the unit of the feature. Largest group first.
        directions: Unit vectors in the channels; signed, as features are.
        explained: Share of the mean square around the usual value that all groups together explain, 0..1.
        shares: Mean square of each group's part alone, as a share of the same. Groups overlap: these need not sum to
            `explained`.
    """

    maps: Float[np.ndarray, "groups height width"]
    directions: Float[np.ndarray, "groups channels"]
    explained: float
    shares: Float[np.ndarray, " groups"]

    def part(self, group: int) -> Float[np.ndarray, "channels height width"]:
        """What a group adds to the feature."""
        return np.einsum("hw,c->chw", self.maps[group], self.directions[group])


@dataclass(frozen=True)
class GroupEffects:
    """What the tasks do without each group.

    Attributes:
        tasks: Names, in the order of the columns.
        change: Root mean square change of a task's output when the group is removed, relative to how much that output
            varies over the image: 0 nothing, 1 as much as the output varies.
        effect: The same as a share of the task's changes over all groups, so that tasks that are easily moved do not
            name every group: columns sum to 1 (or are all 0).
    """

    tasks: tuple[str, ...]
    change: Float[np.ndarray, "groups tasks"]
    effect: Float[np.ndarray, "groups tasks"]

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The task that each group moves most, by `effect`; None for a group that moves none."""
        return tuple(self.tasks[row.argmax()] if row.max() > 0 else None for row in self.effect)

    def of(self, group: int) -> dict[str, float]:
        """Effect of a group, by task."""
        return {task: float(value) for task, value in zip(self.tasks, self.effect[group], strict=True)}


def feature_groups(feature: Tensor | np.ndarray, groups: int = 6, seed: int = 0) -> Groups:
    """Parts of a feature map by non-negative matrix factorisation.

    Features are signed. Each channel is split into what lies above its median over the image and what lies below,
    both non-negative; a group's direction is the one part minus the other.

    Args:
        feature: (channels, height, width), or a batch of which the first image counts.
        groups: How many.
        seed: The same seed gives the same groups.

    Raises:
        ValueError: There are more groups than tokens.
    """
    array = feature.detach().float().cpu().numpy() if isinstance(feature, Tensor) else np.asarray(feature, np.float32)
    array = array[0] if array.ndim == 4 else array
    channels, height, width = array.shape
    if not 1 <= groups <= min(2 * channels, height * width):
        raise ValueError(
            f"{height * width} tokens of {channels} channels cannot be divided into {groups} groups. "
            f"Ask for 1 to {min(2 * channels, height * width)}."
        )
    tokens = array.reshape(channels, -1).T.astype(np.float64)
    tokens -= np.median(tokens, axis=0)
    strengths, directions = _factorise(
        np.concatenate([tokens.clip(min=0), (-tokens).clip(min=0)], axis=1), groups, seed
    )
    directions = directions[:, :channels] - directions[:, channels:]
    length = np.linalg.norm(directions, axis=1)
    strengths, directions = strengths * length, directions / np.maximum(length, 1e-12)[:, None]
    order = np.argsort(-np.square(strengths).sum(axis=0), kind="stable")
    strengths, directions = strengths[:, order], directions[order]
    total = max(float(np.square(tokens).sum()), 1e-12)
    explained = 1 - float(np.square(tokens - strengths @ directions).sum()) / total
    return Groups(
        maps=strengths.T.reshape(groups, height, width).astype(np.float32),
        directions=directions.astype(np.float32),
        explained=float(np.clip(explained, 0, 1)),
        shares=np.square(strengths).sum(axis=0) / total,
    )


@torch.inference_mode()
def label_groups(model: Network, trace: Trace, groups: Groups, stage: int) -> GroupEffects:
    """Removes each group from the bridge feature of a stage and measures how much every task changes.

    Finer stages see the change too, as the bridge feature is handed on to them. The joint layer norms keep the
    statistics of the whole pass, so that no task is moved by rescaling alone.

    Args:
        model: The network that made the trace.
        trace: The pass of one image.
        groups: Of `trace.stages[stage].bridge`.
        stage: Decoder stage, 0 the coarsest.

    Raises:
        ValueError: The stage has no bridge feature, or the groups belong to another one.
    """
    bridge = trace.stages[stage].bridge if 0 <= stage < len(trace.stages) else None
    if bridge is None:
        raise ValueError(f"There is no bridge feature at stage {stage}: the trace has {len(trace.stages)} stages.")
    shape = (groups.directions.shape[1], *groups.maps.shape[1:])
    if bridge.shape[1:] != shape:
        raise ValueError(
            f"The groups are of a feature of {shape}, the bridge of stage {stage} has {tuple(bridge.shape[1:])}."
        )
    tasks = tuple(trace.logits)
    change = np.zeros((len(groups.maps), len(tasks)))
    for group in range(len(groups.maps)):
        part = torch.from_numpy(groups.part(group)).to(bridge)
        changed = _refine_without(model, trace, part, stage)
        change[group] = [_relative_change(trace.logits[task], changed.logits[task]) for task in tasks]
    total = change.sum(axis=0)
    return GroupEffects(tasks, change, np.where(total > 0, change / np.where(total > 0, total, 1), 0))


def dominant_group(maps: Float[np.ndarray, "groups height width"]) -> Float[np.ndarray, "height width"]:
    """Number of the strongest group at every token; NaN where none is there."""
    return np.where(maps.max(axis=0) > 0, maps.argmax(axis=0), np.nan)


def _factorise(values: Float[np.ndarray, "tokens parts"], groups: int, seed: int) -> Sequence[np.ndarray]:
    """Strength of every group at every token, and its parts; both non-negative."""
    if not values.any():
        return np.zeros((len(values), groups)), np.zeros((groups, values.shape[1]))
    # The start comes from a singular value decomposition, which NMF only refines: far better than a random one, and
    # the same in every run.
    initial = "nndsvda" if groups <= min(values.shape) else "random"
    # scikit-learn's annotation of n_components leaves numbers out.
    count: Any = groups
    factors = NMF(count, init=initial, random_state=seed, max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        # Groups that would still move a little are good enough to be looked at.
        warnings.simplefilter("ignore", ConvergenceWarning)
        strengths = factors.fit_transform(values)
    return strengths, factors.components_


def _refine_without(model: Network, trace: Trace, part: Tensor, stage: int) -> Trace:
    """Stages, fusion and heads again, with a part taken out of one bridge feature."""
    chosen = decoder_stages(model)[stage]

    def without(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            bridge, *others = output
            return (bridge - part, *others)
        return output - part

    with evaluating(model), ExitStack() as hooks:
        model.hold_norms(hooks, trace)
        makes_bridge = chosen.extractor if chosen.cascade is None else chosen.cascade
        if makes_bridge is not None:
            hooks.callback(makes_bridge.register_forward_hook(without).remove)
        return model.refine(trace, image_size(trace))


def _relative_change(before: Tensor, after: Tensor) -> float:
    spread = (before - before.mean(dim=(-2, -1), keepdim=True)).square().mean().sqrt()
    return float((after - before).square().mean().sqrt() / spread.clamp(min=1e-12))

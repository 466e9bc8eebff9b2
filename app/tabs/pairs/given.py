"""What is handed over between two tasks, as maps and as shares: messages, contexts, or tokens that are read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor

from app.analysis.selection import Selection, Word
from app.analysis.session import Analysis
from app.view.attention import at_place, own_network, reads_tokens, sends_at_scales
from bridgenet import inspection
from bridgenet.inspection.attention.rows import attention_matrix
from bridgenet.tasks import TaskName

STAGE = Word("pairs.stage", "After")

Pairs = dict[TaskName, dict[TaskName, np.ndarray]]
"""Maps (height, width) by the task that gets and the task that gives."""

Shares = dict[TaskName, dict[TaskName, float]]
"""Shares by the task that gets and the task that gives; those of what a task gets add up to 1."""


@dataclass(frozen=True, slots=True)
class Given:
    """What tasks hand to each other.

    Attributes:
        maps: Of every pair, a task and itself among them. A pair without any has none.
        here: Shares at the selected place.
        overall: Their mean over the photo.
    """

    maps: Pairs
    here: Shares
    overall: Shares


def exchanges(analysis: Analysis) -> bool:
    """Whether tasks send each other something, place by place."""
    return any(analysis.trace.exchange.values())


def unit_weights(analysis: Analysis) -> dict[str, np.ndarray]:
    """How much of each task (row) the encoder of each (column) goes on with, by stage; empty without such units."""
    found = (meeting.weights() for meeting in analysis.predictor.model.meetings)
    return {stage: weights.cpu().numpy() for each in found for stage, weights in each.items()}


def givers(analysis: Analysis) -> tuple[TaskName, ...]:
    """Tasks that others get something of: those of the network, and those that it only learnt beside them."""
    return cast(tuple[TaskName, ...], tuple(analysis.trace.exchange) or analysis.tasks)


@torch.inference_mode()
def mixed_sizes(analysis: Analysis, stage: str) -> Pairs:
    """How large what each task brings into the mixture of each is at every place, at a stage of the encoder."""
    parts = next(meeting.parts(analysis.trace, stage) for meeting in analysis.result(own_network).meetings)
    return {target: {source: _size(parts[source][target]) for source in analysis.tasks} for target in analysis.tasks}


def sizes(analysis: Analysis, scale: int) -> Pairs:
    """How large each message is at every place, beside the task's own feature: mean absolute value over channels."""
    sender = analysis.trace.stages[scale] if sends_at_scales(analysis) else analysis.trace
    own, exchange = sender.task_specific, sender.exchange
    found: Pairs = {}
    for target in analysis.tasks:
        parts: dict[TaskName, np.ndarray] = {
            source: _size(exchange[source][target]) for source in givers(analysis) if target in exchange[source]
        }
        parts[target] = _size(own[target]) + parts.get(target, 0.0)
        found[target] = parts
    return found


def stage_of(analysis: Analysis, selection: Selection) -> str:
    """The stage of the encoder after which tasks are mixed that is looked at: the last until one is chosen."""
    stages = list(unit_weights(analysis))
    return selection.text(STAGE) if selection.text(STAGE) in stages else "".join(stages[-1:])


def sizes_of(analysis: Analysis, selection: Selection) -> Pairs:
    """How large what is handed over is at every place."""
    stage = stage_of(analysis, selection)
    return analysis.result(mixed_sizes, stage) if stage else analysis.result(sizes, selection.scale)


def given_in(analysis: Analysis, selection: Selection) -> Given:
    """What tasks hand to each other, in the way of their network."""
    return read(analysis, selection) if reads_tokens(analysis) else sent(analysis, selection)


def sent(analysis: Analysis, selection: Selection) -> Given:
    """What a task gets as shares of what it has there: its own feature and all that it gets."""
    shares: Pairs = {}
    for target, parts in sizes_of(analysis, selection).items():
        whole = np.maximum(sum(parts.values()), np.finfo(np.float32).tiny)
        shares[target] = {source: part / whole for source, part in parts.items()}
    return Given(shares, _each(shares, partial(at_place, analysis, selection)), _each(shares, np.mean))


def read(analysis: Analysis, selection: Selection) -> Given:
    """Tokens that the selected place reads, by the attention of each task at a scale."""
    stage = analysis.trace.stages[selection.scale]
    assert stage.query_grid is not None and stage.key_grid is not None
    row, column = inspection.token_at(selection.x, selection.y, stage.query_grid)
    query = row * stage.query_grid[1] + column
    maps: Pairs = {}
    overall: Shares = {}
    for target in analysis.tasks:
        rows = {source: attention_matrix(part, selection.head) for source, part in stage.read_by(target).items()}
        maps[target] = {source: rows[source][query].reshape(stage.key_grid) for source in analysis.tasks}
        overall[target] = {source: float(rows[source].sum(axis=-1).mean()) for source in analysis.tasks}
    return Given(maps, _each(maps, np.sum), overall)


@torch.inference_mode()
def gates(analysis: Analysis, scale: int = -1) -> Pairs:
    """How far each message is let through at every place, mean over the channels, 0 to 1; empty without gates."""
    model, found = analysis.result(own_network), {}
    for meeting in model.meetings:
        found |= meeting.gates(analysis.trace, scale)
    return {
        target: {
            source: opened[target][0].float().mean(dim=0).cpu().numpy()
            for source, opened in found.items()
            if target in opened
        }
        for target in analysis.tasks
        if found
    }


def _size(feature: Tensor) -> np.ndarray:
    return feature[0].float().abs().mean(dim=0).cpu().numpy()


def _each(maps: Pairs, ask: Callable[[np.ndarray], np.floating | float]) -> Shares:
    return {target: {source: float(ask(values)) for source, values in row.items()} for target, row in maps.items()}

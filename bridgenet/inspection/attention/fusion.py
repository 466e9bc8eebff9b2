"""Whose patterns TPP fuses for a task, and how much attention goes elsewhere when one of them is left out.

The shares tell how loud each pattern is; the effects, what its silence would change.
"""

import torch

from bridgenet.inspection.parts import pattern_propagation
from bridgenet.inspection.places import Map
from bridgenet.model.network import Network
from bridgenet.tasks import TaskName
from bridgenet.trace import Pattern, Trace


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
def fusion_shares(model: Network, trace: Trace, head: int | None = None) -> dict[TaskName, dict[TaskName, Map]]:
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
    shares: dict[TaskName, dict[TaskName, Map]] = {}
    for target in tasks:
        fuse = pattern_propagation(model).propagations[target].fuse
        weight = fuse.weight.float().reshape(heads, len(tasks), heads)[chosen]
        parts = torch.einsum("hsg,sgqk->shqk", weight, centred)
        said = parts.abs().mean(dim=(1, 3))
        total = said.sum(dim=0)
        share = torch.where(total > 0, said / total.clamp_min(torch.finfo(total.dtype).tiny), 1 / len(tasks))
        maps = share.reshape(len(tasks), *pattern.query_grid).cpu().numpy()
        shares[target] = dict(zip(tasks, maps, strict=True))
    return shares


@torch.inference_mode()
def fusion_effects(model: Network, trace: Trace, head: int | None = None) -> dict[TaskName, dict[TaskName, Map]]:
    """What each task would attend to without each pattern: effects[target][source], a map over the target's queries.

    For the notebooks.

    The logits of the source are set to zero, which no key can be told from, and fused afresh. The effect is the part
    of the attention, 0..1, that then goes to other keys (half the sum of the differences of a row); the mean over the
    heads of the target where all are asked for.

    Args:
        model: The network of the trace.
        trace: The first image of its batch is taken.
        head: Which head of the target. None takes all.

    Raises:
        ValueError: The network has no TPP, or there is no such head.
    """
    pattern, chosen = pattern_and_heads(trace, head)
    logits = {task: own[:1].float() for task, own in pattern.logits.items()}
    effects: dict[TaskName, dict[TaskName, Map]] = {target: {} for target in pattern.logits}
    for source in pattern.logits:
        silent = [torch.zeros_like(own) if task == source else own for task, own in logits.items()]
        without = torch.cat(silent, dim=1)
        for target, found in effects.items():
            propagation = pattern_propagation(model).propagations[target]
            changed = propagation.softmax(propagation.fuse(without)) - pattern.attention[target][:1].float()
            moved = changed[0, chosen].abs().sum(dim=-1).mean(dim=0) / 2
            found[source] = moved.reshape(*pattern.query_grid).cpu().numpy()
    return effects

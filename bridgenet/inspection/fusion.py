"""Leaving a pattern out of TPP: how much attention goes elsewhere when one task's pattern is not fused.

The shares of `fusion_shares` tell how loud each pattern is; this tells what its silence would change.
"""

import numpy as np
import torch
from jaxtyping import Float

from bridgenet.inspection.attention import pattern_and_heads
from bridgenet.inspection.parts import pattern_propagation
from bridgenet.model.network import Network
from bridgenet.trace import Trace

Map = Float[np.ndarray, "_ _"]


@torch.inference_mode()
def fusion_effects(model: Network, trace: Trace, head: int | None = None) -> dict[str, dict[str, Map]]:
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
    effects: dict[str, dict[str, Map]] = {target: {} for target in logits}
    for source in logits:
        silent = [torch.zeros_like(own) if task == source else own for task, own in logits.items()]
        without = torch.cat(silent, dim=1)
        for target, found in effects.items():
            propagation = pattern_propagation(model).propagation(target)
            changed = propagation.softmax(propagation.fuse(without)) - pattern.attention[target][:1].float()
            moved = changed[0, chosen].abs().sum(dim=-1).mean(dim=0) / 2
            found[source] = moved.reshape(*pattern.query_grid).cpu().numpy()
    return effects

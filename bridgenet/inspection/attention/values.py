"""How much a key hands over: what weighting attention by value needs of the network."""

import torch
from torch import Tensor, nn

from bridgenet.inspection.attention.rows import HandedOver
from bridgenet.inspection.parts import decoder_stages, pattern_propagation
from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace


@torch.inference_mode()
def pattern_values(model: Network, trace: Trace, task: TaskName) -> HandedOver:
    """What the keys of one task hand over in TPP, for weighting its attention by value.

    The value of a key (with its bias) goes through the part of the output projection that belongs to the head; the
    projection's own bias belongs to no key and is left out.

    Args:
        model: The network of the trace.
        trace: The first image of its batch is taken.
        task: Whose values.

    Raises:
        ValueError: The network has no TPP, or does not have the task.
    """
    if trace.pattern is None:
        raise ValueError("This network was built without Task Pattern Propagation, so its keys have no values.")
    if task not in trace.pattern.attention:
        raise ValueError(f"There is no task {task!r} in this trace. It has: {', '.join(trace.pattern.attention)}.")
    propagation = pattern_propagation(model)
    with evaluating(propagation):
        own = propagation.patterns[task](trace.task_specific[task][:1])
    return _handed_over(own.value, propagation.propagations[task].project, trace.pattern.attention[task].shape[1])


@torch.inference_mode()
def bridge_values(model: Network, trace: Trace, scale: int) -> HandedOver:
    """What the tokens of all tasks hand over to the bridge at one stage, first task's tokens first.

    As for `pattern_values`, after the output projection (`merge`) of the extractor.

    Args:
        model: The network of the trace.
        trace: The first image of its batch is taken.
        scale: Index of the stage, coarse to fine.

    Raises:
        ValueError: The network has no BFE, or there is no such stage.
    """
    if not 0 <= scale < len(trace.stages):
        raise ValueError(f"There is no stage {scale}: the trace has {len(trace.stages)}, counted from the coarsest.")
    stage = trace.stages[scale]
    extractor = decoder_stages(model)[scale].extractor
    if stage.attention is None or not isinstance(extractor, BridgeFeatureExtractor):
        raise ValueError("This network was built without Bridge Feature Extractor, so no token has a value for it.")
    tokens = extractor.task_tokens({task: feature[:1] for task, feature in stage.task_specific.items()})
    return _handed_over(extractor.project.value(tokens), extractor.merge, stage.attention.shape[1])


def _handed_over(value: Tensor, projection: nn.Linear, heads: int) -> HandedOver:
    weight = projection.weight.unflatten(1, (heads, -1))
    handed = torch.einsum("khc,ohc->hko", value[0].unflatten(-1, (heads, -1)), weight).float()
    return torch.einsum("hko,gko->hgk", handed, handed).cpu().numpy()

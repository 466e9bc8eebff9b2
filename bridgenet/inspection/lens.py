"""How an answer forms from stage to stage: the refined features so far, read through the last convolution and the head.

What is called a logit lens in language models, for a decoder that adds up what its stages give.
"""

from contextlib import ExitStack
from typing import cast

import torch
from torch import Tensor, nn

from bridgenet.inspection.intervene import image_size
from bridgenet.inspection.parts import side_outputs
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.shapes import AnyFeature
from bridgenet.trace import Trace


@torch.inference_mode()
def answers_by_stage(model: Network, trace: Trace) -> tuple[dict[str, AnyFeature], ...]:
    """What every task would answer if the decoder ended after its first stage, its second, and so on.

    The fused feature is the sum of what all stages give (their side outputs); here those of later stages give nothing,
    zeros in place of what they add. So the last answer is the network's own, bit for bit, and the ones before it are
    read by a head that has never seen a feature without the later parts: what they show is what is already there to
    be read, not what a network of fewer stages would have learnt to say.

    Args:
        model: The network that made the trace.
        trace: Of one image or a batch.

    Returns:
        By stage, coarse to fine, the logits of every task, each (batch, channels, height, width) as `trace.logits`.

    Raises:
        ValueError: This network does not add up what its stages give.
    """
    sides = side_outputs(model)

    def silent(module: nn.Module, inputs: object, given: dict[str, Tensor]) -> dict[str, Tensor]:
        return {task: torch.zeros_like(feature) for task, feature in given.items()}

    answers = []
    for count in range(1, len(sides) + 1):
        with ExitStack() as hooks:
            hooks.enter_context(evaluating(model))
            for side in sides[count:]:
                hooks.callback(side.register_forward_hook(silent).remove)
            answered = cast(BridgeNet, model).answer(trace, image_size(trace))
        answers.append(dict(answered.logits))
    return tuple(answers)

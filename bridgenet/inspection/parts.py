"""BridgeNet's own parts, for the questions that only BridgeNet can be asked."""

from torch import nn

from bridgenet.model.bridgenet import BridgeNet
from bridgenet.model.meetings import BridgeMeeting
from bridgenet.model.network import Network
from bridgenet.model.stage import DecoderStage
from bridgenet.model.task_pattern_propagation import TaskPatternPropagation


def decoder_stages(model: Network) -> tuple[DecoderStage, ...]:
    """The decoder stages, coarse to fine.

    Raises:
        ValueError: It is another network.
    """
    if not isinstance(model, BridgeNet):
        raise ValueError(f"{type(model).__name__} has no decoder stages that a bridge feature refines.")
    return model.decoder_stages


def refiners(model: Network) -> list[list[nn.Module]]:
    """The refiners of every stage, one for each task; stages without a bridge have none.

    Raises:
        ValueError: It is another network.
    """
    return [[] if stage.refiners is None else list(stage.refiners.values()) for stage in decoder_stages(model)]


def side_outputs(model: Network) -> list[nn.Module]:
    """What each stage gives to the fusion, coarse to fine.

    Raises:
        ValueError: It is another network.
    """
    if not isinstance(model, BridgeNet):
        raise ValueError(f"{type(model).__name__} does not add up what its stages give to an answer.")
    return list(model.fusion.sides)


def pattern_propagation(model: Network) -> TaskPatternPropagation:
    """Task Pattern Propagation.

    Raises:
        ValueError: The network was built without it, or is another one.
    """
    found = model.pattern_propagation if isinstance(model, BridgeNet) else None
    if found is None:
        raise ValueError("This network was built without Task Pattern Propagation.")
    return found


def bridge_meeting(model: Network) -> BridgeMeeting | None:
    """Where the bridge reads the tasks, if it does."""
    return model.bridge_meeting if isinstance(model, BridgeNet) else None

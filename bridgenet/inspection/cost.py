"""What the tasks' meeting costs: over one bridge, and with an attention block of its own for every ordered pair.

Counted on the real modules by PyTorch's own counter, which knows convolutions and matrix products; norms, pooling,
resizing and softmax are small beside them and not counted. `costs_of_shapes` counts without computing anything, so
that the largest networks can be counted on any machine.
"""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from bridgenet.config import ModelConfig
from bridgenet.config.systems import AtrcConfig, MtiNetConfig
from bridgenet.inspection.parts import decoder_stages, pattern_propagation
from bridgenet.model import build_model
from bridgenet.model.network import Network
from bridgenet.tasks import TASKS
from bridgenet.trace import Stage, Trace

MOST_TASKS = 8
CLASSES = 20
"""Of a segmentation that a network does not have."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of some modules, for one image.

    Attributes:
        multiply_adds: Of convolutions and matrix products.
        parameters: Weights.
    """

    multiply_adds: int
    parameters: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.multiply_adds + other.multiply_adds, self.parameters + other.parameters)


NOTHING = Cost(0, 0)


@dataclass(frozen=True, slots=True)
class MeetingCosts:
    """Of ways to let the tasks of a network read each other, over all its stages.

    Attributes:
        bridge: One Bridge Feature Extractor per stage reads all tasks at once.
        pairs: The same block once for every ordered pair of tasks: one task asks, one other answers.
        query: What the bridge needs beside, and pairs do not: query maps from task-generic features, and the cascade
            from stage to stage.
        propagation: Task Pattern Propagation, the other place where tasks meet; nothing in a network without.
    """

    bridge: Cost
    pairs: Cost
    query: Cost
    propagation: Cost


def meeting_costs(model: Network, trace: Trace) -> MeetingCosts:
    """Costs for one image.

    Args:
        model: A BridgeNet, in evaluation mode.
        trace: What it made of one image. Only the shapes matter.

    Raises:
        ValueError: The network has no bridge.
    """
    met = list(_met(model, trace))
    return MeetingCosts(
        bridge=sum((_cost(extractor, stage.query, stage.task_specific) for extractor, stage in met), NOTHING),
        pairs=sum((_pairs_cost(extractor, stage) for extractor, stage in met), NOTHING),
        query=_query_cost(model, trace),
        propagation=NOTHING if trace.pattern is None else _cost(pattern_propagation(model), trace.task_specific),
    )


def costs_of_shapes(
    model: Network, features: Sequence[tuple[int, int, int]], image_size: tuple[int, int]
) -> MeetingCosts:
    """The same from shapes alone: nothing is computed, and no weight needs memory. For the notebooks.

    Args:
        model: A network with `decode`, with or without its backbone, in evaluation mode; it may have been
            built on the `meta` device.
        features: Channels, height and width of the backbone's maps, fine to coarse.
        image_size: Height and width of the image.

    Raises:
        ValueError: The network has no bridge.
    """
    weightless = all(weight.is_meta for weight in model.parameters())
    own = model if weightless else deepcopy(model).to("meta")
    with torch.no_grad():
        trace = own.decode(tuple(torch.empty(1, *shape, device="meta") for shape in features), image_size)
    return meeting_costs(own, trace)


def network_cost(config: ModelConfig, image_size: tuple[int, int]) -> Cost:
    """Of a whole network, of any system, for one image; nothing is computed and no weight needs memory.

    For your own programs.

    Args:
        config: The network.
        image_size: Height and width of the image.
    """
    if config.bridge_reads == "foreign":
        # Another image's tokens cost what its own do, and there is one image here.
        config = dataclasses.replace(config, bridge_reads="tasks")
    with torch.device("meta"):
        return _cost(build_model(config).eval(), torch.empty(1, 3, *image_size))


def costs_by_tasks(config: ModelConfig, image_size: tuple[int, int]) -> dict[int, Cost]:
    """Of the whole network if it had two tasks, three, and so on to eight, for one image.

    Up to six it is counted: with the network's own tasks first, then others. Seven and eight go on along the parabola
    through the last three, which is what attention and messages between all pairs need.

    Args:
        config: The network. What it says of single pairs or auxiliary tasks does not count.
        image_size: Height and width of the image.
    """
    channels = {task: about.channels or CLASSES for task, about in TASKS.items()} | config.tasks
    order = [*config.tasks, *(task for task in TASKS if task not in config.tasks)]
    systems = dataclasses.replace(
        config.systems,
        atrc=AtrcConfig(),
        mti_net=MtiNetConfig(),
        pad_net=dataclasses.replace(config.systems.pad_net, auxiliary=None),
    )
    costs: dict[int, Cost] = {}
    for count in range(2, len(order) + 1):
        tasks = {task: channels[task] for task in order[:count]}
        costs[count] = network_cost(dataclasses.replace(config, tasks=tasks, systems=systems), image_size)
    for count in range(len(order) + 1, MOST_TASKS + 1):
        before = [costs[count - back] for back in (1, 2, 3)]
        costs[count] = Cost(
            *(3 * one - 3 * two + three for one, two, three in zip(*map(dataclasses.astuple, before), strict=True))
        )
    return costs


@torch.inference_mode()
def meeting_seconds(model: Network, trace: Trace, repeats: int = 5) -> tuple[float, float]:
    """How long the meeting over the bridge takes here, and the one in pairs: the quickest of some repeats, in seconds.

    For the notebooks.

    Raises:
        ValueError: The network has no bridge.
    """
    met = list(_met(model, trace))
    pairs = [(extractor, pair) for extractor, stage in met for pair in _pairs(stage)]
    bridge = [(extractor, (stage.query, stage.task_specific)) for extractor, stage in met]
    return _quickest(bridge, repeats), _quickest(pairs, repeats)


def multiply_adds(module: nn.Module, *inputs: object) -> int:
    """Multiply-adds of the convolutions and matrix products of one call."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter, _ShapesOfTheUncounted():
        module(*inputs)
    return counter.get_total_flops() // 2


class _ShapesOfTheUncounted(TorchDispatchMode):
    """Answers of the `meta` device for what is not counted, without the steps that PyTorch takes to their shapes.

    It takes them in Python, which is more than half of the time of a network of many resized maps and batch norms.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if args and isinstance(args[0], Tensor) and args[0].is_meta:
            match func:
                case torch.ops.aten.gelu.default:
                    return torch.empty_like(args[0])
                case torch.ops.aten.native_batch_norm.default:
                    return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
                case torch.ops.aten.upsample_bilinear2d.default:
                    return args[0].new_empty(*args[0].shape[:2], *args[1])
        return func(*args, **(kwargs or {}))


def _cost(module: nn.Module, *inputs: object) -> Cost:
    return Cost(multiply_adds(module, *inputs), sum(weight.numel() for weight in module.parameters()))


def _pairs_cost(extractor: nn.Module, stage: Stage) -> Cost:
    """All pairs of a stage are alike, block and shapes: one is counted."""
    pairs = list(_pairs(stage))
    if not pairs:
        return NOTHING
    one = _cost(extractor, *pairs[0])
    return Cost(one.multiply_adds * len(pairs), one.parameters * len(pairs))


def _quickest(calls: Sequence[tuple[nn.Module, tuple[Any, ...]]], repeats: int) -> float:
    took = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        for module, inputs in calls:
            module(*inputs)
        took.append(time.perf_counter() - began)
    return min(took[1:])


def _query_cost(model: Network, trace: Trace) -> Cost:
    total, coarser = NOTHING, None
    stages = decoder_stages(model)
    features = trace.task_generic[-len(stages) :]
    for module, stage, feature in zip(stages, trace.stages, reversed(features), strict=True):
        if module.query is not None:
            total += _cost(module.query, feature)
        if module.cascade is not None and coarser is not None:
            total += _cost(module.cascade, stage.bridge_before_cascade, coarser)
        coarser = stage.bridge
    return total


def _met(model: Network, trace: Trace) -> Iterator[tuple[nn.Module, Stage]]:
    for module, stage in zip(decoder_stages(model), trace.stages, strict=True):
        if module.extractor is None or stage.query is None:
            raise ValueError("The network has no bridge: it was built with `bfe=False`, and its tasks do not meet.")
        yield module.extractor, stage


def _pairs(stage: Stage) -> Iterator[tuple[Tensor, Mapping[str, Tensor]]]:
    for asks, answers in permutations(stage.task_specific, 2):
        yield stage.task_specific[asks], {answers: stage.task_specific[answers]}

"""What every network here is: images in, a `Trace` out, and the places where its tasks meet, declared by itself.

Whoever looks into a network goes through this door: to cut a task from the others, `bridgenet.inspection` asks the
network's own `meetings`, and spells none of its modules.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from itertools import permutations
from typing import ClassVar, Literal, TypeVar, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.encoders import Encoders
from bridgenet.shapes import AnyFeature, Image
from bridgenet.tasks import TaskName
from bridgenet.trace import Features, Stage, Trace

Removal = Literal["mask", "zero", "mean", "swap"]
"""What takes the place of a task that is read: nothing, zeros, its own average, or another image's."""

REMOVALS: tuple[Removal, ...] = get_args(Removal)

Given = TypeVar("Given")

Shares = Float[Tensor, "tasks tasks"]
"""Share of each source (row) in what each target (column) reads. Columns sum to 1."""


Pairs = frozenset[tuple[TaskName, TaskName]]
"""Who reads whom: (source, target), names of tasks."""


def every_pair(tasks: Collection[TaskName]) -> Pairs:
    """Every task reads every other."""
    return frozenset(permutations(tasks, 2))


def through_one(tasks: Collection[TaskName]) -> Pairs:
    """Every task reads all tasks, itself among them: what they are joined in is one for all."""
    return frozenset((source, target) for source in tasks for target in tasks)


class Meeting(ABC):
    """A place where tasks read each other.

    Attributes:
        name: What it is called in settings, such as `bfe`.
        title: What people read, such as `BFE`.
        whole: What happens there, as the rest of a sentence: `the bridge reads all tokens`.
        cut_off: What is done to a task that is cut, `{}` standing for how: `the task's tokens are {} for the bridge`.
        hub: Whether one feature is made of all that is read, and given to every task. Else each task reads for itself.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    whole: ClassVar[str]
    cut_off: ClassVar[str]
    hub: ClassVar[bool] = False

    def pairs(self, trace: Trace) -> dict[str, Pairs]:
        """Who reads whom, by where in the trace: `pattern`, `exchange`, stages as `stages.0` and `encoder.stage1`.

        A meeting that does not say more of itself is one of messages: what was exchanged tells, or else all pairs.
        """
        sent: Pairs = frozenset(
            (source, target) for source, row in trace.exchange.items() for target in row if source != target
        )
        return {"exchange": sent or every_pair(trace.predictions)}

    @abstractmethod
    def cut(
        self, hooks: ExitStack, trace: Trace, sources: Collection[TaskName], removal: Removal, other: Trace | None
    ) -> None:
        """From now until `hooks` closes, no other task reads the sources here.

        Args:
            hooks: Where the way back is left.
            trace: The uncut pass of the image.
            sources: Names of tasks, at least one.
            removal: What is read in their place.
            other: For `swap`: the trace of another image of the same size.

        Raises:
            ValueError: Nothing would be left to read, or the other image does not fit.
        """

    @abstractmethod
    def drop(self, hooks: ExitStack, trace: Trace, share: float, generator: torch.Generator) -> None:
        """From now until `hooks` closes, a random share of what is read here is gone, whosever it is.

        The control of `cut`: with share = 1 / tasks as much is lost as one task brings.
        """

    def shares(self, trace: Trace) -> Shares | None:
        """How much each target reads of each source, as its attention or gates tell; None where nothing tells."""
        return None

    def gates(self, trace: Trace, stage: int = -1) -> dict[TaskName, Features]:
        """How far what is sent is let through, 0 to 1: `gates[source][target]`; empty where nothing is gated.

        Where tasks send at every stage, at this one: the finest is the last.
        """
        return {}

    def parts(self, trace: Trace, stage: str) -> dict[TaskName, Features]:
        """What each task brings into the mixture of each at a stage of `weights`: `parts[source][target]`."""
        return {}

    def weights(self) -> dict[str, Shares]:
        """Mean absolute weight by which each source (row) is mixed for each target (column), by stage of the encoder.

        Empty where no weights mix the tasks.
        """
        return {}


class Network(nn.Module, ABC):
    """Images in, one prediction per task out, and everything in between in the `Trace`.

    Attributes:
        config: What it was built from; kept for checkpoints.
        backbone: One for all tasks, or one for each. None for a network that starts from feature maps (`decode`).
        gradient_checkpointing: Keep little of the decoder for its gradient, and compute the rest again.
    """

    possible: ClassVar[tuple[type[Meeting], ...]] = ()
    """Meetings that networks of this class can have; which ones one has, `meetings` says."""

    gradient_checkpointing: bool = False

    def __init__(self, config: ModelConfig, backbone: Backbone | Encoders | None) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """Task names, in the order of every per-task dict."""
        return tuple(self.config.tasks)

    @property
    @abstractmethod
    def meetings(self) -> tuple[Meeting, ...]:
        """The places where tasks read each other, in the order of the computation.

        Empty: these tasks share an encoder at most, which none of them changes for another.
        """

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        """Which backbone maps enter where: places in `Trace.task_generic`, by where in the trace.

        Where nothing else is said, every task begins (`task_specific`) with the coarsest.
        """
        return {"task_specific": (-1,)}

    @property
    def norms_jointly(self) -> bool:
        """Whether tasks share the statistics of a norm, so that each task's scale is everybody's."""
        return False

    def hold_norms(self, hooks: ExitStack, trace: Trace) -> None:
        """From now until `hooks` closes, norms that tasks share use the statistics that they had in this trace.

        What did not change stays equal bit for bit. Without such norms there is nothing to hold.
        """
        return

    def forward(self, images: Image) -> Trace:
        """The trace of a batch of images (RGB in 0..1, any size).

        Raises:
            ValueError: They are no float tensor of this shape, or the network was built without a backbone.
        """
        if not isinstance(self.backbone, Backbone):
            raise ValueError("This network was built without a backbone: give its feature maps to decode().")
        return self.decode(self.backbone(images), (images.shape[-2], images.shape[-1]))

    @abstractmethod
    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        """The trace from task-generic features on.

        Args:
            features: Backbone maps, fine to coarse.
            image_size: (height, width) of the image that they were computed from.
        """

    def again(self, trace: Trace) -> Trace:
        """The pass of a trace once more, under the hooks that are set, from where its tasks may meet on.

        That is after the backbone, and in networks whose tasks reach into the encoder at the image.
        """
        height, width = next(iter(trace.predictions.values())).shape[-2:]
        return self.decode(trace.task_generic, (height, width))

    def refine(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        """The trace from its mixed features on; for networks that have them.

        Args:
            trace: Where `task_generic` and `mixed` come from.
            image_size: (height, width) of the image.

        Raises:
            ValueError: This network has no mixed features to start from.
        """
        raise ValueError(f"{type(self).__name__} has no mixed features from which it could go on.")


class FromImages(Network):
    """A network whose tasks reach into the encoder: there are no task-generic maps that it could start from."""

    def decode(self, features: tuple[AnyFeature, ...], image_size: tuple[int, int]) -> Trace:
        """Not here.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"Tasks of {type(self).__name__} reach into the encoder: give it images, not feature maps.")

    @abstractmethod
    def forward(self, images: Image) -> Trace: ...

    def maps_read(self, trace: Trace) -> dict[str, tuple[int, ...]]:
        return {}

    def again(self, trace: Trace) -> Trace:
        if trace.images is None:
            raise ValueError("This trace has no images to start from: is it that of another network?")
        return self(trace.images)


def its_backbone(backbone: Backbone | None, system: str) -> Backbone:
    """The backbone, for a network that needs one.

    Raises:
        ValueError: There is none.
    """
    if backbone is None:
        raise ValueError(f"Tasks of {system!r} reach into the encoder: it cannot be built without a backbone.")
    return backbone


def edit_input(hooks: ExitStack, module: nn.Module, edit: Callable[[Given], Given], *, index: int = 0) -> None:
    """From now until `hooks` closes, the module gets `edit` of one of its inputs, the first where none is named."""
    hook = module.register_forward_pre_hook(
        lambda module, inputs: (*inputs[:index], edit(inputs[index]), *inputs[index + 1 :])
    )
    hooks.callback(hook.remove)


def replaced(removal: Removal, spans: Sequence[slice], swapped: Tensor | None, tokens: Tensor) -> Tensor:
    """Tokens, keys or values (batch, tokens, channels) with other ones at the spans of the tasks that are cut.

    Args:
        removal: What stands there instead; see `replacement`.
        spans: Where the tasks that are cut have theirs.
        swapped: The tokens of another image, for `swap`.
        tokens: What is read.
    """
    tokens = tokens.clone()
    for span in spans:
        own = tokens[:, span]
        tokens[:, span] = replacement(removal, own, dim=1) if swapped is None else swapped[:, span]
    return tokens


def replacement(removal: Removal, own: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """What is read in the place of a tensor for the removals that need no other image.

    Args:
        removal: `mean` gives the average over `dim`; `mask` and `zero` give zeros, for places where a task is a summand
            and leaving it out is adding zero.
        own: What is removed.
        dim: The positions.
    """
    return own.mean(dim=dim, keepdim=True).expand_as(own) if removal == "mean" else torch.zeros_like(own)


def other_trace(other: Trace | None) -> Trace:
    """The other image's trace, where a removal needs one.

    Raises:
        ValueError: There is none.
    """
    if other is None:
        raise ValueError("Removal 'swap' takes the task from another image: give its trace as `other`.")
    return other


def check_same_grid(theirs: object, ours: object) -> None:
    """Whether another image's features fit in the place of this one's.

    Raises:
        ValueError: They do not.
    """
    if theirs != ours:
        raise ValueError(f"The other image has another grid ({theirs} instead of {ours}): bring both to one size.")


def random_mask(count: int, share: float, generator: torch.Generator) -> Tensor:
    """True at a random share of `count` positions; one is always left False."""
    dropped = torch.zeros(count, dtype=torch.bool)
    dropped[torch.randperm(count, generator=generator)[: min(round(share * count), count - 1)]] = True
    return dropped


def mask_keys(hooks: ExitStack, softmax: nn.Module, dropped: Tensor) -> None:
    """From now until `hooks` closes, keys are out of a softmax: rows still sum to 1, over the keys left."""
    edit_input(hooks, softmax, lambda logits: logits.masked_fill(dropped.to(logits.device), -torch.inf))


def over_stages(told: Sequence[Shares], stages: Sequence[Stage]) -> Shares:
    """Shares of all stages together, from those of each.

    Stages count for a target as much as they refined it: by the norm of what was added, relative to what entered. A
    target that no stage changed gets the plain mean of the stages.
    """
    changes = [
        torch.stack([_relative_change(stage.task_specific[task], stage.refined[task]) for task in stage.refined])
        for stage in stages
    ]
    weight = torch.stack(changes)
    weight = torch.where(weight.sum(dim=0) > 0, weight, torch.ones_like(weight))
    return (torch.stack(list(told)) * (weight / weight.sum(dim=0))[:, None]).sum(dim=0)


def _relative_change(entering: Tensor, refined: Tensor) -> Tensor:
    entering, refined = entering.double(), refined.double()
    return (refined - entering).norm() / entering.norm().clamp(min=torch.finfo(torch.float32).tiny)

"""Interventions: a module's output replaced, or a task removed from wherever other tasks read it.

Hooks belong to the model, not to the caller: whoever shares a model between threads holds its lock while one of these
context managers is open.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from bridgenet.inspection.capture import find_module, map_tensors
from bridgenet.inspection.choices import check_choice
from bridgenet.inspection.parts import bridge_meeting
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Meeting, Network, Removal
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

Norm = Literal["held", "free"]
"""Statistics of norms that tasks share: those of the uncut pass, or whatever the cut makes of them."""


def meetings_at(model: Network, places: Collection[str] | None = None) -> tuple[Meeting, ...]:
    """The meetings of a network at some places, or at all.

    Args:
        model: Any network.
        places: Names of meetings, or one name; those that the network does not have are passed over. None: everywhere.

    Raises:
        ValueError: A name is unknown to networks of this class, or the network has none of them.
    """
    places = (places,) if isinstance(places, str) else places
    there = model.meetings
    known = list(dict.fromkeys(meeting.name for meeting in (*model.possible, *there)))
    if unknown := [name for name in places or () if name not in known]:
        raise ValueError(f"There is no place {unknown[0]!r}. Possible: {', '.join(known) or 'none'}.")
    found = tuple(meeting for meeting in there if places is None or meeting.name in places)
    if not found:
        names = ", ".join(meeting.name for meeting in there)
        where = f"its tasks meet in: {names}" if there else "its tasks meet nowhere in the decoder"
        asked = "" if places is None else f" in places {tuple(places)}"
        raise ValueError(f"Nothing to cut{asked} of this network: {where}.")
    return found


def check_way(removal: str, norm: str) -> Removal:
    """The removal, by its type.

    Raises:
        ValueError: There is no such removal, or no such way to treat norms.
    """
    check_choice("removal", removal, Removal)
    check_choice("norm", norm, Norm)
    return cast(Removal, removal)


@contextmanager
def replace(model: nn.Module, name: str, function: Callable[[Any], Any]) -> Iterator[None]:
    """While it lasts, a module returns `function` of its output. For your own programs.

    For example `with replace(model, "stages.0.extractor", zeros): ...`.

    Args:
        model: Any network.
        name: Dotted module name.
        function: Gets what the module returned, and returns the same structure.

    Raises:
        KeyError: There is no module of this name; the message names similar ones.
        TypeError: The function returned nothing.
    """

    def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
        replacement = function(output)
        if replacement is None:
            raise TypeError(f"The function that replaces the output of {name!r} returned None: return the replacement.")
        return replacement

    handle = find_module(model, name).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def zeros(output: Any) -> Any:
    """The same structure (tensor, tuple, list, dict, dataclass) of zeros. For your own programs."""
    return map_tensors(torch.zeros_like, output)


@contextmanager
def without_task(
    model: Network,
    trace: Trace,
    source: str | Collection[str],
    removal: Removal | str = "mask",
    *,
    places: Collection[str] | None = None,
    norm: Norm | str = "held",
    other: Trace | None = None,
) -> Iterator[None]:
    """While it lasts, other tasks do not read the source: `model.again(trace)` is the cut pass.

    What is cut where is what the network declares of each of its meetings. In BridgeNet's TPP the source keeps its own
    map for itself; its bridge is one for all tasks, so there the source too is refined without its own tokens. Between
    encoders the source goes on as it was, and reads of the others what it read uncut.

    Args:
        model: The network that made the trace, in evaluation mode.
        trace: The uncut pass of the image.
        source: The task to remove, or several; an empty collection changes nothing, bit for bit.
        removal: `mask` leaves the source out; `zero` reads zeros in its place, `mean` the average over all positions,
            `swap` another image's.
        places: Names of the meetings where to cut, see `Network.meetings`; those that the network does not have are
            passed over. None: everywhere.
        norm: `held` keeps the statistics of norms that tasks share at those of the trace, so that only what is said
            changes, and not its scale. `free` lets them follow the cut.
        other: For `swap`: the trace of the other image, of the same size.

    Raises:
        ValueError: A name is unknown, nothing is left to cut, or nothing would be left to read.
    """
    tasks = tuple(trace.predictions)
    sources = (source,) if isinstance(source, str) else tuple(source)
    for name in sources:
        if name not in tasks:
            raise ValueError(f"This network has no task {name!r} to remove. It has: {', '.join(tasks)}.")
    way = check_way(removal, norm)
    cut: tuple[TaskName, ...] = tuple(task for task in tasks if task in sources)
    meetings = meetings_at(model, places) if cut else ()
    if removal == "swap" and other is None and cut:
        raise ValueError("Removal 'swap' takes the task from another image: give its trace as `other`.")
    with ExitStack() as hooks:
        if norm == "held":
            model.hold_norms(hooks, trace)
        for meeting in meetings:
            meeting.cut(hooks, trace, cut, way, other)
        yield


@contextmanager
def without_reading(model: Network, trace: Trace, *, norm: Norm | str = "held") -> Iterator[None]:
    """While it lasts, the bridge reads nothing: `model.again(trace)` is the pass without reading.

    Its query from the backbone, its feed-forward part, the cascade and the refiners stay: with `norm` free this is
    what the network of the same weights with `ModelConfig.bridge_reads = "nothing"` computes. Leaving the whole
    bridge out (`with_bridge_strength` 0) takes the backbone's finer maps away from the tasks as well.

    Args:
        model: The network that made the trace, in evaluation mode.
        trace: The pass to change.
        norm: As in `without_task`.

    Raises:
        ValueError: The bridge of this network reads no task, or there is none.
    """
    check_way("mask", norm)
    bridge = bridge_meeting(model)
    if bridge is None:
        raise ValueError(
            "The bridge of this network reads no task (or there is none): there is no reading to leave out."
        )
    with ExitStack() as hooks:
        if norm == "held":
            model.hold_norms(hooks, trace)
        bridge.silence(hooks)
        yield


@contextmanager
def random_drop(
    model: Network,
    trace: Trace,
    share: float,
    seed: int,
    *,
    places: Collection[str] | None = None,
    norm: Norm | str = "held",
) -> Iterator[None]:
    """The control of `without_task`: as much is lost, but nobody's in particular. For the notebooks.

    In BridgeNet a random share of the tokens of all tasks is masked in every stage of the BFE, and in TPP a random
    share of all (task, key) columns contributes nothing. With share = 1 / tasks both lose as much as one task brings.

    Args:
        model: The network that made the trace, in evaluation mode.
        trace: The uncut pass of the image.
        share: What is dropped, 0 to 1 (exclusive).
        seed: Fixes what is dropped.
        places: As in `without_task`.
        norm: As in `without_task`.

    Raises:
        ValueError: The share is out of range, a name is unknown, or nothing is left to cut.
    """
    if not 0 <= share < 1:
        raise ValueError(f"A share from 0 up to, but not including, 1 can be dropped, got {share}.")
    check_way("mask", norm)
    meetings = meetings_at(model, places)
    generator = torch.Generator().manual_seed(seed)
    with ExitStack() as hooks:
        if norm == "held":
            model.hold_norms(hooks, trace)
        for meeting in meetings:
            meeting.drop(hooks, trace, share, generator)
        yield


@torch.inference_mode()
def cut_trace(
    model: Network,
    trace: Trace,
    source: str | Collection[str],
    removal: Removal | str = "mask",
    *,
    places: Collection[str] | None = None,
    norm: Norm | str = "held",
    other: Trace | None = None,
) -> Trace:
    """The trace of the same image without the source, from where tasks meet on. As `without_task` otherwise."""
    with evaluating(model), without_task(model, trace, source, removal, places=places, norm=norm, other=other):
        return decode_again(model, trace)


def decode_again(model: Network, trace: Trace) -> Trace:
    """Everything from where tasks may meet on, computed again under the hooks that are set."""
    return model.again(trace)


def image_size(trace: Trace) -> tuple[int, int]:
    """Height and width of the network's input."""
    height, width = next(iter(trace.predictions.values())).shape[-2:]
    return height, width


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    parameter: Tensor = next(model.parameters())
    return parameter.device

"""Which tasks and layers a number comes from: Captum on dense targets.

Every function leaves the model as it found it, also after an error or a cancelled run: modes, gradients, hooks and the
global random state. Inputs may be inference tensors. A `progress` is told (done, total) and may raise to cancel.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from captum.attr import FeatureAblation, ShapleyValues
from jaxtyping import Float
from torch import Tensor, nn

from bridgenet.inspection.choices import check_choice
from bridgenet.inspection.images import one_image
from bridgenet.inspection.targets import Target
from bridgenet.model.layers import resize_to
from bridgenet.model.modes import evaluating
from bridgenet.shapes import AnyFeature, Image
from bridgenet.trace import Features, Trace

TaskMethod = Literal["ablation", "shapley"]
LayerMethod = Literal["gradcam", "gradient_x_activation"]
FeatureBaseline = Literal["mean", "zero"]
Progress = Callable[[int, int], None]

CHUNK = 4
"""Images that go through the network at once."""

OF_PAIRS = {"attention", "fused_logits", "cross_attention", "cross_logits"}
"""Parts of a trace that say something of pairs of places; so do the logits of `pattern`."""

Map = Float[np.ndarray, "height width"]
AnyMap = Float[np.ndarray, "_ _"]
Switches = tuple[bool, ...]

Passes = MutableMapping[tuple[FeatureBaseline, tuple[Switches, ...]], Features]
"""What the heads said (logits by task), by what stood in for removed features and by the coalitions that were run."""


@runtime_checkable
class Refines(Protocol):
    """A network whose stages can be run again from the mixed features of a trace."""

    def refine(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        """The trace from its mixed features on."""
        ...


@dataclass(frozen=True, slots=True)
class TaskAttribution:
    """How much each task's mixed feature contributes to a target, in the target's unit.

    Attributes:
        tasks: In the order of the network.
        scores: One per task. ablation: the target's fall when this task alone is replaced. shapley: its mean rise over
            all orders in which the tasks can be added, so the scores sum to `full_value - baseline_value`.
        full_value: The target with every feature in place.
        baseline_value: The target with every feature replaced.
        method: How they were computed.
        baseline: What a feature was replaced by.
        unit: Of scores and values.
    """

    tasks: tuple[str, ...]
    scores: Float[np.ndarray, "task"]
    full_value: float
    baseline_value: float
    method: TaskMethod
    baseline: FeatureBaseline
    unit: str

    @property
    def remainder(self) -> float:
        """What the scores leave unexplained. 0 for shapley; for ablation, what tasks do only together."""
        return self.full_value - self.baseline_value - float(self.scores.sum())


@dataclass(frozen=True, slots=True)
class LayerAttribution:
    """Where in a layer a target comes from: positive raises it, negative lowers it.

    Attributes:
        map: On the layer's own grid.
        layer: Its trace path.
        method: How it was computed.
    """

    map: Map
    layer: str
    method: LayerMethod


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode with gradients at hand, whatever the surroundings; then everything as it was before."""
    # Within inference mode nothing could be differentiated, and its tensors could not be saved for it.
    with torch.inference_mode(False), torch.enable_grad(), evaluating(model):
        yield


def silent(done: int, total: int) -> None:
    """Where nobody asked for progress."""


def attribute_tasks(
    model: nn.Module,
    trace: Trace,
    target: Target,
    method: TaskMethod = "ablation",
    baseline: FeatureBaseline = "mean",
    progress: Progress | None = None,
    passes: Passes | None = None,
) -> TaskAttribution:
    """Contribution of each task's mixed feature (`mixed.<task>`), which is what enters the decoder stages.

    The stages, the fusion and the heads are run for every coalition of tasks that is asked for: T + 2 of them for
    ablation, all 2^T for shapley, which is exact. The query maps of the backbone stay, and so does everything that the
    tasks exchanged before. The joint norm of the side outputs is recomputed: its rescaling is part of a score.

    Args:
        model: Anything that can `refine` the trace.
        trace: The uncut forward pass. Over a batch, values and scores are averaged.
        target: What is explained.
        method: ablation removes one task at a time; shapley shares out what tasks do together.
        baseline: What replaces a removed feature: each channel's mean over the map, or zero.
        progress: Told the coalitions done and their total.
        passes: Keeps what was said for another target of the same trace and model, which then runs nothing again.

    Raises:
        TypeError: The model cannot start from mixed features.
        ValueError: The trace has none, or there is no such method or baseline.
    """
    check_choice("method", method, TaskMethod)
    check_choice("baseline", baseline, FeatureBaseline)
    if not isinstance(model, Refines):
        raise TypeError(
            f"{type(model).__name__} cannot start from mixed features: it needs a method refine(trace, size)."
        )
    tasks = tuple(trace.mixed)
    if not tasks:
        raise ValueError("This network has no mixed features, so nothing of one task enters its decoder alone.")
    with undisturbed(model), torch.no_grad():
        wanted = _coalitions(len(tasks), method)
        kept: Passes = {} if passes is None else passes
        values = _coalition_values(model, trace, target, wanted, baseline, progress or silent, kept)
        # Captum sees one on-off switch per task, and looks values up: its n! orders share 2^n forward passes.
        switches = torch.ones(1, len(tasks))

        def value_of(rows: Tensor) -> Tensor:
            return torch.tensor([values[tuple(row.bool().tolist())] for row in rows])

        explain = FeatureAblation(value_of) if method == "ablation" else ShapleyValues(value_of)
        # As many rows at once as there are tasks: all of one order, in half of the time.
        scores = explain.attribute(switches, baselines=0, perturbations_per_eval=len(tasks))
    full, nothing = (True,) * len(tasks), (False,) * len(tasks)
    return TaskAttribution(tasks, scores[0].numpy(), values[full], values[nothing], method, baseline, target.unit)


def attribute_layer(
    model: nn.Module, images: Image, target: Target, layer: str, method: LayerMethod = "gradcam"
) -> LayerAttribution:
    """Contribution of every place of one feature map of the trace.

    The gradient is taken at the trace's own tensor: Captum's layer methods address modules that return one tensor, and
    here modules return several. The formulae are those of Captum's LayerGradCam and LayerGradientXActivation, signed.
    A layer that the target does not read gets zeros.

    Args:
        model: Images to trace.
        images: One image (1, 3, height, width), 0..1.
        target: What is explained.
        layer: Path of a feature map: `task_generic.3`, `stages.0.bridge`, `stages.2.refined.depth`, ...
        method: gradcam weights a channel by its mean gradient; gradient_x_activation by the gradient at each place.

    Raises:
        KeyError: There is no such path; the message lists those that exist.
        ValueError: The path is that of an attention map, there are several images, it is none, or there is no such
            method.
    """
    check_choice("method", method, LayerMethod)
    if OF_PAIRS & {*layer.split(".")} or layer.startswith("pattern.logits."):
        raise ValueError(f"{layer} relates pairs of places and has no map of its own. Choose a feature map.")
    with undisturbed(model):
        trace: Trace = model(one_image(images).requires_grad_())
        activation = trace[layer]
        (gradient,) = torch.autograd.grad(target.value(trace).sum(), activation, allow_unused=True)
        gradient = torch.zeros_like(activation) if gradient is None else gradient
        match method:
            case "gradcam":
                weighted = gradient.mean(dim=(2, 3), keepdim=True) * activation
            case "gradient_x_activation":
                weighted = gradient * activation
        return LayerAttribution(weighted.detach().sum(dim=1)[0].cpu().numpy(), layer, method)


def _coalitions(tasks: int, method: TaskMethod) -> list[Switches]:
    everything = list(product((True, False), repeat=tasks))
    match method:
        case "shapley":
            return everything
        case "ablation":
            return [switches for switches in everything if sum(switches) in (0, tasks - 1, tasks)]


def _coalition_values(
    model: Refines,
    trace: Trace,
    target: Target,
    wanted: list[Switches],
    baseline: FeatureBaseline,
    progress: Progress,
    passes: Passes,
) -> dict[Switches, float]:
    """The target, averaged over the batch, with the features of each coalition in place and the others replaced."""
    # Clones, because tensors of inference mode stay what they are outside of it.
    present = {task: feature.clone() for task, feature in trace.mixed.items()}
    absent = {task: _replaced(feature, baseline) for task, feature in present.items()}
    generic = tuple(feature.clone() for feature in trace.task_generic)
    prediction = trace.predictions[next(iter(trace.predictions))]
    size, values = (prediction.shape[-2], prediction.shape[-1]), {}
    progress(0, len(wanted))
    for start in range(0, len(wanted), CHUNK):
        chunk = tuple(wanted[start : start + CHUNK])
        said = passes.get((baseline, chunk))
        if said is None:
            mixed = {
                task: torch.cat([(present if switches[index] else absent)[task] for switches in chunk])
                for index, task in enumerate(present)
            }
            repeated = tuple(feature.repeat(len(chunk), 1, 1, 1) for feature in generic)
            refined = model.refine(replace(trace, task_generic=repeated, mixed=mixed), size)
            passes[baseline, chunk] = refined.logits
        else:
            refined = replace(trace, predictions={task: resize_to(logits, size) for task, logits in said.items()})
        means = target.value(refined).unflatten(0, (len(chunk), -1)).mean(dim=1)
        values.update(zip(chunk, means.tolist(), strict=True))
        progress(len(values), len(wanted))
    return values


def _replaced(feature: AnyFeature, baseline: FeatureBaseline) -> AnyFeature:
    match baseline:
        case "mean":
            return feature.mean(dim=(2, 3), keepdim=True).expand_as(feature)
        case "zero":
            return torch.zeros_like(feature)

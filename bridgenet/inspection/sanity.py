"""Whether an attribution can be believed: does it need the trained weights, and do its pixels matter?"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import scipy
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from bridgenet.inspection.attribution import AnyMap, Progress, silent, undisturbed
from bridgenet.inspection.images import one_image
from bridgenet.inspection.pixels import PixelBaseline, baseline_image
from bridgenet.inspection.targets import Target
from bridgenet.shapes import Image

CELL = 16
"""Side in pixels of the squares that are deleted: holes of one shape, however ragged a map is."""


@dataclass(frozen=True, slots=True)
class DeletionCurve:
    """The target while pixels are deleted, the most important first, and in a random order as control.

    Attributes:
        fractions: Share of the image's pixels that are gone, from 0 to 1.
        values: The target at each fraction.
        control: The same with squares deleted in a random order.
        baseline: What a deleted pixel is replaced by.
        unit: Of values and control.
    """

    fractions: Float[np.ndarray, "step"]
    values: Float[np.ndarray, "step"]
    control: Float[np.ndarray, "step"]
    baseline: PixelBaseline
    unit: str

    @property
    def advantage(self) -> float:
        """Mean distance by which the control stays above: positive where the map found what raises the target."""
        return float(np.trapezoid(self.control - self.values, self.fractions))


def reinitialised(model: nn.Module, seed: int = 0, images: Image | None = None) -> nn.Module:
    """A copy of the same architecture with fresh random weights, for running a method where nothing was learnt.

    Every module draws its own initial values again; parameters of modules that cannot (position embeddings) are drawn
    from a normal distribution with their own mean and deviation. The copy is in evaluation mode.

    Args:
        model: Stays as it is.
        seed: Fixes the copy.
        images: Batch norms take their statistics from these. Without them a deep random network fades to a constant,
            and its maps are made of rounding errors.
    """
    with torch.inference_mode(False), torch.no_grad():
        copy = deepcopy(model).eval()
        copy.zero_grad(set_to_none=True)
        devices = {parameter.device for parameter in copy.parameters() if parameter.is_cuda}
        with torch.random.fork_rng(devices=list(devices)):
            torch.manual_seed(seed)
            for module in copy.modules():
                _draw_again(module)
        if images is not None:
            _calibrate(copy, images.detach().clone())
    return copy


def _draw_again(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    for parameter in module.parameters(recurse=False):
        parameter.normal_(float(parameter.mean()), float(parameter.std(correction=0)))


def _calibrate(model: nn.Module, images: Image) -> None:
    """One pass in which batch norms, and nothing else, are in training mode."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.training = True
    # Twice the same, because a norm on a grid of one place needs a second value to be in training mode.
    model(images.repeat(2, 1, 1, 1))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.training = False


def rank_agreement(map: AnyMap, other: AnyMap) -> float:
    """Spearman's rank correlation, -1..1, of two maps; the second is brought to the size of the first.

    Not a number where a map is constant, because it then ranks nothing.
    """
    resized = _resized(other, (map.shape[0], map.shape[1])).numpy()
    if np.ptp(map) == 0 or np.ptp(resized) == 0:
        return float("nan")
    return float(np.asarray(scipy.stats.spearmanr(map.ravel(), resized.ravel()))[0])


def deletion_curve(
    model: nn.Module,
    images: Image,
    target: Target,
    map: AnyMap,
    steps: int = 8,
    baseline: PixelBaseline = "blurred",
    seed: int = 0,
    progress: Progress | None = None,
) -> DeletionCurve:
    """The target while squares of 16 pixels are deleted in the order of a map, and in a random order.

    Args:
        model: Images to trace.
        images: One image (1, 3, height, width), 0..1.
        target: What the map explains.
        map: Importance, of any resolution; signed, so what raises the target goes first.
        steps: Number of equal portions.
        baseline: What a deleted pixel is replaced by. Blurred keeps colours, so that no hole looks like an object.
        seed: Of the random order.
        progress: Told the images computed and their total; may raise to cancel.

    Raises:
        ValueError: There are several images, it is none, there are no steps, or the map is none.
    """
    if steps < 1:
        raise ValueError(f"A curve needs at least one step, got {steps}.")
    if map.ndim != 2 or not map.size or not np.isfinite(map).all():
        raise ValueError(f"A map that orders pixels is finite, (height, width); got {map.shape}, or NaN in it.")
    with undisturbed(model), torch.no_grad():
        image = one_image(images)
        size = (image.shape[-2], image.shape[-1])
        importance = F.avg_pool2d(_resized(map, size)[None, None], CELL, ceil_mode=True, count_include_pad=False)
        order = importance.flatten().argsort(descending=True, stable=True)
        random_order = torch.randperm(len(order), generator=torch.Generator().manual_seed(seed))
        counts = [round(len(order) * step / steps) for step in range(steps + 1)]
        grid = (importance.shape[-2], importance.shape[-1])
        holes = [_deleted(order[:count], grid, size) for count in counts]
        # Nothing deleted and everything deleted are the same in any order.
        holes += [_deleted(random_order[:count], grid, size) for count in counts[1:-1]]
        values = _values(model, target, image, baseline_image(image, baseline), holes, progress or silent)
    control = np.concatenate([values[:1], values[steps + 1 :], values[steps : steps + 1]])
    fractions = np.array([float(hole.double().mean()) for hole in holes[: steps + 1]])
    return DeletionCurve(fractions, values[: steps + 1], control, baseline, target.unit)


def _values(
    model: nn.Module, target: Target, image: Image, replacement: Image, holes: list[Tensor], progress: Progress
) -> Float[np.ndarray, "step"]:
    values = []
    for done, hole in enumerate(holes):
        progress(done, len(holes))
        values.append(float(target.value(model(torch.where(hole.to(image.device), replacement, image)))))
    progress(len(holes), len(holes))
    return np.array(values)


def _deleted(cells: Tensor, grid: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """The pixels (height, width) of these cells."""
    hole = torch.zeros(grid[0] * grid[1], dtype=torch.bool)
    hole[cells] = True
    return hole.view(grid).repeat_interleave(CELL, 0).repeat_interleave(CELL, 1)[: size[0], : size[1]]


def _resized(map: AnyMap, size: tuple[int, int]) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(map)).float()
    if tensor.shape == size:
        return tensor
    return F.interpolate(tensor[None, None], size, mode="bilinear", align_corners=False)[0, 0]

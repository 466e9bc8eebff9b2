"""Which pixels a number comes from: Captum's gradients and occlusion on dense targets."""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Occlusion
from jaxtyping import Float
from scipy import ndimage
from torch import Tensor, nn

from bridgenet.inspection.attribution import CHUNK, Map, Progress, silent, undisturbed
from bridgenet.inspection.choices import check_choice
from bridgenet.inspection.images import one_image
from bridgenet.inspection.targets import Target
from bridgenet.shapes import Image

PixelMethod = Literal["integrated_gradients", "gradient_x_input", "occlusion"]
PixelBaseline = Literal["mean", "black", "blurred"]

BLUR_SHARE = 1 / 16
"""Deviation of the blur over the image's shorter side: objects dissolve, the layout of light and colour stays."""


@dataclass(frozen=True, slots=True)
class PixelAttribution:
    """Where in the image a target comes from: positive raises it, negative lowers it.

    Attributes:
        map: At the size of the image, in the target's unit. Gradients: summed over the colour channels. occlusion: the
            target's fall when the window around the pixel is covered.
        method: How it was computed.
        baseline: What the image was compared with; None for gradient_x_input, whose baseline is black to first order.
        steps: integrated_gradients: points on the way from the baseline. Otherwise the images that were computed.
        value: The target on the image.
        baseline_value: The target on the baseline; None where it is not computed.
        delta: integrated_gradients: the sum of the map minus `value - baseline_value`; 0 is exact. Otherwise None.
    """

    map: Map
    method: PixelMethod
    baseline: PixelBaseline | None
    steps: int
    value: float
    baseline_value: float | None = None
    delta: float | None = None

    @property
    def relative_delta(self) -> float | None:
        """Size of delta over that of `value - baseline_value`: below 0.05 the map may be trusted to add up."""
        if self.delta is None or self.baseline_value is None:
            return None
        difference = abs(self.value - self.baseline_value)
        return abs(self.delta) / difference if difference > 0 else float("inf" if self.delta else 0)


def attribute_pixels(
    model: nn.Module,
    images: Image,
    target: Target,
    method: PixelMethod = "integrated_gradients",
    steps: int = 16,
    baseline: PixelBaseline = "blurred",
    window: int = 32,
    progress: Progress | None = None,
) -> PixelAttribution:
    """Contribution of every pixel.

    Args:
        model: Images to trace.
        images: One image (1, 3, height, width), 0..1.
        target: What is explained.
        method: integrated_gradients averages gradients on the way from the baseline; gradient_x_input takes the one at
            the image; occlusion covers square windows with the baseline.
        steps: Points on the way, integrated_gradients only. 16 give a look; where `relative_delta` is large, take 64.
        baseline: The image blurred, its mean colour, or black. The way from the blurred image is the shortest, and so
            the one that a few steps follow best.
        window: Side of the covered squares in pixels, occlusion only.
        progress: Told the images computed and their total.

    Raises:
        ValueError: There are several images, it is none, steps or window is below 1, or there is no such method or
            baseline.
    """
    check_choice("method", method, PixelMethod)
    if steps < 1 or window < 1:
        raise ValueError(f"Steps and window must be at least 1, got {steps} and {window}.")
    with undisturbed(model):
        image = one_image(images)
        compared = baseline_image(image, baseline)
        match method:
            case "integrated_gradients":
                return _integrated_gradients(
                    _Counted(model, target, steps + 2, progress), image, compared, steps, baseline
                )
            case "gradient_x_input":
                counted = _Counted(model, target, 1, progress)
                attributed = InputXGradient(counted).attribute(image.requires_grad_())
                return PixelAttribution(_summed(attributed), method, None, 1, counted.last)
            case "occlusion":
                return _occlusion(model, target, image, compared, window, baseline, progress)


def baseline_image(images: Image, kind: PixelBaseline) -> Image:
    """Images that say less: each one's mean colour, black, or blurred. For the notebooks.

    Raises:
        ValueError: There is no such kind.
    """
    check_choice("baseline", kind, PixelBaseline)
    match kind:
        case "mean":
            return images.mean(dim=(2, 3), keepdim=True).expand_as(images).clone()
        case "black":
            return torch.zeros_like(images)
        case "blurred":
            deviation = BLUR_SHARE * min(images.shape[-2:])
            blurred = ndimage.gaussian_filter(images.cpu().numpy(), (0, 0, deviation, deviation))
            return torch.from_numpy(np.asarray(blurred)).to(images)


class _Counted:
    """The target as a function of images, one number each, that reports how many it has seen."""

    def __init__(self, model: nn.Module, target: Target, total: int, progress: Progress | None) -> None:
        self.model, self.target, self.total, self.progress = model, target, total, progress or silent
        self.done, self.last = 0, float("nan")
        self.progress(0, total)

    def __call__(self, images: Tensor) -> Float[Tensor, "batch"]:
        values = self.target.value(self.model(images))
        self.done, self.last = self.done + len(images), float(values[-1].detach())
        self.progress(min(self.done, self.total), self.total)
        return values


def _integrated_gradients(
    counted: _Counted, image: Image, compared: Image, steps: int, baseline: PixelBaseline
) -> PixelAttribution:
    with torch.no_grad():
        value, baseline_value = (float(counted(end)) for end in (image, compared))
    attributed = IntegratedGradients(counted).attribute(
        image, baselines=compared, n_steps=steps, internal_batch_size=CHUNK
    )
    delta = float(attributed.double().sum()) - (value - baseline_value)
    return PixelAttribution(_summed(attributed), "integrated_gradients", baseline, steps, value, baseline_value, delta)


def _occlusion(
    model: nn.Module,
    target: Target,
    image: Image,
    compared: Image,
    window: int,
    baseline: PixelBaseline,
    progress: Progress | None,
) -> PixelAttribution:
    height, width = (min(window, side) for side in image.shape[-2:])
    covered = ceil(image.shape[-2] / height) * ceil(image.shape[-1] / width)
    counted = _Counted(model, target, covered + 1, progress)
    with torch.no_grad():
        value = float(target.value(model(image)))
        attributed = Occlusion(counted).attribute(
            image,
            sliding_window_shapes=(3, height, width),
            strides=(3, height, width),
            baselines=compared,
            perturbations_per_eval=CHUNK,
        )
    # A window covers all three channels, and each of them is given its whole effect.
    return PixelAttribution(attributed[0].mean(dim=0).cpu().numpy(), "occlusion", baseline, covered, value)


def _summed(attributed: Image) -> Map:
    return attributed.detach()[0].sum(dim=0).cpu().numpy()

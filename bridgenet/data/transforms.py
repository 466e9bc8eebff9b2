"""From a raw sample to what the network sees: size, zoom, crop, mirror, colours, and the marking of missing truth.

All chance comes from one generator that is handed in, so a seed and a picture fix the result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import adaptive_max_pool2d, interpolate
from torchvision.transforms.v2 import functional as F
from torchvision.tv_tensors import Image, Mask

from bridgenet.config import IMAGENET_MEAN
from bridgenet.reading.sample import DataError, RawSample
from bridgenet.tasks import IGNORE, TASKS, TaskName

Window = tuple[int, int, int, int]
"""Top, left, height and width in pixels."""

CROP_TRIES = 10


class TruthMap(Mask):
    """Ground truth. It is never blended: a resized map takes, for each pixel, the value nearest to its centre."""


class LabelMap(TruthMap):
    """Class indices (height, width)."""


class EdgeMap(TruthMap):
    """Boundaries (height, width): lines of one pixel, which must not break when the picture shrinks."""


class DepthMap(TruthMap):
    """Metres (1, height, width), 0 = invalid."""


class NormalMap(TruthMap):
    """Unit vectors (3, height, width) with x to the right; zero = invalid."""


@F.register_kernel(F.horizontal_flip, NormalMap)
def _mirror_normals(normals: NormalMap) -> Tensor:
    """In a mirror, what faced right faces left."""
    mirrored = F.horizontal_flip_mask(normals.as_subclass(Tensor))
    mirrored[0].neg_()
    return NormalMap(mirrored)


@F.register_kernel(F.resize, TruthMap)
def _resize_by_centres(truth: TruthMap, size: list[int], **_: Any) -> Tensor:
    """Keeps truth and image aligned; torchvision's own rule for masks shifts them by up to half a pixel."""
    plain = truth.as_subclass(Tensor)
    resized = interpolate(plain.reshape(1, -1, *plain.shape[-2:]), size, mode="nearest-exact")
    return type(truth)(resized.reshape(*plain.shape[:-2], *size))


@F.register_kernel(F.resize, EdgeMap)
def _resize_edges(edges: EdgeMap, size: list[int], **_: Any) -> Tensor:
    """A shrunken pixel is a boundary if any pixel under it is."""
    plain = edges.as_subclass(Tensor)
    if size[0] <= plain.shape[-2] and size[1] <= plain.shape[-1]:
        return EdgeMap(adaptive_max_pool2d(plain[None].float(), size)[0].to(plain.dtype))
    return _resize_by_centres(edges, size)


@dataclass(frozen=True)
class Photometric:
    """Strengths of the colour distortion. Each kind happens to half of the images."""

    brightness: float = 32 / 255
    """Largest shift of all values, which lie in 0..1."""

    contrast: tuple[float, float] = (0.5, 1.5)
    saturation: tuple[float, float] = (0.5, 1.5)
    hue: float = 0.1
    """Largest shift, as a share of the colour circle."""


class TrainTransform:
    """Random zoom, crop, mirror and colours; the image comes out at the input size, and so do its targets.

    Args:
        input_size: Height and width of the result.
        resize: True: the whole picture is brought to the input size, then zoomed about a random place; where it has
            become smaller than the input it lies at a random place of it. False: it keeps its resolution, is zoomed,
            cropped and padded on all sides.
        zoom: Range of the zoom. Depth is divided by it: what looks larger is nearer.
        flip: Mirror half of the pictures.
        photometric: Strengths of the colour distortion, None for none.
        dominant_class_limit: Without `resize`, a crop with a larger share of one class is drawn again.
        pad_colour: RGB (0..1) that the network normalises to zero.
        target_stride: With `resize`, targets come out smaller than the image by this factor.
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        resize: bool = True,
        zoom: tuple[float, float] = (1.0, 1.0),
        flip: bool = True,
        photometric: Photometric | None = None,
        dominant_class_limit: float = 0.75,
        pad_colour: tuple[float, float, float] = IMAGENET_MEAN,
        target_stride: int = 1,
    ) -> None:
        self.input_size = input_size
        self.resize = resize
        self.zoom = zoom
        self.flip = flip
        self.photometric = photometric
        self.dominant_class_limit = dominant_class_limit
        self.pad_colour = pad_colour
        self.target_stride = target_stride

    def __call__(self, raw: RawSample, generator: Generator) -> tuple[Tensor, dict[TaskName, Tensor]]:
        """The image, float (3, height, width) in 0..1, and its targets."""
        image, targets = as_maps(raw)
        native = (image.shape[-2], image.shape[-1])
        zoom = _uniform(generator, *self.zoom)
        if self.resize:
            window, size = _random_window(native, max(1.0, zoom), generator), self._shrunken(min(1.0, zoom))
        else:
            window, size = self._window_and_size(native, zoom, targets.get("semseg"), generator)
        target_size = (size[0] // self.target_stride, size[1] // self.target_stride)
        image, targets = _cut(image, window, size), _each(targets, lambda target: _cut(target, window, target_size))
        # What is seen larger is nearer.
        targets = _each(targets, lambda target: DepthMap(target / zoom) if isinstance(target, DepthMap) else target)
        if self.flip and _coin(generator):
            image, targets = F.horizontal_flip(image), _each(targets, F.horizontal_flip)
        colours = F.to_dtype(image.as_subclass(Tensor), torch.float32, scale=True)
        if self.photometric is not None:
            colours = distort_colours(colours, self.photometric, generator)
        if size != self.input_size:
            place = self._place(size, generator) if self.resize else None
            colours, targets = pad_to(
                colours, targets, self.input_size, self.pad_colour, place, target_stride=self.target_stride
            )
        return colours, mark_ignored(targets)

    def _shrunken(self, zoom: float) -> tuple[int, int]:
        """Size of the whole picture under a zoom of at most 1: whole pixels of the targets."""
        if zoom == 1:
            return self.input_size
        height, width = (
            max(1, round(side // self.target_stride * zoom)) * self.target_stride for side in self.input_size
        )
        return height, width

    def _place(self, size: tuple[int, int], generator: Generator) -> tuple[int, int]:
        """Top and left of a picture smaller than the input: whole pixels of the targets."""
        stride = self.target_stride
        top, left, _, _ = _placed(
            (self.input_size[0] // stride, self.input_size[1] // stride),
            (size[0] // stride, size[1] // stride),
            generator,
        )
        return top * stride, left * stride

    def _window_and_size(
        self, native: tuple[int, int], zoom: float, labels: Tensor | None, generator: Generator
    ) -> tuple[Window, tuple[int, int]]:
        """Part of the picture that a crop of the zoomed picture shows, and the size at which it shows it."""
        zoomed = tuple(max(1, round(side * zoom)) for side in native)
        size = (min(self.input_size[0], zoomed[0]), min(self.input_size[1], zoomed[1]))
        window = (0, 0, *native)
        for _ in range(CROP_TRIES):
            height, width = (max(1, min(side, round(s / zoom))) for side, s in zip(native, size, strict=True))
            window = _placed(native, (height, width), generator)
            if labels is None or self._is_varied(labels, window):
                break
        return window, size

    def _is_varied(self, labels: Tensor, window: Window) -> bool:
        top, left, height, width = window
        part = labels[top : top + height : 2, left : left + width : 2]
        counts = torch.bincount(part.reshape(-1), minlength=IGNORE + 1)[:IGNORE]
        return bool((counts > 0).sum() > 1) and bool(counts.max() < self.dominant_class_limit * counts.sum())


class EvaluationTransform:
    """Nothing random: the image at the input size; targets as they are (`resize`), or padded with the image.

    Args:
        input_size: Height and width of the image.
        resize: Whether the image is resized (True) or padded (False).
        pad_colour: RGB (0..1) that the network normalises to zero.
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        resize: bool = True,
        pad_colour: tuple[float, float, float] = IMAGENET_MEAN,
    ) -> None:
        self.input_size = input_size
        self.resize = resize
        self.pad_colour = pad_colour

    def __call__(self, raw: RawSample) -> tuple[Tensor, dict[TaskName, Tensor]]:
        """The image, float (3, height, width) in 0..1, and its targets."""
        image, targets = as_maps(raw)
        if self.resize:
            image = F.resize(image, list(self.input_size), antialias=True)
        colours = F.to_dtype(image.as_subclass(Tensor), torch.float32, scale=True)
        if not self.resize:
            colours, targets = pad_to(colours, targets, self.input_size, self.pad_colour)
        return colours, mark_ignored(targets)


def as_maps(raw: RawSample) -> tuple[Image, dict[TaskName, Mask]]:
    """Tensors whose types tell torchvision how each must be transformed."""
    image = Image(torch.from_numpy(np.ascontiguousarray(raw.image.transpose(2, 0, 1))))
    targets: dict[TaskName, Mask] = {}
    for task, array in raw.targets.items():
        match TASKS[task].kind:
            case "direction":
                targets[task] = NormalMap(torch.from_numpy(array).permute(2, 0, 1))
            case "metres":
                targets[task] = DepthMap(torch.from_numpy(array[None]))
            case "classes" | "probability":
                lines = TASKS[task].extent == "lines"
                targets[task] = (EdgeMap if lines else LabelMap)(torch.from_numpy(array))
    return image, targets


def pad_to(
    image: Tensor,
    targets: dict[TaskName, Mask],
    size: tuple[int, int],
    colour: tuple[float, float, float],
    place: tuple[int, int] | None = None,
    target_stride: int = 1,
) -> tuple[Tensor, dict[TaskName, Mask]]:
    """Puts picture and targets into a frame. What is added has `colour`, and no ground truth.

    Args:
        image: (3, height, width), 0..1.
        targets: Smaller than the image by `target_stride`.
        size: Height and width of the frame.
        colour: RGB, 0..1.
        place: Top and left of the picture, multiples of `target_stride`. None: in the middle.
        target_stride: Of the targets.

    Raises:
        DataError: The picture is larger than `size`.
    """
    height, width = image.shape[-2:]
    if height > size[0] or width > size[1]:
        raise DataError(
            f"An image of {height}x{width} does not fit the input of {size[0]}x{size[1]}. "
            "Use a larger input_size, or resize=True."
        )
    if (height, width) == tuple(size):
        return image, targets
    top, left = place or ((size[0] - height) // 2, (size[1] - width) // 2)
    edges = (left, top, size[1] - width - left, size[0] - height - top)
    padding = [edge // target_stride for edge in edges]
    padded = torch.tensor(colour).view(3, 1, 1).repeat(1, *size)
    padded[:, top : top + height, left : left + width] = image
    return padded, _each(targets, lambda target: F.pad(target, padding, fill=_fill(target)))


def mark_ignored(targets: dict[TaskName, Mask]) -> dict[TaskName, Tensor]:
    """Plain tensors in which everything without ground truth is 255.

    Depth 0 and normals of length 0 are missing. A picture without a person has no human parts to learn from: there
    the whole map is missing, as in the literature.
    """
    marked: dict[TaskName, Tensor] = {}
    for task, target in targets.items():
        plain = target.as_subclass(Tensor)
        if isinstance(target, DepthMap):
            marked[task] = torch.where(plain > 0, plain, float(IGNORE))
        elif isinstance(target, NormalMap):
            marked[task] = torch.where((plain != 0).any(dim=0, keepdim=True), plain, float(IGNORE))
        else:
            marked[task] = plain.long()
    for task, labels in marked.items():
        about = TASKS[task]
        on_objects = about.kind == "classes" and about.extent == "objects"
        if on_objects and not ((labels != 0) & (labels != IGNORE)).any():
            marked[task] = torch.full_like(labels, IGNORE)
    return marked


def distort_colours(image: Tensor, strengths: Photometric, generator: Generator) -> Tensor:
    """Shifts brightness, then stretches contrast before or after saturation and hue. Values stay in 0..1."""
    brightness = _uniform(generator, -strengths.brightness, strengths.brightness) if _coin(generator) else None
    contrast = _uniform(generator, *strengths.contrast) if _coin(generator) else None
    saturation = _uniform(generator, *strengths.saturation) if _coin(generator) else None
    hue = _uniform(generator, -strengths.hue, strengths.hue) if _coin(generator) else None
    contrast_first = _coin(generator)
    if brightness is not None:
        image = (image + brightness).clamp(0, 1)
    if contrast is not None and contrast_first:
        image = (image * contrast).clamp(0, 1)
    if saturation is not None:
        image = F.adjust_saturation(image, saturation)
    if hue is not None:
        image = F.adjust_hue(image, hue)
    if contrast is not None and not contrast_first:
        image = (image * contrast).clamp(0, 1)
    return image


def _each(targets: dict[TaskName, Mask], change: Callable[[Any], Any]) -> dict[TaskName, Mask]:
    return {task: change(target) for task, target in targets.items()}


def _fill(target: Mask) -> int:
    return 0 if isinstance(target, (DepthMap, NormalMap)) else IGNORE


def _cut(picture: Any, window: Window, size: tuple[int, int]) -> Any:
    """The window of the picture at a size: one resampling for zoom, crop and resize together."""
    part = F.crop(picture, *window)
    return F.resize(part, list(size), antialias=True) if part.shape[-2:] != tuple(size) else part


def _random_window(native: tuple[int, int], zoom: float, generator: Generator) -> Window:
    return _placed(native, (max(1, round(native[0] / zoom)), max(1, round(native[1] / zoom))), generator)


def _placed(native: tuple[int, int], part: tuple[int, int], generator: Generator) -> Window:
    top = int(torch.randint(native[0] - part[0] + 1, (), generator=generator))
    left = int(torch.randint(native[1] - part[1] + 1, (), generator=generator))
    return top, left, part[0], part[1]


def _uniform(generator: Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


def _coin(generator: Generator) -> bool:
    return float(torch.rand((), generator=generator)) < 0.5

"""Predictions and ground truth as pictures. Every colour has a meaning that a legend, bar or disc can state.

Segmentation has fixed class colours, depth runs from near (yellow) to far (dark purple), a normal's direction is its
colour, probabilities run from white to black. Pixels without a value are hatched grey, never a colour of the scale.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from bridgenet.drawing.palette import Palette, apply_scale, class_palette
from bridgenet.labels import ClassesByTask
from bridgenet.tasks import IGNORE, TASKS, TaskName

Picture = UInt8[np.ndarray, "height width 3"]
"""An RGB picture, ready to be saved as PNG."""

Limits = tuple[float, float]
"""Smallest and largest value of a colour scale, in the unit of the values."""

HATCH_STRIPE = 4
"""Width of a stripe of the hatching, in pixels."""


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A class that is present in a segmentation.

    Attributes:
        index: Class index.
        name: Class name.
        colour: `#RRGGBB`, as drawn.
        area: Share of the labelled pixels, 0..1.
    """

    index: int
    name: str
    colour: str
    area: float


def colour_classes(labels: Int[np.ndarray, "height width"], palette: Palette) -> Picture:
    """Class indices in the colours of the palette; `IGNORE` and indices beyond the palette are hatched."""
    known = (labels >= 0) & (labels < len(palette))
    return _hatch_invalid(palette[np.where(known, labels, 0)], known)


def colour_depth(
    depth: Float[np.ndarray, "height width"],
    limits: Limits | None = None,
    valid: Bool[np.ndarray, "height width"] | None = None,
) -> Picture:
    """Depth in metres: near is yellow, far is dark purple.

    Args:
        depth: Distances in metres.
        limits: Nearest and farthest distance of the scale. None takes `depth_limits(depth)`.
        valid: Pixels that have a distance. None takes those that are finite and above zero.
    """
    valid = _measured(depth) if valid is None else valid & np.isfinite(depth)
    near, far = limits or depth_limits(depth)
    farness = (depth - near) / (far - near) if far > near else np.zeros_like(depth)
    return _hatch_invalid(apply_scale(1 - np.where(valid, farness, 0), "viridis"), valid)


def depth_limits(*depths: Float[np.ndarray, "_ _"]) -> Limits:
    """First and last percentile of the valid distances of all maps together, in metres: one scale for all of them."""
    measured = np.concatenate([depth[_measured(depth)] for depth in depths])
    if not measured.size:
        return 0.0, 0.0
    near, far = np.percentile(measured, (1, 99))
    return float(near), float(far)


def colour_normals(normals: Float[np.ndarray, "height width 3"]) -> Picture:
    """Unit vectors as colours, (n + 1) / 2: x right is red, y up is green, z toward the viewer is blue.

    Vectors of no length, such as those of unlabelled pixels, are hatched; so are those far from unit length.
    """
    length = np.linalg.norm(normals, axis=-1)
    valid = np.isfinite(length) & (np.abs(length - 1) < 0.5)
    direction = np.where(valid[..., None], normals, 0) / np.where(valid, length, 1)[..., None]
    return _hatch_invalid(((direction + 1) * 127.5).round().astype(np.uint8), valid)


def normals_disc(size: int = 96) -> UInt8[np.ndarray, "size size 4"]:
    """Legend of the normals: the hemisphere of directions that face the viewer, seen from the viewer.

    The centre faces the viewer, the right edge faces right, the top faces up. RGBA, transparent outside the disc.
    """
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    radius = np.hypot(x, y)
    z = np.sqrt(np.clip(1 - radius**2, 0, 1))
    outward = np.maximum(radius, 1)
    colours = colour_normals(np.stack([x / outward, y / outward, z], axis=-1))
    alpha = np.clip((1 - radius) * size / 2 + 0.5, 0, 1) * 255
    return np.dstack([colours, alpha.round().astype(np.uint8)])


def colour_probability(probability: Float[np.ndarray, "height width"]) -> Picture:
    """Probabilities from 0 (white) to 1 (black); NaN is hatched."""
    return _hatch_invalid(apply_scale(probability, "greys"), np.isfinite(probability))


def colour_heat(values: Float[np.ndarray, "height width"], limits: Limits) -> Picture:
    """Attention and other amounts from the lower limit (black) to the upper (pale yellow); NaN is hatched."""
    low, high = limits
    level = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return _hatch_invalid(apply_scale(level, "magma"), np.isfinite(values))


def colour_signed(values: Float[np.ndarray, "height width"], limit: float) -> Picture:
    """Signed values from -limit (blue) over 0 (white) to limit (red); NaN is hatched."""
    level = values / (2 * limit) + 0.5 if limit > 0 else np.full_like(values, 0.5)
    return _hatch_invalid(apply_scale(level, "rdbu"), np.isfinite(values))


def colour_task(task: TaskName, array: np.ndarray, classes: ClassesByTask, limits: Limits | None = None) -> Picture:
    """The prediction of any task in its colours.

    Args:
        task: Which task.
        array: Class indices, metres, unit vectors (height, width, 3), or probabilities.
        classes: What the classes of the task are called, and their colours.
        limits: Of depth alone.
    """
    match TASKS[task].kind:
        case "classes":
            return colour_classes(array.astype(np.int64), class_palette(classes[task].colours))
        case "metres":
            return colour_depth(array, limits, valid=np.isfinite(array))
        case "direction":
            return colour_normals(array)
        case "probability":
            return colour_probability(array)


def legend_entries(
    labels: Int[np.ndarray, "height width"], classes: tuple[str, ...], palette: Palette
) -> list[LegendEntry]:
    """Classes that are present, largest area first. Unlabelled pixels do not count."""
    counts = np.bincount(labels[(labels >= 0) & (labels < min(len(classes), IGNORE))], minlength=len(classes))
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    total = counts.sum()
    return [
        LegendEntry(index, classes[index], "#{:02X}{:02X}{:02X}".format(*palette[index]), float(counts[index] / total))
        for index in order
    ]


def _measured(depth: np.ndarray) -> Bool[np.ndarray, "height width"]:
    return np.isfinite(depth) & (depth > 0)


def _hatch_invalid(picture: Picture, valid: Bool[np.ndarray, "height width"]) -> Picture:
    if valid.all():
        return picture
    rows, columns = np.indices(valid.shape)
    stripe = ((rows + columns) // HATCH_STRIPE) % 2 == 0
    hatching = np.where(stripe, 200, 160).astype(np.uint8)[..., None]
    return np.where(valid[..., None], picture, hatching)

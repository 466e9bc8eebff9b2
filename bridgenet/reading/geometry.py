"""Ground truth that follows from other ground truth: surface normals from depth, boundaries from labels."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from skimage import morphology

from bridgenet.tasks import IGNORE


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera without distortion. All four numbers are pixels."""

    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def of_view(cls, degrees: float, height: int, width: int) -> "Camera":
        """The camera of a picture that was not cut, whose longer side spans so many degrees."""
        focal = max(height, width) / 2 / math.tan(math.radians(degrees) / 2)
        return cls(focal, focal, (width - 1) / 2, (height - 1) / 2)

    def degrees(self, width: int) -> float:
        """What a picture of so many columns spans from left to right, were its axis in the middle."""
        return math.degrees(2 * math.atan(width / 2 / self.fx))

    def cropped(self, top: int, left: int) -> "Camera":
        """The camera of the picture that starts at row `top` and column `left` of this one's."""
        return replace(self, cx=self.cx - left, cy=self.cy - top)

    def rays(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Horizontal and vertical slope of the ray through each pixel, float64 (height, width), y pointing down."""
        rows, columns = np.mgrid[:height, :width].astype(np.float64)
        return (columns - self.cx) / self.fx, (rows - self.cy) / self.fy


def normals_from_depth(depth: np.ndarray, camera: Camera, window: int = 21) -> np.ndarray:
    """Fits a plane to the depth around each pixel.

    The inverse depth of a plane is affine in the pixel coordinates: 1/z = (n_x x + n_y y + n_z) / d for a plane
    n p = d and a ray (x, y, 1). So a linear least-squares fit in each window gives the plane, and its nine sums are
    box filters.

    Args:
        depth: (height, width), metres along the optical axis, 0 = invalid.
        camera: The camera that took it.
        window: Side of the square window, pixels. Coarsely quantised depth needs a large one.

    Returns:
        float32 (height, width, 3), unit vectors with x right, y up, z toward the viewer. The zero vector where the
        depth is invalid, or where fewer than a quarter of the window is valid.
    """
    x, y = camera.rays(*depth.shape)
    valid = (depth > 0) & np.isfinite(depth)
    inverse = np.divide(1.0, depth, out=np.zeros(depth.shape), where=valid)

    def mean(values: np.ndarray) -> np.ndarray:
        return ndimage.uniform_filter(np.where(valid, values, 0.0), window, mode="constant")

    weight = np.maximum(mean(np.ones(depth.shape)), 1e-9)
    mx, my, mw = (mean(values) / weight for values in (x, y, inverse))
    xx, yy, xy = mean(x * x) / weight - mx * mx, mean(y * y) / weight - my * my, mean(x * y) / weight - mx * my
    xw, yw = mean(x * inverse) / weight - mx * mw, mean(y * inverse) / weight - my * mw
    determinant = xx * yy - xy * xy
    solvable = valid & (weight >= 0.25) & (determinant > 1e-6 / (camera.fx * camera.fy) ** 2)
    scale = np.divide(1.0, determinant, out=np.zeros(depth.shape), where=solvable)
    slope_x, slope_y = (yy * xw - xy * yw) * scale, (xx * yw - xy * xw) * scale
    toward = mw - slope_x * mx - slope_y * my

    normals = np.stack([-slope_x, slope_y, toward], axis=-1)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.where(solvable[..., None] & (length > 0), normals / np.maximum(length, 1e-12), 0.0).astype(np.float32)


def boundaries_from_labels(labels: np.ndarray, void_width: int = 9) -> np.ndarray:
    """Marks each pixel whose label differs from that of its east, south or south-east neighbour.

    Void is a label like any other here, so an unlabelled object has an outline too. But annotators leave narrow void
    gaps between objects, and the rule alone would draw both banks. So narrow void first takes the label of the
    nearest labelled pixel: one line runs down the middle of the gap. Where both banks have the same label (two chairs
    side by side) the centre line of the gap is drawn.

    Args:
        labels: uint8 (height, width), 255 = void.
        void_width: Void into which a square of this side does not fit is narrow, pixels.

    Returns:
        uint8 (height, width), 1 on boundaries and 0 elsewhere.
    """
    void = labels == IGNORE
    if not void.any() or void.all():
        return label_changes(labels).astype(np.uint8)
    padded = np.pad(void, void_width, mode="edge")
    wide = np.asarray(ndimage.binary_opening(padded, np.ones((void_width, void_width))), dtype=bool)
    gap = void & ~wide[void_width:-void_width, void_width:-void_width]
    rows, columns = np.asarray(ndimage.distance_transform_edt(void, return_distances=False, return_indices=True))
    changes = label_changes(np.where(gap, labels[rows, columns], labels))
    beside_changes = np.asarray(ndimage.maximum_filter(changes, 3), dtype=bool)
    return (changes | (morphology.skeletonize(gap) & ~beside_changes)).astype(np.uint8)


def label_changes(labels: np.ndarray) -> np.ndarray:
    """Where a label differs from that of its east, south or south-east neighbour, bool (height, width)."""
    padded = np.pad(labels, ((0, 1), (0, 1)), mode="edge")
    return (labels != padded[:-1, 1:]) | (labels != padded[1:, :-1]) | (labels != padded[1:, 1:])

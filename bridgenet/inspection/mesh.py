"""Depth as a surface in space: what a pinhole camera saw becomes vertices in metres and triangles between them.

Axes as in glTF and as of the normals: x right, y up, z toward the viewer. The camera stands at the origin.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from bridgenet.reading.geometry import Camera

LONGEST = 160
"""Vertices along the longer side at most: the answers of a network are not finer than that."""

JUMP = 1.04
"""Where distances within a triangle differ by a larger factor, there is no surface.

Over made rooms, whose depth is exact, that leaves out 0.3 % of the steps on one solid and 46 % of those from a solid to
the next, most others of which touch. With 160 vertices in 57 degrees, it is a surface seen at less than 9 degrees.
"""


@dataclass(frozen=True, slots=True, eq=False)
class DepthMesh:
    """A grid of vertices over a photo, and the triangles between them.

    Attributes:
        depth: Metres along the optical axis; NaN where nothing is known.
        lens: Focal lengths and principal point, as fractions of the photo's width and height: fx, fy, cx, cy.
        kept: Which triangles there are, by the vertex at the upper left of their cell: those at its upper left, and
            those at its lower right.
    """

    depth: Float[np.ndarray, "rows columns"]
    lens: tuple[float, float, float, float]
    kept: Bool[np.ndarray, "2 _ _"]

    @property
    def vertices(self) -> Float[np.ndarray, "rows columns 3"]:
        """Metres."""
        rows, columns = self.depth.shape
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        return self._along_rays(x, y, self.depth)

    @property
    def triangles(self) -> Int[np.ndarray, "triangles 3"]:
        """Numbers of vertices, counted row by row; anticlockwise for the viewer."""
        columns = self.depth.shape[1]
        upper, lower = (row * columns + column for row, column in (np.nonzero(kept) for kept in self.kept))
        return np.concatenate(
            [
                np.stack([upper, upper + columns, upper + 1], axis=1),
                np.stack([lower + 1, lower + columns, lower + columns + 1], axis=1),
            ]
        )

    def point(self, x: float, y: float) -> Float[np.ndarray, "3"]:
        """Where the ray through a place of the photo, in fractions of it, meets the surface; NaN where it does not."""
        rows, columns = self.depth.shape
        depth = self.depth[min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)]
        return self._along_rays(np.array(x), np.array(y), np.array(depth))

    def normals(self) -> Float[np.ndarray, "rows columns 3"]:
        """Unit normal of the triangles around each vertex, by their areas; toward the viewer where there are none."""
        corners, triangles = self.vertices.reshape(-1, 3), self.triangles
        first, second, third = (corners[triangles[:, corner]] for corner in range(3))
        across = np.cross(second - first, third - first)
        total = np.zeros_like(corners)
        for corner in range(3):
            np.add.at(total, triangles[:, corner], across)
        length = np.linalg.norm(total, axis=-1, keepdims=True)
        return np.where(length > 0, total / np.maximum(length, 1e-12), (0, 0, 1)).reshape(*self.depth.shape, 3)

    def _along_rays(self, x: np.ndarray, y: np.ndarray, depth: np.ndarray) -> np.ndarray:
        fx, fy, cx, cy = self.lens
        return np.stack([(x - cx) / fx * depth, (cy - y) / fy * depth, -depth], axis=-1)


def depth_mesh(
    depth: Float[np.ndarray, "height width"], camera: Camera, longest: int = LONGEST, jump: float = JUMP
) -> DepthMesh:
    """The surface that a depth map shows.

    Args:
        depth: Metres along the optical axis; where it is not finite or not above zero, there is no surface.
        camera: Of a picture of the size of the map.
        longest: Vertices along the longer side at most.
        jump: Largest factor between the distances within a triangle.
    """
    height, width = depth.shape
    scale = min(1.0, longest / max(height, width))
    rows, columns = (
        ((np.arange(max(1, round(length * scale))) + 0.5) * length / max(1, round(length * scale))).astype(int)
        for length in (height, width)
    )
    seen = depth[rows][:, columns].astype(np.float64)
    seen = np.where(np.isfinite(seen) & (seen > 0), seen, np.nan)
    near, right, below, far = seen[:-1, :-1], seen[:-1, 1:], seen[1:, :-1], seen[1:, 1:]
    kept = np.stack([_smooth(near, right, below, jump=jump), _smooth(right, below, far, jump=jump)])
    # A pixel's middle lies half a pixel after its number.
    lens = camera.fx / width, camera.fy / height, (camera.cx + 0.5) / width, (camera.cy + 0.5) / height
    return DepthMesh(seen, lens, kept)


def _smooth(*corners: np.ndarray, jump: float) -> np.ndarray:
    """Whether the corners of a triangle lie on one surface; not where one of them is not known."""
    return np.maximum.reduce(corners) <= jump * np.minimum.reduce(corners)

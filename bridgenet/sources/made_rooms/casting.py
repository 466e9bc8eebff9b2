"""Which solid each pixel sees, and where: one ray per pixel, exact for boxes, capsules and cones.

A ray is `position + depth * direction`, its direction scaled so that the parameter is the depth itself (the distance
along the optical axis). Rays of one camera are a sum of a row and a column, so a solid's own rays cost one addition.
"""

from dataclasses import dataclass

import numpy as np

from bridgenet.sources.made_rooms.solids import Scene, Shape

NEAR = 0.05
"""Metres: nothing closer to the camera is seen."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera. Its own frame: x right, y up, z toward the viewer."""

    position: np.ndarray
    """(3,) metres, world."""
    rotation: np.ndarray
    """(3, 3): world to camera."""
    columns: np.ndarray
    """(W,) x of each ray at depth 1."""
    rows: np.ndarray
    """(H,) y of each ray at depth 1, from the top of the image to the bottom."""

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in the camera's frame."""
        return (points - self.position) @ self.rotation.T


@dataclass(frozen=True, slots=True)
class Surface:
    """What each of n rays of a camera meets first."""

    depth: np.ndarray
    """(n,) float32, metres."""
    solid: np.ndarray
    """(n,) index into the scene."""
    point: np.ndarray
    """(3, n) float32, world."""
    normal: np.ndarray
    """(3, n) float32, unit, world."""
    own: np.ndarray
    """(3, n) float32: the point in the solid's own frame."""
    face: np.ndarray
    """(n,) axis that a flat face looks along (0, 1, 2); 3 on round sides."""


def look(position: np.ndarray, target: np.ndarray, roll: float) -> np.ndarray:
    """Rotation, world to camera, of a camera that looks at a target; `roll` in radians."""
    back = position - target
    back = back / np.linalg.norm(back)
    right = np.cross((0.0, 1.0, 0.0), back)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    cosine, sine = np.cos(roll), np.sin(roll)
    return np.stack([cosine * right + sine * up, cosine * up - sine * right, back]).astype(np.float32)


def cast(scene: Scene, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Depth in metres (H, W) float32 and index of the solid (H, W) that each pixel sees."""
    to_own = scene.inverse @ camera.rotation.T
    origins = np.einsum("nij,nj->ni", scene.inverse, camera.position - scene.centre)
    columns = to_own[:, :, 0, None] * camera.columns - to_own[:, :, 2, None]
    rows = to_own[:, :, 1, None] * camera.rows + np.float32(1e-9)
    depth = np.full((len(camera.rows), len(camera.columns)), np.inf, dtype=np.float32)
    seen = np.zeros(depth.shape, dtype=np.intp)
    shapes, extras = scene.shape.tolist(), scene.extra.tolist()
    with np.errstate(divide="ignore", invalid="ignore"):
        for index, top, bottom, left, right in _windows(scene, camera):
            rays = columns[index, :, None, left:right] + rows[index, :, top:bottom, None]
            hit = _MEET[shapes[index]](origins[index], rays, extras[index])
            window = depth[top:bottom, left:right]
            nearer = (hit < window) & (hit > NEAR)
            np.copyto(window, hit, where=nearer)
            seen[top:bottom, left:right][nearer] = index
    return depth, seen


def surface(scene: Scene, camera: Camera, depth: np.ndarray, solid: np.ndarray, rays: np.ndarray) -> Surface:
    """Describe what some rays meet.

    Args:
        scene: The scene.
        camera: The camera.
        depth: (H, W), as `cast` gives it.
        solid: (H, W), as `cast` gives it.
        rays: (n,) which rays, counted row by row.
    """
    depth, solid = depth.ravel().take(rays), solid.ravel().take(rays)
    row, column = np.divmod(rays, len(camera.columns))
    x, y = camera.columns.take(column), camera.rows.take(row)
    point = np.stack(
        [
            camera.position[k] + depth * (x * camera.rotation[0, k] + y * camera.rotation[1, k] - camera.rotation[2, k])
            for k in range(3)
        ]
    )
    away = point - scene.centre.take(solid, axis=0).T
    inverse = [[scene.inverse[:, i, k].take(solid) for k in range(3)] for i in range(3)]
    own = np.stack([inverse[i][0] * away[0] + inverse[i][1] * away[1] + inverse[i][2] * away[2] for i in range(3)])
    slope, face = _own_normal(scene, solid, own)
    normal = np.stack(
        [inverse[0][k] * slope[0] + inverse[1][k] * slope[1] + inverse[2][k] * slope[2] for k in range(3)]
    )
    normal /= np.sqrt(dot(normal, normal))
    return Surface(depth, solid, point, normal, own, face)


def dot(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Scalar products (n,) of vectors (3, n)."""
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def _windows(scene: Scene, camera: Camera) -> list[list[int]]:
    """Solids that can be seen, each with the rows and columns (top, bottom, left, right) that it can cover."""
    reach = np.ones((len(scene.shape), 3), dtype=np.float32)
    reach[:, 1] += np.where(scene.shape == Shape.CAPSULE, scene.extra, 0)
    reach[:, ::2] *= np.where(scene.shape == Shape.FRUSTUM, np.maximum(scene.extra, 1), 1)[:, None]
    corners = np.einsum("nij,nkj->nki", scene.axes, reach[:, None] * _CORNERS) + scene.centre[:, None]
    corners = camera.to_camera(corners)
    depth = -corners[..., 2]
    ahead = np.maximum(depth, NEAR)[..., None]
    spots = corners[..., :2] / ahead
    crossing = (depth.min(1) < NEAR)[:, None]
    # A solid that crosses the camera's plane can appear anywhere between its corners seen from nearby.
    close = corners[..., :2] / NEAR
    low = np.where(crossing, np.minimum(spots, close).min(1), spots.min(1))
    high = np.where(crossing, np.maximum(spots, close).max(1), spots.max(1))
    left = np.searchsorted(camera.columns, low[:, 0])
    right = np.searchsorted(camera.columns, high[:, 0], side="right")
    top = np.searchsorted(-camera.rows, -high[:, 1])
    bottom = np.searchsorted(-camera.rows, -low[:, 1], side="right")
    around = scene.shape == Shape.ROOM
    left[around], right[around], top[around], bottom[around] = 0, len(camera.columns), 0, len(camera.rows)
    wanted = np.flatnonzero((right > left) & (bottom > top) & (depth.max(1) > NEAR))
    return np.stack([wanted, top[wanted], bottom[wanted], left[wanted], right[wanted]], axis=1).tolist()


_CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float32)


def _meet_room(origin: np.ndarray, rays: np.ndarray, extra: float) -> np.ndarray:
    inverse = 1 / rays
    x, y, z = np.abs(inverse) - origin[:, None, None] * inverse
    return np.minimum(np.minimum(x, y), z)


def _meet_box(origin: np.ndarray, rays: np.ndarray, extra: float) -> np.ndarray:
    inverse = np.reciprocal(rays, out=rays)
    middle = -origin[:, None, None] * inverse
    half = np.abs(inverse, out=inverse)
    x, y, z = middle - half
    enter = np.maximum(np.maximum(x, y, out=x), z, out=x)
    x, y, z = np.add(middle, half, out=middle)
    enter[enter > np.minimum(np.minimum(x, y, out=x), z, out=x)] = np.inf
    return enter


def _meet_capsule(origin: np.ndarray, rays: np.ndarray, extra: float) -> np.ndarray:
    x, y, z = rays
    flat = x * x + z * z
    towards = origin[0] * x + origin[2] * z
    gap = origin[0] ** 2 + origin[2] ** 2 - 1
    hit = (-towards - np.sqrt(towards * towards - flat * gap)) / flat
    height = origin[1] + hit * y
    end = np.copysign(extra, height)
    above = origin[1] - end
    full = flat + y * y
    towards = towards + above * y
    cap = (-towards - np.sqrt(towards * towards - full * (gap + above * above))) / full
    # A ray that misses has the root of a negative number: not a number, which no comparison calls nearer.
    return np.where(np.abs(height) < extra, hit, cap)


def _meet_frustum(origin: np.ndarray, rays: np.ndarray, extra: float) -> np.ndarray:
    x, y, z = rays
    middle, slope = (1 + extra) / 2, (extra - 1) / 2
    radius = middle + slope * origin[1]
    a = x * x + z * z - (slope * y) ** 2
    b = origin[0] * x + origin[2] * z - slope * radius * y
    root = np.sqrt(b * b - a * (origin[0] ** 2 + origin[2] ** 2 - radius**2))
    nearest = np.full(x.shape, np.inf, dtype=np.float32)
    for side in ((-b - root) / a, (-b + root) / a):
        valid = (np.abs(origin[1] + side * y) <= 1) & (side > NEAR)
        nearest = np.where(valid, np.minimum(nearest, side), nearest)
    for end, size in ((-1.0, 1.0), (1.0, extra)):
        flat = (end - origin[1]) / y
        inside = (origin[0] + flat * x) ** 2 + (origin[2] + flat * z) ** 2 <= size * size
        nearest = np.where(inside & (flat > NEAR), np.minimum(nearest, flat), nearest)
    return nearest


_MEET = (_meet_room, _meet_box, _meet_capsule, _meet_frustum)
"""By `Shape`: the depth (H, W) at which rays (3, H, W) in the solid's frame meet it; if never, inf or not a number."""


def _own_normal(scene: Scene, solid: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals in the solids' own frames (3, n), not yet unit, and the faces (n,) that were hit."""
    shape = scene.shape.take(solid)
    x, y, z = np.abs(own)
    face = np.where(x > y, np.where(x > z, 0, 2), np.where(y > z, 1, 2))
    outward = np.where(shape == Shape.ROOM, np.float32(-1), np.float32(1))
    normal = np.stack([np.where(face == axis, np.sign(own[axis]) * outward, np.float32(0)) for axis in range(3)])

    round_ones = np.flatnonzero(shape == Shape.CAPSULE)
    middle = own.take(round_ones, axis=1)
    extra = scene.extra[solid[round_ones]]
    middle[1] -= np.clip(middle[1], -extra, extra)
    normal[:, round_ones] = middle
    face[round_ones] = 3

    tapered = np.flatnonzero(shape == Shape.FRUSTUM)
    x, y, z = own.take(tapered, axis=1)
    extra = scene.extra[solid[tapered]]
    slope = (extra - 1) / 2
    radius = (1 + extra) / 2 + slope * y
    capped = np.abs(1 - np.abs(y)) < np.abs(np.hypot(x, z) - radius)
    normal[:, tapered] = np.where(capped, np.stack([0 * y, np.sign(y), 0 * y]), np.stack([x, -slope * radius, z]))
    face[tapered] = np.where(capped, 1, 3)
    return normal, face

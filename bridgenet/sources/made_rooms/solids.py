"""What a made room is built of: solids, grouped into things.

The world is right-handed, in metres, with y up; the floor is y = 0.
"""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import NamedTuple

import numpy as np

Vector = tuple[float | int, float | int, float | int]
"""A point, an extent in metres, or a linear RGB colour in 0..1."""


class Shape(IntEnum):
    """Solids in their own frame, before they are scaled, turned and moved."""

    ROOM = 0
    """The cube |x|, |y|, |z| <= 1, seen from inside."""
    BOX = 1
    """The same cube, seen from outside."""
    CAPSULE = 2
    """All points within 1 of the segment from (0, -extra, 0) to (0, extra, 0). A ball where extra is 0."""
    FRUSTUM = 3
    """A capped cone around y from -1 to 1, of radius 1 at the bottom and `extra` at the top."""


class Material(NamedTuple):
    """How a surface looks: a pattern of two linear RGB colours."""

    colour: Vector
    second: Vector = (0.0, 0.0, 0.0)
    pattern: str = "plain"
    scale: float = 1.0
    """Size of the pattern in metres, or its count, as the pattern says."""
    seed: int = 0
    """Shifts the pattern, so that two planks or two paintings differ."""
    glow: float = 0.0
    """Light that the surface sends out by itself, as a multiple of its colour."""


class Solid(NamedTuple):
    """One solid in the frame of its thing."""

    shape: Shape
    centre: Vector
    half: Vector
    """Metres per unit along the solid's own three axes."""
    material: Material
    extra: float = 0.0
    turn: np.ndarray | None = None
    """Rotation of the solid's own axes, (3, 3). None: not turned."""
    part: int = 0
    """Human part, 0 for everything that is no person."""


class Thing(NamedTuple):
    """One object: solids that share a class, standing on the floor at a place and turned about the vertical."""

    label: int
    solids: list[Solid]
    position: Vector = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    """Radians. At 0 the thing faces +z, at pi/2 it faces +x."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All solids of a room, stacked. N solids; the first is the room itself."""

    shape: np.ndarray
    """(N,) int, values of `Shape`."""
    centre: np.ndarray
    """(N, 3) float32, metres, world."""
    axes: np.ndarray
    """(N, 3, 3) float32: own frame to world."""
    inverse: np.ndarray
    """(N, 3, 3) float32: world to own frame."""
    half: np.ndarray
    """(N, 3) float32, metres per own unit."""
    extra: np.ndarray
    """(N,) float32."""
    label: np.ndarray
    """(N,) uint8, classes."""
    part: np.ndarray
    """(N,) uint8, human parts."""
    thing: np.ndarray
    """(N,) int, number of the thing; 0 is the room."""
    materials: list[Material]

    def only(self, wanted: np.ndarray) -> "Scene":
        """Some of the solids, chosen by a mask (N,)."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "materials"}
        chosen = {name: array[wanted] for name, array in arrays.items()}
        return Scene(**chosen, materials=[self.materials[index] for index in np.flatnonzero(wanted)])


def box(centre: Vector, size: Vector, material: Material) -> Solid:
    """An upright box of a whole size in metres."""
    return Solid(Shape.BOX, centre, (size[0] / 2, size[1] / 2, size[2] / 2), material)


def column(foot: Vector, height: float, radius: float, material: Material, taper: float = 1.0) -> Solid:
    """An upright cylinder, or cone, that stands on `foot`; its top radius is `taper` times its radius."""
    x, y, z = foot
    return Solid(Shape.FRUSTUM, (x, y + height / 2, z), (radius, height / 2, radius), material, taper)


def ball(centre: Vector, half: Vector, material: Material, part: int = 0) -> Solid:
    """An ellipsoid with three half axes in metres."""
    return Solid(Shape.CAPSULE, centre, half, material, 0.0, None, part)


def limb(start: np.ndarray, end: np.ndarray, radius: float, material: Material, part: int) -> Solid:
    """A capsule around the segment between two points."""
    (a, b, c), (d, e, f) = start.tolist(), end.tolist()
    x, y, z = d - a, e - b, f - c
    length = (x * x + y * y + z * z) ** 0.5
    turn = _turn_up_to((x / length, y / length, z / length))
    middle = ((a + d) / 2, (b + e) / 2, (c + f) / 2)
    return Solid(Shape.CAPSULE, middle, (radius, radius, radius), material, length / 2 / radius, turn, part)


def stack(things: list[Thing]) -> Scene:
    """Move every solid into the world. The first thing is the room; its solids keep the label of their surface."""
    solids = [solid for thing in things for solid in thing.solids]
    owner = np.array([index for index, thing in enumerate(things) for _ in thing.solids])
    place = np.array([thing.position for thing in things], dtype=np.float64)[owner]
    yaw = np.array([thing.yaw for thing in things], dtype=np.float64)[owner]
    around = np.zeros((len(solids), 3, 3))
    around[:, 0, 0] = around[:, 2, 2] = np.cos(yaw)
    around[:, 0, 2], around[:, 2, 0] = np.sin(yaw), -np.sin(yaw)
    around[:, 1, 1] = 1.0
    still = np.eye(3)
    turn = around @ np.stack([still if solid.turn is None else solid.turn for solid in solids])
    half = np.array([solid.half for solid in solids])
    centre = np.array([solid.centre for solid in solids])
    return Scene(
        shape=np.array([int(solid.shape) for solid in solids]),
        centre=(place + np.einsum("nij,nj->ni", around, centre)).astype(np.float32),
        axes=(turn * half[:, None, :]).astype(np.float32),
        inverse=(turn / half[:, None, :]).transpose(0, 2, 1).astype(np.float32),
        half=half.astype(np.float32),
        extra=np.array([solid.extra for solid in solids], dtype=np.float32),
        label=np.array([things[index].label for index in owner], dtype=np.uint8),
        part=np.array([solid.part for solid in solids], dtype=np.uint8),
        thing=owner,
        materials=[solid.material for solid in solids],
    )


def _turn_up_to(direction: tuple[float, float, float]) -> np.ndarray:
    """A rotation that takes +y to a unit direction."""
    x, y, z = direction
    # The side is orthogonal to the direction and to the axis that is farthest from it.
    side = (y, -x, 0.0) if abs(z) < 0.9 else (0.0, z, -y)
    length = (side[0] ** 2 + side[1] ** 2 + side[2] ** 2) ** 0.5
    a, b, c = side[0] / length, side[1] / length, side[2] / length
    return np.array([[a, x, b * z - c * y], [b, y, c * x - a * z], [c, z, a * y - b * x]])

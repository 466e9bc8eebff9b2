"""Light: what colour each seen point sends to the camera.

A lamp under the ceiling casts shadows, windows and the room itself fill in softly, and corners are darker.
"""

import numpy as np
from scipy import ndimage

from bridgenet.sources.made_rooms.casting import Camera, Surface, cast, dot, look
from bridgenet.sources.made_rooms.furniture import LABEL
from bridgenet.sources.made_rooms.layout import Opening, Room
from bridgenet.sources.made_rooms.patterns import Places, paint
from bridgenet.sources.made_rooms.solids import Material

_SHADOW_MAP = 112
"""Pixels along a side of the lamp's view of the room."""

_CASTERS = [LABEL[name] for name in ("cabinet", "bed", "table", "chair", "sofa", "person")]
"""What stands away from the walls. A lamp hardly darkens what it lights."""

_SHADOW_REACH = 2.4
"""Tangent of the angle, from straight down, up to which the lamp casts shadows."""


def shade(room: Room, surface: Surface, crease: np.ndarray, spread: float, random: np.random.Generator) -> np.ndarray:
    """The colours that a camera records: uint8 (n, 3), sRGB.

    Args:
        room: The room.
        surface: What n rays meet.
        crease: (n,) as `creases` gives it.
        spread: Width of a pixel at a distance of 1 metre, in metres.
        random: Where the light's strength and colour come from.
    """
    colour, glow = _albedo(room, surface, spread)
    radiance = colour * (_light(room, surface, random) * crease + glow)
    exposure = random.uniform(0.24, 0.38) / max(float(np.median(radiance[:, ::5])), 1e-3)
    exposed = 1 - np.exp(radiance * (-1.3 * exposure))
    return _SRGB.take((exposed.T * 1023).astype(np.intp))


def creases(depth: np.ndarray) -> np.ndarray:
    """Factor (H, W) that darkens what lies behind the things next to it."""
    near = 1 / depth
    width = max(3, depth.shape[1] // 24)
    behind = ndimage.uniform_filter(near, width, mode="nearest") / near - 1
    return 1 - np.clip(behind * 1.1, 0, 0.38)


def _srgb_table() -> np.ndarray:
    linear = np.arange(1024) / 1023
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(curve * 255).astype(np.uint8)


_SRGB = _srgb_table()


def _albedo(room: Room, surface: Surface, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Colour (3, n) and glow (n,) of the material at every seen point."""
    materials = [*room.scene.materials, room.floor, room.ceiling]
    which = surface.solid.copy()
    inside = surface.solid == 0
    which[inside & (surface.normal[1] > 0.5)] = len(materials) - 2
    which[inside & (surface.normal[1] < -0.5)] = len(materials) - 1
    names = sorted({material.pattern for material in materials})
    kind = np.array([names.index(material.pattern) for material in materials])[which]
    colour = np.empty((3, len(which)), dtype=np.float32)
    numbers = _Numbers(materials, spread)
    for index, name in enumerate(names):
        rays = np.flatnonzero(kind == index)
        if len(rays):
            colour[:, rays] = paint(name, _places(room, surface, numbers, rays, which[rays]))
    return colour, numbers.glow.take(which)


class _Numbers:
    """The numbers of M materials, stacked, and the width of a pixel at a distance of 1 metre."""

    def __init__(self, materials: list[Material], spread: float) -> None:
        self.spread = np.float32(spread)
        self.first = np.array([material.colour for material in materials], dtype=np.float32).T
        self.second = np.array([material.second for material in materials], dtype=np.float32).T
        self.scale = np.array([material.scale for material in materials], dtype=np.float32)
        self.seed = np.array([material.seed for material in materials], dtype=np.int32)
        self.glow = np.array([material.glow for material in materials], dtype=np.float32)


def _places(room: Room, surface: Surface, numbers: _Numbers, rays: np.ndarray, which: np.ndarray) -> Places:
    """Where on their solids some of the seen points lie, and the numbers of their materials."""
    solid, face = surface.solid.take(rays), surface.face.take(rays)
    (x, y, z), half = surface.own.take(rays, axis=1), room.scene.half.take(solid, axis=0).T
    sideways, upright = face == 0, face != 1
    s, t = np.where(sideways, z, x), np.where(upright, y, z)
    u, v = s * np.where(sideways, half[2], half[0]), t * np.where(upright, half[1], half[2])
    pixel = surface.depth.take(rays) * numbers.spread
    curved = np.flatnonzero(face == 3)
    around = np.arctan2(x[curved], z[curved])
    s[curved], u[curved] = around / np.pi, around * half[0, curved]
    t[curved] /= 1 + room.scene.extra[solid[curved]]
    return Places(
        u,
        v,
        s,
        t,
        numbers.first.take(which, axis=1),
        numbers.second.take(which, axis=1),
        numbers.scale.take(which),
        numbers.seed.take(which),
        pixel,
    )


def _light(room: Room, surface: Surface, random: np.random.Generator) -> np.ndarray:
    """Irradiance (3, n) at every seen point."""
    warm = np.array([[1.0], [random.uniform(0.82, 0.95)], [random.uniform(0.62, 0.85)]], dtype=np.float32)
    cool = np.array([[random.uniform(0.80, 0.95)], [0.95], [1.05]], dtype=np.float32)
    to_lamp = room.lamp[:, None] - surface.point
    squared = dot(to_lamp, to_lamp)
    facing = dot(to_lamp, surface.normal) / np.sqrt(squared)
    lamp = np.maximum(facing, 0) / (squared * 0.35 + 0.6) * _shadow(room, surface)
    light = lamp * random.uniform(0.9, 1.8) * warm
    strength = random.uniform(0.8, 2.0)
    for window in room.windows:
        away = surface.point - (window.centre + 0.1 * window.inward)[:, None]
        squared = dot(away, away)
        out = np.maximum(dot(away, window.inward), 0)
        # A window is wide: its light wraps around what faces it sideways.
        towards = np.maximum(0.25 - 0.75 * dot(away, surface.normal) / np.sqrt(squared + 1e-6), 0)
        light += strength * out * towards / (squared + 0.4) * cool
    if room.windows and random.random() < 0.5:
        light += random.uniform(1.8, 3.2) * _sunshine(room.windows[0], surface, random) * warm
    ambient = (0.30 + 0.08 * surface.normal[1]) * _openness(room, surface)
    return light + ambient * (0.6 * warm + 0.4 * cool)


def _sunshine(window: Opening, surface: Surface, random: np.random.Generator) -> np.ndarray:
    """Share (n,) of the sun that reaches every seen point through a window."""
    aside = np.array([window.inward[2], 0.0, -window.inward[0]], dtype=np.float32)
    down = np.array([0.0, -1.0, 0.0], dtype=np.float32)
    ray = window.inward + np.float32(random.uniform(-0.8, 0.8)) * aside + np.float32(random.uniform(0.5, 1.0)) * down
    away = surface.point - window.centre[:, None]
    # Where the ray that ends here came through the wall, relative to the middle of the window.
    entered = away - dot(away, window.inward) * ray[:, None]
    through = (np.abs(dot(entered, aside)) < window.half[0]) & (np.abs(entered[1]) < window.half[1])
    return through * np.maximum(-dot(surface.normal, ray / np.linalg.norm(ray)), 0)


def _openness(room: Room, surface: Surface) -> np.ndarray:
    """Share (n,) of the ambient light that the walls, the floor and the ceiling nearby let through."""
    openness = np.ones(len(surface.depth), dtype=np.float32)
    for place, normal, length in zip(surface.point, surface.normal, room.size, strict=True):
        # A surface never darkens itself: of the plane it lies in, it sees nothing.
        openness *= 1 - 0.5 * np.exp(place / -0.22) * np.clip(0.75 - normal, 0, 1)
        openness *= 1 - 0.5 * np.exp((place - length) / 0.22) * np.clip(0.75 + normal, 0, 1)
    return openness


def _shadow(room: Room, surface: Surface) -> np.ndarray:
    """Share (n,) of the lamp that every seen point sees, soft at the borders."""
    reach = ((np.arange(_SHADOW_MAP) + 0.5) / _SHADOW_MAP * 2 - 1).astype(np.float32) * _SHADOW_REACH
    # Not quite straight down, where up would be undefined.
    lamp = Camera(room.lamp, look(room.lamp, room.lamp + np.array([0.02, -1.0, 0.01]), 0.0), reach, -reach)
    reached, _ = cast(room.scene.only(np.isin(room.scene.label, _CASTERS)), lamp)
    reached = reached.ravel()
    x, y, z = lamp.rotation @ (surface.point + 0.02 * surface.normal - lamp.position[:, None])
    depth = np.maximum(-z, 1e-3)
    column = (x / depth / _SHADOW_REACH + 1) * (_SHADOW_MAP / 2)
    row = (1 - y / depth / _SHADOW_REACH) * (_SHADOW_MAP / 2)
    beyond = (np.maximum(np.abs(x), np.abs(y)) > 0.98 * _SHADOW_REACH * depth) | (z > -0.05)
    lit = np.zeros(len(depth), dtype=np.float32)
    taps = ((-0.9, -0.4), (0.4, -0.9), (0.9, 0.4), (-0.4, 0.9))
    column, row = np.clip(column, 1, _SHADOW_MAP - 2), np.clip(row, 1, _SHADOW_MAP - 2)
    for right, below in taps:
        spot = (row + below).astype(np.intp) * _SHADOW_MAP + (column + right).astype(np.intp)
        lit += reached.take(spot) > depth - 0.04
    return np.where(beyond, np.float32(1), np.float32(0.15) + np.float32(0.85 / len(taps)) * lit)

"""What is painted on surfaces: each pattern turns places on a surface into linear RGB colours.

A place is (u, v) in metres along the surface and (s, t) in -1..1 across the whole solid. All are flat arrays of n.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage


class Places(NamedTuple):
    """Where a pattern is asked for its colour."""

    u: np.ndarray
    """(n,) metres, horizontally along the surface."""
    v: np.ndarray
    """(n,) metres, vertically along the surface."""
    s: np.ndarray
    """(n,) -1..1, u across the solid."""
    t: np.ndarray
    """(n,) -1..1, v across the solid."""
    first: np.ndarray
    """(3, n) first colour of the material."""
    second: np.ndarray
    """(3, n) second colour of the material."""
    scale: np.ndarray
    """(n,) the material's scale."""
    seed: np.ndarray
    """(n,) int, the material's seed."""
    pixel: np.ndarray
    """(n,) metres that a pixel covers; lines thinner than that fade."""


def paint(name: str, places: Places) -> np.ndarray:
    """Linear RGB, (3, n) float32, of a pattern at some places."""
    return _PATTERNS[name](places).astype(np.float32)


@cache
def _clouds() -> np.ndarray:
    """A square of smooth noise in 0..1 that tiles, the same in every process."""
    random = np.random.default_rng(7)
    octaves = (ndimage.gaussian_filter(random.normal(size=(256, 256)), width, mode="wrap") for width in (1, 3, 9))
    weighted = [octave / octave.std() * weight for octave, weight in zip(octaves, (0.3, 0.4, 0.5), strict=True)]
    total: np.ndarray = np.stack(weighted).sum(axis=0)
    return ((np.tanh(total) + 1) / 2).astype(np.float32)


def _noise(u: np.ndarray, v: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Smooth noise in 0..1; one unit of u or v is one pixel of the tile."""
    rows = (v + 4096).astype(np.int32) + seed * 29
    columns = (u + 4096).astype(np.int32) + seed * 61
    return _clouds().take(((rows & 255) << 8) | (columns & 255))


def _chance(*numbers: np.ndarray) -> np.ndarray:
    """A number in 0..1 that looks random, for every combination of whole numbers."""
    mixed = np.full(1, 2166136261, dtype=np.uint32)
    for number in numbers:
        mixed = (mixed ^ number.astype(np.int32).view(np.uint32)) * np.uint32(2654435761)
        mixed = mixed ^ (mixed >> np.uint32(15))
    return (mixed & np.uint32(0xFFFF)).astype(np.float32) / np.float32(65535)


def _line(places: Places, beside: np.ndarray, width: float) -> np.ndarray:
    """How much (n,) of a pixel is line, where a line of a width in metres begins at distance 0 and repeats."""
    spread = np.maximum(places.pixel, width)
    return (beside < spread) * (width / spread)


def _mix(places: Places, share: np.ndarray) -> np.ndarray:
    """The first colour, and the second where the share is 1."""
    return places.first + (places.second - places.first) * share


def _plain(places: Places) -> np.ndarray:
    return places.first * (0.95 + 0.1 * _noise(places.u * 60, places.v * 60, places.seed))


def _cloth(places: Places) -> np.ndarray:
    weave = _chance(np.floor(places.u / places.scale), np.floor(places.v / places.scale))
    return _mix(places, 0.5 * weave + 0.5 * _noise(places.u * 90, places.v * 90, places.seed))


def _grain(places: Places) -> np.ndarray:
    along = _noise(places.u * 18, places.v * 220, places.seed)
    return _mix(places, 0.75 * along)


def _boards(places: Places) -> np.ndarray:
    row = np.floor(places.u / places.scale)
    shifted = places.v / 1.1 + _chance(row, places.seed)
    tone = _chance(row, np.floor(shifted), places.seed)
    colour = _mix(
        places, 0.55 * tone + 0.35 * _noise(places.v * 14, places.u * 260, places.seed + row.astype(np.int32))
    )
    side = _line(places, places.u - row * places.scale, 0.006)
    end = _line(places, (shifted - np.floor(shifted)) * 1.1, 0.006)
    return colour * (1 - 0.55 * np.maximum(side, end))


def _tiles(places: Places) -> np.ndarray:
    across, down = places.u / places.scale, places.v / places.scale
    tone = _chance(np.floor(across), np.floor(down), places.seed)
    marble = _noise(places.u * 70, places.v * 70, places.seed)
    colour = places.first * (0.82 + 0.18 * tone + 0.14 * marble)
    joint = _line(places, np.minimum(across % 1, down % 1) * places.scale, 0.009)
    return colour + (places.second - colour) * joint


def _bricks(places: Places) -> np.ndarray:
    row = np.floor(places.v / 0.075)
    across = places.u / 0.24 + 0.5 * (row % 2)
    joint = (across % 1 < 0.05) | (places.v / 0.075 - row < 0.13)
    tone = _chance(np.floor(across), row, places.seed)
    return places.first * (0.75 + 0.3 * tone + np.where(joint, 0.12, 0.0))


def _stripes(places: Places) -> np.ndarray:
    return _mix(places, (places.u / places.scale % 1 < 0.5).astype(np.float32))


def _hoops(places: Places) -> np.ndarray:
    return _mix(places, (places.v / places.scale % 2 < 0.7).astype(np.float32))


def _checks(places: Places) -> np.ndarray:
    across, down = places.u / places.scale % 1 < 0.5, places.v / places.scale % 1 < 0.5
    return _mix(places, 0.5 * across + 0.5 * down)


def _diamonds(places: Places) -> np.ndarray:
    across, down = places.u / places.scale, places.v / (places.scale * 1.6)
    spot = np.abs(across % 1 - 0.5) + np.abs((down + 0.5 * np.floor(across)) % 1 - 0.5)
    return _mix(places, ((spot < 0.3) & (spot > 0.12)).astype(np.float32))


def _rug(places: Places) -> np.ndarray:
    rim = np.maximum(np.abs(places.s), np.abs(places.t))
    waves = np.sin(places.u * 14) * np.sin(places.v * 14)
    share = np.where(rim > 0.88, 0.0, np.where(rim > 0.76, 1.0, np.where(rim > 0.72, 0.0, waves > 0.35)))
    return _mix(places, share) * (0.8 + 0.3 * _noise(places.u * 120, places.v * 120, places.seed))


def _drawers(places: Places) -> np.ndarray:
    """Fronts with knobs. The scale holds the number of columns plus a hundred times the number of rows."""
    rows, columns = places.scale // 100, places.scale % 100
    across, down = (places.s + 1) / 2 * columns, (places.t + 1) / 2 * rows
    edge = np.minimum(np.minimum(across % 1, 1 - across % 1) / columns, np.minimum(down % 1, 1 - down % 1) / rows)
    knob = (np.abs(across % 1 - 0.5) / columns < 0.03) & (np.abs(down % 1 - 0.55) / rows < 0.025)
    colour = _grain(places._replace(u=places.v, v=places.u))
    return colour * np.where(edge < 0.012, 0.35, np.where(knob, 0.3, 1.0))


def _books(places: Places) -> np.ndarray:
    spine = np.floor(places.u / places.scale * 1.2)
    hue = np.stack([_chance(spine, places.seed + shift) for shift in (0, 3, 9)])
    hue = 0.45 * hue + 0.55 * _chance(spine, places.seed + 17)
    band = np.abs(places.t - 0.55 * _chance(spine, places.seed)) < 0.06
    gap = _line(places, places.u - spine * places.scale / 1.2, 0.004)
    colour = 0.05 + 0.6 * hue * hue * places.first
    return np.where(band, 0.7 * colour + 0.2, colour) * (1 - 0.65 * gap)


def _panels(places: Places) -> np.ndarray:
    across, down = np.abs(places.s), (places.t + 1) / 2 * 2 % 1
    rim = np.maximum(np.abs(across - 0.68) / 0.04, 0) < 1
    rim = (rim & (np.abs(down - 0.5) < 0.39)) | ((np.abs(np.abs(down - 0.5) - 0.37) < 0.02) & (across < 0.7))
    return places.first * (
        np.where(rim, 0.62, 1.0) * (0.93 + 0.12 * _noise(places.v * 12, places.u * 160, places.seed))
    )


def _sky(places: Places) -> np.ndarray:
    """Sky above a hilly or built horizon at the height that the scale gives, as a share of the window."""
    height = (places.t + 1) / 2
    hills = places.scale + 0.12 * (_noise(places.u * 30, 0 * places.v, places.seed) - 0.3)
    cloud = np.clip(_noise(places.u * 40, places.v * 70, places.seed + 5) * 2 - 1.1, 0, 1) * 0.8
    blue = places.first * (1.25 - 0.4 * height)
    land = places.second * (0.5 + _noise(places.u * 200, places.v * 200, places.seed))
    return np.where((height < hills), land, blue + (1 - blue) * cloud)


def _painting(places: Places) -> np.ndarray:
    """Scale 0: a landscape. 1: fields of colour. 2: discs."""
    third = np.stack([_chance(places.seed, np.full_like(places.seed, channel)) for channel in range(3)])
    hills = 0.5 * np.sin(places.s * (2 + 3 * third[0]) + 6 * third[1]) * third[2]
    sky = places.first + (third - places.first) * ((places.t + 1) / 2)
    landscape = np.where((places.t < hills - 0.1), places.second * (0.7 + 0.3 * places.t), sky)
    field = _chance(np.floor(places.s * 1.5 + third[0]), np.floor(places.t * 1.5 + third[1]), places.seed)
    fields = np.where((field < 0.4), places.first, np.where((field < 0.75), places.second, third))
    disc = np.hypot(places.s - third[0] + 0.5, places.t - third[1] + 0.5)
    rings = np.where((disc % 0.5 < 0.27) & (disc < 1.2), places.first, places.second)
    kind = places.scale
    colour = np.where(kind == 0, landscape, np.where(kind == 1, fields, rings))
    return np.clip(colour, 0.02, 1.0) * (0.85 + 0.2 * _noise(places.u * 150, places.v * 150, places.seed))


_PATTERNS: dict[str, Callable[[Places], np.ndarray]] = {
    "plain": _plain,
    "cloth": _cloth,
    "grain": _grain,
    "boards": _boards,
    "tiles": _tiles,
    "bricks": _bricks,
    "stripes": _stripes,
    "hoops": _hoops,
    "checks": _checks,
    "diamonds": _diamonds,
    "rug": _rug,
    "drawers": _drawers,
    "books": _books,
    "panels": _panels,
    "sky": _sky,
    "painting": _painting,
}

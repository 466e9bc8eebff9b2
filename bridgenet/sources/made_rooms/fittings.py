"""What belongs to the walls: doors, windows, pictures. Their back touches the wall at z = 0, their front faces +z."""

import numpy as np

from bridgenet.sources.made_rooms.furniture import LABEL, Piece, pick, wood
from bridgenet.sources.made_rooms.solids import Material, Solid, Vector, ball, box

_WHITE = Material((0.78, 0.78, 0.76))
_DOORS: tuple[Vector, ...] = ((0.72, 0.72, 0.70), (0.36, 0.20, 0.10), (0.52, 0.33, 0.17), (0.20, 0.26, 0.30))
_FRAMES: tuple[Vector, ...] = ((0.05, 0.05, 0.05), (0.70, 0.68, 0.64), (0.45, 0.30, 0.12), (0.25, 0.13, 0.06))


def door(random: np.random.Generator) -> Piece:
    """A closed door in its frame."""
    width, height = random.uniform(0.78, 0.92), random.uniform(1.98, 2.1)
    colour = pick(random, _DOORS)
    panel = Material(colour, colour, "panels", 2)
    solids = [
        box((0, height / 2, 0.015), (width, height, 0.03), panel),
        *_frame(width, height, 0.0, 0.07, 0.05, _WHITE),
        ball((width / 2 - 0.08, 1.0, 0.06), (0.035, 0.035, 0.035), Material((0.5, 0.4, 0.2))),
    ]
    return Piece(LABEL["door"], solids, width + 0.14, 0.1, height + 0.07)


def window(random: np.random.Generator, ceiling: float) -> Piece:
    """A window on a bright sky, with a sill and glazing bars."""
    width, height = random.uniform(0.8, 1.8), random.uniform(1.0, 1.35)
    sill = min(random.uniform(0.75, 1.0), ceiling - height - 0.25)
    horizon = random.uniform(0.1, 0.45)
    sky = Material(
        pick(random, ((0.35, 0.58, 0.95), (0.62, 0.75, 0.92), (0.85, 0.72, 0.60))),
        pick(random, ((0.10, 0.22, 0.08), (0.22, 0.20, 0.18), (0.12, 0.16, 0.25))),
        "sky",
        horizon,
        int(random.integers(1 << 16)),
        glow=random.uniform(0.9, 1.5),
    )
    frame = wood(random) if random.random() < 0.3 else _WHITE
    solids = [
        box((0, sill + height / 2, 0.005), (width, height, 0.01), sky),
        *_frame(width, height, sill, 0.06, 0.06, frame),
        box((0, sill - 0.03, 0.07), (width + 0.2, 0.04, 0.14), frame),
    ]
    bars = int(random.integers(0, 3))
    solids += [
        box((width * ((bar + 1) / (bars + 1) - 0.5), sill + height / 2, 0.02), (0.035, height, 0.03), frame)
        for bar in range(bars)
    ]
    if random.random() < 0.5:
        solids.append(box((0, sill + height * 0.62, 0.02), (width, 0.035, 0.03), frame))
    return Piece(LABEL["window"], solids, width + 0.2, 0.14, sill + height + 0.06)


def picture(random: np.random.Generator) -> Piece:
    """A framed picture: a landscape, coloured fields, or circles."""
    width, height = random.uniform(0.35, 1.0), random.uniform(0.35, 0.75)
    bottom = random.uniform(1.3, 1.6) - height / 2
    colours = ((0.7, 0.2, 0.1), (0.1, 0.3, 0.5), (0.8, 0.65, 0.2), (0.15, 0.35, 0.2), (0.75, 0.7, 0.6), (0.3, 0.1, 0.3))
    canvas = Material(
        pick(random, colours), pick(random, colours), "painting", int(random.integers(3)), int(random.integers(1 << 16))
    )
    frame = Material(pick(random, _FRAMES))
    solids = [
        box((0, bottom + height / 2, 0.008), (width, height, 0.016), canvas),
        *_frame(width, height, bottom, 0.035, 0.03, frame, closed=True),
    ]
    return Piece(LABEL["picture"], solids, width + 0.07, 0.03, bottom + height + 0.035)


def _frame(
    width: float, height: float, bottom: float, border: float, depth: float, material: Material, *, closed: bool = False
) -> list[Solid]:
    """Bars around an opening; the lower one only if it is closed."""
    middle = bottom + height / 2
    bars = [
        box(
            (side * (width + border) / 2, middle, depth / 2),
            (border, height + (2 * border if closed else 0), depth),
            material,
        )
        for side in (-1, 1)
    ]
    bars.append(box((0, bottom + height + border / 2, depth / 2), (width + 2 * border, border, depth), material))
    if closed:
        bars.append(box((0, bottom - border / 2, depth / 2), (width + 2 * border, border, depth), material))
    return bars

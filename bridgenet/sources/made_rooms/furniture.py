"""Furniture, each piece in its own frame: x to its right, y up from the floor, its front facing +z.

Every builder takes a random generator and returns the solids with the size of the floor they stand on.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bridgenet.labels import indoor
from bridgenet.sources.made_rooms.solids import Material, Solid, Vector, ball, box, column

CLASSES = indoor(
    *"wall, floor, ceiling, door, window, picture, cabinet, bed, table, chair, sofa, lamp, rug, person".split(", ")
)
LABEL = {name: index for index, name in enumerate(CLASSES.names)}
"""Class index by class name."""


class Piece(NamedTuple):
    """One piece of furniture, not yet placed."""

    label: int
    solids: list[Solid]
    width: float
    """Metres along x."""
    depth: float
    """Metres along z."""
    height: float
    """Metres of its highest point."""


Builder = Callable[[np.random.Generator], Piece]

_WOODS: tuple[Vector, ...] = (
    (0.42, 0.22, 0.10),
    (0.55, 0.34, 0.17),
    (0.24, 0.11, 0.05),
    (0.65, 0.47, 0.28),
    (0.14, 0.08, 0.05),
)
_FABRICS: tuple[Vector, ...] = (
    (0.08, 0.16, 0.32),
    (0.45, 0.10, 0.09),
    (0.10, 0.28, 0.20),
    (0.55, 0.50, 0.43),
    (0.62, 0.36, 0.10),
    (0.24, 0.23, 0.25),
    (0.34, 0.17, 0.32),
    (0.13, 0.35, 0.40),
)
_METAL = Material((0.22, 0.22, 0.24))
_LINEN = Material((0.80, 0.79, 0.75), (0.70, 0.69, 0.66), "cloth", 0.01)


def pick(random: np.random.Generator, options: tuple[Vector, ...]) -> Vector:
    """One of the colours, a little lighter or darker than it is listed."""
    red, green, blue = options[random.integers(len(options))]
    tone = random.uniform(0.8, 1.2)
    return (min(red * tone, 1.0), min(green * tone, 1.0), min(blue * tone, 1.0))


def shade(colour: Vector, factor: float) -> Vector:
    """A lighter (above 1) or darker colour."""
    return (min(colour[0] * factor, 1.0), min(colour[1] * factor, 1.0), min(colour[2] * factor, 1.0))


def wood(random: np.random.Generator) -> Material:
    """Wood with a grain; one in four is painted."""
    if random.random() < 0.25:
        return Material((0.72, 0.71, 0.68), (0.66, 0.65, 0.62), "cloth", 0.02)
    colour = pick(random, _WOODS)
    return Material(colour, shade(colour, 0.6), "grain", 0.05, int(random.integers(1 << 16)))


def fabric(random: np.random.Generator) -> Material:
    """Woven cloth: plain, striped or checked."""
    colour = pick(random, _FABRICS)
    kind = random.random()
    if kind < 0.7:
        return Material(colour, shade(colour, 0.75), "cloth", 0.012)
    other = pick(random, _FABRICS)
    return Material(colour, other, "checks" if kind > 0.85 else "stripes", random.uniform(0.06, 0.14))


def bed(random: np.random.Generator) -> Piece:
    """A bed with a headboard at its back."""
    width, length, top = random.uniform(1.0, 1.7), random.uniform(1.95, 2.1), random.uniform(0.45, 0.58)
    frame, cover = wood(random), fabric(random)
    board = random.uniform(0.8, 1.1)
    back = -length / 2
    solids = [
        box((0, 0.2, 0), (width, 0.16, length), frame),
        box((0, board / 2, back + 0.03), (width + 0.06, board, 0.06), frame),
        box((0, (top + 0.26) / 2, 0.03), (width - 0.04, top - 0.26, length - 0.08), _LINEN),
        box((0, top - 0.06, length * 0.14), (width + 0.02, 0.18, length * 0.72), cover),
        box((0, top + 0.03, -length * 0.18), (width + 0.03, 0.05, 0.22), _LINEN),
    ]
    solids += [
        box((x, 0.06, z), (0.08, 0.12, 0.08), frame)
        for x in (-width / 2 + 0.06, width / 2 - 0.06)
        for z in (back + 0.06, -back - 0.06)
    ]
    pillows = (-width / 4, width / 4) if width > 1.3 else (0.0,)
    solids += [ball((x, top + 0.05, back + 0.32), (0.3, 0.1, 0.2), _LINEN) for x in pillows]
    return Piece(LABEL["bed"], solids, width + 0.06, length, board)


def sofa(random: np.random.Generator) -> Piece:
    """A sofa for two or three, or an armchair."""
    seats = int(random.integers(1, 4))
    arm, seat = random.uniform(0.12, 0.22), random.uniform(0.40, 0.46)
    width, depth, back = (
        seats * random.uniform(0.58, 0.68) + 2 * arm,
        random.uniform(0.8, 0.95),
        random.uniform(0.75, 0.9),
    )
    cloth = fabric(random)
    dark = cloth._replace(colour=shade(cloth.colour, 0.85))
    solids = [
        box((0, seat / 2 - 0.02, 0), (width, seat - 0.16, depth), dark),
        box((0, (back + 0.1) / 2, -depth / 2 + 0.11), (width, back - 0.1, 0.22), dark),
    ]
    for side in (-1, 1):
        x = side * (width - arm) / 2
        solids.append(box((x, (seat + 0.24) / 2, 0.02), (arm, seat + 0.08, depth - 0.02), dark))
        solids += [
            column((side * (width / 2 - 0.08), 0, z), 0.08, 0.025, _METAL) for z in (0.08 - depth / 2, depth / 2 - 0.08)
        ]
    step = (width - 2 * arm) / seats
    for place in range(seats):
        x = (place - (seats - 1) / 2) * step
        solids.append(box((x, seat - 0.03, 0.1), (step - 0.015, 0.15, depth - 0.22), cloth))
        solids.append(box((x, seat + 0.22, 0.28 - depth / 2), (step - 0.03, 0.36, 0.14), cloth))
    if random.random() < 0.6:
        cushion = fabric(random)
        solids.append(ball((width / 2 - arm - 0.2, seat + 0.2, 0.4 - depth / 2), (0.19, 0.18, 0.09), cushion))
    return Piece(LABEL["sofa"], solids, width, depth, back)


def table(random: np.random.Generator) -> Piece:
    """A dining table or a desk: rectangular on four legs, or round on one."""
    height, material = random.uniform(0.70, 0.78), wood(random)
    if random.random() < 0.3:
        radius = random.uniform(0.4, 0.6)
        solids = [
            column((0, height - 0.04, 0), 0.04, radius, material),
            column((0, 0.03, 0), height - 0.05, 0.05, material),
            column((0, 0, 0), 0.05, radius * 0.6, material, 0.4),
        ]
        return Piece(LABEL["table"], solids, 2 * radius, 2 * radius, height)
    return _four_legged(material, random.uniform(1.0, 1.7), random.uniform(0.6, 0.9), height)


def coffee_table(random: np.random.Generator) -> Piece:
    """A low table."""
    return _four_legged(wood(random), random.uniform(0.7, 1.1), random.uniform(0.45, 0.6), random.uniform(0.36, 0.45))


def _four_legged(material: Material, width: float, depth: float, height: float) -> Piece:
    solids = [box((0, height - 0.02, 0), (width, 0.04, depth), material)]
    solids += [
        box((0, height - 0.08, z), (width - 0.14, 0.08, 0.02), material) for z in (0.08 - depth / 2, depth / 2 - 0.08)
    ]
    solids += [
        box((x, height / 2 - 0.02, z), (0.055, height - 0.04, 0.055), material)
        for x in (0.06 - width / 2, width / 2 - 0.06)
        for z in (0.06 - depth / 2, depth / 2 - 0.06)
    ]
    return Piece(LABEL["table"], solids, width, depth, height)


def chair(random: np.random.Generator) -> Piece:
    """A chair with a back of one panel or of bars."""
    width, seat, back = random.uniform(0.42, 0.5), random.uniform(0.43, 0.47), random.uniform(0.82, 1.0)
    frame = wood(random)
    cushion = fabric(random) if random.random() < 0.6 else frame
    half = width / 2 - 0.025
    solids = [box((0, seat - 0.025, 0), (width, 0.05, width), cushion)]
    solids += [box((x, (seat - 0.05) / 2, half), (0.04, seat - 0.05, 0.04), frame) for x in (-half, half)]
    solids += [box((x, back / 2, -half), (0.04, back, 0.04), frame) for x in (-half, half)]
    if random.random() < 0.5:
        solids.append(box((0, (seat + back) / 2 + 0.08, -half), (width - 0.06, back - seat - 0.2, 0.025), cushion))
    else:
        heights = np.linspace(seat + 0.15, back - 0.05, 3)
        solids += [box((0, float(y), -half), (width - 0.06, 0.06, 0.02), frame) for y in heights]
    return Piece(LABEL["chair"], solids, width, width, back)


def cabinet(random: np.random.Generator) -> Piece:
    """A chest, a sideboard or a wardrobe."""
    material = wood(random)
    tall = random.random() < 0.4
    width = random.uniform(0.8, 1.4) if tall else random.uniform(0.7, 1.6)
    height = random.uniform(1.7, 2.1) if tall else random.uniform(0.6, 1.0)
    depth = random.uniform(0.4, 0.58)
    columns = max(1, round(width / 0.55))
    rows = 1 if tall else int(random.integers(1, 4))
    front = material._replace(pattern="drawers", scale=columns + 100 * rows)
    solids = [
        box(
            (0, 0.04, -0.02), (width - 0.08, 0.08, depth - 0.06), material._replace(colour=shade(material.colour, 0.5))
        ),
        box((0, (height + 0.06) / 2, -0.01), (width, height - 0.1, depth - 0.02), material),
        box((0, (height + 0.05) / 2, depth / 2 - 0.015), (width - 0.02, height - 0.13, 0.03), front),
        box((0, height - 0.015, 0), (width + 0.03, 0.03, depth + 0.02), material),
    ]
    return Piece(LABEL["cabinet"], solids, width + 0.03, depth + 0.02, height)


def bookcase(random: np.random.Generator) -> Piece:
    """Open shelves full of books."""
    material = wood(random)
    width, height, depth = random.uniform(0.7, 1.3), random.uniform(1.3, 2.0), 0.3
    shelves = round(height / 0.36)
    rise = (height - 0.08) / shelves
    solids = [box((x, height / 2, 0), (0.03, height, depth), material) for x in (-width / 2, width / 2)]
    solids.append(box((0, height / 2, -depth / 2 + 0.01), (width, height, 0.02), material))
    solids += [box((0, 0.06 + rise * level, 0), (width, 0.03, depth), material) for level in range(shelves + 1)]
    for level in range(shelves):
        books = Material(
            (1.0, 0.85, 0.7), pattern="books", scale=random.uniform(0.035, 0.06), seed=int(random.integers(1 << 16))
        )
        tall, wide = rise * random.uniform(0.55, 0.8), (width - 0.06) * random.uniform(0.5, 1.0)
        left = random.uniform(-1, 1) * (width - 0.06 - wide) / 2
        solids.append(box((left, 0.075 + rise * level + tall / 2, -0.02), (wide, tall, depth * 0.7), books))
    return Piece(LABEL["cabinet"], solids, width + 0.03, depth, height)


def night_stand(random: np.random.Generator) -> Piece:
    """A small cabinet for the side of a bed."""
    material, size, height = wood(random), random.uniform(0.38, 0.48), random.uniform(0.45, 0.6)
    solids = [
        box((0, height / 2, 0), (size, height, size - 0.04), material),
        box(
            (0, height / 2, size / 2 - 0.015),
            (size - 0.03, height - 0.05, 0.03),
            material._replace(pattern="drawers", scale=201),
        ),
    ]
    return Piece(LABEL["cabinet"], solids, size, size, height)


def floor_lamp(random: np.random.Generator) -> Piece:
    """A lamp on a tall stand."""
    height, radius = random.uniform(1.4, 1.75), random.uniform(0.17, 0.24)
    return Piece(LABEL["lamp"], _lamp(random, height, radius, 0.0), 2 * radius, 2 * radius, height)


def table_lamp(random: np.random.Generator, surface: float) -> Piece:
    """A lamp that stands on a surface at a height in metres."""
    height, radius = random.uniform(0.38, 0.5), random.uniform(0.1, 0.15)
    return Piece(LABEL["lamp"], _lamp(random, height, radius, surface), 2 * radius, 2 * radius, surface + height)


def _lamp(random: np.random.Generator, height: float, radius: float, foot: float) -> list[Solid]:
    warm = Material(
        pick(random, ((0.95, 0.82, 0.60), (0.92, 0.88, 0.80), (0.85, 0.55, 0.35))), glow=random.uniform(0.5, 1.0)
    )
    shade_height = radius * 1.5
    return [
        column((0, foot, 0), 0.03, radius * 0.7, _METAL),
        column((0, foot, 0), height - shade_height, 0.016, _METAL),
        column((0, foot + height - shade_height, 0), shade_height, radius, warm, random.uniform(0.6, 0.9)),
    ]


def pendant(random: np.random.Generator, ceiling: float) -> Piece:
    """A lamp that hangs from the ceiling."""
    drop, radius = random.uniform(0.45, 0.75), random.uniform(0.17, 0.26)
    colour = pick(random, (*_FABRICS, (0.8, 0.8, 0.78)))
    solids = [
        column((0, ceiling - drop + 0.1, 0), drop - 0.1, 0.01, _METAL),
        column((0, ceiling - drop, 0), 0.2, radius, Material(colour, glow=0.25), 0.35),
        ball((0, ceiling - drop + 0.01, 0), (0.07, 0.07, 0.07), Material((1.0, 0.9, 0.7), glow=3.0)),
    ]
    return Piece(LABEL["lamp"], solids, 2 * radius, 2 * radius, ceiling)


def rug(random: np.random.Generator) -> Piece:
    """A rug: rectangular with a border, or round."""
    material = Material(pick(random, _FABRICS), pick(random, (*_FABRICS, (0.7, 0.66, 0.58))), "rug", 0.1)
    if random.random() < 0.25:
        radius = random.uniform(0.7, 1.1)
        return Piece(LABEL["rug"], [column((0, 0, 0), 0.012, radius, material)], 2 * radius, 2 * radius, 0.012)
    width, depth = random.uniform(1.4, 2.4), random.uniform(1.0, 1.6)
    return Piece(LABEL["rug"], [box((0, 0.006, 0), (width, 0.012, depth), material)], width, depth, 0.012)

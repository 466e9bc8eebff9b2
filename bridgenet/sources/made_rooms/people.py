"""Jointed figures: the body of a mannequin, posed by the angles of its limbs, with the six human parts labelled."""

from typing import NamedTuple

import numpy as np

from bridgenet.labels import HUMAN_PARTS
from bridgenet.sources.made_rooms.furniture import LABEL, Piece, pick
from bridgenet.sources.made_rooms.solids import Material, Shape, Solid, Vector, ball, limb

HEAD, TORSO, UPPER_ARM, LOWER_ARM, UPPER_LEG, LOWER_LEG = range(1, len(HUMAN_PARTS))

_SKINS: tuple[Vector, ...] = (
    (0.75, 0.48, 0.34),
    (0.60, 0.34, 0.21),
    (0.36, 0.18, 0.10),
    (0.82, 0.58, 0.45),
    (0.16, 0.08, 0.05),
)
_HAIRS: tuple[Vector, ...] = (
    (0.03, 0.02, 0.02),
    (0.16, 0.07, 0.03),
    (0.45, 0.27, 0.09),
    (0.30, 0.28, 0.27),
    (0.30, 0.08, 0.03),
)
_SHIRTS: tuple[Vector, ...] = (
    (0.62, 0.08, 0.07),
    (0.08, 0.20, 0.48),
    (0.75, 0.74, 0.70),
    (0.12, 0.34, 0.18),
    (0.75, 0.50, 0.08),
    (0.05, 0.05, 0.06),
    (0.45, 0.20, 0.42),
)
_TROUSERS: tuple[Vector, ...] = ((0.06, 0.10, 0.22), (0.05, 0.05, 0.05), (0.34, 0.26, 0.16), (0.22, 0.22, 0.24))
_SHOES: tuple[Vector, ...] = ((0.04, 0.03, 0.03), (0.20, 0.09, 0.04), (0.6, 0.6, 0.6))


class Clothes(NamedTuple):
    """Materials of a body."""

    skin: Material
    hair: Material
    shirt: Material
    sleeve: Material
    trousers: Material
    shoes: Material


def person(random: np.random.Generator, seat: float | None = None) -> Piece:
    """A figure that stands or walks, or sits on a seat of a height in metres; it faces +z."""
    scale = random.uniform(0.88, 1.08)
    clothes = _clothes(random)
    stride = random.uniform(-0.45, 0.45) if seat is None and random.random() < 0.6 else 0.0
    # The front leg is nearly straight and carries the figure, so a long stride lowers the hips.
    reach = 0.43 * np.cos(stride) + 0.40 * np.cos(abs(stride) - 0.05) + 0.08
    hip = 0.02 + scale * float(reach) if seat is None else seat + 0.1
    lean = random.uniform(-0.04, 0.06) if seat is None else random.uniform(-0.25, 0.05)
    solids = _trunk(scale, hip, lean, clothes, random)
    shoulder = np.array([0.0, hip + 0.47 * scale * np.cos(lean), 0.47 * scale * np.sin(lean)])
    for side in (-1, 1):
        swing = -side * stride * 0.9 + random.uniform(-0.15, 0.25)
        solids += _arm(scale, shoulder, side, swing, random, clothes, seated=seat is not None)
        thigh = side * stride if seat is None else np.pi / 2 - random.uniform(0.0, 0.12)
        knee = max(0.0, -thigh) * 0.9 + 0.05 if seat is None else np.pi / 2 + random.uniform(-0.3, 0.2)
        solids += _leg(scale, hip, side, thigh, knee, clothes)
    return Piece(LABEL["person"], solids, 0.6, 0.6 if seat is None else 0.9, hip + 0.85 * scale)


def _clothes(random: np.random.Generator) -> Clothes:
    skin = Material(pick(random, _SKINS))
    colour = pick(random, _SHIRTS)
    striped = random.random() < 0.3
    shirt = Material(colour, pick(random, _SHIRTS), "hoops" if striped else "plain", 0.05)
    sleeve = shirt if random.random() < 0.5 else skin
    return Clothes(
        skin,
        Material(pick(random, _HAIRS)),
        shirt,
        sleeve,
        Material(pick(random, _TROUSERS)),
        Material(pick(random, _SHOES)),
    )


def _trunk(scale: float, hip: float, lean: float, clothes: Clothes, random: np.random.Generator) -> list[Solid]:
    """Hips, chest, neck, head and hair, leaning forward by an angle in radians around the hips."""
    turn = np.array([[1, 0, 0], [0, np.cos(lean), -np.sin(lean)], [0, np.sin(lean), np.cos(lean)]])

    def at(height: float, forward: float = 0.0) -> Vector:
        spot = turn @ np.array([0.0, height, forward]) * scale
        return (0.0, float(hip + spot[1]), float(spot[2]))

    def stout(centre: Vector, half: Vector, extra: float, material: Material, part: int) -> Solid:
        size = (half[0] * scale, half[1] * scale, half[2] * scale)
        return Solid(Shape.CAPSULE, centre, size, material, extra, turn, part)

    solids = [
        stout(at(0.0), (0.165, 0.10, 0.115), 0.3, clothes.trousers, TORSO),
        stout(at(0.24), (0.155, 0.11, 0.105), 1.1, clothes.shirt, TORSO),
        stout(at(0.41), (0.215, 0.09, 0.095), 0.3, clothes.shirt, TORSO),
        stout(at(0.56), (0.052, 0.05, 0.052), 1.0, clothes.skin, HEAD),
        stout(at(0.705, 0.015), (0.078, 0.112, 0.095), 0.0, clothes.skin, HEAD),
        stout(at(0.69, 0.105), (0.012, 0.025, 0.016), 0.0, clothes.skin, HEAD),
    ]
    solids += [
        solid._replace(centre=(side * 0.03 * scale, solid.centre[1], solid.centre[2]))
        for side in (-1, 1)
        for solid in [stout(at(0.725, 0.097), (0.013, 0.008, 0.01), 0.0, Material((0.02, 0.02, 0.02)), HEAD)]
    ]
    solids.append(stout(at(0.735, -0.018), (0.09, 0.105, 0.098), 0.0, clothes.hair, HEAD))
    if random.random() < 0.45:
        solids.append(stout(at(0.62, -0.06), (0.088, 0.10, 0.055), 0.6, clothes.hair, HEAD))
    return solids


def _arm(
    scale: float,
    shoulder: np.ndarray,
    side: int,
    swing: float,
    random: np.random.Generator,
    clothes: Clothes,
    *,
    seated: bool,
) -> list[Solid]:
    """Upper arm, forearm and hand; `swing` raises the arm forward, in radians."""
    if seated:
        swing = random.uniform(0.1, 0.4)
    elif random.random() < 0.12:
        swing = random.uniform(1.2, 2.6)
    bend = random.uniform(0.8, 1.2) if seated else random.uniform(0.1, 0.5)
    out = side * random.uniform(0.06, 0.22)
    start = shoulder + np.array([side * 0.215 * scale, -0.04 * scale, 0.0])
    elbow = start + 0.28 * scale * _direction(swing, out)
    wrist = elbow + 0.25 * scale * _direction(swing + bend, out * 0.5)
    return [
        limb(start, elbow, 0.052 * scale, clothes.shirt, UPPER_ARM),
        limb(elbow, wrist, 0.04 * scale, clothes.sleeve, LOWER_ARM),
        limb(wrist, wrist + 0.06 * scale * _direction(swing + bend, 0.0), 0.042 * scale, clothes.skin, LOWER_ARM),
    ]


def _leg(scale: float, hip: float, side: int, thigh: float, knee: float, clothes: Clothes) -> list[Solid]:
    """Thigh, shin and foot; `thigh` raises the leg forward and `knee` bends it back, in radians."""
    start = np.array([side * 0.095 * scale, hip - 0.02, 0.0])
    joint = start + 0.43 * scale * _direction(thigh, side * 0.05)
    ankle = joint + 0.40 * scale * _direction(thigh - knee, 0.0)
    foot = (float(ankle[0]), float(ankle[1]) - 0.035 * scale, float(ankle[2]) + 0.06 * scale)
    return [
        limb(start, joint, 0.082 * scale, clothes.trousers, UPPER_LEG),
        limb(joint, ankle, 0.058 * scale, clothes.trousers, LOWER_LEG),
        ball(foot, (0.048 * scale, 0.045 * scale, 0.125 * scale), clothes.shoes, LOWER_LEG),
    ]


def _direction(forward: float, outward: float) -> np.ndarray:
    """The way a hanging limb points when it is raised forward and outward, in radians."""
    return np.array([np.sin(outward), -np.cos(outward) * np.cos(forward), np.cos(outward) * np.sin(forward)])

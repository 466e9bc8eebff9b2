"""Where things stand: the walls, what hangs on them, what stands along them and between, and the camera."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bridgenet.sources.made_rooms import fittings, furniture, people
from bridgenet.sources.made_rooms.casting import look
from bridgenet.sources.made_rooms.furniture import LABEL, Builder, Piece, Vector, pick, shade
from bridgenet.sources.made_rooms.solids import Material, Scene, Shape, Solid, Thing, box, stack

_WALLS: tuple[Vector, ...] = (
    (0.72, 0.68, 0.60),
    (0.60, 0.66, 0.70),
    (0.66, 0.70, 0.58),
    (0.74, 0.74, 0.74),
    (0.72, 0.55, 0.46),
    (0.38, 0.48, 0.52),
    (0.70, 0.62, 0.40),
    (0.55, 0.45, 0.52),
)
_FLOORS: tuple[Vector, ...] = ((0.45, 0.26, 0.13), (0.58, 0.40, 0.23), (0.28, 0.15, 0.08), (0.50, 0.46, 0.40))
_TILES: tuple[Vector, ...] = ((0.62, 0.60, 0.56), (0.45, 0.30, 0.22), (0.30, 0.33, 0.36), (0.70, 0.68, 0.66))

_KINDS: dict[str, tuple[Builder, ...]] = {
    "bedroom": (furniture.bed, furniture.cabinet, furniture.night_stand, furniture.bookcase, furniture.chair),
    "living room": (furniture.sofa, furniture.bookcase, furniture.cabinet, furniture.sofa, furniture.floor_lamp),
    "dining room": (furniture.cabinet, furniture.cabinet, furniture.floor_lamp, furniture.chair),
    "study": (furniture.table, furniture.bookcase, furniture.bookcase, furniture.sofa, furniture.floor_lamp),
}
"""What stands along the walls of a room, the most important first."""


_EXTRAS: tuple[Builder, ...] = (furniture.chair, furniture.night_stand, furniture.floor_lamp, furniture.cabinet)
"""What may stand in any room."""


class Opening(NamedTuple):
    """A window, as a source of light."""

    centre: np.ndarray
    """(3,) metres, world."""
    inward: np.ndarray
    """(3,) unit normal that points into the room."""
    half: tuple[float, float]
    """Half its width and half its height, metres."""


class Room(NamedTuple):
    """A furnished room with a view."""

    scene: Scene
    floor: Material
    ceiling: Material
    size: Vector
    """Width (x), height (y) and depth (z) in metres; one corner is the origin."""
    lamp: np.ndarray
    """(3,) where the light under the ceiling hangs."""
    windows: list[Opening]
    position: np.ndarray
    """(3,) of the camera."""
    rotation: np.ndarray
    """(3, 3), world to camera."""
    focal: float
    """Focal length of the camera, as a multiple of the image's width."""


@dataclass
class _Plan:
    """A room being furnished. Zones are (x, z, half width, half depth) rectangles on the floor."""

    size: Vector
    random: np.random.Generator
    things: list[Thing] = field(default_factory=list)
    zones: list[tuple[float, float, float, float]] = field(default_factory=list)
    walls: list[list[tuple[float, float]]] = field(default_factory=lambda: [[], [], [], []])
    """Per wall, the intervals that are covered at the height of a picture."""

    def wall_length(self, wall: int) -> float:
        return self.size[0] if wall < 2 else self.size[2]

    def against(self, wall: int, along: float, gap: float) -> tuple[Vector, float]:
        """Position and yaw of a thing whose centre is `gap` metres before a wall."""
        width, _, depth = self.size
        return (
            ((along, 0.0, gap), 0.0),
            ((along, 0.0, depth - gap), np.pi),
            ((gap, 0.0, along), np.pi / 2),
            ((width - gap, 0.0, along), -np.pi / 2),
        )[wall]

    def is_free(self, x: float, z: float, half_width: float, half_depth: float) -> bool:
        """Whether a rectangle lies in the room and meets no zone."""
        if not (half_width <= x <= self.size[0] - half_width and half_depth <= z <= self.size[2] - half_depth):
            return False
        return all(abs(x - a) >= half_width + c or abs(z - b) >= half_depth + d for a, b, c, d in self.zones)

    def add(self, piece: Piece, position: Vector, yaw: float) -> None:
        """Put a piece into the room without asking whether there is place."""
        self.things.append(Thing(piece.label, piece.solids, position, yaw))

    def stand(self, piece: Piece, x: float, z: float, yaw: float, margin: float = 0.03) -> bool:
        """Put a piece on the floor if there is place for it."""
        cosine, sine = abs(np.cos(yaw)), abs(np.sin(yaw))
        half_width = (piece.width * cosine + piece.depth * sine) / 2 + margin
        half_depth = (piece.depth * cosine + piece.width * sine) / 2 + margin
        if not self.is_free(x, z, half_width, half_depth):
            return False
        self.zones.append((x, z, half_width, half_depth))
        self.add(piece, (x, 0.0, z), yaw)
        return True


def furnish(random: np.random.Generator) -> Room:
    """A room, its furniture, its people and a place to look at it from."""
    size = (random.uniform(3.2, 6.0), random.uniform(2.4, 2.9), random.uniform(3.2, 6.0))
    plan = _Plan(size, random, [_shell(size, random)])
    position, target = _view(plan)
    windows = _hang_openings(plan)
    kind = list(_KINDS)[random.integers(len(_KINDS))]
    if kind == "dining room" or (kind == "study" and random.random() < 0.3):
        _set_table(plan)
    for builder in _KINDS[kind]:
        if random.random() < 0.9:
            _stand_along_wall(plan, builder(random))
    for builder in random.choice(np.array(_EXTRAS, dtype=object), int(random.integers(0, 3))):
        _stand_along_wall(plan, builder(random))
    if kind in ("living room", "bedroom"):
        _fill_middle(plan, low_table=kind == "living room")
    _hang_pictures(plan)
    _invite(plan, position, target)
    lamp = np.array([size[0] * random.uniform(0.4, 0.6), size[1] - 0.15, size[2] * random.uniform(0.4, 0.6)])
    rotation = look(position, target, random.normal(0.0, 0.012))
    focal = float(0.5 / np.tan(random.uniform(0.52, 0.62)))
    ceiling = Material(shade((0.78, 0.77, 0.74), random.uniform(0.9, 1.1)))
    scene, floor = stack(plan.things), _floor(random)
    return Room(
        scene, floor, ceiling, size, lamp.astype(np.float32), windows, position.astype(np.float32), rotation, focal
    )


def _shell(size: Vector, random: np.random.Generator) -> Thing:
    """The room itself and its skirting boards."""
    wall = pick(random, _WALLS)
    pattern = ("plain", "plain", "stripes", "diamonds", "cloth", "bricks")[random.integers(6)]
    paper = Material(
        wall, shade(wall, random.uniform(0.78, 0.92)), pattern, random.uniform(0.12, 0.3), int(random.integers(1 << 16))
    )
    shell = Solid(Shape.ROOM, (size[0] / 2, size[1] / 2, size[2] / 2), (size[0] / 2, size[1] / 2, size[2] / 2), paper)
    board = Material((0.70, 0.69, 0.66)) if random.random() < 0.6 else Material((0.25, 0.14, 0.07))
    width, _, depth = size
    boards = [box((width / 2, 0.045, z), (width, 0.09, 0.024), board) for z in (0.012, depth - 0.012)] + [
        box((x, 0.045, depth / 2), (0.024, 0.09, depth), board) for x in (0.012, width - 0.012)
    ]
    return Thing(LABEL["wall"], [shell, *boards])


def _floor(random: np.random.Generator) -> Material:
    """Boards, tiles or carpet."""
    kind, seed = random.random(), int(random.integers(1 << 16))
    if kind < 0.55:
        colour = pick(random, _FLOORS)
        return Material(colour, shade(colour, 0.62), "boards", random.uniform(0.09, 0.16), seed)
    if kind < 0.8:
        colour = pick(random, _TILES)
        return Material(colour, shade(colour, 0.55), "tiles", random.uniform(0.25, 0.5), seed)
    colour = pick(random, _FLOORS + _WALLS)
    return Material(colour, shade(colour, 0.75), "cloth", 0.02, seed)


def _view(plan: _Plan) -> tuple[np.ndarray, np.ndarray]:
    """A camera near a wall or a corner that looks across the room, and what it looks at."""
    random, (width, height, depth) = plan.random, plan.size
    corner = random.random() < 0.6
    x = random.choice([0.45, width - 0.45]) if corner else random.uniform(0.35, 0.65) * width
    z = random.choice([0.45, depth - 0.45])
    position = np.array([x, random.uniform(1.15, min(1.75, height - 0.6)), z])
    away = np.array([width - x if corner else random.uniform(0.25, 0.75) * width, 0.0, depth - z])
    target = position + (away - position) * random.uniform(0.6, 0.9) + random.normal(0.0, 0.35, 3) * (1, 0, 1)
    target[1] = random.uniform(0.45, 1.05)
    heading = (target - position)[[0, 2]] / np.linalg.norm((target - position)[[0, 2]])
    plan.zones.append((float(x), float(z), 0.5, 0.5))
    plan.zones.append((float(x + heading[0] * 0.7), float(z + heading[1] * 0.7), 0.4, 0.4))
    return position, target


def _free_span(plan: _Plan, wall: int, width: float) -> float | None:
    """A place along a wall for something of a width, or None after a few attempts."""
    length = plan.wall_length(wall)
    for _ in range(5):
        along = float(plan.random.uniform(0.1 + width / 2, length - 0.1 - width / 2)) if length > width + 0.2 else -1.0
        low, high = along - width / 2, along + width / 2
        if along > 0 and all(high < start or low > end for start, end in plan.walls[wall]):
            return along
    return None


def _hang_openings(plan: _Plan) -> list[Opening]:
    """One door, and windows on up to two walls."""
    random = plan.random
    order = random.permutation(4)
    windows = []
    for turn, wall in enumerate(order[: 1 + random.integers(1, 4)]):
        piece = fittings.door(random) if turn == 0 else fittings.window(random, plan.size[1])
        along = _free_span(plan, int(wall), piece.width)
        if along is None:
            continue
        plan.walls[wall].append((along - piece.width / 2, along + piece.width / 2))
        position, yaw = plan.against(int(wall), along, 0.0)
        plan.add(piece, position, yaw)
        if turn == 0:
            before, _ = plan.against(int(wall), along, 0.4)
            plan.zones.append((before[0], before[2], 0.42, 0.42))
        else:
            inward = np.array([np.sin(yaw), 0.0, np.cos(yaw)])
            _, middle, _ = piece.solids[0].centre
            centre = np.array([position[0], middle, position[2]])
            half = piece.solids[0].half
            windows.append(Opening(centre.astype(np.float32), inward.astype(np.float32), (half[0], half[1])))
    return windows


def _stand_along_wall(plan: _Plan, piece: Piece) -> None:
    """Put a piece with its back to some wall, not in front of a window if it is tall."""
    random = plan.random
    for _ in range(8):
        wall = int(random.integers(4))
        if plan.wall_length(wall) < piece.width + 0.2:
            continue
        along = float(random.uniform(piece.width / 2 + 0.08, plan.wall_length(wall) - piece.width / 2 - 0.08))
        span = (along - piece.width / 2 - 0.05, along + piece.width / 2 + 0.05)
        covered = any(span[1] > start and span[0] < end for start, end in plan.walls[wall])
        if piece.height > 0.95 and covered:
            continue
        position, yaw = plan.against(wall, along, piece.depth / 2 + 0.05)
        if plan.stand(piece, position[0], position[2], yaw, margin=0.02):
            if piece.height > 0.95:
                plan.walls[wall].append(span)
            if piece.label == LABEL["cabinet"] and piece.height < 1.05 and random.random() < 0.4:
                plan.add(furniture.table_lamp(random, piece.height), position, yaw)
            return


def _set_table(plan: _Plan) -> None:
    """A table near the middle, chairs around it, perhaps a lamp above and a rug below."""
    random, (width, height, depth) = plan.random, plan.size
    table = furniture.table(random)
    x, z = float(random.uniform(0.4, 0.6) * width), float(random.uniform(0.4, 0.6) * depth)
    yaw = float(random.integers(2) * np.pi / 2 + random.normal(0.0, 0.08))
    if random.random() < 0.5:
        plan.add(furniture.rug(random), (x, 0.0, z), yaw)
    if not plan.stand(table, x, z, yaw, margin=0.0):
        return
    if random.random() < 0.6:
        plan.add(furniture.pendant(random, height), (x, 0.0, z), yaw)
    model = int(random.integers(1 << 16))
    for side, gap, shift in (
        (0, table.depth, 0.0),
        (2, table.depth, 0.0),
        (1, table.width, 0.0),
        (3, table.width, 0.0),
    ):
        if random.random() < 0.2:
            continue
        turn = yaw + side * np.pi / 2
        away = gap / 2 + random.uniform(0.12, 0.45)
        seat = furniture.chair(np.random.default_rng(model))
        plan.stand(
            seat,
            float(x + np.sin(turn) * away + np.cos(turn) * shift),
            float(z + np.cos(turn) * away - np.sin(turn) * shift),
            float(turn + np.pi + random.normal(0.0, 0.25)),
            margin=-0.13,
        )


def _fill_middle(plan: _Plan, *, low_table: bool) -> None:
    """A rug on the open floor, and a low table on it."""
    random, (width, _, depth) = plan.random, plan.size
    x, z = float(random.uniform(0.35, 0.65) * width), float(random.uniform(0.35, 0.65) * depth)
    yaw = float(random.integers(2) * np.pi / 2 + random.normal(0.0, 0.06))
    if random.random() < 0.7:
        plan.add(furniture.rug(random), (x, 0.0, z), yaw)
    if low_table:
        plan.stand(furniture.coffee_table(random), x, z, yaw)


def _hang_pictures(plan: _Plan) -> None:
    """Up to five pictures on free stretches of wall."""
    for _ in range(int(plan.random.integers(1, 6))):
        wall = int(plan.random.integers(4))
        piece = fittings.picture(plan.random)
        along = _free_span(plan, wall, piece.width + 0.1)
        if along is not None:
            plan.walls[wall].append((along - piece.width / 2, along + piece.width / 2))
            plan.add(piece, *plan.against(wall, along, 0.0))


def _invite(plan: _Plan, position: np.ndarray, target: np.ndarray) -> None:
    """Up to three people: some sit on what can be sat on, the others stand where the camera looks."""
    random = plan.random
    guests = int(random.choice([0, 1, 2, 3], p=[0.3, 0.4, 0.22, 0.08]))
    seats = [thing for thing in plan.things if thing.label == LABEL["chair"]]
    heading = (target - position) * (1, 0, 1)
    heading /= np.linalg.norm(heading)
    aside = np.array([heading[2], 0.0, -heading[0]])
    for _ in range(guests):
        if seats and random.random() < 0.4:
            seat = seats.pop(int(random.integers(len(seats))))
            plan.add(people.person(random, seat=0.45), seat.position, seat.yaw)
            continue
        figure = people.person(random)
        for _ in range(8):
            away = random.uniform(1.4, 3.4)
            spot = position + away * (heading + random.uniform(-0.45, 0.45) * aside)
            if plan.stand(figure, float(spot[0]), float(spot[2]), float(random.uniform(-np.pi, np.pi)), margin=-0.05):
                break

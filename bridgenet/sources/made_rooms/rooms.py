"""Procedural rooms as a data set: pictures with exact ground truth for all six tasks, drawn when they are asked for."""

from collections.abc import Collection

import numpy as np

from bridgenet.reading import geometry
from bridgenet.reading.geometry import boundaries_from_labels
from bridgenet.reading.sample import RawSample
from bridgenet.reading.source import Split
from bridgenet.sources.made_rooms.casting import Camera, Surface, cast, surface
from bridgenet.sources.made_rooms.furniture import LABEL
from bridgenet.sources.made_rooms.layout import Room, furnish
from bridgenet.sources.made_rooms.shading import creases, shade
from bridgenet.tasks import ALL_TASKS, TaskName

_SPLITS = {"train": 0, "val": 1}

_SALIENT = tuple(LABEL[name] for name in ("picture", "cabinet", "bed", "table", "chair", "sofa", "lamp"))
"""Classes that can catch the eye where there is nobody."""

_SMALLEST_SALIENT = 0.005
"""Share of the image that a thing must cover to be salient."""


class MadeRooms:
    """One split of made rooms.

    Image `i` of a seed is always the same, on every machine and in every process, and no room is in both splits.

    Args:
        count: Number of images.
        size: Height and width of the images, pixels.
        seed: Rooms of different seeds have nothing in common.
        split: `train` or `val`.

    Raises:
        ValueError: There would be no image, or an image without pixels.
    """

    def __init__(self, count: int, size: tuple[int, int] = (96, 128), seed: int = 0, split: Split = "train") -> None:
        if count < 1 or min(size) < 1:
            raise ValueError(f"Made rooms need at least one image of at least one pixel, got {count} of size {size}.")
        self.size = size
        self.seed = seed
        self.split: Split = split
        self._names = tuple(f"room-{split}-{seed}-{index:05d}" for index in range(count))

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def __len__(self) -> int:
        return len(self._names)

    def read(self, index: int, tasks: Collection[TaskName] = ALL_TASKS) -> RawSample:
        """The room at `index`, with the ground truth of `tasks`."""
        if not 0 <= index < len(self):
            raise IndexError(f"There are {len(self)} made rooms, counted from 0; {index} is none of them.")
        return render_room((self.seed, _SPLITS[self.split], index), self.size, tasks)

    def camera(self, index: int) -> geometry.Camera:
        """What took the picture at `index`."""
        height, width = self.size
        focal = width * furnish(np.random.default_rng((self.seed, _SPLITS[self.split], index))).focal
        return geometry.Camera(focal, focal, (width - 1) / 2, (height - 1) / 2)


def render_room(
    seed: int | tuple[int, ...], size: tuple[int, int] = (96, 128), tasks: Collection[TaskName] = ALL_TASKS
) -> RawSample:
    """Furnish a room and take a picture of it.

    Args:
        seed: The same seed gives the same room; the size changes only how finely it is drawn.
        size: Height and width, pixels.
        tasks: Which ground truth is wanted.

    Returns:
        Image and targets. Labels, depth and normals are those of the surface at the centre of each pixel; the image
        is the light that falls onto the pixel.
    """
    random = np.random.default_rng(seed)
    room = furnish(random)
    height, width = size
    # Twice as many rays as pixels each way and one more: rays go through the centres and the corners of all pixels.
    pixels = 2 * room.focal * width
    columns = (np.arange(2 * width + 1) - width) / pixels
    rows = (height - np.arange(2 * height + 1)) / pixels
    camera = Camera(room.position, room.rotation, columns.astype(np.float32), rows.astype(np.float32))
    depth, solid = cast(room.scene, camera)
    image, seen = _photograph(room, camera, depth, solid, random)
    return RawSample(image, _targets(room, seen, camera, size, tasks))


def _photograph(
    room: Room, camera: Camera, depth: np.ndarray, solid: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, Surface]:
    """The image (H, W, 3) uint8, and what its rays meet: first those through the centres of the pixels, row by row.

    Only where the rays through the corners of a pixel meet other solids are they followed too.
    """
    stride = depth.shape[1]
    centres = np.arange(depth.size).reshape(depth.shape)[1::2, 1::2]
    mixed = _mixed_pixels(solid)
    around = (centres[mixed][:, None] + np.array([down * stride + right for down, right in _AROUND])).ravel()
    wanted = np.zeros(depth.size, dtype=bool)
    wanted[around] = True
    wanted[centres] = False
    rays = np.concatenate([centres.ravel(), np.flatnonzero(wanted)])

    seen = surface(room.scene, camera, depth, solid, rays)
    row, column = np.divmod(rays, stride)
    crease = creases(depth[1::2, 1::2])
    crease = crease[np.minimum(row // 2, len(crease) - 1), np.minimum(column // 2, crease.shape[1] - 1)]
    colours = np.empty((depth.size, 3), dtype=np.uint8)
    colours[rays] = shade(room, seen, crease, 2 * float(camera.columns[1] - camera.columns[0]), random)

    image = colours.take(centres, axis=0)
    blended = np.einsum("pwc,w->pc", colours.take(around, axis=0).reshape(-1, len(_AROUND), 3), _WEIGHTS)
    image[mixed] = np.rint(blended).astype(np.uint8)
    return image, seen


_AROUND = ((-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0))
"""Rays of which the colour of a mixed pixel is made: those through its corners, and the one through its centre."""

_WEIGHTS = np.array([1, 1, 1, 1, 4], dtype=np.float32) / 8


def _mixed_pixels(solid: np.ndarray) -> np.ndarray:
    """Which pixels (H, W) show more than one solid, from those that all rays (2H + 1, 2W + 1) meet."""
    centre, corners = solid[1::2, 1::2], solid[::2, ::2]
    differs = (corners[:-1, :-1] != centre) | (corners[:-1, 1:] != centre)
    return differs | (corners[1:, :-1] != centre) | (corners[1:, 1:] != centre)


def _targets(
    room: Room, seen: Surface, camera: Camera, size: tuple[int, int], tasks: Collection[TaskName]
) -> dict[TaskName, np.ndarray]:
    pixels = size[0] * size[1]
    solid, normal = seen.solid[:pixels].reshape(size), seen.normal[:, :pixels]
    upward = np.where(solid == 0, normal[1].reshape(size), 0)
    classes = room.scene.label[solid]
    classes[upward > 0.5] = LABEL["floor"]
    classes[upward < -0.5] = LABEL["ceiling"]
    thing = room.scene.thing[solid]
    makers = {
        "semseg": lambda: classes,
        "human_parts": lambda: room.scene.part[solid],
        "depth": lambda: seen.depth[:pixels].reshape(size),
        "normals": lambda: (camera.rotation @ normal).T.reshape(*size, 3),
        "sal": lambda: salient_things(classes, thing),
        # Two chairs are two objects; the walls, the floor and the ceiling are three. No number is 255, which is void.
        "edge": lambda: boundaries_from_labels(thing.astype(np.int32) * 16 + classes + 256),
    }
    return {task: makers[task]() for task in tasks}


def salient_things(classes: np.ndarray, thing: np.ndarray) -> np.ndarray:
    """What catches the eye: the people; without any, the piece of furniture whose middle is nearest to the view's.

    Args:
        classes: (H, W) class of each pixel.
        thing: (H, W) number of the thing that each pixel shows.

    Returns:
        uint8 (H, W), 1 on what is salient. All 0 if neither people nor furniture cover a two-hundredth of the image.
    """
    people = classes == LABEL["person"]
    if people.mean() >= _SMALLEST_SALIENT:
        return people.astype(np.uint8)
    height, width = classes.shape
    rows, columns = np.mgrid[:height, :width]
    best, nearest = -1, np.inf
    for number in np.unique(thing[np.isin(classes, _SALIENT)]):
        mine = thing == number
        if mine.mean() < _SMALLEST_SALIENT:
            continue
        away = np.hypot(rows[mine].mean() - (height - 1) / 2, columns[mine].mean() - (width - 1) / 2)
        if away < nearest:
            best, nearest = int(number), float(away)
    return (thing == best).astype(np.uint8)

"""What needs no download: rooms with exact labels, photos that come with scikit-image, and the bundled checkpoints."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np

from bridgenet.labels import ClassesByTask
from bridgenet.tasks import ALL_TASKS, IGNORE, TASKS, TaskName

ROOM_SIZE = (240, 320)
"""Height and width of the made rooms, in pixels."""

# Calibration of the Middlebury 2014 motorcycle, in pixels of the picture and in millimetres, as scikit-image states it.
FOCAL_LENGTH, BASELINE, PRINCIPAL_POINT_OFFSET = 994.978, 193.001, 31.086
PRINCIPAL_POINT = (311.193, 254.877)


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo with what is known about it.

    Attributes:
        pixels: uint8 (height, width, 3).
        truth: Ground truth by task, at the size of the photo: class indices (255 = unknown), metres (NaN = unknown),
            unit vectors (height, width, 3; NaN = unknown), edges and saliency 0 or 1.
        source: The data set that it is from, of `bridgenet.SOURCES`; empty for a photo of none.
        camera: fx, fy, cx and cy of `bridgenet.reading.geometry.Camera`, in pixels. None where the lens is not known.
    """

    pixels: np.ndarray
    truth: dict[TaskName, np.ndarray] = field(default_factory=dict)
    source: str = ""
    camera: tuple[float, float, float, float] | None = None

    @property
    def classes(self) -> ClassesByTask:
        """Names and colours of the classes that the ground truth names."""
        from bridgenet.sources import SOURCES

        return SOURCES[self.source].classes if self.source else {}


@dataclass(frozen=True, slots=True)
class Example:
    """An entry of the example strip."""

    name: str
    title: str
    load: Callable[[], Picture]
    source: str = ""
    """The data set that it is from, of `bridgenet.SOURCES`; empty for a photo of none."""


def made_room(index: int) -> Picture:
    """A room of the validation set of the made rooms, with its labels. Imports torch."""
    from bridgenet.config import DataConfig
    from bridgenet.data import open_dataset
    from bridgenet.sources.made_rooms import MadeRooms

    sample = open_dataset(DataConfig("made_rooms", input_size=ROOM_SIZE), "val", ALL_TASKS)[index]
    pixels = (sample.image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    truth: dict[TaskName, np.ndarray] = {task: _known(task, target.numpy()) for task, target in sample.targets.items()}
    camera = MadeRooms(index + 1, ROOM_SIZE, split="val").camera(index)
    return Picture(pixels, truth, "made_rooms", astuple(camera))


def motorcycle() -> Picture:
    """A garage, with the depth that was measured by structured light."""
    folder = _scikit_image_folder()
    with np.load(folder / "motorcycle_disp.npz") as file:
        disparity = file["arr_0"].astype(np.float32)
    depth = np.where(
        np.isfinite(disparity), BASELINE * FOCAL_LENGTH / (disparity + PRINCIPAL_POINT_OFFSET) / 1000, np.nan
    )
    camera = (FOCAL_LENGTH, FOCAL_LENGTH, *PRINCIPAL_POINT)
    return Picture(_read(folder / "motorcycle_left.png"), {"depth": depth.astype(np.float32)}, camera=camera)


def photo(file: str) -> Picture:
    """A photo of scikit-image's wheel."""
    return Picture(_read(_scikit_image_folder() / file))


def find_checkpoint(name: str) -> Path:
    """Folder of a bundled checkpoint, found from the project or from any folder inside it.

    Args:
        name: Such as `rooms-tiny`.

    Raises:
        FileNotFoundError: There is none of this name.
    """
    here = Path.cwd()
    project = Path(__file__).parents[1]
    folders = [folder / "checkpoints" for folder in (here, *here.parents, project)]
    for folder in folders:
        if (folder / name / "config.json").is_file():
            return folder / name
    known = sorted({path.parent.name for folder in folders for path in folder.glob("*/config.json")})
    raise FileNotFoundError(
        f"There is no checkpoint {name!r} in a folder checkpoints/ here or above. "
        f"Known: {', '.join(known) or 'none'}; `python -m bridgenet.train {name}` may make it."
    )


def _rooms(*indices: int) -> tuple[Example, ...]:
    return tuple(
        Example(
            f"room-{index}", f"Made room {index + 1}, with labels", lambda index=index: made_room(index), "made_rooms"
        )
        for index in indices
    )


EXAMPLES: dict[str, Example] = {
    example.name: example
    for example in (
        Example("motorcycle", "A garage, depth measured", motorcycle),
        Example("coffee", "A cup on a table", lambda: photo("coffee.png")),
        Example("astronaut", "An astronaut", lambda: photo("astronaut.png")),
        *_rooms(0, 1, 2),
    )
}


def examples_of(source: str) -> list[str]:
    """Names of the examples that show what a data set shows: its own ones, else the photos of no data set."""
    own = [example.name for example in EXAMPLES.values() if example.source == source]
    return own or [example.name for example in EXAMPLES.values() if not example.source]


def _known(task: TaskName, target: np.ndarray) -> np.ndarray:
    match TASKS[task].kind:
        case "metres":
            return np.where(target[0] == IGNORE, np.nan, target[0]).astype(np.float32)
        case "direction":
            return np.where((target == IGNORE).all(axis=0)[..., None], np.nan, target.transpose(1, 2, 0))
        case _:
            return target.astype(np.uint8)


def _scikit_image_folder() -> Path:
    import skimage

    return Path(skimage.__file__).parent / "data"


def _read(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.array(image.convert("RGB"))

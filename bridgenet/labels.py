"""Classes: what each index of a label map is called, and its colour in every picture.

The same class has the same colour in every picture, so colours can be learnt. Large surfaces (wall, floor, ceiling)
are quiet, furniture is strong; any two classes of a data set differ by at least 18 in CIELAB.
"""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from bridgenet.tasks import TASKS, TaskName

NO_VALID_PIXEL = "no valid pixel"
"""What stands for people in the place of a metric that is None."""


@dataclass(frozen=True)
class Classes:
    """The classes of one task. An index is a position in both tuples.

    Attributes:
        names: What they are called.
        colours: Their colours, `#RRGGBB`.

    Raises:
        ValueError: A name is empty or there twice, a colour is missing, or is none.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    def __post_init__(self) -> None:
        if wrong := next((name for name in self.names if self.names.count(name) > 1), None):
            raise ValueError(f"names has {wrong!r} twice: each class needs a name of its own.")
        if not all(self.names):
            raise ValueError("names has an empty name.")
        if len(self.colours) != len(self.names):
            raise ValueError(f"colours must be one for each of the {len(self.names)} names, not {len(self.colours)}.")
        for name, colour in zip(self.names, self.colours, strict=True):
            if not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
                raise ValueError(f"colours must be written as in #1F77B4; that of {name!r} is {colour!r}.")

    @classmethod
    def of(cls, colours: Mapping[str, str]) -> "Classes":
        """The classes of a table of names and colours, in its order."""
        return cls(tuple(colours), tuple(colours.values()))

    def __len__(self) -> int:
        return len(self.names)


ClassesByTask = Mapping[TaskName, Classes]
"""Those of a data set or of a network, by the tasks that name classes."""


def same_classes(task: TaskName, one: ClassesByTask, other: ClassesByTask) -> bool:
    """Whether answers of a task can be compared though they belong to other data sets: classes must be the same ones.

    Args:
        task: Which task.
        one: Classes of a data set, or of a network that has learnt from it.
        other: Those of another one.
    """
    if TASKS[task].kind != "classes":
        return True
    return task in one and task in other and one[task].names == other[task].names


def indoor(*names: str) -> Classes:
    """Classes of rooms, in the colours that all indoor data sets share."""
    return Classes(names, tuple(INDOOR[name] for name in names))


def numbered(count: int) -> Classes:
    """Classes that nobody has named, in colours that go round the circle of hues by the golden section."""
    hues = [index * 0.618034 % 1 for index in range(count)]
    colours = [colorsys.hls_to_rgb(hue, 0.35 + 0.15 * (index % 3), 0.6) for index, hue in enumerate(hues)]
    return Classes(
        tuple(f"class {index}" for index in range(count)),
        tuple("#{:02X}{:02X}{:02X}".format(*(round(255 * part) for part in colour)) for colour in colours),
    )


INDOOR = {
    "wall": "#B9B1A2",
    "floor": "#8A6A4B",
    "ceiling": "#EFE9D6",
    "cabinet": "#3F66C4",
    "bed": "#A66BD4",
    "chair": "#D1495B",
    "sofa": "#2A9D8F",
    "table": "#E9A23B",
    "door": "#7A2D33",
    "window": "#1DCAFF",
    "bookshelf": "#8E4E00",
    "picture": "#FF94BB",
    "counter": "#187285",
    "blinds": "#AAB8FA",
    "desk": "#EF7046",
    "shelves": "#525300",
    "curtain": "#673F80",
    "dresser": "#404563",
    "pillow": "#F7D2F0",
    "mirror": "#ADE6F7",
    "floor mat": "#005312",
    "rug": "#005312",
    "clothes": "#970050",
    "books": "#900E03",
    "refrigerator": "#A3ECC9",
    "television": "#3B5C44",
    "paper": "#F9C992",
    "towel": "#00FAC8",
    "shower curtain": "#F3AEFF",
    "box": "#909000",
    "whiteboard": "#9DF282",
    "person": "#E55EB9",
    "night stand": "#E49080",
    "toilet": "#00EFF0",
    "sink": "#0083C4",
    "lamp": "#E2E27B",
    "bathtub": "#1FAB6D",
    "bag": "#840176",
    "other structure": "#8CAA69",
    "other furniture": "#4B911F",
    "other prop": "#A2748C",
}
"""Colours of what there is in rooms."""

HUMAN_PARTS = Classes.of(
    {
        "background": "#DDD8CC",
        "head": "#D1495B",
        "torso": "#E9A23B",
        "upper arm": "#2A9D8F",
        "lower arm": "#A9F079",
        "upper leg": "#3F66C4",
        "lower leg": "#FF8BEE",
    }
)
"""Parts of people, the same in all data sets that have them."""

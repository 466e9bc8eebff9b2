"""Colours: one fixed colour per class, one scale per quantity, one colour per task.

The same class has the same colour in every picture, so colours can be learnt. Large surfaces (wall, floor, ceiling)
are quiet, furniture is strong; any two classes of a data set differ by at least 18 in CIELAB.
"""

from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
from plotly.colors import get_colorscale, unlabel_rgb

from bridgenet.labels import class_names
from bridgenet.tasks import TASKS

Palette = UInt8[np.ndarray, "classes 3"]

ScaleName = Literal["viridis", "magma", "greys", "rdbu"]

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

PASCAL = {
    "background": "#D9D4C7",
    "aeroplane": "#3F66C4",
    "bicycle": "#58C6FF",
    "bird": "#E6E08C",
    "boat": "#004D68",
    "bottle": "#00FAC8",
    "bus": "#8A3500",
    "car": "#9E0062",
    "cat": "#EB9E82",
    "chair": "#D1495B",
    "cow": "#623E32",
    "dining table": "#E9A23B",
    "dog": "#839400",
    "horse": "#8A5E8B",
    "motorbike": "#6F2089",
    "person": "#F780E3",
    "potted plant": "#008A41",
    "sheep": "#FFCDFF",
    "sofa": "#2A9D8F",
    "train": "#3A4D0A",
    "tv monitor": "#97EC7C",
}

BODY = {
    "background": "#DDD8CC",
    "head": "#D1495B",
    "torso": "#E9A23B",
    "upper arm": "#2A9D8F",
    "lower arm": "#A9F079",
    "upper leg": "#3F66C4",
    "lower leg": "#FF8BEE",
}

COLOURS = {"nyud": INDOOR, "made_rooms": INDOOR, "pascal_context": PASCAL, "human_parts": BODY}
"""Colour of every class name, by data set; `human_parts` stands beside them."""

SCALES: dict[ScaleName, str] = {"viridis": "viridis", "magma": "magma", "greys": "greys", "rdbu": "rdbu_r"}


def class_palette(dataset: str) -> Palette:
    """Fixed colours of the classes of a data set (`nyud`, `made_rooms`, `pascal_context`) or of `human_parts`.

    Raises:
        ValueError: The data set is unknown.
    """
    return np.stack([to_rgb(COLOURS[dataset][name]) for name in class_names(dataset)])


def coloured_alike(one: str, other: str) -> bool:
    """Whether equal names have equal colours in two sets of classes, as in all indoor data sets."""
    return COLOURS[one] is COLOURS[other]


def task_colour(task: str) -> UInt8[np.ndarray, "3"]:
    """The colour that stands for a task in every bar, dot and map."""
    return to_rgb(next(entry.colour for name, entry in TASKS.items() if name == task))


def to_rgb(colour: str) -> UInt8[np.ndarray, "3"]:
    """`#RRGGBB` as three bytes."""
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), dtype=np.uint8)


@cache
def scale_table(scale: ScaleName) -> UInt8[np.ndarray, "256 3"]:
    """256 colours of a perceptually even scale. Greys run from white to black, `rdbu` from blue over white to red."""
    stops = get_colorscale(SCALES[scale])
    places = [place for place, _ in stops]
    colours = np.array([_stop_rgb(colour) for _, colour in stops], dtype=float)
    even = np.linspace(0, 1, 256)
    table = np.stack([np.interp(even, places, channel) for channel in colours.T], axis=1).round().astype(np.uint8)
    table.setflags(write=False)
    return table


def apply_scale(values: Float[np.ndarray, "height width"], scale: ScaleName) -> UInt8[np.ndarray, "height width 3"]:
    """Colours of values in 0..1; values outside are cut, NaN takes the lowest colour."""
    steps = np.clip(np.nan_to_num(values, nan=0.0), 0, 1) * 255
    return scale_table(scale)[steps.round().astype(np.uint8)]


def _stop_rgb(colour: str) -> tuple[float, ...]:
    return tuple(to_rgb(colour).astype(float)) if colour.startswith("#") else unlabel_rgb(colour)

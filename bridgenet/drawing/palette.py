"""Colours: those of classes as bytes, one scale per quantity, one colour per task."""

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
from plotly.colors import get_colorscale, unlabel_rgb

from bridgenet.labels import Classes
from bridgenet.tasks import TASKS

Palette = UInt8[np.ndarray, "classes 3"]

ScaleName = Literal["viridis", "magma", "greys", "rdbu"]

SCALES: dict[ScaleName, str] = {"viridis": "viridis", "magma": "magma", "greys": "greys", "rdbu": "rdbu_r"}


def class_palette(colours: Sequence[str]) -> Palette:
    """The colours of classes (`#RRGGBB`, by index) as bytes."""
    return np.stack([to_rgb(colour) for colour in colours])


def coloured_alike(one: Classes, other: Classes) -> bool:
    """Whether two sets of classes can be shown side by side: some names are in both, and those have equal colours."""
    colours = dict(zip(one.names, one.colours, strict=True))
    shared = [
        (colours[name], colour) for name, colour in zip(other.names, other.colours, strict=True) if name in colours
    ]
    return bool(shared) and all(mine == theirs for mine, theirs in shared)


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

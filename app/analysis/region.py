"""The region that widens the selected pixel: the segment that it lies in, or an outline that was drawn."""

from dataclasses import dataclass

import numpy as np

from app.analysis.selection import SEGMENT, Selection, corners_of, segment_task
from app.analysis.session import Analysis
from bridgenet.inspection.places import token_at
from bridgenet.inspection.region import Lasso, Segment, connected_parts, contours, coverage
from bridgenet.tasks import TaskName

TOO_SMALL = "What was drawn holds no pixel of the network, so the pixel is asked: draw a larger outline."
"""Where a region leaves nothing to ask about."""

STEPS = 1000
"""Corners of an outline are told in such parts of the photo's sides."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked in place of the pixel.

    Attributes:
        pixels: The region, at the size of the photo.
        key: Names it among those of the same photo.
        name: What it is: `chair` or `outline`.
    """

    pixels: Segment
    key: str
    name: str

    @property
    def count(self) -> int:
        """Number of its pixels."""
        return int(self.pixels.pixels.sum())

    @property
    def title(self) -> str:
        """What it is, as a title."""
        return "Outline" if self.name == "outline" else f"Segment: {self.name}"

    @property
    def here(self) -> str:
        """Where, as part of a sentence."""
        return f"in this {self.name}"

    @property
    def start(self) -> str:
        """Where, as the beginning of a sentence."""
        return f"In this {self.name}"

    @property
    def outline(self) -> str:
        """Its border as the path of an SVG that is `STEPS` wide and high."""
        lines = [
            " ".join(f"{round(STEPS * x)},{round(STEPS * y)}" for x, y in line) for line in contours(self.pixels.pixels)
        ]
        return "".join(f"M{line}Z" for line in lines)


def asked_of(analysis: Analysis, selection: Selection) -> Asked | None:
    """The region that is selected; None where it is the pixel alone, or holds none that the network sees."""
    if not selection.region:
        return None
    if selection.region != SEGMENT:
        return analysis.result(_drawn, selection.region)
    task = segment_task(analysis.tasks)
    if task is None:
        return None
    place = token_at(selection.x, selection.y, analysis.size)
    return analysis.result(_part, task, int(analysis.result(_parts, task)[place]))


def pixels_of(analysis: Analysis, selection: Selection) -> Segment | None:
    """Its pixels, as `bridgenet.inspection` takes a region; None where it is the pixel alone."""
    asked = asked_of(analysis, selection)
    return None if asked is None else asked.pixels


def outline_of(analysis: Analysis, asked: Asked) -> str:
    """The border of a region, see `Asked.outline`."""
    return analysis.result(_outline, asked)


def mean_at(analysis: Analysis, asked: Asked, values: np.ndarray) -> float:
    """Mean of a map over a region, on whatever grid that covers the photo."""
    return float((analysis.result(_covered, asked, values.shape) * values).sum())


def _covered(analysis: Analysis, asked: Asked, grid: tuple[int, int]) -> np.ndarray:
    return coverage(asked.pixels, grid)


def _parts(analysis: Analysis, task: TaskName) -> np.ndarray:
    return connected_parts(analysis.prediction[task].array)


def _part(analysis: Analysis, task: TaskName, number: int) -> Asked | None:
    pixels = analysis.result(_parts, task) == number
    row, column = np.unravel_index(int(pixels.argmax()), pixels.shape)
    answer = analysis.prediction[task]
    return _seen(analysis, Asked(Segment(pixels), f"segment {number}", answer.classes[int(answer.array[row, column])]))


def _drawn(analysis: Analysis, outline: str) -> Asked | None:
    try:
        pixels = Segment(Lasso(corners_of(outline)).mask(analysis.size).numpy())
    except ValueError:
        return None
    return _seen(analysis, Asked(pixels, outline, "outline"))


def _seen(analysis: Analysis, asked: Asked) -> Asked | None:
    """A region, if something of it is left where the network answers."""
    try:
        asked.pixels.mask(analysis.prediction.network_size)
    except ValueError:
        return None
    return asked


def _outline(analysis: Analysis, asked: Asked) -> str:
    return asked.outline

"""What is no map: the charts of a view, as their numbers and words. `app.view.markup` draws them.

Curves, bars and scatter charts are the library's, as the notebooks show them. The others belong to the studio: what
stands in them is words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.view.spoken import Share, Spoken, Titled
from bridgenet.drawing.charts import Bars, Curves, Scatter
from bridgenet.tasks import TASKS, Task, TaskName

GREY = "#8a867d"
"""Colour of what belongs to no task."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that is shaded.

    Attributes:
        text: Stands in it.
        small: Stands below.
        level: How deep its shade is, 0 to 1.
        words: What it says, in a sentence.
        key: Names it, where it may be chosen.
        own: Drawn apart, as the diagonal.
    """

    text: str
    small: str = ""
    level: float = 0.0
    words: str = ""
    key: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells.

    Attributes:
        title: Stands before it.
        cells: One for each column.
        short: Its title where there is little room.
        colour: Of its dot.
        words: What it is, in a sentence.
        control: Whether it is what others are compared with.
    """

    title: str
    cells: Sequence[Cell]
    short: str = ""
    colour: str = GREY
    words: str = ""
    control: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column: its title, its short title, the colour of its dot, its unit, and the error of its task."""

    title: str
    short: str = ""
    colour: str = GREY
    unit: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Shades:
    """What the shades mean: words at levels from 0 to 1."""

    label: str
    stops: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class ShadedTable:
    """A table whose cells are shaded, and may be chosen.

    Attributes:
        rows: From above.
        columns: From the left.
        corner: What rows and columns are.
        shades: What the shades mean; None: it is said elsewhere.
        tone: Of the shades.
    """

    rows: Sequence[Row]
    columns: Sequence[Column]
    corner: str = ""
    shades: Shades | None = None
    tone: Literal["effect", "attention"] = "effect"


TableCell = str | Spoken | Titled


@dataclass(frozen=True, slots=True)
class Table:
    """Plain rows under a head."""

    head: Sequence[TableCell]
    rows: Sequence[Sequence[TableCell]]


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A whole as one bar, with ticks where its parts would end if they were even.

    Attributes:
        shares: Its parts.
        named: Whether their names stand in it.
    """

    shares: Sequence[Share]
    named: bool = True


@dataclass(frozen=True, slots=True)
class ShareRows:
    """Several wholes, one below the other, by their titles."""

    rows: Mapping[str, Sequence[Share]]


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs."""

    paragraphs: Sequence[Sequence[Spoken]]


@dataclass(frozen=True, slots=True)
class Station:
    """A place where tasks meet, and what is done there: it is cut, left whole, or of a norm held or left to follow."""

    title: str
    state: Literal["cut", "whole", "held", "free"]
    words: str


@dataclass(frozen=True, slots=True)
class Stations:
    """The places where tasks meet, in their order."""

    stations: Sequence[Station]


@dataclass(frozen=True, slots=True)
class Arrow:
    """What one node does to another.

    Attributes:
        source: Index of the node that it starts at.
        target: Index of the node that it ends at.
        level: How wide it is, 0 to 1.
        sure: Whether it is more than chance: else it is grey.
        words: What it says, in a sentence.
        key: Names it, where it may be chosen.
    """

    source: int
    target: int
    level: float
    sure: bool
    words: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Arrows:
    """Arrows between tasks on an oval, over the photo."""

    tasks: Sequence[Task]
    arrows: Sequence[Arrow]


Chart = Arrows | Curves | Bars | Scatter | ShadedTable | Table | ShareBar | ShareRows | Words | Stations


def shares_of(shares: Mapping[TaskName, float]) -> list[Share]:
    """Parts of a whole by task."""
    return [
        {"title": TASKS[task].title, "colour": TASKS[task].colour, "share": share} for task, share in shares.items()
    ]

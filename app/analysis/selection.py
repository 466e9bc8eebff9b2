"""The one selection that every view follows, and the options of single views."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, cast, get_args

from bridgenet.tasks import TaskName, of_kind

Scope = Literal["map", "tab", "all"]
"""What shares a colour scale: nothing, the maps of a view at this pixel, or every pixel of the image."""

Setting = str | float
"""Value of an option."""

SEGMENT = "segment"
"""The region that is the predicted segment at the pixel."""

MOST_CORNERS = 48
"""Corners that an outline may have: it stands in links."""

_FRACTION = "(?:0(?:[.][0-9]{1,3})?|1(?:[.]0{1,3})?)"
_OUTLINE = re.compile(f"{_FRACTION},{_FRACTION}(?:;{_FRACTION},{_FRACTION}){{2,{MOST_CORNERS - 1}}}")


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a view that takes one of some values.

    Attributes:
        name: `view.what`, such as `tpp.direction`: also its name in a link.
        label: What stands before it.
        values: Values and what the reader sees; the first is the default.
    """

    name: str
    label: str
    values: dict[str, str]

    @property
    def default(self) -> str:
        """The first value."""
        return next(iter(self.values))

    def read(self, value: object) -> str:
        """The value, or the default where it is none of those there are."""
        return value if isinstance(value, str) and value in self.values else self.default


@dataclass(frozen=True, slots=True)
class Slider:
    """An option of a view that takes a number from `low` to `high`."""

    name: str
    label: str
    low: float
    high: float
    step: float
    default: float

    def read(self, value: object) -> float:
        """The nearest number that the slider can show. Links hold it as text."""
        value = plain_number(value) if isinstance(value, str) else value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return self.default
        steps = round((min(max(value, self.low), self.high) - self.low) / self.step)
        return round(self.low + steps * self.step, 6)


@dataclass(frozen=True, slots=True)
class Word:
    """An option of a view whose values depend on the photo or the checkpoint: the view judges them itself."""

    name: str
    label: str
    default: str = ""

    def read(self, value: object) -> str:
        """A short word of plain characters, or the default."""
        return value if isinstance(value, str) and re.fullmatch(r"[\w.:>/ -]{0,60}", value) else self.default


Option = Choice | Slider | Word


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected.

    Attributes:
        x: Fraction of the photo's width, 0 <= x < 1.
        y: Fraction of the photo's height, 0 <= y < 1.
        task: Name of a task of the checkpoint.
        scale: Stage of the decoder, counted from the coarsest.
        head: Attention head. None is the mean of all.
        scope: What shares a colour scale.
        tab: The view that is looked at.
        options: Options of the views that differ from their default, by name.
        pins: What was pinned as A and B, see `app.tabs.compare.page`; not judged here.
        cut: The task that no other reads; None shows the whole network.
        region: What is asked in place of the pixel, see `read_region`; empty: the pixel.
    """

    x: float = 0.5
    y: float = 0.5
    task: TaskName = "semseg"
    scale: int = 0
    head: int | None = None
    scope: Scope = "tab"
    tab: str = "overview"
    options: Mapping[str, Setting] = field(default_factory=dict)
    pins: Mapping[str, object] = field(default_factory=dict)
    cut: TaskName | None = None
    region: str = ""

    def text(self, option: Choice | Word) -> str:
        """The value of an option that is a word."""
        return str(self.options.get(option.name, option.default))

    def number(self, option: Slider) -> float:
        """The value of an option that is a number."""
        return float(self.options.get(option.name, option.default))

    def to_dict(self) -> dict[str, object]:
        """The selection as JSON, as settings of a download."""
        return asdict(self)


def read_selection(
    event: Mapping[str, object],
    *,
    tasks: tuple[TaskName, ...],
    scales: int,
    heads: int,
    options: Iterable[Option] = (),
    cuttable: bool = True,
) -> Selection:
    """The selection that the page reports, with everything that it cannot mean replaced by the nearest it can.

    Args:
        event: What the browser sent; nothing about it is taken on trust.
        tasks: Tasks of the checkpoint.
        scales: Number of decoder stages.
        heads: Number of attention heads.
        options: Options that exist.
        cuttable: Whether the tasks read each other.
    """
    task, scope, tab = event.get("task"), event.get("scope"), event.get("tab")
    head, scale = _whole(event.get("head"), -1), _whole(event.get("scale"), -1)
    settings = event.get("options")
    settings = settings if isinstance(settings, Mapping) else {}
    pins = event.get("pins")
    return Selection(
        x=_fraction(event.get("x")),
        y=_fraction(event.get("y")),
        task=task if task in tasks else tasks[0],
        scale=scale if 0 <= scale < scales else max(scales - 1, 0),
        head=head if 0 <= head < heads else None,
        scope=cast(Scope, scope) if scope in get_args(Scope) else "tab",
        tab=tab if isinstance(tab, str) else "overview",
        options={option.name: option.read(settings[option.name]) for option in options if option.name in settings},
        pins=pins if isinstance(pins, Mapping) else {},
        cut=next((name for name in tasks if cuttable and name == event.get("cut")), None),
        region=read_region(event.get("region"), tasks),
    )


def read_region(value: object, tasks: tuple[TaskName, ...]) -> str:
    """A region as links have it: `segment`, or the corners of an outline, `x,y;x,y;x,y`; empty where it is neither.

    Args:
        value: Corners are fractions 0..1 of width and height with three digits at most.
        tasks: Of the network: without classes it has no segments.
    """
    text = value if isinstance(value, str) else ""
    known = segment_task(tasks) is not None if text == SEGMENT else _OUTLINE.fullmatch(text)
    return text if known else ""


def corners_of(outline: str) -> tuple[tuple[float, float], ...]:
    """Corners (x, y) of an outline that was read."""
    corners = (corner.split(",") for corner in outline.split(";"))
    return tuple((float(x), float(y)) for x, y in corners)


def segment_task(tasks: tuple[TaskName, ...]) -> TaskName | None:
    """Whose segments are regions: the segmentation's, else those of another task with classes; None without one."""
    able = of_kind("classes", tasks)
    return "semseg" if "semseg" in able else able[0] if able else None


def plain_number(text: str) -> float | None:
    """A plain decimal number. `float` would also take `nan`, `1_000`, digits of other scripts."""
    return float(text) if re.fullmatch("-?[0-9]{1,9}([.][0-9]{1,12})?", text) else None


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0.5
    return min(max(float(value), 0.0), math.nextafter(1.0, 0.0))


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise

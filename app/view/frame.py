"""What Python shows around the views: the photo, the head of the page, its left column, the way through the network.

Declared once for Python and the browser, as `app.view.view` is.
"""

from typing import Literal, NotRequired, TypedDict

from app.view.view import Colour, Inspector, Lessons, Setting, View


class Task(TypedDict):
    """A task of the network, as its buttons name it."""

    name: str
    title: str
    colour: Colour


class Offers(TypedDict):
    """What a network has of what can be selected."""

    tabs: list[str]
    tasks: list[str]
    scales: int
    heads: int


class Photo(TypedDict):
    """What is shown. Its key names the photo and the checkpoint."""

    src: str
    size: tuple[int, int]
    """Width and height in pixels."""
    key: str
    title: str
    example: NotRequired[str | None]
    checkpoint: NotRequired[str | None]
    live: NotRequired[bool]
    """Whether the network answers for it; the bundled first picture is not live."""
    offers: NotRequired[Offers]
    """What the network has."""


class Wire(TypedDict, total=False):
    """What the page hears of the photo and of what it asked for."""

    photo: Photo
    ended: str | None
    """Ticket of what has ended."""
    options: dict[str, Setting]
    """Options of the link, with their types."""


class Head(TypedDict, total=False):
    """The head of the page: which network answers, and what is going on."""

    banner: str
    kind: Literal["busy", "alarm", ""]
    title: str
    facts: list[str]
    checkpoints: list[str]
    network: Literal["warming", "ready"]


class Example(TypedDict):
    """An example, and its thumbnail as a picture."""

    id: str
    name: str
    thumb: str


class Rail(TypedDict, total=False):
    """The left column: photos, tasks, scales."""

    examples: list[Example]
    chosen: str | None
    limit: float
    """Megabytes."""
    tasks: list[Task]
    scales: list[str]
    heads: int
    notes: list[str]
    error: str
    number: int
    """A part of the page hears only of values that differ from the one before."""


class Tab(TypedDict):
    """A view that this network has."""

    name: str
    title: str


class Stop(TypedDict):
    """A station of the network, and the view that shows it."""

    title: str
    tab: str
    scale: NotRequired[int]


class Way(TypedDict, total=False):
    """The way through the network, and the views."""

    tabs: list[Tab]
    pipeline: list[Stop]


class Taken(TypedDict, total=False):
    """What is taken along: a file in base64, or the HTML of a picture that the page draws; or why not."""

    name: str
    type: str
    data: str
    html: str
    problem: str


Part = Head | Rail | Way | Wire | Inspector | View | Lessons | str
"""What a part of the page shows. Text names a photo: its key, or an example that has to be asked for again."""

Answer = dict[str, Part]
"""New values of parts of the page, by name: key, head, rail, way, wire, lesson, inspector, again, and the views."""

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
    cuttable: bool
    segments: bool


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
    """The left column: photos, tasks."""

    examples: list[Example]
    chosen: str | None
    limit: float
    """Megabytes."""
    tasks: list[Task]
    heads: int
    cuttable: bool
    """Whether tasks can be cut: whether they read each other."""
    notes: list[str]
    error: str
    gone: str
    """Key of a photo that the server no longer has."""
    number: int
    """A part of the page hears only of values that differ from the one before."""


class Tab(TypedDict):
    """A view that this network has."""

    name: str
    title: str
    expert: NotRequired[bool]
    """Whether it is no view of the simple page: to open it is to ask for everything."""
    columns: NotRequired[tuple[int, int]]
    """First and last column of the figure that it stands under. Without, it asks about the whole network."""


class Lane(Task):
    """A task of the figure."""

    short: str
    """Its title where there is little room."""


class FigureNode(TypedDict):
    """A place of the figure: what it shows, and the view of it."""

    id: str
    column: int
    place: Literal["photo", "map", "lane", "hub"]
    """The photo, one of the maps of the backbone, on the lane of its task, or between all lanes."""
    index: NotRequired[int]
    """Of the lane, or of the map from the finest on."""
    about: str
    """Its sentence is that of all nodes which show the like, see `Figure.sentences`."""
    title: str
    shape: str
    tab: str
    task: NotRequired[str]
    scale: NotRequired[int]
    options: NotRequired[dict[str, Setting]]
    picture: NotRequired[str]


class FigureLink(TypedDict):
    """What goes from one node to another."""

    source: str
    target: str
    kind: Literal["lane", "map", "read", "given"]
    """A task's own feature, a map of the backbone, a task that is read by others, or what all are given."""
    task: NotRequired[str]
    """Whose feature it is."""


class FigureStep(TypedDict):
    """A step of the way that a pixel takes through the figure."""

    title: str
    text: str
    nodes: list[str]


class Figure(TypedDict):
    """The network as the paper's overview figure."""

    say: str
    """The network in a sentence."""
    lanes: list[Lane]
    aspect: float
    """Width of the pictures by their height."""
    scales: dict[str, str]
    """What stands under a column, by its number."""
    sentences: dict[str, str]
    """What nodes show, by what they are about."""
    nodes: list[FigureNode]
    links: list[FigureLink]
    steps: list[FigureStep]


class Way(TypedDict, total=False):
    """The way through the network, and the views."""

    tabs: list[Tab]
    figure: Figure


class Taken(TypedDict, total=False):
    """What is taken along: a file in base64, or HTML of which the page makes a picture; how far it is; or why not."""

    name: str
    type: str
    data: str
    html: str
    progress: tuple[int, int]
    """Steps that are done, of how many; `words` say what is done."""
    words: str
    problem: str


Part = Head | Rail | Way | Wire | Inspector | View | Lessons | str
"""What a part of the page shows. Text names a photo: its key, or an example that has to be asked for again."""

Answer = dict[str, Part]
"""New values of parts of the page, by name: key, head, rail, way, wire, lesson, inspector, again, and the views."""

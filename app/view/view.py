"""What Python shows: everything that crosses to the browser, declared once.

These are the JSON that the modules of `app/browser` draw. `python -m app.view.schema` writes the same declarations for
them, `app/browser/view.d.ts`. Parts that are missing say nothing. What is no picture is a chart (`app.view.charts`): it
is drawn here, by `app.view.markup`, and crosses as text.
"""

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, TypedDict, TypeVar

from app.view.spoken import Share, Spoken

if TYPE_CHECKING:
    # The page is built before torch is there, which charts need.
    from app.view.charts import Chart

Follows = Literal["place", "task", "scale", "head", "scope", "pins"]
"""Parts of the selection."""

Setting = str | int | float
"""Value of an option."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What anything here becomes on its way."""

Colour = str
"""As `#rrggbb`."""

Given = TypeVar("Given")
Always = Annotated[Given, "always there"]
"""A part that is never missing, in a dictionary whose type says otherwise so that `|` between two of them is typed."""


# ---------------------------------------------------------------- a map


class Values(TypedDict, total=False):
    """Numbers behind a map: in a PNG of their own, or in the picture itself."""

    src: str
    scale: float
    offset: float
    digits: int | None
    significant: int | None
    unit: str
    unknown: str
    names: list[str]
    """Names by the red byte."""
    second: str
    """Says what the green byte is, with # in its place."""
    normals: bool
    """Red, green and blue are the parts of a direction."""


class LegendEntry(TypedDict):
    """A class of a map, and how much of the map it covers."""

    index: int
    name: str
    colour: Colour
    share: float
    both: NotRequired[str]
    """Under a slider: the areas left and right of it, in words. `share` is the right one."""


class Ramp(TypedDict):
    """A colour scale, from low to high."""

    low: str
    high: str
    colours: list[Colour]
    shared: NotRequired[str]
    """What shares the scale."""


class Box(TypedDict):
    """A part of a map, as fractions of it."""

    left: float
    top: float
    width: float
    height: float


class Threshold(TypedDict):
    """A map of probabilities may be cut at this value."""

    value: float


class Wipe(TypedDict):
    """A second picture over the first, of which a slider uncovers the left part. Without `src`, the photo."""

    src: NotRequired[str]
    alt: str
    label: str
    left: str
    right: str


class Mesh(TypedDict):
    """Distances over the photo, to be seen as a surface in space. Its colours are the picture of the map."""

    src: str
    """A PNG: red and green hold the distance of a vertex, in steps; the two lowest bits of blue say which triangles its
    cell has, at the upper left and at the lower right."""
    scale: float
    """Metres of a step."""
    lens: tuple[float, float, float, float]
    """Focal lengths and principal point of the camera, as fractions of width and height."""
    middle: float
    """Metres to the place that it turns around."""
    lit: bool
    """Whether colours are shaded by the direction of the surface: not those of a photo, which has its own light."""
    empty: str
    """Said where there is nothing to see."""


class Choose(TypedDict):
    """A click on the title sets an option."""

    option: str
    value: Setting
    chosen: bool


class Map(TypedDict, total=False):
    """One map of a viewer."""

    id: Always[str]
    title: Always[str]
    alt: Always[str]
    task: str
    colour: Colour
    note: str
    foot: str
    src: str
    """Missing: the photo itself, or a picture that the page holds under `hash`."""
    hash: str
    values: Values
    legend: list[LegendEntry] | None
    ramp: Ramp | None
    disc: str
    """The hemisphere of directions, as a picture."""
    tokens: bool
    """Whether it is drawn without smoothing."""
    token: Box | None
    """The token that is looked from."""
    threshold: Threshold | None
    blend: bool
    """Whether it lies over the photo."""
    wipe: Wipe
    mesh: Mesh
    choose: Choose


# ---------------------------------------------------------------- tools


class Choosable(TypedDict):
    """A value of an option, and what the reader sees."""

    value: Setting
    text: str


class ChoiceTool(TypedDict):
    """Few values side by side, many in a list."""

    kind: Literal["segments", "list"]
    name: str
    label: str
    expert: NotRequired[bool]
    options: list[Choosable]
    chosen: Setting


class SliderTool(TypedDict):
    """A number. `mix` only mixes pictures that are there: Python is not asked."""

    kind: Literal["slider", "mix"]
    name: str
    label: str
    expert: NotRequired[bool]
    low: float
    high: float
    step: float
    value: float


class ToggleTool(TypedDict):
    """On or off."""

    kind: Literal["toggle"]
    name: str
    label: str
    expert: NotRequired[bool]
    chosen: Setting


class ButtonTool(TypedDict):
    """Something to do: compute the view (`run`), set an option, pin, begin a lesson."""

    kind: Literal["button"]
    name: str
    label: str
    expert: NotRequired[bool]
    action: Literal["set", "pin", "unpin", "run", "cancel", "lesson", "present"]
    value: NotRequired[str]


Tool = ChoiceTool | SliderTool | ToggleTool | ButtonTool


# ---------------------------------------------------------------- a view


class Group(TypedDict, total=False):
    """Maps side by side, or a chart, under a title."""

    id: str
    title: str
    text: str
    span: int
    """Of twelve columns."""
    maps: list[Map]
    columns: int
    """Maps side by side."""
    dense: bool
    """Whether small maps stay side by side where there is little room."""
    chart: "Chart"
    alt: str
    """The chart in words."""
    foot: str
    """What the signs of a chart mean."""
    option: str
    """Is set to the key of what is clicked in the chart."""
    chosen: str
    """Key of what is chosen."""
    expert: bool
    """Whether it is hidden where only the simple is asked for. Tools have the same."""


class Belonging(TypedDict, total=False):
    """What belongs to one analysis, and to what was asked for with one ticket."""

    of: str
    """Key of the photo."""
    ticket: str | None


class View(Belonging, total=False):
    """What a viewer shows."""

    key: str
    """Names what is shown: equal keys, equal views."""
    number: int
    """A part of the page hears only of values that differ from the one before."""
    absent: bool
    """The network has no such view."""
    stale: bool
    """What is shown belongs to another photo."""
    same: bool
    """It shows already what it should."""
    problem: str
    progress: tuple[int, int]
    """Steps that are done, of how many; `words` say what is done."""
    words: str
    groups: list[Group]
    heads: int
    say: list[Spoken]
    caution: str
    """What to know before anything here is believed."""
    hint: str
    tools: list[Tool]
    shares: "Chart"
    """A bar above all groups."""
    pending: str
    """What is still to be computed."""
    aspect: float
    """Width of the maps by their height."""


# ---------------------------------------------------------------- the inspector


class Place(TypedDict):
    """Fractions of the photo's width and height, 0 <= fraction < 1."""

    x: float
    y: float


class Direction(TypedDict):
    """Unit vectors on the hemisphere of directions, whose picture is `src`."""

    src: str
    said: tuple[float, float, float]
    true: tuple[float, float, float] | None


class InspectorRow(TypedDict, total=False):
    """What one task says at the pixel."""

    task: Always[str]
    title: Always[str]
    colour: Always[Colour]
    value: Always[str]
    detail: str
    truth: str | None
    fraction: float | None
    """Where the value lies from 0 to 1."""
    mark: float | None
    """Where the truth does."""
    ends: tuple[str, str] | None
    best: list[Share]
    disc: Direction


class Inspector(Belonging, total=False):
    """What every task says at the selected pixel."""

    key: Always[str]
    title: Always[str]
    text: Always[str]
    spoken: Always[str]
    caution: str
    """What to know before the rows are believed."""
    outline: str
    """Border of the region that is asked in place of the pixel: the path of an SVG 1000 wide and high."""
    rows: list[InspectorRow]
    asked: "Chart"
    """Whom the bridge asked."""
    uniform: str
    reads: dict[str, float]
    """How much of each task is read here, 0 to 1, by the line of the figure: `source>target`, ids of its nodes."""
    places: dict[str, Place]


# ---------------------------------------------------------------- lessons


class LessonStep(TypedDict):
    """One lesson. Links are parts of the page's, with their types, and at least the tab."""

    name: str
    title: str
    question: str
    look: str
    target: str
    """CSS selector of what the question is about."""
    follows: list[Follows]
    """Parts of the selection that its sentence is about."""
    start: dict[str, Setting]
    show: dict[str, Setting]


class Lessons(TypedDict):
    """What the card and the row of lessons show."""

    key: str
    lessons: list[LessonStep]


class Revealed(TypedDict, total=False):
    """What holds for the question of a lesson, or why nothing does."""

    say: list[Spoken]
    problem: str

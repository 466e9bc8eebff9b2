"""Slides: views as pages of 16:9, the sentence as the title and the pictures as large as they get, in one HTML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs import TABS
from app.takeaway.report import sheet_style
from app.takeaway.whole import on_paper
from app.view.charts import Chart, ShadedTable, ShareBar, ShareRows, Stations, Table, Words
from app.view.encoding import photo_uri
from app.view.spoken import Spoken
from app.view.view import Group, View
from bridgenet.drawing.charts import Bars
from bridgenet.tasks import TASKS

WIDE, HIGH = 1200, 530
"""Pixels of a page for what is under its title, of 1280 × 720."""

AROUND = 78
"""Pixels of the title and the legend of a map."""

HEAD, SAID, GAP = 34, 20, 12
"""Pixels of the title of a group, of words above a picture, and between cards."""

LARGEST, BESIDE = 1.6, 1.2
"""How many times larger than on the page a chart gets: without pictures on its page, and with."""

COLUMNS = 12


@dataclass
class Row:
    """Groups side by side.

    Attributes:
        groups: From the left; their spans are of `COLUMNS`.
    """

    groups: list[Group]

    @property
    def grows(self) -> bool:
        """Whether it has pictures, which become as large as there is room."""
        return any(grows(group) for group in self.groups)

    @property
    def least(self) -> float:
        """Pixels of height that it takes at least."""
        return max(HEAD + least_height(group) for group in self.groups)

    def drawn(self, group: Group) -> bool:
        """Whether a chart of this row is a drawing, see `grows`."""
        return grows(group)

    def layout(self, group: Group, aspect: float) -> "Layout":
        """How the maps of a group get largest.

        Args:
            group: Of this row.
            aspect: Width of the maps by their height.
        """
        maps = group.get("maps", ())
        wide, wiped = WIDE * group.get("span", COLUMNS) / COLUMNS, any("wipe" in entry for entry in maps)
        tried = [
            Layout.of(columns, len(maps), wide, aspect, across, down)
            for columns in range(1, len(maps) + 1)
            for across, down in (((1, 2), (2, 1)) if wiped else ((1, 1),))
        ]
        return max(tried, key=lambda layout: layout.map_width)


@dataclass(frozen=True)
class Layout:
    """Maps in cards, and cards in columns.

    Attributes:
        columns: Cards side by side.
        stacked: Whether the two pictures of a card that has two lie one below the other.
        map_width: Pixels of a map.
        one: Pixels of height of a picture as wide as its card.
        two: Pixels of height of both pictures of a card that has two, with the words above them.
    """

    columns: int
    stacked: bool
    map_width: float
    one: float
    two: float

    @classmethod
    def of(cls, columns: int, count: int, wide: float, aspect: float, across: int, down: int) -> "Layout":
        """Of so many cards in a width, where a card has pictures side by side (`across`) or stacked (`down`)."""
        rows = -(-count // columns)
        room = (wide - GAP * (columns - 1)) / columns / across, ((HIGH - HEAD) / rows - AROUND) / down - SAID
        width = min(room[0], room[1] * aspect)
        return cls(columns, down > 1, width, across * room[0] / aspect, down * (room[0] / aspect + SAID))


@dataclass
class Slide:
    """A page: what is said above all and below the title, and rows."""

    view: str
    say: Sequence[Spoken]
    caution: str = ""
    rows: list[Row] = field(default_factory=list)

    @property
    def zoom(self) -> float:
        """How many times larger than on the page charts are. Drawings grow by themselves."""
        groups = [group for row in self.rows for group in row.groups]
        wide = min(WIDE * group.get("span", COLUMNS) / COLUMNS / least_width(group) for group in groups)
        if any(row.grows for row in self.rows):
            tallest = max(row.least for row in self.rows)
            return min(BESIDE, HIGH / tallest, wide)
        return min(LARGEST, HIGH / sum(row.least for row in self.rows), wide)

    @property
    def size(self) -> str:
        """How large the title is: it may be long."""
        letters = sum(len(part["text"]) for part in self.say)
        return "large" if letters < 95 else "middle" if letters < 190 else "small"


def slides(analysis: Analysis, selection: Selection, shown: Mapping[str, View], *, expert: bool = True) -> str:
    """The whole document. It prints to pages of 13.333 × 7.5 inches.

    Args:
        analysis: Of one photo.
        selection: What is selected.
        shown: Views by name, see `app.takeaway.whole.whole_views`.
        expert: Whether parts that are only for who asks for everything have pages too.
    """
    # Not at the top: charts need torch, and the page is built before it is there.
    from app.tabs import views
    from app.view.markup import macro

    pages = [page for name, view in shown.items() for page in pages_of(TABS[name], on_paper(view), expert=expert)]
    said = [analysis.checkpoint, analysis.title, views.inspector(analysis, selection).get("title", "").lower()]
    if selection.cut is not None:
        said.append(f"without {TASKS[selection.cut].title.lower()}")
    height, width = analysis.size
    draw, photo = macro("slides.html", "slides"), photo_uri(analysis.prediction.image)
    return draw(analysis.title, pages, " · ".join(said), width / height, photo, selection, _style())


def pages_of(title: str, view: View, *, expert: bool = True) -> list[Slide]:
    """The pages of a view: at least one, and as many as its pictures need to be large."""
    say = view.get("say") or [{"text": title}]
    caution = view.get("caution", "") or view.get("problem", "")
    groups = [group for group in view.get("groups", ()) if expert or not group.get("expert")]
    if (whole := view.get("shares")) is not None:
        groups = [{"chart": whole}, *groups]
    pages = [Slide(title, say, caution)]
    for row in _rows(groups):
        # What has no picture goes with what follows it.
        full = sum(other.least for other in pages[-1].rows) + row.least > HIGH
        if pages[-1].rows and full:
            pages.append(Slide(title, say, caution))
        pages[-1].rows.append(row)
    return pages


def _rows(groups: Sequence[Group]) -> list[Row]:
    """Groups that stand side by side on the page do here."""
    rows: list[Row] = []
    room = 0
    for group in groups:
        span = group.get("span", COLUMNS)
        if span > room:
            rows.append(Row([]))
            room = COLUMNS
        rows[-1].groups.append(group)
        room -= span
    return rows


def grows(group: Group) -> bool:
    """Whether it becomes as large as there is room: pictures and drawings do, words and numbers do not."""
    match group.get("chart"):
        case ShadedTable() | Table() | Bars() | ShareRows() | ShareBar() | Words() | Stations():
            return False
        case _:
            return True


def least_height(group: Group) -> float:
    """Pixels of height that a group takes at least, about; of pictures, those below which they would be small."""
    chart: Chart | None = group.get("chart")
    match chart:
        case ShadedTable():
            notes = sum(len(row.words) for row in chart.rows if row.control)
            return 100 + 48 * len(chart.rows) + (40 if chart.shades else 0) + 18 * (notes // 110)
        case Table():
            return 60 + 32 * len(chart.rows)
        case Bars():
            return 30 + 30 * len(chart.rows)
        case ShareRows():
            return 70 + 34 * len(chart.rows)
        case ShareBar():
            return 52
        case Words():
            return 30 + 50 * len(chart.paragraphs)
        case Stations():
            return 70
        case _:
            return 300


def least_width(group: Group) -> float:
    """Pixels of width that a group takes at least, about: only tables of words and numbers do not become narrower."""
    match group.get("chart"):
        case Table() as chart:
            columns = zip(chart.head, *chart.rows, strict=True)
            letters = [
                max(len(cell if isinstance(cell, str) else cell["text"]) for cell in column) for column in columns
            ]
            return 40 + sum(8 * count + 20 for count in letters)
        case _:
            return 100


def _style() -> str:
    return sheet_style() + Path(__file__).with_name("slides.css").read_text(encoding="utf-8")

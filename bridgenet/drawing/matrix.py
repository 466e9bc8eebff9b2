"""A matrix of numbers as a table whose cells are coloured by them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from bridgenet.drawing.ink import ink_on
from bridgenet.drawing.palette import scale_table, to_rgb
from bridgenet.drawing.predictions import Limits
from bridgenet.drawing.sheet import CARD, GREY, LETTER, LINE, MARGIN, TITLE, Drawn, titled_sheet
from bridgenet.tasks import significant

DEEP_BLUE = "#0B4F8A"

LONG, LINE_HEIGHT = 20, 0.17
"""Letters from which on the name of a column is written in two lines, and how far apart these are, in inches."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of numbers whose cells are coloured by them.

    Attributes:
        values: (rows, columns); NaN is an empty cell.
        rows: Names of the rows.
        columns: Names of the columns.
        texts: What stands in the cells; None: the values, with two digits.
        title: Above the table.
        unit: Of the values, beside the colour scale.
        limits: Values of the first and last colour; None: of the smallest (or zero) and the largest.
        signed: Colours tell negative from positive values, and the limits are symmetric.
        row_title: What the rows are.
        column_title: What the columns are.
    """

    values: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str]
    texts: Sequence[Sequence[str]] | None = None
    title: str = ""
    unit: str = ""
    limits: Limits | None = None
    signed: bool = False
    row_title: str = ""
    column_title: str = ""
    cell: tuple[float, float] = field(default=(0.42, 0.95))
    """Height and width of a cell in inches."""

    def picture(self) -> Drawn:
        """The chart as RGB pixels."""
        tall, wide = self.cell
        wide = max(wide, 0.25 + LETTER * max(len(text) for row in self.written() for text in row))
        heads = [in_lines(name) for name in self.columns]
        wide = max(wide, 0.2 + 0.068 * max(len(line) for lines in heads for line in lines))
        left = MARGIN + 0.25 + 0.078 * max(len(name) for name in [*self.rows, self.row_title])
        scale = left + 2.2 + LETTER * (6 + len(self.unit)) + MARGIN
        width = max(left + wide * len(self.columns) + MARGIN, 2 * MARGIN + 0.1 * len(self.title), scale)
        head = (0.52 if self.column_title else 0.3) + LINE_HEIGHT * (max(len(lines) for lines in heads) - 1)
        height = MARGIN + (TITLE if self.title else 0) + head + tall * len(self.rows) + 0.5
        sheet, top = titled_sheet(self.title, width, height)
        middle = left + wide * len(self.columns) / 2
        sheet.text(middle, top + 0.06, self.column_title, size=9.0, colour=GREY, align="center")
        sheet.text(left - 0.12, top + head - 0.15, self.row_title, size=9.0, colour=GREY, align="right")
        for column, lines in enumerate(heads):
            for above, line in enumerate(reversed(lines)):
                y = top + head - 0.15 - LINE_HEIGHT * above
                sheet.text(left + wide * (column + 0.5), y, line, size=9.5, align="center")
        low, high = self.range()
        table = self.colours()
        for row, name in enumerate(self.rows):
            y = top + head + tall * row
            sheet.text(left - 0.12, y + tall / 2, name, size=9.5, align="right")
            for column, text in enumerate(self.written()[row]):
                value = float(self.values[row, column])
                x = left + wide * column
                rgb = _colour_at(value, low, high, table)
                sheet.box(x + 0.02, y + 0.02, wide - 0.04, tall - 0.04, rgb)
                sheet.text(x + wide / 2, y + tall / 2, text, size=9.5, colour=ink_on(rgb), align="center")
        y = top + head + tall * len(self.rows) + 0.2
        start = sheet.text(left, y, significant(low, 3), size=8.5, colour=GREY) + 0.1
        end = max(start + 0.6, left + min(wide * len(self.columns), 2.6) - 0.5)
        sheet.picture(start, y - 0.045, end - start, 0.09, table[None])
        sheet.text(end + 0.1, y, f"{significant(high, 3)} {self.unit}".strip(), size=8.5, colour=GREY)
        return sheet.pixels()

    def written(self) -> list[list[str]]:
        """What stands in each cell."""
        if self.texts is not None:
            return [list(row) for row in self.texts]
        return [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in self.values]

    def colours(self) -> UInt8[np.ndarray, "256 3"]:
        """From the lowest value to the highest: white to blue, or blue over white to red where values are signed."""
        if self.signed:
            return scale_table("rdbu")
        return np.linspace(to_rgb(CARD), to_rgb(DEEP_BLUE), 256).round().astype(np.uint8)

    def range(self) -> Limits:
        """Values of the first and the last colour."""
        if self.limits is not None:
            return self.limits
        known = self.values[np.isfinite(self.values)]
        largest = float(known.max()) if known.size else 1.0
        smallest = float(known.min()) if known.size else 0.0
        if self.signed:
            largest = max(abs(largest), abs(smallest)) or 1.0
            return -largest, largest
        low = min(smallest, 0.0)
        return low, largest if largest > low else low + 1.0


def in_lines(name: str) -> list[str]:
    """The name of a column, in two lines where it is long: cut at the blank nearest to its middle."""
    blanks = [place for place, letter in enumerate(name) if letter == " "]
    if len(name) < LONG or not blanks:
        return [name]
    middle = min(blanks, key=lambda place: abs(place - len(name) / 2))
    return [name[:middle], name[middle + 1 :]]


def _colour_at(value: float, low: float, high: float, table: np.ndarray) -> str:
    if not np.isfinite(value):
        return LINE
    place = round((min(max(value, low), high) - low) / (high - low) * (len(table) - 1))
    return "#" + "".join(f"{int(part):02X}" for part in table[place])

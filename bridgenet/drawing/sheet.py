"""The sheet that figures and charts are drawn on, in inches from its upper left corner. The one door to matplotlib."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

Drawn = UInt8[np.ndarray, "_ _ 3"]
"""A finished figure as RGB pixels. Its size has nothing to do with that of the pictures in it."""

# A file's name may have letters that the font lacks: they are drawn as boxes, which says enough.
warnings.filterwarnings("ignore", message="Glyph .* missing from font")

DPI = 100
MARGIN, TITLE, LETTER = 0.2, 0.42, 0.072
"""Inches: around a chart, height of its title, mean width of a small letter."""

SMALLEST = 6.5
"""Points of the smallest letters that can be read."""

PAPER, CARD, LINE, INK, GREY = "#FBFAF7", "#FFFFFF", "#E3E0D8", "#1C1B19", "#6B6860"


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale whose ends are fixed.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        ticks: Values along it, and what is written there.
    """

    low: float | int
    high: float | int
    ticks: Sequence[tuple[float | int, str]] = ()


class Sheet:
    """An empty figure on which everything is placed in inches from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
        self.canvas = FigureCanvasAgg(figure)
        self.size = (height, width)
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def plot(
        self, x: float, y: float, width: float, height: float, across: Axis | None = None, up: Axis | None = None
    ) -> Axes:
        """Coordinate axes in a rectangle, ruled lightly, for what is drawn to a scale.

        Args:
            x: Left side.
            y: Upper side.
            width: Of the rectangle.
            height: Of the rectangle.
            across: Ends and ticks of the horizontal scale; None: as the values need.
            up: The same of the vertical scale.
        """
        sheet_height, sheet_width = self.size
        where = (x / sheet_width, 1 - (y + height) / sheet_height, width / sheet_width, height / sheet_height)
        axes = self.canvas.figure.add_axes(where, facecolor=CARD)
        axes.spines[:].set_color(LINE)
        axes.tick_params(colors=GREY, labelsize=8.5, length=0, pad=4)
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        if across is not None:
            axes.set_xlim(across.low, across.high)
            axes.set_xticks([value for value, _ in across.ticks], [words for _, words in across.ticks])
        if up is not None:
            axes.set_ylim(up.low, up.high)
            axes.set_yticks([value for value, _ in up.ticks], [words for _, words in up.ticks])
        return axes

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        colour: str = INK,
        align: str = "left",
        bold: bool = False,
        upright: bool = False,
        room: float | None = None,
        tail: str = "",
    ) -> float:
        """Write one line as it is, vertically centred on y, or upwards if `upright`. Returns where it ends.

        Where it needs more than its room in inches, its letters become smaller, and then fewer, but those of its tail.
        """
        weight, vertical = "bold" if bold else "normal", "center" if upright else "center_baseline"
        written = self.axes.text(x, y, text + tail, size=size, color=colour, ha=align, va=vertical, weight=weight)
        written.set_rotation(90 if upright else 0)
        # A dollar sign in a file's name begins no formula.
        written.set_parse_math(False)
        extent = written.get_window_extent(self.canvas.get_renderer())
        while room is not None and extent.width > room * DPI and (size > SMALLEST or text):
            if size > SMALLEST:  # Letters grow by steps, so that no proportion tells the size that fits.
                size = max(SMALLEST, min(size - 0.25, 0.97 * size * room * DPI / extent.width))
                written.set_fontsize(size)
            else:
                text = text[:-1].rstrip()
                written.set_text(f"{text}…{tail}")
            extent = written.get_window_extent(self.canvas.get_renderer())
        return extent.x1 / DPI

    def box(self, x: float, y: float, width: float, height: float, colour: str, *, outline: bool = False) -> None:
        edge = (0, 0, 0, 0.25) if outline else "none"
        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, linewidth=0.6))

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """A line around a picture, so that a white one has an edge."""
        edge = Rectangle((x, y), width, height, fill=False, edgecolor=LINE, linewidth=0.7)
        edge.set_zorder(1.6)
        self.axes.add_patch(edge)

    def line(self, x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False) -> None:
        self.axes.plot([x, to_x], [y, to_y], color=colour, linewidth=1.8, linestyle="--" if dashed else "-")

    def dot(self, x: float, y: float, colour: str) -> None:
        self.axes.add_patch(Circle((x, y), 0.045, facecolor=colour, edgecolor="none"))

    def card(self, x: float, y: float, width: float, height: float) -> None:
        round_corners = "round,pad=0,rounding_size=0.06"
        shape = FancyBboxPatch((x, y), width, height, boxstyle=round_corners, facecolor=CARD, edgecolor=LINE)
        shape.set_linewidth(0.9)
        self.axes.add_patch(shape)

    def picture(self, x: float, y: float, width: float, height: float, picture: np.ndarray) -> None:
        """Token grids are enlarged cell by cell, photos shrunk smoothly."""
        enlarged = picture.shape[1] < width * DPI
        way = "nearest" if enlarged else "antialiased"
        extent = (x, x + width, y + height, y)
        # Above the cards, below the lines.
        self.axes.imshow(picture, extent=extent, aspect="auto", interpolation=way, zorder=1.5)

    def cross_hair(self, x: float, y: float, width: float, height: float, place: tuple[float, float]) -> None:
        across, down = x + place[0] * width, y + place[1] * height
        for colour, line_width in (("black", 2.2), ("white", 0.9)):
            self.axes.hlines(down, x, x + width, color=colour, linewidth=line_width, alpha=0.7)
            self.axes.vlines(across, y, y + height, color=colour, linewidth=line_width, alpha=0.7)
        side = 0.11
        for colour, line_width in (("black", 2.6), ("white", 1.3)):
            box = Rectangle((across - side / 2, down - side / 2), side, side, fill=False, edgecolor=colour)
            box.set(linewidth=line_width, zorder=3)
            self.axes.add_patch(box)

    def pixels(self) -> Drawn:
        self.canvas.draw()
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()


def titled_sheet(title: str, width: float, height: float) -> tuple[Sheet, float]:
    """A sheet with a title, and where its content starts, in inches from above."""
    sheet = Sheet(width, height)
    if title:
        sheet.text(MARGIN, MARGIN + 0.1, title, size=12.0, bold=True)
    return sheet, MARGIN + (TITLE if title else 0)

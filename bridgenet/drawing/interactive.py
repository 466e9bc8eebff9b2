"""Pictures and charts in a notebook: hovered over, moved by sliders, and static where nobody can move them.

Every output carries a PNG of what it shows first, so that a saved notebook reads well where no kernel runs. The one
door to ipywidgets and plotly.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import ipywidgets as widgets
import numpy as np
import plotly.graph_objects as go
from IPython.display import Image as PngImage
from IPython.display import Markdown, display
from markdown_it import MarkdownIt
from PIL import Image

from bridgenet.drawing.charts import BarRow, Bars, Chart, Curves, Matrix, Scatter, colours_of, text_of
from bridgenet.drawing.matrix import in_lines
from bridgenet.drawing.sheet import CARD, GREY, INK, LINE, PAPER, Drawn
from bridgenet.tasks import significant

Shown = Drawn | Chart | tuple[Drawn | Chart, str]
"""A picture or a chart, alone or with a sentence in Markdown that stands below it."""

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


def show(shown: Shown) -> None:
    """Display a picture, or a chart that can be hovered over where the notebook has a front end.

    Args:
        shown: uint8 RGB (height, width, 3) or a chart of `bridgenet.drawing.charts`, with or without a sentence.
    """
    figure, words = shown if isinstance(shown, tuple) else (shown, "")
    if isinstance(figure, np.ndarray):
        display(PngImage(data=_png(figure), format="png"))
    else:
        bundle = {PLOTLY: hovered(figure).to_plotly_json(), "image/png": _png(figure.picture())}
        display(bundle | {"text/plain": figure.title}, raw=True)
    if words:
        display(Markdown(words))


def explore(draw: Callable[..., Shown], **controls: Any) -> None:
    """Controls above what `draw` makes of their values, drawn again whenever one is moved.

    Without a front end the output is what `draw` makes of the first values.

    Args:
        draw: Takes the controls' values by name and returns what `show` takes. It should take no more than a moment.
        **controls: Any ipywidgets, such as `across(0.4)` or `widgets.Dropdown(options=["depth", "normals"])`.

    Raises:
        ValueError: There is nothing to move.
    """
    if not controls:
        raise ValueError("explore() needs at least one control, such as x=across(0.5).")
    image = widgets.Image(format="png", layout={"align_self": "flex-start", "max_width": "100%"})
    sentence = widgets.HTML()

    def draw_again(change: object = None) -> tuple[bytes, str]:
        shown = draw(**{name: control.value for name, control in controls.items()})
        figure, words = shown if isinstance(shown, tuple) else (shown, "")
        png = _png(figure if isinstance(figure, np.ndarray) else figure.picture())
        image.value, sentence.value = png, MarkdownIt().render(words)
        return png, words

    first, words = draw_again()
    for control in controls.values():
        control.observe(draw_again, names="value")
    # An ipywidgets.Output would do the same, but programs that execute notebooks were seen to wait for ever for one.
    box = widgets.VBox([widgets.HBox([*controls.values()], layout={"flex_flow": "row wrap"}), image, sentence])
    view = {"model_id": box.model_id, "version_major": 2, "version_minor": 0}
    display({WIDGET: view, "image/png": first, "text/plain": words}, raw=True)


def across(value: float, description: str = "across") -> widgets.FloatSlider:
    """A slider for a fraction of the picture's width, 0 at the left."""
    return _fraction(value, description)


def down(value: float, description: str = "down") -> widgets.FloatSlider:
    """A slider for a fraction of the picture's height, 0 at the top."""
    return _fraction(value, description)


def hovered(chart: Chart) -> go.Figure:
    """The chart in plotly, with the numbers under the pointer."""
    match chart:
        case Curves():
            figure = _curves(chart)
        case Bars():
            figure = _bars(chart)
        case Matrix():
            figure = _matrix(chart)
        case Scatter():
            figure = _scatter(chart)
    height, width = chart.picture().shape[:2]
    figure.update_layout(
        template="none",
        title={"text": chart.title, "font": {"size": 16, "color": INK}, "x": 0.02},
        width=width,
        height=height,
        paper_bgcolor=PAPER,
        plot_bgcolor=CARD,
        margin={"l": 70, "r": 20, "t": 50 if chart.title else 20, "b": 50},
        font={"size": 12, "color": GREY},
    )
    figure.update_xaxes(gridcolor=LINE, zerolinecolor=LINE)
    figure.update_yaxes(gridcolor=LINE, zerolinecolor=LINE, automargin=True)
    return figure


def _curves(chart: Curves) -> go.Figure:
    figure = go.Figure()
    for curve, colour in zip(chart.curves, colours_of([curve.name for curve in chart.curves]), strict=True):
        ink, x = curve.colour or colour, [float(value) for value in curve.x]
        if curve.low is not None and curve.high is not None:
            around = [*(float(value) for value in curve.high), *(float(value) for value in curve.low[::-1])]
            band = {"fill": "toself", "fillcolor": ink, "opacity": 0.16, "line": {"width": 0}}
            figure.add_scatter(x=[*x, *x[::-1]], y=around, hoverinfo="skip", showlegend=False, **band)
        line = {"color": ink, "dash": "dash" if curve.dashed else "solid"}
        figure.add_scatter(x=x, y=[float(value) for value in curve.y], name=curve.name, line=line)
    if chart.mark is not None:
        figure.add_vline(chart.mark, line={"dash": "dot", "color": GREY})
    figure.update_layout(showlegend=any(curve.name for curve in chart.curves))
    figure.update_layout(hovermode="x unified", xaxis={"title": chart.x}, yaxis={"title": chart.y})
    return figure


def _bars(chart: Bars) -> go.Figure:
    names = [row.name for row in chart.rows]
    colours = [row.colour or colours_of([row.name])[0] for row in chart.rows]
    figure = go.Figure(
        go.Bar(
            x=[float(row.value) for row in chart.rows],
            y=names,
            orientation="h",
            marker={"color": colours},
            hovertext=[_in_words(row) for row in chart.rows],
            hoverinfo="text",
        )
    )
    for row in chart.rows:
        if row.low is not None and row.high is not None:
            ends = {"x": [row.low, row.high], "y": [row.name] * 2, "mode": "lines+markers", "hoverinfo": "skip"}
            figure.add_scatter(**ends, marker={"symbol": "line-ns-open", "size": 8}, line={"color": INK})
        if len(row.samples):
            dots = {"x": [float(value) for value in row.samples], "y": [row.name] * len(row.samples)}
            figure.add_scatter(**dots, mode="markers", marker={"color": CARD, "line": {"color": INK, "width": 1}})
    if chart.mark is not None:
        figure.add_vline(chart.mark, line={"dash": "dash", "color": INK})
    figure.update_layout(showlegend=False, xaxis={"title": chart.unit, "range": chart.limits})
    figure.update_layout(yaxis={"autorange": "reversed"})
    return figure


def _in_words(row: BarRow) -> str:
    interval = (
        f" ({significant(row.low, 3)} to {significant(row.high, 3)})"
        if row.low is not None and row.high is not None
        else ""
    )
    return f"{row.name}: {text_of(row)}{interval}"


def _matrix(chart: Matrix) -> go.Figure:
    low, high = chart.range()
    table = chart.colours()
    stops = np.linspace(0, len(table) - 1, 17).round().astype(int)
    scale = [[float(stop / (len(table) - 1)), "rgb({}, {}, {})".format(*map(int, table[stop]))] for stop in stops]
    values = [[None if np.isnan(value) else float(value) for value in row] for row in chart.values]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=["<br>".join(in_lines(name)) for name in chart.columns],
            y=list(chart.rows),
            text=chart.written(),
            texttemplate="%{text}",
            colorscale=scale,
            zmin=low,
            zmax=high,
            xgap=3,
            ygap=3,
            colorbar={"title": chart.unit},
            hovertemplate="%{y} → %{x}: %{z:.4g}<extra></extra>",
        )
    )
    figure.update_layout(xaxis={"side": "top", "title": chart.column_title})
    figure.update_layout(yaxis={"autorange": "reversed", "title": chart.row_title})
    return figure


def _scatter(chart: Scatter) -> go.Figure:
    figure = go.Figure()
    names = list(dict.fromkeys(dot.name for dot in chart.dots))
    for name, colour in zip(names, colours_of(names), strict=True):
        dots = [dot for dot in chart.dots if dot.name == name]
        marker = {"color": dots[0].colour or colour, "size": 10}
        x, y = [float(dot.x) for dot in dots], [float(dot.y) for dot in dots]
        texts = [dot.text for dot in dots]
        figure.add_scatter(x=x, y=y, name=name, mode="markers", marker=marker, text=texts)
    if chart.diagonal:
        both = [float(value) for dot in chart.dots for value in (dot.x, dot.y)]
        low, high = min(both), max(both)
        figure.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line={"dash": "dot", "color": GREY})
    figure.update_layout(xaxis={"title": chart.x}, yaxis={"title": chart.y})
    return figure


def _fraction(value: float, description: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value, min=0.0, max=0.99, step=0.01, description=description, continuous_update=False, readout_format=".2f"
    )


def _png(picture: Drawn) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()

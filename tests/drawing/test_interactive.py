import base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from bridgenet.drawing.charts import Curve, Curves
from bridgenet.drawing.interactive import PLOTLY, WIDGET, across, down, explore, show

GREY = np.full((4, 6, 3), 128, np.uint8)


@pytest.fixture(autouse=True)
def shell() -> Iterator[None]:
    """What displays, as in the kernel of a notebook."""
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


def displayed(*calls: Any) -> list[dict[str, Any]]:
    """What a call displays, each output as its forms by MIME type."""
    function, *arguments = calls
    with capture_output() as captured:
        function(*arguments)
    return [output.data for output in captured.outputs]


def pixels(png: bytes | str) -> np.ndarray:
    data = base64.b64decode(png) if isinstance(png, str) else png
    return np.asarray(Image.open(BytesIO(data)))


def test_a_picture_is_shown_pixel_by_pixel() -> None:
    (output,) = displayed(show, GREY)
    assert (pixels(output["image/png"]) == GREY).all()


def test_a_chart_is_shown_to_hover_over_and_as_a_picture() -> None:
    (output,) = displayed(
        show, Curves([Curve("Depth", (0.0, 1.0), (2.0, 3.0))], x="strength", y="error", title="A chart")
    )
    assert output[PLOTLY]["data"][0]["y"] == [2.0, 3.0]
    assert pixels(output["image/png"]).ndim == 3


def test_a_sentence_stands_below() -> None:
    _, sentence = displayed(show, (GREY, "**Grey**, everywhere."))
    assert sentence["text/markdown"] == "**Grey**, everywhere."


def test_exploring_shows_the_first_values_where_nothing_can_be_moved() -> None:
    def draw(x: float, y: float) -> np.ndarray:
        return np.full((4, 6, 3), round(100 * x + 10 * y), np.uint8)

    (output,) = displayed(lambda: explore(draw, x=across(0.5), y=down(0.4)))
    assert "model_id" in output[WIDGET]
    assert (pixels(output["image/png"]) == 54).all()


def test_moving_a_control_draws_again() -> None:
    seen: list[tuple[float, str]] = []

    def draw(x: float, task: str) -> tuple[np.ndarray, str]:
        seen.append((x, task))
        return GREY, task

    slider, choice = across(0.5), widgets.Dropdown(options=["depth", "edge"])
    displayed(lambda: explore(draw, x=slider, task=choice))
    slider.value = 0.75
    choice.value = "edge"
    assert seen[0] == (0.5, "depth")
    assert seen[-2:] == [(0.75, "depth"), (0.75, "edge")]


def test_exploring_needs_something_to_move() -> None:
    with pytest.raises(ValueError, match="at least one control"):
        explore(lambda: GREY)

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2xyz

from bridgenet.drawing.ink import ink_on, luminance

ROOT = Path(__file__).parents[2]
WEIGHS_COLOURS = re.compile(r"0\.(299|587|114|2126|7152|0722)\b")


def test_black_or_white_can_be_read_on_any_colour() -> None:
    for rgb in product(range(0, 256, 15), repeat=3):
        fill, bright = "#{:02X}{:02X}{:02X}".format(*rgb), float(rgb2xyz(np.array(rgb) / 255)[1])
        assert luminance(fill) == pytest.approx(bright, abs=1e-3)
        contrast = {"#000": (bright + 0.05) / 0.05, "#fff": 1.05 / (bright + 0.05)}
        assert contrast[ink_on(fill)] >= max(4.5, *contrast.values()) - 0.05, fill


def test_how_bright_a_colour_is_stands_in_one_file() -> None:
    files = [path for folder in ("app", "bridgenet") for path in (ROOT / folder).rglob("*") if path.is_file()]
    code = [path for path in files if path.suffix in {".py", ".js", ".html"} and "node_modules" not in path.parts]
    assert [path.name for path in code if WEIGHS_COLOURS.search(path.read_text())] == ["ink.py"]

"""The colours of the page, measured as WCAG does."""

import re

import numpy as np
import pytest

from app.tabs import TABS
from app.theme import STYLE as FOLDER
from app.theme import studio_css, studio_head
from bridgenet.drawing.ink import ink_on
from bridgenet.tasks import TASKS

STYLE = studio_css()
ENOUGH = 4.5
SURFACES = ("paper", "card", "soft")
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def theme(selector: str) -> dict[str, str]:
    block = re.search(rf"^{re.escape(selector)} {{(.*?)}}", STYLE, re.DOTALL | re.MULTILINE)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block.group(1)))


THEMES = {"light": theme(":root, .gradio-container"), "dark": theme(".dark, .dark .gradio-container")}


def linear(colour: str) -> np.ndarray:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    level = np.frombuffer(bytes.fromhex(digits), np.uint8) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    dark, bright = sorted(float(np.clip(colour, 0, 1) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def mixed(share: float, one: str, other: str) -> np.ndarray:
    """What `color-mix(in oklab, ...)` gives, as linear RGB."""
    first, second = (OKLAB @ np.cbrt(LMS @ linear(colour)) for colour in (one, other))
    return np.linalg.solve(LMS, np.linalg.solve(OKLAB, share * first + (1 - share) * second) ** 3)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ink", ["ink", "mute", "alarm"])
def test_words_stand_out_from_what_they_are_written_on(name: str, ink: str) -> None:
    colours = THEMES[name]
    for surface in SURFACES:
        assert contrast(linear(colours[ink]), linear(colours[surface])) >= ENOUGH, surface


@pytest.mark.parametrize("name", THEMES)
def test_coloured_words_of_the_headline_stand_out(name: str) -> None:
    shares = {
        int(share) / 100 for share in re.findall(r"color-mix\(in oklab, var\(--task\) (\d+)%, var\(--ink\)\)", STYLE)
    }
    assert shares
    for share in shares:
        for task in TASKS.values():
            words = mixed(share, task.colour, THEMES[name]["ink"])
            for surface in ("paper", "card"):
                assert contrast(words, linear(THEMES[name][surface])) >= ENOUGH, (task.name, surface)


@pytest.mark.parametrize("name", THEMES)
def test_the_mark_of_the_focus_is_seen(name: str) -> None:
    for surface in SURFACES:
        assert contrast(linear(THEMES[name]["accent"]), linear(THEMES[name][surface])) >= 3


def test_shares_are_written_in_the_ink_that_stands_out_more() -> None:
    for task in TASKS.values():
        assert contrast(linear(ink_on(task.colour)), linear(task.colour)) >= ENOUGH, task.name


@pytest.mark.parametrize("name", THEMES)
def test_numbers_stand_out_from_every_shade_of_their_cells(name: str) -> None:
    rules = re.findall(r"^([^{}\n]+) {[^{}]*--(heat|shadeless): (#[0-9a-f]{6});", STYLE, re.MULTILINE)
    own = [(kind, colour) for rule, kind, colour in rules if rule.startswith(".dark") == (name == "dark")]
    heats, (shadeless,) = ({colour for kind, colour in own if kind == part} for part in ("heat", "shadeless"))
    assert len(heats) == 2
    for heat in heats:
        for level in np.linspace(0, 1, 11):
            assert contrast(linear(THEMES[name]["ink"]), mixed(level, heat, shadeless)) >= ENOUGH, (heat, level)


def test_every_style_sheet_is_part_of_the_page() -> None:
    for sheet in FOLDER.glob("*.css"):
        assert sheet.read_text(encoding="utf-8") in STYLE + studio_head(), sheet.name


def test_a_tab_shows_its_page_without_a_line_of_its_own_in_a_style_sheet() -> None:
    for tab in TABS:
        assert f'html[data-tab="{tab}"] #page-{tab} {{ display: flex' in STYLE
        assert not any(f'data-tab="{tab}"' in sheet.read_text(encoding="utf-8") for sheet in FOLDER.glob("*.css")), tab


def test_motion_stops_for_those_who_asked_for_less() -> None:
    block = STYLE.split("prefers-reduced-motion: reduce")[1]
    assert "animation: none" in block and "transition: none" in block

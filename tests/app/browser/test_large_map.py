"""A map that lies large over the page: the same picture, numbers and pixel as its card."""

import pytest
from browsing import PATIENCE, Visit
from playwright.sync_api import Locator

Place = tuple[float, float]


def at(visit: Visit) -> Place:
    return tuple(visit.page.evaluate("[bridgenetStudio.at.x, bridgenetStudio.at.y]"))


def edges(frame: Locator) -> tuple[float, float, float, float]:
    box = frame.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_a_double_click_picks_and_enlarges_and_the_pixel_under_the_pointer_is_picked_however_close(
    visit: Visit,
) -> None:
    page = visit.page
    card = page.locator("[data-testid=map-depth]")
    left, top, width, height = edges(card.locator(".map"))
    page.mouse.dblclick(left + 0.3 * width, top + 0.4 * height)
    large = page.get_by_role("dialog", name="enlarged")
    large.wait_for(timeout=PATIENCE)
    assert at(visit) == pytest.approx((0.3, 0.4), abs=0.01)
    sources = [where.locator(".picture").get_attribute("src") for where in (card, large)]
    assert sources[0] == sources[1] and sources[0]

    frame = large.locator(".map")
    whole = edges(frame)[2]
    assert whole > 1.5 * width
    columns, lines = page.evaluate("bridgenetStudio.photo.size")
    before = at(visit)
    page.keyboard.press("ArrowRight")
    assert at(visit)[0] == pytest.approx(before[0] + 1 / columns, abs=1 / columns)
    for _ in range(6):
        page.keyboard.press("+")
    left, top, width, height = edges(frame)
    assert width == pytest.approx(min(1.5**6 * whole, 32 * columns), abs=1) and width > 4 * whole
    assert frame.locator(".picture").evaluate("one => getComputedStyle(one).imageRendering") == "pixelated"
    x, y = left + at(visit)[0] * width + 3 * width / columns, top + at(visit)[1] * height + 2 * height / lines
    page.mouse.move(x, y)
    large.locator(".value").wait_for(timeout=PATIENCE)
    assert large.locator(".value").inner_text() == card.locator(".value").inner_text()
    page.mouse.click(x, y)
    assert at(visit) == pytest.approx(((x - left) / width, (y - top) / height), abs=1e-4)

    chosen = at(visit)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=3)
    page.mouse.up()
    assert at(visit) == chosen and edges(frame)[:2] == pytest.approx((left + 40, top + 30), abs=1)
    page.keyboard.press("0")
    assert edges(frame)[2] == pytest.approx(whole, abs=1)
    page.keyboard.press("Escape")
    large.wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.viewer") == "overview"


def test_a_button_enlarges_too_and_a_slider_mixes_every_map_with_the_photo(visit: Visit) -> None:
    page = visit.page
    large = page.get_by_role("dialog", name="enlarged")
    button = page.get_by_role("button", name="Enlarge Segmentation")
    button.focus()
    page.keyboard.press("Enter")
    large.wait_for(timeout=PATIENCE)
    assert large.locator(".under").get_attribute("src") == page.evaluate("bridgenetStudio.photo.src")
    mixed = "one => Number(getComputedStyle(one).opacity)"
    assert large.locator(".picture").evaluate(mixed) == 1
    large.get_by_label("Segmentation over the photo").fill("0.25")
    assert large.locator(".picture").evaluate(mixed) == 0.25
    assert page.locator("[data-testid=map-semseg] .picture").evaluate(mixed) == 1
    large.get_by_role("button", name="Close").click()
    assert button.evaluate("one => one === document.activeElement")
    page.get_by_role("button", name="Enlarge Image").press("Enter")
    large.wait_for(timeout=PATIENCE)
    assert not large.get_by_role("slider").count()
    page.keyboard.press("Escape")

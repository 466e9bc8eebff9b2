"""A region in place of the pixel: chosen, drawn by hand, shown on every map, kept in the address."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import PATIENCE, Visit

from app.analysis.selection import read_region


@pytest.fixture
def left_as_found(visit: Visit) -> Iterator[Visit]:
    yield visit
    visit.page.keyboard.press("Escape")
    visit.page.evaluate("bridgenetStudio.choose({ region: null })")
    visit.ready("overview")


def inspects(visit: Visit, title: str) -> None:
    visit.page.wait_for_function(
        "title => bridgenetStudio.inspected.title.startsWith(title)", arg=title, timeout=PATIENCE
    )
    visit.ready("overview")


def drawn(visit: Visit, view: str = "overview") -> int:
    return visit.page.locator(f"[data-testid=viewer-{view}] .map .outline").count()


def test_the_segment_is_asked_and_outlined_on_every_map_and_follows_the_pixel(left_as_found: Visit) -> None:
    visit, page = left_as_found, left_as_found.page
    parts = "[...document.querySelectorAll('[data-testid=viewer-overview] .map')].map((one) => one.childElementCount)"
    before = page.evaluate(parts)
    page.click("[data-testid=region-segment]")
    inspects(visit, "Segment")
    assert drawn(visit) == page.locator("[data-testid=viewer-overview] .map").count() > 3
    first = page.evaluate("bridgenetStudio.inspected.outline")
    for x, y in ((0.1, 0.1), (0.9, 0.9), (0.1, 0.9), (0.9, 0.1)):
        visit.click_map("overview", x, y, "semseg")
    assert page.evaluate("bridgenetStudio.inspected.title").startswith("Segment")
    outlines = page.evaluate("[...document.querySelectorAll('.outline .line')].map((one) => one.getAttribute('d'))")
    assert set(outlines) == {page.evaluate("bridgenetStudio.inspected.outline")} != {first}
    page.evaluate("bridgenetStudio.pick({ x: 0.5, y: 0.5 })")
    # So it is on the room in 3D.
    visit.option("overview.mode", "3d")
    page.locator("[data-testid=mesh] .outline .line").wait_for(state="attached", timeout=PATIENCE)
    visit.option("overview.mode", "side")
    page.wait_for_selector("[data-testid=map-semseg]", timeout=PATIENCE)
    page.click("[data-testid=region-pixel]")
    inspects(visit, "Pixel")
    assert page.evaluate(parts) == before


def test_an_outline_is_drawn_on_a_map_and_one_that_holds_nothing_is_not(left_as_found: Visit) -> None:
    visit, page = left_as_found, left_as_found.page
    box = page.locator("[data-testid=map-depth] .map").bounding_box()
    assert box is not None

    def draw(*corners: tuple[float, float]) -> None:
        page.click("[data-testid=region-outline]")
        page.locator(".region [role=status]", has_text="Draw around").wait_for(timeout=PATIENCE)
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=4)
        page.mouse.up()

    at = page.evaluate("bridgenetStudio.at")
    draw((0.4, 0.4), (0.4, 0.4))
    page.locator(".region [role=status]", has_text="too small").wait_for(timeout=PATIENCE)
    assert page.evaluate("bridgenetStudio.region") is None and page.evaluate("bridgenetStudio.at") == at
    draw((0.2, 0.2), (0.6, 0.2), (0.7, 0.7), (0.3, 0.8))
    inspects(visit, "Outline")
    region = page.evaluate("bridgenetStudio.region")
    assert read_region(region, ()) == region and page.evaluate("bridgenetStudio.at") == at
    page.wait_for_function("location.search.includes('region')", timeout=PATIENCE)
    assert parse_qs(urlsplit(page.url).query)["region"] == [region]
    visit.tab("attribution")
    assert "in this outline" in page.locator("[data-testid=viewer-attribution] .say").inner_text()
    visit.tab("overview")
    page.click("[data-testid=region-outline]")
    page.keyboard.press("Escape")
    assert page.evaluate("bridgenetStudio.region") == region and drawn(visit) > 3

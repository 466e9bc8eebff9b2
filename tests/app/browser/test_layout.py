"""Nothing hidden: in windows from a phone to a wide screen, every tab can be hit and every text is where it belongs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import PATIENCE, Visit
from playwright.sync_api import Browser, Page
from served import served

ROOT = Path(__file__).resolve().parents[3]
WIDTHS = (390, 800, 1024, 1100, 1200, 1240, 1366, 1920)
UNHIT = """() => [...document.querySelectorAll(".tabs [role=tab]")].filter((tab) => {
    tab.scrollIntoView({ block: "nearest" });
    const box = tab.getBoundingClientRect();
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) !== tab;
}).map((tab) => tab.dataset.tab)"""
WIDER = "document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth"
# Words that end in dots, that wrap out of sight on purpose, or that a row of tools scrolls to, are no mistake.
OUTSIDE = """(view) => {
    const found = [];
    const walker = document.createTreeWalker(document.querySelector(view), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const holder = node.parentElement;
        if (!node.textContent.trim() || !holder.checkVisibility()) continue;
        if (holder.closest("svg, option, figcaption, .shares, .unseen")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const text = range.getBoundingClientRect();
        const tools = holder.closest(".tools");
        const row = tools && getComputedStyle(tools).overflowX === "auto";
        let box = holder;
        while (getComputedStyle(box).display.startsWith("inline") && box.parentElement) box = box.parentElement;
        if ([box, holder].some((one) => getComputedStyle(one).textOverflow === "ellipsis")) continue;
        for (const around of [box, holder.closest("td, th, .card, .chart, .segments"), row ? null : document.body]) {
            const edge = around?.getBoundingClientRect();
            if (edge && (text.right > edge.right + 1.5 || text.left < edge.left - 1.5)) {
                found.push(`${node.textContent.trim().slice(0, 40)} leaves ${around.tagName}.${around.className}`);
                break;
            }
        }
    }
    return found;
}"""
# Between the figure and a sentence, between it and the tabs, and whether a pointer can reach it.
BESIDE = """(sentence) => {
    const [say, figure, tabs] = [sentence, ".figure", ".tabs"].map((one) => document.querySelector(one));
    const [box, left, below] = [say, figure, tabs].map((one) => one.getBoundingClientRect());
    const there = document.elementFromPoint(box.x + 4, box.y + 9);
    return [box.left - left.right, below.top - box.bottom, say.contains(there) && box.top >= 0];
}"""
# Words of tables that begin in one line and end in another.
BROKEN = """(tables) => [...document.querySelectorAll(`${tables} :is(td, th)`)].flatMap((cell) => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.parentElement.checkVisibility()) continue;
        for (const { index, 0: word } of node.textContent.matchAll(/\\S+/g)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            if (lines.size > 1 && !/[-\\/]/.test(word)) found.push(`${word} is broken`);
        }
    }
    return found;
})"""
POINTED = """() => {
    const card = document.querySelector("[data-testid=lesson]").getBoundingClientRect();
    const staying = [...document.querySelectorAll(".tabs, .tools")].filter((one) => one.checkVisibility());
    const roof = Math.max(...staying.map((one) => one.getBoundingClientRect().bottom), 0);
    return [...document.querySelectorAll("[data-viewer] *")].filter((one) => {
        const style = getComputedStyle(one);
        return style.outlineStyle === "solid" && style.outlineOffset === "3px" && one.getBoundingClientRect().height;
    }).map((one) => {
        const box = one.getBoundingClientRect();
        const [top, bottom] = [Math.max(box.top, roof), Math.min(box.bottom, innerHeight)];
        const covered = box.left < card.right && card.left < box.right && top < card.bottom && card.top < bottom;
        return [one.dataset.testid ?? one.className, (bottom - top) / box.height, covered];
    });
}"""


@pytest.fixture(scope="module")
def rooms(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """A page of the network with six tasks."""
    with served(ROOT / "checkpoints" / "rooms-tiny", tmp_path_factory.mktemp("rooms")) as address:
        visit = Visit(browser, address)
        yield visit
        assert visit.wrong == []
        visit.close()


@pytest.fixture(scope="module")
def photos(browser: Browser, rooms: Visit) -> Iterator[Visit]:
    """A page of the network with four tasks, in the same studio."""
    visit = Visit(browser, rooms.address, "checkpoint=nyud-lite0")
    visit.page.wait_for_function(
        "document.querySelectorAll('.rail [data-testid^=task-]').length === 4", timeout=PATIENCE
    )
    yield visit
    assert visit.wrong == []
    visit.close()


def picture(page: Page, name: str) -> None:
    """For whoever wants to look: a screenshot in the folder that is named so."""
    if folder := os.environ.get("BRIDGENET_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=not name.startswith("lesson"))


def test_every_tab_can_be_hit_at_every_width(rooms: Visit) -> None:
    rooms.tab("overview")
    for width in WIDTHS:
        rooms.resize(width, 768)
        assert rooms.page.evaluate(UNHIT) == [], width
        assert not rooms.page.evaluate(WIDER), width
        rooms.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        scrolled = rooms.page.evaluate("scrollY")
        assert scrolled > 200, width
        assert rooms.page.evaluate(UNHIT) == [], width
        assert rooms.page.evaluate("scrollY") == scrolled, width
    rooms.resize(1366, 768)


@pytest.mark.parametrize(("window", "highest"), [((1366, 768), 201), ((1400, 900), 249), ((1920, 1080), 249)])
def test_in_a_wide_window_pictures_begin_high_and_what_a_view_says_stands_beside_the_figure(
    rooms: Visit, photos: Visit, window: tuple[int, int], highest: int
) -> None:
    for visit in (rooms, photos):
        page = visit.page
        visit.resize(*window)
        visit.tab("overview")
        page.evaluate("scrollTo(0, 0)")
        first = page.locator("[data-viewer=overview] .map").first
        assert first.evaluate("one => one.getBoundingClientRect().top") <= highest
        for tab in page.locator(".tabs [role=tab]:visible").evaluate_all("tabs => tabs.map(tab => tab.dataset.tab)"):
            visit.tab(tab)
            page.evaluate("scrollTo(0, 0)")
            beside, over, seen = page.evaluate(BESIDE, f"[data-viewer={tab}] .say")
            assert beside >= 0 and over >= 0 and seen, (tab, beside, over, seen)
        # Words about a place of the figure lie over it while somebody points there.
        page.hover("[data-node=photo]")
        page.locator(".caption .about").wait_for(state="visible", timeout=PATIENCE)
        assert page.inner_text(".caption .about").startswith("Photo")
        page.mouse.move(700, 700)
        page.locator(".caption .about").wait_for(state="hidden", timeout=PATIENCE)
        visit.resize(1366, 768)


def test_a_number_and_its_unit_stay_on_one_line(photos: Visit) -> None:
    photos.tab("overview")
    amounts = photos.page.locator("[data-viewer=overview] .say .amount")
    assert any(text.endswith(" %") for text in amounts.all_inner_texts())
    assert any(text.endswith(" m") for text in amounts.all_inner_texts())
    for width in WIDTHS:
        photos.resize(width, 768)
        assert amounts.evaluate_all("all => all.every(one => one.getClientRects().length === 1)"), width
    photos.resize(1366, 768)


def test_on_a_phone_pictures_come_first_and_a_sheet_says_at_once_what_is_tapped(rooms: Visit) -> None:
    page = rooms.page
    rooms.tab("overview")
    rooms.resize(390, 844)
    page.evaluate("scrollTo(0, 0)")
    assert page.locator("[data-viewer=overview] .map").first.evaluate("one => one.getBoundingClientRect().top") < 500
    rooms.click_map("overview", 0.3, 0.6)
    sheet, rows = page.locator("[data-testid=inspector] .sheet"), page.locator("[data-testid=inspector] .rows")
    box = sheet.bounding_box()
    assert box is not None and box["height"] < 70 and box["y"] + box["height"] <= 844
    said = sheet.inner_text()
    assert all(value in said for value in rows.locator(".answer b").all_text_contents())
    assert not rows.is_visible()
    sheet.click()
    assert rows.is_visible()
    sheet.click()
    rooms.resize(1366, 768)


@pytest.mark.parametrize("network", ["rooms", "photos"])
def test_no_text_leaves_its_cell(request: pytest.FixtureRequest, network: str) -> None:
    visit: Visit = request.getfixturevalue(network)
    tabs = visit.page.locator(".tabs [role=tab]").evaluate_all("tabs => tabs.map((tab) => tab.dataset.tab)")
    wrong = []
    for tab in tabs:
        visit.resize(1366, 768)
        visit.tab(tab)
        for width in (390, 1024, 1366) if network == "rooms" else (390, 1024):  # Six tasks need more room than four.
            visit.resize(width, 768)
            picture(visit.page, f"{network}-{tab}-{width}")
            wrong += [(tab, width, text) for text in visit.page.evaluate(OUTSIDE, f"[data-viewer={tab}]")]
            wrong += [(tab, width, text) for text in visit.page.evaluate(BROKEN, f"[data-viewer={tab}] .plain")]
    assert wrong == []


def test_titles_that_are_too_long_stay_in_their_cells_too(rooms: Visit) -> None:
    rooms.resize(1366, 768)
    rooms.tab("interaction")
    rooms.page.evaluate(
        """document.querySelectorAll("[data-viewer=interaction] th span:not(.dot)").forEach((title) => {
            title.textContent = "Segmentation of instances and their surroundings"; })"""
    )
    for width in WIDTHS:
        rooms.resize(width, 768)
        assert rooms.page.evaluate(OUTSIDE, "[data-viewer=interaction]") == [], width
    rooms.resize(1366, 768)


@pytest.mark.parametrize("width", [1366, 1024])
def test_a_lesson_stands_beside_what_it_asks_about(rooms: Visit, width: int) -> None:
    page = rooms.page
    rooms.resize(width, 768)
    page.evaluate("bridgenetStudio.pick({ x: 0.31, y: 0.62 })")
    before = page.evaluate("[bridgenetStudio.options, bridgenetStudio.scale, bridgenetStudio.at]")
    page.evaluate("bridgenetStudio.ask('lesson')")
    for lesson in ("answers", "features", "tpp", "bridge", "refinement", "influence"):
        page.wait_for_selector(f"[data-testid=lesson][data-lesson={lesson}]", timeout=PATIENCE)
        rooms.ready(page.evaluate("bridgenetStudio.tab"))
        page.click("[data-testid=lesson] [data-part=show]")
        rooms.ready(page.evaluate("bridgenetStudio.tab"))
        if lesson == "refinement":
            assert page.evaluate("bridgenetStudio.options['refinement.alpha']") == 0
            assert page.locator("[data-viewer=refinement] .map .right").first.inner_text() == "0.00 ×"
        picture(page, f"lesson-{lesson}-{width}")
        pointed = page.evaluate(POINTED)
        assert pointed, lesson
        for target, seen, covered in pointed:
            assert seen > 0.5 and not covered, (lesson, target, seen)
        if lesson != "influence":
            page.click("[data-testid=lesson] [data-part=next]")
    page.keyboard.press("Escape")
    assert page.evaluate("[bridgenetStudio.options, bridgenetStudio.scale, bridgenetStudio.at]") == before

"""The page for those who see little contrast, hear it, or asked for less motion: WCAG 2.1, A and AA."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browsing import PATIENCE, Visit
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# To read all style sheets anew takes most of the time, and tells nothing but whether a phone may be turned.
JUDGED = """async ([part, rules]) => {
    const { violations } = await axe.run(part, { runOnly: rules, resultTypes: ["violations"], preload: false });
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`));
}"""
MOVING = """() => [...document.querySelectorAll("body *")].flatMap((one) =>
    [null, "::before", "::after"].map((part) => [one, getComputedStyle(one, part)])
).filter(([, { animationName, transitionDuration }]) =>
    animationName !== "none" || transitionDuration.split(",").some((time) => parseFloat(time) > 0)
).map(([one]) => one.outerHTML.slice(0, 120))"""
# One judgement of all views takes less than one of each.
TOGETHER = """shown => document.querySelectorAll(".page").forEach(({ style }) =>
    shown ? style.setProperty("display", "flex", "important") : style.removeProperty("display"))"""
THEME = "dark => document.body.classList.toggle('dark', dark)"


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page, with what judges it."""
    if not visit.page.evaluate("'axe' in window"):
        visit.page.evaluate(AXE_SCRIPT)
    return visit.page


def wrong(page: Page, rules: list[str] = RULES, part: str = "html") -> list[str]:
    """What the rules find in what is shown, Gradio's own parts as well."""
    return page.evaluate(JUDGED, [part, rules])


def test_everybody_can_read_all_of_the_page(visit: Visit, page: Page) -> None:
    for tab in page.locator(".tabs [role=tab]:visible").evaluate_all("tabs => tabs.map((tab) => tab.dataset.tab)"):
        visit.tab(tab)
    page.keyboard.press("p")
    page.click("[data-testid=downloads] summary")
    page.click("[data-testid=figure-play]")
    page.evaluate("bridgenetStudio.ask('lesson')")
    page.wait_for_selector("[data-testid=lesson][data-lesson]", timeout=PATIENCE)
    page.click("[data-testid=lesson] [data-part=reveal]")
    page.wait_for_selector("[data-testid=lesson] [data-part=answer]:not(:empty)", timeout=PATIENCE)
    page.evaluate(TOGETHER, True)
    light = wrong(page)
    page.evaluate(THEME, True)
    # Nothing but the colours is another then.
    dark = wrong(page, ["color-contrast"])
    page.evaluate(THEME, False)
    page.evaluate(TOGETHER, False)
    page.click("[data-testid=lesson] [data-part=close]")
    page.click("[data-testid=figure-stop]")
    page.click("[data-testid=downloads] summary")
    assert light == []
    assert dark == []


def test_a_large_map_and_the_room_on_a_phone_can_be_read_too(visit: Visit, page: Page) -> None:
    page.get_by_role("button", name="Enlarge Segmentation").press("Enter")
    page.get_by_role("dialog", name="enlarged").wait_for(timeout=PATIENCE)
    found = wrong(page, part="[data-testid=large]")
    page.keyboard.press("Escape")
    visit.option("overview.mode", "3d")
    page.wait_for_selector("[data-testid=mesh][data-state=ready]", timeout=PATIENCE)
    visit.resize(390, 844)
    found += wrong(page)
    visit.resize(1280, 900)
    visit.option("overview.mode", "side")
    visit.ready("overview")
    assert found == []


def test_the_page_of_a_network_that_is_cut_and_the_simple_page_can_be_read_in_the_dark_too(
    visit: Visit, page: Page
) -> None:
    page.click("[data-testid=cut-depth]")
    for tab in ("overview", "tpp", "bridge", "refinement"):
        visit.tab(tab)
        page.wait_for_selector(f"[data-testid=viewer-{tab}] [data-testid=group-losses]", timeout=PATIENCE)
    page.click("[data-testid=depth] [data-value=simple]")
    page.evaluate(TOGETHER, True)
    found = wrong(page)
    page.evaluate(THEME, True)
    found += wrong(page, ["color-contrast"])
    page.evaluate(TOGETHER, False)
    visit.tab("overview")
    page.get_by_role("button", name="Enlarge Segmentation").press("Enter")
    page.get_by_role("dialog", name="enlarged").wait_for(timeout=PATIENCE)
    found += wrong(page)
    page.keyboard.press("Escape")
    page.evaluate(THEME, False)
    page.click("[data-testid=depth] [data-value=expert]")
    page.click("[data-testid=cut-depth]")
    visit.ready("overview")
    assert found == []


def test_nothing_moves_for_those_who_asked_for_less_motion(visit: Visit, page: Page) -> None:
    visit.tab("lessons")
    page.emulate_media(reduced_motion="reduce")
    moving = page.evaluate(MOVING)
    page.emulate_media(reduced_motion="no-preference")
    assert moving == []

"""What a lecturer needs: a tour of the page, lessons with a link of their own, and the page before a class."""

from browsing import PATIENCE, Visit
from playwright.sync_api import Browser

BALLOON = "[data-testid=balloon]"
LESSON = "[data-testid=lesson]"
LETTERS = "selector => getComputedStyle(document.querySelector(selector)).fontFamily"


def test_four_balloons_show_what_is_where_and_end_in_the_lessons(visit: Visit) -> None:
    page = visit.page
    page.click("[data-testid=tour]")
    pointed = []
    for stop in range(4):
        page.wait_for_selector(f'{BALLOON}[aria-label="Tour, {stop + 1} of 4"]')
        target, balloon = page.locator(".pointed").bounding_box(), page.locator(BALLOON).bounding_box()
        assert target is not None and balloon is not None
        height = page.viewport_size["height"]
        assert balloon["y"] >= 0 and balloon["y"] + balloon["height"] <= height
        assert page.evaluate(LETTERS, BALLOON) == page.evaluate(LETTERS, "[data-testid=inspector]")
        pointed.append(page.locator(".pointed").get_attribute("class"))
        page.locator(BALLOON).get_by_text("Next" if stop < 3 else "Begin the lessons", exact=True).click()
    assert len(set(pointed)) == 4
    page.wait_for_selector(f"{LESSON}[data-lesson=answers]", timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.click("[data-testid=tour]")
    page.wait_for_selector(BALLOON)
    page.keyboard.press("Escape")
    assert page.locator(BALLOON).count() == 0
    assert page.evaluate("document.activeElement.dataset.testid") == "tour"


def test_a_lesson_has_a_link_and_a_guess_stands_beside_what_was_measured(visit: Visit) -> None:
    page = visit.page
    page.evaluate("bridgenetStudio.ask('lesson', { lesson: 'bridge' })")
    page.wait_for_selector(f"{LESSON}[data-lesson=bridge]", timeout=PATIENCE)
    visit.ready("bridge")
    page.wait_for_function("location.search.includes('lesson=bridge')", timeout=PATIENCE)
    guess = page.locator(f"{LESSON} [data-part=guess]")
    letters = "one => [getComputedStyle(one).fontSize, getComputedStyle(one).marginTop]"
    assert guess.evaluate(letters) == ["13px", "8px"], "as our style sheet has it, not as Gradio has every input"
    guess.fill("depth, by far")
    page.click(f"{LESSON} [data-part=reveal]")
    page.wait_for_selector(f"{LESSON} .guess", timeout=PATIENCE)
    assert "You guessed: depth, by far" in visit.part("lesson")
    again = visit.context.new_page()
    again.goto(page.url)
    again.wait_for_selector(f"{LESSON}[data-lesson=bridge]", timeout=PATIENCE)
    assert again.input_value(f"{LESSON} [data-part=guess]") == ""
    again.close()
    page.click(f"{LESSON} [data-part=close]")
    page.wait_for_function("!location.search.includes('lesson=')", timeout=PATIENCE)


def test_before_a_class_the_sides_are_gone_and_one_key_leads_on(visit: Visit) -> None:
    page = visit.page
    size = "parseFloat(getComputedStyle(document.querySelector('[data-viewer=overview] .say')).fontSize)"
    small = page.evaluate(size)
    page.locator("[data-testid=viewer-overview]").focus()
    page.keyboard.press("f")
    page.wait_for_function("document.documentElement.dataset.presenting !== undefined")
    assert page.locator("[data-testid=rail]").is_hidden() and page.locator("[data-testid=inspector]").is_hidden()
    assert page.evaluate(size) > 1.3 * small
    before = page.evaluate("bridgenetStudio.tab")
    page.keyboard.press("PageDown")
    page.wait_for_function("tab => bridgenetStudio.tab !== tab", arg=before)
    page.keyboard.press("PageUp")
    page.wait_for_function("tab => bridgenetStudio.tab === tab", arg=before)
    visit.page.evaluate("bridgenetStudio.ask('lesson')")
    page.wait_for_selector(f"{LESSON}[data-lesson=answers]", timeout=PATIENCE)
    assert page.locator(LESSON).is_visible()
    page.keyboard.press("PageDown")
    page.wait_for_selector(f"{LESSON}[data-lesson=features]", timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.wait_for_function("document.documentElement.dataset.presenting === undefined")
    page.wait_for_selector(LESSON, state="hidden")
    assert page.locator("[data-testid=rail]").is_visible()


def test_after_presenting_the_depth_is_as_it_was_before(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, "depth=simple")
    page = visit.page
    try:
        page.wait_for_selector("[data-testid=viewer-overview][data-state=ready]", timeout=PATIENCE)
        for end in ("f", "Escape"):
            visit.tab("refinement")
            page.keyboard.press("f")
            page.wait_for_function("document.documentElement.dataset.presenting !== undefined")
            while page.evaluate("bridgenetStudio.depth") == "simple":
                page.keyboard.press("PageUp")
            page.keyboard.press(end)
            page.wait_for_function("document.documentElement.dataset.presenting === undefined")
            page.wait_for_function("bridgenetStudio.depth === 'simple'", timeout=PATIENCE)
            assert page.locator("[data-tab=tpp][aria-selected=true]").count() == 0
        # Chosen by hand, it stays.
        page.keyboard.press("f")
        page.click("[data-testid=depth] [data-value=expert]")
        page.keyboard.press("Escape")
        page.wait_for_function("document.documentElement.dataset.presenting === undefined")
        assert page.evaluate("bridgenetStudio.depth") == "expert"
        assert visit.wrong == []
    finally:
        visit.close()

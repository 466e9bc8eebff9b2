"""Two depths of the page: what a first visit needs, and everything. And the terms, which explain themselves in both."""

from browsing import PATIENCE, Visit
from modules import Modules
from playwright.sync_api import Browser

from bridgenet.glossary import GLOSSARY


def test_a_first_visit_is_simple_and_to_ask_for_more_is_to_become_an_expert(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, "depth=")
    page = visit.page
    try:
        visit.tab("bridge")
        assert page.locator("[data-testid=map-bridge-asked], [data-testid=group-bridge-place]").first.is_visible()
        assert page.locator("[data-testid=group-bridge-regions]").is_hidden()
        assert page.locator("[data-tool=head]:visible").count() == 0
        assert page.locator("[data-tool=scale]:visible, [data-tool=scope]:visible").count() == 0
        page.wait_for_function("location.search.includes('depth=simple')", timeout=PATIENCE)
        # A view that only experts have shows all of itself, and so do the others from then on.
        visit.tab("tpp")
        page.wait_for_function("location.search.includes('depth=expert')", timeout=PATIENCE)
        visit.tab("bridge")
        assert page.locator("[data-testid=group-bridge-regions]").is_visible()
        assert page.locator("[data-tool=head]:visible, [data-tool=scale]:visible").count() == 2
        # Back to the simple page, from a view that it does not have.
        visit.tab("tpp")
        page.click("[data-testid=depth] [data-value=simple]")
        visit.ready("overview")
        assert page.evaluate("bridgenetStudio.tab") == "overview"
        # What was chosen by hand is kept for the next visit; a link to a view has always shown all of it.
        page.click("[data-testid=depth] [data-value=expert]")
        again = visit.context.new_page()
        for link, depth in {"": "expert", "?depth=simple": "simple", "?tab=bridge": "expert"}.items():
            again.goto(f"{address}{link}")
            again.wait_for_function("window.bridgenetStudio", timeout=PATIENCE)
            assert again.evaluate("bridgenetStudio.depth") == depth, link
        assert visit.wrong == []
    finally:
        visit.close()


def test_a_dotted_term_says_what_it_means_to_pointer_and_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.tab("tpp")
    term = page.locator("[data-testid=viewer-tpp] .hint dfn").first
    sentence = next(said for name, said in GLOSSARY.items() if name.lower() == term.get_attribute("data-term"))
    term.focus()
    assert page.inner_text("#gloss") == sentence
    page.keyboard.press("Escape")
    assert page.locator("#gloss").is_hidden()
    term.hover()
    assert page.inner_text("#gloss") == sentence
    page.mouse.move(0, 0)
    assert page.locator("#gloss").is_hidden()


def test_a_view_that_the_simple_page_lacks_is_opened_with_everything(modules: Modules) -> None:
    depths = modules.run(
        """const { studio } = visit("?depth=simple");
        const seen = [studio.depth];
        for (const tab of ["bridge", "tpp", "overview"]) {
          studio.show(tab);
          seen.push(studio.depth);
        }
        studio.show("tpp");
        studio.deepen("simple");
        return [...seen, studio.tab, studio.depth];"""
    )
    assert depths == ["simple", "simple", "expert", "expert", "overview", "simple"]

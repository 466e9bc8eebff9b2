"""The figure of the network is the way through the page: by mouse and by keyboard, and it shows where one is."""

import re
from pathlib import Path

import pytest
from browsing import PATIENCE, Visit
from modules import Modules
from networks import photo, save_untrained
from playwright.sync_api import Browser, Page

from app.analysis.session import Session
from app.tabs.views import capabilities

LIT = "nodes => nodes.filter(node => node.classList.contains('on')).map(node => node.dataset.node)"
CURRENT = "nodes => nodes.filter(node => node.getAttribute('aria-current')).map(node => node.dataset.node)"
STATE = "(s => [s.tab, s.task, s.scale, s.options['features.kind']])(bridgenetStudio)"
FOCUSED = "document.activeElement.dataset.node ?? document.activeElement.dataset.testid"


def lit(page: Page, how: str = LIT) -> set[str]:
    return set(page.locator(".figure [data-node]").evaluate_all(how))


def click(visit: Visit, node: str) -> None:
    visit.page.click(f'[data-node="{node}"]')
    visit.ready(visit.page.evaluate("bridgenetStudio.tab"))


def test_a_walk_through_the_paper_by_the_figure_alone(visit: Visit) -> None:
    page = visit.page
    answers = {f"answer-{task}" for task in page.evaluate("bridgenetStudio.tasks.map(task => task.name)")}
    assert lit(page) == {"photo", *answers}
    # A place lights its own view, and in it what was chosen.
    click(visit, "generic-1")
    assert page.evaluate(STATE) == ["features", page.evaluate("bridgenetStudio.task"), 2, "generic"]
    assert lit(page, CURRENT) == {"generic-1"} and "photo" not in lit(page) and "before-depth" in lit(page)
    click(visit, "before-normals")
    assert page.evaluate(STATE)[1:] == ["normals", 0, "before"] and lit(page, CURRENT) == {"before-normals"}
    click(visit, "after-depth")
    assert page.evaluate(STATE)[:2] == ["tpp", "depth"] and all(name.startswith("after-") for name in lit(page))
    for scale in range(3):
        click(visit, f"bridge-{scale}")
        assert page.evaluate(STATE)[0::2][:2] == ["bridge", scale]
        assert lit(page, CURRENT) == {f"bridge-{scale}"} and lit(page) == {"bridge-0", "bridge-1", "bridge-2"}
    click(visit, "refined-2-depth")
    assert page.evaluate(STATE)[0] == "refinement" and "refined-2-depth" in lit(page, CURRENT)
    click(visit, "answer-depth")
    assert page.evaluate(STATE)[:2] == ["overview", "depth"]
    click(visit, "photo")
    assert page.get_attribute("[data-testid=tab-overview]", "aria-selected") == "true"


def test_lines_are_as_wide_as_the_shares_that_the_inspector_tells(visit: Visit) -> None:
    visit.click_map("overview", 0.3, 0.6)
    page = visit.page
    scale = page.evaluate("bridgenetStudio.scale")
    told = page.locator("[data-testid=inspector] .shares").get_attribute("aria-label")
    inspected = [int(share) for share in re.findall(r"(\d+) %", told)]
    lines = page.locator(f".line.read[data-link$='>bridge-{scale}']")
    drawn = lines.evaluate_all(
        "lines => lines.map(line => [Number(line.getAttribute('stroke-width')), Number(line.dataset.share)])"
    )
    assert [round(100 * share) for _, share in drawn] == pytest.approx(inspected, abs=1)
    per_share = [width / share for width, share in drawn]
    assert per_share == pytest.approx([per_share[0]] * len(drawn), rel=0.02)
    assert sum(share for _, share in drawn) == pytest.approx(1, abs=0.01)
    before = [share for _, share in drawn]
    visit.click_map("overview", 0.8, 0.2)
    moved = page.locator(".line.read").evaluate_all("lines => lines.map(line => Number(line.dataset.share))")
    assert moved != before and all(0 <= share <= 1 for share in moved)


def test_the_figure_is_no_wider_than_its_place_with_a_bridge_and_pairs_too(modules: Modules, tmp_path: Path) -> None:
    network = save_untrained(tmp_path / "both", refinement="add-invpt")
    figure = capabilities(Session(network).analyse(photo(), title="noise"))["figure"]
    bare = {**figure, "nodes": [{**node, "picture": ""} for node in figure["nodes"]]}
    script = """const { layOut } = await import("/layout.js");
        return given.widths.map((width) => layOut(given.figure, width, 102).width);"""
    widths = list(range(400, 900, 7))
    for given, width in zip(widths, modules.run(script, {"figure": bare, "widths": widths}), strict=True):
        assert width <= given, given


def test_the_keyboard_walks_the_figure_by_one_stop_and_reads_what_a_place_is(visit: Visit) -> None:
    page = visit.page
    stops = page.locator(".way :is([tabindex='0'], button:not([tabindex='-1'])):visible")
    assert stops.count() == 3  # A node, Play, and a tab.
    page.locator(".figure [tabindex='0']").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED).startswith("generic-")
    words = page.inner_text(".caption .about")
    assert "What the backbone saw" in words and "channels, height, width" in words
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "bridge-0"
    page.keyboard.press("Enter")
    visit.ready("bridge")
    assert page.evaluate(STATE)[0] == "bridge" and page.evaluate("bridgenetStudio.scale") == 0
    # Down from the figure to its label, along the labels, and up again.
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == "tab-bridge"
    page.keyboard.press("ArrowRight")
    visit.ready("refinement")
    assert page.evaluate(FOCUSED) == "tab-refinement"
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED).startswith("refined-")


def test_play_leads_the_pixel_through_in_six_steps_and_escape_ends_it(visit: Visit) -> None:
    page = visit.page
    page.emulate_media(reduced_motion="reduce")
    tab = page.evaluate("bridgenetStudio.tab")
    page.click("[data-testid=figure-play]")
    seen = []
    for step in range(6):
        assert f"{step + 1} of 6" in page.inner_text(".caption .about")
        seen += page.locator(".node.step").evaluate_all("nodes => nodes.map(node => node.dataset.node)")
        # What the step is about stands out from the rest, and shows where the pixel is.
        bright = page.locator(".figure .node").evaluate_all(
            "nodes => nodes.filter(node => getComputedStyle(node).opacity === '1').map(node => node.dataset.node)"
        )
        assert sorted(bright) == sorted(seen[-len(bright) :]) and page.locator(".pixel").count() == len(bright)
        # So do the lines by which it came there.
        into = page.locator(".line.step").evaluate_all("lines => lines.map(line => line.dataset.link.split('>')[1])")
        assert set(into) == set(bright) - {"photo"}
        page.click("[data-testid=figure-next]")
    assert set(seen) == set(page.locator(".figure [data-node]").evaluate_all("all => all.map(one => one.dataset.node)"))
    assert page.is_visible("[data-testid=figure-play]") and page.locator(".node.step").count() == 0
    page.click("[data-testid=figure-play]")
    page.keyboard.press("Escape")
    assert page.is_visible("[data-testid=figure-play]") and page.evaluate("bridgenetStudio.tab") == tab
    page.emulate_media(reduced_motion="no-preference")
    page.click("[data-testid=figure-play]")
    # By itself, without a press.
    page.wait_for_function("document.querySelector('.caption .about').textContent.includes('2 of 6')", timeout=PATIENCE)
    page.keyboard.press("Escape")


def test_a_task_is_cut_on_every_tab_and_the_figure_shows_it(visit: Visit) -> None:
    page = visit.page
    page.click("[data-testid=cut-depth]")
    for tab in ("overview", "bridge", "features"):
        visit.tab(tab)
        page.wait_for_selector(f"[data-testid=viewer-{tab}] [data-testid=group-losses]", timeout=PATIENCE)
        assert visit.part(f"viewer-{tab}").startswith("Without depth: ")
    assert page.locator(".line.read.off").count() > 0
    assert page.locator(".line.off").evaluate_all("lines => lines.every(line => /depth/.test(line.dataset.link))")
    assert visit.part("inspector").find("Without depth.") > 0
    page.wait_for_function("location.search.includes('cut=depth')", timeout=PATIENCE)
    keys = page.locator(".rail .tasks kbd")
    ends = keys.evaluate_all("keys => keys.map(key => Math.round(key.getBoundingClientRect().right))")
    assert len(set(ends)) == 1, "the key of a task that is cut stands below the others"
    page.click("[data-testid=cut-depth]")
    visit.ready("features")
    page.wait_for_function("!location.search.includes('cut=')", timeout=PATIENCE)
    assert page.locator(".line.off").count() == 0


def test_the_paper_is_walked_by_touch_on_a_telephone(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, viewport={"width": 390, "height": 844}, has_touch=True)
    page, seen = visit.page, []
    for node in ("generic-1", "before-depth", "after-depth", "bridge-0", "bridge-2", "refined-2-depth", "answer-depth"):
        page.evaluate("scrollTo(0, 0)")
        place = page.locator(f'[data-node="{node}"] .hit')
        place.evaluate("hit => hit.scrollIntoView({ block: 'center', inline: 'center' })")
        box = place.bounding_box()
        assert box is not None
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector(f'[data-node="{node}"].here', timeout=PATIENCE)
        visit.ready(page.evaluate("bridgenetStudio.tab"))
        seen.append(page.evaluate("bridgenetStudio.tab"))
        # What it leads to is in sight, in the upper third, though the figure stands at the end of the page.
        box = page.locator(f"[data-testid=viewer-{seen[-1]}] .say").bounding_box()
        assert box is not None and 0 < box["y"] < 844 / 3
    assert seen == ["features", "features", "tpp", "bridge", "bridge", "refinement", "overview"]
    assert visit.wrong == []
    visit.close()

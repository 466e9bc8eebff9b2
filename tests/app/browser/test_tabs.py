"""Every tab, opened in a real browser: drawn, described, and following the one selection."""

import re

import pytest
from browsing import PATIENCE, Visit
from playwright.sync_api import Browser

TABS = ("overview", "features", "tpp", "bridge", "refinement", "interaction", "attribution", "compare", "lessons")
# How much of the left side of a slider is veiled as it should be: all that has not the colour of the class.
LEFT_OPEN = """(frame) => {
    const pixels = (node, width, height) => {
        const pen = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
        pen.drawImage(node, 0, 0);
        return pen.getImageData(0, 0, width, height).data;
    };
    const [picture, veil] = [".over", ".before"].map((part) => frame.querySelector(part));
    const sample = frame.closest(".card").querySelector(".entry[aria-pressed=true] i");
    const colour = getComputedStyle(sample).backgroundColor.match(/\\d+/g).map(Number);
    const size = [picture.naturalWidth, picture.naturalHeight];
    const [seen, over] = [picture, veil].map((node) => pixels(node, ...size));
    let right = 0;
    for (let at = 0; at < seen.length; at += 4) {
        const same = colour.every((part, channel) => seen[at + channel] === part);
        right += Number(same === (over[at + 3] === 0));
    }
    return (4 * right) / seen.length;
}"""


@pytest.mark.parametrize("name", TABS)
def test_a_tab_is_drawn_and_all_its_pictures_are_described(visit: Visit, name: str) -> None:
    visit.tab(name)
    viewer = visit.page.locator(f"[data-testid=viewer-{name}]")
    assert viewer.is_visible() and visit.page.locator("[data-testid=inspector]").is_visible()
    assert all(len(alt) > 10 and width > 0 and source for alt, width, source in visit.pictures(name))
    others = [other for other in TABS if other != name]
    assert not any(visit.page.locator(f"[data-testid=viewer-{other}]").is_visible() for other in others)


@pytest.mark.parametrize("name", ["tpp", "bridge"])
def test_three_clicks_give_three_attentions(visit: Visit, name: str) -> None:
    visit.tab(name)
    seen = []
    for x, y in ((0.2, 0.2), (0.8, 0.25), (0.75, 0.85)):
        visit.click_map(name, x, y)
        seen.append(tuple(source for *_, source in visit.pictures(name)))
    assert len(set(seen)) == 3


def test_what_stays_the_same_at_another_place_stays_on_the_page(visit: Visit) -> None:
    visit.tab("bridge")
    visit.page.evaluate("""() => {
        const nodes = [".hint", ".card", ".card small", ".card .picture", ".group-text"];
        const first = (name) => document.querySelector(`[data-testid=viewer-bridge] ${name}`);
        window.stays = () => nodes.flatMap((name) => [first(name), first(name).firstChild]);
        window.before = stays();
        window.loaded = 0;
        first(".card .picture").addEventListener("load", () => loaded++);
    }""")
    titles = set()
    for x, y in ((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.1, 0.9), (0.9, 0.9)):
        visit.click_map("bridge", x, y)
        titles.add(visit.page.text_content("[data-testid=group-bridge-region] h3"))
    assert len(titles) > 1, "Every place is of the same class: this says nothing about titles that change."
    assert visit.page.evaluate("stays().every((node, index) => node === before[index]) && loaded === 0")


def test_the_shares_of_the_bridge_are_those_of_the_inspector_and_add_up(visit: Visit) -> None:
    visit.tab("bridge")
    visit.click_map("bridge", 0.3, 0.6)
    labels = visit.page.locator("[data-testid=viewer-bridge] .bar .shares").get_attribute("aria-label")
    inspected = visit.page.locator("[data-testid=inspector] .shares").get_attribute("aria-label")
    assert labels == inspected
    assert sum(int(share) for share in re.findall(r"(\d+) %", labels)) == pytest.approx(100, abs=3)


def test_features_change_with_task_and_view(visit: Visit) -> None:
    visit.tab("features")
    seen = [visit.pictures("features")]
    visit.page.click("[data-testid=task-normals]")
    visit.ready("features")
    seen.append(visit.pictures("features"))
    visit.option("features.view", "similarity")
    visit.page.wait_for_function("bridgenetStudio.drawn.features?.includes('similarity')")
    visit.ready("features")
    seen.append(visit.pictures("features"))
    assert len({str(pictures) for pictures in seen}) == 3


def test_a_bridge_strength_of_one_is_the_prediction_and_another_is_not(visit: Visit) -> None:
    visit.tab("refinement")
    slider = visit.page.locator('[data-tool="refinement.alpha"] input')
    assert float(slider.input_value()) == 1
    before = visit.pictures("refinement")
    slider.focus()
    visit.page.keyboard.press("Home")
    visit.page.wait_for_function("bridgenetStudio.options['refinement.alpha'] === 0")
    visit.ready("refinement")
    assert visit.pictures("refinement") != before
    visit.page.keyboard.press("End")
    visit.ready("refinement")


def test_a_legend_entry_isolates_its_class_in_every_picture_that_shows_classes_of_its_kind(visit: Visit) -> None:
    visit.page.evaluate("bridgenetStudio.choose({ task: 'semseg' })")
    visit.tab("refinement")
    viewer = visit.page.locator("[data-testid=viewer-refinement]")
    veils = viewer.locator(".map .isolate.on")
    entry = viewer.locator("[data-testid=map-refined-semseg] button.entry").first
    entry.click()
    maps = ["refined-semseg", *(f"lens-{index}" for index in range(3)), "strip-0", "strip-2"]
    for name in maps:
        viewer.locator(f".map[data-map='{name}'] .isolate.on").first.wait_for(state="attached", timeout=PATIENCE)
    assert viewer.locator(".map[data-map^='refined-']:not([data-map='refined-semseg']) .isolate.on").count() == 0
    # On both sides of the slider the veil leaves what has the colour of the class, and nothing else.
    assert viewer.locator(".map[data-map='refined-semseg'] .isolate.on").count() == 2
    assert viewer.locator(".map[data-map='refined-semseg']").evaluate(LEFT_OPEN) > 0.99
    pressed = viewer.locator(".entry[aria-pressed=true]")
    indices = set(pressed.evaluate_all("entries => entries.map(({ dataset }) => dataset.index)"))
    assert pressed.count() >= 1 and indices == {entry.get_attribute("data-index")}
    entry.click()
    visit.page.mouse.move(2, 2)
    visit.page.wait_for_function("() => !document.querySelector('.map .isolate.on')", timeout=PATIENCE)
    assert veils.count() == 0 and pressed.count() == 0


def test_the_interaction_matrix_names_units_and_control_and_opens_a_cell(visit: Visit) -> None:
    visit.tab("interaction")
    viewer = visit.page.locator("[data-testid=viewer-interaction]")
    matrix = viewer.locator("table.matrix").first
    assert matrix.locator("tbody tr").count() >= 7
    assert matrix.locator("tr.control").count() >= 1
    for unit in ("%", "m", "°"):
        assert unit in matrix.locator("thead").inner_text()
    before = visit.pictures("interaction")
    cells = matrix.locator("td button[aria-pressed=false]")
    cells.nth(3).click()
    visit.ready("interaction")
    assert matrix.locator("td button[aria-pressed=true]").count() == 1
    assert visit.pictures("interaction") != before


def test_an_attribution_can_be_cancelled_and_started_again(visit: Visit) -> None:
    visit.tab("attribution")
    visit.option("attribution.source", "pixels")
    visit.ready("attribution")
    visit.option("attribution.source", "tasks")
    visit.ready("attribution")
    bars = visit.page.locator("[data-testid=viewer-attribution] .bars")
    assert bars.count() >= 1
    # All bars of a chart have one scale: tracks of one width.
    widths = bars.first.locator(".track").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert len(widths) > 1 and max(widths) - min(widths) < 1


def test_compare_shows_two_pinned_photos_beside_each_other(visit: Visit) -> None:
    page = visit.page
    page.click("[data-testid=example-room-0]")
    page.wait_for_function("bridgenetStudio.photo.title.includes('room 1')")
    page.evaluate("bridgenetStudio.pin('A')")
    page.click("[data-testid=example-room-2]")
    page.wait_for_function("bridgenetStudio.photo.title.includes('room 3')")
    page.evaluate("bridgenetStudio.pin('B')")
    visit.tab("compare")
    words = visit.part("viewer-compare")
    assert "room 1" in words and "room 3" in words
    page.evaluate("bridgenetStudio.choose({ pins: {} })")
    visit.ready("compare")


def test_a_lesson_sets_the_page_and_reveals_its_sentence(visit: Visit) -> None:
    page = visit.page
    visit.tab("lessons")
    begins = page.locator("[data-begin]:visible")
    assert begins.count() >= 1
    begins.first.click()
    card = page.locator("[data-testid=lesson]")
    card.wait_for(state="visible")
    card.locator("[data-part=reveal]").click()
    page.wait_for_function(
        "() => /[.!]$/.test(document.querySelector('[data-testid=lesson] [data-part=answer]').textContent.trim())",
        timeout=60_000,
    )
    card.locator("[data-part=next]").click()
    assert page.locator("[data-testid=lesson]").get_attribute("data-lesson")
    page.keyboard.press("Escape")
    assert card.is_hidden()


def test_a_checkpoint_without_a_bridge_has_no_tab_for_it(browser: Browser, bare_address: str) -> None:
    visit = Visit(browser, bare_address)
    shown = visit.page.locator("[role=tab][data-testid]").evaluate_all("tabs => tabs.map(tab => tab.dataset.tab)")
    assert {"overview", "features", "attribution", "compare", "lessons"} <= set(shown)
    assert not {"tpp", "bridge", "refinement", "interaction"} & set(shown)
    visit.tab("features")
    assert visit.wrong == []
    visit.close()


def test_a_press_counts_and_the_focus_stays_when_an_answer_arrives_meanwhile(visit: Visit) -> None:
    visit.tab("features")
    wanted = visit.page.locator('[data-tool="features.view"] [data-value="strength"]')
    # Hovering waits until it stands still and is what the pointer meets.
    wanted.hover()
    visit.page.mouse.down()
    visit.page.evaluate("bridgenetStudio.pick({ x: 0.21, y: 0.34 })")
    visit.page.evaluate("bridgenetStudio.choose({ task: 'edge' })")
    visit.ready("features")
    # A longer sentence above may have moved it: the hand follows, the button is the same.
    wanted.hover()
    visit.page.mouse.up()
    visit.page.wait_for_function("bridgenetStudio.options['features.view'] === 'strength'")
    visit.ready("features")
    visit.page.keyboard.press("ArrowRight")
    visit.ready("features")
    assert visit.page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
    assert visit.page.evaluate("document.activeElement.dataset.value === bridgenetStudio.options['features.view']")

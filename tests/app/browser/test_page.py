"""The page as a visitor meets it: the real program, the real Chromium, the real file chooser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Visit, photo_file


def test_the_first_picture_is_there_before_the_network(visit: Visit) -> None:
    # The bundled values are part of the page that the server sends: nothing is computed for them.
    html = visit.context.request.get(visit.address).text()
    assert "data:image/png;base64," in html and "warming up" in html


def test_a_page_that_nobody_touches_asks_for_no_frames(open_page: Callable[..., Visit]) -> None:
    visit = open_page()
    # Whoever asks for frames may have kept what asks before the page was there.
    visit.page.add_init_script("""{
        const own = window.requestAnimationFrame.bind(window);
        window.asked = 0;
        window.requestAnimationFrame = (callback) => { window.asked += 1; return own(callback); };
    }""")
    visit.page.reload()
    visit.ready("overview")
    # The picture of the loading screen swings for a moment longer than it is seen.
    still = "new Promise((done) => { const before = asked; setTimeout(() => done(asked === before), 500); })"
    assert any(visit.page.evaluate(still) for _ in range(20))


def test_an_uploaded_jpeg_gets_all_predictions(visit: Visit, tmp_path: Path) -> None:
    visit.upload(photo_file(tmp_path))
    visit.ready("overview")
    pictures = visit.pictures("overview")
    assert len(pictures) == 7
    assert all(len(alt) > 10 and width > 0 for alt, width, _ in pictures)
    assert "640 × 480" in visit.part("map-image")


def test_a_second_photo_takes_the_place_of_the_first(visit: Visit, tmp_path: Path) -> None:
    visit.upload(photo_file(tmp_path, seed=1))
    before = visit.pictures("overview")
    visit.upload(photo_file(tmp_path, seed=2))
    visit.ready("overview")
    assert not {source for _, _, source in before} & {source for _, _, source in visit.pictures("overview")}


def test_the_same_place_is_marked_in_every_map(visit: Visit) -> None:
    visit.click_map("overview", 0.3, 0.7)
    places = "boxes => boxes.map(box => [box.style.left, box.style.top].join())"
    marked = visit.page.locator("[data-testid=viewer-overview] .map u").evaluate_all(places)
    assert len(marked) >= 7 and len(set(marked)) == 1


def test_hovering_shows_the_cross_hair_and_the_value_in_every_map(visit: Visit) -> None:
    page = visit.page
    page.locator("[data-testid=map-depth] .map").scroll_into_view_if_needed()
    box = page.locator("[data-testid=map-depth] .map").bounding_box()
    zoomed = "document.querySelector('[data-testid=inspector] .zoom canvas').toDataURL()"
    before = page.evaluate(zoomed)
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.1 * box["height"])
    lines = page.locator("[data-testid=viewer-overview] .map .down").evaluate_all(
        "lines => lines.map(line => parseFloat(line.style.left))"
    )
    assert len(lines) >= 7 and all(line == pytest.approx(90, abs=1) for line in lines)
    page.wait_for_function("() => / m$/.test(document.querySelector('[data-testid=map-depth] small').textContent)")
    names = page.evaluate("() => document.querySelector('[data-testid=map-semseg] small').textContent")
    assert re.fullmatch(r"[a-z][a-z ,0-9%]+", names)
    # The inspector shows the pixel whose numbers it tells, not the one that is pointed at.
    assert page.evaluate(zoomed) == before


def test_the_inspector_says_what_the_map_says_at_the_same_pixel(visit: Visit) -> None:
    page = visit.page
    visit.click_map("overview", 0.61, 0.37, "depth")
    box = page.locator("[data-testid=map-depth] .map").bounding_box()
    page.mouse.move(box["x"] + 0.61 * box["width"], box["y"] + 0.37 * box["height"])
    page.wait_for_function("() => / m$/.test(document.querySelector('[data-testid=map-depth] small').textContent)")
    hovered = float(page.inner_text("[data-testid=map-depth] small").split()[0])
    said = float(re.search(r"([\d.]+) m", visit.part("inspector"))[1])
    # The map shows every other pixel of the photo; the inspector reads the very pixel.
    assert hovered == pytest.approx(said, abs=0.06)


def test_the_keyboard_moves_the_pixel_and_chooses_head_and_task(visit: Visit) -> None:
    page = visit.page
    visit.click_map("overview", 0.5, 0.5)
    column, row = map(int, re.findall(r"\d+", page.inner_text("[data-testid=inspector] .where")))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    there = re.compile(rf"^pixel {column + 1}, {row + 8}$", re.IGNORECASE)
    page.locator("[data-testid=inspector] .where", has_text=there).wait_for()
    page.keyboard.press("]")
    page.keyboard.press("3")
    assert page.evaluate("[bridgenetStudio.head, bridgenetStudio.task]") == [0, "depth"]
    page.keyboard.press("[")
    assert page.evaluate("bridgenetStudio.head") == -1
    assert page.get_attribute("[data-testid=task-depth]", "aria-pressed") == "true"


def test_everything_can_be_reached_by_the_tab_key(visit: Visit) -> None:
    page = visit.page
    page.evaluate("document.activeElement?.blur()")
    reached: dict[str, str] = {}
    for _ in range(100):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            "(one => [one.dataset.testid ?? one.dataset.viewer ?? '', getComputedStyle(one).outline])"
            "(document.activeElement)"
        )
        reached[name] = ring
    assert {"file-upload", "example-motorcycle", "task-semseg", "tab-overview", "viewer-overview"} <= reached.keys()
    # Where one is, is seen.
    assert all("solid 2px" in reached[name] for name in ("example-motorcycle", "task-semseg", "viewer-overview"))


def test_an_example_brings_its_truth(visit: Visit) -> None:
    visit.page.click("[data-testid=example-room-1]")
    visit.page.locator("[data-testid=map-depth-error]").wait_for(timeout=30_000)
    visit.page.locator("[data-testid=inspector]", has_text="measured").wait_for()


def test_a_link_opens_the_page_as_it_was(open_page: Callable[..., Visit]) -> None:
    first = open_page("ex=room-0")
    first.tab("bridge")
    first.click_map("bridge", 0.25, 0.75)
    first.page.click("[data-testid=task-normals]")
    first.page.keyboard.press("]")
    first.option("bridge.weighting", "value")
    first.ready("bridge")
    link = first.page.evaluate("bridgenetStudio.link()")
    second = open_page(link.partition("?")[2])
    second.ready("bridge")
    state = "(s => [s.tab, s.task, s.head, s.scale, s.options, s.example])(bridgenetStudio)"
    assert second.page.evaluate(state) == first.page.evaluate(state)
    assert second.part("inspector") == first.part("inspector")
    assert second.pictures("bridge") == first.pictures("bridge")


def test_a_reload_keeps_the_place(visit: Visit) -> None:
    visit.click_map("overview", 0.8, 0.2)
    said = visit.part("inspector")
    visit.page.wait_for_function("/px=0.(79|80)[0-9]*,0.(19|20)/.test(location.search)")
    visit.page.reload()
    visit.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=60_000)
    visit.ready("overview")
    assert visit.part("inspector") == said


def test_two_visitors_never_see_each_others_photo(
    visit: Visit, open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    one, other = visit, open_page("ex=room-0")
    before = other.pictures("overview")
    one.upload(photo_file(tmp_path, seed=21, name="holiday-at-home.jpg"))
    other.click_map("overview", 0.4, 0.4)
    other.tab("bridge")
    other.tab("overview")
    assert other.pictures("overview") == before
    assert "holiday-at-home" not in other.page.content()
    other.upload(photo_file(tmp_path, seed=22, name="other.jpg"))
    one.click_map("overview", 0.6, 0.6)
    ours, theirs = ({source for *_, source in visit.pictures("overview")} for visit in (one, other))
    assert not ours & theirs
    key = one.page.evaluate("bridgenetStudio.photo.key")
    assert other.page.evaluate("bridgenetStudio.photo.key") != key


def test_dark_mode_and_a_narrow_window_lose_nothing(visit: Visit, open_page: Callable[..., Visit]) -> None:
    dark = open_page("ex=room-0&__theme=dark")
    for one, theme, width in ((dark, "dark", 1280), (visit, "light", 800), (dark, "dark", 800)):
        page = one.page
        one.resize(width, 900)
        one.ready("overview")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", paper)[:3]))
        assert brightness < 150 if theme == "dark" else brightness > 600
        for name in ("inspector", "rail", "tab-lessons", "viewer-overview"):
            assert page.locator(f"[data-testid={name}]").is_visible()
    visit.resize(1280, 900)


def test_motion_is_left_out_for_those_who_asked(visit: Visit) -> None:
    moving = "all => all.filter(one => !['none', ''].includes(getComputedStyle(one).animationName)).length"
    visit.page.emulate_media(reduced_motion="reduce")
    assert visit.page.locator(".studio *").evaluate_all(moving) == 0
    visit.page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("link", ["", "view=api"])
def test_the_endpoints_are_documented_with_their_units(open_page: Callable[..., Visit], link: str) -> None:
    visit = open_page(link)
    if not link:
        visit.page.locator("[data-testid=downloads] summary").click()
        visit.page.click("[data-testid=open-api]")
    visit.page.locator(".api-docs", has_text="/info").wait_for(timeout=30_000)
    words = visit.page.inner_text(".api-docs")
    # For assistants they are served only with --mcp.
    assert visit.page.locator(".api-docs .snippet:visible").all_inner_texts() == ["Python", "JavaScript", "CLI", "cURL"]
    assert "handle_file('kitchen.jpg')" in words and "https://" not in words
    for name in ("/predict", "/attention", "/bridge_share", "/interaction", "/attribute", "/info"):
        assert name in words
    for unit in ("metres", "fractions 0..1", "unit vectors", "probabilities 0..1"):
        assert unit in words

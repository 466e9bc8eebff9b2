"""Whatever is shown, pinned, linked or taken along is the answer of the network that was chosen last."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import PATIENCE, Visit, photo_file
from playwright.sync_api import Browser

SIX = {"semseg", "human_parts", "depth", "normals", "sal", "edge"}
FOUR = {"semseg", "depth", "normals", "edge"}


@pytest.fixture(scope="module")
def one_page(browser: Browser, real_studio: str) -> Iterator[Visit]:
    visit = Visit(browser, real_studio, "ex=room-0")
    yield visit
    visit.close()


@pytest.fixture
def page(one_page: Visit) -> Iterator[Visit]:
    """One page for all tests. Each begins with the network of photos, one example in the overview, and no pin."""
    if not one_page.page.evaluate("bridgenetStudio.photo.key.includes('nyud-lite0')"):
        choose(one_page, "nyud-lite0")
        one_page.page.wait_for_function("bridgenetStudio.photo.checkpoint === 'nyud-lite0'", timeout=PATIENCE)
    one_page.page.click("[data-testid=example-room-0]")
    one_page.page.wait_for_function("bridgenetStudio.photo.example === 'room-0'", timeout=PATIENCE)
    one_page.page.click("[data-testid=tab-overview]")
    at_rest(one_page, "overview")
    while (unpin := one_page.page.locator("[data-testid=inspector] .pins button").first).is_visible():
        unpin.click()
    yield one_page
    assert one_page.wrong == []


def choose(visit: Visit, checkpoint: str) -> None:
    visit.page.select_option("[data-testid=head] .others", checkpoint)


def at_rest(visit: Visit, view: str) -> None:
    """Wait until what was chosen last is shown, and the view has followed."""
    visit.page.wait_for_function("bridgenetStudio.photo.live && !bridgenetStudio.wanted", timeout=PATIENCE)
    of_what_is_shown = """view => { const key = bridgenetStudio.photo.key;
        return [`[data-testid=viewer-${view}]`, '[data-testid=inspector]'].every(
            (part) => document.querySelector(part).dataset.key?.startsWith(key)); }"""
    visit.page.wait_for_function(of_what_is_shown, arg=view, timeout=PATIENCE)
    visit.ready(view)


def tasks_shown(visit: Visit) -> set[str]:
    rows = visit.page.locator("[data-testid=inspector] [data-row]")
    return set(rows.evaluate_all("rows => rows.map(row => row.dataset.row)"))


def network_everywhere(visit: Visit) -> set[str]:
    """Names of the network in all places of the page that have one."""
    shown = "(s => [s.photo.checkpoint, s.photo.key.split(':')[1], new URL(s.link()).searchParams.get('checkpoint')])"
    chip = visit.page.inner_text("[data-testid=checkpoint] b")
    chosen = visit.page.input_value("[data-testid=head] .others")
    # The address follows the selection a moment later.
    visit.page.wait_for_function("new URLSearchParams(location.search).has('checkpoint')", timeout=PATIENCE)
    address = visit.page.evaluate("new URLSearchParams(location.search).get('checkpoint')")
    return {*visit.page.evaluate(f"{shown}(bridgenetStudio)"), chip, chosen, address}


def settings_of_the_zip(visit: Visit) -> dict[str, object]:
    visit.page.locator("[data-testid=downloads] summary").click()
    with visit.page.expect_download(timeout=2 * PATIENCE) as waiting:
        visit.page.click("[data-testid=download-zip]")
    return json.loads(zipfile.ZipFile(waiting.value.path()).read("settings.json"))


def test_after_another_checkpoint_was_chosen_everything_is_that_one_s(page: Visit) -> None:
    page.page.click("[data-testid=pin-A]")
    at_rest(page, "overview")
    assert tasks_shown(page) == FOUR
    choose(page, "rooms-tiny")
    # A click, a pin and another view, before the answer is there.
    box = page.page.locator("[data-testid=map-depth] .map").bounding_box()
    page.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    page.page.click("[data-testid=pin-B]")
    page.page.click("[data-testid=tab-bridge]")
    settings = settings_of_the_zip(page)
    assert settings["checkpoint"] == "rooms-tiny" and set(settings["tasks"]) == SIX
    assert "checkpoint=rooms-tiny" in settings["link"] and settings["selection"]["tab"] == "bridge"
    at_rest(page, "bridge")
    assert network_everywhere(page) == {"rooms-tiny"} and tasks_shown(page) == SIX
    pins = page.page.evaluate("bridgenetStudio.pins")
    assert [pins[letter]["checkpoint"] for letter in "AB"] == ["nyud-lite0", "rooms-tiny"]
    assert [pins[letter]["key"].partition(":")[2] for letter in "AB"] == ["nyud-lite0", "rooms-tiny"]
    page.page.click("[data-testid=tab-compare]")
    at_rest(page, "compare")
    words = page.part("viewer-compare")
    assert "A: nyud-lite0" in words and "B: rooms-tiny" in words
    page.page.click("[data-testid=tab-overview]")
    at_rest(page, "overview")
    maps = page.page.locator("[data-testid=viewer-overview] [data-map]")
    assert set(maps.evaluate_all("all => all.map(one => one.dataset.map)")) >= SIX


def test_of_choices_that_race_the_last_one_wins(page: Visit, tmp_path: Path) -> None:
    choose(page, "rooms-tiny")
    choose(page, "nyud-lite0")
    page.page.click("[data-testid=tab-tpp]")
    at_rest(page, "tpp")
    assert network_everywhere(page) == {"nyud-lite0"} and tasks_shown(page) == FOUR
    # A network and an example; then a photo and a network.
    choose(page, "rooms-tiny")
    page.page.click("[data-testid=example-room-1]")
    at_rest(page, "tpp")
    assert network_everywhere(page) == {"rooms-tiny"} and tasks_shown(page) == SIX
    assert page.page.evaluate("bridgenetStudio.photo.example") == "room-1"
    page.choose_file(photo_file(tmp_path, seed=41))
    page.page.wait_for_function("bridgenetStudio.wanted?.path")
    choose(page, "nyud-lite0")
    at_rest(page, "tpp")
    assert network_everywhere(page) == {"nyud-lite0"}
    assert page.page.evaluate("bridgenetStudio.photo.title") == "kitchen.jpg"


def test_a_checkpoint_that_cannot_be_opened_says_why_and_the_present_one_goes_on(page: Visit) -> None:
    choose(page, "damaged")
    page.page.locator("[data-testid=banner]", has_text="damaged").wait_for(timeout=PATIENCE)
    assert "could not be loaded" in page.part("banner")
    at_rest(page, "overview")
    page.click_map("overview", 0.7, 0.4)
    assert network_everywhere(page) == {"nyud-lite0"} and tasks_shown(page) == FOUR
    page.page.click("[data-testid=example-room-2]")
    page.page.wait_for_function("bridgenetStudio.photo.example === 'room-2'", timeout=PATIENCE)
    at_rest(page, "overview")
    assert network_everywhere(page) == {"nyud-lite0"} and tasks_shown(page) == FOUR


def test_back_stays_in_the_studio_and_shows_what_was_shown(page: Visit, tmp_path: Path) -> None:
    page.click_map("overview", 0.2, 0.3)
    page.page.click("[data-testid=tab-bridge]")
    at_rest(page, "bridge")
    page.click_map("bridge", 0.8, 0.7)
    said = page.part("inspector")
    choose(page, "rooms-tiny")
    at_rest(page, "bridge")
    page.upload(photo_file(tmp_path, seed=42))
    at_rest(page, "bridge")
    own = page.part("inspector")
    for _ in range(2):
        page.page.go_back()
    at_rest(page, "bridge")
    assert network_everywhere(page) == {"nyud-lite0"} and page.part("inspector") == said
    page.page.go_back()
    at_rest(page, "overview")
    assert page.page.evaluate("bridgenetStudio.at.x") == pytest.approx(0.2, abs=0.01)
    for _ in range(3):
        page.page.go_forward()
    at_rest(page, "bridge")
    assert network_everywhere(page) == {"rooms-tiny"} and page.part("inspector") == own


def test_a_reload_keeps_the_own_photo_or_says_that_it_is_gone(page: Visit, tmp_path: Path) -> None:
    page.upload(photo_file(tmp_path, seed=43, name="mine.jpg"))
    page.click_map("overview", 0.8, 0.2)
    said, pictures = page.part("inspector"), page.pictures("overview")
    page.page.wait_for_function("/px=0.(79|80)[0-9]*,0.(19|20)/.test(location.search)")
    page.page.reload()
    page.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=PATIENCE)
    at_rest(page, "overview")
    assert page.part("inspector") == said and page.pictures("overview") == pictures
    assert page.page.evaluate("bridgenetStudio.photo.title") == "mine.jpg" and "own" in page.page.url
    page.page.evaluate(
        "history.replaceState({ studio: { ...history.state.studio, key: '0'.repeat(24) + ':nyud-lite0' } }, '')"
    )
    page.page.reload()
    page.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=PATIENCE)
    at_rest(page, "overview")
    assert "no longer has your photo" in page.part("banner")


DIGITS = "9" * 5000
WRONG = (
    ("tab=nowhere&task=flow&ex=../etc", "overview", ("tab=nowhere", "task=flow", "ex=../etc")),
    ("tab=bridge&scale=²&head=³&px=%", "bridge", ("scale=²", "head=³", "px=%")),
    ("tab=tpp&scale=--5&head=1_0&px=nan,inf", "tpp", ("scale=--5", "head=1_0", "px=nan,inf")),
    (f"scale={DIGITS}&head=-{DIGITS}&px={DIGITS},0.5&refinement.alpha={DIGITS}", "overview", ("scale=9", "alpha=9")),
    ("tab=%E0%A4%A&__proto__.x=1&tpp.direction=up&checkpoint=damaged", "overview", ("damaged", "__proto__.x=1")),
    ("tab=bridge&tab=nowhere&task=&head=&photo=&checkpoint=", "bridge", ()),
)


def test_a_wrong_link_opens_a_view_and_says_what_it_could_not_understand(page: Visit) -> None:
    for link, view, words in WRONG:
        page.page.goto(f"{page.address}?{link}")
        page.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=PATIENCE)
        at_rest(page, view)
        assert page.page.locator(f"[data-testid=viewer-{view}]").is_visible(), link
        said = page.part("banner") if words else ""
        assert all(word in said for word in words), (link, said)
        assert page.page.locator("[data-testid=banner]").is_visible() is bool(words)
        chosen = page.page.evaluate("(s => [s.scale, s.head, s.at.x, s.at.y, s.options])(bridgenetStudio)")
        assert chosen == [2, -1, 0.5, 0.5, {}], link

"""What a visitor sees while the network is busy with somebody else, and how to stop waiting."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import PATIENCE, Visit, photo_file
from playwright.sync_api import Browser

PENDING = "[data-testid=viewer-interaction] .pending"


@pytest.fixture(scope="module")
def two(browser: Browser, address: str) -> Iterator[list[Visit]]:
    """Two pages."""
    visits = [Visit(browser, address, "ex=room-0") for _ in range(2)]
    yield visits
    assert [wrong for visit in visits for wrong in visit.wrong] == []
    for visit in visits:
        visit.close()


def test_who_comes_second_is_told_so_and_gets_an_answer(two: list[Visit], tmp_path: Path) -> None:
    first, second = two
    first.tab("interaction")
    # By a removal that no other test asks for over the folder: what is known already takes no time.
    first.option("interaction.removal", "mean")
    first.ready("interaction")
    first.option("interaction.over", "folder")
    first.page.locator("[data-testid=viewer-interaction] progress").wait_for(state="visible", timeout=PATIENCE)
    second.page.evaluate(
        """() => { window.said = []; new MutationObserver(() => window.said.push(
        document.querySelector('[data-testid=banner]').textContent)).observe(
        document.querySelector('[data-testid=banner]'), { childList: true, characterData: true, subtree: true }); }"""
    )
    second.upload(photo_file(tmp_path, seed=31))
    assert any(re.fullmatch(r"Waiting: \d+ before you", words) for words in second.page.evaluate("window.said"))
    first.ready("interaction")


def test_long_work_can_be_cancelled_and_started_again(two: list[Visit]) -> None:
    visit, _ = two
    visit.tab("interaction")
    # By another removal than before: what is known already takes no time.
    visit.option("interaction.over", "image")
    visit.option("interaction.removal", "zero")
    visit.ready("interaction")
    visit.option("interaction.over", "folder")
    viewer = visit.page.locator("[data-testid=viewer-interaction]")
    viewer.locator("progress").wait_for(state="visible", timeout=PATIENCE)
    # At the lower edge of the window it covers no title.
    box = viewer.locator(".pending").bounding_box()
    assert box is not None and box["y"] > 800 and box["y"] + box["height"] < 900
    # On a phone it is the upper edge of the sheet, over which nothing is seen beside it.
    visit.resize(390, 844)
    box, sheet = (visit.page.locator(part).bounding_box() for part in (PENDING, "[data-testid=inspector]"))
    assert box is not None and sheet is not None
    assert (box["x"], box["width"]) == (0, 390) and box["y"] < sheet["y"] <= box["y"] + box["height"]
    visit.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = visit.page.locator(".way .caption").bounding_box()
    assert last is not None and last["y"] + last["height"] <= box["y"]
    visit.resize(1280, 900)
    viewer.locator(".pending button", has_text="Cancel").click()
    viewer.locator(".pending", has_text="Cancelled").wait_for(timeout=PATIENCE)
    viewer.locator(".pending button", has_text="Compute").click()
    visit.ready("interaction")

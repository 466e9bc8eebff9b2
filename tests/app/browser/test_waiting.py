"""What a visitor sees while the network is busy with somebody else, and how to stop waiting."""

import re
from collections.abc import Callable
from pathlib import Path

from browsing import PATIENCE, Visit, photo_file


def test_who_comes_second_is_told_so_and_gets_an_answer(open_page: Callable[..., Visit], tmp_path: Path) -> None:
    second = open_page("ex=room-0")
    first = open_page("ex=room-0")
    first.tab("interaction")
    first.option("interaction.over", "rooms")
    first.page.locator("[data-testid=viewer-interaction] progress").wait_for(state="visible", timeout=PATIENCE)
    second.page.evaluate(
        """() => { window.said = []; new MutationObserver(() => window.said.push(
        document.querySelector('[data-testid=banner]').textContent)).observe(
        document.querySelector('[data-testid=banner]'), { childList: true, characterData: true, subtree: true }); }"""
    )
    second.upload(photo_file(tmp_path, seed=31))
    assert any(re.fullmatch(r"Waiting: \d+ before you", words) for words in second.page.evaluate("window.said"))
    first.ready("interaction")


def test_long_work_can_be_cancelled_and_started_again(open_page: Callable[..., Visit]) -> None:
    visit = open_page("ex=room-0")
    visit.tab("interaction")
    # By another removal than before: what is known already takes no time.
    visit.option("interaction.removal", "zero")
    visit.option("interaction.over", "rooms")
    viewer = visit.page.locator("[data-testid=viewer-interaction]")
    viewer.locator("progress").wait_for(state="visible", timeout=PATIENCE)
    viewer.locator(".pending button", has_text="Cancel").click()
    viewer.locator(".pending", has_text="Cancelled").wait_for(timeout=PATIENCE)
    viewer.locator(".pending button", has_text="Compute").click()
    visit.ready("interaction")

from collections.abc import Callable
from pathlib import Path

from browsing import PATIENCE, Visit, photo_file

STRIP = "[data-testid=own-photo]"

PASTE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 64 });
  canvas.getContext("2d").fillRect(20, 20, 40, 30);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([blob], "image.png", { type: "image/png" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
}"""


def titles(visit: Visit) -> list[str]:
    return visit.page.locator(STRIP).evaluate_all("all => all.map(one => one.title)")


def shows(visit: Visit, title: str) -> None:
    visit.page.wait_for_function("title => bridgenetStudio.photo.title === title", arg=title, timeout=PATIENCE)


def test_own_photos_stay_a_click_away_for_their_visitor_alone_until_the_studio_lets_them_go(
    open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = open_page()
    assert not visit.page.is_visible("[data-testid=own-photos]")
    for seed, name in enumerate(("kitchen.jpg", "hall.jpg")):
        visit.upload(photo_file(tmp_path, 40 + seed, name))
    visit.page.wait_for_function(f"document.querySelectorAll('{STRIP}').length === 2", timeout=PATIENCE)
    assert titles(visit) == ["hall.jpg", "kitchen.jpg"]

    # Back by a click, also after the page was loaded again.
    visit.page.locator(STRIP).nth(1).click()
    shows(visit, "kitchen.jpg")
    visit.page.wait_for_function("!bridgenetStudio.wanted", timeout=PATIENCE)
    visit.page.reload()
    visit.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=PATIENCE)
    shows(visit, "kitchen.jpg")
    assert titles(visit) == ["hall.jpg", "kitchen.jpg"]
    assert visit.page.locator(f"{STRIP}[aria-pressed=true]").get_attribute("title") == "kitchen.jpg"

    visit.page.evaluate(PASTE)
    shows(visit, "Pasted photo")
    assert titles(visit)[0] == "Pasted photo"
    assert titles(open_page()) == []

    # As after a restart of the studio: the photo is gone, which is said, and with it its place in the strip.
    kept = '[{ key: "0123:untrained", title: "lost.jpg", thumb: "data:," }]'
    visit.page.evaluate(f"sessionStorage.setItem('bridgenet-own-photos', JSON.stringify({kept}))")
    visit.page.reload()
    visit.page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=PATIENCE)
    visit.page.locator(STRIP, has_text="lost.jpg").click()
    visit.page.wait_for_selector("[data-testid=error]:visible", timeout=PATIENCE)
    assert "no longer has this photo" in visit.part("error")
    assert "lost.jpg" not in titles(visit)

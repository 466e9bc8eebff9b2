"""A checkpoint of a folder of one's own opens in the studio, with the names and colours that the folder gave."""

from pathlib import Path

from browsing import Visit
from folders import CLASSES, COLOURS, make_folder
from networks import save_untrained
from playwright.sync_api import Browser
from served import served

from bridgenet.sources import source_at


def test_a_network_of_ones_own_photos_speaks_in_their_names_and_colours(browser: Browser, tmp_path: Path) -> None:
    photos = make_folder(tmp_path / "photos")
    checkpoint = save_untrained(tmp_path / "streets", source_at("folder", photos))
    with served(checkpoint, tmp_path / "studio") as address:
        visit = Visit(browser, address)
        visit.upload(photos / "images" / "photo 0.png")
        tabs = visit.page.locator("[role=tab][data-testid^=tab-]:visible")
        names = tabs.evaluate_all("tabs => tabs.map(tab => tab.dataset.testid.slice(4))")
        assert {"overview", "features", "tpp", "bridge", "compare", "lessons"} <= set(names)
        for name in ("bridge", "lessons"):
            visit.tab(name)
            viewer = visit.page.locator(f"[data-testid=viewer-{name}]")
            boxes = viewer.locator(".group > :is(.grid, .chart)")
            assert boxes.evaluate_all("boxes => boxes.every(box => box.children.length)"), name
        steps = visit.page.locator("#lesson-steps .step-number")
        for width in (1280, 390):
            visit.resize(width, 900)
            tops = steps.evaluate_all("steps => steps.map(step => Math.round(step.getBoundingClientRect().top))")
            assert len(tops) > 5 and len(set(tops)) == 1, "the steps stand in one row"
        visit.tab("overview")
        legend = visit.page.locator("[data-testid=viewer-overview] .entry").evaluate_all(
            "all => all.map(one => [one.textContent.split(' ')[0], getComputedStyle(one.children[0]).backgroundColor])"
        )
        known = {name: f"rgb{tuple(bytes.fromhex(colour[1:]))}" for name, colour in zip(CLASSES, COLOURS, strict=True)}
        assert legend and all(known[name] == colour for name, colour in legend)
        assert visit.wrong == []
        visit.close()
    assert "Traceback" not in (tmp_path / "studio" / "log.txt").read_text()

"""Checkpoints of systems whose traces differ open in the studio, with all views that there are for them."""

from pathlib import Path

import pytest
from browsing import PATIENCE, Visit
from networks import SMALL, save_untrained
from playwright.sync_api import Browser
from served import served

from bridgenet.config import BackboneConfig
from bridgenet.config.systems import System

TASKS = {"semseg": 14, "depth": 1, "normals": 3}
TRANSFORMER = BackboneConfig("test_vit", taps=(1, 3, 4, 6))
SYSTEMS: tuple[System, ...] = ("bridgenet", "cross-stitch", "mtan", "pad-net", "mti-net", "invpt")
"""One of each kind of trace: a bridge, encoders that are mixed, masks, messages, at all scales, and tokens."""

OFTEN = {"overview", "features", "pairs"}
"""Views that are looked at in every system."""

ALL = {*OFTEN, "attribution", "compare"}
"""Views that are looked at in one: they show answers and cuts of any system alike."""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each, every other on a ViT."""
    folder = tmp_path_factory.mktemp("systems")
    for index, system in enumerate(SYSTEMS):
        backbone = {"backbone": TRANSFORMER} if index % 2 else {}
        save_untrained(folder / system, tasks=TASKS, system=system, systems=SMALL, **backbone)
    return folder


def test_a_system_opens_without_an_error_or_an_empty_panel(browser: Browser, checkpoints: Path, tmp_path: Path) -> None:
    with served(checkpoints / "bridgenet", tmp_path) as address:
        visit = Visit(browser, address, "ex=room-0")
        for system in SYSTEMS:
            visit.page.select_option("[data-testid=head] .others", system)
            visit.page.wait_for_function(
                "name => (s => s.photo.live && !s.wanted && s.photo.checkpoint === name)(bridgenetStudio)",
                arg=system,
                timeout=PATIENCE,
            )
            tabs = visit.page.locator("[role=tab][data-testid^=tab-]:visible")
            names = [
                name.removeprefix("tab-") for name in tabs.evaluate_all("tabs => tabs.map(tab => tab.dataset.testid)")
            ]
            assert {"overview", "features", "compare", "lessons"} <= set(names), system
            for name in (name for name in names if name in (ALL if system == "invpt" else OFTEN)):
                visit.tab(name)
                viewer = visit.page.locator(f"[data-testid=viewer-{name}]")
                assert viewer.locator(":is(.map img, .chart > *)").count(), (system, name)
                boxes = viewer.locator(".group > :is(.grid, .chart)")
                assert boxes.evaluate_all("boxes => boxes.every(box => box.children.length)"), (system, name)
            visit.tab("overview")
            assert visit.wrong == [], system
        visit.close()
    assert "Traceback" not in (tmp_path / "log.txt").read_text()

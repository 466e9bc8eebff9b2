"""The links with which notebooks lead into the studio: read by the page, and some followed in a browser."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Visit
from modules import Modules
from playwright.sync_api import Browser

from app.tabs import TABS
from app.takeaway.links import not_understood
from bridgenet.tasks import TASKS

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BUNDLED = [path.parent.name for path in (ROOT / "checkpoints").glob("*/config.json")]
FOLLOWED = ("04", "05", "07", "09")
"""Notebooks whose links are opened: with and without a place, of three networks, with many options."""
LINK = re.compile(r"\(http://127\.0\.0\.1:7860/\?([^)\s]+)\)")


def link_of(notebook: Path) -> str:
    """The query of the link that the cell marked `studio` shows."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    (cell,) = [cell for cell in cells if "studio" in cell["metadata"].get("tags", [])]
    shown = [output["data"]["text/markdown"] for output in cell["outputs"] if "text/markdown" in output.get("data", {})]
    (link,) = LINK.findall("".join("".join(lines) for lines in shown))
    return link


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_page_and_studio_read_in_a_notebook_s_link_what_it_says(modules: Modules, notebook: Path) -> None:
    link = link_of(notebook)
    asked = {name: value for name, (value,) in parse_qs(link).items()}
    read = modules.run(
        """const all = imported.readLink(given.search, given.tabs);
        return Object.fromEntries(new URLSearchParams(imported.writeLink(all, all)));""",
        {"search": link, "tabs": list(TABS)},
    )
    assert {name: read.get(name) for name in asked} == asked
    assert not_understood(asked, BUNDLED, TABS, TASKS, scales=3, heads=2) == []


@pytest.mark.parametrize(
    "notebook", [path for path in NOTEBOOKS if path.stem[:2] in FOLLOWED], ids=lambda path: path.stem[:2]
)
def test_a_notebook_s_link_opens_the_same_selection(browser: Browser, real_studio: str, notebook: Path) -> None:
    link = link_of(notebook)
    visit = Visit(browser, real_studio, link)
    asked = parse_qs(link)
    # The photo that the studio opens with is shown until the one of the link has been analysed.
    visit.page.wait_for_function(
        "name => bridgenetStudio.photo.live && document.querySelector(`[data-testid=head]`).innerText.includes(name)",
        arg=asked["checkpoint"][0],
        timeout=120_000,
    )
    shown = parse_qs(urlsplit(visit.page.evaluate("bridgenetStudio.link()")).query)
    assert {name: shown.get(name) for name in asked} == asked
    assert visit.page.get_attribute(f"[data-testid=tab-{asked['tab'][0]}]", "aria-selected") == "true"
    visit.close()
    assert visit.wrong == []

"""What it takes to add a tab: a folder, and its line in the list of tabs."""

from pathlib import Path

import pytest
from planting import copy_packages, put_in, touched
from playwright.sync_api import Browser
from served import served

pytestmark = pytest.mark.slow

PAGE = '''
"""How bright each answer is."""

from pathlib import Path

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.view.charts import Table
from app.view.maps import prediction_map
from app.view.page import Page
from app.view.view import View
from app.view.wording import wording

TEXT = Path(__file__).with_name("text.md")


def brightness(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: the answer of the selected task, and how bright the photo is."""
    what, how = wording(TEXT)
    maps = [prediction_map(analysis, selection.task, 320)]
    return {
        "say": [{"text": f"The photo has a mean of {analysis.prediction.image.mean():.0f}."}],
        "hint": f"{what} {how}",
        "groups": [
            {"id": "brightness", "title": "Brightness", "columns": 2, "maps": maps},
            {"id": "size", "title": "Size", "chart": Table(["height", "width"], [list(map(str, analysis.size))])},
        ],
    }


PAGE = Page("brightness", brightness, follows=frozenset({"task"}))
'''

FOLDER = "app/tabs/brightness"
ADDED = {
    f"{FOLDER}/__init__.py": '"""How bright the photo is."""\n',
    f"{FOLDER}/page.py": PAGE,
    f"{FOLDER}/text.md": "How bright a photo is.\n\nClick a task in the list.\n",
}


def test_a_tab_is_a_folder_and_a_line(tmp_path: Path, checkpoint: Path, browser: Browser) -> None:
    copy_packages(tmp_path)
    (tmp_path / FOLDER).mkdir()
    for name, text in ADDED.items():
        (tmp_path / name).write_text(text)
    put_in(
        tmp_path / "app/tabs/__init__.py",
        '    "lessons": "Lessons",\n',
        '    "brightness": "Brightness",\n    "lessons": "Lessons",\n',
    )
    assert touched(tmp_path) == {*ADDED, "app/tabs/__init__.py"}

    there = tmp_path / "app" / "main.py"
    with served(checkpoint, tmp_path, main=there, variables={"PYTHONPATH": str(tmp_path)}) as address:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=180_000)
        page.click("[role=tab][data-testid=tab-brightness]")
        page.wait_for_selector("[data-testid=viewer-brightness][data-state=ready]", timeout=180_000)
        assert "The photo has a mean of" in page.inner_text("[data-testid=viewer-brightness]")
        assert page.is_visible("[data-testid=viewer-brightness] .map img") and errors == []
        page.close()

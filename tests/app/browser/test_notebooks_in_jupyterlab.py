"""The notebooks as a student meets them: JupyterLab in a browser, started as `make lab` starts it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from app.program import free_port

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
BRIDGE = "04_the_bridge.ipynb"
PATIENCE = 90.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """Address of a JupyterLab with a home of its own, on a copy of the notebooks: the bridge's ends at its slider."""
    copies = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    bridge = json.loads((copies / BRIDGE).read_text(encoding="utf-8"))
    slider = next(at for at, cell in enumerate(bridge["cells"]) if "interactive" in cell["metadata"].get("tags", []))
    bridge["cells"] = bridge["cells"][: slider + 1]
    (copies / BRIDGE).write_text(json.dumps(bridge), encoding="utf-8")
    home = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--config", str(copies / "lab" / "jupyter_lab_config.py")]
    options = [f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token=", str(copies)]
    address = f"http://127.0.0.1:{port}/lab"
    with (tmp_path / "log.txt").open("w") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log, env=os.environ | home)
        try:
            wait_for(address)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def wait_for(address: str) -> None:
    began = time.monotonic()
    while True:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            assert time.monotonic() - began < PATIENCE, "JupyterLab did not answer"
            time.sleep(0.1)


def run_all(page: Page, address: str, notebook: str) -> None:
    page.goto(f"{address}/tree/{notebook}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=1000 * PATIENCE)
    # Before its kernel is there, a notebook that is run asks which one to take.
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=1000 * PATIENCE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_moving_a_slider_of_the_bridge_notebook_changes_its_figure(browser: Browser, lab: str) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    run_all(page, lab, BRIDGE)
    slider = page.locator(".jp-OutputArea .noUi-handle").first
    figure = page.locator(".jp-OutputArea img.widget-image")
    figure.wait_for(state="attached", timeout=1000 * PATIENCE)
    slider.scroll_into_view_if_needed()
    before = figure.get_attribute("src")
    assert before is not None
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(figure).not_to_have_attribute("src", before, timeout=1000 * PATIENCE)
    assert page.get_by_text("get notified about official").count() == 0
    assert [url for url in asked if not url.startswith((lab.removesuffix("lab"), "data:", "blob:"))] == []
    page.close()

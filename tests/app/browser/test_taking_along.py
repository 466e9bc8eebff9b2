"""Downloads of the real page, opened and checked."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from browsing import Visit
from PIL import Image
from playwright.sync_api import Browser


def download(visit: Visit, what: str) -> Path:
    visit.page.locator("[data-testid=downloads] summary").click()
    with visit.page.expect_download(timeout=120_000) as waiting:
        visit.page.click(f"[data-testid=download-{what}]")
    return waiting.value.path()


def test_the_zip_holds_the_numbers_that_the_page_shows(visit: Visit) -> None:
    visit.tab("bridge")
    visit.click_map("bridge", 0.35, 0.65)
    column, row = visit.page.evaluate("bridgenetStudio.pixel()")
    said = visit.part("inspector")
    archive = zipfile.ZipFile(download(visit, "zip"))
    assert archive.testzip() is None
    names = {Path(name).name: name for name in archive.namelist()}
    depth = np.load(BytesIO(archive.read(names["depth.npy"])))
    assert f"{depth[row, column]:.2f} m" in said
    millimetres = np.asarray(Image.open(BytesIO(archive.read(names["depth_mm_u16.png"]))))
    assert abs(millimetres / 1000 - depth).max() <= 0.001
    rows = [np.load(BytesIO(archive.read(name))) for short, name in names.items() if short.startswith("bridge_")]
    assert abs(sum(float(part.sum()) for part in rows) - 1) < 1e-4
    settings = json.loads(archive.read(names["settings.json"]))
    assert settings["selection"]["tab"] == "bridge"
    assert "metres" in archive.read(names["README.txt"]).decode().lower()


def test_the_report_opens_alone_and_without_a_network(visit: Visit, browser: Browser, tmp_path: Path) -> None:
    visit.page.click("[data-testid=example-room-0]")
    visit.page.wait_for_function("bridgenetStudio.photo.title.includes('room 1')")
    report = tmp_path / "report.html"
    report.write_bytes(download(visit, "report").read_bytes())
    context = browser.new_context(offline=True)
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if request.url.startswith("http") else None)
    page.goto(report.as_uri())
    pictures = page.locator("img").evaluate_all("all => all.map(one => [one.alt.length > 5, one.naturalWidth > 0])")
    assert len(pictures) > 10 and all(described and drawn for described, drawn in pictures)
    assert "Bridge" in page.inner_text("body") and "room 1" in page.inner_text("body")
    assert foreign == []
    context.close()


def test_the_picture_of_a_view_has_its_legends_and_is_sharp(visit: Visit) -> None:
    visit.tab("overview")
    picture = Image.open(download(visit, "picture"))
    assert picture.format == "PNG" and picture.width >= 2000
    assert len(picture.convert("RGB").getcolors(maxcolors=10_000_000)) > 50

"""The studio as a visitor meets it: the real program, the real Chromium, the real file chooser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = [sys.executable, str(MAIN), "--port", str(port), "--checkpoint", str(checkpoint)]
    with (elsewhere / "log.txt").open("w") as log:
        studio = subprocess.Popen(
            command, cwd=elsewhere, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        url = f"http://127.0.0.1:{port}/"
        try:
            wait_for(url, studio, elsewhere / "log.txt")
            yield url
        finally:
            studio.terminate()
            studio.wait(20)


def wait_for(url: str, studio: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        assert studio.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"The studio did not answer: {log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(browser: "Browser", address: str) -> Iterator[tuple["Page", list[str]]]:
    """The page with the network awake, and a list of all that goes wrong on it or goes to another host."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if is_foreign(request.url, address) else None)
    page.goto(address)
    page.wait_for_selector("[data-testid=viewer-overview][data-state=ready]", timeout=60_000)
    page.wait_for_selector("[data-testid=banner]", state="hidden", timeout=180_000)
    yield page, wrong
    page.close()


@pytest.fixture
def page(opened: tuple["Page", list[str]]) -> Iterator["Page"]:
    page, wrong = opened
    page.click("[data-testid=tab-overview]")
    yield page
    assert wrong == []


def is_foreign(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:"))


def photo_file(folder: Path, seed: int = 7) -> Path:
    path = folder / "kitchen.jpg"
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=92)
    return path


def choose_file(page: "Page", path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("[data-testid=drop]").click()
    chooser.value.set_files(path)


def upload(page: "Page", path: Path) -> None:
    before = page.get_attribute("[data-testid=viewer-overview]", "data-key")
    choose_file(page, path)
    page.wait_for_function(
        "key => document.querySelector('[data-testid=viewer-overview]').dataset.key !== key", arg=before, timeout=30_000
    )


def click_map(page: "Page", view: str, x: float, y: float) -> None:
    """Click a map at fractions of its size, and wait until the page has followed."""
    viewer = page.locator(f"[data-testid=viewer-{view}]")
    before = page.get_attribute("[data-testid=inspector]", "data-key")
    box = viewer.locator(".map").first.bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.wait_for_function(
        "key => (panel => panel.dataset.key !== key && panel.dataset.state === 'ready')"
        "(document.querySelector('[data-testid=inspector]'))", arg=before, timeout=20_000,
    )  # fmt: skip


def attention(page: "Page") -> tuple[str, ...]:
    images = page.locator("[data-testid=viewer-tpp] .map img, [data-testid=viewer-bridge] .map img")
    return tuple(images.evaluate_all("images => images.map(image => image.src)"))


def test_an_uploaded_jpeg_gets_all_predictions(page: "Page", tmp_path: Path) -> None:
    upload(page, photo_file(tmp_path))
    maps = page.locator("[data-testid=viewer-overview] .map img")
    shown = maps.evaluate_all("images => images.map(image => [image.alt, image.naturalWidth])")
    assert len(shown) == 7
    assert all(alt and width > 0 for alt, width in shown)
    assert "640 × 480" in page.inner_text("[data-testid=map-image]")


def test_three_clicks_give_three_attention_rows(page: "Page") -> None:
    page.click("[data-testid=tab-attention]")
    seen = []
    for x, y in ((0.2, 0.2), (0.8, 0.25), (0.75, 0.85)):
        click_map(page, "bridge", x, y)
        seen.append(attention(page))
    assert len(set(seen)) == 3
    shares = page.get_attribute("[data-testid=viewer-bridge] .shares", "aria-label")
    assert sum(int(share) for share in re.findall(r"(\d+) %", shares)) == pytest.approx(100, abs=3)


def test_the_same_place_is_marked_in_every_map(page: "Page") -> None:
    click_map(page, "overview", 0.3, 0.7)
    places = page.locator(".map u").evaluate_all("boxes => boxes.map(box => [box.style.left, box.style.top].join())")
    assert len(places) > 20 and len(set(places)) == 1
    box = page.locator("[data-testid=map-depth] .map").bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.1 * box["height"])
    lines = page.locator(".map .down").evaluate_all("lines => lines.map(line => parseFloat(line.style.left))")
    assert all(line == pytest.approx(90, abs=1) for line in lines)
    page.wait_for_function("() => / m$/.test(document.querySelector('[data-testid=map-depth] small').textContent)")


def test_the_keyboard_moves_the_pixel_and_chooses_head_and_task(page: "Page") -> None:
    click_map(page, "overview", 0.5, 0.5)
    column, row = map(int, re.findall(r"\d+", page.inner_text("[data-testid=inspector] .where")))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_text(re.compile(rf"^pixel {column + 1}, {row + 8}$", re.IGNORECASE)).wait_for()
    page.keyboard.press("]")
    page.keyboard.press("3")
    page.click("[data-testid=tab-attention]")
    page.locator("[data-testid=viewer-bridge] [role=radio][aria-checked=true]", has_text="1").wait_for()
    page.get_by_text("Heads of depth").wait_for()


def test_a_bad_file_gets_its_message_and_the_page_lives_on(page: "Page", tmp_path: Path) -> None:
    bad = tmp_path / "not-an-image.png"
    bad.write_text("only words")
    choose_file(page, bad)
    page.locator("[data-testid=error]", has_text="not a readable image").wait_for(timeout=20_000)
    upload(page, photo_file(tmp_path, seed=8))
    assert page.locator("[data-testid=error]").is_hidden()


def test_an_example_brings_its_truth(page: "Page") -> None:
    page.click("[data-testid=example-room-1]")
    page.locator("[data-testid=map-depth-error]").wait_for(timeout=30_000)
    page.locator("[data-testid=inspector]", has_text="measured").wait_for()


if CHROMIUM is not None:
    from playwright.sync_api import Browser, Page, sync_playwright

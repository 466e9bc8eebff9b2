"""The paper on one photo, walked by the figure alone: `make screenshots`. Needs Chromium.

Writes `walk-<width>-<theme>.png` beside this file: by mouse at 1366 px, by touch at 390 px, light and dark.
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import FLAGS, HERE, ROOT, find_chromium, save

from app.program import studio

STOPS = {
    "photo": "The photo",
    "generic-1": "Task-generic",
    "before-depth": "Task-specific",
    "after-depth": "TPP",
    "bridge-0": "The bridge at 1/32",
    "bridge-1": "The bridge at 1/16",
    "bridge-2": "The bridge at 1/8",
    "refined-2-depth": "Refined",
    "answer-depth": "The answers",
}
"""Places of the figure, in the order of the way."""

WINDOWS = {1366: (768, 3, 470), 390: (844, 5, 270)}
"""By width: height, pictures side by side, and their width on the sheet."""


def main() -> None:
    """Take all pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        studio(ROOT / "checkpoints" / "nyud-lite0", Path(folder)) as (address, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for width in WINDOWS:
            for theme in ("light", "dark"):
                save(sheet(walk(browser, address, width, theme), width, theme), HERE / f"walk-{width}-{theme}.png")
                sys.stdout.write(f"walk {width} {theme}\n")
        browser.close()


def walk(browser: Browser, address: str, width: int, theme: str) -> dict[str, Image.Image]:
    """What is seen after each stop, by its title."""
    context = browser.new_context(viewport={"width": width, "height": WINDOWS[width][0]}, has_touch=width < 720)
    page = context.new_page()
    page.goto(f"{address}?ex=motorcycle&px=0.40,0.55&depth=expert&__theme={theme}")
    page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=120_000)
    pictures = {title: stop(page, node) for node, title in STOPS.items()}
    context.close()
    return pictures


def stop(page: Page, node: str) -> Image.Image:
    """Go to a place of the figure, and wait until its view is drawn."""
    page.evaluate("scrollTo(0, 0)")
    place = page.locator(f'[data-node="{node}"]')
    if page.evaluate("navigator.maxTouchPoints"):
        place.evaluate("node => node.scrollIntoView({ block: 'center', inline: 'center' })")
        box = place.locator(".hit").bounding_box()
        assert box is not None
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    else:
        place.click()
    tab = page.evaluate("bridgenetStudio.tab")
    page.wait_for_selector(f"[data-testid=viewer-{tab}][data-state=ready]", timeout=120_000)
    page.wait_for_timeout(600)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def sheet(pictures: dict[str, Image.Image], width: int, theme: str) -> Image.Image:
    """All stops in rows, with their titles."""
    paper, ink = ("#fbfaf7", "#1d1c1a") if theme == "light" else ("#171816", "#efede7")
    height, columns, shown = WINDOWS[width]
    tile, gap, caption = (shown, round(shown * height / width)), 18, 28
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * (tile[0] + gap) + gap, rows * (tile[1] + caption + gap) + gap), paper)
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(17)
    for index, (title, picture) in enumerate(pictures.items()):
        left, top = gap + index % columns * (tile[0] + gap), gap + index // columns * (tile[1] + caption + gap)
        pen.text((left, top), f"{index + 1}  {title}", fill=ink, font=font)
        whole.paste(picture.resize(tile, Image.Resampling.LANCZOS), (left, top + caption))
    return whole


if __name__ == "__main__":
    main()

"""Pictures of the studio, every tab in light and dark: `make screenshots`. Needs Chromium.

Writes `<tab>.png` (light) and two sheets, `studio-light.png` and `studio-dark.png`, beside this file.
"""

import argparse
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, sync_playwright

from app.program import studio

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
VIEWPORT = {"width": 1400, "height": 900}
TILE = (700, 450)

PLACES = {
    "overview": "ex=motorcycle&px=0.40,0.55",
    "features": "ex=motorcycle&px=0.40,0.55&task=depth&scale=2",
    "tpp": "ex=motorcycle&px=0.40,0.55&task=depth",
    "bridge": "ex=motorcycle&px=0.40,0.55&scale=1",
    "refinement": "ex=motorcycle&px=0.40,0.55&task=semseg",
    "interaction": "ex=motorcycle&px=0.40,0.55",
    "attribution": "ex=motorcycle&px=0.40,0.55&task=depth",
    "compare": "ex=motorcycle&px=0.40,0.55",
    "lessons": "ex=motorcycle&px=0.40,0.55",
    "room": "ex=motorcycle&px=0.40,0.55&task=depth&overview.mode=3d",
}
"""What each tab shows: the link behind the question mark."""

TAB = {"room": "overview"}
"""Where what is shown has another name than its tab."""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description="Take pictures of every tab of the studio, light and dark.")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "nyud-lite0")
    parser.add_argument("--tabs", nargs="+", choices=PLACES, default=list(PLACES))
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        studio(options.checkpoint.resolve(), Path(folder)) as (address, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for theme in ("light", "dark"):
            pictures = {name: shoot(browser, address, name, theme) for name in options.tabs}
            if theme == "light":
                for tab, picture in pictures.items():
                    save(picture, HERE / f"{tab}.png")
            if len(pictures) == len(PLACES):
                save(sheet(pictures, theme), HERE / f"studio-{theme}.png")
        browser.close()


def find_chromium() -> str:
    """The browser that takes the pictures."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("There is no Chromium on the PATH; on Debian: apt-get install chromium.")
    return found


def shoot(browser: Browser, address: str, name: str, theme: str) -> Image.Image:
    """One tab, once all of it is drawn."""
    page, tab = browser.new_page(viewport=VIEWPORT), TAB.get(name, name)
    page.goto(f"{address}?{PLACES[name]}&tab={tab}&__theme={theme}")
    page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=120_000)
    page.wait_for_selector(f"[data-testid=viewer-{tab}][data-state=ready]", timeout=120_000)
    if name == "room":
        page.wait_for_selector("[data-testid=mesh][data-state=ready]", timeout=120_000)
    page.wait_for_timeout(600)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    page.close()
    sys.stdout.write(f"{name} {theme}\n")
    return picture


def sheet(pictures: dict[str, Image.Image], theme: str) -> Image.Image:
    """All tabs in three columns, with their names."""
    paper, ink = ("#fbfaf7", "#1d1c1a") if theme == "light" else ("#171816", "#efede7")
    gap, caption = 24, 34
    rows = -(-len(pictures) // 3)
    size = (3 * TILE[0] + 4 * gap, rows * (TILE[1] + caption + gap) + gap)
    whole = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(whole)
    font = ImageFont.load_default(22)
    for index, (tab, picture) in enumerate(pictures.items()):
        left = gap + (index % 3) * (TILE[0] + gap)
        top = gap + (index // 3) * (TILE[1] + caption + gap)
        pen.text((left, top), tab.capitalize() if tab != "tpp" else "TPP", fill=ink, font=font)
        whole.paste(picture.resize(TILE, Image.Resampling.LANCZOS), (left, top + caption))
    return whole


def save(picture: Image.Image, path: Path) -> None:
    """As a PNG with a palette: a third of the bytes, and hardly a difference to the eye."""
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


if __name__ == "__main__":
    main()

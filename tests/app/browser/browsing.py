"""Hands and eyes on the studio's page, for the browser tests."""

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 180_000
"""Milliseconds for what usually takes a moment: other work may keep the machine busy."""
DRAWN = """new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
    setTimeout(() => done(false), 2000);
})"""


class Visit:
    """One visitor's page, and all that goes wrong on it or goes to another host.

    Args:
        browser: Where it is opened; every visit has cookies and storage of its own.
        address: Of the studio.
        link: What the address says after its question mark. Where it says nothing of `depth`, everything is shown.
        options: Of the browser's context, such as `viewport`.
    """

    def __init__(self, browser: Browser, address: str, link: str = "", **options: object) -> None:
        self.address = address
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "accept_downloads": True} | options
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._judge(request.url))
        self.page.goto(f"{address}?{link}" if "depth" in link else f"{address}?{link}&depth=expert".replace("?&", "?"))
        self.page.wait_for_selector("[data-testid=viewer-overview]", state="attached")
        self.page.wait_for_selector("[data-testid=head][data-network=ready]")

    def _judge(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(url)

    def close(self) -> None:
        self.context.close()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, and wait until the page is drawn in it.

        Without a screen, Chromium was seen to draw no frame after a change of size until the next one: a click would
        wait for ever.
        """
        for more in (0, 1, 0, 1, 0):
            self.page.set_viewport_size({"width": width, "height": height + more})
            if self.page.evaluate(DRAWN) and not more:
                return
        raise TimeoutError(f"Chromium draws nothing in a window of {width}x{height}.")

    def part(self, name: str) -> str:
        """Text of the part with this test id."""
        return self.page.inner_text(f"[data-testid={name}]")

    def tab(self, name: str) -> None:
        """Open a tab and wait until all of it is drawn."""
        self.page.click(f"[data-testid=tab-{name}]")
        self.ready(name)

    def ready(self, name: str) -> None:
        """Wait until a view and the inspector show what is selected."""
        self.page.wait_for_selector(f"[data-testid=viewer-{name}][data-state=ready]")
        self.page.wait_for_selector("[data-testid=inspector][data-state=ready]")

    def click_map(self, view: str, x: float, y: float, map_id: str | None = None) -> None:
        """Click a map at fractions of its size, and wait until the page has followed."""
        viewer = self.page.locator(f"[data-testid=viewer-{view}]")
        frame = viewer.locator(f"[data-testid=map-{map_id}] .map" if map_id else ".map").first
        before = self.page.get_attribute("[data-testid=inspector]", "data-key")
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.page.wait_for_function(
            "key => document.querySelector('[data-testid=inspector]').dataset.key !== key", arg=before
        )
        self.ready(view)

    def choose_file(self, path: Path) -> None:
        """Through the real file chooser."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("[data-testid=drop]").click()
        chooser.value.set_files(path)

    def upload(self, path: Path) -> None:
        """Choose a file and wait until it is shown."""
        before = self.page.evaluate("bridgenetStudio.photo.key")
        self.choose_file(path)
        self.page.wait_for_function("key => bridgenetStudio.photo.key !== key", arg=before)
        self.page.wait_for_selector("[data-testid=banner]", state="hidden")

    def option(self, name: str, value: str) -> None:
        """Set a tool of the view that is open."""
        tool = self.page.locator(f'[data-tool="{name}"]:visible')
        if tool.locator("select").count():
            tool.locator("select").select_option(value)
        else:
            tool.locator(f'[data-value="{value}"]').click()

    def pictures(self, view: str) -> list[tuple[str, int, str]]:
        """Alternative text, width in pixels and source of every picture of a view."""
        images = self.page.locator(f"[data-testid=viewer-{view}] .map img.picture")
        return [
            tuple(entry) for entry in images.evaluate_all("all => all.map(one => [one.alt, one.naturalWidth, one.src])")
        ]


def photo_file(folder: Path, seed: int = 7, name: str = "kitchen.jpg", size: tuple[int, int] = (640, 480)) -> Path:
    """A file of smooth coloured noise, as a camera would send it."""
    path = folder / name
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)
    return path

"""How quick the studio's page is, in a real Chromium: `python benchmarks/page.py`. Writes `benchmarks/page.json`.

Measured: from the command to an answer, from opening to the first picture, from a click to the new rows in every view
that follows it, from opening the interaction view to its matrix, and one step of the bridge-strength slider.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.program import studio

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu"]
FOLLOWING = ("overview", "features", "tpp", "bridge", "compare")
"""Views in which places are clicked; `features` in the one view of it that follows the place."""

CLICK = """async ([x, y, view]) => {
  const viewer = document.querySelector(`[data-testid=viewer-${view}]`);
  const inspector = document.querySelector("[data-testid=inspector]");
  const before = inspector.dataset.key;
  const box = viewer.querySelector(".map").getBoundingClientRect();
  const began = performance.now();
  const at = { bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height };
  viewer.querySelector(".map").dispatchEvent(new MouseEvent("click", at));
  while (inspector.dataset.key === before || inspector.dataset.state !== "ready" || viewer.dataset.state !== "ready") {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (performance.now() - began > 20000) throw new Error(`${view} did not follow the click`);
  }
  return performance.now() - began;
}"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="How quick the studio's page is.")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "nyud-lite0")
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    wanted = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium on the PATH; on Debian: apt-get install chromium.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        began = time.perf_counter()
        with studio(wanted.checkpoint.resolve(), Path(folder)) as (address, _):
            result: dict[str, Any] = {
                "checkpoint": wanted.checkpoint.name,
                "machine": f"{os.cpu_count()} cores, {platform.machine()}",
                "unit": "ms",
                "command_to_answer": round(1000 * (time.perf_counter() - began)),
            }
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            result |= opening(page, address)
            result["click"] = {view: clicks(page, view, wanted.clicks) for view in FOLLOWING}
            result |= {"interaction_opened": interaction(page), "slider_step": slider(page)}
        browser.close()
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def opening(page: Page, address: str) -> dict[str, float]:
    """From opening to the first picture, and to the network's own answer."""
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.map img.picture')].some((one) => one.naturalWidth > 0)"
    )
    first = 1000 * (time.perf_counter() - began)
    page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=120_000)
    return {"opened_to_first_picture": round(first), "opened_to_network": round(1000 * (time.perf_counter() - began))}


def clicks(page: Page, view: str, count: int) -> dict[str, float]:
    """From a click to the new rows, once the view is warm."""
    page.click(f"[data-testid=tab-{view}]")
    page.wait_for_selector(f"[data-testid=viewer-{view}][data-state=ready]", timeout=60_000)
    if view == "features":
        page.evaluate("bridgenetStudio.option('features.view', 'similarity')")
        page.wait_for_timeout(1500)
    places = np.random.default_rng(0).uniform(0.05, 0.95, (count + 2, 2))
    took = [page.evaluate(CLICK, [float(x), float(y), view]) for x, y in places][2:]
    return {"median": round(float(np.median(took)), 1), "slowest": round(max(took), 1)}


def interaction(page: Page) -> float:
    """From opening the view to its whole matrix, for a photo that nothing was computed for."""
    page.click("[data-testid=tab-overview]")
    page.click("[data-testid=example-coffee]")
    page.wait_for_function("bridgenetStudio.photo.title.includes('cup')", timeout=60_000)
    page.wait_for_selector("[data-testid=viewer-overview][data-state=ready]")
    page.wait_for_timeout(500)
    began = time.perf_counter()
    page.click("[data-testid=tab-interaction]")
    page.wait_for_selector("[data-testid=viewer-interaction][data-state=ready]", timeout=60_000)
    return round(1000 * (time.perf_counter() - began))


def slider(page: Page) -> dict[str, float]:
    """One step of the bridge strength to the new predictions, and the same once it was seen."""
    page.click("[data-testid=tab-refinement]")
    page.wait_for_selector("[data-testid=viewer-refinement][data-state=ready]", timeout=60_000)
    took = []
    for strength in (0.8, 0.85, 0.9, 0.85):
        key = page.get_attribute("[data-testid=viewer-refinement]", "data-key")
        began = time.perf_counter()
        page.evaluate(f"bridgenetStudio.option('refinement.alpha', {strength})")
        page.wait_for_function(
            "key => (viewer => viewer.dataset.key !== key && viewer.dataset.state === 'ready')"
            "(document.querySelector('[data-testid=viewer-refinement]'))", arg=key, polling=5,
        )  # fmt: skip
        took.append(1000 * (time.perf_counter() - began))
    return {"new": round(float(np.median(took[:3])), 1), "seen": round(took[3], 1)}


if __name__ == "__main__":
    main()

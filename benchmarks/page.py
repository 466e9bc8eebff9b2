"""How quick the studio's page is, in a real Chromium: `python benchmarks/page.py`. Writes `benchmarks/page.json`.

Measured: from the command to an answer, from opening to the first picture, what the page loads by then, from a click to
the new rows in every view, from opening the slowest views to all that they show (after some seconds in which nobody
asked anything, which the studio uses, and at once), and one step of the bridge-strength slider. Whatever the pages
write to the browser's console as an error is counted.

    python benchmarks/page.py --beside ../before

measures the studio of another checkout with it, in turns, so that both meet the same machine: `ratio` is this one's
time over the other's (geometric mean, with its 95 % interval). Below 1 it is quicker.
"""

import argparse
import io
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from scipy import stats

from app.program import studio

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu"]
VIEWS = ("overview", "features", "tpp", "bridge", "compare", "refinement", "interaction", "attribution")
"""Views in which places are clicked; `features` in the one view of it that follows the place."""

SLOW = ("refinement", "interaction")
"""Views that take longest to open."""

IDLE = 12_000
"""Milliseconds in which nobody asks anything."""

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


LOADED = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.endsWith(".js") && name.includes("/browser/"))
  .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)"""
"""Bytes of the studio's own scripts that the page has loaded."""

Studio = TypeVar("Studio")

Times = list[list[float]]
"""Milliseconds: for each studio those of its turns."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="How quick the studio's page is.")
    parser.add_argument("--checkpoint", default="nyud-lite0", help="name of a folder in checkpoints/")
    parser.add_argument("--clicks", type=int, default=40, help="in every view")
    parser.add_argument("--openings", type=int, default=3, help="of the page")
    parser.add_argument("--beside", type=Path, help="another checkout, measured in turns with this one")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    wanted = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium on the PATH; on Debian: apt-get install chromium.")
    checkouts = [ROOT, *([wanted.beside.resolve()] if wanted.beside else [])]
    result: dict[str, Any] = {
        "checkpoint": wanted.checkpoint,
        "machine": f"{os.cpu_count()} cores, {processor()}",
        "unit": "ms",
    }
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, ExitStack() as stack:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        stack.callback(browser.close)
        addresses: list[str] = []
        pages: list[Page] = []
        times: dict[str, Times] = {"command_to_answer": [], "opened_to_network": []}
        wrong: list[list[str]] = [[] for _ in checkouts]
        for index, checkout in enumerate(checkouts):
            began = time.perf_counter()
            program = studio(
                checkout / "checkpoints" / wanted.checkpoint, Path(folder) / str(index),
                main=checkout / "app" / "main.py", variables={"PYTHONPATH": str(checkout)},
            )  # fmt: skip
            addresses.append(stack.enter_context(program)[0])
            times["command_to_answer"].append([1000 * (time.perf_counter() - began)])
            pages.append(browser.new_page(viewport={"width": 1400, "height": 900}))
            pages[-1].on("console", lambda message, to=wrong[index]: complained(message, to))
            times["opened_to_network"].append([first_answer(pages[-1], addresses[-1])])
        loaded = [page.evaluate(LOADED) for page in pages]
        times["opened_to_first_picture"] = in_turns(addresses, wanted.openings, opening(browser))
        times |= measured(pages, wanted.clicks, wanted.openings)
    result |= {"scripts_bytes": loaded[0], "console_errors": len(wrong[0])}
    result |= {name: summary(each[0]) for name, each in times.items()}
    if wanted.beside:
        result["beside"] = {"scripts_bytes": loaded[1], "console_errors": len(wrong[1])}
        result["beside"] |= {name: summary(each[1]) for name, each in times.items()}
        result["ratio"] = {name: ratio(each[0], each[1]) for name, each in times.items() if len(each[0]) > 2}
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def complained(message: ConsoleMessage, to: list[str]) -> None:
    """Keep an error."""
    if message.type == "error":
        to.append(message.text)


def measured(pages: list[Page], count: int, openings: int) -> dict[str, Times]:
    """All that is measured on pages which are open."""
    times: dict[str, Times] = {}
    for view in SLOW:
        for pause, words in ((IDLE, "after_a_pause"), (0, "at_once")):
            times[f"{view}_opened_{words}"] = in_turns(pages, openings, first_visit(view, pause))
    for view in VIEWS:
        for page in pages:
            warm(page, view)
        times[f"click_{view}"] = [each[2:] for each in in_turns(pages, count + 2, clicking(view, count + 2))]
    for page in pages:
        warm(page, "refinement")
    times["slider_step_new"] = in_turns(pages, 5, lambda page, turn: slider(page, round(0.95 - 0.05 * turn, 2)))
    times["slider_step_seen"] = in_turns(pages, 3, lambda page, turn: slider(page, round(0.95 - 0.05 * turn, 2)))
    return times


def in_turns(studios: list[Studio], turns: int, measure: Callable[[Studio, int], float]) -> Times:
    """One after the other, in changing order, so that none is always the one that is served first."""
    took: Times = [[] for _ in studios]
    for turn in range(turns):
        for index in sorted(range(len(studios)), reverse=turn % 2 == 1):
            took[index].append(measure(studios[index], turn))
    return took


def first_answer(page: Page, address: str) -> float:
    """From opening the page of a studio that has just begun to the network's own answer."""
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=120_000)
    return 1000 * (time.perf_counter() - began)


def opening(browser: Browser) -> Callable[[str, int], float]:
    """From opening to the first picture, in a browser that has nothing of it yet."""

    def measure(address: str, turn: int) -> float:
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.map img.picture')].some((one) => one.naturalWidth > 0)"
        )
        took = 1000 * (time.perf_counter() - began)
        context.close()
        return took

    return measure


def clicking(view: str, count: int) -> Callable[[Page, int], float]:
    """From a click to the new rows: in every turn another place, the same for all."""
    places = np.random.default_rng(0).uniform(0.05, 0.95, (count, 2))

    def measure(page: Page, turn: int) -> float:
        page.bring_to_front()
        return page.evaluate(CLICK, [float(places[turn, 0]), float(places[turn, 1]), view])

    return measure


def warm(page: Page, view: str) -> None:
    """The view, drawn once."""
    page.bring_to_front()
    page.set_default_timeout(60_000)
    page.click(f"[data-testid=tab-{view}]")
    page.wait_for_selector(f"[data-testid=viewer-{view}][data-state=ready]", timeout=60_000)
    if view == "features":
        page.evaluate("bridgenetStudio.option('features.view', 'similarity')")
        page.wait_for_timeout(1500)


def first_visit(view: str, pause: int) -> Callable[[Page, int], float]:
    """From opening a view to all of it, for a photo that nothing was computed for but what the studio did meanwhile."""

    def measure(page: Page, turn: int) -> float:
        page.bring_to_front()
        page.click("[data-testid=tab-overview]")
        noise = np.random.default_rng([turn, pause, SLOW.index(view)]).integers(0, 256, (9, 12, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC).save(buffer, "PNG")
        before = page.evaluate("bridgenetStudio.photo.key")
        photo = {"name": f"{turn}.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
        page.locator("[data-testid=file-upload]").set_input_files([photo])
        page.wait_for_function("key => bridgenetStudio.photo.key !== key", arg=before, timeout=60_000)
        page.wait_for_selector("[data-testid=viewer-overview][data-state=ready]")
        page.wait_for_timeout(500 + pause)
        began = time.perf_counter()
        page.click(f"[data-testid=tab-{view}]")
        page.wait_for_selector(f"[data-testid=viewer-{view}][data-state=ready]", timeout=60_000)
        return 1000 * (time.perf_counter() - began)

    return measure


def slider(page: Page, strength: float) -> float:
    """One step of the bridge strength to the new predictions."""
    page.bring_to_front()
    key = page.get_attribute("[data-testid=viewer-refinement]", "data-key")
    began = time.perf_counter()
    page.evaluate(f"bridgenetStudio.option('refinement.alpha', {strength})")
    page.wait_for_function(
        "key => (viewer => viewer.dataset.key !== key && viewer.dataset.state === 'ready')"
        "(document.querySelector('[data-testid=viewer-refinement]'))", arg=key, polling=5,
    )  # fmt: skip
    return 1000 * (time.perf_counter() - began)


def summary(took: list[float]) -> dict[str, float]:
    """Median, the time that one in twenty exceeds, and the slowest."""
    middle, late = np.quantile(took, [0.5, 0.95])
    return {
        "median": round(float(middle), 1),
        "p95": round(float(late), 1),
        "slowest": round(max(took), 1),
        "n": len(took),
    }


def ratio(here: list[float], beside: list[float]) -> dict[str, float]:
    """How many times as long, with the 95 % interval of the mean over the turns."""
    logs = np.log(here) - np.log(beside)
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    low, middle, high = np.exp([logs.mean() - half, logs.mean(), logs.mean() + half])
    return {"ratio": round(float(middle), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


if __name__ == "__main__":
    main()

"""Whether forty visitors at once get their own answers: `python benchmarks/crowd.py`. Writes `benchmarks/crowd.json`.

First one program asks a studio about every photo, one after the other: what it hears is right. Then, in a fresh studio
that keeps fewer analyses than there are visitors, as many programs as photos ask the same at once (each sends its own
photo and picks places), and as many pages of one Chromium drop their own photos, and pick places in their views.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from app.program import studio

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu"]
PATIENCE = 600
"""Seconds that a program or a page waits for an answer."""

VIEWS = ("overview", "tpp", "bridge")
"""Views in which a page picks places, one after the other."""

Picks = list[tuple[str, dict[str, Any]]]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Whether forty visitors at once get their own answers.")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "nyud-lite0")
    parser.add_argument("--programs", type=int, default=40)
    parser.add_argument("--pages", type=int, default=25)
    parser.add_argument("--picks", type=int, default=6, help="places that each of them asks about")
    parser.add_argument("--keep", type=int, help="analyses that the studio keeps (default: its own)")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    wanted = parser.parse_args()
    keep = ["--keep", str(wanted.keep)] if wanted.keep else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [photo(folder, seed, tuple(wanted.size)) for seed in range(max(wanted.programs, wanted.pages))]
        crowd = Crowd(wanted.checkpoint.resolve(), folder, files, wanted.picks, keep)
        result: dict[str, Any] = {
            "checkpoint": wanted.checkpoint.name,
            "kept": wanted.keep or "default",
            "photo": list(wanted.size),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "unit": "s",
        }
        result |= {"programs": crowd.programs(wanted.programs)} if wanted.programs else {}
        result |= {"pages": crowd.pages(wanted.pages)} if wanted.pages else {}
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def photo(folder: Path, seed: int, size: tuple[int, int]) -> Path:
    """A file of smooth coloured noise that differs from every other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    path = folder / f"photo-{seed}.jpg"
    Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC).save(path, quality=92)
    return path


def places(seed: int, count: int) -> list[tuple[float, float]]:
    """Where a visitor picks: fractions of width and height."""
    return [(float(x), float(y)) for x, y in np.random.default_rng(seed).uniform(0.02, 0.98, (count, 2))]


class Crowd:
    """Visitors of two studios: one who has his alone, and many who share the other.

    Args:
        checkpoint: Folder of the checkpoint.
        folder: Where the studios run.
        files: A photo for each visitor.
        picks: Places that each of them asks about.
        options: Of the shared studio's command line.
    """

    def __init__(self, checkpoint: Path, folder: Path, files: list[Path], picks: int, options: list[str]) -> None:
        self.checkpoint = checkpoint
        self.folder = folder
        self.files = files
        self.picks = picks
        self.options = options

    def programs(self, count: int) -> dict[str, Any]:
        """As many programs at once as photos: how many of their answers are those of the lonely visitor."""
        with self._studio() as address:
            alone = [self._ask(address, seed) for seed in range(count)]
        with self._studio(*self.options) as address, ThreadPoolExecutor(count) as visitors:
            began = time.perf_counter()
            told = list(visitors.map(lambda seed: self._ask(address, seed), range(count)))
            seconds = time.perf_counter() - began
        return judged(alone, told) | {"seconds": round(seconds, 1)}

    def pages(self, count: int) -> dict[str, Any]:
        """As many pages of one browser, in one window."""
        with browser() as context, self._studio() as address:
            page = opened(context, address)
            alone = [answer for seed in range(count) for answer in self._visit([page], [seed])]
        with browser() as context, self._studio(*self.options) as address:
            began = time.perf_counter()
            pages = [opened(context, address) for _ in range(count)]
            loaded = time.perf_counter()
            told = self._visit(pages, range(count))
            seconds = time.perf_counter() - loaded
        return judged(alone, told) | {"opened": round(loaded - began, 1), "seconds": round(seconds, 1)}

    @contextmanager
    def _studio(self, *options: str) -> Iterator[str]:
        with studio(self.checkpoint, Path(tempfile.mkdtemp(dir=self.folder)), *options) as (address, _):
            yield address

    def _ask(self, address: str, seed: int) -> list[Any]:
        """What a program hears about its photo: its arrays, summed up, and the answer to each pick."""
        fetched = self.folder / f"fetched-{seed}"
        client = Client(address, verbose=False, download_files=str(fetched), httpx_kwargs={"timeout": PATIENCE})
        summary, arrays = client.predict(handle_file(self.files[seed]), api_name="/predict")
        with np.load(arrays) as found:
            heard: list[Any] = [{name: float(values.astype(float).sum()) for name, values in found.items()}]
        Path(arrays).unlink()
        questions: list[dict[str, Any]] = [
            {"api_name": "/bridge_share"},
            {"api_name": "/attention", "kind": "tpp", "task": "depth"},
            {"api_name": "/attention", "kind": "bridge", "task": "semseg"},
        ]
        for index, (x, y) in enumerate(places(seed, self.picks)):
            question = questions[index % len(questions)]
            heard.append(client.submit(id=summary["id"], x=x, y=y, **question).result(timeout=PATIENCE))
        return heard

    def _visit(self, pages: list[Page], seeds: Any) -> list[list[Any]]:
        """What pages show: each drops its photo, then picks places, each step on all pages before the next."""
        seeds, heard = list(seeds), [[] for _ in pages]
        for page, seed in zip(pages, seeds, strict=True):
            page.set_input_files("[data-testid=file-upload]", self.files[seed])
        for page, seed in zip(pages, seeds, strict=True):
            page.wait_for_function(
                "name => bridgenetStudio.photo.title === name", arg=self.files[seed].name, timeout=1000 * PATIENCE
            )
        for index in range(self.picks):
            view = VIEWS[index % len(VIEWS)]
            for page, seed in zip(pages, seeds, strict=True):
                x, y = places(seed, self.picks)[index]
                page.evaluate(
                    "([view, x, y]) => { bridgenetStudio.show(view); bridgenetStudio.pick({ x, y }); }", [view, x, y]
                )
            for number, page in enumerate(pages):
                page.wait_for_selector(f"[data-testid=viewer-{view}][data-state=ready]", timeout=1000 * PATIENCE)
                page.wait_for_selector("[data-testid=inspector][data-state=ready]", timeout=1000 * PATIENCE)
                heard[number].append(page.evaluate(SHOWN, view))
        return heard


SHOWN = """view => [
  document.querySelector("[data-testid=inspector]").innerText,
  document.querySelector(`[data-testid=viewer-${view}]`).dataset.key,
  document.querySelector(`[data-testid=viewer-${view}] .say`).textContent,
  [...document.querySelectorAll(`[data-testid=viewer-${view}] img.picture`)].map((one) => one.src),
]"""
"""What a visitor sees of a place: the inspector, and the view with its sentence and pictures."""


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """One window of a real Chromium: its pages share what a browser has, such as six connections to a server."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium on the PATH; on Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield program.new_context(viewport={"width": 1280, "height": 900})
        program.close()


def opened(context: BrowserContext, address: str) -> Page:
    """A page on which the network answers."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=1000 * PATIENCE)
    return page


def judged(right: list[list[Any]], told: list[list[Any]]) -> dict[str, int]:
    """How many of the answers to picks are right, and how many of the photos."""
    pairs = [(one[index], other[index]) for one, other in zip(right, told, strict=True) for index in range(len(one))]
    return {"visitors": len(told), "answers": len(pairs), "right": sum(same(one, other) for one, other in pairs)}


def same(one: Any, other: Any) -> bool:
    """Whether two answers are equal, numbers but for the last digits of a float."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(np.isclose(one, other, rtol=1e-5, atol=1e-7)) if isinstance(one, float) else one == other


if __name__ == "__main__":
    main()

"""How the studio bears its visitors: memory over many photos, thirty in the queue at once, time of a click.

`python benchmarks/studio.py --checkpoint checkpoints/nyud-lite0` starts the studio, asks it through `gradio_client`
as visitors' programs do, and writes `benchmarks/studio.json`.
"""

import argparse
import json
import os
import platform
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from app.program import studio

ROOT = Path(__file__).resolve().parents[1]
SETTLED = 20
"""Photos after which caches and allocators are full."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="How the studio bears its visitors.")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "nyud-lite0")
    parser.add_argument("--photos", type=int, default=200, help="analyses in a row")
    parser.add_argument("--visitors", type=int, default=30, help="in the queue at once")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        studio(wanted.checkpoint, Path(folder) / "studio") as (address, process),
    ):
        photos = MadePhotos(Path(folder), (wanted.size[0], wanted.size[1]))
        client = Client(address, verbose=False, download_files=folder, httpx_kwargs={"timeout": 600})
        result = {
            "checkpoint": wanted.checkpoint.name,
            "photo": list(wanted.size),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "memory": memory_over(client, photos, wanted.photos, process.pid),
            "queue": visitors_at_once(client, photos, wanted.visitors),
            "click": click(client, photos),
        }
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


class MadePhotos:
    """Photos that differ from each other, each used once.

    Args:
        folder: Where they are written.
        size: Height and width in pixels.
    """

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.folder = folder
        self.size = size
        self.made = 0

    def __call__(self) -> Path:
        self.made += 1
        coarse = np.random.default_rng(self.made).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        path = self.folder / f"{self.made}.jpg"
        height, width = self.size
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path, quality=92)
        return path


def memory_over(client: Client, photos: MadePhotos, count: int, process: int) -> dict[str, Any]:
    """Resident memory after photos in a row, in MB."""
    after: dict[int, float] = {}
    for number in range(1, count + 1):
        _, arrays = client.predict(handle_file(photos()), api_name="/predict")
        Path(arrays).unlink()
        if number % SETTLED == 0:
            after[number] = resident_megabytes(process)
    settled = after[SETTLED]
    return {"after": after, "growth_since_20": round(max(after.values()) - settled, 1), "unit": "MB"}


def visitors_at_once(client: Client, photos: MadePhotos, count: int) -> dict[str, Any]:
    """Photos that are sent at once, and how long the first and the last answer took."""
    files = [photos() for _ in range(count)]
    began = time.perf_counter()
    jobs = [client.submit(handle_file(file), api_name="/predict") for file in files]
    answers = [job.result(timeout=600)[0]["id"] for job in jobs]
    return {"sent": count, "different_answers": len(set(answers)), "seconds": round(time.perf_counter() - began, 2)}


def click(client: Client, photos: MadePhotos, count: int = 30) -> dict[str, Any]:
    """Time from a question about another pixel to the row that answers it, through the queue of programs."""
    key = client.predict(handle_file(photos()), api_name="/predict")[0]["id"]
    took = []
    for index in range(count):
        began = time.perf_counter()
        client.predict(id=key, x=(index + 0.5) / count, y=0.5, api_name="/bridge_share")
        took.append(1000 * (time.perf_counter() - began))
    return {"median": round(float(np.median(took)), 1), "slowest": round(max(took), 1), "unit": "ms"}


def resident_megabytes(process: int) -> float:
    """Memory that a process holds."""
    pages = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", pages)
    assert found is not None
    return round(int(found[1]) / 1000, 1)


if __name__ == "__main__":
    main()

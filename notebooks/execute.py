"""Executes notebooks afresh and saves them with small outputs: `python notebooks/execute.py [NOTEBOOK ...]`."""

import base64
import sys
import time
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from PIL import Image
from scipy import ndimage

HERE = Path(__file__).parent

MAX_BYTES = 520_000
"""A notebook larger than this reads badly on a web page."""

STEPS = (1, 4, 6, 8, 12)
"""Colours are rounded to the first of these steps (of 255) that makes the notebook small enough. Every colour stays
where it is within half a step; a palette of 256 colours would not keep them. Areas of one colour stay as they are: they
take no room, half a step would make another hue of a pale one, and legends stay true."""

AREA = 7
"""Pixels a side from which on a square of one colour is an area."""

SMALL = 70_000
"""A picture with fewer letters (base64) stays as it is: charts do."""

LEFT_OUT = ("application/vnd.jupyter.widget", "application/vnd.plotly", "image/jpeg")
"""Outputs that are not saved: views that need a running notebook. The PNG beside each of them shows the same."""


def execute(path: Path, timeout: int = 300) -> nbformat.NotebookNode:
    """The notebook with fresh outputs and without the state of its widgets.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    options = {"kernel_name": "python3", "record_timing": False, "coalesce_streams": True, "resources": resources}
    NotebookClient(notebook, timeout=timeout, **options).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for output in _outputs(notebook):
        for kind in [kind for kind in output.get("data", {}) if kind.startswith(LEFT_OUT)]:
            output.data.pop(kind)
    return notebook


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Writes a notebook, its pictures packed as tightly as its size demands."""
    pictures = [output for output in _outputs(notebook) if "image/png" in output.get("data", {})]
    originals = [output.data["image/png"] for output in pictures]
    for step in STEPS:
        for output, original in zip(pictures, originals, strict=True):
            output.data["image/png"] = _packed(original, step)
        text = nbformat.writes(notebook)
        if len(text.encode()) < MAX_BYTES:
            break
    path.write_text(text + "\n", encoding="utf-8")


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def _packed(png: str, step: int) -> str:
    pixels = np.asarray(Image.open(BytesIO(base64.b64decode(png))).convert("RGB")).astype(int)
    exact = _encoded(pixels)
    return exact if len(exact) < SMALL else _encoded(rounded(pixels, step))


def rounded(pixels: np.ndarray, step: int) -> np.ndarray:
    """Levels (0..255) of (height, width, 3) in steps, but for areas of one colour."""
    around = (AREA, AREA, 1)
    middles = (ndimage.maximum_filter(pixels, around) == ndimage.minimum_filter(pixels, around)).all(axis=-1)
    of_one_colour = ndimage.binary_dilation(middles, np.ones(around[:2]))
    coarse = np.minimum((pixels + step // 2) // step * step, 255)
    return np.where(of_one_colour[..., None], pixels, coarse)


def _encoded(pixels: np.ndarray) -> str:
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


if __name__ == "__main__":
    for notebook_path in [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb")):
        print(f"{notebook_path.name} ...", end=" ", flush=True)  # noqa: T201
        began = time.perf_counter()
        save(execute(notebook_path), notebook_path)
        seconds = time.perf_counter() - began
        print(f"{seconds:.0f} s, {notebook_path.stat().st_size / 1e3:.0f} kB")  # noqa: T201

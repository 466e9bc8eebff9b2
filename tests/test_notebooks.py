from __future__ import annotations

import base64
import re
import runpy
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:  # It takes three seconds, which every worker would spend while it collects these tests.
    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

MAX_BYTES = 1_000_000
MAX_LINES = 12
SECONDS_PER_CELL = 240

SHOWS = re.compile(r"^(show|explore)\(|^ *display\(Image", re.MULTILINE)
"""A cell with such a line shows a figure."""

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

OTHER = {"nyud-lite0": "rooms-tiny", "rooms-tiny": "nyud-lite0", "rooms-pad-net": "rooms-mti-net"}
"""Another bundled checkpoint."""

NOT_FOLLOWED = ("05", "08")
"""Notebooks that are not executed with the other checkpoint, too: 05 takes a minute then, and 08 trains its own."""

TAKE_ALL, WITHOUT_MEETINGS = ("01", "08"), "rooms-mtl"
"""Notebooks that look at nothing that a network may lack, and a network that the others cannot use."""

FEWER = {
    "02": {"list(EXAMPLES)[:3]": "list(EXAMPLES)[:1]"},
    "06": {", 4, 12))": ", 2, 2))", 'for way in ("zero", "mean")': 'for way in ("zero",)'},
    "07": {"five_maps(predictor.model, 16)": "five_maps(predictor.model, 4)", "steps=5, seed": "steps=2, seed"},
    "09": {"count = 8": "count = 2", "images[:6]": "images[:2]"},
}
"""What is computed for fewer rooms, networks, points, steps or ways when the other checkpoint is asked."""

FRESH = "get_ipython().reset()"
"""Empties a kernel: no name of the notebook before is left. Only what Python has imported stays."""

ALONE = """
import socket as _socket
_asked, _connect = [], _socket.socket.connect
def _connect_here(self, address, _asked=_asked, _connect=_connect):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        _asked.append(address)
        raise OSError("There is no network in this test.")
    return _connect(self, address)
_socket.socket.connect = _connect_here
"""
"""Executed before a notebook: remembers whoever is asked on another machine, and refuses."""

WRONG = """
def _wrong(answer):
    if isinstance(answer, str):
        return answer + "?"
    if isinstance(answer, (tuple, list)):
        return type(answer)(_wrong(part) for part in answer)
    return answer + 0.1
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """A notebook as it was saved, and its cells executed afresh.

    Attributes:
        saved: From the file.
        fresh: With the outputs of the new run.
        right: What the check of each exercise says to its solution.
        wrong: What it says to a wrong answer.
        unfit: What is left of the notebook with a network whose tasks meet nowhere; None for those of `TAKE_ALL`.
        changed: The summary, once another checkpoint was chosen and everything to there was run again, as a reader
            does it: in the same kernel. None for those of `NOT_FOLLOWED`.
    """

    saved: NotebookNode
    fresh: NotebookNode
    right: list[str]
    wrong: list[str]
    unfit: str | None
    changed: str | None


class Kernel:
    """The one kernel of all notebooks, executed one after another. It refuses to ask other machines."""

    def __init__(self) -> None:
        from nbclient import NotebookClient
        from nbformat.v4 import new_notebook

        resources, empty = {"metadata": {"path": str(FOLDER)}}, new_notebook()
        self.client = NotebookClient(empty, timeout=SECONDS_PER_CELL, kernel_name="python3", resources=resources)

    def open(self, notebook: NotebookNode) -> None:
        """Empty the kernel for another notebook."""
        self.client.nb = self.notebook = notebook
        self.execute(FRESH)

    def run(self, last: str = "") -> None:
        """Execute every cell, to the one with the tag `last` or to the end."""
        self.execute(ALONE)
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "code":
                cell.outputs = []
                self.client.execute_cell(cell, index)
            if last in tags(cell):
                break
        self.execute("assert not _asked, _asked")

    def execute(self, source: str) -> str:
        """What a cell says that is no part of the notebook.

        Raises:
            CellExecutionError: It failed.
        """
        from nbformat.v4 import new_code_cell

        extra = new_code_cell(source)
        self.notebook.cells.append(extra)
        try:
            self.client.execute_cell(extra, len(self.notebook.cells) - 1)
        finally:
            self.notebook.cells.pop()
        return words(extra)

    def end(self, source: str) -> str:
        """What a cell that fails leaves on the page."""
        from nbclient.exceptions import CellExecutionError
        from nbformat.v4 import new_code_cell

        cell = new_code_cell(source)
        self.notebook.cells.append(cell)
        with pytest.raises(CellExecutionError):
            self.client.execute_cell(cell, len(self.notebook.cells) - 1)
        self.notebook.cells.pop()
        return "\n".join(line for output in cell.outputs for line in output.get("traceback", ()))


def run_afresh(kernel: Kernel, path: Path) -> Run:
    """All cells, then both exercises with a right and a wrong answer, then the cells for another checkpoint."""
    saved, fresh = (read(path) for _ in range(2))
    text = "\n".join(cell.source for cell in saved.cells if cell.cell_type == "markdown")
    solutions = re.findall(r"<summary>Solution</summary>\s*```python\n(.*?)```", text, re.DOTALL)
    checks = [tagged(saved, f"check-{number}").source for number in (1, 2)]
    right, wrong = [], []
    kernel.open(fresh)
    kernel.run()
    kernel.execute(WRONG)
    for solution, check in zip(solutions, checks, strict=True):
        kernel.execute(solution)
        right.append(kernel.execute(check))
        answer = solution.strip().splitlines()[-1].partition(" = ")[0]
        wrong.append(kernel.execute(f"{answer} = _wrong({answer})\n{check}"))
    done, cell = deepcopy(fresh), tagged(fresh, "checkpoint")
    there, unfit = next((name for name in OTHER if name in cell.source), ""), None
    if path.stem[:2] not in TAKE_ALL:
        (opening,) = [one.source for one in code(fresh) if re.search(r"^needs\(", one.source, re.MULTILINE)]
        unfit = kernel.end(f"{cell.source.replace(there, WITHOUT_MEETINGS)}\n{opening}")
    if path.stem[:2] in NOT_FOLLOWED:
        return Run(saved, done, right, wrong, unfit, None)
    cell.source = cell.source.replace(there, OTHER[there])
    for many, few in FEWER.get(path.stem[:2], {}).items():
        (cell,) = [cell for cell in code(fresh) if many in cell.source]
        cell.source = cell.source.replace(many, few)
    kernel.run(last="saw")
    return Run(saved, done, right, wrong, unfit, words(tagged(fresh, "saw")))


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """With a single thread."""
    kernel = Kernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with kernel.client.setup_kernel():
            yield kernel


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem[:2])
def run(request: pytest.FixtureRequest, kernel: Kernel) -> Run:
    return run_afresh(kernel, request.param)


def read(path: Path) -> NotebookNode:
    import nbformat

    return nbformat.read(path, as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def tagged(notebook: NotebookNode, tag: str) -> NotebookNode:
    (cell,) = [cell for cell in notebook.cells if tag in tags(cell)]
    return cell


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures(cell: NotebookNode) -> list[np.ndarray]:
    found = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
    return [np.asarray(Image.open(BytesIO(base64.b64decode(png))).convert("RGB")).astype(int) for png in found]


def words(cell: NotebookNode) -> str:
    """What a cell says: what it prints, in however many pieces it arrived, and its Markdown; no progress bars."""
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    shown = [output.data["text/markdown"] for output in cell.outputs if "text/markdown" in output.get("data", {})]
    return "\n".join([printed, *shown])


def close_to(first: str, second: str) -> bool:
    """Whether two numbers are equal but for 2 % or one and a half of the last digit."""
    digit = 10.0 ** -len(first.partition(".")[2])
    return abs(float(first) - float(second)) <= max(1.5 * digit, 0.02 * abs(float(first)))


def test_every_figure_is_there_now_and_in_the_saved_file(run: Run) -> None:
    figures = 0
    for fresh, saved in zip(code(run.fresh), code(run.saved), strict=True):
        if SHOWS.search(fresh.source):
            figures += 1
            assert pictures(fresh), fresh.source
            assert pictures(saved), f"Save it afresh with `make notebooks`: {saved.source}"
    assert figures >= 3


def test_outputs_are_those_saved_but_for_what_is_declared_random(run: Run) -> None:
    for fresh, saved in zip(code(run.fresh), code(run.saved), strict=True):
        if "random" in tags(fresh):
            continue
        assert NUMBER.sub("#", words(fresh)) == NUMBER.sub("#", words(saved)), fresh.source
        numbers = zip(NUMBER.findall(words(saved)), NUMBER.findall(words(fresh)), strict=True)
        assert [pair for pair in numbers if not close_to(*pair)] == [], fresh.source
        for now, then in zip(pictures(fresh), pictures(saved), strict=True):
            assert now.shape == then.shape, fresh.source
            assert (np.abs(now - then).max(axis=-1) > 24).mean() < 0.02, fresh.source


def test_every_exercise_accepts_its_solution_and_refuses_a_wrong_answer(run: Run) -> None:
    assert ["Right" in said for said in run.right] == [True, True]
    assert [said.startswith("Not yet. ") for said in run.wrong] == [True, True], run.wrong


def test_a_network_that_lacks_what_is_looked_at_is_refused_in_a_sentence(run: Run) -> None:
    if run.unfit is not None:
        sentence = run.unfit.replace("\n", " ")
        assert sentence.startswith("This notebook looks at ") and sentence.endswith("09 is about pairs.")
        assert f"`{WITHOUT_MEETINGS}`" in sentence and "its tasks meet nowhere" in sentence


def test_the_summary_follows_the_network(run: Run) -> None:
    assert run.changed != words(tagged(run.saved, "saw"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_the_saved_file_is_small_readable_and_self_contained(path: Path) -> None:
    assert path.stat().st_size < MAX_BYTES
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        for output in cell.outputs:
            assert output.output_type != "error", output
            elsewhere = str(output).replace("http://127.0.0.1:7860/", "")
            assert "http" not in elsewhere, output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_a_notebook_asks_first_and_sums_up_last(path: Path) -> None:
    notebook = read(path)
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert "?**" in text[0], "the question comes first"
    assert "Before you run" in text[1]
    assert any("What we saw" in source for source in text)
    order = ["guess", "checkpoint", "interactive", "studio", "saw", "exercise-1", "check-1", "exercise-2", "check-2"]
    there = [tag for cell in notebook.cells for tag in tags(cell) if tag != "random"]
    assert sorted(there) == sorted(order)
    assert there[0] == "guess" and there[-5:] == order[-5:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_a_sentence_stands_between_two_cells_of_code(path: Path) -> None:
    cells = read(path).cells
    for first, second in pairwise(cells):
        both_code = first.cell_type == second.cell_type == "code"
        assert not both_code or tags(second)[:1] in (["check-1"], ["check-2"]), second.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_a_summary_calls_tasks_by_their_titles(path: Path) -> None:
    (summary,) = [cell for cell in code(read(path)) if "saw" in tags(cell)]
    assert summary.outputs and not re.search(r"\b(semseg|human_parts)\b", str(summary.outputs))


@pytest.mark.parametrize("step", [4, 6, 8, 12])
def test_saved_colours_are_near_the_drawn_ones_and_areas_of_one_colour_keep_it(step: int) -> None:
    rounded = runpy.run_path(str(FOLDER / "execute.py"))["rounded"]
    drawn = np.random.default_rng(0).integers(256, size=(40, 60, 3))
    drawn[10:30, 20:50] = (251, 243, 238)
    saved = rounded(drawn, step)
    assert np.abs(saved - drawn).max() <= step // 2 and (saved[10:30, 20:50] == (251, 243, 238)).all()
    assert len(np.unique(saved[:9])) <= 2 + 256 // step


def test_there_are_nine_and_the_guide_names_each() -> None:
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"0{number}" for number in range(1, 10)]
    assert [path.name for path in NOTEBOOKS if path.name not in guide] == []

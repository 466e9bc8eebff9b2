import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

MAX_BYTES = 1_000_000
MAX_LINES = 12
SECONDS_PER_CELL = 240

pytestmark = pytest.mark.slow


@dataclass
class Run:
    """A notebook whose cells were executed afresh, and the kernel they left behind."""

    saved: nbformat.NotebookNode
    fresh: nbformat.NotebookNode
    client: NotebookClient

    def tagged(self, tag: str) -> list[int]:
        return [i for i, cell in enumerate(self.fresh.cells) if tag in cell.metadata.get("tags", [])]

    def execute(self, source: str) -> None:
        """One more cell at the end.

        Raises:
            CellExecutionError: It failed.
        """
        self.fresh.cells.append(nbformat.v4.new_code_cell(source))
        self.client.execute_cell(self.fresh.cells[-1], len(self.fresh.cells) - 1)


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem[:2])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    path = request.param
    fresh = nbformat.read(path, as_version=4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        fresh,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    with client.setup_kernel():
        for index, cell in enumerate(fresh.cells):
            client.execute_cell(cell, index)
        yield Run(nbformat.read(path, as_version=4), fresh, client)


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _has_picture(cell: nbformat.NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_every_cell_that_shows_a_figure_gives_one_now_and_in_the_saved_file(run: Run) -> None:
    figures = 0
    for fresh, saved in zip(_code(run.fresh), _code(run.saved), strict=True):
        shows = "display(Image" in fresh.source and not fresh.source.startswith("def ")
        if shows or fresh.source.startswith("read("):
            figures += 1
            assert _has_picture(fresh), fresh.source
            assert _has_picture(saved), f"Save it afresh with `make notebooks`: {saved.source}"
    assert figures >= 1


def test_every_exercise_accepts_its_solution_and_refuses_a_wrong_answer(run: Run) -> None:
    text = "\n".join(cell.source for cell in run.saved.cells if cell.cell_type == "markdown")
    solutions = re.findall(r"<summary>Solution</summary>\s*```python\n(.*?)```", text, re.DOTALL)
    checks = [index for number in range(1, 9) for index in run.tagged(f"check-{number}")]
    assert len(solutions) == len(checks) >= 2
    for solution, check in zip(solutions, checks, strict=True):
        run.execute(solution)
        run.execute(run.fresh.cells[check].source)
        answer = solution.rsplit(" = ", 1)[0].splitlines()[-1]
        with pytest.raises(CellExecutionError, match="AssertionError"):
            run.execute(f"{answer} = {answer} + 0.1\n{run.fresh.cells[check].source}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_the_saved_file_is_small_readable_and_self_contained(path: Path) -> None:
    assert path.stat().st_size < MAX_BYTES
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in _code(notebook):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        for output in cell.outputs:
            assert output.output_type != "error", output
            assert "http" not in str(output.get("text", "")) + str(output.get("data", {}).get("text/html", ""))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_a_notebook_asks_first_and_sums_up_last(path: Path) -> None:
    text = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert "?**" in text[0], "the question comes first"
    assert "Before you run" in text[1]
    assert any("What we saw" in source for source in text)

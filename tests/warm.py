"""Python in processes of its own, each forked from one that has imported the large libraries.

`python -m bridgenet.train` imports PyTorch and others for ten seconds before it reads a line of the project. What is
started here has done so. All else is its own: number, signals, output, environment, and the project's modules, which
it imports afresh.
"""

import atexit
import gc
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context, set_start_method
from pathlib import Path

LIBRARIES = [
    *"torch torch.nn torch.distributed torch.utils.tensorboard torch.utils.flop_counter torchvision timm".split(),
    *"torchmetrics.functional.classification scipy.stats skimage.transform sklearn.decomposition captum.attr".split(),
    *"matplotlib.figure safetensors.torch h5py tyro pydantic jaxtyping tqdm PIL.Image gradio numba".split(),
]
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(LIBRARIES)
TESTS = Path(__file__).parent


class Python:
    """A process that runs what a command line after `python` says.

    Args:
        arguments: `-m MODULE`, `-c PROGRAM` or a file, and what it is told.
        cwd: Where it runs.
        variables: Of its environment, beside those of this process. It computes with a single thread.
    """

    def __init__(self, *arguments: object, cwd: Path | None = None, variables: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._output, self._errors = (Path(self._folder.name) / name for name in ("output", "errors"))
        line = [*map(str, arguments)]
        environment = {**os.environ, **(variables or {}), "OMP_NUM_THREADS": "1"}
        self._process = FORKS.Process(
            target=_begin, args=(line, cwd or Path.cwd(), environment, self._output, self._errors)
        )
        with _one_thread():
            self._process.start()
        atexit.register(self._process.kill)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text() if self._output.exists() else ""

    @property
    def errors(self) -> str:
        """What it has said so far on standard error."""
        return self._errors.read_text() if self._errors.exists() else ""

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal. None: it runs."""
        return self._process.exitcode

    def send(self, kind: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, kind)

    def finish(self, status: int = 0, patience: float = 900.0) -> str:
        """All that it said, once it has ended with this exit status."""
        self._process.join(patience)
        assert self.status == status, f"status {self.status}: {self.output}{self.errors}"
        return self.output + self.errors


@contextmanager
def _one_thread() -> Iterator[None]:
    """The server is started with the first process, and libraries read the variable when they are imported."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _begin(line: list[str], cwd: Path, environment: dict[str, str], output: Path, errors: Path) -> None:
    """What Python itself does with its command line."""
    gc.freeze()  # The libraries: they stay.
    for path, stream in ((output, 1), (errors, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    ours = [entry for entry in sys.path if entry and Path(entry).is_relative_to(TESTS)]
    first = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*filter(None, first), *(entry for entry in sys.path if entry not in ours)]
    tempfile.tempdir = None
    set_start_method(None, force=True)  # Its own processes start as everywhere, not in a server of libraries again.
    try:
        match line:
            case ["-m", module, *rest]:
                sys.path.insert(0, str(cwd))
                sys.argv = [module, *rest]
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case ["-c", program, *rest]:
                sys.path.insert(0, str(cwd))
                sys.argv = ["-c", *rest]
                exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
            case [file, *rest]:
                sys.path.insert(0, str(Path(file).parent))
                sys.argv = [file, *rest]
                runpy.run_path(file, run_name="__main__")
    finally:
        atexit._run_exitfuncs()

"""The studio, served to tests whose subject is what it answers, not how it starts."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from warm import Python

from app.program import MAIN, PATIENCE, free_port


@contextmanager
def served(
    checkpoint: Path, folder: Path, *options: str, main: Path = MAIN, variables: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Its address, with a single thread, as `app.program.studio` serves it; its words are in `log.txt` at the end.

    Args:
        checkpoint: Folder of the checkpoint.
        folder: Where it runs and puts its temporary files.
        options: Of the command line.
        main: The file of the studio, perhaps of another.
        variables: Of its environment, beside those of this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    line = (main, "--host", "127.0.0.1", "--port", port, "--checkpoint", checkpoint, *options)
    program = Python(*line, cwd=folder, variables={"TMPDIR": str(folder), **(variables or {})})
    try:
        _wait_for(f"http://127.0.0.1:{port}/", program)
        yield f"http://127.0.0.1:{port}/"
    finally:
        program.send(signal.SIGTERM)
        (folder / "log.txt").write_text(program.finish())


def _wait_for(address: str, program: Python) -> None:
    began = time.monotonic()
    straight = build_opener(ProxyHandler({}))
    while time.monotonic() - began < PATIENCE:
        assert program.status is None, program.output + program.errors
        try:
            with straight.open(address, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"No answer within {PATIENCE:.0f} s: {program.output}{program.errors}")

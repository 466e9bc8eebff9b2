"""The studio, served to tests whose subject is what it answers, not how it starts."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from warm import Python

from app.program import MAIN, free_port, wait_for


@contextmanager
def served(
    checkpoint: Path,
    folder: Path,
    *options: str,
    main: Path = MAIN,
    variables: Mapping[str, str] | None = None,
    ahead: bool = False,
) -> Iterator[str]:
    """Its address, with a single thread, as `app.program.studio` serves it; its words are in `log.txt` at the end.

    Args:
        checkpoint: Folder of the checkpoint.
        folder: Where it runs and puts its temporary files.
        options: Of the command line.
        main: The file of the studio, perhaps of another.
        variables: Of its environment, beside those of this process.
        ahead: Whether it computes ahead: tests come quicker than that, and some look at how a view is computed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    line = (main, "--host", "127.0.0.1", "--port", port, "--checkpoint", checkpoint, *options)
    line += () if ahead else ("--no-ahead",)
    program = Python(*line, cwd=folder, variables={"TMPDIR": str(folder), **(variables or {})})
    try:
        wait_for(address, lambda: program.status is not None, lambda: program.output + program.errors)
        yield address
    finally:
        program.send(signal.SIGTERM)
        (folder / "log.txt").write_text(program.finish())

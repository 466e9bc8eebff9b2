"""The studio as a program, for tests that talk to it from outside."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


@contextmanager
def studio(checkpoint: Path, folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The real program on a free port, with its address. Its words go to `folder/log.txt`, its files below `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(MAIN), "--port", str(port), "--checkpoint", str(checkpoint), *options]
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    with (folder / "log.txt").open("w") as log:
        program = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/", program, folder / "log.txt")
            yield f"http://127.0.0.1:{port}/", program
        finally:
            program.terminate()
            program.wait(20)


def wait_for(address: str, program: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        assert program.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"The studio did not answer: {log.read_text()}")

"""The studio as a program of its own, for whoever looks at it from outside: tests, benchmarks, screenshots."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from app.place import address_of, plain_host

MAIN = Path(__file__).with_name("main.py")
PATIENCE = 180.0
"""Seconds within which the page has to answer."""


@contextmanager
def studio(
    checkpoint: Path,
    folder: Path,
    *options: str,
    threads: int | None = None,
    host: str = "127.0.0.1",
    variables: Mapping[str, str] | None = None,
    main: Path = MAIN,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The program on a free port: its address and process, ended at the end.

    Args:
        checkpoint: Folder of the checkpoint.
        folder: Where it runs. Its words go to `log.txt` there, and so do its temporary files.
        options: Of the command line.
        threads: Threads of the network. None: as many as torch likes.
        host: Address to serve on.
        variables: Of its environment, beside those of this process.
        main: Its file: of this checkout or of another.

    Raises:
        RuntimeError: It ended, or did not answer; the message holds its words.
    """
    port = free_port()
    command = [
        sys.executable,
        str(main),
        "--host",
        host,
        "--port",
        str(port),
        "--checkpoint",
        str(checkpoint),
        *options,
    ]
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), **(variables or {})}
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    address = f"{address_of(plain_host(host), port)}/"
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        try:
            wait_for(address, lambda: process.poll() is not None, lambda: (folder / "log.txt").read_text("utf-8"))
            yield address, process
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(address: str, has_ended: Callable[[], bool], words: Callable[[], str]) -> None:
    """Returns when the page answers.

    Args:
        address: Of the page.
        has_ended: Whether the program is gone.
        words: What it has said.

    Raises:
        RuntimeError: It ended, or did not answer; the message holds its words.
    """
    began = time.monotonic()
    straight = build_opener(ProxyHandler({}))
    while time.monotonic() - began < PATIENCE:
        if has_ended():
            raise RuntimeError(f"The studio ended: {words()}")
        try:
            with straight.open(address, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The studio did not answer within {PATIENCE:.0f} s: {words()}")

"""Long work that says how far it is, and stops when nobody waits for it any more."""

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import NamedTuple


class CancelledError(Exception):
    """Nobody waits for the result any more."""


class Step(NamedTuple):
    """How far the work is."""

    done: int
    total: int
    words: str


Report = Callable[[int, int, str], None]

Told = Step | BaseException | None
"""A step; what went wrong; nothing more."""

EVERY = 0.2
"""Seconds from one step that is told to the next: to tell a page takes the processor from the work."""


def steps_of(work: Callable[[Report], None]) -> Generator[Step]:
    """Run `work` in a thread of its own and tell its steps as they come; of those that come at once the last.

    Closing the iterator makes the next report of the work raise `CancelledError`.

    Args:
        work: Takes a function that it calls with steps done, steps in all, and words.

    Raises:
        Exception: Whatever the work raises.
    """
    told: queue.SimpleQueue[Told] = queue.SimpleQueue()
    abandoned = threading.Event()

    def report(done: int, total: int, words: str = "") -> None:
        if abandoned.is_set():
            raise CancelledError
        told.put(Step(done, total, words))

    def run() -> None:
        try:
            work(report)
            told.put(None)
        except BaseException as problem:
            told.put(problem)

    thread = threading.Thread(target=run, name="long-work", daemon=True)
    thread.start()
    try:
        step = told.get()
        while step is not None:
            if isinstance(step, BaseException):
                raise step
            yield step
            step = _newest(told, time.monotonic() + EVERY)
    finally:
        abandoned.set()
        # The next visitor's work starts when this one has really ended.
        thread.join(timeout=20)


def _newest(told: queue.SimpleQueue[Told], until: float) -> Told:
    """The newest step at that time, or the first after it; but the end as soon as it comes."""
    newest = told.get()
    while isinstance(newest, Step) and (left := until - time.monotonic()) > 0:
        try:
            newest = told.get(timeout=left)
        except queue.Empty:
            break
    return newest

"""Long work that says how far it is, and stops when nobody waits for it any more."""

import queue
import threading
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


def steps_of(work: Callable[[Report], None]) -> Generator[Step]:
    """Run `work` in a thread of its own and tell its steps as they come.

    Closing the iterator makes the next report of the work raise `CancelledError`.

    Args:
        work: Takes a function that it calls with steps done, steps in all, and words.

    Raises:
        Exception: Whatever the work raises.
    """
    told: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()
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
        while (step := told.get()) is not None:
            if isinstance(step, BaseException):
                raise step
            yield step
    finally:
        abandoned.set()
        # The next visitor's work starts when this one has really ended.
        thread.join(timeout=20)

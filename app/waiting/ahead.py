"""What will be asked next, computed while nobody asks for anything."""

import logging
import threading
import time
from collections.abc import Callable

from app.waiting.background import CancelledError, Report

QUIET = 0.8
"""Seconds without a question after which it begins, and goes on."""

Work = Callable[[Report], None]


class Ahead:
    """One thread that computes ahead, for the photo that was shown last, and stands back for every visitor.

    Args:
        busy: Whether somebody is served or waits.
        quiet: See `QUIET`.
    """

    def __init__(self, busy: Callable[[], bool], quiet: float = QUIET) -> None:
        self._busy = busy
        self._quiet = quiet
        self._asked = time.monotonic()
        self._changed = threading.Condition()
        self._work: Work | None = None
        self._thread: threading.Thread | None = None

    def heard(self) -> None:
        """Somebody has asked: at its next step the work stands still, until it has been quiet again."""
        self._asked = time.monotonic()

    def begin(self, work: Work) -> None:
        """Compute this next, in place of what was to be computed before.

        Args:
            work: Is told, as a function, what to call at each step; see `app.waiting.background.steps_of`.
        """
        self.heard()
        with self._changed:
            self._work = work
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="ahead", daemon=True)
                self._thread.start()

    def give_up(self) -> None:
        """Compute nothing more: somebody has come to wait for it themselves."""
        with self._changed:
            self._work = None
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until all of the work is done; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._work is None, timeout)

    def _go_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._work is not None)
                work = self._work
            if work is None:
                continue
            try:
                self._stand_back(work)
                work(lambda done, total, words="", work=work: self._stand_back(work))
            except CancelledError:
                continue
            except Exception:
                # Whoever opens the view hears of it then; it is not lost meanwhile.
                logging.getLogger(__name__).exception("What was computed ahead failed")
            with self._changed:
                if self._work is work:
                    self._work = None
                    self._changed.notify_all()

    def _stand_back(self, work: Work) -> None:
        """Return when it is quiet. Raises CancelledError where something else is to be done."""
        while True:
            with self._changed:
                if self._work is not work:
                    raise CancelledError
                left = self._asked + self._quiet - time.monotonic()
                if left <= 0 and not self._busy():
                    return
                self._changed.wait(max(left, 0.05))

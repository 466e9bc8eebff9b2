"""The waiting line: whoever wants the network takes a ticket and asks from time to time whether it is their turn."""

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypedDict, TypeGuard

MAX_WAITING = 200
"""Visitors that may wait at once. A page waits twice at most: for what is shown, and for what its view computes."""

PATIENCE = 3.0
"""Seconds after which a visitor who has not asked again is passed over; the place in the line is kept."""

FORGOTTEN = 90.0
"""Seconds after which such a visitor has left. Browsers let hidden pages ask once a minute."""

CALLED = 15.0
"""Seconds within which a visitor who was called has to begin."""

STUCK = 120.0
"""Seconds without any sign of life after which an analysis no longer holds up the line."""

USUAL = 3.0
"""Seconds that an analysis takes, as long as none was measured."""


class PlaceInLine(TypedDict):
    """Where a visitor stands in the line for the network."""

    turn: bool
    """Whether to begin now."""
    before: int
    """How many are served earlier."""
    full: bool
    """The line takes nobody else."""
    seconds: int
    """Until the line has moved on, about."""


class Line:
    """Who is next.

    Args:
        most: Visitors that may wait at once.
        clock: Seconds.
    """

    def __init__(self, most: int = MAX_WAITING, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, float] = OrderedDict()
        self._called: dict[str, float] = {}
        self._running: dict[str, float] = {}
        self._given_up: set[str] = set()
        self._took: deque[float] = deque(maxlen=10)

    def ask(self, ticket: object) -> PlaceInLine:
        """Whether it is this visitor's turn. The first time, they join the end of the line.

        Returns:
            `turn` (whether to begin now), `before` (how many are served earlier), `full` (the line takes nobody
            else), `seconds` (until the line has moved on, about).
        """
        if not is_ticket(ticket):
            return {"turn": True, "before": 0, "full": False, "seconds": 0}
        with self._lock:
            now = self._clock()
            self._forget(now)
            if ticket in self._called or ticket in self._running:
                return self._answer(0, turn=True)
            if ticket not in self._waiting and len(self._waiting) >= self.most:
                return self._answer(len(self._waiting), full=True)
            self._waiting[ticket] = now
            before = self._before(ticket, now)
            if before:
                return self._answer(before)
            del self._waiting[ticket]
            self._called[ticket] = now
            return self._answer(0, turn=True)

    def leave(self, ticket: object) -> None:
        """Somebody does not want to wait any longer: for their turn, or for what is being computed for them."""
        if not is_ticket(ticket):
            return
        with self._lock:
            self._waiting.pop(ticket, None)
            self._called.pop(ticket, None)
            if ticket in self._running:
                self._given_up.add(ticket)

    @contextmanager
    def turn(self, ticket: object) -> Iterator[Callable[[], bool]]:
        """The time in which a visitor is served.

        Gives what has to be called now and then as a sign of life; it says whether the visitor still waits.
        """
        if not is_ticket(ticket):
            yield lambda: True
            return
        began = self._clock()
        with self._lock:
            self._waiting.pop(ticket, None)
            self._called.pop(ticket, None)
            self._running[ticket] = began
        try:
            yield lambda: self._alive(ticket)
        finally:
            with self._lock:
                self._running.pop(ticket, None)
                self._given_up.discard(ticket)
                self._took.append(self._clock() - began)

    @property
    def waiting(self) -> int:
        """Visitors who wait."""
        with self._lock:
            self._forget(self._clock())
            return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether anybody waits, was called or is served."""
        with self._lock:
            self._forget(self._clock())
            return bool(self._waiting or self._called or self._running)

    def _alive(self, ticket: str) -> bool:
        with self._lock:
            if ticket in self._running:
                self._running[ticket] = self._clock()
            return ticket not in self._given_up

    def _before(self, ticket: str, now: float) -> int:
        count = len(self._called) + len(self._running)
        for other, seen in self._waiting.items():
            if other == ticket:
                break
            count += now - seen <= PATIENCE
        return count

    def _forget(self, now: float) -> None:
        for place, limit in ((self._waiting, FORGOTTEN), (self._called, CALLED), (self._running, STUCK)):
            for ticket in [ticket for ticket, seen in place.items() if now - seen > limit]:
                del place[ticket]

    def _answer(self, before: int, *, turn: bool = False, full: bool = False) -> PlaceInLine:
        usual = sum(self._took) / len(self._took) if self._took else USUAL
        return {"turn": turn, "before": before, "full": full, "seconds": max(1, round(before * usual))}


def is_ticket(ticket: object) -> TypeGuard[str]:
    """Whether it is a ticket as the page makes them: 32 random hexadecimal digits."""
    return isinstance(ticket, str) and re.fullmatch(r"[0-9a-f]{32}", ticket) is not None

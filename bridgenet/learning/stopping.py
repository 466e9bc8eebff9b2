"""Signals that ask a training run to stop, and what becomes of them in the processes that prepare its batches."""

import os
import signal
from threading import Thread
from types import FrameType, TracebackType

# Windows has no SIGUSR1.
POLITE = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name))
"""Ctrl-C, the end of a job, and Slurm's warning before it (`sbatch --signal USR1@120`)."""


class StopRequest:
    """Turns a signal into a request to stop after the step.

    The same signal again stops at once, but for SIGUSR1: Slurm may send it twice, and nobody presses it in a hurry.
    """

    def __init__(self) -> None:
        self._signals: set[int] = set()

    @property
    def received(self) -> bool:
        """Whether somebody asked."""
        return bool(self._signals)

    def __enter__(self) -> "StopRequest":
        self._previous = {kind: signal.signal(kind, self._receive) for kind in POLITE}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number in self._signals and number in (signal.SIGINT, signal.SIGTERM):
            raise KeyboardInterrupt
        self._signals.add(number)


def leave_signals_to_the_main_process(worker: int) -> None:
    """For a process that prepares batches: a terminal, Slurm and torchrun send a signal to all processes of a run.

    The main process stops after its step and may still want a batch for it, so this one obeys nobody else's SIGTERM.
    When the main process is gone, it ends by itself.
    """
    for kind in POLITE:
        if kind != signal.SIGTERM:
            signal.signal(kind, signal.SIG_IGN)
    # Only where the sender of a signal is told.
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_obey_the_main_process, daemon=True).start()


def _obey_the_main_process() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)

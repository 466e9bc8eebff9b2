"""How a command tells what should be known about the data and the machine."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm

from bridgenet.data import DataWarning
from bridgenet.learning.runtime import SlowPrecisionWarning


@contextmanager
def plain_warnings(is_main: bool) -> Iterator[None]:
    """Inside, a warning about data or speed is a plain paragraph on stderr, said once, by the main process alone."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def tell(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, (DataWarning, SlowPrecisionWarning)):
                tqdm.write(f"Warning: {message}", file=sys.stderr)
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = tell
        if not is_main:
            warnings.simplefilter("ignore", DataWarning)
        yield

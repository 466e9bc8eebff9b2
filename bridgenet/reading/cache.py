"""Maps that took a while to derive, kept between runs in the user's cache folder and never beside the data."""

import hashlib
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

from bridgenet.files import WriteError, replacing


def cache_root() -> Path:
    """Folder of all caches: the environment variable BRIDGENET_CACHE, or the platform's place for caches."""
    return Path(os.environ.get("BRIDGENET_CACHE") or user_cache_dir("bridgenet"))


class MapCache:
    """Arrays derived from the files of one data folder by one recipe.

    Several processes may use it at once: a file appears whole or not at all.

    Args:
        data_root: The data folder. Other folders have other caches.
        recipe: What was computed and all its parameters. A changed recipe starts a new cache.
    """

    def __init__(self, data_root: Path, recipe: str) -> None:
        key = hashlib.sha256(f"{data_root.resolve()}\n{recipe}".encode()).hexdigest()[:16]
        self.folder = cache_root() / f"{data_root.resolve().name}-{recipe.split()[0]}-{key}"

    def get(self, name: str, source: Path, derive: Callable[[], np.ndarray]) -> np.ndarray:
        """The array called `name`: read if it is there and not older than `source`, else derived and written."""
        return keep(self.folder / f"{name}.npy", derive, newer_than=source)


def keep(path: Path, derive: Callable[[], np.ndarray], newer_than: Path | None = None) -> np.ndarray:
    """An array that is kept in a file: read if it is there, else derived and written.

    Where it cannot be written a warning says so, and it is derived again each time.

    Args:
        path: The file, `.npy`.
        derive: Makes the array.
        newer_than: What it is derived from: an array that is older is derived again.
    """
    with suppress(OSError, ValueError, EOFError):
        if newer_than is None or path.stat().st_mtime_ns >= newer_than.stat().st_mtime_ns:
            return np.load(path, allow_pickle=False)
    array = derive()
    try:
        with replacing(path, shared=True) as file:
            np.save(file, array)
    except WriteError as error:
        warnings.warn(
            f"{error} Until then it is computed again each time. Set BRIDGENET_CACHE to a folder with free space.",
            stacklevel=2,
        )
    return array

"""A memory that is bounded by size: the longest unused goes first."""

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from cachetools import LRUCache

MOST_BYTES = 96_000_000
"""Bytes of arrays that the results of one analysis may have together."""

MOST_RESULTS = 400
"""Results that are kept however small they are."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(MutableMapping[Key, Value]):
    """A dict for many threads that lets go of what was not used for longest. The newest is always kept.

    Args:
        most_bytes: Of all arrays together, see `bytes_of`.
        most: Number of entries: each takes at least `most_bytes / most` of the room, however small it is.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most: int = MOST_RESULTS) -> None:
        def room(entry: Value) -> int:
            return min(max(bytes_of(entry), most_bytes // most), most_bytes)

        self._entries: LRUCache[Key, Value] = LRUCache(most_bytes, room)
        self._lock = threading.RLock()

    def __getitem__(self, key: Key) -> Value:
        with self._lock:
            return self._entries[key]

    def __setitem__(self, key: Key, entry: Value) -> None:
        with self._lock:
            self._entries[key] = entry

    def __delitem__(self, key: Key) -> None:
        with self._lock:
            del self._entries[key]

    def __iter__(self) -> Iterator[Key]:
        """Keys, in the order in which they came."""
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def bytes_of(result: Any) -> int:
    """Bytes of all arrays, tensors and texts inside of dicts, sequences and dataclasses. Shared ones count once."""
    return _bytes_of(result, set())


def _bytes_of(result: Any, seen: set[int]) -> int:
    if id(result) in seen:
        return 0
    seen.add(id(result))
    # Arrays and tensors alike, without importing torch.
    if isinstance(size := getattr(result, "nbytes", None), int):
        return size
    if isinstance(result, (str, bytes)):
        return len(result)
    if is_dataclass(result) and not isinstance(result, type):
        return sum(_bytes_of(getattr(result, part.name), seen) for part in fields(result))
    if isinstance(result, Mapping):
        return sum(_bytes_of(value, seen) for value in result.values())
    if isinstance(result, (list, tuple, set, frozenset)):
        return sum(_bytes_of(value, seen) for value in result)
    return 0

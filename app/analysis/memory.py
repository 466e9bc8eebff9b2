"""What an analysis remembers for its views: bounded by size, the longest unused goes first."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from typing import Any

MOST_BYTES = 96_000_000
"""Bytes of arrays that the results of one analysis may have together."""

MOST_RESULTS = 200
"""Results that are kept however small they are."""


class Memory(MutableMapping[str, Any]):
    """A dict of results that lets go of those that were not used for longest. The newest is always kept.

    Args:
        most_bytes: Of all arrays together.
        most: Number of results.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most: int = MOST_RESULTS) -> None:
        self.most_bytes = most_bytes
        self.most = most
        self._results: OrderedDict[str, Any] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._lock = threading.RLock()

    @property
    def size(self) -> int:
        """Bytes of all arrays that are kept."""
        with self._lock:
            return sum(self._sizes.values())

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            result = self._results[key]
            self._results.move_to_end(key)
            return result

    def __setitem__(self, key: str, result: Any) -> None:
        with self._lock:
            self._results[key] = result
            self._results.move_to_end(key)
            self._sizes[key] = bytes_of(result)
            while len(self._results) > 1 and (self.size > self.most_bytes or len(self._results) > self.most):
                oldest, _ = self._results.popitem(last=False)
                del self._sizes[oldest]

    def __delitem__(self, key: str) -> None:
        with self._lock:
            del self._results[key], self._sizes[key]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._results))

    def __len__(self) -> int:
        return len(self._results)


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

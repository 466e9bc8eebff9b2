"""What was found out about one photo: every result under the function that computes it and what that was asked.

There are no names to invent, and none to misspell: who asks the same function the same thing gets the same result,
whichever view, download or program it is, and with the type that the function returns.
"""

from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, TypeVar

from app.analysis.memory import Memory

Asked = ParamSpec("Asked")
Found = TypeVar("Found")

_Key = tuple[Callable[..., Any], tuple[Any, ...], tuple[tuple[str, Any], ...]]

_NOT_FOUND = object()


class Results:
    """Results of functions of one analysis and of further, hashable arguments. Bounded, see `Memory`."""

    def __init__(self) -> None:
        self._memory: Memory[_Key, Any] = Memory()

    def of(
        self,
        compute: Callable[Concatenate[Any, Asked], Found],
        analysis: object,
        *asked: Asked.args,
        **named: Asked.kwargs,
    ) -> Found:
        """What the function finds: computed when it is first asked this, then remembered as long as there is room."""
        key = _key(compute, asked, named)
        found = self._memory.get(key, _NOT_FOUND)
        if found is _NOT_FOUND:
            found = self._memory[key] = compute(analysis, *asked, **named)
        return found

    def get(self, compute: Callable[..., Found], *asked: Hashable) -> Found | None:
        """What the function found when it was asked this; None if it was not, or if that was forgotten."""
        return self._memory.get(_key(compute, asked, {}))

    def keep(self, found: Found, compute: Callable[..., Found], *asked: Hashable) -> Found:
        """Remember what the function found, where it was told more than what that depends on."""
        self._memory[_key(compute, asked, {})] = found
        return found

    def __len__(self) -> int:
        return len(self._memory)

    def all(self, compute: Callable[..., Found]) -> dict[tuple[Any, ...], Found]:
        """Everything that the function found, by what it was asked, in the order in which it was asked."""
        found = {key: self._memory.get(key, _NOT_FOUND) for key in self._memory if key[0] is compute}
        return {key[1]: result for key, result in found.items() if result is not _NOT_FOUND}


def _key(compute: Callable[..., Any], asked: tuple[Any, ...], named: dict[str, Any]) -> _Key:
    return compute, asked, tuple(sorted(named.items()))

"""Small results that a view computes once for a photo."""

from collections.abc import Callable
from typing import TypeVar

from app.analysis.session import Analysis

Result = TypeVar("Result")


def kept(analysis: Analysis, name: str, compute: Callable[[], Result]) -> Result:
    """A result that stays with the analysis as long as there is room.

    Args:
        analysis: The analysed photo.
        name: Of the result: view and everything that it depends on.
        compute: Makes it.
    """
    result = analysis.memory.get(name)
    if result is None:
        result = analysis.memory[name] = compute()
    return result

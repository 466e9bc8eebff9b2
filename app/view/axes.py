"""Round numbers along an axis."""

import math


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """About four round numbers, and their texts."""
    rough = (high - low) / 4 or 1
    size = 10 ** math.floor(math.log10(rough))
    step = next(step * size for step in (1, 2, 2.5, 5, 10) if step * size >= rough * (1 - 1e-9))
    indices = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [(step * index, f"{step * index:.6g}") for index in indices]

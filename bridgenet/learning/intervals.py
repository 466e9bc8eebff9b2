"""Means and where they lie with 95 % confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

Verdict = Literal["helps", "hurts", "cannot be told"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and where it lies with 95 % confidence.

    Attributes:
        mean: What was measured, over all seeds or images.
        low: Lower end; minus infinity where nothing tells.
        high: Upper end.
        samples: What the interval is told by: one for each seed, in their order, or one for each draw of the images.
    """

    mean: float
    low: float
    high: float
    samples: tuple[float, ...]

    @property
    def verdict(self) -> Verdict:
        """For a gain: whether the interval lies on one side of zero."""
        if self.low > 0:
            return "helps"
        return "hurts" if self.high < 0 else "cannot be told"


def t_interval(samples: Sequence[float]) -> Interval:
    """Mean and 95 % interval of samples that are independent of each other.

    Raises:
        ValueError: There is no sample.
    """
    count = len(samples)
    if not count:
        raise ValueError("There is no sample: no seed has both runs of the pair.")
    values = np.asarray(samples, float)
    reach = math.inf
    if count > 1:
        reach = float(scipy.stats.t.ppf(0.975, count - 1)) * float(values.std(ddof=1)) / math.sqrt(count)
    mean = float(values.mean())
    return Interval(mean, mean - reach, mean + reach, tuple(values.tolist()))

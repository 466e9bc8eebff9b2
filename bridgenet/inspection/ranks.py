"""How sure a rank correlation is: over other pictures it would have been another.

The cells of an interaction matrix depend on each other, because they share sources, targets and pictures. So it is the
pictures that are drawn again, never the cells.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bridgenet.inspection.interaction import CONFIDENCE, InteractionMatrix, rank_correlation, strength_of

Cells = Float[np.ndarray, "tasks tasks"]


@dataclass(frozen=True, slots=True, eq=False)
class RankInterval:
    """A rank correlation between two matrices, off their diagonals, and its 95 % interval.

    Attributes:
        value: Spearman's, -1..1; NaN where nothing can be ranked.
        low: Lower end of the interval.
        high: Upper end.
        samples: (draw,) the correlation in every draw, of which the interval holds the middle 95 %.
    """

    value: float
    low: float
    high: float
    samples: Float[np.ndarray, "draws"]

    @property
    def includes_zero(self) -> bool:
        """Whether no correlation at all is among the values that the pictures leave open."""
        return not (self.low > 0 or self.high < 0)


def rank_interval(
    matrix: InteractionMatrix, against: InteractionMatrix | None = None, draws: int = 1000, seed: int = 0
) -> RankInterval:
    """Rank correlation of the strengths with attention or with the strengths of another cut: bootstrap over pictures.

    For the notebooks.

    In every draw as many pictures as there are, with repetition, make a new mean effect, control and attention.

    Args:
        matrix: Over two pictures or more.
        against: Another matrix of the same pictures, whose strengths are compared. None compares the attention.
        draws: How often the pictures are drawn.
        seed: Fixes the draws.

    Raises:
        ValueError: There is one picture only, there are no draws, or the matrices are of other pictures or tasks.
    """
    _check(matrix, against, draws)
    generator = np.random.default_rng(seed)
    picks = generator.integers(matrix.images, size=(draws, matrix.images))
    correlations = np.array([_correlation(matrix, against, pick) for pick in picks])
    return _interval(_correlation(matrix, against, np.arange(matrix.images)), correlations)


def half_agreement(matrix: InteractionMatrix, draws: int = 200, seed: int = 0) -> RankInterval:
    """Rank correlation between the strengths in one half of the pictures and those in the other half.

    For the notebooks.

    The ceiling of every comparison: what is noise between halves, nothing can tell. It is a low ceiling, because a
    half is noisier than the whole.

    Args:
        matrix: Over two pictures or more; of an odd number, each draw leaves one out.
        draws: How often the pictures are split. The value is the median over the splits.
        seed: Fixes them.

    Raises:
        ValueError: There is one picture only, or there are no draws.
    """
    _check(matrix, None, draws)
    generator, half = np.random.default_rng(seed), matrix.images // 2
    correlations = []
    for _ in range(draws):
        order = generator.permutation(matrix.images)
        correlations.append(_ranked(_strength(matrix, order[:half]), _strength(matrix, order[half : 2 * half])))
    known = np.array(correlations)[~np.isnan(correlations)]
    return _interval(float(np.median(known)) if known.size else float("nan"), np.array(correlations))


def _correlation(matrix: InteractionMatrix, against: InteractionMatrix | None, pick: Int[np.ndarray, "_"]) -> float:
    other = matrix.attention_samples[pick].mean(axis=0) if against is None else _strength(against, pick)
    return _ranked(_strength(matrix, pick), other)


def _strength(matrix: InteractionMatrix, pick: Int[np.ndarray, "_"]) -> Cells:
    return strength_of(matrix.samples[pick].mean(axis=0), matrix.control_samples[pick].mean(axis=0))


def _ranked(one: Cells, other: Cells) -> float:
    return rank_correlation(np.where(np.isnan(other), np.nan, one), other)


def _interval(value: float, samples: Float[np.ndarray, "draws"]) -> RankInterval:
    known = samples[~np.isnan(samples)]
    tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    low, high = np.quantile(known, tails) if known.size else (float("nan"), float("nan"))
    return RankInterval(value, float(low), float(high), samples)


def _check(matrix: InteractionMatrix, against: InteractionMatrix | None, draws: int) -> None:
    if matrix.images < 2:
        raise ValueError("An interval over pictures needs two pictures or more, this matrix has one.")
    if draws < 1:
        raise ValueError(f"An interval needs at least one draw, got {draws}.")
    if against is not None and (against.tasks, against.images) != (matrix.tasks, matrix.images):
        raise ValueError("Compare matrices of the same tasks and the same pictures: these differ.")

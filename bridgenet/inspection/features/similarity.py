"""How alike feature maps are, how much of their width they use, and how fine a detail they carry.

The paper says of bridge features that they carry low-level detail and high-level meaning at once. `level_content` and
`radial_spectrum` make that a measurement. All numbers here stay the same when a feature map is multiplied by a
constant, shifted by a constant per channel, or its channels are rotated: they speak of what a map says about places,
not of how it writes it down.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import dctn
from torch import Tensor
from torch.nn import functional as F

AnyMap = Tensor | np.ndarray
"""A feature map (channels, height, width), or a batch (1, channels, height, width) of which the first image counts."""

Tokens = Float[np.ndarray, "tokens _"]

NYQUIST = 0.5
"""Cycles per token of the finest stripes that a grid can hold."""

RINGS = 16
FOLDS = 4
CLEARLY = 0.01
RIDGE = 1e-2
"""Shrinkage of the linear readings, relative to the mean variance of what is read from."""


class Spectrum(NamedTuple):
    """How the variance of a feature map spreads over spatial frequencies.

    Attributes:
        frequency: Middle of each ring in cycles per token, 0..0.5 (Nyquist). Times the width of the grid it is cycles
            per image width; divided by the stride of the grid, cycles per pixel.
        energy: Share of the energy per ring; sums to 1 (all 0 for a constant map).
        centroid: Mean frequency, weighted by energy, in cycles per token.
    """

    frequency: Float[np.ndarray, " rings"]
    energy: Float[np.ndarray, " rings"]
    centroid: float


class LevelContent(NamedTuple):
    """How well one map can be read from another by a linear map per token, on parts of the image it was not fitted on.

    Share of the variance explained: 1 perfectly, 0 or less no better than a constant. The claim that a bridge feature
    carries both levels holds where both of its numbers exceed their control.

    Attributes:
        low_from_bridge: Low-level feature, read from the bridge.
        low_from_high: Its control: read from the high-level feature.
        high_from_bridge: High-level feature, read from the bridge.
        high_from_low: Its control: read from the low-level feature.
    """

    low_from_bridge: float
    low_from_high: float
    high_from_bridge: float
    high_from_low: float

    @property
    def leads(self) -> tuple[float, float]:
        """How much more the bridge tells of the low and of the high level than the other level does.

        A negative share tells nothing, and counts as none.
        """
        low, control = max(self.low_from_bridge, 0.0), max(self.low_from_high, 0.0)
        high, other = max(self.high_from_bridge, 0.0), max(self.high_from_low, 0.0)
        return low - control, high - other

    @property
    def carries_both(self) -> bool:
        """Whether both leads are more than a hundredth."""
        return min(self.leads) > CLEARLY


def linear_cka(one: AnyMap, other: AnyMap, *, debiased: bool = True) -> float:
    """Linear centred kernel alignment (Kornblith et al. 2019) of two feature maps of one image.

    Maps of different grids are compared on the smaller one. 1: equal up to rotation and scale. 0: unrelated.

    Args:
        one: A feature map of any width.
        other: Another of the same image.
        debiased: With the unbiased estimate of Song et al. 2012, near 0 for unrelated maps however wide they are
            (slightly below is possible). The plain one rises with width / tokens: to 0.5 and more on coarse grids.

    Raises:
        ValueError: The common grid has fewer than four tokens.
    """
    size = _common_size([_tensor(one), _tensor(other)])
    return _alignment(_tokens(_on_grid(one, size)), _tokens(_on_grid(other, size)), debiased)


def cka_matrix(features: Mapping[str, AnyMap], *, debiased: bool = True) -> Float[np.ndarray, "kinds kinds"]:
    """`linear_cka` of all pairs, in the order of the mapping. Each pair is compared on the smaller grid of the two."""
    maps = [_tensor(feature) for feature in features.values()]
    on_grids: dict[tuple[int, tuple[int, int]], Tokens] = {}

    def tokens(index: int, size: tuple[int, int]) -> Tokens:
        if (index, size) not in on_grids:
            on_grids[index, size] = _tokens(_on_grid(maps[index], size))
        return on_grids[index, size]

    matrix = np.eye(len(maps))
    for i in range(len(maps)):
        for j in range(i):
            size = _common_size([maps[i], maps[j]])
            matrix[i, j] = matrix[j, i] = _alignment(tokens(i, size), tokens(j, size), debiased)
    return matrix


def effective_rank(feature: AnyMap) -> float:
    """Number of directions that a feature map uses, 1..channels.

    The exponential of the entropy of the shares of variance along the principal directions (the normalised
    eigenvalues of the covariance over the tokens). k equally strong directions give k. A constant map gives 0.
    """
    values = np.linalg.svd(_tokens(_tensor(feature)), compute_uv=False) ** 2
    if not values.sum() > 0:
        return 0.0
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def radial_spectrum(feature: AnyMap, bins: int | None = None) -> Spectrum:
    """Energy of a feature map by spatial frequency, over rings of equal width, summed over the channels.

    Each channel's mean is taken away. The transform is the cosine transform: it continues the map by its mirror image,
    so that the border makes no false edge and no window is needed. Maps of one grid can be compared directly.

    Args:
        feature: A feature map of any width.
        bins: Number of rings from 0 to Nyquist; what lies beyond, in the corners, counts in the last. None takes
            the shorter side of the grid, at most 16.

    Raises:
        ValueError: There is no ring, or the map is not finite.
    """
    energy, frequency = _transform(feature)
    height, width = energy.shape
    rings = max(1, min(RINGS, height, width)) if bins is None else bins
    if rings < 1:
        raise ValueError(f"A spectrum needs at least one ring, got {bins}.")
    ring = np.minimum((frequency / NYQUIST * rings).astype(int), rings - 1)
    summed = np.bincount(ring.ravel(), energy.ravel(), minlength=rings)
    middle = (np.arange(rings) + 0.5) * NYQUIST / rings
    return Spectrum(middle, summed, float((energy * frequency).sum()))


def spectral_centroid(feature: AnyMap) -> float:
    """Mean spatial frequency of a feature map in cycles per token, weighted by energy. For the notebooks."""
    return radial_spectrum(feature).centroid


def level_content(bridge: AnyMap, low: AnyMap, high: AnyMap) -> LevelContent:
    """Whether a bridge feature carries low-level detail and high-level meaning.

    Read linearly, token by token: a ridge regression on three quarters of the image, judged on the fourth, each
    quarter in turn. The quarters are scattered blocks, as neighbouring tokens are too alike to judge each other.

    Args:
        bridge: The bridge feature of a stage.
        low: A low-level feature: the backbone's at the same scale, or a finer one.
        high: A high-level feature: what the tasks bring to the stage (their channels concatenated).
    """
    size = _common_size([_tensor(feature) for feature in (bridge, low, high)])
    tokens = {name: _unit(_tokens(_on_grid(f, size))) for name, f in (("b", bridge), ("l", low), ("h", high))}
    folds = _folds(size)
    return LevelContent(
        low_from_bridge=_readable(tokens["b"], tokens["l"], folds),
        low_from_high=_readable(tokens["h"], tokens["l"], folds),
        high_from_bridge=_readable(tokens["b"], tokens["h"], folds),
        high_from_low=_readable(tokens["l"], tokens["h"], folds),
    )


def _tensor(feature: AnyMap) -> Tensor:
    """One map, float32 (channels, height, width).

    Raises:
        ValueError: It holds what is not finite, which would count as no likeness, or as no energy.
    """
    tensor = feature.detach().float().cpu() if isinstance(feature, Tensor) else torch.as_tensor(feature).float()
    tensor = tensor[0] if tensor.ndim == 4 else tensor
    if not tensor.isfinite().all():
        raise ValueError("A feature map holds NaN or infinity: there is nothing to measure. Look at what made it.")
    return tensor


def _common_size(features: list[Tensor]) -> tuple[int, int]:
    return min(feature.shape[-2] for feature in features), min(feature.shape[-1] for feature in features)


def _on_grid(feature: AnyMap, size: tuple[int, int]) -> Tensor:
    """The map on a grid that is no finer: each token is the mean of those that it covers.

    Taking single tokens instead would turn detail that the grid cannot hold into false stripes.
    """
    tensor = _tensor(feature)
    return tensor if tuple(tensor.shape[-2:]) == size else F.adaptive_avg_pool2d(tensor, size)


def _tokens(feature: Tensor) -> Tokens:
    """One row per token, centred over the tokens."""
    flat = feature.flatten(1).T.double().numpy()
    return flat - flat.mean(axis=0)


def _unit(tokens: Tokens) -> Tokens:
    return tokens / max(float(np.sqrt(np.square(tokens).mean())), 1e-12)


def _alignment(one: Tokens, other: Tokens, debiased: bool) -> float:
    if len(one) < 4:
        raise ValueError(f"CKA needs at least four tokens, the common grid has {len(one)}.")
    dependence = _unbiased_dependence if debiased else _dependence
    strength = dependence(one, one) * dependence(other, other)
    return float(dependence(one, other) / np.sqrt(strength)) if strength > 0 else 0.0


def _dependence(one: Tokens, other: Tokens) -> float:
    """Hilbert-Schmidt independence criterion of linear kernels, but for a factor."""
    return float(np.square(one.T @ other).sum())


def _unbiased_dependence(one: Tokens, other: Tokens) -> float:
    """Its unbiased estimate, but for a factor: the kernels without their diagonals.

    For centred tokens the rows of a kernel sum to 0, and those without the diagonal to minus the diagonal. That
    spares the kernels themselves, which have tokens x tokens entries.
    """
    count = len(one)
    first, second = np.square(one).sum(axis=1), np.square(other).sum(axis=1)
    both = float(first @ second)
    product = float(first.sum() * second.sum())
    return _dependence(one, other) - both + product / ((count - 1) * (count - 2)) - 2 * both / (count - 2)


def _transform(feature: AnyMap) -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """Shares of energy, and their frequencies in cycles per token."""
    maps = _tensor(feature).double().numpy()
    maps = maps - maps.mean(axis=(1, 2), keepdims=True)
    waves = np.asarray(dctn(maps, axes=(1, 2), norm="ortho"))
    energy = np.square(waves).sum(axis=0)
    height, width = energy.shape
    # Entry k of the cosine transform of n tokens has k half waves over the image.
    frequency = np.hypot(np.arange(height)[:, None] / (2 * height), np.arange(width)[None] / (2 * width))
    total = energy.sum()
    return (energy / total if total > 0 else energy), frequency


def _folds(size: tuple[int, int]) -> np.ndarray:
    """Number of the fold, 0..3, of every token: blocks of an eighth of each side, shifted from row to row."""
    height, width = size
    row = np.arange(height)[:, None] * 2 * FOLDS // height
    column = np.arange(width)[None] * 2 * FOLDS // width
    return ((row * 2 + row // 2 + column) % FOLDS).ravel()


def _readable(source: Tokens, target: Tokens, folds: np.ndarray) -> float:
    """Share of the variance of the target that a linear map of the source explains where it was not fitted."""
    error = variance = 0.0
    for fold in range(FOLDS):
        fitted, judged = folds != fold, folds == fold
        if not judged.any():
            continue
        mean_source, mean_target = source[fitted].mean(axis=0), target[fitted].mean(axis=0)
        inputs, outputs = source[fitted] - mean_source, target[fitted] - mean_target
        gram = inputs.T @ inputs
        shrinkage = RIDGE * np.trace(gram) / len(gram) + 1e-12
        weights = np.linalg.solve(gram + shrinkage * np.eye(len(gram)), inputs.T @ outputs)
        residual = target[judged] - mean_target - (source[judged] - mean_source) @ weights
        error += float(np.square(residual).sum())
        variance += float(np.square(target[judged] - mean_target).sum())
    return 1 - error / variance if variance > 0 else 0.0

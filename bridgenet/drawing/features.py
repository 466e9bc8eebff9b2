"""Feature maps as pictures: principal components as red, green and blue; single channels.

Colours of two maps can be compared only if both use one basis. `pca_rgb` finds one for maps of one image,
`basis_colours` uses one that stays the same from image to image.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from bridgenet.drawing.predictions import colour_heat, colour_signed
from bridgenet.inspection.features.basis import FeatureBasis
from bridgenet.inspection.features.components import COMPONENTS, Scores, aligned_scores, feature_array, shared_scores
from bridgenet.trace import Trace


class PcaColours(NamedTuple):
    """Pictures of feature maps, one per map, and the share of their variance that the three components explain."""

    pictures: list[UInt8[np.ndarray, "_ _ 3"]]
    explained: float


def pca_rgb(*maps: Tensor | np.ndarray) -> PcaColours:
    """Feature maps of equal width as RGB on one shared basis: equal colours mean equal features.

    Args:
        maps: Feature maps (channels, height, width), or batches (1, channels, height, width), of any sizes. Of a
            batch the first image is taken.

    Returns:
        Pictures in the order of the maps, and the share of variance that the three components explain, 0..1.

    Raises:
        ValueError: The maps differ in width.
    """
    features = [feature_array(entry) for entry in maps]
    if len(widths := {len(entry) for entry in features}) != 1:
        raise ValueError(
            f"One basis needs maps of one width, got {sorted(widths)} channels. "
            "Colour a map of another width with `pca_rgb_aligned`."
        )
    scores, explained = shared_scores(features)
    return PcaColours(_to_colours(scores), explained)


def pca_rgb_aligned(feature: Tensor | np.ndarray, reference: Tensor | np.ndarray) -> PcaColours:
    """A feature map in its own three components, rotated so that its colours agree best with those of a reference.

    For your own programs.

    For maps of different widths, which cannot share a basis. Similar colours then mean "varies alike over the
    image", not "equal features".

    Args:
        feature: The map to colour.
        reference: A map of any width and size of the same image.

    Returns:
        The picture alone in a list, and the share of the map's variance that its three components explain.
    """
    scores, explained = aligned_scores(feature_array(feature), feature_array(reference))
    return PcaColours(_to_colours([scores]), explained)


def basis_colours(
    basis: FeatureBasis, trace: Trace, paths: Iterable[str] | None = None
) -> dict[str, UInt8[np.ndarray, "_ _ 3"]]:
    """Feature maps of a trace as RGB on a saved basis: equal colours mean equal features, whatever the image.

    Args:
        basis: Of the network that made the trace.
        trace: Of a batch the first image is drawn.
        paths: Which maps; None draws all.

    Returns:
        Pictures by path.

    Raises:
        BasisError: The trace comes from a network of another shape.
        KeyError: The basis does not know a path.
    """
    return {path: _as_bytes(levels) for path, levels in basis.levels(trace, paths).items()}


class ChannelMap(NamedTuple):
    """One channel as a picture, its values, and what the ends of the colours mean."""

    picture: UInt8[np.ndarray, "height width 3"]
    values: Float[np.ndarray, "height width"]
    limits: tuple[float, float]
    signed: bool


def channel_map(
    feature: Tensor | np.ndarray, index: int, limits: tuple[float, float] | None = None, signed: bool | None = None
) -> ChannelMap:
    """One channel: blue-white-red around zero where it takes both signs, else black to pale yellow.

    Args:
        feature: A feature map, or a batch of which the first image is taken.
        index: Channel, counted from 0.
        limits: Values at the ends of the colours. None takes the first and the last percentile, so that one strong
            token does not flatten the rest; of signed channels the larger of both, on either side of zero.
        signed: Whether zero is the middle of the scale. None asks the channel: it is, if it takes both signs.

    Raises:
        IndexError: There is no such channel.
    """
    features = feature_array(feature)
    if not 0 <= index < len(features):
        raise IndexError(f"There is no channel {index}: the feature has {len(features)}, counted from 0.")
    values = features[index]
    if signed is None:
        signed = bool(values.min() < 0 < values.max())
    low, high = limits or tuple(float(value) for value in np.percentile(values, (1, 99)))
    if not signed:
        return ChannelMap(colour_heat(values, (low, high)), values, (low, high), signed)
    limit = max(abs(low), abs(high))
    return ChannelMap(colour_signed(values, limit), values, (-limit, limit), signed)


def _to_colours(scores: list[Scores]) -> list[UInt8[np.ndarray, "_ _ 3"]]:
    """Each component from its first to its last percentile over all maps together, as red, green and blue."""
    tokens = np.concatenate([entry.reshape(-1, COMPONENTS) for entry in scores])
    low, high = np.percentile(tokens, (1, 99), axis=0)
    constant = high - low < 1e-12
    span = np.where(constant, 1, high - low)
    levels = [np.where(constant, 0.5, (entry - low) / span) for entry in scores]
    return [_as_bytes(np.clip(level, 0, 1)) for level in levels]


def _as_bytes(levels: Float[np.ndarray, "_ _ 3"]) -> UInt8[np.ndarray, "_ _ 3"]:
    return (levels * 255).round().astype(np.uint8)

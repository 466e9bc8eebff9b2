"""Feature maps as pictures: principal components as RGB, the length of the feature, likeness to one token, channels.

Colours of two maps can be compared only if both use one basis. `pca_rgb` finds one for maps of one image, and
`basis.py` one that stays the same from image to image. Here each map is centred by its own
mean (with a common mean the first component would merely tell the maps apart), and all share the directions and
the limits. Signs are fixed, so the same features give the same colours in every run.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from scipy.linalg import orthogonal_procrustes
from skimage.transform import resize
from torch import Tensor

from bridgenet.drawing.attention import token_at
from bridgenet.drawing.predictions import colour_heat, colour_signed

Features = Float[np.ndarray, "_ _ _"]

Scores = Float[np.ndarray, "_ _ 3"]

COMPONENTS = 3


class PcaColours(NamedTuple):
    """Pictures of feature maps, one per map, and the share of their variance that the three components explain.

    For your own programs.
    """

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
    scores, explained = _shared_scores(features)
    return PcaColours(_to_colours(scores), explained)


def pca_rgb_aligned(feature: Tensor | np.ndarray, reference: Tensor | np.ndarray) -> PcaColours:
    """A feature map in its own three components, rotated so that its colours agree best with those of a reference.

    For the studio.

    For maps of different widths, which cannot share a basis. Similar colours then mean "varies alike over the
    image", not "equal features".

    Args:
        feature: The map to colour.
        reference: A map of any width and size of the same image.

    Returns:
        The picture alone in a list, and the share of the map's variance that its three components explain.
    """
    (scores,), explained = _shared_scores([feature_array(feature)])
    (wanted,), _ = _shared_scores([feature_array(reference)])
    wanted = np.asarray(resize(wanted, scores.shape, order=1, anti_aliasing=False))
    flat, target = scores.reshape(-1, COMPONENTS), wanted.reshape(-1, COMPONENTS)
    rotation, _ = orthogonal_procrustes(flat, target)
    return PcaColours(_to_colours([(flat @ np.asarray(rotation)).reshape(scores.shape)]), explained)


def channel_norm(feature: Tensor | np.ndarray) -> Float[np.ndarray, "height width"]:
    """Length of the feature vector at every token. For the studio."""
    return np.linalg.norm(feature_array(feature), axis=0)


class ChannelMap(NamedTuple):
    """One channel as a picture, its values, and what the ends of the colours mean. For the studio."""

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


def similarity_to_token(feature: Tensor | np.ndarray, nx: float, ny: float) -> Float[np.ndarray, "height width"]:
    """Cosine similarity, -1..1, of every token to the one at a place (nx, ny), after the map's mean is taken away.

    Needs no basis. Without the mean taken away nearly all tokens would look alike.
    """
    features = feature_array(feature)
    centred = features - features.mean(axis=(1, 2), keepdims=True)
    length = np.linalg.norm(centred, axis=0)
    direction = centred / np.maximum(length, np.finfo(np.float32).tiny)
    row, column = token_at(nx, ny, (features.shape[1], features.shape[2]))
    return np.einsum("c,chw->hw", direction[:, row, column], direction).clip(-1, 1)


def feature_array(feature: Tensor | np.ndarray) -> Features:
    """A feature map (channels, height, width) as float32; of a batch the first image."""
    array = feature.detach().float().cpu().numpy() if isinstance(feature, Tensor) else np.asarray(feature, np.float32)
    return array[0] if array.ndim == 4 else array


def _shared_scores(features: list[Features]) -> tuple[list[Scores], float]:
    """Scores of every map on the principal directions of all, and the share of variance these explain."""
    centred = [entry.reshape(len(entry), -1).T.astype(np.float64) for entry in features]
    centred = [tokens - tokens.mean(axis=0) for tokens in centred]
    # Every map counts the same, however many tokens it has.
    covariance = sum(tokens.T @ tokens / len(tokens) for tokens in centred)
    variances, directions = np.linalg.eigh(np.asarray(covariance))
    components = min(COMPONENTS, len(variances))
    basis = fix_signs(directions[:, ::-1][:, :components])
    total = float(variances.sum())
    explained = float(variances[::-1][:components].sum() / total) if total > 0 else 1.0
    scores = []
    for tokens, entry in zip(centred, features, strict=True):
        padded = np.zeros((len(tokens), COMPONENTS))
        padded[:, :components] = tokens @ basis
        scores.append(padded.reshape(*entry.shape[1:], COMPONENTS))
    return scores, explained


def fix_signs(basis: Float[np.ndarray, "channels components"]) -> Float[np.ndarray, "channels components"]:
    """An eigenvector and its negative are equally right: take the one whose largest loading is positive."""
    largest = np.abs(basis).argmax(axis=0)
    return basis * np.where(basis[largest, np.arange(basis.shape[1])] < 0, -1.0, 1.0)


def _to_colours(scores: list[Scores]) -> list[UInt8[np.ndarray, "_ _ 3"]]:
    """Each component from its first to its last percentile over all maps together, as red, green and blue."""
    tokens = np.concatenate([entry.reshape(-1, COMPONENTS) for entry in scores])
    low, high = np.percentile(tokens, (1, 99), axis=0)
    constant = high - low < 1e-12
    span = np.where(constant, 1, high - low)
    levels = [np.where(constant, 0.5, (entry - low) / span) for entry in scores]
    return [(np.clip(level, 0, 1) * 255).round().astype(np.uint8) for level in levels]

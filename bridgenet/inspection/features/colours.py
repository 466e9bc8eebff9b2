"""Whether the colours of two feature maps can be compared: do tokens that look alike hold alike features?"""

import numpy as np
import scipy
from jaxtyping import Float, UInt8
from torch import Tensor

from bridgenet.inspection.features.similarity import AnyMap


def colour_agreement(
    one: AnyMap,
    other: AnyMap,
    picture_one: UInt8[np.ndarray, "_ _ 3"],
    picture_other: UInt8[np.ndarray, "_ _ 3"],
    pairs: int = 1000,
    seed: int = 0,
) -> float:
    """Spearman's rank correlation, -1..1, of likeness in colour and likeness in features, from one map to another.

    For the notebooks.

    The larger, the more alike are tokens that look alike; 1 is out of reach, as colours also tell how strong a feature
    is, and the likeness of features (their cosine, after each map's mean is taken away) does not. Around 0: colours
    tell nothing from map to map. Below 0 they mislead: what looks alike is unlike. Not a number if all pairs are
    equally far apart in colour, as in pictures of a single colour.

    Args:
        one: A feature map (channels, height, width), or a batch (1, channels, height, width).
        other: A map of the same width, whose channels mean the same, such as the feature after a residual layer.
        picture_one: Colours of the tokens of the first map.
        picture_other: Colours of the tokens of the other.
        pairs: Number of pairs of tokens, one of each map, at places drawn at random.
        seed: Of the places.

    Raises:
        ValueError: The maps differ in width, or a picture does not have a pixel per token.
    """
    tokens = [_directions(feature) for feature in (one, other)]
    colours = [picture.reshape(-1, 3).astype(float) for picture in (picture_one, picture_other)]
    if tokens[0].shape[1] != tokens[1].shape[1]:
        widths = f"{tokens[0].shape[1]} and {tokens[1].shape[1]}"
        raise ValueError(f"Features of {widths} channels cannot be compared channel by channel. Compare them by CKA.")
    for feature, picture in zip(tokens, colours, strict=True):
        if len(feature) != len(picture):
            raise ValueError(f"A picture needs one pixel per token: {len(feature)} tokens, {len(picture)} pixels.")
    chance = np.random.default_rng(seed)
    places = [chance.integers(len(feature), size=pairs) for feature in tokens]
    first, second = (feature[place] for feature, place in zip(tokens, places, strict=True))
    seen, also_seen = (picture[place] for picture, place in zip(colours, places, strict=True))
    distance = np.linalg.norm(seen - also_seen, axis=1)
    if np.ptp(distance) == 0:
        return float("nan")
    return float(-np.asarray(scipy.stats.spearmanr((first * second).sum(axis=1), distance))[0])


def _directions(feature: AnyMap) -> Float[np.ndarray, "tokens _"]:
    """Unit vectors, one row per token, after the map's mean is taken away."""
    array = feature.detach().float().cpu().numpy() if isinstance(feature, Tensor) else np.asarray(feature)
    array = array[0] if array.ndim == 4 else array
    tokens = array.reshape(len(array), -1).T.astype(float)
    tokens = tokens - tokens.mean(axis=0)
    return tokens / np.maximum(np.linalg.norm(tokens, axis=1, keepdims=True), 1e-12)

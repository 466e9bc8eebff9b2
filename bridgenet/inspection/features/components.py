"""What tokens of a feature map are: their principal components, their length, their likeness to one of them.

The components of two maps can be compared only if both use one basis. Here is one for maps of one image, and in
`basis.py` one that stays the same from image to image. Each map is centred by its own mean (with a common mean the
first component would merely tell the maps apart), and all share the directions. Signs are fixed, so the same features
give the same components in every run.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import orthogonal_procrustes
from skimage.transform import resize
from torch import Tensor

from bridgenet.inspection.places import token_at

Features = Float[np.ndarray, "_ _ _"]

Scores = Float[np.ndarray, "_ _ 3"]

COMPONENTS = 3


def feature_array(feature: Tensor | np.ndarray) -> Features:
    """A feature map (channels, height, width) as float32; of a batch the first image."""
    array = feature.detach().float().cpu().numpy() if isinstance(feature, Tensor) else np.asarray(feature, np.float32)
    return array[0] if array.ndim == 4 else array


def shared_scores(features: list[Features]) -> tuple[list[Scores], float]:
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


def aligned_scores(feature: Features, reference: Features) -> tuple[Scores, float]:
    """Scores of a map on its own principal directions, rotated so that they agree best with those of a reference.

    For maps of different widths, which cannot share a basis.

    Args:
        feature: The map.
        reference: A map of any width and size of the same image.

    Returns:
        The scores, and the share of the map's variance that its three components explain.
    """
    (scores,), explained = shared_scores([feature])
    (wanted,), _ = shared_scores([reference])
    wanted = np.asarray(resize(wanted, scores.shape, order=1, anti_aliasing=False))
    flat, target = scores.reshape(-1, COMPONENTS), wanted.reshape(-1, COMPONENTS)
    rotation, _ = orthogonal_procrustes(flat, target)
    return (flat @ np.asarray(rotation)).reshape(scores.shape), explained


def fix_signs(basis: Float[np.ndarray, "channels components"]) -> Float[np.ndarray, "channels components"]:
    """An eigenvector and its negative are equally right: take the one whose largest loading is positive."""
    largest = np.abs(basis).argmax(axis=0)
    return basis * np.where(basis[largest, np.arange(basis.shape[1])] < 0, -1.0, 1.0)


def channel_norm(feature: Tensor | np.ndarray) -> Float[np.ndarray, "height width"]:
    """Length of the feature vector at every token."""
    return np.linalg.norm(feature_array(feature), axis=0)


def similarity_to_token(feature: Tensor | np.ndarray, nx: float, ny: float) -> Float[np.ndarray, "height width"]:
    """Cosine similarity, -1..1, of every token to the one at a place (nx, ny), after the map's mean is taken away.

    Needs no basis. Without the mean taken away nearly all tokens would look alike.
    """
    direction = _directions(feature)
    row, column = token_at(nx, ny, (direction.shape[1], direction.shape[2]))
    return np.einsum("c,chw->hw", direction[:, row, column], direction).clip(-1, 1)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike the tokens of one feature map are to a token of another.

    Attributes:
        values: Cosine similarity, -1..1, of every token.
        chance: What the most alike token reaches by chance: one in twenty tokens with the same numbers in shuffled
            channels finds one that is more alike.
    """

    values: Float[np.ndarray, "height width"]
    chance: float

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the token that is most alike."""
        row, column = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return int(row), int(column)

    @property
    def above_chance(self) -> bool:
        """Whether the most alike token is more alike than by chance."""
        return float(self.values.max()) > self.chance


def similarity_across(
    feature: Tensor | np.ndarray, other: Tensor | np.ndarray, nx: float, ny: float, *, draws: int = 100
) -> Likeness:
    """Cosine similarity of the token of one map at a place (nx, ny) to every token of another task's or photo's map.

    From each map its own mean is taken away. That channels of the same number mean the same in both is an assumption,
    which `Likeness.chance` puts to the test.

    Args:
        feature: (channels, height, width), perhaps of a batch of one.
        other: (channels, any height, any width) likewise.
        nx: Fraction of the width.
        ny: Fraction of the height.
        draws: How often the channels are shuffled.

    Raises:
        ValueError: The maps have not the same number of channels.
    """
    here, there = _directions(feature), _directions(other)
    if len(here) != len(there):
        raise ValueError(f"A token of {len(here)} channels cannot be compared with tokens of {len(there)}.")
    row, column = token_at(nx, ny, (here.shape[1], here.shape[2]))
    token, tokens = here[:, row, column], there.reshape(len(there), -1)
    generator = np.random.default_rng(0)
    shuffled = np.stack([generator.permutation(token) for _ in range(draws)])
    chance = float(np.quantile((shuffled @ tokens).max(axis=1), 0.95))
    return Likeness(np.einsum("c,chw->hw", token, there).clip(-1, 1), chance)


def _directions(feature: Tensor | np.ndarray) -> Float[np.ndarray, "channels height width"]:
    """Tokens of length one, after the map's mean is taken away."""
    features = feature_array(feature)
    centred = features - features.mean(axis=(1, 2), keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=0), np.finfo(np.float32).tiny)

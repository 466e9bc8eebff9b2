import numpy as np
import pytest

from bridgenet.inspection import similarity_to_token
from bridgenet.inspection.features.components import channel_norm


def test_norm_is_the_length_of_each_token() -> None:
    feature = np.zeros((2, 3, 4), np.float32)
    feature[:, 1, 2] = (3, 4)
    norm = channel_norm(feature)
    assert norm[1, 2] == 5 and norm.sum() == 5


def test_a_token_is_most_like_itself_and_opposite_to_its_mirror() -> None:
    feature = np.random.default_rng(0).normal(size=(12, 9, 11)).astype(np.float32)
    similarity = similarity_to_token(feature, 0.5, 0.5)
    assert similarity[4, 5] == pytest.approx(1, abs=1e-5) and similarity.max() <= 1
    two = np.stack([np.tile([-1.0, 1.0], (4, 1)), np.zeros((4, 2))])
    np.testing.assert_allclose(similarity_to_token(two, 0.1, 0.5), np.tile([1.0, -1.0], (4, 1)))

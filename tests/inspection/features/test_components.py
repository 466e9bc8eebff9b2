import numpy as np
import pytest

from bridgenet.inspection import similarity_to_token
from bridgenet.inspection.features.components import channel_norm, similarity_across


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


def test_a_token_is_found_in_another_map_and_chance_is_what_shuffled_channels_reach() -> None:
    feature = np.random.default_rng(0).normal(size=(64, 9, 11)).astype(np.float32)
    np.testing.assert_array_equal(
        similarity_across(feature, feature, 0.5, 0.5).values, similarity_to_token(feature, 0.5, 0.5)
    )
    # The same scene, three tokens to the right and one down, and twice as strong.
    moved = similarity_across(feature, 2 * np.roll(feature, (1, 3), axis=(1, 2)) + 5, 0.5, 0.5)
    assert moved.best == (5, 8) and moved.above_chance and moved.values[5, 8] == pytest.approx(1, abs=1e-5)
    strange = similarity_across(feature, feature[::-1], 0.5, 0.5)
    assert not strange.above_chance and 0 < strange.chance < 1


def test_of_maps_that_have_nothing_to_do_with_each_other_one_in_twenty_is_above_chance() -> None:
    generator = np.random.default_rng(1)
    maps = [generator.normal(size=(2, 16, 6, 6)).astype(np.float32) for _ in range(300)]
    share = np.mean([similarity_across(one, other, 0.5, 0.5).above_chance for one, other in maps])
    assert share == pytest.approx(0.05, abs=0.035)


def test_tokens_of_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="12 channels cannot be compared with tokens of 8"):
        similarity_across(np.ones((12, 3, 3), np.float32), np.ones((8, 3, 3), np.float32), 0.5, 0.5)

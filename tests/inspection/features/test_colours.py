import numpy as np
import pytest
import torch

from bridgenet.inspection import colour_agreement

GRID = (12, 16)


def three_channels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, *GRID))


def painted(feature: np.ndarray) -> np.ndarray:
    """The three channels as red, green and blue, on one scale for all maps."""
    return np.clip(feature.transpose(1, 2, 0) * 32 + 128, 0, 255).astype(np.uint8)


def test_colours_that_are_the_feature_agree_with_it_from_map_to_map() -> None:
    one, other = three_channels(0), three_channels(1)
    assert colour_agreement(one, other, painted(one), painted(other)) > 0.6


def test_colours_that_are_inverted_in_one_of_two_maps_mislead() -> None:
    one, other = three_channels(0), three_channels(1)
    assert colour_agreement(one, other, painted(one), painted(-other)) < -0.5


def test_colours_of_something_else_tell_nothing() -> None:
    one, other = three_channels(0), three_channels(1)
    assert abs(colour_agreement(one, other, painted(three_channels(2)), painted(three_channels(3)))) < 0.15


def test_agreement_does_not_depend_on_the_strength_or_the_mean_of_a_map() -> None:
    one, other = three_channels(0), three_channels(1)
    pictures = painted(one), painted(other)
    assert colour_agreement(one * 100 + 7, other, *pictures) == pytest.approx(colour_agreement(one, other, *pictures))


def test_a_batch_of_one_tensor_counts_as_a_map_and_grids_may_differ() -> None:
    one, other = three_channels(0), three_channels(1)[:, :6]
    batch = torch.from_numpy(one)[None]
    expected = colour_agreement(one, other, painted(one), painted(other))
    assert colour_agreement(batch, other, painted(one), painted(other)) == pytest.approx(expected, abs=1e-3)


def test_a_picture_of_one_colour_ranks_nothing() -> None:
    flat = np.full((*GRID, 3), 90, np.uint8)
    assert np.isnan(colour_agreement(three_channels(0), three_channels(1), flat, flat))


def test_maps_of_different_width_are_refused_with_what_to_do_instead() -> None:
    one, other = three_channels(0), three_channels(1)[:2]
    with pytest.raises(ValueError, match=r"3 and 2 channels .* by CKA"):
        colour_agreement(one, other, painted(one), painted(one))


def test_a_picture_of_another_size_is_refused() -> None:
    one = three_channels(0)
    with pytest.raises(ValueError, match="192 tokens, 96 pixels"):
        colour_agreement(one, one, painted(one), painted(one)[:6])

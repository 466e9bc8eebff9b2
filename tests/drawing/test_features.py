import numpy as np
import pytest
import torch

from bridgenet.drawing import channel_map, colour_signed, pca_rgb, pca_rgb_aligned


def _map(seed: int = 0, channels: int = 12, size: tuple[int, int] = (9, 11)) -> np.ndarray:
    """A feature map whose variance falls from direction to direction."""
    generator = np.random.default_rng(seed)
    strength = 0.6 ** np.arange(channels)
    scores = generator.normal(size=(*size, channels)) * strength
    basis, _ = np.linalg.qr(np.random.default_rng(99).normal(size=(channels, channels)))
    return (scores @ basis.T).transpose(2, 0, 1).astype(np.float32)


def test_equal_features_get_equal_colours_in_every_map() -> None:
    whole = _map(size=(10, 10))
    mirrored = whole[:, ::-1].copy()
    (first, second), _ = pca_rgb(whole, mirrored)
    np.testing.assert_array_equal(first[::-1], second)


def test_maps_that_differ_by_a_constant_get_equal_colours() -> None:
    (first, second), _ = pca_rgb(_map(), _map() + 50)
    assert np.abs(first.astype(int) - second).max() <= 1


def test_limits_are_shared_so_a_faint_map_looks_faint() -> None:
    (strong, faint), _ = pca_rgb(_map(), 0.1 * _map())
    assert faint.std() < 0.3 * strong.std()


def test_explained_is_the_share_of_variance_of_three_components() -> None:
    generator = np.random.default_rng(0)
    exactly_three = np.einsum("ck,khw->chw", generator.normal(size=(8, 3)), generator.normal(size=(3, 7, 7)))
    assert pca_rgb(exactly_three).explained == pytest.approx(1)
    tokens = _map().reshape(12, -1).T.astype(np.float64)
    values = np.linalg.svd(tokens - tokens.mean(0), compute_uv=False) ** 2
    assert pca_rgb(_map()).explained == pytest.approx(values[:3].sum() / values.sum(), rel=1e-6)


def test_colours_do_not_depend_on_the_sign_of_an_eigenvector() -> None:
    picture, again = pca_rgb(_map()).pictures[0], pca_rgb(_map()).pictures[0]
    np.testing.assert_array_equal(picture, again)
    # A mirrored channel order permutes the loadings but leaves the largest one positive.
    permuted = pca_rgb(_map()[::-1].copy()).pictures[0]
    assert np.abs(picture.astype(int) - permuted).max() <= 1


def test_tensors_of_a_batch_and_maps_of_other_sizes_are_taken() -> None:
    batch = torch.from_numpy(_map())[None].requires_grad_()
    (first, second), _ = pca_rgb(batch, _map(1, size=(4, 5)))
    assert first.shape == (9, 11, 3) and second.shape == (4, 5, 3) and first.dtype == np.uint8
    assert batch.grad is None


@pytest.mark.filterwarnings("error")
def test_constant_and_narrow_maps_are_coloured_without_division_by_zero() -> None:
    (constant,), explained = pca_rgb(np.ones((5, 4, 4)))
    assert len(np.unique(constant)) == 1 and explained == 1
    assert pca_rgb(_map(channels=2)).pictures[0].shape == (9, 11, 3)


def test_maps_of_different_width_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"12, 20.*pca_rgb_aligned"):
        pca_rgb(_map(), _map(channels=20))


def test_a_map_of_another_width_is_turned_to_the_colours_of_the_reference() -> None:
    reference = _map(size=(12, 12))
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(30, 12)))
    same_content = np.einsum("dc,chw->dhw", turn, reference)
    wanted = pca_rgb(reference).pictures[0].astype(int)
    aligned = pca_rgb_aligned(same_content, reference).pictures[0].astype(int)
    assert np.abs(aligned - wanted).max() <= 2


def test_a_channel_of_both_signs_is_drawn_around_zero_and_another_from_its_own_limits() -> None:
    feature = np.zeros((2, 10, 10))
    feature[0, 0], feature[0, 1] = -4, 2
    feature[1] = np.arange(100).reshape(10, 10)
    both = channel_map(feature, 0)
    assert both.signed and both.limits == (-4, 4)
    np.testing.assert_array_equal(both.picture, colour_signed(feature[0], 4.0))
    one_sided = channel_map(torch.from_numpy(feature)[None], 1)
    assert not one_sided.signed and one_sided.limits == pytest.approx(np.percentile(feature[1], (1, 99)))
    np.testing.assert_array_equal(one_sided.values, feature[1])
    shared = channel_map(feature, 1, limits=(0.0, 200.0), signed=False)
    assert shared.limits == (0, 200) and shared.picture.mean() < one_sided.picture.mean()


def test_a_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(IndexError, match="no channel 12: the feature has 12"):
        channel_map(_map(), 12)

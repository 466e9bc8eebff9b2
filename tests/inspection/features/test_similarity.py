import numpy as np
import pytest
import torch

from bridgenet.inspection.features.similarity import (
    LevelContent,
    cka_matrix,
    effective_rank,
    level_content,
    linear_cka,
    radial_spectrum,
    spectral_centroid,
)

GRID = (24, 32)


def noise(seed: int, channels: int = 20, size: tuple[int, int] = GRID) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(channels, *size))


def rotation(channels: int, seed: int = 5) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(channels, channels)))[0]


def stripes(waves: int, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    """Half waves of a cosine from left to right, one channel."""
    phase = np.pi * waves * (np.arange(size[1]) + 0.5) / size[1]
    return np.broadcast_to(np.cos(phase), (1, *size)).copy()


@pytest.mark.parametrize("debiased", [True, False])
def test_a_map_is_like_itself_however_it_is_turned_scaled_or_shifted(debiased: bool) -> None:
    feature = noise(0)
    turned = np.einsum("dc,chw->dhw", rotation(20), feature) * 7 + np.arange(20)[:, None, None]
    assert linear_cka(feature, feature, debiased=debiased) == pytest.approx(1, abs=1e-6)
    assert linear_cka(feature, turned, debiased=debiased) == pytest.approx(1, abs=1e-5)


def test_unrelated_maps_are_unlike_even_where_the_plain_estimate_is_misled_by_their_width() -> None:
    wide, other = noise(1, 200, (10, 10)), noise(2, 200, (10, 10))
    assert linear_cka(wide, other, debiased=False) > 0.5
    assert abs(linear_cka(wide, other)) < 0.05


@pytest.mark.parametrize("debiased", [True, False])
def test_the_closed_form_agrees_with_the_kernels_written_out(debiased: bool) -> None:
    one, other = noise(3, 5, (4, 6)), noise(4, 7, (4, 6))
    other[:3] += one[:3]
    kernels = []
    for feature in (one, other):
        tokens = feature.reshape(len(feature), -1).T
        tokens = tokens - tokens.mean(0)
        kernels.append(tokens @ tokens.T)
    n = len(kernels[0])

    def plain(first: np.ndarray, second: np.ndarray) -> float:
        return np.trace(first @ second)

    def unbiased(first: np.ndarray, second: np.ndarray) -> float:
        first, second = first - np.diag(np.diag(first)), second - np.diag(np.diag(second))
        product = first.sum() * second.sum() / ((n - 1) * (n - 2))
        return np.trace(first @ second) + product - 2 / (n - 2) * (first @ second).sum()

    hsic = unbiased if debiased else plain
    expected = hsic(*kernels) / np.sqrt(hsic(kernels[0], kernels[0]) * hsic(kernels[1], kernels[1]))
    assert linear_cka(one, other, debiased=debiased) == pytest.approx(expected, rel=1e-5)


def test_a_map_on_a_finer_grid_is_compared_on_the_coarser_one() -> None:
    coarse = torch.from_numpy(noise(6, 8, (12, 16))).float()[None]
    fine = coarse.repeat_interleave(2, -2).repeat_interleave(2, -1)
    assert linear_cka(coarse, fine) == pytest.approx(1, abs=1e-5)
    assert linear_cka(fine, coarse) == pytest.approx(linear_cka(coarse, fine))


def test_the_matrix_holds_the_pairs() -> None:
    maps = {"a": noise(0), "b": noise(0) + noise(1), "c": noise(2, 9, (12, 16))}
    matrix = cka_matrix(maps)
    np.testing.assert_allclose(np.diag(matrix), 1)
    np.testing.assert_allclose(matrix, matrix.T)
    assert matrix[0, 1] == pytest.approx(linear_cka(maps["a"], maps["b"]))
    assert matrix[1, 2] == pytest.approx(linear_cka(maps["c"], maps["b"]))


def test_a_constant_map_is_like_nothing_and_has_no_direction() -> None:
    constant = np.ones((5, *GRID))
    assert linear_cka(constant, noise(0)) == 0
    assert effective_rank(constant) == 0
    assert radial_spectrum(constant).energy.sum() == 0


def test_too_few_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="at least four tokens, the common grid has 3"):
        linear_cka(noise(0, 4, (1, 3)), noise(1, 4, (8, 8)))


@pytest.mark.parametrize("directions", [1, 3, 7])
def test_equally_strong_directions_are_counted(directions: int) -> None:
    tokens = np.linalg.qr(np.random.default_rng(0).normal(size=(GRID[0] * GRID[1], directions + 1)))[0]
    tokens = np.linalg.qr(tokens - tokens.mean(0))[0][:, :directions]
    feature = (tokens @ rotation(12)[:directions]).T.reshape(12, *GRID)
    assert effective_rank(feature) == pytest.approx(directions, rel=1e-4)


def test_a_weak_direction_counts_little() -> None:
    tokens = noise(0, 2).reshape(2, -1)
    tokens[1] *= 0.1
    assert 1 < effective_rank(tokens.reshape(2, *GRID)) < 1.2


@pytest.mark.parametrize("waves", [1, 9, 16, 31])
def test_a_cosine_lands_in_its_ring(waves: int) -> None:
    spectrum = radial_spectrum(stripes(waves))
    frequency = waves / 64
    (ring,) = np.flatnonzero(spectrum.energy > 1e-6)
    assert abs(spectrum.frequency[ring] - frequency) <= 0.5 / 16 / 2 + 1e-9
    assert spectrum.energy[ring] == pytest.approx(1, abs=1e-6)
    assert spectrum.centroid == pytest.approx(frequency, abs=1e-6)


def test_energy_is_shared_by_amplitude_squared_and_sums_to_one_over_all_channels() -> None:
    feature = np.concatenate([2 * stripes(2), stripes(30)])
    turned = np.einsum("dc,chw->dhw", rotation(2), feature) * 3 + 5
    spectrum = radial_spectrum(turned, bins=2)
    np.testing.assert_allclose(spectrum.energy, [0.8, 0.2], atol=1e-6)
    assert spectral_centroid(turned) == pytest.approx((0.8 * 2 + 0.2 * 30) / 64, abs=1e-6)
    assert radial_spectrum(noise(0)).energy.sum() == pytest.approx(1)


def test_a_ramp_has_no_false_edge_at_the_border() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 32), (1, 32, 32)).copy()
    assert radial_spectrum(ramp, bins=2).energy[1] < 1e-3


def test_a_coarse_grid_has_fewer_rings() -> None:
    assert len(radial_spectrum(noise(0, 3, (8, 10))).energy) == 8
    assert len(radial_spectrum(noise(0, 3, (40, 50))).energy) == 16


def test_a_bridge_of_both_levels_carries_both_and_a_copy_of_one_level_does_not() -> None:
    low, high = noise(1, 6), noise(2, 6)
    both = np.einsum("dc,chw->dhw", rotation(12), np.concatenate([low, high]))
    content = level_content(both, low, high)
    assert content.low_from_bridge > 0.99 and content.high_from_bridge > 0.99
    assert content.low_from_high < 0.05 and content.high_from_low < 0.05
    assert content.carries_both
    copy = level_content(3 * low, low, high)
    assert copy.low_from_bridge > 0.99 and copy.high_from_bridge == pytest.approx(copy.high_from_low, abs=1e-6)
    assert not copy.carries_both


def test_what_is_told_worse_than_by_a_constant_is_no_lead() -> None:
    assert not LevelContent(-0.2, -0.9, 0.5, 0.1).carries_both
    assert LevelContent(-0.2, -0.9, 0.5, 0.1).leads == pytest.approx((0.0, 0.4))


def test_a_wide_map_of_noise_reads_nothing_because_it_is_judged_elsewhere() -> None:
    wide = noise(7, 400)
    assert level_content(wide, noise(1, 6), noise(2, 6)).low_from_bridge < 0.1

import numpy as np
import pytest
import torch
from toys import lively, pictures

from bridgenet.inspection import InteractionMatrix, attention_shares, half_agreement, interaction_matrix, rank_interval

pytestmark = pytest.mark.slow

TASKS = ("semseg", "depth", "normals", "edge")


def matrix_of(samples: np.ndarray, attention: np.ndarray) -> InteractionMatrix:
    """A matrix with these effects and this attention (image, source, target), against a control of 1."""
    images, tasks = samples.shape[:2]
    return InteractionMatrix(
        tasks=TASKS[:tasks],
        effect=samples.mean(axis=0),
        control=np.ones(tasks),
        units={},
        interval=np.zeros((tasks, tasks)),
        control_interval=np.zeros(tasks),
        samples=samples,
        control_samples=np.ones((images, tasks)),
        images=images,
        attention=attention.mean(axis=0),
        attention_samples=attention,
        rank_correlation=float("nan"),
        removal="mask",
        places=("bfe",),
        norm="held",
    )


def random_matrix(seed: int, images: int = 8, noise: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.random((4, 4)) + noise * generator.random((images, 4, 4))


def test_attention_that_ranks_as_the_effects_do_is_correlated_in_every_draw() -> None:
    effects = random_matrix(0)
    interval = rank_interval(matrix_of(effects, effects**2))
    assert interval.value == interval.low == interval.high == pytest.approx(1)
    assert len(interval.samples) == 1000 and not interval.includes_zero
    assert rank_interval(matrix_of(effects, -effects)).value == pytest.approx(-1)


def test_noisy_pictures_widen_the_interval_and_the_value_lies_within() -> None:
    attention = random_matrix(1)
    widths = []
    for noise in (0.1, 1.0, 5.0):
        interval = rank_interval(matrix_of(random_matrix(1, noise=noise), attention), draws=200)
        assert -1 <= interval.low <= interval.value <= interval.high <= 1
        widths.append(interval.high - interval.low)
    assert widths[0] < widths[1] < widths[2]


def test_effects_that_know_nothing_of_attention_leave_zero_open() -> None:
    assert rank_interval(matrix_of(random_matrix(2, noise=4.0), random_matrix(3)), draws=200).includes_zero


def test_attention_is_drawn_with_its_pictures() -> None:
    """Two kinds of picture: each alone ranks as its attention does, which only draws of pairs can see."""
    effects, attention = random_matrix(4, noise=1.0), random_matrix(5, noise=1.0)
    drawn = rank_interval(matrix_of(effects, attention), draws=100)
    held = rank_interval(matrix_of(effects, np.repeat(attention.mean(axis=0)[None], 8, axis=0)), draws=100)
    assert drawn.value == pytest.approx(held.value)
    assert not np.allclose(drawn.samples, held.samples)


def test_the_draws_are_fixed_by_the_seed() -> None:
    matrix = matrix_of(random_matrix(6, noise=2.0), random_matrix(7))
    first, again, other = (rank_interval(matrix, draws=50, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.samples, again.samples) and not np.array_equal(first.samples, other.samples)


def test_two_cuts_are_compared_by_their_strengths() -> None:
    effects = random_matrix(8, noise=1.0)
    one, other = matrix_of(effects, effects), matrix_of(3 * effects, -effects)
    assert rank_interval(one, other, draws=100).low == pytest.approx(1)
    assert rank_interval(one, matrix_of(1 / effects.mean(axis=0)[None].repeat(8, 0), effects)).value == pytest.approx(
        -1
    )


def test_the_own_tokens_of_a_task_do_not_count() -> None:
    effects = random_matrix(9)
    attention = effects.copy()
    attention[:, np.arange(4), np.arange(4)] = 100 * np.arange(4)
    assert rank_interval(matrix_of(effects, attention)).value == pytest.approx(1)


def test_halves_agree_fully_without_noise_and_little_when_all_is_noise() -> None:
    attention = random_matrix(10)
    still = half_agreement(matrix_of(random_matrix(11), attention))
    assert still.value == still.low == still.high == pytest.approx(1)
    noise = half_agreement(matrix_of(np.random.default_rng(12).random((8, 4, 4)), attention))
    assert abs(noise.value) < 0.5 and noise.includes_zero


def test_what_cannot_be_ranked_has_no_correlation() -> None:
    effects = random_matrix(13)
    two = rank_interval(matrix_of(effects[:, :2, :2], effects[:, :2, :2]), draws=5)
    assert np.isnan([two.value, two.low, two.high]).all() and two.includes_zero
    assert np.isnan(half_agreement(matrix_of(np.ones((4, 4, 4)), effects[:4]), draws=5).value)


def test_one_picture_no_draws_and_other_pictures_are_refused() -> None:
    effects = random_matrix(14)
    matrix = matrix_of(effects, effects)
    with pytest.raises(ValueError, match="two pictures or more"):
        rank_interval(matrix_of(effects[:1], effects[:1]))
    with pytest.raises(ValueError, match="two pictures or more"):
        half_agreement(matrix_of(effects[:1], effects[:1]))
    with pytest.raises(ValueError, match="at least one draw"):
        rank_interval(matrix, draws=0)
    with pytest.raises(ValueError, match="same pictures"):
        rank_interval(matrix, matrix_of(effects[:5], effects[:5]))


def test_a_measured_matrix_keeps_the_attention_of_every_image() -> None:
    model, images = lively(), pictures(3)
    matrix = interaction_matrix(model, images, draws=1)
    assert matrix.attention_samples.shape == (3, 3, 3)
    assert np.allclose(matrix.attention_samples.mean(axis=0), matrix.attention)
    with torch.inference_mode():
        second = attention_shares(model, model(images[1:2]))
    assert np.allclose(matrix.attention_samples[1], second)
    interval = rank_interval(matrix, draws=20)
    assert interval.value == pytest.approx(matrix.rank_correlation)

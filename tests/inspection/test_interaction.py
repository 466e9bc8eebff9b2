import csv
import json
from io import StringIO

import numpy as np
import pytest
import torch
from toys import depth_reads_semseg, hooks_of, lively, pictures, traced

from bridgenet.inspection import attention_shares, cut_trace, difference_map, effect_of, interaction_matrix, replace
from bridgenet.inspection.interaction import half_width, rank_correlation, strength_of

OFF_DIAGONAL = ~np.eye(3, dtype=bool)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"tpp": False}, {"bfe": False}])
@pytest.mark.parametrize("removal", ["mask", "zero", "mean", "swap"])
def test_the_matrix_shows_the_one_dependency_there_is(removal: str, changes: dict[str, bool]) -> None:
    """In TPP, a map replaced by its mean over the keys changes nothing of what a softmax sees but for rounding."""
    matrix = interaction_matrix(depth_reads_semseg(**changes), pictures(2), removal)
    assert matrix.tasks == ("semseg", "depth", "normals")
    assert matrix.effect[0, 1] > 1e-5
    others = OFF_DIAGONAL.copy()
    others[0, 1] = False
    assert (matrix.effect[others] == 0).all()
    assert matrix.control[1] > 0


def test_with_a_free_norm_the_scale_of_all_tasks_follows_the_cut() -> None:
    free = interaction_matrix(depth_reads_semseg(), pictures(1), norm="free")
    assert free.effect[0, 2] > 0


def test_the_diagonal_is_what_a_task_loses_without_its_own_tokens() -> None:
    model = depth_reads_semseg()
    assert (np.diag(interaction_matrix(model, pictures(1)).effect) == 0).all()
    assert np.diag(interaction_matrix(lively(), pictures(1)).effect)[1] > 0


def test_a_cell_equals_the_mean_of_its_difference_map() -> None:
    model = lively()
    trace, matrix = traced(model), interaction_matrix(model, pictures(1))
    cut = cut_trace(model, trace, "semseg")
    for column, (target, scale) in enumerate({"semseg": 100, "depth": 1, "normals": 1}.items()):
        change = difference_map(trace, cut, target)
        assert change.shape == (64, 96) and change.dtype == np.float32 and (change >= 0).all()
        assert matrix.effect[0, column] == pytest.approx(scale * change.mean(dtype=float), rel=1e-5)
    assert set(np.unique(difference_map(trace, cut, "semseg"))) <= {0.0, 1.0}


def test_effects_have_the_unit_of_their_task() -> None:
    matrix = interaction_matrix(lively(), pictures(1))
    assert matrix.units == {"semseg": "% of pixels", "depth": "m", "normals": "°"}
    one_of_four = torch.zeros(1, 2, 2, 2)
    one_of_four[0, 1, 0, 0] = 1
    assert effect_of("semseg", torch.zeros(1, 2, 2, 2), one_of_four) == 25
    assert effect_of("depth", torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 1.5)) == 0.5
    x, y = torch.eye(3)[:2].view(2, 1, 3, 1, 1)
    assert effect_of("normals", x, 7 * y) == pytest.approx(90)
    assert effect_of("normals", x, -x) == pytest.approx(180)
    assert effect_of("edge", torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 100.0)) == pytest.approx(0.5)
    certain = torch.tensor([-50.0, 50.0]).view(1, 2, 1, 1)
    assert effect_of("sal", torch.zeros(1, 2, 1, 1), certain) == pytest.approx(0.5)
    with pytest.raises(KeyError, match="no task 'flow'"):
        effect_of("flow", x, y)


def test_equal_normals_have_an_angle_of_exactly_zero() -> None:
    normals = torch.randn(1, 3, 20, 30)
    assert effect_of("normals", normals, normals.clone()) == 0


def test_the_control_is_positive_and_fixed_by_the_seed() -> None:
    model = lively()
    first, again, reseeded = (interaction_matrix(model, pictures(1), seed=seed) for seed in (0, 0, 1))
    assert (first.control[1:] > 0).all()
    assert np.array_equal(first.control, again.control)
    assert not np.array_equal(first.control, reseeded.control)
    assert np.array_equal(first.effect, reseeded.effect)


def test_images_may_differ_in_size_and_come_one_by_one() -> None:
    sizes = ((64, 96), (96, 64), (64, 64))
    images = [pictures(1, size)[0] for size in sizes]
    model = lively()
    matrix = interaction_matrix(model, (image for image in images), "swap")
    assert matrix.images == 3 and matrix.samples.shape == (3, 3, 3) and matrix.control_samples.shape == (3, 3)
    alone = interaction_matrix(model, images[1][None], "swap", other=images[2])
    assert alone.samples[0] == pytest.approx(matrix.samples[1])


def test_an_interval_is_the_t_interval_of_the_mean_and_shrinks_with_more_images() -> None:
    model = lively()
    one, four = interaction_matrix(model, pictures(1)), interaction_matrix(model, pictures(4))
    assert np.isnan(one.interval).all() and np.isnan(one.control_interval).all()
    expected = 3.182446 * four.samples[:, 0, 1].std(ddof=1) / 2
    assert four.interval[0, 1] == pytest.approx(expected, rel=1e-5)
    assert four.effect == pytest.approx(four.samples.mean(axis=0))
    values = np.random.default_rng(0).normal(size=200)
    assert half_width(values) < half_width(values[:20]) < half_width(values[:5])


def test_the_rank_correlation_equals_the_one_computed_by_hand() -> None:
    """Ranks 1 3 2 4 5 6 against 1 2 3 4 6 5: 1 - 6 * (1 + 1 + 1 + 1) / (6 * 35)."""
    strength, attention = np.full((3, 3), 99.0), np.zeros((3, 3))
    strength[OFF_DIAGONAL] = [0.1, 0.3, 0.2, 0.4, 0.5, 0.6]
    attention[OFF_DIAGONAL] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.5]
    assert rank_correlation(strength, attention) == pytest.approx(1 - 24 / 210)
    assert np.isnan(rank_correlation(strength[:2, :2], attention[:2, :2]))
    assert np.isnan(rank_correlation(strength, np.full((3, 3), 1 / 3)))


def test_strength_is_effect_over_control_and_says_where_there_is_none() -> None:
    strength = strength_of(np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([0.0, 2.0]))
    assert strength[0, 0] == np.inf and np.isnan(strength[1, 0]) and strength[:, 1].tolist() == [1, 1.5]


def test_attention_columns_sum_to_one() -> None:
    model = lively(refiner_blocks=(1, 1), token_reduction=(2, 4))
    trace = traced(model)
    bridge, patterns = (attention_shares(model, trace, (place,)) for place in ("bfe", "tpp"))
    for shares in (bridge, patterns, attention_shares(model, trace)):
        assert shares.sum(axis=0) == pytest.approx(np.ones(3)) and (shares >= 0).all()
    assert attention_shares(model, trace) == pytest.approx((bridge + patterns) / 2)


def test_attention_names_the_task_that_is_read() -> None:
    model = depth_reads_semseg()
    trace = traced(model)
    assert attention_shares(model, trace, ("bfe",))[0] == pytest.approx(np.ones(3))
    patterns = attention_shares(model, trace, ("tpp",))
    assert patterns[:, 2].tolist() == [0, 0, 1] and patterns[:, 0].tolist() == [1, 0, 0]
    assert patterns[2, 1] == 0 and 0 < patterns[0, 1] < 1


def test_stages_count_as_much_as_they_refine() -> None:
    model = lively(refiner_blocks=(1, 1), token_reduction=(2, 4), tpp=False)
    expand = model.stages[1].refiners["depth"].blocks[0].correction.expand
    with torch.no_grad():
        expand.weight.zero_()
        expand.bias.zero_()
    trace = traced(model)
    first = trace["stages.0.attention"].mean(dim=(0, 1, 2)).view(3, -1).sum(dim=1)
    second = trace["stages.1.attention"].mean(dim=(0, 1, 2)).view(3, -1).sum(dim=1)
    assert attention_shares(model, trace, ("bfe",))[:, 1] == pytest.approx(first.numpy())
    assert attention_shares(model, trace, ("bfe",))[:, 0] != pytest.approx(first.numpy())
    assert not torch.allclose(first, second)


def test_progress_counts_every_pass() -> None:
    steps: list[tuple[int, int]] = []
    interaction_matrix(lively(), pictures(2), draws=1, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 10) for done in range(1, 11)]


class CancelledError(Exception):
    """The user has had enough."""


@pytest.mark.parametrize("step", [1, 2, 5])
def test_cancelling_leaves_the_model_as_it_was(step: int) -> None:
    model = lively().train()
    model.heads["depth"].eval()
    modes = [module.training for module in model.modules()]

    def cancel(done: int, total: int) -> None:
        if done == step:
            raise CancelledError

    with pytest.raises(CancelledError):
        interaction_matrix(model, pictures(1), progress=cancel)
    with replace(model, "heads.depth", lambda output: 1 / 0), pytest.raises(ZeroDivisionError):
        interaction_matrix(model, pictures(1))
    assert hooks_of(model) == 0
    assert [module.training for module in model.modules()] == modes
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_two_tasks_have_a_matrix_but_no_rank_order() -> None:
    matrix = interaction_matrix(lively(tasks={"depth": 1, "edge": 1}), pictures(1))
    assert (matrix.effect > 0).all() and np.isnan(matrix.rank_correlation)
    assert matrix.units["edge"] == "probability"


def test_it_goes_to_json_and_to_a_table() -> None:
    matrix = interaction_matrix(lively(), pictures(1), places=("bfe",))
    told = json.loads(json.dumps(matrix.to_dict(), allow_nan=False))
    assert told["effect"] == matrix.effect.tolist()
    assert told["interval"][0][0] is None and told["places"] == ["bfe"] and told["removal"] == "mask"
    rows = list(csv.DictReader(StringIO(matrix.to_csv())))
    assert len(rows) == 9
    assert (rows[1]["source"], rows[1]["target"], rows[1]["unit"]) == ("semseg", "depth", "m")
    assert float(rows[1]["effect"]) == matrix.effect[0, 1]
    assert float(rows[1]["strength"]) == matrix.strength[0, 1]


def test_a_wrong_request_says_what_to_do() -> None:
    model = lively()
    for message, images, arguments in (
        ("at least one image", [], {}),
        ("not torch.uint8", torch.zeros(1, 3, 64, 96, dtype=torch.uint8), {}),
        ("divide by 255", 255 * pictures(1), {}),
        ("Possible: mask, zero, mean, swap", pictures(1), {"removal": "remove"}),
        ("give `other`, or more than one image", pictures(1), {"removal": "swap"}),
        ("random draws, or of none", pictures(1), {"draws": -1}),
    ):
        with pytest.raises(ValueError, match=message):
            interaction_matrix(model, images, **arguments)
    with pytest.raises(ValueError, match="its tasks meet nowhere"):
        interaction_matrix(lively(tpp=False, bfe=False), pictures(1))
    with pytest.raises(ValueError, match=r"One task alone \(depth\)"):
        interaction_matrix(lively(tasks={"depth": 1}), pictures(1), "zero")

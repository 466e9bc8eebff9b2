import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d, gaussian_filter
from skimage.morphology import thin

from bridgenet.learning.boundary import (
    THRESHOLDS,
    VALIDATION_THRESHOLDS,
    BoundaryJudge,
    average_precision,
    count_pairs,
    evaluate_boundaries,
    thinned,
)
from bridgenet.learning.boundary.suppression import BORDER, _fade, is_ridge, suppress
from bridgenet.learning.edge_metric import EdgeMetric
from bridgenet.reading.source import EdgeProtocol
from bridgenet.sources import SOURCES
from bridgenet.tasks import IGNORE

TENTHS = tuple(step / 10 for step in range(1, 10))


def most_pairs(predicted: np.ndarray, true: np.ndarray, max_distance: float) -> int:
    """The size of the largest matching, by an augmenting path for every pixel in turn and nothing else."""
    limit = max_distance**2 * (true.shape[0] ** 2 + true.shape[1] ** 2)
    places = np.argwhere(true)
    near = [np.flatnonzero(((places - place) ** 2).sum(1) <= limit + 1e-9).tolist() for place in np.argwhere(predicted)]
    partner: dict[int, int] = {}

    def find(pixel: int, seen: set[int]) -> bool:
        for other in near[pixel]:
            if other not in seen:
                seen.add(other)
                if other not in partner or find(partner[other], seen):
                    partner[other] = pixel
                    return True
        return False

    return sum(find(pixel, set()) for pixel in range(len(near)))


def smooth(generator: np.random.Generator, size: tuple[int, int], sigma: float) -> np.ndarray:
    """Random blobs in 0..1."""
    values = gaussian_filter(generator.random(size), sigma)
    return (values - values.min()) / np.ptp(values)


def lines(size: tuple[int, int], *columns: int) -> np.ndarray:
    drawn = np.zeros(size, bool)
    drawn[:, list(columns)] = True
    return drawn


def test_counts_are_those_of_brute_force_on_200_random_maps() -> None:
    generator = np.random.default_rng(0)
    for case in range(200):
        size = tuple(generator.integers(6, 18, 2))
        prediction = smooth(generator, size, 1.0) if case % 2 else generator.random(size) ** 2
        truth = thin(smooth(generator, size, 1.0) > 0.6)
        max_distance, thresholds = generator.choice([0.0, 0.03, 0.08, 0.2]), sorted(generator.random(4))
        counts = count_pairs(prediction, truth, max_distance, thresholds, nms=False)
        for threshold, found in zip(thresholds, counts.tolist(), strict=True):
            predicted = thin(prediction > threshold)
            pairs = most_pairs(predicted, truth, max_distance)
            assert found == [pairs, truth.sum(), pairs, predicted.sum()], case


def test_the_recorded_small_maps_are_matched_as_well_as_can_be(reference_root: Path) -> None:
    from bridgenet.learning.boundary.counting import _neighbours
    from bridgenet.learning.boundary.kernels import match

    arrays = np.load(reference_root / "odsf" / "small_cases.npz")
    told = json.loads((reference_root / "odsf" / "small_cases.json").read_text())
    for number, case in enumerate(told["matching_only"]):
        predicted, truth = (arrays[name][number] > 0 for name in ("prediction_binary", "truth_binary"))
        pixels = np.flatnonzero(np.pad(predicted, 1))
        first, near = _neighbours(pixels, truth, case["maxDist"])
        pairs = match(np.ones((1, len(pixels)), bool), first, near, int(truth.sum()))
        assert pairs.tolist() == [case["cntP"]], case
    assert len(told["matching_only"]) == 30


def test_the_recorded_whole_chain_of_tools_that_keep_the_smoothed_map_is_reached(reference_root: Path) -> None:
    arrays = np.load(reference_root / "odsf" / "small_cases.npz")
    told = json.loads((reference_root / "odsf" / "small_cases.json").read_text())
    height, width = told["size"]
    fade = np.outer(_fade(height), _fade(width)) / BORDER**2
    for case, prediction, boundary in zip(told["whole_chain"], arrays["prediction"], arrays["boundary"], strict=True):
        level = prediction / 255
        for axis in (1, 0):
            level = correlate1d(level, np.array([1, 2, 1]) / 4, axis=axis)
        kept = np.where(is_ridge(level, *np.indices(level.shape)), level, 0) * fade
        # There a threshold is passed by what equals it, too.
        thresholds = [threshold - 2e-6 for threshold in told["thresholds"]]
        counts = count_pairs(kept, thinned(boundary > 0), case["maxDist"], thresholds, nms=False)
        assert counts.T.tolist() == [case[name] for name in ("cntR", "sumR", "cntP", "sumP")], case["case"]


def test_recorded_counts_are_reached_from_their_maps_and_nearly_so_from_the_predictions(reference_root: Path) -> None:
    arrays = np.load(reference_root / "odsf" / "edges.npz")
    told = json.loads((reference_root / "odsf" / "counts.json").read_text())["b"]["largest_strict"]
    recorded = np.stack(
        [np.stack([image[name] for name in ("cntR", "sumR", "cntP", "sumP")], -1) for image in told["images"]]
    )
    truths = arrays["truth"] > 0
    for kind in (np.float64, np.float32):
        maps = (arrays["nms_b"] / 6375).astype(kind)
        same = evaluate_boundaries(maps, truths, 0.011, TENTHS, nms=False)
        assert same.counts.tolist() == recorded.tolist()
    assert (same.ods, same.ois) == pytest.approx((told["sums"]["ODS"], told["sums"]["OIS"]), abs=1e-6)
    assert same.ods_threshold == told["sums"]["ODS_threshold"]

    own = evaluate_boundaries(arrays["prediction"] / 255, truths, 0.011, TENTHS)
    apart = np.abs(own.counts - recorded)
    assert apart[..., [0, 2]].max() <= 5 and apart[..., [1, 3]].max() <= 20
    assert 100 * abs(own.ods - told["sums"]["ODS"]) < 0.05
    for boundary, truth in zip(arrays["boundary"], truths, strict=True):
        assert (thinned(boundary > 0) == truth).all()
    for prediction, suppressed in zip(arrays["prediction"], arrays["nms_b"], strict=True):
        assert (np.rint(6375 * suppress(prediction)) != suppressed).sum() <= 100


def test_a_line_that_is_moved_by_the_limit_is_found_and_one_pixel_further_is_not() -> None:
    size = (30, 40)  # The diagonal is 50.
    said = [lines(size, 23) * 1.0, lines(size, 24) * 1.0]
    score = evaluate_boundaries(said, [lines(size, 20)] * 2, 3 / 50, [0.5], nms=False)
    assert score.counts.tolist() == [[[30, 30, 30, 30]], [[0, 30, 0, 30]]]


def test_each_pixel_is_matched_once() -> None:
    truth, twice = lines((30, 40), 20), lines((30, 40), 18, 22) * 0.7
    score = evaluate_boundaries([twice], [truth], 0.1, [0.5], nms=False)
    assert score.counts.tolist() == [[[30, 30, 30, 60]]]
    assert score.ods == pytest.approx(2 * 0.5 * 1 / 1.5)


def test_ods_has_one_threshold_for_the_set_and_ois_one_for_each_image() -> None:
    size, truth = (30, 40), lines((30, 40), 10)
    # Image 1: at 0.3 a line too many, at 0.6 exact. Image 2: at 0.3 exact, at 0.6 nothing.
    first, second = 0.9 * lines(size, 10) + 0.5 * lines(size, 30), 0.5 * lines(size, 10)
    score = evaluate_boundaries([first, second], [truth, truth], 0.02, [0.3, 0.6], nms=False)
    # At 0.3: 60 of 90 predicted are right, all 60 true ones found. At 0.6: 30 of 30, and 30 of 60.
    assert score.ods == pytest.approx(2 * (2 / 3) / (5 / 3)) and score.ods_threshold == 0.3
    assert score.ois == 1
    assert score.ods > 2 * 0.5 / 1.5


def test_average_precision_is_linear_between_recalls_and_nothing_beyond_them() -> None:
    # Recall 0.5 with precision 1, recall 1 with precision 0.5.
    counts = np.array([[100, 100, 100, 200], [50, 100, 50, 50]])
    recalls = np.arange(50, 101) / 100
    assert average_precision(counts) == pytest.approx((1.5 - recalls).sum() / 100)
    assert average_precision(np.zeros((3, 4), int)) == 0


def test_a_threshold_is_passed_by_what_is_larger_after_rounding_to_8_bits() -> None:
    size, truth = (24, 32), lines((24, 32), 16)
    # 51 / 255 is 0.2 exactly; 0.2017 is rounded to it, 0.2022 to 52 / 255.
    for value, passes in ((0.2, False), (0.2017, False), (0.2022, True)):
        for kind in (np.float32, np.float64):
            counts = count_pairs((truth * value).astype(kind), truth, 0.01, [0.2])
            assert bool(counts[0, 3]) == passes
    as_it_is = count_pairs(truth * 0.2017, truth, 0.01, [0.2], nms=False)
    assert as_it_is[0].tolist() == [24, 24, 24, 24] and size == truth.shape


def test_suppression_leaves_the_ridge_of_a_broad_line_and_fades_the_border() -> None:
    across = np.abs(np.arange(40) - 20)
    broad = np.tile(np.maximum(250 - 40 * across, 0), (30, 1)).astype(np.uint8)
    left = suppress(broad)
    assert set(np.nonzero(left)[1]) == {20}
    assert left[:7, 20] * 255 == pytest.approx([0, 50, 100, 150, 200, 250, 250])


def test_thresholds_may_come_in_any_order_and_number() -> None:
    generator = np.random.default_rng(1)
    prediction, truth = smooth(generator, (40, 50), 1.0), thin(smooth(generator, (40, 50), 2.0) > 0.5)
    all_of_them = count_pairs(prediction, truth, 0.02)
    assert len(THRESHOLDS) == 101 and THRESHOLDS[:3] + THRESHOLDS[-2:] == (0.001, 0.01, 0.02, 0.99, 0.999)
    some = [80, 3, 3, 64, 0]
    assert count_pairs(prediction, truth, 0.02, [THRESHOLDS[i] for i in some]).tolist() == all_of_them[some].tolist()
    of_array = evaluate_boundaries([prediction], [truth], 0.02, np.asarray(THRESHOLDS)[some])
    assert of_array.counts[0].tolist() == all_of_them[some].tolist()
    assert set(VALIDATION_THRESHOLDS) < set(THRESHOLDS) and len(VALIDATION_THRESHOLDS) == 11


def test_an_empty_side_has_no_pair_and_keeps_the_sum_of_the_other() -> None:
    drawn, empty = lines((20, 30), 10), np.zeros((20, 30), bool)
    score = evaluate_boundaries([empty * 1.0, drawn * 1.0, empty * 1.0], [drawn, empty, empty], 0.1, [0.5], nms=False)
    assert score.counts.tolist() == [[[0, 20, 0, 0]], [[0, 0, 0, 20]], [[0, 0, 0, 0]]]
    assert (score.ods, score.ois, score.ap) == (0, 0, 0)


def test_the_result_does_not_depend_on_the_number_of_workers_and_images_are_read_as_they_are_needed() -> None:
    generator = np.random.default_rng(2)
    truths = [thin(smooth(generator, (30, 40), 1.5) > 0.6) for _ in range(9)]
    predictions = [smooth(generator, (30, 40), 1.0).astype(np.float32) for _ in range(9)]
    one, three = (evaluate_boundaries(predictions, truths, 0.02, workers=workers) for workers in (1, 3))
    streamed = evaluate_boundaries(iter(predictions), iter(truths), 0.02)
    assert one.counts.shape == (9, 101, 4)
    assert (one.counts == three.counts).all() and (one.counts == streamed.counts).all()


def test_what_was_counted_before_is_not_counted_again_unless_something_changed(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    truth, prediction = thin(smooth(generator, (30, 40), 1.5) > 0.6), smooth(generator, (30, 40), 1.0)
    first = evaluate_boundaries([prediction], [truth], 0.02, kept_in=tmp_path)
    (kept,) = tmp_path.iterdir()
    np.save(kept, np.full((101, 4), 7))  # What is kept is what is told.
    assert (evaluate_boundaries([prediction], [truth], 0.02, kept_in=tmp_path).counts == 7).all()
    for changed in (
        evaluate_boundaries([prediction], [truth], 0.021, kept_in=tmp_path),
        evaluate_boundaries([prediction], [truth], 0.02, THRESHOLDS[:5], kept_in=tmp_path),
        evaluate_boundaries([prediction], [truth[::-1]], 0.02, kept_in=tmp_path),
        evaluate_boundaries([prediction], [truth], 0.02, nms=False, kept_in=tmp_path),
        evaluate_boundaries([prediction / 2], [truth], 0.02, kept_in=tmp_path),
    ):
        assert not (changed.counts == 7).all()
    kept.write_bytes(kept.read_bytes()[:50])  # Cut off by a kill.
    assert (evaluate_boundaries([prediction], [truth], 0.02, kept_in=tmp_path).counts == first.counts).all()


@pytest.mark.parametrize(
    ("said", "prediction", "truth"),
    [
        ("same height and width", np.zeros((3, 4)), np.zeros((4, 3), bool)),
        ("Divide 8-bit maps by 255", np.full((3, 4), 200.0), np.zeros((3, 4), bool)),
        ("probability in 0..1", np.full((3, 4), np.nan), np.zeros((3, 4), bool)),
        ("boolean map", np.zeros((3, 4)), np.full((3, 4), 255)),
    ],
)
def test_maps_that_cannot_be_judged_are_named(said: str, prediction: np.ndarray, truth: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"Image 0: .*{said}"):
        evaluate_boundaries([prediction], [truth], 0.01)


def test_settings_without_meaning_are_refused() -> None:
    maps = [np.zeros((3, 4))], [np.zeros((3, 4), bool)]
    for settings, said in (
        ({"max_distance": -0.1}, "max_distance"),
        ({"max_distance": 0.1, "thresholds": []}, "thresholds"),
        ({"max_distance": 0.1, "thresholds": [-0.1, 0.5]}, "thresholds must be numbers in 0..1"),
        ({"max_distance": 0.1, "thresholds": [128.0]}, "thresholds must be numbers in 0..1"),
        ({"max_distance": 0.1, "workers": 0}, "workers"),
    ):
        with pytest.raises(ValueError, match=said):
            evaluate_boundaries(*maps, **settings)
    with pytest.raises(ValueError, match="no image"):
        evaluate_boundaries([], [], 0.1)
    with pytest.raises(ValueError, match="Image 1 has no prediction"):
        evaluate_boundaries(maps[0], [*maps[1], *maps[1]], 0.1)


def test_the_metric_judges_without_the_margin_at_the_limit_of_the_data_set() -> None:
    generator = np.random.default_rng(4)
    truth, prediction = smooth(generator, (30, 40), 1.5) > 0.6, smooth(generator, (30, 40), 1.0).clip(0.01, 0.99)
    labels, logits = torch.full((1, 40, 60), IGNORE), torch.full((1, 1, 40, 60), 3.0)
    labels[0, 5:35, 10:50] = torch.from_numpy(truth.astype(int))
    logits[0, 0, 5:35, 10:50] = torch.from_numpy(prediction).logit()
    metric = EdgeMetric(0.95, BoundaryJudge(EdgeProtocol(0.02), THRESHOLDS))
    metric.update(logits, labels)
    values, alone = metric.compute(), evaluate_boundaries([prediction], [thin(truth)], 0.02)
    assert [values[name] for name in ("ods", "ois", "ap")] == pytest.approx(
        [100 * share for share in (alone.ods, alone.ois, alone.ap)]
    )
    assert metric.convention == "SEISM: NMS of the 8-bit map as it is, 101 thresholds, within 0.02 of the diagonal"
    assert (SOURCES["nyud"].edges.max_distance, SOURCES["pascal_context"].edges.max_distance) == (0.011, 0.0075)


def test_boundaries_that_are_given_as_lines_are_outlined_before_they_are_thinned_where_the_literature_does_so() -> None:
    labels = np.zeros((1, 30, 40), int)
    labels[0, :, 20:22] = 1  # Two pixels wide: outlined, it has two banks.
    probability = np.zeros((1, 30, 40), np.float32)
    plain, outlined = (
        BoundaryJudge(EdgeProtocol(0.01, outlined), (0.5,)).count(probability, labels)[0, 0, 1]
        for outlined in (False, True)
    )
    assert (plain, outlined) == (29, 60)  # Thinning takes an end.
    assert SOURCES["nyud"].edges.outlined and not SOURCES["made_rooms"].edges.outlined


def test_kernels_are_compiled_also_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    from bridgenet.learning.boundary.kernels import compiled

    def refuse(_: object) -> None:
        raise OSError("This file system is read-only.")

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)
    assert compiled(lambda number: number + 1)(2) == 3

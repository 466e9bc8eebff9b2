"""Regions on any grid, and means over them: of a single pixel everything is what it is at the pixel, bit for bit."""

import numpy as np
import pytest
import torch

from bridgenet import PRESETS
from bridgenet.inspection import (
    Box,
    Lasso,
    Pixel,
    Segment,
    Whole,
    bridge_rows,
    bridge_share_maps,
    bridge_shares,
    coverage,
    effect_of,
    mean_over,
    over_region,
    token_at,
    tpp_attention,
)
from bridgenet.inspection.attention.rows import AttentionView
from bridgenet.inspection.region import connected_parts, contours
from bridgenet.inspection.summary import ClassesOver, DirectionsOver, NumbersOver
from bridgenet.model import build_model
from bridgenet.tasks import IGNORE
from bridgenet.trace import Trace

SQUARE = Lasso(((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))


@pytest.fixture(scope="module")
def trace() -> Trace:
    torch.manual_seed(0)
    with torch.inference_mode():
        return build_model(PRESETS["rooms-tiny"].model).eval()(torch.rand(1, 3, 96, 128))


def assert_equal(one: AttentionView, other: AttentionView) -> None:
    for part in AttentionView.__slots__:
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part), err_msg=part)


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.8), (0.5, 0.5), (0.999, 0.999)])
def test_a_region_of_one_pixel_is_the_pixel(trace: Trace, place: tuple[float, float]) -> None:
    stage, pixel = trace.stages[-1], Pixel(*place)
    for task, row in bridge_rows(stage, 0.1, 0.9, region=pixel).items():
        assert_equal(row, bridge_rows(stage, *place)[task])
    for direction in ("outgoing", "incoming"):
        over = tpp_attention(trace, "depth", 0.1, 0.9, direction=direction, region=pixel)
        assert_equal(over, tpp_attention(trace, "depth", *place, direction=direction))
    depth = trace.predictions["depth"][0, 0].numpy()
    said = over_region("depth", depth, pixel)
    at = depth[token_at(*place, depth.shape)]
    assert isinstance(said, NumbersOver) and (said.pixels, said.mean, said.median, said.low) == (1, at, at, at)
    assert mean_over(pixel, depth) == at


def test_the_row_of_a_region_is_the_mean_of_the_rows_of_its_tokens(trace: Trace) -> None:
    stage = trace.stages[-1]
    rows, columns = next(iter(bridge_share_maps(stage).values())).shape
    left_half = Box(0.0, 0.0, 0.5, 1.0)
    places = [((c + 0.5) / columns, (r + 0.5) / rows) for r in range(rows) for c in range(columns // 2)]
    mean = np.mean([bridge_rows(stage, *place)["depth"].weights for place in places], axis=0)
    np.testing.assert_allclose(bridge_rows(stage, 0.0, 0.0, region=left_half)["depth"].weights, mean, rtol=1e-5)
    shares = bridge_shares(stage, 0.0, 0.0, region=left_half)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert shares["depth"] == pytest.approx(mean_over(left_half, bridge_share_maps(stage)["depth"]), abs=1e-6)


def test_what_looks_at_the_whole_photo_is_an_even_share(trace: Trace) -> None:
    view = tpp_attention(trace, "depth", 0.0, 0.0, region=Whole())
    assert view.total == pytest.approx(1, abs=1e-5) and view.box is None


@pytest.mark.parametrize("grid", [(3, 4), (7, 9), (96, 128), (5, 300)])
def test_a_region_covers_tokens_by_its_pixels_whatever_the_grid(grid: tuple[int, int]) -> None:
    for region in (Whole(), SQUARE, Box(0.1, 0.2, 0.3, 0.9), Segment(SQUARE.mask((96, 128)).numpy())):
        parts = coverage(region, grid)
        assert parts.shape == grid and parts.sum() == pytest.approx(1)
    np.testing.assert_allclose(coverage(SQUARE, (4, 4))[1:3, 1:3], 1 / 4)


def test_an_outline_holds_the_pixels_whose_centre_is_inside() -> None:
    mask = SQUARE.mask((8, 12)).numpy()
    assert mask.sum() == 4 * 6 and mask[2:6, 3:9].all()
    # Around a corner of the image, and twice around the same pixels: the second time takes them out again.
    assert Lasso(((0.0, 0.0), (0.5, 0.0), (0.0, 0.5))).mask((10, 10)).numpy()[0, 0]
    twice = Lasso(SQUARE.outline * 2)
    with pytest.raises(ValueError, match="holds no pixel"):
        twice.mask((8, 12))


@pytest.mark.parametrize(
    "outline",
    [(), ((0.1, 0.1), (0.2, 0.2)), ((0.0, 0.0), (1.0, 0.0), (1.0, 1.01)), ((0.0, -1.0), (1.0, 0.0), (1.0, 1.0))],
)
def test_what_is_no_outline_is_refused(outline: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="three corners"):
        Lasso(outline)


def test_an_outline_between_two_pixels_holds_none_and_says_so() -> None:
    with pytest.raises(ValueError, match="larger"):
        Lasso(((0.51, 0.51), (0.52, 0.51), (0.52, 0.52))).mask((10, 10))


def test_contours_lead_around_the_pixels_they_were_made_of() -> None:
    pixels = np.zeros((40, 60), dtype=bool)
    pixels[5:30, 10:60] = True
    pixels[10:20, 20:40] = False
    outer, hole = contours(pixels, tolerance=0.0)
    around = Lasso(tuple((float(x), float(y)) for x, y in np.clip(outer[:-1], 0, 1))).mask((40, 60)).numpy()
    inner = Lasso(tuple((float(x), float(y)) for x, y in hole[:-1])).mask((40, 60)).numpy()
    np.testing.assert_array_equal(around & ~inner, pixels)


def test_parts_of_a_class_that_only_touch_at_a_corner_are_two() -> None:
    parts = connected_parts(np.array([[1, 0, 1], [0, 1, 1]]))
    assert parts[0, 2] == parts[1, 1] == parts[1, 2] and len(np.unique(parts)) == 4


def test_what_is_said_over_a_region_is_counted_over_its_known_pixels() -> None:
    left = Box(0.0, 0.0, 0.5, 1.0)
    classes = over_region("semseg", np.array([[3, 5, 9, 9], [5, IGNORE, 9, 9]]), left)
    assert classes == ClassesOver(3, {5: 2 / 3, 3: 1 / 3})
    metres = over_region("depth", np.array([[1.0, np.nan, 50], [2.0, 3.0, 50]]), Segment(np.array([[1, 1, 0]] * 2) > 0))
    assert isinstance(metres, NumbersOver) and (metres.pixels, metres.mean, metres.median) == (3, 2, 2)
    assert metres.low < 1.2 and metres.high > 2.8
    normals = over_region("normals", np.array([[[1.0, 0, 0], [0, 1, 0]]]), Whole())
    assert isinstance(normals, DirectionsOver) and normals.spread == pytest.approx(45)
    np.testing.assert_allclose(normals.direction, [0.5**0.5, 0.5**0.5, 0])
    assert over_region("depth", np.full((2, 2), np.nan), Whole()) is None


def test_the_effect_over_the_image_is_the_mean_of_those_of_its_halves(trace: Trace) -> None:
    before = trace.predictions["semseg"]
    after = before.flip(-2) + 0.1 * before
    halves = [effect_of("semseg", before, after, Box(left, 0.0, left + 0.5, 1.0)) for left in (0.0, 0.5)]
    assert effect_of("semseg", before, after) == pytest.approx(np.mean(halves))
    row, column = Pixel(0.3, 0.6).place((96, 128))
    moved = before[0, :, row, column].argmax() != after[0, :, row, column].argmax()
    assert effect_of("semseg", before, after, Pixel(0.3, 0.6)) == 100 * float(moved)

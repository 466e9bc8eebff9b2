import base64
from io import BytesIO

import numpy as np
from PIL import Image

from app.view.encoding import UNKNOWN, numbers_uri, photo_uri, png_uri, sampled


def decode(uri: str) -> np.ndarray:
    with Image.open(BytesIO(base64.b64decode(uri.split(",", 1)[1]))) as image:
        return np.asarray(image.convert("RGB"))


def test_a_map_comes_back_as_it_was() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert (decode(png_uri(picture)) == picture).all()


def test_a_map_of_few_colours_is_small_and_still_exact() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (200, 3), dtype=np.uint8)
    picture = colours[np.random.default_rng(1).integers(0, 200, (60, 80))]
    assert (decode(png_uri(picture)) == picture).all()
    assert len(png_uri(picture)) < 0.5 * len(
        png_uri(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    )


def test_numbers_can_be_read_back_from_red_and_green() -> None:
    values = np.array([[0.0, 2.34], [7.5, np.nan]])
    bytes_ = decode(numbers_uri(values, 0.01)).astype(int)
    steps = 256 * bytes_[..., 0] + bytes_[..., 1]
    assert steps.tolist() == [[0, 234], [750, UNKNOWN]]


def test_values_beyond_the_range_are_not_taken_for_unknown() -> None:
    bytes_ = decode(numbers_uri(np.array([[1e9, -5.0]]), 0.01)).astype(int)
    assert (256 * bytes_[..., 0] + bytes_[..., 1]).tolist() == [[UNKNOWN - 1, 0]]


def test_sampling_keeps_labels_and_proportions() -> None:
    labels = np.random.default_rng(0).integers(0, 40, (300, 900))
    small = sampled(labels, 90)
    assert small.shape == (30, 90)
    assert set(np.unique(small)) <= set(np.unique(labels))


def test_small_arrays_are_not_enlarged() -> None:
    assert sampled(np.zeros((20, 30)), 640).shape == (20, 30)


def test_a_photo_is_no_larger_than_asked() -> None:
    assert decode(photo_uri(np.zeros((400, 1000, 3), np.uint8), 200)).shape == (80, 200, 3)

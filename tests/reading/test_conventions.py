"""Units and codings are told before anything is learnt or judged."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nyud_folders import change, make_nyud

from bridgenet.config import DataConfig
from bridgenet.data import DataError, DataWarning, MultiTaskDataset, open_dataset
from bridgenet.reading.conventions import check_edges, check_labels, check_normals

TASKS = ("semseg", "depth", "normals", "edge")
PACKAGED = (425, 560)


def opened(root: Path) -> MultiTaskDataset:
    return open_dataset(DataConfig(name="nyud", root=root, input_size=(64, 80)), "val", TASKS)


def said(look: Callable[[], object]) -> str:
    """Warnings and refusal, as one text; empty if all is usual."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            look()
        except DataError as error:
            return f"refused: {error}"
    return " ".join(str(warning.message) for warning in caught)


@pytest.mark.parametrize(
    ("size", "npy", "image"), [((480, 640), False, ".jpg"), (PACKAGED, True, ".png"), ((480, 640), True, ".JPEG")]
)
def test_the_usual_conventions_open_without_a_word(
    tmp_path: Path, size: tuple[int, int], npy: bool, image: str
) -> None:
    root = make_nyud(tmp_path / "nyud", size, npy, image)
    assert said(lambda: opened(root)) == ""
    assert opened(root)[2].name == "0003"


@pytest.mark.parametrize(
    ("npy", "edit", "words"),
    [
        (True, lambda metres: metres * 1000, "refused: .*depth .*probably millimetres.*Convert the depth to metres"),
        (True, lambda metres: metres * 100, "refused: .*probably centimetres"),
        (True, lambda metres: metres / 10, "refused: .*scaled to 0..1, or inverse depth"),
        (True, lambda metres: np.where(metres > 3, 65535, metres), "hold 65535.*mark of unknown depth"),
        (True, lambda metres: np.where(metres > 1.5, 1e9, metres), r"hold 1e\+09.*left out"),
        (True, lambda metres: np.where(metres > 3, 45, metres), "largest depth is 45 m.*write 0"),
        (True, lambda metres: metres * np.nan, "no pixel has valid depth"),
        (False, lambda stored: stored // 10, "refused: .*probably centimetres.*Convert the depth to millimetres"),
        (False, lambda stored: (stored * 0.256).astype(np.uint16), "median depth would be .*probably 1/256 metres"),
        (False, lambda stored: stored * 5, "refused: .*probably 1/5000 metres"),
        (False, lambda stored: np.where(stored > 3000, 65535, stored).astype(np.uint16), "hold 65535.*left out"),
        (
            False,
            lambda stored: (stored // 256).astype(np.uint8),
            "refused: .*0001.png has only 8 bits .*in millimetres",
        ),
        (False, lambda stored: np.full_like(stored, 65535), "no pixel has valid depth"),
    ],
)
def test_depth_in_another_unit_is_named(tmp_path: Path, npy: bool, edit: Callable, words: str) -> None:
    root = change(make_nyud(tmp_path / "nyud", PACKAGED, npy), "depth", edit)
    text = said(lambda: opened(root))
    assert re.search(words, text) and text.startswith("refused") == words.startswith("refused"), text


def test_pixels_marked_65535_are_not_judged(tmp_path: Path) -> None:
    root = make_nyud(tmp_path / "nyud", PACKAGED)
    change(root, "depth", lambda stored: np.where(stored > 3000, 65535, stored).astype(np.uint16))
    with pytest.warns(DataWarning):
        dataset = opened(root)
    depth = dataset[0].targets["depth"]
    assert depth.max() == 255 and depth[depth < 255].max() <= 3


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda labels: np.clip(labels.astype(int) - 1, 0, 39).astype(np.uint8), "counted from 0"),
        (lambda labels: labels % 14, "13 coarse classes"),
        (lambda labels: labels % 13, "13 coarse classes"),
        (lambda labels: labels % 38, "37 classes of SUN RGB-D"),
        (lambda labels: labels * 0, "every pixel is void"),
        (
            lambda labels: np.where(labels == 0, 255, labels).astype(np.uint8),
            "refused: .*0001.png .*255 .*void",
        ),
        (lambda labels: np.where(labels, labels - 1, 255).astype(np.uint8), "refused: .*probably counted from 0"),
        (lambda labels: labels + 1, "refused: .*holds the label 41"),
        (lambda labels: labels.astype(np.uint16) * 20, "refused: .*holds the label 780; .*894 fine classes"),
        (
            lambda labels: np.stack([labels, labels // 2, labels], axis=-1),
            "refused: .*0001.png is a picture",
        ),
        (lambda labels: labels[::2, ::2], "refused: .*0001.png is 213x280; expected"),
        (lambda labels: labels.astype(np.uint16), "^$"),
    ],
)
def test_labels_in_another_coding_are_named(tmp_path: Path, edit: Callable, words: str) -> None:
    text = said(lambda: opened(change(make_nyud(tmp_path / "nyud", PACKAGED), "segmentation", edit)))
    assert re.search(words, text) and text.startswith("refused") == words.startswith("refused"), text


def test_labels_that_were_blended_are_refused() -> None:
    half = [(Path("segmentation/0001.npy"), np.full((4, 4), 2.5))]
    assert "fractions" in said(lambda: check_labels(half, 40))
    assert "label -1" in said(lambda: check_labels([(Path("a.npy"), np.full((4, 4), -1))], 40))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (lambda normals: normals, "^$"),
        (lambda normals: np.where(normals > 2, 0, normals) * 0, "no pixel has a normal"),
        (lambda normals: (normals + 1) * 127.5, "refused: .*0..255, as in 8-bit pictures"),
        (lambda normals: (normals + 1) / 2, "refused: .*0..1, as"),
        (lambda normals: normals * 3, "refused: .* 0% of them have length 1"),
    ],
)
def test_normals_that_are_no_unit_vectors_are_refused(code: Callable, words: str) -> None:
    normals = np.random.default_rng(0).normal(size=(20, 20, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    assert re.search(words, said(lambda: check_normals([(Path("normals/0001.npy"), code(normals))])))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 0, 0, 255], "^$"),
        ([0.0, 0.0, 1.0], "^$"),
        ([0, 0, 0, 1, 255], "3 different values from 0 to 255"),
        ([0.0, 0.0, 0.0, 0.3, 0.9], "Are these probabilities"),
        ([255, 255, 255, 0], "75% of the pixels are boundaries"),
    ],
)
def test_edges_in_another_coding_are_told(values: list, words: str) -> None:
    assert re.search(words, said(lambda: check_edges([(Path("edge/0001.png"), np.array([values]))])))


def test_real_photos_open_without_a_word(nyud_root: Path) -> None:
    for split in ("train", "val"):
        config = DataConfig(name="nyud", root=nyud_root, input_size=(64, 80))
        assert said(lambda split=split, config=config: open_dataset(config, split, TASKS)) == ""

"""Lists and files as people have them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nyud_folders import NAMES, change, make_nyud
from PIL import Image

from bridgenet.config import DataConfig
from bridgenet.data import DataError, DataWarning, MultiTaskDataset, open_dataset
from bridgenet.reading.files import read_names


def opened(root: Path) -> MultiTaskDataset:
    return open_dataset(DataConfig(name="nyud", root=root, input_size=(64, 80)), "val", ("semseg", "depth"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_nyud(tmp_path / "nyud", (425, 560))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf0001\n0002\n0003\n",
        "0001\n0002\n0003\n".encode("utf-16"),
        "\ufeff0001\r\n0002\r\n0003\r\n".encode("utf-16-be"),
        "0001\n0002\n0003".encode("utf-16-le"),
        b"0001\r\n\r\n  0002  \r\n0003\t\r\n",
        b"0001\r0002\r0003",
        b"0001.jpg\n0002.PNG\n0003.jpeg\n",
        b"images/0001.jpg\n./0002\n/data/nyud/images/0003.jpg\n",
        b'"images\\0001.jpg"\nC:\\nyud\\0002.jpg\n0003\n',
    ],
)
def test_a_list_is_read_in_whatever_way_it_was_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "val.txt").write_bytes(content)
    assert read_names(tmp_path / "val.txt") == NAMES


def test_a_name_may_hold_a_dot(tmp_path: Path) -> None:
    (tmp_path / "val.txt").write_text("room.01\nroom.02.jpg\n")
    assert read_names(tmp_path / "val.txt") == ("room.01", "room.02")


def test_what_is_no_text_or_names_nothing_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "val.txt"
    for content, words in ((b"\x80\x81\xff", "not text"), (b"\xef\xbb\xbf \n", "names no image")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{path}.*{words}"):
            read_names(path)


def test_an_image_named_twice_is_used_once_and_told(root: Path) -> None:
    (root / "gt_sets" / "val.txt").write_text("0001\n0002\n0001.jpg\n")
    with pytest.warns(DataWarning, match=r"val.txt names 0001 more than once"):
        assert opened(root).names == ("0001", "0002")


def test_names_without_a_file_are_told_when_the_data_set_is_opened(root: Path) -> None:
    (root / "gt_sets" / "val.txt").write_text("1\n0002\n3\n")
    with pytest.raises(DataError, match=r"2 of the 3 images .*val.txt.* no file in .*images: 1, 3.*0001.jpg"):
        opened(root)
    (root / "gt_sets" / "val.txt").write_text("0001\n0002\n")
    (root / "depth" / "0002.png").unlink()
    with pytest.raises(DataError, match=r"no file in .*depth: 0002"):
        opened(root)


def test_a_folder_inside_the_one_that_was_named_is_suggested(root: Path) -> None:
    with pytest.raises(DataError, match=f"Did you mean {root}"):
        opened(root.parent)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("folder", "damage", "words"),
    [
        ("images", _cut, "0002.jpg cannot be read"),
        ("depth", _cut, "0002.png cannot be read"),
        ("depth", lambda path: path.write_bytes(b""), r"0002.png cannot be read \(0 bytes"),
        ("segmentation", lambda path: path.write_text("no picture"), "0002.png cannot be read .*not a picture"),
        (
            "segmentation",
            lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid"),
            "0002.png is a git-lfs pointer.*git lfs pull",
        ),
        ("depth", lambda path: Image.new("RGB", (560, 425)).save(path), "0002.png has colours"),
        ("images", lambda path: Image.new("RGB", (640, 480)).save(path), "image 0002 .*mixes two packages"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_true_reason(
    root: Path, folder: str, damage: Callable[[Path], object], words: str
) -> None:
    damage(next((root / folder).glob("0002.*")))
    with pytest.raises(DataError, match=words):
        opened(root)


def test_palettes_and_arrays_are_label_maps_too(root: Path) -> None:
    expected = opened(root)[0].targets["semseg"]
    for name in NAMES:
        path = root / "segmentation" / f"{name}.png"
        labels = Image.open(path)
        labels.putpalette(list(range(256)) * 3)
        labels.save(path)
    assert (opened(root)[0].targets["semseg"] == expected).all()
    for name in NAMES:
        path = root / "segmentation" / f"{name}.png"
        np.save(path.with_suffix(".npy"), np.array(Image.open(path)).astype(np.float32))
        path.unlink()
    assert (opened(root)[0].targets["semseg"] == expected).all()


def test_depth_with_an_axis_of_length_one_is_read(tmp_path: Path) -> None:
    root = make_nyud(tmp_path / "nyud", (425, 560), npy=True)
    expected = opened(root)[0].targets["depth"]
    assert (opened(change(root, "depth", lambda depth: depth[..., None]))[0].targets["depth"] == expected).all()

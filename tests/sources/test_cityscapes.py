from pathlib import Path

import numpy as np
import pytest
from cityscapes_folders import CAR, COLUMNS, PLATE, ROWS, SKY, TRACK, make_cityscapes
from PIL import Image

from bridgenet.config import DataConfig
from bridgenet.data import DataError, DataWarning, MultiTaskDataset, open_dataset
from bridgenet.reading.source import Split
from bridgenet.sources.cityscapes import CLASSES, FARTHEST, JUDGED, STEREO


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_cityscapes(tmp_path / "cityscapes")


def opened(root: Path, split: Split = "val", tasks: tuple = ("semseg", "depth")) -> MultiTaskDataset:
    return open_dataset(DataConfig("cityscapes", root=root), split, tasks)


def file(root: Path, folder: str) -> Path:
    return next(iter(sorted((root / folder / "val").rglob("*.png"))))


def test_19_of_the_labels_are_judged_and_the_others_are_void(root: Path) -> None:
    labels = opened(root).reader.read(0, ("semseg",)).targets["semseg"]
    assert len(JUDGED) == len(CLASSES) == 19
    assert (labels[CAR & ~PLATE] == CLASSES.names.index("car")).all()
    assert (labels[SKY] == CLASSES.names.index("sky")).all()
    assert (labels[TRACK | PLATE] == 255).all()


def test_disparity_becomes_distance_and_the_sky_and_zero_have_none(root: Path) -> None:
    depth = opened(root).reader.read(0, ("depth",)).targets["depth"]
    road = (ROWS >= 32) & ~TRACK & (COLUMNS > 0)
    np.testing.assert_allclose(depth[road], STEREO / (1 + ROWS[road]), rtol=1e-6)
    np.testing.assert_allclose(depth[TRACK & (COLUMNS > 0)], STEREO / 90, rtol=1e-6)
    assert not depth[SKY].any(), "whatever the file says of the sky, 23 there"
    assert not depth[:, 0].any(), "0 is unknown"
    far = (ROWS >= 20) & (ROWS < 32)
    assert not depth[far].any(), f"1.1 pixels are farther than {FARTHEST} m"
    assert abs(STEREO - 473.575) < 0.001


def test_both_splits_have_their_own_cities(root: Path) -> None:
    assert opened(root, "train").names == ("aachen_000000_000000", "bochum_000000_000000")
    assert opened(root).names == ("munster_000000_000000", "munster_000000_000001")
    sample = opened(root)[0]
    assert sample.targets["depth"].shape == (1, 64, 128) and sample.image.shape == (3, 96, 128)


def test_suffixes_may_be_upper_case(root: Path) -> None:
    for path in [*root.rglob("*.png")]:
        path.rename(path.with_suffix(".PNG"))
    assert opened(root).names == ("munster_000000_000000", "munster_000000_000001")


def test_only_what_is_needed_must_be_there(root: Path) -> None:
    file(root, "disparity").unlink()
    assert len(opened(root, tasks=("semseg",))) == 2
    with pytest.raises(DataError, match=r"1 of the 2 images .* have no file in .*disparity"):
        opened(root)
    with pytest.raises(DataError, match=r"Did you mean .*cityscapes\?"):
        opened(root.parent)
    with pytest.raises(DataError, match=r"There is no .*nowhere/leftImg8bit/val/<city>/<id>_leftImg8bit.png"):
        opened(root / "nowhere")


def test_files_of_another_coding_are_named(root: Path) -> None:
    labels = np.asarray(Image.open(file(root, "gtFine")))
    for path in (root / "gtFine" / "val").rglob("*.png"):
        Image.fromarray(np.minimum(labels, 18)).save(path)
    with pytest.warns(DataWarning, match="no label is above 18. These are probably .*labelTrainIds"):
        opened(root, tasks=("semseg",))
    Image.fromarray(np.full_like(labels, 90)).save(file(root, "gtFine"))
    with pytest.raises(DataError, match="holds the label 90; expected 0 to 33"):
        opened(root, tasks=("semseg",))
    Image.fromarray(labels[:32]).save(file(root, "gtFine"))
    for tasks in (("semseg",), ("depth",), ("semseg", "depth")):
        with pytest.raises(DataError, match=r"_labelIds.png is 32x128, its image 64x128: these packages do not belong"):
            opened(root, tasks=tasks)
    Image.fromarray(labels).save(file(root, "gtFine"))
    Image.fromarray(labels).save(file(root, "disparity"))
    with pytest.raises(DataError, match="has only 8 bits: the disparities are not in it"):
        opened(root, tasks=("depth",))

import os
from pathlib import Path

import numpy as np
import pytest
from pascal_folders import FOOT, HAND, HEAD, NAMES, OTHER, PERSON, ROWS, SIZE, TORSO, make_pascal
from PIL import Image
from scipy.io import savemat
from skimage import morphology

from bridgenet.config import DataConfig
from bridgenet.data import DataError, MultiTaskDataset, open_dataset
from bridgenet.sources import SOURCES
from bridgenet.sources.pascal_context import ALSO_INDOORS, PARTS, PascalContextReader
from bridgenet.tasks import TaskName

TASKS = SOURCES["pascal_context"].tasks


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRIDGENET_CACHE", str(tmp_path / "cache"))
    return make_pascal(tmp_path / "pascal")


def truth(root: Path, task: TaskName, number: int = 0) -> np.ndarray:
    reader = PascalContextReader(root, "train" if number < 2 else "val", (task,))
    return reader.read(number % 2, (task,)).targets[task]


def dataset(root: Path, split: str) -> MultiTaskDataset:
    data = DataConfig("pascal_context", root=root, input_size=(64, 96), resize=False)
    return open_dataset(data, split, TASKS)  # pyright: ignore[reportArgumentType]


def test_the_24_parts_are_grouped_into_6() -> None:
    assert len(PARTS) == 24 and set(PARTS.values()) == {1, 2, 3, 4, 5, 6}
    assert len(ALSO_INDOORS) == len(set(ALSO_INDOORS)) == 170


def test_parts_of_persons_are_merged_and_a_person_without_parts_is_unknown(root: Path) -> None:
    parts = truth(root, "human_parts")
    for part, index in ((HEAD, 1), (TORSO, 2), (HAND, 4), (FOOT, 6)):
        assert (parts[part] == index).all()
    assert (parts[OTHER] == 255).all()
    assert (parts[~PERSON & ~OTHER] == 0).all()
    assert set(np.unique(truth(root, "human_parts", 1))) == {0, 1, 2, 4, 6}, "a chair has no parts either"


@pytest.mark.parametrize("number", [2, 3])
def test_where_nobody_has_parts_there_is_nothing_to_learn(number: int, root: Path) -> None:
    assert (truth(root, "human_parts", number) == 255).all()
    (root / "human_parts" / f"{NAMES[number]}.mat").unlink()
    assert (truth(root, "human_parts", number) == 255).all()


def test_parts_may_be_pictures(root: Path) -> None:
    expected = truth(root, "human_parts")
    Image.fromarray(expected).save(root / "human_parts" / f"{NAMES[0]}.png")
    (root / "human_parts" / f"{NAMES[0]}.mat").unlink()
    assert np.array_equal(truth(root, "human_parts"), expected)


def test_segmentation_is_that_of_voc_where_it_is_there(root: Path) -> None:
    assert set(np.unique(truth(root, "semseg"))) == {0, 15, 255}
    assert (truth(root, "semseg", 1)[PERSON & (ROWS > 0)] == 15).all(), "from semseg/pascal-context"


def test_edges_are_where_the_label_map_changes_thinned(root: Path) -> None:
    edge = truth(root, "edge", 2)
    assert edge.sum() == SIZE[1] and edge[39].all(), "wall above grass: one line"
    edge = truth(root, "edge", 1)
    assert np.array_equal(edge, morphology.thin(edge))
    assert not edge[14, 32:38].any() and edge[8:12, 34].any(), "around the person, and not in it"


def test_normals_hold_only_where_the_class_is_known_indoors(root: Path) -> None:
    normals = truth(root, "normals", 2)
    known = normals.any(axis=-1)
    assert known[:40].sum() == 39 * SIZE[1] and not known[40:].any(), "grass is unknown, and so is black"
    assert np.allclose(normals[known], [0, 0, 1], atol=0.01)
    assert np.allclose(np.linalg.norm(normals[known], axis=-1), 1, atol=1e-6)


def test_saliency_is_cut_in_the_middle_and_brought_to_the_size_of_the_image(root: Path) -> None:
    salient = truth(root, "sal", 1)
    assert salient.shape == SIZE
    assert (salient == PERSON).mean() > 0.99


def test_the_data_are_only_read_and_what_is_derived_is_kept_elsewhere(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    samples = [dataset(root, split)[index] for split in ("train", "val") for index in (0, 1)]
    assert all(tuple(sample.targets) == TASKS for sample in samples)
    assert samples[3].targets["human_parts"].unique().tolist() == [255]
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert len([*Path(os.environ["BRIDGENET_CACHE"]).rglob("*.npy")]) == 8, "edges and parts of four images"


def test_what_is_missing_or_something_else_is_named(root: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*PASCAL_MT"):
        dataset(root / "nowhere", "train")
    with pytest.raises(DataError, match=r"Did you mean .*pascal\?"):
        dataset(root.parent, "train")
    (root / "normals_distill" / f"{NAMES[0]}.png").unlink()
    with pytest.raises(DataError, match=r"1 of the 2 images .* have no file in .*normals_distill"):
        dataset(root, "train")
    assert truth(root, "edge").any(), "the others are not asked for them"
    savemat(root / "pascal-context" / "trainval" / f"{NAMES[0]}.mat", {"LabelMap": np.ones((3, 4))})
    with pytest.raises(DataError, match="LabelMap of 60x90, the size of its image, and holds one of 3x4"):
        truth(root, "edge")
    (root / "human_parts" / f"{NAMES[0]}.mat").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be read as a MATLAB 5 file"):
        truth(root, "human_parts")
    savemat(root / "human_parts" / f"{NAMES[0]}.mat", {"parts": 1})
    with pytest.raises(DataError, match="is no annotation of PASCAL-Part"):
        truth(root, "human_parts")
    Image.fromarray(np.full(SIZE, 33, np.uint8)).save(root / "semseg" / "VOC12" / f"{NAMES[0]}.png")
    with pytest.raises(DataError, match=r"holds the label 33; expected 0 to 20.*the 59 classes"):
        truth(root, "semseg")

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from warm import Python

from bridgenet.checkpoint import CheckpointError, load_model
from bridgenet.config import DataConfig
from bridgenet.data import DataError, open_dataset
from bridgenet.files import WriteError
from bridgenet.inspection import BASIS_FILE, BasisError, FeatureBasis
from bridgenet.prepare import main, prepare_basis, prepare_nyud

pytestmark = pytest.mark.slow

NAMES = ("book", "wall", "refridgerator", "night stand", "yoga mat", "other prop")
COUNT = 3


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGENET_CACHE", str(tmp_path / "cache"))


def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, depths and labels, upright: rows first."""
    rows, columns = np.mgrid[:480, :640]
    images = np.stack([np.stack([rows / 2, columns / 3, 0 * rows + 60 * n], -1) for n in range(COUNT)]).astype(np.uint8)
    depths = np.stack([1 + rows / 480 + columns / 640 + n for n in range(COUNT)]).astype(np.float32)
    labels = np.stack([(columns // 100 + n) % (len(NAMES) + 1) for n in range(COUNT)]).astype(np.uint16)
    return images, depths, labels


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    """A small file of the official schema: MATLAB keeps columns first, and names as references to characters."""
    images, depths, labels = pictures()
    path = tmp_path / "nyu_depth_v2_labeled.mat"
    with h5py.File(path, "w") as file:
        file["images"] = images.transpose(0, 3, 2, 1)
        file["depths"] = depths.transpose(0, 2, 1)
        file["labels"] = labels.transpose(0, 2, 1)
        cells = file.create_dataset("names", (1, len(NAMES)), dtype=h5py.ref_dtype)
        for index, name in enumerate(NAMES):
            text = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
            cells[0, index] = file.create_dataset(f"#refs#/{index}", data=text).ref
    return path


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    path = tmp_path / "splits.mat"
    savemat(path, {"trainNdxs": np.array([[1], [3]], np.uint16), "testNdxs": np.array([[2]], np.uint16)})
    return path


def class_mapping(folder: Path, classes: list[int]) -> Path:
    path = folder / "classMapping40.mat"
    savemat(path, {"mapClass": np.array([classes], np.uint16)})
    return path


def labels_of(out: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(out / "segmentation" / f"{name}.png"))


def test_the_command_writes_a_folder_that_the_reader_opens(
    tmp_path: Path, mat: Path, splits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nyud"
    assert main(["nyud", "--mat", str(mat), "--splits", str(splits), "--out", str(out)]) == 0
    assert "--class-mapping" in capsys.readouterr().err
    assert (out / "gt_sets" / "train.txt").read_text().split() == ["0001", "0003"]
    assert (out / "gt_sets" / "val.txt").read_text().split() == ["0002"]

    config = DataConfig(name="nyud", root=out, input_size=(448, 576), resize=False)
    dataset = open_dataset(config, "val", ("semseg", "depth", "normals", "edge"))
    assert dataset.names == ("0002",)
    sample = dataset[0]
    valid = sample.targets["depth"] != 255
    assert valid.sum() > 200_000
    assert 2 < sample.targets["depth"][valid].min() < sample.targets["depth"][valid].max() < 4


def test_pictures_stand_upright_and_depth_is_kept_to_the_millimetre(tmp_path: Path, mat: Path, splits: Path) -> None:
    prepare_nyud(mat, splits, tmp_path / "out")
    images, depths, _ = pictures()
    image = np.asarray(Image.open(tmp_path / "out" / "images" / "0003.jpg")).astype(int)
    assert np.abs(image - images[2]).mean() < 2
    depth = np.asarray(Image.open(tmp_path / "out" / "depth" / "0003.png"))
    assert depth.dtype == np.uint16
    np.testing.assert_allclose(depth / 1000, depths[2], atol=0.00051)


def test_without_a_mapping_classes_go_by_their_names_and_the_rest_is_void(
    tmp_path: Path, mat: Path, splits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_nyud(mat, splits, tmp_path / "out")
    _, _, labels = pictures()
    # void, book, wall, refridgerator, night stand, yoga mat, other prop
    expected = np.array([0, 0, 1, 24, 32, 0, 40])[labels[0]]
    np.testing.assert_array_equal(labels_of(tmp_path / "out", "0001"), expected)
    assert "void now" in capsys.readouterr().err


def test_a_mapping_groups_every_class(
    tmp_path: Path, mat: Path, splits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = class_mapping(tmp_path, [23, 1, 24, 32, 20, 40])
    prepare_nyud(mat, splits, tmp_path / "out", mapping)
    _, _, labels = pictures()
    np.testing.assert_array_equal(labels_of(tmp_path / "out", "0001"), np.array([0, 23, 1, 24, 32, 20, 40])[labels[0]])
    assert "void" not in capsys.readouterr().err


def test_another_mapping_writes_the_labels_again_but_not_the_photos(tmp_path: Path, mat: Path, splits: Path) -> None:
    out = tmp_path / "out"
    prepare_nyud(mat, splits, out)
    before = labels_of(out, "0001")
    photo = out / "images" / "0001.jpg"
    photo.write_bytes(b"kept")
    (out / "images" / "0002.jpg").unlink()
    prepare_nyud(mat, splits, out, class_mapping(tmp_path, [23, 1, 24, 32, 20, 40]))
    assert (labels_of(out, "0001") != before).any()
    assert photo.read_bytes() == b"kept"
    assert (out / "images" / "0002.jpg").is_file()


def test_a_second_run_writes_only_what_is_missing(tmp_path: Path, mat: Path, splits: Path) -> None:
    out = tmp_path / "out"
    prepare_nyud(mat, splits, out)
    times = {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()}
    (out / "depth" / "0002.png").unlink()
    prepare_nyud(mat, splits, out)
    assert (out / "depth" / "0002.png").is_file()
    unchanged = [path.name for path, time in times.items() if path.stat().st_mtime_ns == time]
    assert sorted(unchanged) == ["0001.jpg", "0002.jpg", "0003.jpg"]
    assert not list(out.rglob("*.tmp"))


def test_a_truncated_file_is_named_with_what_to_do(tmp_path: Path, mat: Path, splits: Path) -> None:
    mat.write_bytes(mat.read_bytes()[:100_000])
    with pytest.raises(DataError, match=r"not a complete HDF5 file.*fetch it again"):
        prepare_nyud(mat, splits, tmp_path / "out")


def test_another_hdf5_file_is_refused(tmp_path: Path, splits: Path) -> None:
    other = tmp_path / "other.mat"
    with h5py.File(other, "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(DataError, match="has no depths, images, labels; it has weights"):
        prepare_nyud(other, splits, tmp_path / "out")


def test_splits_of_another_data_set_are_refused(tmp_path: Path, mat: Path) -> None:
    path = tmp_path / "splits.mat"
    savemat(path, {"trainNdxs": np.array([[1]]), "testNdxs": np.array([[900]])})
    with pytest.raises(DataError, match="do not belong together"):
        prepare_nyud(mat, path, tmp_path / "out")


def test_a_text_file_is_no_split(tmp_path: Path, mat: Path) -> None:
    path = tmp_path / "splits.mat"
    path.write_text("not found")
    with pytest.raises(DataError, match=r"cannot be read as a MATLAB 5 file.*splits\.mat"):
        prepare_nyud(mat, path, tmp_path / "out")


def test_a_missing_file_ends_the_command_with_its_name(tmp_path: Path, splits: Path) -> None:
    missing = tmp_path / "missing.mat"
    folders = ("--mat", missing, "--splits", splits, "--out", tmp_path / "out")
    command = Python("-m", "bridgenet.prepare", "nyud", *folders)
    command.finish(status=1)
    assert f"There is no file {missing}" in command.errors and "Traceback" not in command.errors


def test_a_mapping_for_another_number_of_classes_is_refused(tmp_path: Path, mat: Path, splits: Path) -> None:
    with pytest.raises(DataError, match="maps 2 classes"):
        prepare_nyud(mat, splits, tmp_path / "out", class_mapping(tmp_path, [1, 2]))


def test_too_little_space_is_said_before_anything_is_written(
    tmp_path: Path, mat: Path, splits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(WriteError, match=r"No space left.*it goes on"):
        prepare_nyud(mat, splits, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def small_checkpoint(folder: Path, name: str = "rooms-tiny") -> Path:
    """A copy of a shipped checkpoint without its basis."""
    shipped = Path(__file__).parents[1] / "checkpoints" / name
    return Path(shutil.copytree(shipped, folder / "tiny", ignore=shutil.ignore_patterns(BASIS_FILE)))


def test_the_command_leaves_a_basis_that_fits_the_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = small_checkpoint(tmp_path)
    assert main(["basis", str(checkpoint), "--images", "3"]) == 0
    assert "fitted on 3 images of made_rooms" in capsys.readouterr().err
    model, _, _ = load_model(checkpoint)
    assert FeatureBasis.load(checkpoint / BASIS_FILE, model).images == 3


def test_where_the_data_set_is_not_there_made_rooms_are_used_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BRIDGENET_DATA", raising=False)
    checkpoint = small_checkpoint(tmp_path, "nyud-lite0")
    prepare_basis(checkpoint, 2)
    assert "Made rooms are used instead" in capsys.readouterr().err
    assert FeatureBasis.load(checkpoint / BASIS_FILE).source == "made_rooms"
    with pytest.raises(DataError, match="There is no folder"):
        prepare_basis(checkpoint, 2, tmp_path / "nowhere")


def test_a_basis_of_no_checkpoint_or_no_images_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint folder"):
        prepare_basis(tmp_path / "nowhere")
    with pytest.raises(BasisError, match="at least one image"):
        prepare_basis(small_checkpoint(tmp_path), 0)


def test_a_network_that_reads_other_images_has_no_basis_and_the_command_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = small_checkpoint(tmp_path)
    config = json.loads((checkpoint / "config.json").read_text())
    config["model"]["bridge_reads"] = "foreign"
    (checkpoint / "config.json").write_text(json.dumps(config))
    assert main(["basis", str(checkpoint), "--images", "2"]) == 1
    assert "give it at least two images" in capsys.readouterr().err

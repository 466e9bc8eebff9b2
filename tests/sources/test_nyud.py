import multiprocessing
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bridgenet.config import DataConfig
from bridgenet.data import DataError, Draw, collate, open_dataset
from bridgenet.reading.cache import MapCache
from bridgenet.sources.nyud import CAMERA, CLASSES, CROP, NyudReader

TASKS = ("semseg", "depth", "normals", "edge")
LAYOUTS = ("plain", "mti_net", "atrc")
NAMES = {"train": ("0001", "0002"), "val": ("0003",)}
PACKAGED = (slice(45, 470), CROP[1])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRIDGENET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def scene() -> dict[str, np.ndarray]:
    """A floor below, a wall behind, and a box of void on the floor: full frames in memory's coding."""
    _, y = CAMERA.rays(480, 640)
    floor = y > 0.2
    depth = np.where(floor, 0.6 / np.maximum(y, 0.2), 3.0).astype(np.float32)
    labels = np.where(floor, 1, 0).astype(np.uint8)
    labels[400:440, 300:340] = 255
    image = np.where(floor[..., None], (120, 80, 40), (200, 200, 220)).astype(np.uint8)
    normals = np.where(floor[..., None], (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)).astype(np.float32)
    edge = (labels != np.pad(labels, ((0, 1), (0, 0)), mode="edge")[1:]).astype(np.uint8)
    return {"image": image, "semseg": labels, "depth": depth, "normals": normals, "edge": edge}


def write(root: Path, layout: str) -> Path:
    maps = scene()
    if layout == "atrc":
        maps = {key: value[PACKAGED] for key, value in maps.items()}
    folders = ["images", "segmentation", "depth", "gt_sets"] + (["normals", "edge"] if layout != "plain" else [])
    for folder in folders:
        (root / folder).mkdir(parents=True)
    for split, names in NAMES.items():
        (root / "gt_sets" / f"{split}.txt").write_text("\n".join(names) + "\n\n")
    on_disk = np.where(maps["semseg"] == 255, 0, maps["semseg"] + 1).astype(np.uint8)
    for name in sum(NAMES.values(), ()):
        Image.fromarray(maps["image"]).save(root / "images" / f"{name}{'.png' if layout == 'atrc' else '.jpg'}")
        Image.fromarray(on_disk).save(root / "segmentation" / f"{name}.png")
        if layout == "plain":
            Image.fromarray(np.rint(maps["depth"] * 1000).astype(np.uint16)).save(root / "depth" / f"{name}.png")
            continue
        np.save(root / "depth" / f"{name}.npy", maps["depth"])
        if layout == "mti_net":
            np.save(root / "normals" / f"{name}.npy", maps["normals"])
            np.save(root / "edge" / f"{name}.npy", maps["edge"].astype(np.float32))
        else:
            Image.fromarray(np.rint((maps["normals"] + 1) * 127.5).astype(np.uint8)).save(
                root / "normals" / f"{name}.png"
            )
            Image.fromarray(maps["edge"] * 255).save(root / "edge" / f"{name}.png")
    return root


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {layout: write(tmp_path_factory.mktemp(layout) / "nyud", layout) for layout in LAYOUTS}


@pytest.fixture
def plain(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(folders["plain"], tmp_path / "nyud"))


def config(root: Path, size: tuple[int, int] = (64, 80), resize: bool = True) -> DataConfig:
    return DataConfig(name="nyud", root=root, input_size=size, resize=resize, zoom=(1.0, 1.5))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_scene(folders: dict[str, Path], layout: str) -> None:
    reader = NyudReader(folders[layout], "train")
    raw = reader.read(0, TASKS)

    height = 425 if layout == "atrc" else 426
    expected = {key: value[PACKAGED] for key, value in scene().items()}
    found = {"image": raw.image, **raw.targets}
    assert {value.shape[:2] for value in found.values()} == {(height, 560)}
    found = {key: value[:425] for key, value in found.items()}
    assert np.abs(found["image"].astype(int) - expected["image"]).mean() < 2
    assert np.array_equal(found["semseg"], expected["semseg"])
    assert np.abs(found["depth"] - expected["depth"]).max() < 0.001
    cosine = (found["normals"] * expected["normals"]).sum(-1)
    assert np.median(cosine) > 0.9999 and (cosine > 0.99).mean() > 0.93
    assert np.allclose(np.linalg.norm(found["normals"], axis=-1), 1, atol=1e-5)
    row = int(np.argmax(expected["semseg"][:, 0] == 1)) - 1
    assert found["edge"][row].all() and not found["edge"][: row - 2].any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_void_is_ignored_and_classes_count_from_zero(folders: dict[str, Path], layout: str) -> None:
    reader = NyudReader(folders[layout], "val")

    labels = reader.read(0, ("semseg",)).targets["semseg"]

    assert sorted(np.unique(labels).tolist()) == [0, 1, 255]
    assert [CLASSES.names[label] for label in (0, 1)] == ["wall", "floor"]


def test_blank_lines_in_a_split_are_no_images(folders: dict[str, Path]) -> None:
    assert NyudReader(folders["plain"], "train").names == ("0001", "0002")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_split_opens_ready_for_training_and_for_evaluation(folders: dict[str, Path], layout: str) -> None:
    train = open_dataset(config(folders[layout]), "train", TASKS)
    val = open_dataset(config(folders[layout]), "val", TASKS)

    batch = collate([train[Draw(0, 3)], train[Draw(1, 4)]])
    assert batch.names == ("0001", "0002")
    assert batch.images.shape == (2, 3, 64, 80)
    assert batch.targets["normals"].shape == (2, 3, 64, 80)
    sample = val[0]
    assert sample.name == "0003" and sample.image.shape == (3, 64, 80)
    assert tuple(sample.targets) == TASKS
    assert sample.targets["semseg"].shape == ((425 if layout == "atrc" else 426), 560)


def test_the_protocol_of_the_literature_pads_to_the_input(folders: dict[str, Path]) -> None:
    sample = open_dataset(config(folders["atrc"], (448, 576), resize=False), "val", TASKS)[0]

    assert sample.image.shape == (3, 448, 576)
    assert sample.targets["depth"].shape == (1, 448, 576)
    assert int((sample.targets["depth"] != 255).sum()) == 425 * 560


def test_a_draw_repeats_and_an_index_outside_the_split_is_refused(folders: dict[str, Path]) -> None:
    train = open_dataset(config(folders["plain"]), "train", TASKS)

    assert (train[Draw(1, 9)].image == train[Draw(1, 9)].image).all()
    with pytest.raises(IndexError, match="no sample 2"):
        train[2]


def test_a_dataset_travels_to_another_process(folders: dict[str, Path]) -> None:
    train = open_dataset(config(folders["plain"]), "train", TASKS)

    assert (pickle.loads(pickle.dumps(train))[Draw(1, 9)].image == train[Draw(1, 9)].image).all()


def test_derived_maps_are_kept_outside_the_data_folder(plain: Path, cache: Path) -> None:
    before = sorted(plain.rglob("*"))

    NyudReader(plain, "train").read(0, TASKS)

    assert sorted(plain.rglob("*")) == before
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["0001.npy", "0001.npy"]


def test_derived_maps_are_read_from_the_cache_until_their_source_changes(plain: Path, cache: Path) -> None:
    reader = NyudReader(plain, "train")
    derived = reader.read(0, ("edge",)).targets["edge"]
    (kept,) = cache.rglob("0001.npy")
    np.save(kept, 1 - derived)

    assert np.array_equal(reader.read(0, ("edge",)).targets["edge"], 1 - derived)
    later = kept.stat().st_mtime + 10
    os.utime(plain / "segmentation" / "0001.png", (later, later))
    assert np.array_equal(reader.read(0, ("edge",)).targets["edge"], derived)


def test_a_damaged_cache_file_is_derived_again(plain: Path, cache: Path) -> None:
    reader = NyudReader(plain, "train")
    derived = reader.read(0, ("edge",)).targets["edge"]
    (kept,) = cache.rglob("0001.npy")
    kept.write_bytes(kept.read_bytes()[:500])

    assert np.array_equal(reader.read(0, ("edge",)).targets["edge"], derived)


def test_a_cache_that_cannot_be_written_costs_time_only(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGENET_CACHE", str(plain / "gt_sets" / "train.txt"))

    with pytest.warns(UserWarning, match="Set BRIDGENET_CACHE"):
        raw = NyudReader(plain, "train").read(0, ("edge",))

    assert raw.targets["edge"].any()


def _derive_many(root: Path) -> None:
    cache = MapCache(root, "test of many processes")
    for number in range(30):
        array = cache.get(f"{number % 3}", root / "gt_sets" / "train.txt", lambda: np.arange(50_000))
        assert array.sum() == 49_999 * 25_000


def test_processes_share_the_cache(plain: Path, cache: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_derive_many, args=(plain,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["0.npy", "1.npy", "2.npy"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("folder", ["images", "segmentation", "depth", "normals", "edge"])
def test_a_truncated_file_names_itself_and_what_to_do(
    folders: dict[str, Path], tmp_path: Path, layout: str, folder: str
) -> None:
    if not (folders[layout] / folder).is_dir():
        folder = "depth"
    root = Path(shutil.copytree(folders[layout], tmp_path / "nyud"))
    (path,) = (root / folder).glob("0002.*")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DataError, match=rf"{path} cannot be read .*fetch it again"):
        NyudReader(root, "train").read(1, TASKS)


@pytest.mark.parametrize("folder", ["images", "segmentation", "depth"])
def test_a_missing_file_names_itself(plain: Path, folder: str) -> None:
    (path,) = (plain / folder).glob("0002.*")
    path.unlink()

    with pytest.raises(DataError, match=f"{path} is missing"):
        NyudReader(plain, "train").read(1, TASKS)


def test_a_missing_folder_says_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere.*bridgenet.prepare nyud"):
        open_dataset(config(tmp_path / "nowhere"), "train", TASKS)


def test_a_folder_of_something_else_says_what_is_expected(plain: Path) -> None:
    shutil.rmtree(plain / "images")

    with pytest.raises(DataError, match=r"no images/0001.jpg or images/0001.png"):
        NyudReader(plain, "train")


def test_a_missing_or_empty_split_names_its_file(plain: Path) -> None:
    split = plain / "gt_sets" / "val.txt"
    split.write_text("\n \n")
    with pytest.raises(DataError, match=rf"{split} names no image"):
        NyudReader(plain, "val")
    split.unlink()
    with pytest.raises(DataError, match=rf"no {split}"):
        NyudReader(plain, "val")


def test_a_picture_of_another_size_is_refused(plain: Path) -> None:
    path = plain / "segmentation" / "0001.png"
    Image.fromarray(np.ones((120, 160), dtype=np.uint8)).save(path)

    with pytest.raises(DataError, match=rf"{path} is 120x160; expected"):
        NyudReader(plain, "train").read(0, ("semseg",))


def test_labels_of_another_coding_are_refused(plain: Path) -> None:
    path = plain / "segmentation" / "0001.png"
    Image.fromarray(np.full((480, 640), 41, dtype=np.uint8)).save(path)

    with pytest.raises(DataError, match=rf"{path} holds the label 41"):
        NyudReader(plain, "train").read(0, ("semseg",))


def test_two_packages_in_one_folder_are_told(plain: Path) -> None:
    path = plain / "segmentation" / "0001.png"
    Image.fromarray(np.ones((425, 560), dtype=np.uint8)).save(path)

    with pytest.raises(DataError, match=r"semseg of image 0001 .* mixes two packages"):
        NyudReader(plain, "train").read(0, ("semseg",))


def test_a_task_without_ground_truth_is_refused_at_once(folders: dict[str, Path]) -> None:
    with pytest.raises(DataError, match=r"nyud has no ground truth for human_parts. It has semseg, depth"):
        open_dataset(config(folders["plain"]), "train", ("semseg", "human_parts"))


def test_a_config_without_a_folder_is_refused() -> None:
    with pytest.raises(DataError, match="set `root`"):
        open_dataset(DataConfig(name="nyud"), "train", TASKS)


@pytest.mark.slow
@pytest.mark.skipif("BRIDGENET_DATA" not in os.environ, reason="BRIDGENET_DATA does not name the folder of the data")
def test_the_real_data_reads_and_means_what_it_says() -> None:
    root = Path(os.environ["BRIDGENET_DATA"]) / "nyud"
    reader = NyudReader(root, "train")
    assert len(reader.names) == 795 and len(CLASSES) == 40

    floors, ceilings = [], []
    for index in range(0, 60, 3):
        raw = reader.read(index, TASKS)
        targets = raw.targets
        assert raw.image.shape == (*targets["depth"].shape, 3) and raw.image.shape[1] == 560
        assert 0.3 < np.median(targets["depth"][targets["depth"] > 0]) < 10
        assert 0.001 < targets["edge"].mean() < 0.2
        floors.extend(targets["normals"][targets["semseg"] == 1])
        ceilings.extend(targets["normals"][targets["semseg"] == 21])
    assert np.mean(floors, axis=0)[1] > 0.7
    assert np.mean(ceilings, axis=0)[1] < -0.3

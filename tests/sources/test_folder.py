import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from folders import CLASSES, COLOURS, OPTIONS, describe, make_folder
from PIL import Image

from bridgenet.config import DataConfig
from bridgenet.data import DataError, DataWarning, MultiTaskDataset, open_dataset
from bridgenet.sources import SOURCES, source_at
from bridgenet.sources.folder.checking import check_folder
from bridgenet.tasks import ALL_TASKS

SIZE = (48, 64)
NAME = "photo 0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One small photo of each split with all six tasks."""
    make_folder(tmp_path, ALL_TASKS, SIZE, count=3)
    (tmp_path / "val.txt").write_text("photo 1\n")
    return tmp_path


def opened(root: Path, *tasks: str, split: str = "train", **settings: object) -> MultiTaskDataset:
    data = DataConfig("folder", root=root, **settings)  # pyright: ignore[reportArgumentType]
    return open_dataset(data, split, tasks)  # pyright: ignore[reportArgumentType]


def raw(root: Path, task: str) -> np.ndarray:
    return opened(root, task).reader.read(0, (task,)).targets[task]  # pyright: ignore[reportArgumentType]


def replaced(root: Path, file: str, array: np.ndarray) -> Path:
    """Puts a map in the place of whatever the folder has for this photo and task."""
    for path in (root / file).parent.glob(f"{Path(file).stem}.*"):
        path.unlink()
    np.save(root / file, array) if file.endswith(".npy") else Image.fromarray(array).save(root / file)
    return root


def tell(root: Path, task: str, **options: object) -> Path:
    describe(root, tasks={**{name: OPTIONS[name] for name in ALL_TASKS}, task: {**OPTIONS[task], **options}})
    return root


def test_a_folder_says_what_it_is(folder: Path) -> None:
    told = source_at("folder", folder)
    assert (told.title, told.tasks) == ("Three streets", ALL_TASKS)
    assert told.channels == {"semseg": 3, "human_parts": 3, "depth": 1, "normals": 3, "sal": 2, "edge": 1}
    assert told.classes["semseg"].names == tuple(CLASSES) and told.classes["semseg"].colours == tuple(COLOURS)
    assert len(set(told.classes["human_parts"].colours)) == 3
    assert source_at("nyud", folder) is SOURCES["nyud"]


def test_its_files_become_the_ground_truth_of_all_tasks(folder: Path) -> None:
    replaced(folder, f"semseg/{NAME}.npy", np.tile(np.array([[0, 1], [2, 255]], np.int32), (24, 32)))
    replaced(folder, f"depth/{NAME}.png", np.full(SIZE, 1500, np.uint16))
    replaced(folder, f"normals/{NAME}.npy", np.tile(np.array([0, 0.6, 0.8]), (*SIZE, 1)))
    replaced(folder, f"sal/{NAME}.npy", np.eye(*SIZE, dtype=bool))
    tell(folder, "depth", unit="mm")
    sample = opened(folder, *ALL_TASKS).reader.read(0, ALL_TASKS)
    assert sample.image.shape == (*SIZE, 3)
    assert np.unique(sample.targets["semseg"]).tolist() == [0, 1, 2, 255]
    assert sample.targets["depth"].dtype == np.float32 and np.allclose(sample.targets["depth"], 1.5)
    assert np.allclose(sample.targets["normals"], [0, 0.6, 0.8])
    assert sample.targets["sal"].sum() == 48 and sample.targets["edge"].max() == 1
    assert opened(folder, *ALL_TASKS, split="val").names == ("photo 1",)


def test_what_is_unknown_is_marked_as_the_file_says(folder: Path) -> None:
    tell(folder, "semseg", ignore=-1)
    replaced(folder, f"semseg/{NAME}.npy", np.where(np.eye(*SIZE), -1, 2))
    assert (raw(folder, "semseg") == 255).sum() == 48

    tell(folder, "depth", invalid=-1)
    depth = np.full(SIZE, 2.5, np.float32)
    depth[0, :4] = (-1, 0, np.nan, np.inf)
    assert (raw(replaced(folder, f"depth/{NAME}.npy", depth), "depth") == 0).sum() == 4

    normals = np.zeros((*SIZE, 3), np.uint8)
    normals[:] = (255, 128, 128)
    normals[0, :4] = ((0, 0, 0), (127, 127, 127), (128, 128, 128), (255, 255, 255))
    vectors = raw(replaced(folder, f"normals/{NAME}.png", normals), "normals")
    assert (~vectors.any(axis=-1)).sum() == 4
    assert np.allclose(np.linalg.norm(vectors[1:], axis=-1), 1, atol=1e-6)


def test_the_most_that_sixteen_bits_hold_is_no_distance(folder: Path) -> None:
    replaced(folder, f"depth/{NAME}.png", np.where(np.eye(*SIZE), 65535, 900).astype(np.uint16))
    tell(folder, "depth", unit="mm")
    with pytest.warns(DataWarning, match=r"65535 in 2% of its pixels.*\"invalid\": 65535 into dataset.json"):
        assert (raw(folder, "depth") == 0).sum() == 48
    tell(folder, "depth", unit="mm", invalid=65535)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (raw(folder, "depth") == 0).sum() == 48


def test_depth_in_another_unit_than_is_said_is_named(folder: Path) -> None:
    replaced(folder, f"depth/{NAME}.png", np.full(SIZE, 1500, np.uint16))
    (folder / "train.txt").write_text(NAME)
    with pytest.warns(DataWarning, match=r"median distance is 1.5e\+03 m if depth is in m.*\"unit\": \"mm\""):
        opened(folder, "depth")


def test_photos_turn_as_their_camera_says_and_maps_are_compared_with_that(folder: Path) -> None:
    turned = Image.new("RGB", (48, 64))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "images" / f"{NAME}.png", exif=exif)
    assert opened(folder, "semseg").reader.read(0, ("semseg",)).image.shape == (*SIZE, 3)
    turned.save(folder / "images" / f"{NAME}.png")
    with pytest.raises(DataError, match=r"photo 0.png is 48x64, but its photo asks for 64x48. They are turned"):
        opened(folder, "semseg")


def test_photos_of_several_sizes_share_a_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_folder(tmp_path_factory.mktemp("other"), ("semseg",), (64, 40), count=3)
    for kind in ("images", "semseg"):
        (other / kind / f"{NAME}.png").rename(folder / kind / "tall.png")
    (folder / "val.txt").write_text("photo 1\ntall\n")
    dataset = opened(folder, "semseg", split="val", input_size=(32, 64))
    assert [dataset[index].targets["semseg"].shape for index in (0, 1)] == [(48, 64), (64, 40)]
    assert dataset[1].image.shape == dataset[0].image.shape == (3, 32, 64)
    with pytest.raises(DataError, match=r"Image photo 1 is 48x64, larger than the input of 32x64. Say --data.resize"):
        opened(folder, "semseg", split="val", input_size=(32, 64), resize=False)


WRONG: dict[str, tuple[str, Callable[[], np.ndarray], str]] = {
    "another class": ("semseg/photo 0.png", lambda: np.full(SIZE, 7, np.uint8), r"holds 7 in 100% .* 0 to 2 for the 3"),
    "counted from 1": ("semseg/photo 0.png", lambda: np.full(SIZE, 3, np.uint8), "Perhaps yours count from 1"),
    "more classes than names": (
        "semseg/photo 0.png",
        lambda: np.eye(*SIZE, dtype=np.uint8) * 3,
        "holds 3 in 2% .* Name every class in dataset.json, and number them as they stand there, from 0 on",
    ),
    "labels blended": ("semseg/photo 0.npy", lambda: np.full(SIZE, 0.5), "holds float64; numbers of classes are whole"),
    "labels in colours": ("semseg/photo 0.png", lambda: np.zeros((*SIZE, 3), np.uint8), "a picture in colours"),
    "another size": ("semseg/photo 0.png", lambda: np.zeros((24, 64), np.uint8), "is 24x64, but its photo asks for 48"),
    "depth to look at": ("depth/photo 0.png", lambda: np.zeros(SIZE, np.uint8), "only 8 bits"),
    "negative depth": ("depth/photo 0.npy", lambda: np.full(SIZE, -9.0), 'holds -9 in 100% .* "invalid"'),
    "normals of another length": ("normals/photo 0.npy", lambda: np.ones((*SIZE, 3)), r"100% .* length than 1 \(1.73"),
    "normals as codes": ("normals/photo 0.npy", lambda: np.ones((*SIZE, 3), np.uint8), "holds uint8; in an array"),
    "components first": ("normals/photo 0.npy", lambda: np.ones((3, *SIZE)), "Put the three components last"),
    "soft saliency": ("sal/photo 0.png", lambda: np.full(SIZE, 90, np.uint8), "expected are 0 for no and 255 for yes"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused_before_the_first_step(what: str, folder: Path) -> None:
    file, make, said = WRONG[what]
    replaced(folder, file, make())
    with pytest.raises(DataError, match=said):
        opened(folder, file.partition("/")[0])


TOLD: dict[str, tuple[dict[str, object], str]] = {
    "a task that is none": (
        {"tasks": {"depht": {}}},
        "tasks.depht is no task. Choose among semseg, human_parts, depth",
    ),
    "no tasks": ({"tasks": {}}, "tasks names none"),
    "no classes": ({"tasks": {"semseg": {}}}, 'tasks.semseg needs "classes", the names'),
    "one class": ({"tasks": {"semseg": {"classes": ["road"]}}}, "tasks.semseg must have from 2 to 255 classes, not 1"),
    "a class twice": ({"tasks": {"semseg": {"classes": ["road", "road"]}}}, "names has 'road' twice"),
    "a colour that is none": ({"tasks": {"semseg": {**OPTIONS["semseg"], "colours": ["red"] * 3}}}, "as in #1F77B4"),
    "ignore is a class": ({"tasks": {"semseg": {"classes": ["a", "b"], "ignore": 0}}}, "ignore 0, .* number of 'a'"),
    "no unit": ({"tasks": {"depth": {}}}, 'tasks.depth needs "unit", which must be mm or m, not None'),
    "an option that is none": ({"tasks": {"sal": {"invalid": 0}}}, "tasks.sal 'invalid' is unknown here. It has none"),
    "an entry that is none": ({"name": "mine"}, "'name' is unknown here. Known: title, tasks, splits"),
    "a list that is not there": ({"splits": {"train": "all.txt"}}, "splits.train must be the name of a file"),
    "no splits": ({"splits": None}, "splits must be an object. For example {"),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_description_that_makes_no_sense_is_refused_with_what_to_write(what: str, folder: Path) -> None:
    changes, said = TOLD[what]
    own = {"tasks": {"semseg": OPTIONS["semseg"]}}
    describe(folder, **{**own, **changes})
    with pytest.raises(DataError, match=said):
        source_at("folder", folder)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "depth" / f"{NAME}.npy").unlink()
    with pytest.raises(DataError, match=r"1 of the 1 images that .* have no file in .*depth: photo 0"):
        opened(folder, "depth")
    describe(folder, tasks={"sal": {}}, splits={"train": "train.txt"})
    with pytest.raises(
        DataError, match=r"names no ground truth for edge\. It has sal: choose among these with --tasks"
    ):
        opened(folder, "edge")
    with pytest.raises(DataError, match=r"names no list of images for val.*--data.hold-out"):
        opened(folder, "sal", split="val")
    (folder / "dataset.json").write_text('{"title": "a", "title": "b"}')
    with pytest.raises(DataError, match="cannot be read as JSON: it says 'title' twice"):
        opened(folder)
    (folder / "dataset.json").write_text('{"title": "a",}')
    with pytest.raises(DataError, match=r"line 1 column 15 .* a comma too many before } or \]\?"):
        opened(folder)
    (folder / "dataset.json").write_text("{}", encoding="utf-16")
    with pytest.raises(DataError, match=r"is not text in UTF-8 .* Save it as such"):
        opened(folder)
    (folder / "dataset.json").unlink()
    with pytest.raises(DataError, match=r"has no dataset.json, which says what its files mean. Write one"):
        opened(folder)
    with pytest.raises(DataError, match="There is no folder"):
        opened(tmp_path / "nowhere")


def test_files_in_folders_below_are_said_to_be_unread(folder: Path) -> None:
    (folder / "semseg" / "day 1").mkdir()
    (folder / "semseg" / f"{NAME}.png").rename(folder / "semseg" / "day 1" / f"{NAME}.png")
    (folder / "train.txt").write_text(f"day 1/{NAME}\n")
    with pytest.raises(DataError, match=f"day 1/{NAME}.png is there, but files in folders below are not read"):
        opened(folder, "semseg")
    (fault,) = [one for one in check_folder(folder).faults if "semseg" in one]
    assert f"day 1/{NAME}.png is there, but files in folders below are not read" in fault


def test_without_a_list_to_judge_by_some_photos_can_be_kept_back(folder: Path) -> None:
    describe(folder, tasks={"sal": {}}, splits={"train": "train.txt"})
    (folder / "train.txt").write_text("photo 0\nphoto 1\nphoto 2\n")
    kept, judged = (opened(folder, "sal", split=split, hold_out=1).names for split in ("train", "val"))
    assert len(judged) == 1 and {*kept, *judged} == {"photo 0", "photo 1", "photo 2"}


def test_a_byte_order_mark_is_no_part_of_a_description(folder: Path) -> None:
    text = (folder / "dataset.json").read_text()
    (folder / "dataset.json").write_text("\ufeff" + json.dumps(json.loads(text)), encoding="utf-8")
    assert source_at("folder", folder).title == "Three streets"

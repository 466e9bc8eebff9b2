"""From a folder of photos to an open studio: checked, trained, judged, asked, looked at."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from folders import CLASSES, COLOURS, OPTIONS, describe, make_folder
from PIL import Image
from training_runs import TINY

from app.analysis.selection import Selection
from app.analysis.session import Session
from app.main import find_checkpoint, parse
from app.tabs.views import all_views
from bridgenet import Predictor
from bridgenet.checkpoint import read_config, save_model
from bridgenet.config import DataConfig
from bridgenet.data import DataError, open_dataset
from bridgenet.evaluate import main as evaluate
from bridgenet.images import load_image
from bridgenet.model import build_model
from bridgenet.predict import main as predict
from bridgenet.prepare import main as prepare
from bridgenet.presets import PRESETS
from bridgenet.sources import source_at
from bridgenet.tasks import ALL_TASKS
from bridgenet.train import main as train
from bridgenet.train import read, told_channels

pytestmark = pytest.mark.slow

CHAPTER = (Path(__file__).parents[1] / "README.md").read_text().partition("## Your own photos")[2].partition("\n## ")[0]


def told(command: str, **places: Path) -> list[str]:
    """The arguments of a command as the chapter gives them, with other places."""
    (line,) = re.findall(rf"^python (?:-m bridgenet\.|app/){command} (.*)", CHAPTER, re.MULTILINE)
    for name, place in places.items():
        line = re.sub(rf"(?<![\w/]){name.replace('_', '/')}\b", str(place), line)
    return line.split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of 240x320, and one of another size, with three classes and depth in metres."""
    root = make_folder(tmp_path_factory.mktemp("streets"))
    other = make_folder(tmp_path_factory.mktemp("other"), size=(160, 120), count=2)
    for kind in ("images", "semseg", "depth"):
        for path in (other / kind).glob("photo 0.*"):
            path.rename(root / kind / f"tall{path.suffix}")
    (root / "val.txt").write_text("photo 4\ntall\nphoto 5\n")
    return root


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    assert train([*told("train", photos=folder, runs_photos=run), *TINY]) == 0
    return run


def test_the_description_that_the_readme_shows_is_understood(folder: Path, tmp_path: Path) -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", CHAPTER, re.DOTALL)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "dataset.json").write_text(shown)
    assert source_at("folder", tmp_path).channels == {"semseg": 3, "depth": 1}


def test_who_gives_a_known_data_set_classes_of_their_own_hears_how_to_bring_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        read(["nyud-lite0", "--model.tasks.semseg", "3"])
    told = " ".join(capsys.readouterr().err.split())
    assert "--model.tasks.semseg must be 40, as many as nyud has classes, not 3." in told and "data.name folder" in told


def test_a_network_learns_what_the_folder_has_whatever_its_preset_says(run: Path) -> None:
    config = read_config(run)
    assert config.model.tasks == {"semseg": 3, "depth": 1}
    assert config.classes["semseg"].names == tuple(CLASSES) and config.classes["semseg"].colours == tuple(COLOURS)
    assert config.data.title == "Three streets" and config.data.root is None
    assert "Trained on 4 images of `Three streets`" in (run / "README.md").read_text()


def test_photos_of_several_sizes_are_judged_the_same_in_any_batch(run: Path, folder: Path) -> None:
    found = []
    for size in (1, 3):
        line = told("evaluate", photos=folder, runs_photos=run)
        assert evaluate([*line, "--batch-size", str(size), "--device", "cpu"]) == 0
        found.append(json.loads((run / "judged.json").read_text()))
    one, three = found
    assert one["images"] == three["images"] == 3
    assert three["semseg"] == pytest.approx(one["semseg"], rel=1e-5)
    assert three["depth"] == pytest.approx(one["depth"], rel=1e-5)


def test_its_classes_reach_answers_legends_and_the_studio(run: Path, folder: Path, tmp_path: Path) -> None:
    photo = folder / "images" / "photo 0.png"
    assert predict(told("predict", photos=folder, runs_photos=run, answers=tmp_path)) == 0
    legend = json.loads((tmp_path / "photo 0" / "semseg_legend.json").read_text())
    assert {entry["name"]: entry["colour"] for entry in legend}.items() <= dict(
        zip(CLASSES, COLOURS, strict=True)
    ).items()
    assert Predictor.load(run).classes == tuple(CLASSES)
    assert find_checkpoint(parse(told(r"main\.py", runs_photos=run)).checkpoint) == run
    views = all_views(Session(run).analyse(load_image(photo), title="street"), Selection())
    assert any(name in json.dumps(views["overview"]) for name in CLASSES)
    assert "Three streets" in json.dumps(views["features"])


def test_what_contradicts_the_folder_is_refused(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*told("train", photos=folder, runs_photos=tmp_path / "no"), *TINY]
    for more, said in (
        (
            ["--tasks", "semseg,edge"],
            "--tasks names edge, which is not among the tasks here. Choose among semseg, depth.",
        ),
        (["--model.tasks.semseg", "14"], "--model.tasks.semseg contradicts"),
        (["--model.tasks.edge=1"], "which has semseg 3, depth 1. Leave it out."),
    ):
        assert train([*flags, *more]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    line = ["rooms-tiny", "--model.tasks.semseg", "3", "--model.tasks.human-parts=7"]
    with pytest.raises(SystemExit):
        read([*line, "--data.name", "made_rooms"])
    assert told_channels(read([*line, "--data.name", "folder"]).config, line) == {"semseg": 3, "human_parts": 7}

    (shutil.copytree(folder, tmp_path / "other") / "dataset.json").unlink()
    describe(tmp_path / "other", title="Other", tasks={"semseg": OPTIONS["human_parts"]})
    assert evaluate([str(run), "--data-root", str(tmp_path / "other")]) == 1
    said = capsys.readouterr().err
    assert (
        "Other has no ground truth for depth. The checkpoint knows the classes of Three streets, not those of" in said
    )


def test_who_forgets_that_it_is_a_folder_of_his_own_is_told_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Callable[[list[str]], int], list[str]]] = []
    for preset in ("nyud-lite0", "rooms-tiny"):
        asked.append((train, [preset, "--device", "cpu", "--output", str(tmp_path / "run")]))
    asked.append((train, ["nyud-lite0", "--tasks", "semseg,sal", "--output", str(tmp_path / "run")]))
    config = PRESETS["nyud-lite0"]
    config = replace(config, model=replace(config.model, backbone=PRESETS["rooms-tiny"].model.backbone))
    save_model(tmp_path / "judged", build_model(config.model), config, {}, "A card.")
    asked.append((evaluate, [str(tmp_path / "judged"), "--device", "cpu"]))
    for command, line in asked:
        assert command([*line, "--data-root", str(folder)]) == 1
        said = capsys.readouterr().err.strip()
        assert f"{folder} holds dataset.json: it is a data set of its own, not " in said
        assert "Add --data.name folder to train on it (--data folder to evaluate)." in said and "gt_sets" not in said
    for name in ("pascal_context", "cityscapes"):
        with pytest.raises(DataError, match="it is a data set of its own"):
            open_dataset(DataConfig(name, root=folder), "val", ())


def test_a_folder_in_order_is_said_to_be_so_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(tmp_path, ALL_TASKS, (48, 64))
    (tmp_path / "images" / "spare.jpg").write_bytes((tmp_path / "images" / "photo 1.jpg").read_bytes())
    describe(tmp_path, tasks={task: OPTIONS[task] for task in ALL_TASKS if task != "edge"})
    assert prepare(told("prepare", photos=tmp_path)) == 0
    said = capsys.readouterr().out
    assert "Three streets: 4 train, 2 val; semseg (3 classes), human_parts (3 classes), depth, normals, sal." in said
    assert "Note: 1 photos are in no list, so they are not used: spare." in said
    assert "edge is there, but dataset.json does not name edge." in said and "Nothing is wrong." in said
    sheet = np.asarray(Image.open(tmp_path / "contact_sheet.png"))
    assert sheet.shape[1] > 1000
    assert all((sheet == list(bytes.fromhex(colour[1:]))).all(axis=-1).any() for colour in COLOURS)


def test_all_that_is_wrong_is_told_file_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(tmp_path, ALL_TASKS, (48, 64), count=10)
    describe(tmp_path, tasks={**{task: OPTIONS[task] for task in ALL_TASKS}, "colour": {}})
    with (tmp_path / "train.txt").open("a") as file:
        file.write("photo 1\nphoto 98\nphoto 99\n")
    with (tmp_path / "val.txt").open("a") as file:
        file.write("photo 98\n")
    faulty = {
        "semseg/photo 0.png": np.full((48, 64), 9, np.uint8),
        "semseg/photo 1.png": np.zeros((48, 60), np.uint8),
        "semseg/photo 2.png": np.full((48, 64), 255, np.uint8),
        "sal/photo 3.png": np.full((48, 64), 100, np.uint8),
        "normals/photo 4.png": np.full((48, 64, 3), 240, np.uint8),
        "depth/photo 5.npy": np.zeros((48, 64), np.float32),
        "depth/photo 6.npy": np.array([["a"]]),
        "depth/photo 3.npy": np.full((48, 64), 1800, np.float32),
    }
    for name, array in faulty.items():
        np.save(tmp_path / name, array) if name.endswith(".npy") else Image.fromarray(array).save(tmp_path / name)
    (tmp_path / "normals" / "photo 7.png").write_bytes((tmp_path / "normals" / "photo 7.png").read_bytes()[:40])
    (tmp_path / "images" / "photo 8.png").write_bytes(b"no picture")
    (tmp_path / "human_parts" / "photo 9.png").rename(tmp_path / "human_parts" / "photo 9.bmp")
    shutil.rmtree(tmp_path / "edge")
    shutil.copy(tmp_path / "images" / "photo 1.jpg", tmp_path / "images" / "photo 2.jpg")
    assert prepare(["check", str(tmp_path), "--sheet", str(tmp_path / "seen.png")]) == 1
    lines = capsys.readouterr().out.splitlines()
    for name, said in (
        *((name, said) for name, said in zip(faulty, ("holds 9", "is 48x60", "no pixel has a class", "100 to 100",
            "100% of the normals", "no pixel has a distance", "not one array of numbers",
            "another unit?"), strict=True)),
        ("normals/photo 7.png", "damaged or incomplete"),
        ("There is no folder", "edge"),
        ("images/photo 8.png", "readable image"),
        ("human_parts/photo 9", "missing; photo 9.bmp is there, but only .png and .npy are read"),
        ("human_parts/photo 9", "read. val.txt names it."),
        ("images/photo 99", "photo 99.jpg is missing. train.txt names it."),
        ("images/photo 98", "photo 98.jpg is missing. train.txt and val.txt name it."),
        ("images/photo 2.png and", ""),
        ("train.txt names photo 1 2 times", ""),
        ("tasks.colour is no task", ""),
    ):  # fmt: skip
        assert [line for line in lines if name in line and said in line], (name, said, lines)
    assert lines[-1] == "17 things are wrong." and (tmp_path / "seen.png").is_file()


def test_a_folder_that_says_nothing_is_answered_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dataset.json").write_text("{tasks: none}")
    assert prepare(["check", str(tmp_path)]) == 1
    assert "dataset.json cannot be read as JSON: Expecting property name" in capsys.readouterr().err
    make_folder(tmp_path, ("semseg",), (48, 64), count=3)
    assert prepare(["check", str(tmp_path), "--sheet", str(tmp_path / "train.txt" / "sheet.png")]) == 1
    assert "is a file, not a folder" in capsys.readouterr().err

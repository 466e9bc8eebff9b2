import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from folders import make_folder
from PIL import Image
from warm import Python

from bridgenet import PRESETS
from bridgenet.checkpoint import save_model
from bridgenet.drawing import class_palette
from bridgenet.model import build_model
from bridgenet.predict import find_images, folder_names, main, title_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = PRESETS["rooms-tiny"]
    folder = tmp_path_factory.mktemp("checkpoints") / "untrained"
    save_model(folder, build_model(config.model), config, {}, "A card.")
    return folder


def _photo(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8))


def _save_rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _photo().save(path, exif=exif)


def _save_alpha(path: Path) -> None:
    image = _photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(path)


def _save_deep(path: Path) -> None:
    Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)).save(path)


def _save_truncated(path: Path) -> None:
    _photo(200, 150).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def _save_frames(path: Path) -> None:
    _photo().save(path, save_all=True, append_images=[_photo().rotate(180)])


# Twenty files as a folder of years may hold them. True: it can be predicted.
ODD_FILES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "plain.png": (lambda path: _photo().save(path), True),
    "plain.jpg": (lambda path: _photo().save(path), True),
    "PLAIN.webp": (lambda path: _photo().save(path), True),
    "rotated.jpg": (_save_rotated, True),
    "alpha.png": (_save_alpha, True),
    "deep.png": (_save_deep, True),
    "grey.png": (lambda path: _photo().convert("L").save(path), True),
    "palette.png": (lambda path: _photo().convert("P").save(path), True),
    "print.jpg": (lambda path: _photo().convert("CMYK").save(path), True),
    "moving.gif": (_save_frames, True),
    "pages.tiff": (_save_frames, True),
    "tall and spaced é.png": (lambda path: _photo(40, 300).save(path), True),
    "truncated.jpg": (_save_truncated, False),
    "text.png": (lambda path: path.write_text("Shopping list: milk, bread."), False),
    "empty.jpg": (lambda path: path.write_bytes(b""), False),
    "dot.png": (lambda path: Image.new("RGB", (1, 1)).save(path), False),
    "sixty_megapixels.png": (lambda path: Image.new("1", (10000, 6000)).save(path), False),
    "strip.png": (lambda path: Image.new("RGB", (3000, 40)).save(path), False),
    "drawing.svg": (lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"), False),
    "phone.heic": (lambda path: path.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(50)), False),
}


def test_a_folder_of_twenty_odd_files_is_survived_and_each_failure_explained(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "photos", tmp_path / "answers"
    folder.mkdir()
    for name, (make, _) in ODD_FILES.items():
        make(folder / name)
    (folder / "notes.txt").write_text("not an image, and does not claim to be one")
    (folder / ".DS_Store").write_bytes(b"\x00")

    status = main([str(folder), "--checkpoint", str(checkpoint), "--out", str(out)])

    told = capsys.readouterr()
    settings = json.loads((out / "settings.json").read_text())
    assert status == 1
    assert set(settings["images"]) == {name for name, (_, good) in ODD_FILES.items() if good}
    assert set(settings["skipped"]) == {name for name, (_, good) in ODD_FILES.items() if not good}
    assert "12 of 20 images predicted" in told.out and "notes.txt" in told.out
    for name, reason in settings["skipped"].items():
        assert f"{name}: {reason}" in told.out
    assert "60 megapixels" in settings["skipped"]["sixty_megapixels.png"]
    assert "rotated.jpg: Turned upright" in told.err
    assert settings["images"]["rotated.jpg"]["size"] == [64, 48]
    folders = [image["folder"] for image in settings["images"].values()]
    assert len(set(folders)) == 12
    for name in folders:
        assert (out / name / "overview.png").is_file()


def test_the_numbers_in_the_files_are_those_of_the_predictor(checkpoint: Path, tmp_path: Path) -> None:
    from bridgenet.predictor import Predictor

    _photo().save(tmp_path / "photo.png")
    assert main([str(tmp_path / "photo.png"), "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out" / "photo"
    prediction = Predictor.load(checkpoint)(tmp_path / "photo.png")

    for task in ("depth", "normals", "edge", "sal"):
        saved = np.load(folder / f"{task}.npy")
        assert saved.dtype == np.float32
        np.testing.assert_array_equal(saved, prediction[task].array)
        assert Image.open(folder / f"{task}.png").mode == "RGB"

    millimetres = np.asarray(Image.open(folder / "depth_mm.png"))
    assert millimetres.dtype == np.uint16
    np.testing.assert_allclose(millimetres / 1000, prediction["depth"].array, atol=0.00051)

    labels = Image.open(folder / "semseg.png")
    assert labels.mode == "P"
    np.testing.assert_array_equal(np.asarray(labels), prediction["semseg"].array)
    colours = class_palette(prediction["semseg"].colours)[prediction["semseg"].array]
    np.testing.assert_array_equal(np.asarray(labels.convert("RGB")), colours)

    legend = json.loads((folder / "semseg_legend.json").read_text())
    assert sum(entry["area"] for entry in legend) == pytest.approx(1, abs=1e-3)
    assert {entry["name"] for entry in legend} <= set(prediction["semseg"].classes)
    assert (folder / "human_parts_legend.png").is_file()

    files = json.loads((tmp_path / "out" / "settings.json").read_text())["files"]
    assert all((folder / name).is_file() for name in files)
    assert "metres" in files["depth.npy"]


def test_files_of_one_stem_get_folders_of_their_own() -> None:
    files = [Path(name) for name in ("a.png", "a.jpg", "A.gif", "a_png.jpg", "b.tiff")]
    names = folder_names(files)
    assert len({name.lower() for name in names.values()}) == 5
    assert names[Path("b.tiff")] == "b" and names[Path("a_png.jpg")] == "a_png"


ODD_NAMES = (
    b"caf\xe9.png", b"caf\xe8.png", b"a$x_1^2$ $\\frac$.png", "emoji😀room.png".encode(), b"...png", b".hidden.png",
    b"settings.json.png", b"Settings.JSON.bmp", b"con.png", b"COM1.a.png", b"[brackets]*.png", b"a" * 251 + b".png",
    b"-dash.png", b"trailing dot..png", b"one.png", b"one.bmp", b"ONE.PNG", "ä.png".encode(), "a\u0308.png".encode(),
)  # fmt: skip


def test_every_photo_is_answered_in_a_folder_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    files = [Path(os.fsdecode(name)) for name in ODD_NAMES]
    names = folder_names(files)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names.values()}) == len(files)
    for file, name in names.items():
        assert Path(name).name == name and name not in (".", "..", "settings.json")
        assert name == name.strip(" .") and len(name.encode()) < 255
        assert name.partition(".")[0].lower() not in ("con", "com1")
        title_of(file).encode()
    assert names[Path("-dash.png")] == "-dash" and names[Path("[brackets]*.png")] == "[brackets]*"


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems refuse such names.")
def test_photos_of_odd_names_are_answered_inside_out_and_the_settings_are_kept(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "below" / "answers"
    photos.mkdir()
    chosen = [b"caf\xe9.png", b"a$x_1^2$ $\\frac$.png", "emoji😀room.png".encode(), b"...png", b"settings.json.png"]
    for name in chosen:
        with (photos / os.fsdecode(name)).open("wb") as file:
            _photo().save(file, "PNG")
    (photos / "._one.png").write_bytes(b"what macOS notes about a file")
    assert main([str(photos), "--checkpoint", str(checkpoint), "--out", str(out)]) == 0
    assert f"{len(chosen)} of {len(chosen)} images predicted" in capsys.readouterr().out
    images = json.loads((out / "settings.json").read_text())["images"]
    assert images.keys() == {os.fsdecode(name) for name in chosen}
    for image in images.values():
        assert (out / image["folder"] / "overview.png").is_file()
    assert [entry.name for entry in out.parent.iterdir()] == ["answers"]
    assert list(out.rglob("*.tmp")) == []


def test_a_device_that_is_not_here_is_refused_in_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _photo().save(tmp_path / "photo.png")
    for device in ("meta", "cuda:77", "abacus"):
        command = [str(tmp_path / "photo.png"), "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]
        assert main([*command, "--device", device]) == 2
        told = capsys.readouterr().err.strip()
        assert f"Device {device!r} cannot be used here. This machine has: cpu" in told and len(told.splitlines()) == 1


def test_what_makes_the_whole_run_impossible_is_said_in_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    _photo().save(tmp_path / "photo.png")
    photo, out = tmp_path / "photo.png", tmp_path / "out"
    deep = tmp_path / "streets" / "val" / "munster"
    deep.mkdir(parents=True)
    for number in range(3):
        _photo().save(deep / f"{number}.png")
    for path, folder, where, words in (
        (tmp_path / "streets", checkpoint, out, f"holds no image (0 other files). There are some in {deep} (3): name"),
        (tmp_path / "nowhere", checkpoint, out, "There is no file or folder"),
        (Path("x" * 5000), checkpoint, out, "File name too long"),
        (photo, Path("x" * 5000), out, "File name too long"),
        (tmp_path / "empty", checkpoint, out, "holds no image"),
        (photo, tmp_path / "no_checkpoint", out, "There is no checkpoint folder"),
        (photo, checkpoint, tmp_path / "file", "Cannot write to"),
        (photo, checkpoint, tmp_path / "file" / "below", "Cannot write to"),
    ):
        assert main([str(path), "--checkpoint", str(folder), "--out", str(where)]) == 2
        told = capsys.readouterr().err.strip()
        assert words in told and len(told.splitlines()) == 1


def test_of_a_data_set_its_photos_are_predicted_and_not_its_contact_sheet(tmp_path: Path) -> None:
    photos = make_folder(tmp_path / "photos", ("semseg",), (48, 64), count=3)
    (photos / "images" / "notes.txt").write_text("mine")
    _photo().save(photos / "contact_sheet.png")
    images, left_out = find_images(photos)
    assert [image.name for image in images] == ["photo 0.png", "photo 1.jpg", "photo 2.png"]
    assert left_out == [photos / "images" / "notes.txt"]
    (photos / "dataset.json").unlink()
    assert find_images(photos) == ([photos / "contact_sheet.png"], [photos / "train.txt", photos / "val.txt"])


def test_the_command_line_ends_with_status_1_where_a_file_fails(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("Dear diary")
    options = ("--checkpoint", checkpoint, "--out", tmp_path / "out")
    command = Python("-m", "bridgenet.predict", tmp_path, *options)
    command.finish(status=1)
    assert "text.png: This file is not a readable image" in command.output
    assert "Traceback" not in command.errors

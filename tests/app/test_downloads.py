import base64
import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.tabs.interaction import cuts
from app.tabs.interaction.cuts import REMOVAL
from app.takeaway.downloads import Downloads, file_name, zip_of
from bridgenet.inspection import interaction_matrix
from bridgenet.tasks import ALL_TASKS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(session: Session, analysis: Analysis) -> zipfile.ZipFile:
    fresh = replace(analysis, results=Results())
    for removal in ("mask", "mean"):
        cuts.compute(session, fresh, Selection(options={REMOVAL.name: removal}), lambda done, total, words: None)
    return zipfile.ZipFile(io.BytesIO(zip_of(fresh, Selection(x=0.4, y=0.6, task="depth"), session, "http://here")))


def array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.load(io.BytesIO(archive.read(name)), allow_pickle=False)


def picture(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(archive.read(name))))


def test_the_numbers_in_the_zip_are_those_of_the_prediction(archive: zipfile.ZipFile, analysis: Analysis) -> None:
    for task in ("depth", "normals", "edge", "sal"):
        np.testing.assert_array_equal(array(archive, f"{task}.npy"), analysis.prediction[task].array)
    for task in ("semseg", "human_parts"):
        np.testing.assert_array_equal(picture(archive, f"{task}.png"), analysis.prediction[task].array)
    np.testing.assert_array_equal(picture(archive, "input.png"), analysis.prediction.image)


def test_millimetres_are_metres_in_sixteen_bits(archive: zipfile.ZipFile) -> None:
    millimetres = picture(archive, "depth_mm_u16.png")
    assert millimetres.dtype in (np.uint16, np.int32)
    np.testing.assert_allclose(millimetres / 1000, array(archive, "depth.npy"), atol=0.0006)


def test_every_index_of_the_segmentation_has_a_name_and_its_colour(archive: zipfile.ZipFile) -> None:
    classes = json.loads(archive.read("classes.json"))
    image = Image.open(io.BytesIO(archive.read("semseg.png")))
    colours = np.array(image.getpalette()).reshape(-1, 3)
    for index in np.unique(np.array(image)):
        entry = classes["semseg"][index]
        assert entry["index"] == index and entry["name"]
        assert entry["colour"] == "#{:02x}{:02x}{:02x}".format(*colours[index])


def test_attention_rows_sum_to_one(archive: zipfile.ZipFile) -> None:
    for task in ALL_TASKS:
        assert array(archive, f"attention/tpp_{task}.npy").sum() == pytest.approx(1, abs=1e-5)
    bridge = [array(archive, f"attention/bridge_{task}.npy").sum() for task in ALL_TASKS]
    assert sum(bridge) == pytest.approx(1, abs=1e-5)


def test_every_interaction_matrix_that_the_view_has_computed_comes_along(
    archive: zipfile.ZipFile, analysis: Analysis
) -> None:
    for stem, removal in (("matrix", "mask"), ("matrix-2", "mean")):
        matrix = interaction_matrix(analysis.own_model(), analysis.images(), removal)
        told = json.loads(archive.read(f"interaction/{stem}.json"))
        np.testing.assert_allclose(told["effect"], matrix.effect)
        assert (told["removal"], told["over"]) == (removal, "image")
        rows = list(csv.DictReader(io.StringIO(archive.read(f"interaction/{stem}.csv").decode())))
        assert len(rows) == len(ALL_TASKS) ** 2


def test_the_settings_say_which_weights_answered(
    archive: zipfile.ZipFile, session: Session, analysis: Analysis
) -> None:
    settings = json.loads(archive.read("settings.json"))
    weights = (session.checkpoints[analysis.checkpoint] / "model.safetensors").read_bytes()
    assert settings["sha256 of model.safetensors"] == sha256(weights).hexdigest()
    assert settings["checkpoint"] == "untrained" and settings["link"] == "http://here"
    assert (settings["selection"]["x"], settings["selection"]["y"]) == (0.4, 0.6)
    assert set(settings["versions"]) == {"python", "bridgenet", "torch", "gradio"}


def test_the_readme_explains_every_file(archive: zipfile.ZipFile) -> None:
    words = archive.read("README.txt").decode()
    for name in archive.namelist():
        known = re.sub(r"^confidence_.*", "confidence_*.npy", name)
        known = re.sub(rf"_({'|'.join(ALL_TASKS)})\.npy", "_<task>.npy", known) if "attention" in name else known
        known = re.sub(r"^views/.*", "views/<view>/*.png", re.sub(r"^interaction/.*", "interaction/*", known))
        assert known in words or known == "README.txt", name
    assert "Metres" in words and "y up" in words


def test_the_views_come_as_pictures(archive: zipfile.ZipFile) -> None:
    folders = {name.split("/")[1] for name in archive.namelist() if name.startswith("views/")}
    assert {"overview", "features", "tpp", "bridge"} <= folders


def test_a_zip_that_grows_too_large_is_refused_in_words(
    session: Session, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.takeaway.downloads.LARGEST", 10_000)
    with pytest.raises(StudioError, match="Analyse a smaller photo"):
        zip_of(analysis, Selection(), session)


def test_the_page_gets_files_by_name_and_kind(session: Session, analysis: Analysis) -> None:
    downloads = Downloads(session)
    found = session.analyse(analysis.photo(), title="my kitchen.jpg")
    zipped = downloads.take({"what": "zip", "key": found.key})
    assert zipped["name"] == "bridgenet-my-kitchen.zip" and zipped["type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(base64.b64decode(zipped["data"]))).testzip() is None
    report = downloads.take({"what": "report", "key": found.key})
    assert base64.b64decode(report["data"]).startswith(b"<!doctype html>")
    drawn = downloads.take({"what": "picture", "key": found.key, "tab": "bridge"})
    assert drawn["name"] == "bridgenet-my-kitchen-bridge" and "<h1>Bridge</h1>" in drawn["html"]


@pytest.mark.parametrize("event", [None, [], "zip", {}, {"what": "zip"}, {"what": "zip", "key": ["a"]}])
def test_without_a_key_there_is_nothing_to_get(session: Session, event: Any) -> None:
    assert set(Downloads(session).take(event)) == {"problem"}


def test_a_guessed_key_or_a_path_gives_nothing(session: Session, analysis: Analysis) -> None:
    session.analyse(analysis.photo(), title=analysis.title)
    for key in (analysis.key[:-1], f"../{analysis.key}", "/etc/passwd", "0" * 24 + ":untrained"):
        assert set(Downloads(session).take({"what": "zip", "key": key})) == {"problem"}


def test_an_unknown_download_is_refused(session: Session, analysis: Analysis) -> None:
    found = session.analyse(analysis.photo(), title=analysis.title)
    assert "no such download" in Downloads(session).take({"what": "weights", "key": found.key})["problem"]


@pytest.mark.parametrize(
    ("title", "name"), [("a/b\\c", "a-b-c"), ("../../etc", "etc"), ("", "photo"), ("x" * 99, "x" * 60)]
)
def test_a_file_name_is_harmless(title: str, name: str) -> None:
    assert file_name(title) == name

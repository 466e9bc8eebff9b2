"""What it takes to add a data set: a file that reads it and says what it is, and a preset."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planting import copy_packages, put_in, run_there, touched

from app.analysis.selection import Selection
from app.analysis.session import Session
from app.handlers import first_example
from app.tabs.views import all_views
from bridgenet import SOURCES, Predictor
from bridgenet.checkpoint import CheckpointError, read_config
from bridgenet.config import DataConfig, SettingError
from bridgenet.evaluate import main as evaluate
from bridgenet.images import LoadedImage
from bridgenet.labels import Classes

pytestmark = pytest.mark.slow

COAST = {"sky": "#88BBEE", "sand": "#E8D8A0", "sea": "#103060"}

SOURCE = f'''
"""Coasts: a folder for each split, and in it pairs of NAME.png and NAME.classes.npy."""

import numpy as np
from PIL import Image

from bridgenet.labels import Classes
from bridgenet.reading.sample import DataError, RawSample
from bridgenet.reading.source import Asked, Source


class Coasts:
    def __init__(self, asked: Asked) -> None:
        self.folder = asked.root / asked.split
        self.names = tuple(sorted(path.stem for path in self.folder.glob("*.png")))
        if not self.names:
            raise DataError(f"There is no coast in {{self.folder}}.")

    def read(self, index, tasks) -> RawSample:
        name = self.names[index]
        with Image.open(self.folder / f"{{name}}.png") as picture:
            image = np.array(picture.convert("RGB"))
        return RawSample(image, {{task: np.load(self.folder / f"{{name}}.classes.npy") for task in tasks}})


SOURCE = Source(
    name="coast",
    title="Coasts",
    tasks=("semseg",),
    classes={{"semseg": Classes.of({COAST})}},
    open=Coasts,
    limits={{"semseg": "Its sand is guessed."}},
)
'''

PRESET = """    for preset in (
        TrainConfig(
            "coast-tiny",
            ModelConfig(
                tasks=SOURCES["coast"].channels,
                backbone=BackboneConfig("test_efficientnet"),
                embed_width=12,
                prediction_width=4,
                refiner_blocks=(1, 1, 1),
            ),
            DataConfig("coast", input_size=(32, 64), workers=0),
            OptimConfig(steps=2, batch_size=2),
            pretrained_backbone=False,
        ),
"""

USE_IT = """
import sys

import bridgenet.evaluate, bridgenet.predict, bridgenet.train

data, run, photo = sys.argv[1:]
assert bridgenet.train.main(["coast-tiny", "--data-root", data, "--output", run, "--device", "cpu"]) == 0
assert bridgenet.evaluate.main([run, "--data-root", data, "--json", f"{run}/judged.json", "--device", "cpu"]) == 0
assert bridgenet.predict.main([photo, "--checkpoint", run, "--out", f"{run}/answers"]) == 0
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that was trained where the source is."""
    there, data = tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("coast")
    copy_packages(there)
    (there / "bridgenet" / "sources" / "coast.py").write_text(SOURCE)
    put_in(there / "bridgenet" / "presets.py", "    for preset in (\n", PRESET)
    assert touched(there) == {"bridgenet/sources/coast.py", "bridgenet/presets.py"}
    for split, count in (("train", 4), ("val", 2)):
        (data / split).mkdir()
        for number in range(count):
            labels = np.repeat(np.arange(36, dtype=np.uint8)[:, None] // 12, 64, axis=1)
            np.save(data / split / f"{number}.classes.npy", labels)
            colours = np.array([(136, 187, 238), (232, 216, 160), (16, 48, 96)], np.uint8)
            Image.fromarray(colours[labels]).save(data / split / f"{number}.png")
    run_there(there, "-c", USE_IT, data, there / "run", data / "val" / "0.png")
    return there / "run"


def test_a_data_set_is_a_file_and_a_preset(run: Path) -> None:
    assert json.loads((run / "judged.json").read_text())["images"] == 2
    legend = json.loads((run / "answers" / "0" / "semseg_legend.json").read_text())
    assert legend and {entry["name"]: entry["colour"] for entry in legend}.items() <= COAST.items()
    assert "- Its sand is guessed." in (run / "README.md").read_text()


def test_its_checkpoint_answers_where_the_data_set_is_unknown(run: Path) -> None:
    assert "coast" not in SOURCES
    picture = np.full((36, 64, 3), 200, np.uint8)
    predictor = Predictor.load(run)
    assert predictor.classes == ("sky", "sand", "sea")
    answer = predictor(picture)["semseg"]
    assert dict(zip(answer.classes, answer.colours, strict=True)) == COAST
    bytes_of = {tuple(bytes.fromhex(colour[1:])) for colour in COAST.values()}
    assert {tuple(pixel) for pixel in answer.picture().reshape(-1, 3).tolist()} <= bytes_of

    analysis = Session(run).analyse(LoadedImage(picture, ()), title="grey")
    views = all_views(analysis, Selection())
    assert any(f"{name} " in part["text"] for part in views["overview"]["say"] for name in COAST)
    assert first_example("coast") == "motorcycle"


def test_judging_it_there_says_what_is_missing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate([str(run), "--device", "cpu"]) == 1
    assert "does not know the data set coast here: put the file that describes it, coast.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": ["sky", "sky", "sea"]}, "data.classes.semseg.names has 'sky' twice"),
        ({"names": ["sky", "sand", 3]}, "data.classes.semseg.names, entry 3, must be text, not 3"),
        ({"colours": ["blue", "#E8D8A0", "#103060"]}, "as in #1F77B4; that of 'sky' is 'blue'"),
        ({"colours": ["#88BBEE"]}, "data.classes.semseg.colours must be one for each of the 3 names, not 1"),
        ({"names": ["a", "b"], "colours": ["#88BBEE", "#103060"]}, "tasks.semseg must be 2, as many as data.classes"),
        ({"color": []}, "Perhaps you meant colours"),
    ],
)
def test_edited_classes_are_refused_in_a_sentence(
    run: Path, tmp_path: Path, change: dict[str, list], said: str
) -> None:
    config = json.loads((run / "config.json").read_text())
    config["data"]["classes"]["semseg"] |= change
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError) as refusal:
        read_config(tmp_path)
    assert said in str(refusal.value)


def test_a_checkpoint_without_classes_takes_those_of_its_source(run: Path, tmp_path: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    del config["data"]["classes"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match='not "coast"'):
        read_config(tmp_path)
    config["data"]["name"], config["model"]["tasks"] = "made_rooms", {"semseg": 14}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_config(tmp_path).classes["semseg"] == SOURCES["made_rooms"].classes["semseg"]


def test_classes_may_come_with_what_is_opened(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "folder", replace(SOURCES["nyud"], name="folder", tasks=(), classes={}))
    config = read_config(run)
    unopened = replace(config, data=DataConfig("folder"))
    assert unopened.classes["semseg"].names == ("class 0", "class 1", "class 2")
    opened = replace(config, data=DataConfig("folder", classes={"semseg": Classes.of(COAST)}))
    assert opened.classes["semseg"].names == ("sky", "sand", "sea")
    with pytest.raises(SettingError, match="classes names those of depth, which has none"):
        DataConfig("folder", classes={"depth": Classes.of(COAST)})

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bridgenet.learning.record import Recorder, contact_sheet, model_card, read_history
from bridgenet.presets import PRESETS

METRICS = {"semseg": {"miou": 31.5, "pixel_accuracy": 60.0}, "depth": {"rmse": 0.65}, "images": 3}


def write(folder: Path, steps: int, validations: list[int]) -> None:
    record = Recorder(folder, folder, 0, 0)
    for step in range(1, steps + 1):
        record.train(step, {"loss": 1.0 / step, "final": {"depth": 0.5}})
        if step in validations:
            record.validation(step, METRICS, seconds=step * 1.0)
    record.close()


def test_the_history_has_a_line_for_each_event(tmp_path: Path) -> None:
    write(tmp_path, steps=3, validations=[2])
    assert [(entry["event"], entry["step"]) for entry in read_history(tmp_path)] == [
        ("train", 1),
        ("train", 2),
        ("validation", 2),
        ("train", 3),
    ]
    assert read_history(tmp_path)[2]["depth"] == {"rmse": 0.65}
    assert list((tmp_path / "tensorboard").iterdir())


def test_lines_after_the_resumed_step_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, steps=5, validations=[2, 4])
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"event": "train", "st')
    Recorder(tmp_path, tmp_path, step=4, validated=2).close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["event"], line["step"]) for line in lines] == [
        ("train", 1),
        ("train", 2),
        ("validation", 2),
        ("train", 3),
        ("train", 4),
    ]


def test_a_new_run_starts_a_new_history(tmp_path: Path) -> None:
    write(tmp_path, steps=2, validations=[])
    Recorder(tmp_path, tmp_path, step=0, validated=0).close()
    assert read_history(tmp_path) == []


def test_a_run_that_goes_on_elsewhere_takes_its_history_along(tmp_path: Path) -> None:
    write(tmp_path / "old", steps=3, validations=[])
    Recorder(tmp_path / "new", tmp_path / "old", step=2, validated=0).close()
    assert [entry["step"] for entry in read_history(tmp_path / "new")] == [1, 2]
    assert len(read_history(tmp_path / "old")) == 3


def test_pictures_stand_in_rows_on_white() -> None:
    red = np.zeros((2, 3, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    sheet = contact_sheet([[red, red], [red]], ["Image", "Depth"])
    assert sheet.shape == (16 + 2 + 4 + 2, 3 + 4 + 3, 3)
    assert (sheet[16:18, :3] == [255, 0, 0]).all()
    assert (sheet[22:, 7:] == 255).all()
    assert (sheet[:16] < 128).any()


def test_sample_pictures_are_kept_by_step(tmp_path: Path) -> None:
    record = Recorder(tmp_path, tmp_path, 0, 0)
    record.pictures(12, [[np.zeros((4, 4, 3), np.uint8)]], ["Image"])
    record.close()
    with Image.open(tmp_path / "pictures" / "step_000012.png") as picture:
        assert picture.size == (4, 20)


@pytest.fixture
def card(tmp_path: Path) -> str:
    config = PRESETS["nyud-lite0"]
    config = replace(config, model=replace(config.model, tasks={"semseg": 40, "depth": 1}))
    write(tmp_path, steps=4, validations=[2, 4])
    return model_card(config, 795, METRICS | {"step": 4, "training_seconds": 3725.0}, read_history(tmp_path))


def test_the_card_says_what_was_learnt_on_what_and_for_how_long(card: str) -> None:
    assert "Trained on 795 images of `nyud`" in card
    assert "1:02:05" in card
    assert "ImageNet weights" in card
    assert "| Segmentation | miou | 31.5 % |" in card
    assert "| Depth | rmse | 0.65 m |" in card


def test_the_card_shows_the_curve(card: str) -> None:
    assert "| 2 | 31.5 | 0.65 |\n| 4 | 31.5 | 0.65 |" in card


def test_the_card_says_that_derived_normals_are_not_comparable() -> None:
    config = PRESETS["nyud-lite0"]
    numbers = {"miou": 1.0}, {"rmse": 1.0}, {"mean_angle": 20.0}, {"balanced_bce": 0.1}
    metrics = dict(zip(config.model.tasks, numbers, strict=True))
    card = model_card(config, 795, metrics | {"step": 1, "training_seconds": 1.0, "images": 3}, [])
    assert "not comparable" in card


def test_the_card_says_by_what_convention_edges_were_judged_and_leaves_empty_what_was_not_measured(
    tmp_path: Path,
) -> None:
    config = PRESETS["nyud-lite0"].only(["edge"])
    record = Recorder(tmp_path, tmp_path, 0, 0)
    now = {"edge": {"ods": 68.9, "balanced_bce": 0.1}, "images": 3, "conventions": {"edge": "SEISM, 11 thresholds"}}
    record.validation(2, {"edge": {"balanced_bce": 0.2}, "images": 3}, seconds=1.0)  # Before there was odsF.
    record.validation(4, now, seconds=2.0)
    record.close()
    card = model_card(config, 795, now | {"step": 4, "training_seconds": 2.0}, read_history(tmp_path))
    assert "| Edges | ods | 68.9 % |" in card and "Edges: SEISM, 11 thresholds." in card
    assert "| Step | Edges ods % |\n|---|---|\n| 2 |  |\n| 4 | 68.9 |" in card

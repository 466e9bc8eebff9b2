import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_runs import SMALL, train_here

from bridgenet.checkpoint import load_model
from bridgenet.data import DataError
from bridgenet.evaluate import Arguments, main, open_split, run, table
from bridgenet.learning import Runtime
from bridgenet.reading.cache import cache_root

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    assert train_here(*SMALL, "--steps", 2, "--output", folder) == 0
    return folder


def test_a_checkpoint_is_judged_as_its_training_judged_it(checkpoint: Path, tmp_path: Path) -> None:
    run(Arguments(checkpoint, json=tmp_path / "new" / "metrics.json", batch_size=5), Runtime())
    found = json.loads((tmp_path / "new" / "metrics.json").read_text())
    expected = json.loads((checkpoint / "metrics.json").read_text())
    assert list(found) == ["semseg", "human_parts", "depth", "normals", "sal", "edge", "images", "conventions"]
    assert found["images"] == 6
    assert found["sal"].pop("protocol") == expected["sal"].pop("protocol") == "clean"
    for task in ("semseg", "human_parts", "depth", "normals", "sal"):
        assert found[task] == pytest.approx(expected[task], rel=1e-5)
    # While training, edges are judged at some of the thresholds.
    assert found["edge"]["balanced_bce"] == pytest.approx(expected["edge"]["balanced_bce"], rel=1e-5)
    assert found["edge"]["ods"] >= expected["edge"]["ods"] > 0
    counted = {"found": found["conventions"]["edge"], "expected": expected["conventions"]["edge"]}
    assert "101 thresholds, within 0.011" in counted["found"] and "11 thresholds, within 0.011" in counted["expected"]


def test_edges_that_were_counted_before_a_kill_are_not_counted_again(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGENET_CACHE", str(tmp_path / "cache"))
    folder = cache_root() / "boundary-counts"
    run(Arguments(checkpoint, tasks=("edge",), json=tmp_path / "whole.json"), Runtime())
    kept = sorted(folder.iterdir())
    for file in kept:
        np.save(file, 0 * np.load(file) + 5)
    run(Arguments(checkpoint, tasks=("edge",), json=tmp_path / "again.json"), Runtime())
    assert len(kept) == 6 and sorted(folder.iterdir()) == kept
    assert json.loads((tmp_path / "again.json").read_text())["edge"]["ods"] == 100
    for file in kept:
        file.unlink()
    run(Arguments(checkpoint, tasks=("edge",), json=tmp_path / "anew.json"), Runtime())
    assert (tmp_path / "anew.json").read_text() == (tmp_path / "whole.json").read_text()


def test_the_gain_over_another_network_is_told_with_its_interval_over_images(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = ("--tasks", "depth,normals")
    assert train_here(*SMALL, "--steps", 1, "--seed", 5, "--output", tmp_path / "other") == 0
    images = str(tmp_path / "images.npz")
    alone = ("--by-image", images, "--json", str(tmp_path / "alone.json"))
    assert main((str(tmp_path / "other"), *tasks, *alone)) == 0
    line = (str(checkpoint), *tasks, "--against", images, "--json", str(tmp_path / "both.json"))
    assert main((*line, "--single-task", str(tmp_path / "alone.json"))) == 0
    told = json.loads((tmp_path / "both.json").read_text())
    assert told["gain"]["delta_m"] == pytest.approx(told["delta_m"], rel=1e-9)
    assert told["gain"]["low"] < told["gain"]["delta_m"] < told["gain"]["high"]
    assert "over draws of the images" in capsys.readouterr().out
    # In the order and the batches of a plain call, to the last bits.
    run(Arguments(checkpoint, tasks=("depth", "normals"), json=tmp_path / "plain.json"), Runtime())
    assert told["depth"] == pytest.approx(json.loads((tmp_path / "plain.json").read_text())["depth"], rel=1e-12)
    assert main((str(checkpoint), *tasks, "--split", "train", "--against", images)) == 1
    assert "same images and tasks" in capsys.readouterr().err
    by_clean = ("--tasks", "sal", "--by-image", str(tmp_path / "clean.npz"))
    assert main((str(checkpoint), *by_clean)) == 0
    otherwise = ("--tasks", "sal", "--sal-protocol", "invpt", "--against", str(tmp_path / "clean.npz"))
    assert main((str(checkpoint), *otherwise)) == 1
    assert "sal was judged by invpt, and of the other network by clean. Judge" in capsys.readouterr().err
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "cut.npz").write_bytes(Path(images).read_bytes()[:200])
    for file in ("alone.json", "one.npy", "cut.npz"):
        assert main((str(checkpoint), *tasks, "--against", str(tmp_path / file))) == 1
        assert f"{file} does not hold sums as --by-image writes them." in capsys.readouterr().err
    assert main((str(checkpoint), *tasks, "--against", str(tmp_path / "nowhere.npz"))) == 1
    assert "nowhere.npz cannot be read: No such file" in capsys.readouterr().err


def test_training_images_are_judged_without_augmentation(checkpoint: Path) -> None:
    _, config, _ = load_model(checkpoint)
    dataset = open_split(Arguments(checkpoint, split="train"), config)
    assert len(dataset) == 16
    assert dataset.names[0].startswith("room-train")
    assert torch.equal(dataset[3].image, dataset[3].image)
    assert dataset[3].targets["semseg"].shape == open_split(Arguments(checkpoint), config)[3].targets["semseg"].shape


def test_some_tasks_can_be_judged_alone(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(Arguments(checkpoint, tasks=("depth",)), Runtime())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["rmse", "abs_rel", "delta1"]
    assert lines[-1] == "6 images"


def test_saliency_is_judged_by_the_protocol_that_is_asked_for_and_says_so(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = (str(checkpoint), "--tasks", "sal,human_parts", "--device", "cpu", "--json", str(tmp_path / "judged.json"))
    assert main([*line, "--sal-protocol", "astmt"]) == 0
    found = json.loads((tmp_path / "judged.json").read_text())
    assert list(found["sal"]) == ["max_f", "max_iou", "protocol"] and found["sal"]["protocol"] == "astmt"
    assert found["human_parts"]["miou"] >= 0
    said = capsys.readouterr().out
    assert "Saliency protocol astmt" in " ".join(said.split())
    with pytest.raises(SystemExit):
        main([*line, "--sal-protocol", "dirty"])
    assert "--sal-protocol must be clean, invpt or astmt" in capsys.readouterr().err
    assert "| Saliency | protocol | clean |" in (checkpoint / "README.md").read_text()


def test_a_flip_stands_beside_the_plain_numbers(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Arguments(checkpoint, tasks=("depth",), json=tmp_path / "flip.json", flip=True), Runtime())
    found = json.loads((tmp_path / "flip.json").read_text())
    plain = json.loads((checkpoint / "metrics.json").read_text())
    assert found["depth"] == pytest.approx(plain["depth"], rel=1e-5)
    rmse = capsys.readouterr().out.splitlines()[0]
    plain_rmse, flipped_rmse = (each["depth"]["rmse"] for each in (found, found["flipped"]))
    assert rmse.split() == f"Depth rmse {plain_rmse:.3f} m with flip {flipped_rmse:.3f} m".split()


def test_images_that_were_held_out_are_training_images_to_the_command(checkpoint: Path) -> None:
    _, config, _ = load_model(checkpoint)
    config = replace(config, data=replace(config.data, hold_out=4))
    assert len(open_split(Arguments(checkpoint), config)) == 6
    assert len(open_split(Arguments(checkpoint, split="train"), config)) == 16


def test_classes_of_another_data_set_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    _, config, _ = load_model(checkpoint)
    with pytest.raises(DataError, match="knows the classes of made_rooms, not those of nyud"):
        open_split(Arguments(checkpoint, data="nyud", data_root=tmp_path), config)
    with pytest.raises(DataError, match=str(tmp_path)):
        open_split(Arguments(checkpoint, data="nyud", data_root=tmp_path, tasks=("depth",)), config)


def test_a_missing_checkpoint_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bridgenet.evaluate", str(tmp_path / "nowhere")])
    assert main() == 1
    assert "There is no checkpoint folder" in capsys.readouterr().err


def test_the_table_has_units() -> None:
    text = table({"depth": {"rmse": 0.65}, "normals": {"mean_angle": 23.456}, "images": 2})
    assert [line.split() for line in text.splitlines()] == [
        ["Depth", "rmse", "0.650", "m"],
        ["Normals", "mean_angle", "23.456", "°"],
        ["2", "images"],
    ]


def test_a_place_that_cannot_be_written_is_said_before_anything_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for place, words in ((tmp_path / "file" / "new.json", "is a file, not a folder"), (tmp_path, "there is a folder")):
        assert main([str(tmp_path / "no checkpoint"), "--json", str(place), "--device", "cpu"]) == 1
        told = capsys.readouterr().err
        assert words in told and "checkpoint" not in told
    assert (tmp_path / "file").read_text() == "mine"


def test_the_gain_over_single_task_learning_is_told_and_written(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = json.loads((checkpoint / "metrics.json").read_text())
    alone["depth"]["rmse"] *= 2
    (tmp_path / "alone.json").write_text(json.dumps(alone))
    line = (str(checkpoint), "--tasks", "depth,normals", "--single-task", str(tmp_path / "alone.json"))
    assert main([*line, "--json", str(tmp_path / "ours.json")]) == 0
    assert json.loads((tmp_path / "ours.json").read_text())["delta_m"] == pytest.approx(25, rel=1e-4)
    assert "Delta_m +25.000 %" in " ".join(capsys.readouterr().out.split())

    whole = (str(checkpoint), "--tasks", "depth,edge", "--single-task", str(tmp_path / "alone.json"))
    assert main(whole) == 1 and "11 thresholds, within 0.011 of the diagonal. Judge" in capsys.readouterr().err

    del alone["normals"]
    (tmp_path / "alone.json").write_text(json.dumps(alone))
    assert main(line) == 1 and "no single-task result of normals" in capsys.readouterr().err
    (tmp_path / "alone.json").write_text(json.dumps(alone | {"images": 654}))
    assert main(line) == 1 and "654 images, not of these 6" in capsys.readouterr().err
    for told in ("[]", '{"images": 6, "depth": 0.5}'):
        (tmp_path / "alone.json").write_text(told)
        assert main(line) == 1 and "does not hold metrics" in capsys.readouterr().err
    (tmp_path / "alone.json").unlink()
    assert main(line) == 1 and "cannot be read" in capsys.readouterr().err

from dataclasses import replace
from pathlib import Path

import pytest

from bridgenet.checkpoint import CheckpointError
from bridgenet.config import to_dict
from bridgenet.learning.resume import check_same_run, find_state, finished_steps
from bridgenet.presets import PRESETS

CONFIG = PRESETS["rooms-tiny"]


def touch(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_auto_goes_on_with_what_is_there_and_starts_afresh_otherwise(tmp_path: Path) -> None:
    assert find_state(tmp_path / "run", "auto") is None
    state = touch(tmp_path / "run" / "training.pt")
    assert find_state(tmp_path / "run", "auto") == state


def test_never_does_not_overwrite_a_run(tmp_path: Path) -> None:
    assert find_state(tmp_path / "run", "never") is None
    touch(tmp_path / "run" / "model.safetensors")
    with pytest.raises(CheckpointError, match="choose another --output"):
        find_state(tmp_path / "run", "never")


def test_a_path_may_be_the_state_or_its_folder(tmp_path: Path) -> None:
    state = touch(tmp_path / "old" / "training.pt")
    assert find_state(tmp_path / "new", state) == state
    assert find_state(tmp_path / "new", tmp_path / "old") == state
    assert find_state(tmp_path / "old", tmp_path / "old") == state


def test_a_path_without_state_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no saved state"):
        find_state(tmp_path / "new", tmp_path / "old")


def test_a_path_does_not_overwrite_another_run(tmp_path: Path) -> None:
    touch(tmp_path / "old" / "training.pt")
    touch(tmp_path / "new" / "training.pt")
    with pytest.raises(CheckpointError, match="already holds a run"):
        find_state(tmp_path / "new", tmp_path / "old")


def test_a_run_is_finished_when_its_state_is_gone(tmp_path: Path) -> None:
    assert finished_steps(tmp_path) is None
    touch(tmp_path / "model.safetensors")
    touch(tmp_path / "metrics.json", '{"step": 20}')
    assert finished_steps(tmp_path) == 20
    touch(tmp_path / "training.pt")
    assert finished_steps(tmp_path) is None


def test_every_difference_that_matters_is_named(tmp_path: Path) -> None:
    other = replace(CONFIG, seed=7, optim=replace(CONFIG.optim, learning_rate=0.5))
    with pytest.raises(CheckpointError, match=r"optim\.learning_rate is 0\.002 there and 0\.5 here; seed is 42 there"):
        check_same_run(to_dict(CONFIG), other, tmp_path)


def test_a_run_cannot_be_lengthened(tmp_path: Path) -> None:
    other = replace(CONFIG, optim=replace(CONFIG.optim, steps=9999))
    with pytest.raises(CheckpointError, match="cannot be lengthened"):
        check_same_run(to_dict(CONFIG), other, tmp_path)


def test_where_the_data_lie_and_how_often_it_reports_do_not_matter(tmp_path: Path) -> None:
    data = replace(CONFIG.data, root=Path("elsewhere"), workers=7)
    check_same_run(to_dict(CONFIG), replace(CONFIG, data=data, log_every=3, save_every=5, validate_every=9), tmp_path)


def test_a_setting_that_the_saved_run_did_not_know_had_its_default(tmp_path: Path) -> None:
    saved = to_dict(CONFIG)
    del saved["optim"]["freeze_batch_norm"]
    check_same_run(saved, CONFIG, tmp_path)
    with pytest.raises(CheckpointError, match="another version"):
        check_same_run(saved | {"colour": "blue"}, CONFIG, tmp_path)

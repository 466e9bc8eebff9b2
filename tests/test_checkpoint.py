import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bridgenet.checkpoint import (
    CheckpointError,
    load_model,
    load_state,
    save_model,
    save_state,
)
from bridgenet.config import BackboneConfig, DataConfig, ModelConfig, OptimConfig, TrainConfig
from bridgenet.model import build_model
from bridgenet.predictor import Predictor

CONFIG = TrainConfig(
    "tiny",
    ModelConfig(
        tasks={"depth": 1, "edge": 1},
        backbone=BackboneConfig("test_efficientnet"),
        embed_width=12,
        prediction_width=4,
        refiner_blocks=(1, 1, 1),
    ),
    DataConfig(),
    OptimConfig(),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = build_model(CONFIG.model).to(memory_format=torch.channels_last)
    save_model(tmp_path / "tiny", model, CONFIG, {"depth": {"rmse": 1.5}}, "# Tiny\n")
    return tmp_path / "tiny"


def test_a_loaded_model_answers_as_the_saved_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build_model(CONFIG.model).eval()
    save_model(tmp_path, model, CONFIG, {"depth": {"rmse": 1.5}}, "# Tiny\n")
    loaded, config, metrics = load_model(tmp_path)
    images = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        assert torch.equal(model(images)["predictions.depth"], loaded(images)["predictions.depth"])
    assert config == CONFIG
    assert metrics == {"depth": {"rmse": 1.5}}
    assert not loaded.training


def test_a_checkpoint_is_a_folder_of_four_readable_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "metrics.json",
        "model.safetensors",
    ]
    assert (folder / "README.md").read_text() == "# Tiny\n"


def test_the_place_of_the_data_is_not_told(tmp_path: Path) -> None:
    config = replace(CONFIG, data=replace(CONFIG.data, root=tmp_path / "secret"))
    save_model(tmp_path / "tiny", build_model(config.model), config, {}, "")
    assert "secret" not in (tmp_path / "tiny" / "config.json").read_text()


def test_a_missing_folder_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"bridgenet\.train rooms-tiny"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "metrics.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "metrics.json"])
def test_a_truncated_file_is_named(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=name):
        load_model(folder)


def test_an_unknown_setting_is_named(folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {"colour": "blue"}))
    with pytest.raises(CheckpointError, match="colour"):
        load_model(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    values["model"]["embed_width"] = 28
    (folder / "config.json").write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match="different checkpoints"):
        load_model(folder)


def changed(folder: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> str:
    """What is said about the checkpoint after a change of its tensors."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    edit(tensors)
    save_file(tensors, path)
    with pytest.raises(CheckpointError) as refusal:
        load_model(folder)
    text = str(refusal.value)
    assert len(text.splitlines()) <= 10 and str(path) in text
    return text


HEAD = "heads.depth.weight"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda tensors: tensors[HEAD].view(-1).__setitem__(0, torch.nan), f"{HEAD} holds NaN.*train again"),
        (lambda tensors: tensors[HEAD].mul_(torch.inf), "1 of .*1 not finite"),
        (lambda tensors: tensors.update({HEAD: tensors[HEAD].double()}), f"{HEAD} is float64, not float32"),
        (lambda tensors: tensors.update({HEAD: tensors[HEAD].half()}), f"{HEAD} is float16, not float32"),
        (lambda tensors: tensors.update({HEAD: tensors[HEAD].int()}), f"{HEAD} is int32, not float32"),
        (lambda tensors: tensors.update({HEAD: tensors[HEAD].cfloat()}), f"{HEAD} is complex64, not float32"),
        (
            lambda tensors: tensors.update({HEAD: tensors[HEAD][:, :2].contiguous()}),
            f"{HEAD} has the shape 1x2x1x1",
        ),
        (lambda tensors: tensors.pop(HEAD), f"1 of .*{HEAD} is missing.*different checkpoints"),
        (lambda tensors: tensors.update(colour=torch.ones(2)), "colour is unknown"),
        (lambda tensors: [tensors.pop(name) for name in list(tensors)[:9]], "9 of .*9 without a partner.*; …"),
    ],
)
def test_weights_that_cannot_be_right_are_refused_by_name(folder: Path, edit: Callable, words: str) -> None:
    text = changed(folder, edit)
    assert re.search(words, text, re.DOTALL), text


def test_of_many_wrong_tensors_three_are_named(folder: Path) -> None:
    text = changed(folder, lambda tensors: tensors.update({name: tensors[name].double() for name in list(tensors)}))
    assert text.count("float64") == 3


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "metrics.json"])
def test_a_pointer_of_git_lfs_is_told(folder: Path, name: str) -> None:
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 13000000\n")
    with pytest.raises(CheckpointError, match=f"{name}' is a git-lfs pointer.*git lfs pull"):
        load_model(folder)


def test_the_file_of_the_weights_points_to_its_folder(folder: Path) -> None:
    for load in (load_model, Predictor.load):
        with pytest.raises(CheckpointError, match=f"is a file. A checkpoint is a folder: give '{folder}'"):
            load(folder / "model.safetensors")


class Intruder:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_nothing_is_unpickled(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Intruder()))
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(folder)
    torch.save({"step": Intruder()}, tmp_path / "training.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_state(tmp_path / "training.pt")


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    weight = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    save_state(tmp_path, {"step": 7, "model": {"weight": weight}})
    state = load_state(tmp_path / "training.pt")
    assert state["step"] == 7
    assert torch.equal(state["model"]["weight"], weight)
    assert state["model"]["weight"].stride() == weight.stride()


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_flipped_bit_in_a_state_is_named_and_no_unsafe_advice_is_passed_on(tmp_path: Path) -> None:
    weight = torch.randn(50)
    save_state(tmp_path, {"step": 7, "model": {"weight": weight}})
    path = tmp_path / "training.pt"
    whole = path.read_bytes()
    refused = []
    for place in range(0, len(whole), 7):
        path.write_bytes(flipped(whole, place))
        try:
            state = load_state(path)
        except CheckpointError as error:
            refused.append(str(error))
        else:  # Between the parts of an archive are bytes that mean nothing.
            assert state["step"] == 7 and torch.equal(state["model"]["weight"], weight)
    place = whole.index(weight.numpy().tobytes())
    path.write_bytes(flipped(whole, place + 99))
    with pytest.raises(CheckpointError, match=r"the checksum of its part .* is another"):
        load_state(path)
    assert len(refused) > 50
    for told in refused:
        assert str(path) in told and "choose another --output" in told
        assert "weights_only" not in told and len(told.splitlines()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive", b"version https://git-lfs.github.com/spec/v1\n", pickle.dumps({"step": 1})]
)
def test_a_state_that_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "training.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"training\.pt' cannot be read: it is .*delete the folder\.$") as error:
        load_state(path)
    assert "weights_only" not in str(error.value)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match="it is not the state of a run"):
        load_state(path)


def test_a_flipped_bit_in_the_weights_is_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for place in (len(whole) - 1, len(whole) // 2, len(whole) - 5000):
        path.write_bytes(flipped(whole, place))
        with pytest.raises(CheckpointError, match=r"model\.safetensors' is damaged"):
            load_model(folder)


def test_weights_that_were_saved_without_a_checksum_are_read(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(weights, folder / "model.safetensors")
    model, _, _ = load_model(folder)
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace('"steps": 1000', '"steps": "1000"'),
            r"optim.steps must be a whole number",
        ),
        (lambda text: text.replace('"seed": 42', '"seed": 42, "seed": 43'), r"gives 'seed' twice"),
        (
            lambda text: text.replace('"test_efficientnet"', '"test_eficientnet"'),
            r"meant test_efficientnet",
        ),
        (lambda text: text[:-9], r"cannot be read"),
        (lambda text: "[" * 100_000, r"cannot be read"),
        (lambda text: f"[{text}]", r"should hold a JSON object"),
    ],
)
def test_an_edited_config_is_refused_by_file_and_field(
    folder: Path, change: Callable[[str], str], message: str
) -> None:
    path = folder / "config.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(CheckpointError, match=f"config.json.*{message}"):
        load_model(folder)


def test_a_config_saved_with_a_byte_order_mark_is_read(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert load_model(folder)[1] == CONFIG

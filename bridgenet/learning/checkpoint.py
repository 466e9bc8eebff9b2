"""Checkpoints are folders: `model.safetensors`, `config.json`, `metrics.json` and a `README.md` for people.

Beside them lies `feature_basis.npz`, the colours of the feature maps, which `bridgenet.drawing` reads and writes
(`python -m bridgenet.prepare basis CHECKPOINT`): nothing but pictures depends on it.

While a run lasts, `training.pt` holds all that is needed to go on, weights included: one file, replaced as a whole, so
that it is consistent whenever the process is killed. Nothing here unpickles objects.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from bridgenet.config import TrainConfig, from_dict, to_dict
from bridgenet.learning.weights import WeightsError, check_weights, is_lfs_pointer
from bridgenet.model import BridgeNet, build_model

MODEL_FILE, CONFIG_FILE, METRICS_FILE, CARD_FILE = "model.safetensors", "config.json", "metrics.json", "README.md"
STATE_FILE = "training.pt"


class CheckpointError(ValueError):
    """A checkpoint is missing, incomplete or damaged. The message says what to do."""


def save_model(directory: Path, model: BridgeNet, config: TrainConfig, metrics: Mapping[str, Any], card: str) -> None:
    """Writes a checkpoint folder; each file is replaced as a whole.

    Args:
        directory: The folder, made if needed.
        model: The network.
        config: How it was trained. The place of the data is this machine's business and is left out.
        metrics: Its metrics, as plain JSON types.
        card: Text of its `README.md`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    anywhere = replace(config, data=replace(config.data, root=None))
    # safetensors stores row-major tensors only.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_text(directory / CONFIG_FILE, json.dumps(to_dict(anywhere), indent=2) + "\n")
    write_text(directory / METRICS_FILE, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    write_text(directory / CARD_FILE, card)
    with replacing(directory / MODEL_FILE) as file:
        file.write(safetensors.torch.save(weights))


def load_model(
    directory: Path | str, device: torch.device | str = "cpu"
) -> tuple[BridgeNet, TrainConfig, dict[str, Any]]:
    """The network of a checkpoint folder in eval mode, its config and its metrics.

    Raises:
        CheckpointError: The folder or one of its files is missing, damaged, or does not fit the others.
    """
    directory = Path(directory)
    if directory.is_file():
        raise CheckpointError(
            f"{str(directory)!r} is a file. A checkpoint is a folder: give {str(directory.parent)!r}."
        )
    if not directory.is_dir():
        raise CheckpointError(
            f"There is no checkpoint folder {str(directory)!r}. Name one of those in `checkpoints/`, or train one: "
            f"`python -m bridgenet.train rooms-tiny --output {directory}`."
        )
    config = read_config(directory)
    metrics = read_metrics(directory)
    path = directory / MODEL_FILE
    if not path.is_file():
        raise CheckpointError(f"{str(path)!r} is missing: the run has not been validated yet, or the copy is partial.")
    if is_lfs_pointer(path):
        raise CheckpointError(_pointer(path))
    try:
        weights = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{str(path)!r} is damaged ({error}). Copy or train the checkpoint again.") from None
    model = build_model(config.model)
    try:
        check_weights(model.state_dict(), weights)
    except WeightsError as error:
        reason = (
            "The training went astray, or the file was changed: train again, or copy the checkpoint anew."
            if error.belongs
            else f"{MODEL_FILE} and {CONFIG_FILE} belong to different checkpoints, or the file was changed: "
            "copy both from the folder of one run."
        )
        raise CheckpointError(
            f"{str(path)!r} does not hold the network that its {CONFIG_FILE} describes.\n{error}\n{reason}"
        ) from None
    model.load_state_dict(weights)
    return model.to(device).eval(), config, metrics


def read_config(directory: Path) -> TrainConfig:
    """The config of a checkpoint folder.

    Raises:
        CheckpointError: It is missing or damaged.
    """
    values = _read_json(directory / CONFIG_FILE)
    try:
        return from_dict(TrainConfig, values)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{str(directory / CONFIG_FILE)!r} does not describe a run: {error}") from None


def read_metrics(directory: Path) -> dict[str, Any]:
    """The metrics of a checkpoint folder.

    Raises:
        CheckpointError: They are missing or damaged.
    """
    return _read_json(directory / METRICS_FILE)


def save_state(directory: Path, state: Mapping[str, Any]) -> None:
    """Replaces `training.pt`. A kill at any moment leaves either the old or the new one."""
    directory.mkdir(parents=True, exist_ok=True)
    with replacing(directory / STATE_FILE) as file:
        torch.save(dict(state), file)


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote, on the CPU.

    Raises:
        CheckpointError: The file is damaged, or holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{str(path)!r} cannot be read ({error}). Delete it to start afresh.") from None
    if not isinstance(state, dict) or "step" not in state:
        raise CheckpointError(f"{str(path)!r} is not the state of a run. Delete it to start afresh.")
    return state


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path`, with its content safely on the disk, when the block ends without error."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_text(path: Path, text: str) -> None:
    """Replaces a text file as a whole."""
    with replacing(path) as file:
        file.write(text.encode())


def _pointer(path: Path) -> str:
    return f"{str(path)!r} is a git-lfs pointer, not the file itself. Run `git lfs pull` where it was cloned."


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(
            f"{str(path)!r} is missing. A checkpoint folder holds {MODEL_FILE}, {CONFIG_FILE} and {METRICS_FILE}."
        ) from None
    except (OSError, ValueError) as error:
        advice = "Copy or train the checkpoint again."
        raise CheckpointError(
            _pointer(path)
            if path.is_file() and is_lfs_pointer(path)
            else f"{str(path)!r} cannot be read ({error}). {advice}"
        ) from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{str(path)!r} should hold a JSON object.")
    return values

"""Checkpoints are folders: `model.safetensors`, `config.json`, `metrics.json` and a `README.md` for people.

Beside them lies `feature_basis.npz`, which `bridgenet.inspection` reads and writes (`python -m bridgenet.prepare basis
CHECKPOINT`): the colours of the feature maps, and how far photos may lie from what was learnt. No answer depends on it.

While a run lasts, `training.pt` holds all that is needed to go on, weights included: one file, replaced as a whole, so
that it is consistent whenever the process is killed. Nothing here unpickles objects.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bridgenet.config import TrainConfig, from_dict, to_dict
from bridgenet.files import replacing, write_text
from bridgenet.model import Network, build_model
from bridgenet.weights import WeightsError, check_weights, is_lfs_pointer

MODEL_FILE, CONFIG_FILE, METRICS_FILE, CARD_FILE = "model.safetensors", "config.json", "metrics.json", "README.md"
STATE_FILE = "training.pt"

CHECKSUM = "crc32"
"""Entry of the metadata of `model.safetensors`, which itself would not notice a flipped bit."""


class CheckpointError(ValueError):
    """A checkpoint is missing, incomplete or damaged. The message says what to do."""


def save_model(directory: Path, model: Network, config: TrainConfig, metrics: Mapping[str, Any], card: str) -> None:
    """Writes a checkpoint folder; each file is replaced as a whole.

    Args:
        directory: The folder, made if needed.
        model: The network.
        config: How it was trained. The place of the data is this machine's business and is left out; what the classes
            are called is kept, for whoever does not have the data set.
        metrics: Its metrics, as plain JSON types.
        card: Text of its `README.md`.

    Raises:
        WriteError: A file cannot be written.
    """
    anywhere = replace(config, data=replace(config.data, root=None, classes=config.classes))
    # safetensors stores row-major tensors only.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_text(directory / CONFIG_FILE, json.dumps(to_dict(anywhere), indent=2) + "\n")
    write_text(directory / METRICS_FILE, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    write_text(directory / CARD_FILE, card)
    with replacing(directory / MODEL_FILE) as file:
        file.write(safetensors.torch.save(weights, {CHECKSUM: checksum(weights)}))


def load_model(
    directory: Path | str, device: torch.device | str = "cpu"
) -> tuple[Network, TrainConfig, dict[str, Any]]:
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
    weights = _read_weights(path)
    try:
        model = build_model(config.model)
    except ValueError as error:
        raise CheckpointError(
            f"{str(directory / CONFIG_FILE)!r} names a network that cannot be built. {error}"
        ) from None
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
    """Replaces `training.pt`. A kill at any moment leaves either the old or the new one.

    Raises:
        WriteError: It cannot be written.
    """
    with replacing(directory / STATE_FILE) as file:
        try:
            torch.save(dict(state), file)
        except RuntimeError as error:
            # torch complains that its archive has no end; what the disk said stands behind that.
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote, on the CPU.

    Raises:
        CheckpointError: The file is damaged, or holds something else.
    """
    problem = _problem_of_archive(path)
    if problem is None:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # What torch says of it comes with the advice to unpickle anything: never passed on.
            problem = "it holds something else than numbers and settings"
        else:
            if isinstance(state, dict) and "step" in state:
                return state
            problem = "it is not the state of a run"
    raise CheckpointError(
        f"{str(path)!r} cannot be read: {problem}. If there is a good copy of it, put that in its place. To start "
        f"afresh, choose another --output or delete the folder."
    )


def checksum(weights: Mapping[str, Tensor]) -> str:
    """CRC-32 of the names and bytes of all tensors, in eight hexadecimal digits.

    Args:
        weights: Contiguous tensors on the CPU, by name, in any order.
    """
    total = 0
    for name, tensor in sorted(weights.items()):
        total = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(name.encode(), total))
    return f"{total:08x}"


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `model.safetensors`; files without a checksum are believed.

    Raises:
        CheckpointError: It is damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            promised = (file.metadata() or {}).get(CHECKSUM)
        weights = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{str(path)!r} is damaged ({error}). Copy or train the checkpoint again.") from None
    if promised is not None and promised != checksum(weights):
        raise CheckpointError(
            f"{str(path)!r} is damaged: its weights do not have the checksum that they were written with. "
            "Copy or train the checkpoint again."
        )
    return weights


def _problem_of_archive(path: Path) -> str | None:
    """What is wrong with a file of torch, judged by the checksums of its zip, which torch does not look at."""
    try:
        if path.stat().st_size == 0:
            return "it is empty"
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except OSError as error:
        return error.strerror or str(error)
    except Exception:  # Damaged archives raise whatever their reader trips over.
        return "it is cut off, damaged, or no state of a run"
    return None if broken is None else f"it is damaged, the checksum of its part {broken} is another"


def _pointer(path: Path) -> str:
    return f"{str(path)!r} is a git-lfs pointer, not the file itself. Run `git lfs pull` where it was cloned."


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_each_name_once)
    except FileNotFoundError:
        raise CheckpointError(
            f"{str(path)!r} is missing. A checkpoint folder holds {MODEL_FILE}, {CONFIG_FILE} and {METRICS_FILE}."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        advice = "Copy or train the checkpoint again."
        raise CheckpointError(
            _pointer(path)
            if path.is_file() and is_lfs_pointer(path)
            else f"{str(path)!r} cannot be read ({error}). {advice}"
        ) from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{str(path)!r} should hold a JSON object.")
    return values


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it gives {next(name for name in names if names.count(name) > 1)!r} twice")
    return values

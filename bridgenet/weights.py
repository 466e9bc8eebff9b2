"""Whether the tensors of a file are the weights of a network, told tensor by tensor."""

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor

SHOWN = 3
"""Tensors that are named where many are wrong."""

LFS_HEAD = b"version https://git-lfs.github.com"


class WeightsError(ValueError):
    """Tensors do not fit a network. The message names the first and says how many there are.

    Attributes:
        belongs: Every tensor has its place, and the right shape and type: only its values are wrong.
    """

    def __init__(self, message: str, belongs: bool) -> None:
        super().__init__(message)
        self.belongs = belongs


def check_weights(own: Mapping[str, Tensor], given: Mapping[str, Tensor], optional: Collection[str] = ()) -> None:
    """Makes sure that each tensor has its place, its shape, its type, and finite values.

    Args:
        own: The state dict of the network.
        given: What is to be loaded into it.
        optional: Names that need not be given.

    Raises:
        WeightsError: Some do not. The message is one line.
    """
    faults = {name: "is missing" for name in own if name not in given and name not in optional}
    faults |= {name: "is unknown" for name in given if name not in own}
    strangers = len(faults)
    faults |= {name: fault for name in own if name in given and (fault := _difference(own[name], given[name]))}
    misfits = len(faults)
    faults |= {name: "holds NaN or infinity" for name in own if name not in faults and not _is_finite(given.get(name))}
    if faults:
        named = "; ".join(f"{name} {fault}" for name, fault in list(faults.items())[:SHOWN])
        more = "; …" if len(faults) > SHOWN else ""
        count = f"{len(faults)} of {len(own.keys() | given.keys())} tensors are wrong"
        kinds = {"without a partner": strangers, "of another shape or type": misfits - strangers}
        kinds["not finite"] = len(faults) - misfits
        told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
        raise WeightsError(f"{count} ({told}): {named}{more}.", belongs=not misfits)


def is_lfs_pointer(path: Path) -> bool:
    """Whether git left a pointer in the place of a large file."""
    with path.open("rb") as file:
        return file.read(len(LFS_HEAD)) == LFS_HEAD


def _difference(own: Tensor, given: Tensor) -> str:
    if own.shape != given.shape:
        return f"has the shape {_size(given)}, not {_size(own)}"
    if own.dtype != given.dtype:
        return f"is {_kind(given)}, not {_kind(own)}"
    return ""


def _is_finite(tensor: Tensor | None) -> bool:
    return tensor is None or bool(torch.isfinite(tensor).all())


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "of a single number"


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")

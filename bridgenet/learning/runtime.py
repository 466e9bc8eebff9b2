"""Where a run happens: on the CPU, on one GPU, or as one of several processes started by torchrun.

The only file that knows `torch.distributed`. Everything else asks the `Runtime`.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bridgenet.devices import find_device
from bridgenet.learning.sampling import mixed_seed
from bridgenet.model import synchronise_batch_norm

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Runtime:
    """One process of a run."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: Literal["fp32", "bf16", "bf16-decoder"] = "fp32"

    rank: int = 0
    """Number of this process, from 0."""

    world_size: int = 1
    """Number of processes."""

    @property
    def is_main(self) -> bool:
        """This process writes the files and talks to the user."""
        return self.rank == 0

    @property
    def is_distributed(self) -> bool:
        return self.world_size > 1

    def place(self, module: Network) -> Network:
        """The network on the device, its convolutions in the memory layout that suits them.

        Several GPUs normalise with the statistics of the whole batch; there is no such batch norm for the CPU.
        """
        if self.is_distributed and self.device.type == "cuda":
            module = cast(Network, synchronise_batch_norm(module))
        return module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def parallel(self, module: nn.Module) -> nn.Module:
        """The network to train with: its gradients are averaged over the processes."""
        if not self.is_distributed:
            return module
        return DistributedDataParallel(module, device_ids=[self.device] if self.device.type == "cuda" else None)

    def autocast(self) -> AbstractContextManager[Any]:
        """Convolutions and matrix products run in the runtime's precision inside."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision != "fp32")

    def seed(self, *numbers: int) -> None:
        """Seeds torch for this process. Called at every step, so that a resumed run draws what it would have drawn."""
        torch.manual_seed(mixed_seed(*numbers, self.rank))

    def average(self, tensor: Tensor) -> Tensor:
        """Mean of a tensor over the processes."""
        if not self.is_distributed:
            return tensor
        total = tensor.clone()
        dist.all_reduce(total)
        return total / self.world_size

    def gather(self, value: Any) -> list[Any]:
        """What every process holds, in the order of their ranks. The value must be picklable."""
        if not self.is_distributed:
            return [value]
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until every process has come here."""
        self.gather(None)


@contextmanager
def start_runtime(
    device: str | None = None, precision: Literal["fp32", "bf16", "bf16-decoder"] = "fp32"
) -> Iterator[Runtime]:
    """The runtime of this process, as torchrun's variables say; a plain process is alone.

    Args:
        device: A torch device. None takes the GPU where there is one.
        precision: What convolutions and matrix products run in.

    Raises:
        ValueError: The device does not exist here.
    """
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    place = choose_device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if world_size == 1:
        yield Runtime(place, precision)
        return
    if place.type == "cuda":
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Runtime(place, precision, rank, world_size)
    finally:
        dist.destroy_process_group()


def choose_device(device: str | None, local_rank: int = 0) -> torch.device:
    """The named device, or the GPU of this process where there is one.

    Raises:
        ValueError: The device does not exist here.
    """
    chosen = find_device(device)
    return find_device(f"cuda:{local_rank}") if chosen.type == "cuda" and chosen.index is None else chosen

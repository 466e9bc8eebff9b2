"""Where a run happens: on the CPU, on one GPU, or as one of several processes started by torchrun or srun.

The only file that knows `torch.distributed`. Everything else asks the `Runtime`.
"""

import socket
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bridgenet.devices import find_device
from bridgenet.learning.launch import Launch, read_launch
from bridgenet.learning.sampling import mixed_seed
from bridgenet.model import synchronise_batch_norm

Network = TypeVar("Network", bound=nn.Module)
Precision = Literal["fp32", "bf16", "bf16-decoder"]

WITHOUT_BFLOAT16 = ("DEFAULT", "AVX2")
"""What PyTorch calls the CPUs for which its convolutions have no bfloat16. Measured on one with AVX2: `bf16-decoder`
made a step of `nyud-lite0` eight times as long."""

TIMEOUT = 10.0
"""Minutes that a process waits for the others, unless it is told otherwise."""

BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""What processes talk through, by device. Small things travel between CPUs on GPUs too: gloo says when a process is
gone, where NCCL ends the program."""


class LostProcessError(RuntimeError):
    """Another process of the run did not come or did not answer. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """One process of a run."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: Precision = "fp32"

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

    def holding_gradients(self, network: nn.Module) -> AbstractContextManager[Any]:
        """Gradients of a `parallel` network stay in this process inside; a later micro-batch takes them along."""
        return network.no_sync() if isinstance(network, DistributedDataParallel) else nullcontext()

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

    def any(self, flag: bool) -> bool:
        """Whether any process says so. Every process waits here for the others."""
        if not self.is_distributed:
            return flag
        flags = torch.tensor(float(flag))
        dist.all_reduce(flags)
        return bool(flags > 0)

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
    device: str | None = None,
    precision: Precision = "fp32",
    *,
    tf32: bool = False,
    timeout: float = TIMEOUT,
    launch: Launch | None = None,
) -> Iterator[Runtime]:
    """The runtime of this process, as one of several or alone.

    Args:
        device: A torch device. None takes the GPU where there is one.
        precision: What convolutions and matrix products run in.
        tf32: Let those in float32 round what they multiply to TF32, on GPUs that have it.
        timeout: Minutes to wait for the other processes, at the start and whenever they meet.
        launch: Who this process is. None: what the environment says.

    Raises:
        ValueError: The device does not exist here, cannot do this precision, or is another process's.
        LaunchError: The environment contradicts itself.
        LostProcessError: Another process did not come, or did not answer in time.
    """
    launch = launch or read_launch()
    place = own_device(device, launch)
    check_precision(place, precision)
    with float32_products(tf32=tf32):
        if launch.world_size == 1:
            yield Runtime(place, precision)
            return
        if place.type == "cuda":
            torch.cuda.set_device(place)
        runtime = Runtime(place, precision, launch.rank, launch.world_size)
        try:
            _join(launch, place, timedelta(minutes=timeout))
            _refuse_a_shared_gpu(runtime)
            yield runtime
        except RuntimeError as error:
            if not _is_about_others(error):
                raise
            raise LostProcessError(_lost(runtime, timeout, error)) from error
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()


@contextmanager
def float32_products(*, tf32: bool) -> Iterator[None]:
    """What a GPU makes of products in float32 inside: rounded to TF32 (10 bits of mantissa), or all of it."""
    parts = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [part.fp32_precision for part in parts]
    try:
        for part in parts:
            part.fp32_precision = "tf32" if tf32 else "ieee"
        yield
    finally:
        for part, precision in zip(parts, before, strict=True):
            part.fp32_precision = precision


class SlowPrecisionWarning(UserWarning):
    """A device can compute in a precision, but only slowly."""


def check_precision(device: torch.device, precision: Precision) -> None:
    """Makes sure that a device can compute in a precision, and warns if it only imitates it.

    Raises:
        ValueError: The GPU has no bfloat16.
    """
    if precision != "fp32" and device.type == "cpu" and torch.backends.cpu.get_cpu_capability() in WITHOUT_BFLOAT16:
        warnings.warn(
            f"This CPU has no instructions for bfloat16, and imitates them several times slower than it computes in "
            f"float32: --optim.precision fp32 is faster here than {precision}.",
            SlowPrecisionWarning,
            stacklevel=2,
        )
    if precision != "fp32" and device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ValueError(
            f"{torch.cuda.get_device_name(device)} has no bfloat16: choose --optim.precision fp32 "
            f"instead of {precision}."
        )


def own_device(device: str | None, launch: Launch) -> torch.device:
    """The device of this process: never that of another one, but for the CPU.

    Raises:
        ValueError: The device does not exist here, or there are not enough for the processes of this machine.
    """
    gpus, device = torch.cuda.device_count(), None if device == "auto" else device
    if launch.local_size == 1 or device == "cpu" or (device is None and not gpus):
        return choose_device(device)
    if device is None or device == "cuda":
        return choose_device(f"cuda:{own_gpu(launch, gpus)}" if gpus else device)
    choose_device(device)
    raise ValueError(
        f"--device {device} is one device for the {launch.local_size} processes of this machine. Leave --device out: "
        "each takes a GPU of its own."
    )


def own_gpu(launch: Launch, gpus: int) -> int:
    """Index of this process's GPU among those that it sees.

    Args:
        launch: This process.
        gpus: Number of GPUs that it sees. One, where several processes were started: Slurm shows each its own.

    Raises:
        ValueError: There are fewer GPUs than processes.
    """
    if gpus == 1 and launch.meeting != "env://":
        return 0
    if launch.local_size > gpus:
        raise ValueError(
            f"{launch.local_size} processes were started on this machine, but it has "
            f"{gpus} {'GPU' if gpus == 1 else 'GPUs'}: start one for each, or say --device cpu."
        )
    return launch.local_rank


def choose_device(device: str | None) -> torch.device:
    """The named device; None is the GPU where there is one.

    Raises:
        ValueError: The device does not exist here.
    """
    chosen = find_device(device)
    return find_device("cuda:0") if chosen.type == "cuda" and chosen.index is None else chosen


def _join(launch: Launch, place: torch.device, timeout: timedelta) -> None:
    dist.init_process_group(
        BACKENDS.get(place.type, "gloo"),
        init_method=launch.meeting,
        rank=launch.rank,
        world_size=launch.world_size,
        timeout=timeout,
    )


def _refuse_a_shared_gpu(runtime: Runtime) -> None:
    """Every process says which GPU it has; all of them refuse where two have the same."""
    if runtime.device.type != "cuda":
        return
    own = f"{socket.gethostname()} {torch.cuda.get_device_properties(runtime.device).uuid}"
    if len(set(gpus := runtime.gather(own))) < len(gpus):
        raise ValueError(
            f"{len(gpus)} processes share {len(set(gpus))} GPUs; each needs one of its own. With Slurm, ask for "
            "--gpus-per-task 1 or as many --gpus-per-node as --ntasks-per-node."
        )


def _is_about_others(error: RuntimeError) -> bool:
    """Whether an error came from talking to other processes; gloo's are plain errors that name its source files."""
    return isinstance(error, dist.DistError) or "/gloo/" in str(error)


def _lost(runtime: Runtime, timeout: float, error: RuntimeError) -> str:
    reason = str(error).strip().splitlines()[0]
    return (
        f"Process {runtime.rank} of {runtime.world_size} waited for the others, which have ended or were silent for "
        f"{timeout:g} minutes. What they said stands above or in their own log; --timeout waits longer. "
        f"The last saved state is whole: the same command goes on from it. ({reason})"
    )

"""Training runs of a few seconds, in this process or in real ones of their own."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path

import torch
from safetensors.torch import load_file
from warm import Python

import bridgenet
from bridgenet.train import Arguments, read, run

SMALL_RUN = (
    "rooms-tiny --data.input-size 32 64 --data.rooms 16 --data.validation-rooms 6 --basis-images 4 --data.workers 1 "
    "--model.backbone.drop-path 0.1 --optim.batch-size 2 --optim.warmup-steps 2 --save-every 3 --log-every 1 "
    "--validate-every 1000 --device cpu"
).split()
"""A run of any system whose every step takes a small part of a second, by ordinary flags."""

SMALL = [
    *SMALL_RUN,
    *"--model.embed-width 12 --model.prediction-width 4 --model.refiner-blocks 1 1 1 --model.drop-path 0.5".split(),
]
"""The same of BridgeNet."""

TINY_RUN = (
    "--steps 2 --optim.batch-size 2 --optim.warmup-steps 1 --basis-images 2 --data.workers 0 --data.input-size 32 64 "
    "--no-pretrained-backbone --optim.frozen --model.backbone.name test_efficientnet --device cpu"
).split()
"""What makes a run of any preset and system one of seconds."""

TINY = [*TINY_RUN, *"--model.embed-width 12 --model.prediction-width 4 --model.refiner-blocks 1 1 1".split()]
"""The same of BridgeNet."""

BRIDGENET = Path(bridgenet.__file__).parent


def start(*flags: object, module: str = "train") -> Python:
    """A command in a process of its own."""
    return Python("-m", f"bridgenet.{module}", *flags)


def start_several(processes: int, *flags: object, module: str = "train", script: str | None = None) -> Python:
    """The same under torchrun, with several processes, which it forks; or a script of the tests' own."""
    launcher = ("--standalone", f"--nproc-per-node={processes}", "--start-method=fork", "--run-path")
    return Python("-m", "torch.distributed.run", *launcher, script or BRIDGENET / f"{module}.py", *flags)


def start_by_srun(processes: int, *flags: object, script: str) -> list[Python]:
    """A script in several processes with the variables that Slurm's srun sets."""
    step = {"SLURM_STEP_ID": "0", "SLURM_NTASKS": str(processes), "SLURM_JOB_NODELIST": "localhost"}
    step |= {"SLURM_JOB_ID": str(os.getpid()), "SLURM_TASKS_PER_NODE": str(processes), "SLURM_NODEID": "0"}
    ranks = [{"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)} for rank in range(processes)]
    return [Python(script, *flags, variables=step | rank) for rank in ranks]


def parse(*flags: object) -> Arguments:
    """What the command line makes of these flags."""
    return read([*map(str, flags)])


def train_here(*flags: object) -> int:
    """The command in this process, which saves its start. Returns the exit status."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # As the others: the order of a sum is part of its result.
    try:
        return run(parse(*flags))
    finally:
        torch.set_num_threads(threads)


def interrupt(process: Python, folder: Path, step: int, kind: signal.Signals) -> None:
    """Sends a signal as soon as a step is in the history."""
    until = time.monotonic() + 900
    while not any(line["step"] >= step for line in history(folder)):
        assert process.status is None, process.output + process.errors
        assert time.monotonic() < until, f"step {step} never came"
        time.sleep(0.02)
    process.send(kind)


@contextmanager
def told_to_everybody(number: signal.Signals, folder: Path, step: int) -> Iterator[None]:
    """Sends a signal to this process and to all that it has started, as soon as a step is in the history."""
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.02):
            if any(line["step"] >= step for line in history(folder)):
                processes = [*(child.pid for child in active_children()), os.getpid()]
                # By a process of its own, as a launcher would: what the main process sends itself is an order.
                subprocess.run(["kill", f"-{number.value}", *map(str, processes)], check=True)
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def history(folder: Path) -> list[dict]:
    """Whole lines of `metrics.jsonl`."""
    path = folder / "metrics.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in history(folder) if line["event"] == "train"]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def are_identical(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)

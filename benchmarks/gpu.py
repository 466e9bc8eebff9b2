"""What a GPU makes of the paper's network: steps in float32 and bfloat16, memory, an answer, and the decoder's part.

`python benchmarks/gpu.py` trains `nyud-vit-b` for 20 steps in each precision on made rooms of NYUD-v2's size, times its
answer to one image, and writes `benchmarks/gpu.json` with the GPU's name. `--device cpu --tiny --out FILE` shows on any
machine that it works: a tiny backbone on small images.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

from bridgenet.config import BackboneConfig, TrainConfig
from bridgenet.data import Batch, collate
from bridgenet.learning import Runtime, start_runtime
from bridgenet.learning.freezing import set_training
from bridgenet.learning.loop import train_step
from bridgenet.learning.run import Run, setup
from bridgenet.model import BridgeNet
from bridgenet.presets import PRESETS, ROOMS_TASKS
from bridgenet.tasks import TaskName

Result = TypeVar("Result")

SETTLED = 3
"""Steps after which kernels are chosen and memory is reserved."""

TRIES: dict[str, dict[str, object]] = {
    "fp32": {"precision": "fp32", "tf32": False},
    "tf32": {"precision": "fp32", "tf32": True},
    "bf16": {"precision": "bf16"},
    "bf16, gradient checkpointing": {"precision": "bf16", "gradient_checkpointing": "all"},
}
"""Settings of `OptimConfig`."""


@dataclass(frozen=True)
class Steps:
    """A short training.

    Attributes:
        seconds: Of a step, median after the first ones.
        images_per_second: While training, with the batches ready.
        memory: Most that was held at once, GB; None on a CPU.
        losses: Of all steps.
    """

    seconds: float
    images_per_second: float
    memory: float | None
    losses: list[float]


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="What a GPU makes of the paper's network.")
    parser.add_argument("--preset", choices=[name for name in PRESETS if "vit" in name], default="nyud-vit-b")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a tiny backbone on small images, to see that it works")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    wanted = parser.parse_args(arguments)
    if wanted.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("There is no GPU that PyTorch can use here. Without one, try --device cpu --tiny --out FILE.")
    config = on_made_rooms(PRESETS[wanted.preset], tiny=wanted.tiny)
    height, width = config.data.input_size
    result = {
        "preset": wanted.preset + (", tiny" if wanted.tiny else ""),
        "image": [height, width],
        "batch": config.optim.batch_size,
        "device": device_name(wanted.device),
        "torch": torch.__version__,
        "training": {name: asdict(train(config, wanted.device, wanted.steps, TRIES[name])) for name in TRIES},
        "answer": answer(config, wanted.device, wanted.steps),
    }
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def on_made_rooms(config: TrainConfig, *, tiny: bool) -> TrainConfig:
    """The preset's network and sizes, on rooms that need no data set."""
    tasks: dict[TaskName, int] = {task: ROOMS_TASKS[task] for task in config.model.tasks}
    model, size = replace(config.model, tasks=tasks), config.data.input_size
    if tiny:
        model = replace(model, backbone=BackboneConfig("test_vit"), embed_width=24, prediction_width=8)
        model, size = replace(model, refiner_blocks=(1, 1, 1)), (64, 64)
    data = replace(
        config.data, name="made_rooms", input_size=size, resize=True, zoom=(1.0, 2.0), rooms=config.optim.batch_size
    )
    return replace(config, model=model, data=data, pretrained_backbone=False)


def train(config: TrainConfig, device: str, steps: int, changes: dict[str, object]) -> Steps:
    """Steps on one batch that lies ready."""
    optim = replace(config.optim, **changes)  # type: ignore[arg-type]
    with start_runtime(device, optim.precision, tf32=optim.tf32) as runtime, tempfile.TemporaryDirectory() as folder:
        run = setup(replace(config, optim=optim), Path(folder), None, runtime)
        set_training(run.model, optim)
        batch = one_batch(run)
        if runtime.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(runtime.device)
        took, losses = [], []
        for _ in range(steps):
            seconds, (values, _) = timed(runtime, lambda: train_step(run, batch, stop=False))
            took.append(seconds)
            losses.append(round(values[0], 4))
        on_gpu = runtime.device.type == "cuda"
        memory = round(torch.cuda.max_memory_allocated(runtime.device) / 1e9, 2) if on_gpu else None
    median = statistics.median(took[SETTLED:] or took)
    return Steps(round(median, 4), round(len(batch.names) / median, 2), memory, losses)


@torch.no_grad()
def answer(config: TrainConfig, device: str, times: int) -> dict[str, float | str]:
    """Milliseconds from one image to its predictions, and how many of them the decoder takes, in float32."""
    with start_runtime(device) as runtime, tempfile.TemporaryDirectory() as folder:
        run = setup(config, Path(folder), None, runtime)
        model: BridgeNet = run.model.eval()
        assert model.backbone is not None
        image = one_batch(run).images[:1].contiguous(memory_format=torch.channels_last)
        features = model.backbone(image)
        size = (image.shape[-2], image.shape[-1])
        whole = milliseconds(runtime, lambda: model(image), times)
        decoder = milliseconds(runtime, lambda: model.decode(features, size), times)
    return {"whole": whole, "decoder": decoder, "unit": "ms"}


def one_batch(run: Run) -> Batch:
    """Augmented images of the training set, on the run's device."""
    images = range(run.config.optim.batch_size)
    return collate([run.train_set[index] for index in images]).to(run.runtime.device)


def milliseconds(runtime: Runtime, work: Callable[[], object], times: int) -> float:
    """Median over several times, after the first ones."""
    took = [timed(runtime, work)[0] for _ in range(times)]
    return round(1000 * statistics.median(took[SETTLED:] or took), 2)


def timed(runtime: Runtime, work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds until the device has done the work, and what came of it."""
    began = time.perf_counter()
    result = work()
    if runtime.device.type == "cuda":
        torch.cuda.synchronize(runtime.device)
    return time.perf_counter() - began, result


def device_name(device: str) -> str:
    """What the device is called."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"


if __name__ == "__main__":
    main()

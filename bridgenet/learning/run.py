"""The objects of a training run: how they are made, kept and put back."""

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from bridgenet.checkpoint import CheckpointError, load_state, save_state
from bridgenet.config import TrainConfig, to_dict
from bridgenet.data import MultiTaskDataset, open_dataset
from bridgenet.learning.averaging import WeightAverage
from bridgenet.learning.class_weights import count_classes, median_frequency_weights
from bridgenet.learning.freezing import freeze, still_frozen
from bridgenet.learning.losses import MultiTaskLoss
from bridgenet.learning.optim import build_optimizer, build_schedule
from bridgenet.learning.resume import check_same_run
from bridgenet.learning.runtime import Runtime
from bridgenet.model import Network, build_model


@dataclass
class Run:
    """Everything that a training run moves."""

    config: TrainConfig
    runtime: Runtime
    output: Path
    train_set: MultiTaskDataset
    final_set: MultiTaskDataset
    """The same images at the size of the last part of the run."""

    validation_set: MultiTaskDataset
    model: Network
    network: nn.Module
    """The model, wrapped so that several processes share its gradients."""

    loss: MultiTaskLoss
    optimizer: Optimizer
    schedule: LambdaLR
    average: WeightAverage | None = None
    """The averaged network, if there is to be one."""

    step: int = 0
    """Steps done."""

    validated: int = 0
    """Step of the last validation."""

    recent: list[list[float | None]] = field(default_factory=list)
    """What `train_step` returned since the last line of the history."""

    began: float = field(default_factory=time.perf_counter)
    """When the run would have begun, had it never been interrupted."""

    @property
    def result(self) -> Network:
        """The network that is judged and shipped."""
        return self.model if self.average is None else cast(Network, self.average.module)

    @property
    def seconds(self) -> float:
        """Time spent, over all sittings."""
        return time.perf_counter() - self.began


def setup(config: TrainConfig, output: Path, resume: Path | None, runtime: Runtime) -> Run:
    """The objects of a run, at its start or as the saved state left them."""
    tasks = tuple(config.model.tasks)
    mean = config.model.backbone.mean
    train_set = open_dataset(config.data, "train", tasks, mean)
    final_data = replace(config.data, input_size=config.data.answer_size)
    validation_set = open_dataset(config.data, "val", tasks, mean)
    # The same initial weights on every rank.
    torch.manual_seed(config.seed)
    model = runtime.place(build_model(config.model, pretrained=config.pretrained_backbone and resume is None))
    if model.backbone is not None:
        model.backbone.full_precision = config.optim.precision == "bf16-decoder"
        model.backbone.gradient_checkpointing = config.optim.gradient_checkpointing in ("backbone", "all")
    model.gradient_checkpointing = config.optim.gradient_checkpointing in ("decoder", "all")
    optimizer = build_optimizer(model, config.optim)
    run = Run(
        config,
        runtime,
        output,
        train_set,
        open_dataset(final_data, "train", tasks, mean),
        validation_set,
        model,
        model,
        MultiTaskLoss(config.loss, config.model.tasks, runtime.average),
        optimizer,
        build_schedule(optimizer, config.optim),
        WeightAverage(model, config.optim.average_decay) if config.optim.average_decay else None,
    )
    if resume is not None:
        restore(run, resume)
    elif config.loss.class_weights is not None:
        counts = count_classes(train_set, config.model.tasks["semseg"], runtime)
        run.loss.class_weights = median_frequency_weights(counts, config.loss.class_weights)
    freeze(model, still_frozen(config.optim, run.step))
    run.network = runtime.parallel(model)
    return run


def save(run: Run) -> None:
    """Keeps everything that is needed to go on from this step."""
    if run.runtime.is_main:
        state = {name: part.state_dict() for name, part in _moving_parts(run).items()}
        progress = {name: getattr(run, name) for name in ("step", "validated", "seconds", "recent")}
        progress["processes"] = run.runtime.world_size
        save_state(run.output, {"config": to_dict(run.config), **progress, **state})


def restore(run: Run, path: Path) -> None:
    """Puts a run where `save` left it.

    Raises:
        CheckpointError: The state is damaged or belongs to another run.
    """
    state = load_state(path)
    try:
        check_same_run(state["config"], run.config, path)
        if run.runtime.is_main and (change := _shared_otherwise(state, run)):
            tqdm.write(change, file=sys.stderr)
        if run.config.loss.class_weights is not None:
            run.loss.class_weights = state["loss"]["class_weights"].to(run.runtime.device)
        for name, part in _moving_parts(run).items():
            part.load_state_dict(state[name])
        run.step, run.validated, run.recent = state["step"], state["validated"], state["recent"]
        run.began = time.perf_counter() - state["seconds"]
    except CheckpointError:
        raise
    except Exception as error:  # Whatever a file of somebody else's lacks.
        raise CheckpointError(
            f"{str(path)!r} is not the state of this run: a part of it is missing or does not fit. "
            "Choose another --output, or another file for --resume."
        ) from error


def _shared_otherwise(state: dict[str, Any], run: Run) -> str:
    """What to say when a run goes on with other micro-batches than those of its last sitting; else nothing."""
    before = state.get("processes", 1), state["config"]["optim"].get("accumulate", 1)
    now = run.runtime.world_size, run.config.optim.accumulate
    if before == now:
        return ""
    return (
        f"A step is now shared as {now[0]} x {now[1]} (processes x micro-batches), before as {before[0]} x "
        f"{before[1]}. It sees the same images, but batch statistics and dropped paths are those of other "
        "micro-batches: the weights will not be exactly those of a run that was never moved."
    )


def _moving_parts(run: Run) -> dict[str, nn.Module | Optimizer | LambdaLR]:
    """What a state consists of, by its name there."""
    parts: dict[str, nn.Module | Optimizer | LambdaLR] = {
        "model": run.model,
        "optimizer": run.optimizer,
        "schedule": run.schedule,
    }
    if run.config.loss.class_weights is not None:
        parts["loss"] = run.loss
    if run.average is not None:
        parts["average"] = run.average
    return parts

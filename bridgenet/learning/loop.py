"""Training, as plain functions: `train` -> `setup` -> `fit` -> `validate` -> save.

A run is a pure function of its config: the images of a step, their augmentation and the network's own randomness
depend on the seed and the step alone. That is why a run that was killed and resumed ends with the same weights.
"""

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from tqdm import tqdm

from bridgenet.config import OptimConfig, TrainConfig, to_dict
from bridgenet.data import Batch, MultiTaskDataset, open_dataset
from bridgenet.learning.checkpoint import STATE_FILE, CheckpointError, load_state, save_model, save_state
from bridgenet.learning.evaluation import evaluate
from bridgenet.learning.losses import Losses, MultiTaskLoss
from bridgenet.learning.metrics import NO_VALID_PIXEL
from bridgenet.learning.optim import build_optimizer, build_schedule, freeze, rate_factor
from bridgenet.learning.record import Recorder, Row, model_card, read_history
from bridgenet.learning.resume import check_same_run
from bridgenet.learning.runtime import Runtime
from bridgenet.learning.sampling import StepBatches, open_loader
from bridgenet.learning.stopping import StopRequest
from bridgenet.model import BridgeNet, build_model
from bridgenet.tasks import TASKS
from bridgenet.trace import Trace

Painter = Callable[[Batch, Trace], list[Row]]
"""Draws the first images of a batch: each image, what the network made of it, and the truth."""


class TrainingError(RuntimeError):
    """A run cannot start or go on. The message says why and what to do."""


@dataclass
class Run:
    """Everything that a training run moves."""

    config: TrainConfig
    runtime: Runtime
    output: Path
    train_set: MultiTaskDataset
    validation_set: MultiTaskDataset
    model: BridgeNet
    network: nn.Module
    """The model, wrapped so that several processes share its gradients."""

    loss: MultiTaskLoss
    optimizer: Optimizer
    schedule: LambdaLR
    step: int = 0
    """Steps done."""

    validated: int = 0
    """Step of the last validation."""

    recent: list[list[float | None]] = field(default_factory=list)
    """What `train_step` returned since the last line of the history."""

    began: float = field(default_factory=time.perf_counter)
    """When the run would have begun, had it never been interrupted."""

    @property
    def seconds(self) -> float:
        """Time spent, over all sittings."""
        return time.perf_counter() - self.began


def train(config: TrainConfig, output: Path, resume: Path | None, runtime: Runtime, paint: Painter) -> bool:
    """Trains from the start or from a saved state, and leaves a checkpoint folder.

    Args:
        config: The run.
        output: Its folder.
        resume: A `training.pt` to go on from, or None.
        runtime: This process.
        paint: Draws samples at each validation.

    Returns:
        Whether the run is finished. If not, it was asked to stop and can be resumed.

    Raises:
        TrainingError: The state belongs to another run, or a loss is not finite.
    """
    run = setup(config, output, resume, runtime)
    source = resume.parent if resume is not None else output
    record = Recorder(output, source, run.step, run.validated) if runtime.is_main else None
    try:
        with StopRequest() as stop:
            return fit(run, record, stop, paint)
    finally:
        if record is not None:
            record.close()


def setup(config: TrainConfig, output: Path, resume: Path | None, runtime: Runtime) -> Run:
    """The objects of a run, at its start or as the saved state left them."""
    tasks = tuple(config.model.tasks)
    mean = config.model.backbone.mean
    train_set = open_dataset(config.data, "train", tasks, mean)
    validation_set = open_dataset(config.data, "val", tasks, mean)
    # The same initial weights on every rank.
    torch.manual_seed(config.seed)
    model = runtime.place(build_model(config.model, pretrained=config.pretrained_backbone and resume is None))
    if model.backbone is not None:
        model.backbone.full_precision = config.optim.precision == "bf16-decoder"
        model.backbone.gradient_checkpointing = config.optim.gradient_checkpointing in ("backbone", "all")
    model.gradient_checkpointing = config.optim.gradient_checkpointing in ("decoder", "all")
    freeze(model, config.optim.frozen)
    optimizer = build_optimizer(model, config.optim)
    run = Run(
        config,
        runtime,
        output,
        train_set,
        validation_set,
        model,
        model,
        MultiTaskLoss(config.loss, config.model.tasks, runtime.average),
        optimizer,
        build_schedule(optimizer, config.optim),
    )
    if resume is not None:
        restore(run, resume)
    run.network = runtime.parallel(model)
    return run


def fit(run: Run, record: Recorder | None, stop: StopRequest, paint: Painter) -> bool:
    """Steps and validations until the run is finished (True) or asked to stop (False)."""
    config, last = run.config, run.config.optim.steps
    batches = iter(_training_batches(run))
    set_training(run.model, config.optim)
    with tqdm(total=last, initial=run.step, unit="step", **_bar_style(run.runtime)) as bar:
        while True:
            if run.step != run.validated and (run.step % config.validate_every == 0 or run.step == last):
                save(run)  # A validation takes long enough to be interrupted.
                validate(run, record, paint)
                save(run)
            if run.step == last:
                finish(run)
                return True
            batch = next(batches).to(run.runtime.device)
            values, stopping = train_step(run, batch, stop.received)
            run.recent.append(values)
            bar.update()
            if run.step % config.log_every == 0 or run.step == last:
                log(run, record, bar)
            if stopping or run.step % config.save_every == 0:
                save(run)
            if stopping and run.step != last:
                run.runtime.wait()  # Launchers end the other processes when one has left, also while it saves.
                return False


def train_step(run: Run, batch: Batch, stop: bool) -> tuple[list[float | None], bool]:
    """One update of the weights.

    Returns:
        Losses, averaged over the processes (total, then final and preliminary by task) with the norm of the gradient
        at the end, and whether any process was asked to stop. A loss is None where the batch has no valid pixel.
    """
    stopping = run.runtime.any(stop)
    run.runtime.seed(run.config.seed, 2, run.step)
    run.optimizer.zero_grad()
    losses = accumulate_gradient(run, batch)
    parts = [*losses.final.values(), *losses.preliminary.values(), *losses.valid.values()]
    shared = run.runtime.average(torch.stack([losses.total, *parts])).tolist()
    norm = clip_gradient(run.model, run.config.optim.clip_norm)
    if not all(math.isfinite(value) for value in (*shared, norm)):
        raise TrainingError(_not_finite(run, batch, losses))
    run.optimizer.step()
    run.schedule.step()
    run.step += 1
    return [*where_known(shared, len(losses.valid)), norm], stopping


def where_known(shared: list[float], tasks: int) -> list[float | None]:
    """Total, final and preliminary losses, None where nothing was valid. `shared` ends with the tasks' valid pixels."""
    total, *parts = shared[:-tasks]
    valid = shared[-tasks:]
    known = [loss if count else None for loss, count in zip(parts, valid * 2, strict=True)]
    return [total if any(valid) else None, *known]


def accumulate_gradient(run: Run, batch: Batch) -> Losses:
    """Adds the gradient of a batch to the network's, micro-batch by micro-batch, and returns the losses of all.

    Every loss is divided by the valid pixels of the whole step, so that the micro-batches add up to what one pass over
    all of them gives. Batch norms see one micro-batch at a time (of all GPUs together), so their statistics, and with
    them the gradient, are those of fewer images.
    """
    counts = run.loss.counts(batch.targets)
    *earlier, last = batch.split(run.config.optim.accumulate)
    with run.runtime.holding_gradients(run.network):
        losses = [_backward(run, part, counts) for part in earlier]
    return reduce(add, [*losses, _backward(run, last, counts)])


def _backward(run: Run, batch: Batch, counts: dict[str, Tensor]) -> Losses:
    with run.runtime.autocast():
        trace = run.network(batch.images.contiguous(memory_format=torch.channels_last))
    losses = run.loss(trace, batch.targets, counts)
    losses.total.backward()
    return losses.detach()


def clip_gradient(model: nn.Module, limit: float) -> float:
    """Scales the gradient down to a global L2 norm, if it is longer (0: never). Returns the norm it had."""
    return float(nn.utils.clip_grad_norm_(model.parameters(), limit or float("inf")))


def set_training(model: nn.Module, config: OptimConfig) -> None:
    """Training mode, in which frozen modules and batch norms go on normalising with their running statistics."""
    model.train()
    for module in model.modules():
        if config.freeze_batch_norm and isinstance(module, _BatchNorm):
            module.eval()
    for path in config.frozen:
        model.get_submodule(path).eval()


def validate(run: Run, record: Recorder | None, paint: Painter) -> None:
    """Judges the network on the validation set and leaves it, with its metrics, as the folder's checkpoint."""
    rows: list[Row] = []
    bar = tqdm(total=len(run.validation_set), unit="image", desc="validation", leave=False, **_bar_style(run.runtime))

    def watch(batch: Batch, trace: Trace) -> None:
        if record is not None and not rows:
            rows.extend(paint(batch, trace))
        bar.update(min(len(batch.names) * run.runtime.world_size, len(run.validation_set) - bar.n))

    with bar:
        metrics = evaluate(run.model, run.validation_set, run.config, run.runtime, watch=watch)
    run.validated = run.step
    if record is None:
        return
    record.validation(run.step, metrics, run.seconds)
    names = [TASKS[task].title for task in run.validation_set.tasks]
    record.pictures(run.step, rows, ["Image", *names, *(f"{name}, truth" for name in names)])
    metrics |= {"step": run.step, "training_seconds": round(run.seconds, 1)}
    card = model_card(run.config, len(run.train_set), metrics, read_history(run.output))
    save_model(run.output, run.model, run.config, metrics, card)


def log(run: Run, record: Recorder | None, bar: tqdm) -> None:
    """Writes the means since the last line to the history, and the losses to the progress bar."""
    total, *parts, norm = map(_mean, zip(*run.recent, strict=True))
    run.recent.clear()
    if record is None:
        return
    tasks = list(run.config.model.tasks)
    final = dict(zip(tasks, parts, strict=False))
    preliminary = dict(zip(tasks, parts[len(tasks) :], strict=True))
    values = {"loss": total, "final": final, "preliminary": preliminary, "gradient_norm": norm}
    rate = run.config.optim.learning_rate * rate_factor(run.step - 1, run.config.optim)
    record.train(run.step, {**values, "learning_rate": rate, "seconds": round(run.seconds, 1)})
    shown = {"loss": total, **final}
    bar.set_postfix({name: NO_VALID_PIXEL if value is None else f"{value:.3f}" for name, value in shown.items()})


def save(run: Run) -> None:
    """Keeps everything that is needed to go on from this step."""
    if run.runtime.is_main:
        state = {name: getattr(run, name).state_dict() for name in ("model", "optimizer", "schedule")}
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
        for name in ("model", "optimizer", "schedule"):
            getattr(run, name).load_state_dict(state[name])
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


def finish(run: Run) -> None:
    """Leaves the checkpoint alone in the folder: the state to resume from has done its work."""
    run.runtime.wait()
    if run.runtime.is_main:
        (run.output / STATE_FILE).unlink()


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are there."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _training_batches(run: Run) -> DataLoader[Any]:
    config, runtime = run.config, run.runtime
    steps = StepBatches(
        len(run.train_set),
        config.optim.batch_size,
        config.seed,
        run.step,
        config.optim.steps,
        runtime.rank,
        runtime.world_size,
    )
    return open_loader(run.train_set, steps, config.data.workers, runtime.device)


def _bar_style(runtime: Runtime) -> dict[str, Any]:
    """A lively bar on a terminal, a line every half minute in a file."""
    live = sys.stderr.isatty()
    return {"disable": not runtime.is_main, "mininterval": 0.2 if live else 30, "dynamic_ncols": live}


def _not_finite(run: Run, batch: Batch, losses: Losses) -> str:
    """What to say when a loss or the gradient is not finite; every process must come here."""
    culprits = [task for task in losses.final if not (losses.final[task] + losses.preliminary[task]).isfinite()]
    everywhere = run.runtime.gather((culprits, batch.names if culprits else ()))
    tasks = [task for task in losses.final if any(task in found for found, _ in everywhere)]
    names = [name for _, found in everywhere for name in found] or list(batch.names)
    what = f"The loss of {', '.join(tasks)}" if tasks else "The gradient"
    state = run.output / STATE_FILE
    left = f"The last saved state, {state}, is untouched." if state.exists() else "Nothing had been saved yet."
    return (
        f"{what} is not finite at step {run.step + 1}. Images of the step: {', '.join(names)}. {left} "
        "Look at these images' ground truth, or start again with a lower --optim.learning-rate."
    )

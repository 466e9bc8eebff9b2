"""Training, as plain functions: `train` -> `setup` -> `fit` -> `validate` -> save.

A run is a pure function of its config: the images of a step, their augmentation and the network's own randomness
depend on the seed and the step alone. That is why a run that was killed and resumed ends with the same weights.
"""

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from bridgenet.checkpoint import STATE_FILE, save_model
from bridgenet.config import TrainConfig
from bridgenet.data import Batch
from bridgenet.labels import NO_VALID_PIXEL
from bridgenet.learning.boundary import BoundaryJudge
from bridgenet.learning.evaluation import evaluate
from bridgenet.learning.freezing import set_training, unfreeze
from bridgenet.learning.losses import Losses
from bridgenet.learning.optim import rate_factor
from bridgenet.learning.record import Recorder, Row, model_card, read_history
from bridgenet.learning.run import Run, save, setup
from bridgenet.learning.runtime import Runtime
from bridgenet.learning.sampling import StepBatches, open_loader
from bridgenet.learning.stopping import StopRequest
from bridgenet.sources import find_source
from bridgenet.tasks import TASKS
from bridgenet.trace import Trace

Painter = Callable[[Batch, Trace], list[Row]]
"""Draws the first images of a batch: each image, what the network made of it, and the truth."""


class TrainingError(RuntimeError):
    """A run cannot start or go on. The message says why and what to do."""


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


def fit(run: Run, record: Recorder | None, stop: StopRequest, paint: Painter) -> bool:
    """Steps and validations until the run is finished (True) or asked to stop (False)."""
    config, last = run.config, run.config.optim.steps
    batches = _training_batches(run)
    set_training(run.model, config.optim, run.step)
    with tqdm(total=last, initial=run.step, unit="step", **_bar_style(run.runtime)) as bar:
        while True:
            if run.step != run.validated and (run.step % config.validate_every == 0 or run.step == last):
                save(run)  # A validation takes long enough to be interrupted.
                validate(run, record, paint)
                save(run)
            if run.step == last:
                finish(run)
                return True
            if run.step == config.optim.unfreeze_step:
                let_learn(run)
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
        at the end, and whether any process was asked to stop. A loss is None where the batch has no valid pixel, or
        the task no such prediction.
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
    if run.average is not None:
        run.average.update_parameters(run.model)
    run.step += 1
    return [*where_known(shared, losses), norm], stopping


def where_known(shared: list[float], losses: Losses) -> list[float | None]:
    """Total, final and any preliminary losses of every task, None where nothing was valid or there is none.

    Args:
        shared: The numbers of all processes together, in the order of `losses`.
        losses: Whose they are.
    """
    total, *numbers = shared
    parts = iter(numbers)
    final, preliminary, valid = (
        dict(zip(part, parts, strict=False)) for part in (losses.final, losses.preliminary, losses.valid)
    )
    rows = [final, preliminary] if preliminary else [final]
    known = [row.get(task) if count else None for row in rows for task, count in valid.items()]
    return [total if any(valid.values()) else None, *known]


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


def let_learn(run: Run) -> None:
    """Lets the frozen modules learn from this step on."""
    unfreeze(run.model, run.config.optim.frozen)
    set_training(run.model, run.config.optim, run.step)
    # Processes share the gradients of those parameters that could learn when the network was wrapped.
    run.network = run.runtime.parallel(run.model)


def validate(run: Run, record: Recorder | None, paint: Painter) -> None:
    """Judges the network on the validation set and leaves it, with its metrics, as the folder's checkpoint."""
    rows: list[Row] = []
    bar = tqdm(total=len(run.validation_set), unit="image", desc="validation", leave=False, **_bar_style(run.runtime))

    def watch(batch: Batch, trace: Trace) -> None:
        if record is not None and not rows:
            rows.extend(paint(batch, trace))
        bar.update(min(len(batch.names) * run.runtime.world_size, len(run.validation_set) - bar.n))

    with bar:
        judge = BoundaryJudge(find_source(run.config.data.name).edges)
        metrics = evaluate(run.result, run.validation_set, run.config, run.runtime, watch=watch, judge=judge)
    run.validated = run.step
    if record is None:
        return
    record.validation(run.step, metrics, run.seconds)
    names = [TASKS[task].title for task in run.validation_set.tasks]
    record.pictures(run.step, rows, ["Image", *names, *(f"{name}, truth" for name in names)])
    metrics |= {"step": run.step, "training_seconds": round(run.seconds, 1)}
    card = model_card(run.config, len(run.train_set), metrics, read_history(run.output))
    save_model(run.output, run.result, run.config, metrics, card)


def log(run: Run, record: Recorder | None, bar: tqdm) -> None:
    """Writes the means since the last line to the history, and the losses to the progress bar."""
    total, *parts, norm = map(_mean, zip(*run.recent, strict=True))
    run.recent.clear()
    if record is None:
        return
    tasks = list(run.config.model.tasks)
    final = dict(zip(tasks, parts, strict=False))
    preliminary = dict(zip(tasks, parts[len(tasks) :], strict=False))
    values = {"loss": total, "final": final, "preliminary": preliminary, "gradient_norm": norm}
    rate = run.config.optim.learning_rate * rate_factor(run.step - 1, run.config.optim)
    record.train(run.step, {**values, "learning_rate": rate, "seconds": round(run.seconds, 1)})
    shown = {"loss": total, **final}
    bar.set_postfix({name: NO_VALID_PIXEL if value is None else f"{value:.3f}" for name, value in shown.items()})


def finish(run: Run) -> None:
    """Leaves the checkpoint alone in the folder: the state to resume from has done its work."""
    run.runtime.wait()
    if run.runtime.is_main:
        (run.output / STATE_FILE).unlink()


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are there."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _training_batches(run: Run) -> Iterator[Batch]:
    """Batches of the steps that are left, the last of them at the final size."""
    config, runtime, done = run.config, run.runtime, run.step
    parts = ((run.train_set, 0, config.resizing_step), (run.final_set, config.resizing_step, config.optim.steps))
    for dataset, first, last in parts:
        steps = StepBatches(
            len(dataset),
            config.optim.batch_size,
            config.seed,
            max(first, done),
            last,
            runtime.rank,
            runtime.world_size,
        )
        if steps.first < last:
            yield from open_loader(dataset, steps, config.data.workers, runtime.device)


def _bar_style(runtime: Runtime) -> dict[str, Any]:
    """A lively bar on a terminal, a line every half minute in a file."""
    live = sys.stderr.isatty()
    return {"disable": not runtime.is_main, "mininterval": 0.2 if live else 30, "dynamic_ncols": live}


def _not_finite(run: Run, batch: Batch, losses: Losses) -> str:
    """What to say when a loss or the gradient is not finite; every process must come here."""
    culprits = [
        task for task, loss in losses.final.items() if not (loss + losses.preliminary.get(task, 0.0)).isfinite()
    ]
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

"""Trains a network: `python -m bridgenet.train PRESET`, or `torchrun --nproc_per_node=4 -m bridgenet.train PRESET`.

Leaves a checkpoint folder, which `python app/main.py --checkpoint DIR` opens. A run that was interrupted in any way
goes on where it was when the same command is given again.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from torch import Tensor
from tyro.constructors import PrimitiveConstructorSpec

from bridgenet.checkpoint import CheckpointError, load_model
from bridgenet.command import USAGE, in_flags, parse, refusal
from bridgenet.config import Count, FilePath, Positive, SettingError, Settings, TrainConfig
from bridgenet.config.unseen import check_looked_at
from bridgenet.data import Batch, DataError, reference_images
from bridgenet.drawing import colour_task, depth_limits
from bridgenet.files import WriteError, sole_writer, write_any_letter
from bridgenet.inspection import BASIS_FILE, BasisError, FeatureBasis, fit_basis
from bridgenet.inspection.features.familiarity import PER_REFERENCE, fit_familiarity
from bridgenet.kinds import activate, truth_array
from bridgenet.labels import ClassesByTask
from bridgenet.learning import (
    TIMEOUT,
    Launch,
    LostProcessError,
    ResumeChoice,
    Row,
    TrainingError,
    check_finished,
    find_state,
    finished_steps,
    locate_data,
    plain_message,
    plain_warnings,
    read_launch,
    shareable,
    start_runtime,
    train,
)
from bridgenet.presets import PRESETS
from bridgenet.sources import SOURCES, another_data_set, source_at
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

SAMPLES = 4
"""Images in the sample pictures of a validation."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

FAILURES = (CheckpointError, DataError, ImportError, LostProcessError, TrainingError, ValueError, WriteError)
"""What can go wrong in a training, and says so in a sentence."""


_RESUME = PrimitiveConstructorSpec(
    nargs=1,
    metavar="{auto,never}|PATH",
    instance_from_str=lambda words: words[0] if words[0] in ("auto", "never") else Path(words[0]),
    is_instance=lambda value: isinstance(value, (str, Path)),
    str_from_instance=lambda value: [str(value)],
)


@dataclass(frozen=True)
class Arguments(Settings):
    """What is trained, and where it is kept."""

    config: Annotated[TrainConfig, tyro.conf.arg(name="")]

    output: FilePath | None = None
    """Folder of the run and of its checkpoint. Default: runs/PRESET."""

    tasks: tuple[str, ...] | None = None
    """Tasks to learn, some of the preset's, as in --tasks semseg,depth. One of them is single-task learning. Default:
    all of the preset."""

    steps: Count | None = None
    """Length of the run; short for --optim.steps. The learning rate falls to zero at the last step."""

    resume: Annotated[ResumeChoice, _RESUME] = "auto"
    """auto: go on with the run in the folder, if there is one. never: want a folder without a run. Or the path of a
    training.pt to go on from."""

    data_root: FilePath | None = None
    """Folder of the data set; short for --data.root. Default: the folder NAME in $BRIDGENET_DATA."""

    device: str | None = None
    """cpu, cuda or cuda:N. Default: the GPU if there is one; of several processes, each takes its own."""

    timeout: Positive = TIMEOUT
    """Several processes only: minutes that they wait for one that is silent."""


def main(line: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status."""
    write_any_letter()
    arguments = read(line)
    try:
        return run(arguments, told_channels(arguments.config, line))
    except SettingError as error:
        print(f"\n{in_flags(error, Arguments)}", file=sys.stderr)  # noqa: T201
        return USAGE
    except (*FAILURES, OSError) as error:
        print(f"\n{plain_message(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("\nStopped at once. The same command goes on from the last saved state.", file=sys.stderr)  # noqa: T201
        return INTERRUPTED


def read(line: Sequence[str] | None = None) -> Arguments:
    """What the command line says: a preset and changes to it.

    Raises:
        SystemExit: It asks for help, cannot be understood, or changes what the chosen system does not look at.
    """
    kind = tyro.extras.subcommand_type_from_defaults(
        {name: Arguments(config) for name, config in PRESETS.items()},
        {name: _describe(config) for name, config in PRESETS.items()},
    )
    words = [str(word) for word in (sys.argv[1:] if line is None else line)]
    arguments = parse(kind, "bridgenet.train", __doc__, words, first=("preset", list(PRESETS)))
    try:
        check_looked_at(arguments.config, PRESETS[words[0]])
    except SettingError as error:
        raise refusal(in_flags(error, Arguments), f"bridgenet.train {words[0]}") from None
    return arguments


def told_channels(config: TrainConfig, line: Sequence[str] | None = None) -> dict[TaskName, int]:
    """What a command line itself says of the network's tasks, and not its preset: output channels by task."""
    words = [word.replace("-", "_") for word in (sys.argv[1:] if line is None else line)]
    flags: dict[TaskName, str] = {task: f"__model.tasks.{task}" for task in config.model.tasks}
    return {
        task: config.model.tasks[task]
        for task, flag in flags.items()
        if any(word == flag or word.startswith(f"{flag}=") for word in words)
    }


def run(arguments: Arguments, told: Mapping[TaskName, int] | None = None) -> int:
    """Trains, or says why there is nothing to train.

    Args:
        arguments: The command line.
        told: Channels that it names itself, by task, see `told_channels`.

    Returns:
        The exit status.
    """
    launch = read_launch()
    config = share(complete(arguments, told or {}), launch)
    output = arguments.output or Path("runs") / config.name
    if (steps := steps_done(output, config, arguments.resume)) is not None and has_basis(output):
        if launch.rank == 0:
            print(f"The run in {output} is finished: {steps} steps. Choose another --output to start a new one.")  # noqa: T201
        return 0
    optim, timeout = config.optim, arguments.timeout
    with (
        start_runtime(arguments.device, optim.precision, tf32=optim.tf32, timeout=timeout) as runtime,
        sole_writer(output) if runtime.is_main else nullcontext(),
        plain_warnings(runtime.is_main),
    ):
        # Asked again: now nobody else writes there.
        finished = steps_done(output, config, arguments.resume) is not None
        if not finished:
            state = find_state(output, arguments.resume)
            finished = train(config, output, state, runtime, lambda batch, trace: paint(batch, trace, config.classes))
        if runtime.is_main:
            if finished and config.model.answers_one_image:
                leave_basis(config, output, runtime.device)
            done = f"Finished. The checkpoint is {output}." if finished else _how_to_go_on(output)
            print(done, file=sys.stderr)  # noqa: T201
    return 0 if finished else INTERRUPTED


def steps_done(output: Path, config: TrainConfig, resume: ResumeChoice) -> int | None:
    """Steps of the run in the folder if it is the one that is asked for and has done them all; None if it goes on.

    Raises:
        CheckpointError: Another run is there, or no state to go on from.
    """
    if find_state(output, resume) is not None or (steps := finished_steps(output)) is None:
        return None
    check_finished(output, config)
    return steps


def has_basis(output: Path) -> bool:
    """Whether the colours of the feature maps of a finished run are there: it may have been killed before they were.

    A network that needs several images for an answer has none: they are fitted and seen image by image.
    """
    model, config, _ = load_model(output)
    if not config.model.answers_one_image:
        return True
    try:
        FeatureBasis.load(output / BASIS_FILE, model)
    except BasisError:
        return False
    return True


def complete(arguments: Arguments, told: Mapping[TaskName, int] | None = None) -> TrainConfig:
    """The config with the short flags put in their places, and with the tasks of a data set that says what it has.

    Args:
        arguments: The command line.
        told: Channels that it names itself, by task.

    Raises:
        SettingError: It contradicts the data set.
        DataError: The data set is not there, or does not say what it is.
    """
    config = arguments.config
    if SOURCES[config.data.name].describe is not None:
        config = replace(config, data=locate_data(config.data, arguments.data_root))
        source = source_at(config.data.name, config.data.root)
        if wrong := [task for task, channels in (told or {}).items() if source.channels.get(task) != channels]:
            has = ", ".join(f"{task} {channels}" for task, channels in source.channels.items())
            raise config.model.refuse(
                f"tasks.{wrong[0]} contradicts {config.data.root}, which has {has}. Leave it out."
            )
        config = config.learning(source)
    if arguments.tasks is not None:
        try:
            config = config.only(arguments.tasks)
        except SettingError:
            # Tasks of a folder that was taken for another data set.
            if told_of_folder := another_data_set(config.data.name, arguments.data_root or config.data.root):
                raise DataError(told_of_folder) from None
            raise
    if arguments.steps is not None:
        config = replace(config, optim=replace(config.optim, steps=arguments.steps))
    return replace(config, data=locate_data(config.data, arguments.data_root))


def share(config: TrainConfig, launch: Launch) -> TrainConfig:
    """The config with a batch that the processes can share equally; says so where that is another one."""
    asked = config.optim
    batch_size = shareable(asked.batch_size, launch.world_size, asked.accumulate)
    if batch_size == asked.batch_size:
        return config
    if launch.rank == 0:
        parts = f" with {asked.accumulate} micro-batches each" if asked.accumulate > 1 else ""
        number = f"{launch.world_size} processes" if launch.world_size > 1 else "one process"
        raised = f"The batch is raised from {asked.batch_size} to {batch_size} images, which {number}{parts} can share."
        print(raised, file=sys.stderr)  # noqa: T201
    return replace(config, optim=replace(asked, batch_size=batch_size))


def leave_basis(config: TrainConfig, output: Path, device: torch.device) -> None:
    """Puts the colours of the network's feature maps beside its weights, and what it has learnt from."""
    model, _, _ = load_model(output, device)
    images, count = reference_images(config.data, config.basis_images), PER_REFERENCE * config.basis_images
    learnt, held_back = (reference_images(config.data, count, split) for split in ("train", "val"))
    basis = fit_basis(model, images, source=config.data.called)
    replace(basis, familiarity=fit_familiarity(model, learnt, held_back)).save(output / BASIS_FILE)


def paint(batch: Batch, trace: Trace, classes: ClassesByTask) -> list[Row]:
    """The first images of a batch: image, predictions, ground truth."""
    rows: list[Row] = []
    tasks: list[TaskName] = list(batch.targets)
    for i, image in enumerate(batch.images[:SAMPLES]):
        picture = (image.clamp(0, 1) * 255).round().byte().movedim(0, -1).cpu().numpy()
        answers = [activate(task, trace.predictions[task][i].float())[0].cpu().numpy() for task in tasks]
        truths = [_truth(task, batch.targets[task][i], image) for task in tasks]
        limits = depth_limits(truths[tasks.index("depth")]) if "depth" in tasks else None
        coloured = [
            colour_task(task, array, classes, limits) for task, array in zip(tasks * 2, answers + truths, strict=True)
        ]
        rows.append([picture, *coloured])
    return rows


def _truth(task: TaskName, target: Tensor, image: Tensor) -> np.ndarray:
    """Ground truth in the form of a prediction, at the image's size."""
    planes = target if target.ndim == 3 else target[None]
    resized = F.interpolate(planes[None].float(), size=image.shape[-2:], mode="nearest-exact")[0]
    return truth_array(task, resized if target.ndim == 3 else resized[0])


def _describe(config: TrainConfig) -> str:
    height, width = config.data.input_size
    return (
        f"{config.data.name} at {height}x{width}, {config.model.backbone.name}, "
        f"{config.optim.steps} steps of {config.optim.batch_size} images"
    )


def _how_to_go_on(output: Path) -> str:
    return f"\nStopped and saved in {output}. The same command goes on from here."


if __name__ == "__main__":
    sys.exit(main())

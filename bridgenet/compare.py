"""Trains and judges what a study compares: `python -m bridgenet.compare STUDY.toml --out DIR`.

Every system from every seed is one training under one budget, `python -m bridgenet.train` with the options that the
file gives it, judged by `python -m bridgenet.evaluate`. What is finished is not trained again, and what was interrupted
goes on: give the same command again. Several workers, on one machine or on several that share the folder, take from one
list without a server: start the command as often as you like. Machines that share no folder go on from each other's
study.json with `--known`. `--list` prints the trainings as commands, for any scheduler.

DIR then holds study.json, tables.md, plots/ and panels/.
"""

import json
import math
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from bridgenet import evaluate, train
from bridgenet.checkpoint import read_config
from bridgenet.command import in_flags, parse
from bridgenet.config import Count, FilePath, SettingError, Settings, TrainConfig
from bridgenet.data import DataError, open_dataset
from bridgenet.drawing import Panel, answer_panel, panel_figure
from bridgenet.drawing.charts import BarRow, Bars
from bridgenet.drawing.sheet import Drawn
from bridgenet.files import BusyError, WriteError, replacing, sole_writer, write_any_letter, write_text
from bridgenet.inspection.cost import Cost, network_cost
from bridgenet.kinds import truth_array
from bridgenet.learning import METRIC_UNITS, check_finished, finished_steps, plain_message, read_launch
from bridgenet.learning.boundary import THRESHOLDS, BoundaryJudge
from bridgenet.learning.by_image import gain_over_images
from bridgenet.learning.controls import controls
from bridgenet.learning.evaluation import empty_metrics
from bridgenet.learning.intervals import Interval
from bridgenet.learning.study import (
    TRAINING,
    Part,
    Result,
    Results,
    Study,
    StudyError,
    read_results,
    read_study,
    rows,
)
from bridgenet.learning.study_tables import NAMES, amount, study_page
from bridgenet.predictor import Predictor
from bridgenet.sources import find_source
from bridgenet.tasks import TASKS, TaskName

JUDGED = "evaluated.json"
"""The metrics of a finished part, in its folder."""

BY_IMAGE = "by_image.npz"
"""What each image added to them."""

MOST_SEEDS = 100
"""An interval of more samples is one over draws of the images."""

OF_CONTROLS = "#B9B4AA"
"""Colour of their bars."""

SECONDS_BETWEEN_LOOKS = 0.5
"""While another worker writes the tables."""


@dataclass(frozen=True)
class Arguments(Settings):
    """What is compared, and where it is kept."""

    study: tyro.conf.Positional[FilePath]
    """The study, a TOML file; `pydoc bridgenet.learning.study` shows one."""

    out: FilePath
    """Folder of all runs and of what they say."""

    list: bool = False
    """Train nothing: print the trainings as commands, one a line."""

    processes: Count = 1
    """Of each command that --list prints."""

    collect: bool = False
    """Train nothing: judge what is finished, and write tables and pictures."""

    known: FilePath | None = None
    """A study.json of the same study from elsewhere: what it holds is told, and not trained here. A gain over such a
    result has no interval over draws of the images, which a study.json does not keep."""

    device: str | None = None
    """cpu, cuda or cuda:N. Default: the GPU if there is one."""


def main(line: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status."""
    write_any_letter()
    arguments = parse(Arguments, "bridgenet.compare", __doc__, line)
    try:
        return run(arguments)
    except (StudyError, ValueError, WriteError) as error:
        print(f"\n{_in_own_flags(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)  # noqa: T201
        return train.INTERRUPTED


def run(arguments: Arguments) -> int:
    """Lists, or trains and judges what is left, and writes what is known by then. Returns the exit status.

    Raises:
        StudyError: The file cannot be read, or a system of it cannot be trained.
        WriteError: The folder cannot be written.
    """
    study = read_study(arguments.study)
    known = {} if arguments.known is None else read_results(arguments.known, study)
    if arguments.list:
        for part in {part.system: part for part in study.parts}.values():
            _asked(study, part, arguments, here=False)
        for part in study.parts:
            if part not in known:
                print(command(study, part, arguments))  # noqa: T201
        return 0
    if read_launch().world_size > 1:
        raise StudyError("Several processes cannot take from one list together: print its commands with --list.")
    runs = {part: _asked(study, part, arguments) for part in study.parts}
    _check_images(study, next(iter(runs.values())).config)
    left = {part: asked for part, asked in runs.items() if part not in known}
    failed = [part for part, asked in left.items() if not finish(study.titled(part.system), part, asked, arguments)]
    while True:
        try:
            with sole_writer(arguments.out):
                configs = {part: asked.config for part, asked in runs.items()}
                results = collect(study, configs, arguments, known)
                write(results, configs, arguments.out)
        except BusyError:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            continue
        break
    print(study_page(results))  # noqa: T201
    return 1 if failed else 0


def command(study: Study, part: Part, arguments: Arguments) -> str:
    """The training of a part, as any scheduler can run it."""
    words = ["torchrun", "--standalone", f"--nproc_per_node={arguments.processes}", "-m", TRAINING]
    device = [] if arguments.device is None else ["--device", arguments.device]
    return shlex.join([*words, *study.line(part, arguments.out), *device])


def finish(title: str, part: Part, asked: train.Arguments, arguments: Arguments) -> bool:
    """Trains a part to its end and judges it, where that is not done and nobody else is at it.

    Returns:
        Whether nothing went wrong; what did has been said.

    Raises:
        CheckpointError: Another training is in its folder.
        WriteError: It cannot be kept, and so none of the others could.
        KeyboardInterrupt: It was stopped; its state is saved.
    """
    folder = part.folder(arguments.out)
    if (finished_steps(folder) is None and arguments.collect) or (folder / JUDGED).exists():
        return True
    print(f"\n{title}, seed {part.seed}", file=sys.stderr)  # noqa: T201
    try:
        if trained := finished_steps(folder) is not None:
            check_finished(folder, asked.config)
        whole = trained and (arguments.collect or train.has_basis(folder))
        if not whole and train.run(asked) == train.INTERRUPTED:
            raise KeyboardInterrupt
        with sole_writer(folder):
            return (folder / JUDGED).exists() or judge(folder, asked)
    except BusyError:
        print("Another worker has it.", file=sys.stderr)  # noqa: T201
        return True
    except WriteError:
        raise
    except train.FAILURES as error:
        print(f"\n{_in_own_flags(error)}", file=sys.stderr)  # noqa: T201
        return False


def judge(folder: Path, asked: train.Arguments) -> bool:
    """Keeps the metrics of a finished part in its folder. Returns whether that went well."""
    words = [str(folder), "--json", str(folder / JUDGED), "--by-image", str(folder / BY_IMAGE)]
    words += [] if asked.config.data.root is None else ["--data-root", str(asked.config.data.root)]
    words += [] if asked.device is None else ["--device", asked.device]
    with redirect_stdout(sys.stderr):
        return evaluate.main(words) == 0


def collect(
    study: Study, configs: dict[Part, TrainConfig], arguments: Arguments, known: Mapping[Part, Result]
) -> Results:
    """The results of all parts that are judged, by whichever worker, or known from elsewhere.

    Raises:
        CheckpointError: What is in a folder was trained with other settings.
    """
    found: list[Result] = []
    over = list(dict.fromkeys(name for name in (study.single_task, study.reference) if name is not None))
    costs: dict[str, Cost] = {}
    for part, config in configs.items():
        folder = part.folder(arguments.out)
        if not (folder / JUDGED).exists():
            found += [known[part]] if part in known else []
            continue
        check_finished(folder, config)
        if part.system not in costs:
            costs[part.system] = network_cost(config.model, config.data.answer_size)
        spent, backbone = costs[part.system], config.model.backbone.name
        metrics = json.loads((folder / JUDGED).read_text(encoding="utf-8"))
        line = command(study, part, arguments)
        # Of several seeds the interval is that over seeds, and draws of images take their time.
        alone = sum(other.system == part.system for other in configs) == 1
        names = [name for name in over if alone and name != part.system]
        others = {name: Part(name, part.seed).folder(arguments.out) for name in names}
        gains = {name: gain for name, other in others.items() if (gain := over_images(folder, other, config))}
        found.append(Result(part, line, metrics, backbone, spent.parameters, spent.multiply_adds, gains))
    return Results(study, found)


def over_images(folder: Path, other: Path, asked: TrainConfig) -> Interval | None:
    """Delta_m of a part over another, over draws of the images; None where there is no gain to tell."""
    if not (other / JUDGED).exists():
        return None
    config = read_config(folder)
    dataset = evaluate.open_split(evaluate.Arguments(folder, data_root=asked.data.root), config)
    judge = BoundaryJudge(find_source(config.data.name).edges, THRESHOLDS)
    ours, theirs = (evaluate.read_sums(one / BY_IMAGE) for one in (folder, other))
    try:
        return gain_over_images(empty_metrics(dataset, config, judge), ours, theirs)
    except ValueError:
        return None


def write(results: Results, configs: Mapping[Part, TrainConfig], out: Path) -> None:
    """The numbers, the tables and the pictures of a study.

    Raises:
        WriteError: The folder cannot be written.
    """
    study = results.study
    machine = {"torch": torch.__version__, "machine": f"{os.cpu_count()} cores, {platform.machine()}"}
    told = {"title": study.title, "single_task": study.single_task, "reference": study.reference, **machine}
    told |= {"rows": list(rows(results)), "controls": [left.in_json() for left in controls(results)]}
    write_text(out / "study.json", json.dumps(told, indent=1) + "\n")
    write_text(out / "tables.md", study_page(results))
    for name, picture in (*plots(results), *panels(results, configs, out)):
        with replacing(out / f"{name}.png") as file:
            Image.fromarray(picture).save(file, "PNG")


def plots(results: Results) -> Iterator[tuple[str, Drawn]]:
    """A chart of every task and of the gains, a bar for each system, with intervals over seeds."""
    study = results.study
    for task in results.tasks(results.systems):
        unit = METRIC_UNITS[TASKS[task].metric]
        better = "more is better" if TASKS[task].higher_is_better else "less is better"
        levels = {name: results.level(name, task) for name in results.systems}
        title = f"{TASKS[task].title}: {study.title}"
        yield f"plots/{task}", _bars(study, levels, f"{NAMES[TASKS[task].metric]} ({unit}), {better}", title)
    for over in {study.single_task, study.reference} - {None}:
        gains = {name: results.gain(name, over) for name in results.systems if name != over}
        if any(gain is not None for gain in gains.values()):
            words = f"Delta_m in per cent over {study.titled(str(over))}; positive: better"
            yield f"plots/delta_m-{over}", _bars(study, gains, words, study.title)
    if there := list(controls(results)):
        pairs = {name: results.gain(name, study.reference) for one in there for name in (one.system, one.control)}
        words = f"Delta_m in per cent over {study.titled(str(study.reference))}"
        yield "plots/controls", _bars(study, pairs, words, "Systems, and what their controls leave of the gain")


def panels(results: Results, configs: Mapping[Part, TrainConfig], out: Path) -> Iterator[tuple[str, Drawn]]:
    """For each image a row of every task: the photo, the truth, and what every system answers from its first seed."""
    answering = _answering(results, out)
    networks = {name: Predictor.load(part.folder(out)) for name, part in answering.items()}
    if not networks:
        return
    # A checkpoint does not keep where its data lie.
    config = max((configs[part] for part in answering.values()), key=lambda config: len(config.model.tasks))
    tasks: tuple[TaskName, ...] = tuple(config.model.tasks)
    # Photo and truth as they are: neither resized to what the network sees, nor padded.
    dataset = open_dataset(replace(config.data, resize=True), "val", tasks)
    for index in results.study.images:
        sample, photo = dataset[index], dataset.reader.read(index, ()).image
        truth: dict[TaskName, np.ndarray] = {task: truth_array(task, sample.targets[task]) for task in tasks}
        said = {results.study.titled(name): network(photo) for name, network in networks.items()}
        shown: list[Panel] = []
        for task in tasks:
            given = {"truth": truth, **{name: {one: said[name][one].array for one in said[name]} for name in said}}
            shown.append(Panel(TASKS[task].title, photo))
            shown += [
                replace(answer_panel(name, task, answers[task], truth, config.classes, key=name == "truth"), note="")
                if task in answers
                else Panel(name, np.full_like(photo, 255), "not learnt")
                for name, answers in given.items()
            ]
        yield f"panels/{index}", panel_figure(shown, columns=2 + len(said), title=results.study.title, panel_width=2.3)


def _bars(study: Study, levels: Mapping[str, Interval | None], unit: str, title: str) -> Drawn:
    known = {name: level for name, level in levels.items() if level is not None}
    return Bars([_bar(study, name, level) for name, level in known.items()], unit, title).picture()


def _bar(study: Study, name: str, level: Interval) -> BarRow:
    """A control is lighter than what it is a control of."""
    low, high = (level.low, level.high) if math.isfinite(level.low) else (None, None)
    # What is known from elsewhere has its interval, and no draws.
    drawn = not 0 < len(level.samples) <= MOST_SEEDS
    words = amount(level, 2) + (" over images" if drawn else f", n = {len(level.samples)}")
    samples, colour = () if drawn else level.samples, "" if study.systems[name].control_of is None else OF_CONTROLS
    return BarRow(study.titled(name), level.mean, low, high, colour, samples, words)


def _answering(results: Results, out: Path) -> dict[str, Part]:
    """Of each system the first part that was trained here, if it can answer to one image."""
    here = [part for part in reversed(results.by_part) if (part.folder(out) / JUDGED).exists()]
    able = {part.system: part for part in here if read_config(part.folder(out)).model.answers_one_image}
    return {name: able[name] for name in results.systems if name in able}


def _in_own_flags(error: Exception) -> str:
    """What went wrong; a training says where to put another one, and here that is the folder of the study."""
    return str(error) if isinstance(error, StudyError) else plain_message(error).replace("--output", "--out")


def _asked(study: Study, part: Part, arguments: Arguments, *, here: bool = True) -> train.Arguments:
    """The training of a part as its command line says it, with everything in its place.

    Args:
        study: What is compared.
        part: Which training.
        arguments: Of this command.
        here: Whether it is this machine that has the data; else what depends on them is not looked at.

    Raises:
        StudyError: Its options cannot be used; what is wrong with them has been said.
    """
    words = [*study.line(part, arguments.out), *([] if arguments.device is None else ["--device", arguments.device])]
    where = f"These are the options of {part.system!r} in {arguments.study}, after those of all systems."
    try:
        asked = train.read(words)
    except SystemExit:
        raise StudyError(where) from None
    try:
        config = train.complete(asked, train.told_channels(asked.config, words))
    except SettingError as error:
        raise StudyError(f"{in_flags(error, train.Arguments)}\n{where}") from None
    except DataError as error:
        if not here:
            return asked
        raise StudyError(f"{error}\n{where}") from None
    return replace(asked, config=config, tasks=None, steps=None, data_root=None)


def _check_images(study: Study, config: TrainConfig) -> None:
    """Whether the images that are to be drawn are there.

    Raises:
        StudyError: One is not.
    """
    count = len(open_dataset(config.data, "val", tuple(config.model.tasks)))
    if wrong := [index for index in study.images if index >= count]:
        raise StudyError(f"images has {wrong[0]}, but there are {count} validation images: 0 to {count - 1}.")


if __name__ == "__main__":
    sys.exit(main())

"""What a run leaves behind for people: `metrics.jsonl`, TensorBoard, pictures, and the card of its checkpoint."""

import json
import math
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont
from torch.utils.tensorboard import SummaryWriter

from bridgenet.config import TrainConfig
from bridgenet.config.systems import TITLES
from bridgenet.files import explaining, replacing, write_text
from bridgenet.labels import NO_VALID_PIXEL
from bridgenet.learning.metrics import METRIC_UNITS, in_words
from bridgenet.sources import find_source
from bridgenet.tasks import TASKS, TaskName

Picture = UInt8[np.ndarray, "_ _ 3"]
Row = Sequence[Picture]
"""An image, the predictions for it, and the ground truth, all of one height."""

HISTORY_FILE = "metrics.jsonl"
EVENTS = ("train", "validation")
PICTURE_GAP = 4
TITLE_HEIGHT = 16


class Recorder:
    """Writes the history of a run into its folder.

    Args:
        directory: Folder of the run.
        source: Folder whose history is gone on with.
        step: Steps already done. Later lines of an interrupted sitting are dropped: they will be written again.
        validated: Step of the last validation that counts. Later ones will be done again, too.

    Raises:
        WriteError: The folder cannot be written. So do all methods.
    """

    def __init__(self, directory: Path, source: Path, step: int, validated: int) -> None:
        self.directory = directory
        last = {"train": step, "validation": validated}
        kept = [entry for entry in read_history(source) if entry["step"] <= last[entry["event"]]]
        write_text(directory / HISTORY_FILE, "".join(json.dumps(entry) + "\n" for entry in kept))
        self._complain, threading.excepthook = threading.excepthook, self._hear
        with explaining(directory):
            self.board = SummaryWriter(str(directory / "tensorboard"), purge_step=step + 1)

    def train(self, step: int, values: Mapping[str, Any]) -> None:
        """Means over the steps since the last line: losses by task (None without ground truth), rate, speed."""
        self._write("train", step, values)

    def validation(self, step: int, metrics: Mapping[str, Any], seconds: float) -> None:
        """Metrics of the validation set after a step."""
        self._write("validation", step, {**metrics, "seconds": round(seconds, 1)})

    def pictures(self, step: int, rows: Sequence[Row], titles: Sequence[str]) -> None:
        """Sample predictions as one picture, a row for each image, under the titles of the columns."""
        path = self.directory / "pictures" / f"step_{step:06d}.png"
        sheet = contact_sheet(rows, titles)
        with replacing(path) as file:
            Image.fromarray(sheet).save(file, "PNG")
        with explaining(self.directory):
            self.board.add_image("predictions", sheet, step, dataformats="HWC")

    def close(self) -> None:
        try:
            with explaining(self.directory):
                self.board.close()
        finally:
            threading.excepthook = self._complain

    def _write(self, event: str, step: int, values: Mapping[str, Any]) -> None:
        with explaining(self.directory / HISTORY_FILE):
            with (self.directory / HISTORY_FILE).open("a") as file:
                file.write(json.dumps({"event": event, "step": step, **values}, allow_nan=False) + "\n")
            for name, value in _flat(values):
                self.board.add_scalar(f"{event}/{name}", value, step)
            self.board.flush()

    def _hear(self, what: threading.ExceptHookArgs) -> None:
        """TensorBoard's thread hands on what the disk said with our next call: its own traceback is not needed."""
        if not issubclass(what.exc_type, OSError):
            self._complain(what)


def read_history(directory: Path) -> list[dict[str, Any]]:
    """Lines of `metrics.jsonl`; what a kill cut off, and what is no line of ours, is left out."""
    path = directory / HISTORY_FILE
    entries = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("event") in EVENTS and isinstance(entry.get("step"), int):
                entries.append(entry)
    return entries


def contact_sheet(rows: Sequence[Row], titles: Sequence[str]) -> Picture:
    """Rows of pictures on white, with a small gap between them and a title above each column."""
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    columns = max(len(row) for row in rows)
    widths = [max(row[i].shape[1] for row in rows if i < len(row)) for i in range(columns)]
    size = TITLE_HEIGHT + sum(heights) + PICTURE_GAP * (len(rows) - 1), sum(widths) + PICTURE_GAP * (columns - 1)
    sheet = _title_row(size, titles, widths)
    top = TITLE_HEIGHT
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for picture, width in zip(row, widths, strict=False):
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
            left += width + PICTURE_GAP
        top += height + PICTURE_GAP
    return sheet


def _title_row(size: tuple[int, int], titles: Sequence[str], widths: Sequence[int]) -> Picture:
    """White of a height and width, with the titles at its top."""
    sheet = Image.new("RGB", (size[1], size[0]), "white")
    draw = ImageDraw.Draw(sheet)
    left = 0
    for title, width in zip(titles, widths, strict=False):
        draw.text((left, 1), title, fill="black", font=ImageFont.load_default(TITLE_HEIGHT - 5))
        left += width + PICTURE_GAP
    return np.array(sheet)


def model_card(
    config: TrainConfig, images: int, metrics: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
) -> str:
    """Text of a checkpoint's `README.md`: what it was trained on, how long, and how good it is.

    Args:
        config: The run.
        images: Number of training images.
        metrics: Metrics of the validation set, with `step` and `training_seconds`.
        history: Lines of `metrics.jsonl`.
    """
    tasks = list(config.model.tasks)
    height, width = config.data.input_size
    larger = config.data.final_size
    finally_at = f" (the last {config.data.final_share:.0%} of the steps at {larger[0]}x{larger[1]})" if larger else ""
    judged = "training images that were held out" if config.data.hold_out else "validation images of the same data set"
    spent = timedelta(seconds=round(metrics["training_seconds"]))
    start = "ImageNet weights" if config.pretrained_backbone else "random weights"
    return "\n".join(
        [
            f"# {config.name}",
            "",
            f"{TITLES[config.model.system]} for {', '.join(TASKS[task].title.lower() for task in tasks)}; "
            f"backbone `{config.model.backbone.name}`, started from {start}.",
            "",
            f"- Trained on {images} images of `{config.data.called}` at {height}x{width}{finally_at}, "
            f"{metrics['step']} of {config.optim.steps} steps of {config.optim.batch_size} images, in {spent} h.",
            *_average_line(config),
            f"- Judged on {metrics['images']} {judged}.",
            "",
            *_metrics_table(tasks, metrics),
            "",
            *_conventions(metrics),
            "## Curve",
            "",
            *_curve_table(tasks, history),
            "",
            "## Limits",
            "",
            *_limits(config),
            "",
        ]
    )


def _average_line(config: TrainConfig) -> list[str]:
    decay = config.optim.average_decay
    return [f"- Its weights are a moving average over the steps, with a decay of {decay:g}."] if decay else []


def _metrics_table(tasks: Sequence[TaskName], metrics: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {TASKS[task].title} | {name} | {in_words(name, value)} |"
        for task in tasks
        for name, value in metrics[task].items()
    ]
    return ["| Task | Metric | Value |", "|---|---|---|", *rows]


def _conventions(metrics: Mapping[str, Any]) -> list[str]:
    told = [f"{TASKS[task].title}: {words}." for task, words in metrics.get("conventions", {}).items()]
    return [" ".join(told), ""] if told else []


def _curve_table(tasks: Sequence[TaskName], history: Sequence[Mapping[str, Any]]) -> list[str]:
    followed: dict[TaskName, str] = {task: TASKS[task].metric for task in tasks}
    titles = [f"{TASKS[task].title} {name} {METRIC_UNITS[name]}".strip() for task, name in followed.items()]
    rows = [
        f"| {entry['step']} | " + " | ".join(_number(entry[task], name) for task, name in followed.items()) + " |"
        for entry in history
        if entry["event"] == "validation"
    ]
    return [f"| Step | {' | '.join(titles)} |", "|" + "---|" * (len(tasks) + 1), *rows]


def _limits(config: TrainConfig) -> list[str]:
    height, width = config.data.answer_size
    limits = [
        f"- It saw nothing but `{config.data.called}`: other scenes and other cameras are guesses.",
        f"- It works at about {height}x{width} pixels; thin and small things are lost.",
    ]
    if "depth" in config.model.tasks:
        limits.append("- Depth in metres supposes the field of view of the training camera.")
    about = find_source(config.data.name).limits
    return limits + [f"- {words}" for task, words in about.items() if task is None or task in config.model.tasks]


def _number(metrics: Mapping[str, float | str | None], name: str) -> str:
    """A metric; nothing where it was not measured yet when the line was written."""
    value = metrics.get(name, math.nan)
    if value is None or isinstance(value, str):
        return value or NO_VALID_PIXEL
    return "" if math.isnan(value) else f"{value:.4g}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """Names and numbers; what is None or words is left out, since a curve cannot show it."""
    pairs: list[tuple[str, float]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            pairs += _flat(value, f"{prefix}{name}/")
        elif value is not None and not isinstance(value, str):
            pairs.append((prefix + name, float(value)))
    return pairs

"""Predicts photos: `python -m bridgenet.predict IMAGE_OR_FOLDER --checkpoint DIR --out DIR`.

Each photo gets a folder with the numbers of every task, pictures of them, and one figure of all. A file that cannot be
used is named with the reason and skipped; the exit status is then 1.
"""

import json
import os
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from PIL import Image
from tqdm import tqdm

from bridgenet import drawing
from bridgenet.command import parse
from bridgenet.config import FilePath, Settings
from bridgenet.drawing.figure import depth_figure, legend_figure
from bridgenet.files import check_writable, replacing, write_any_letter, write_text
from bridgenet.images import ImageError
from bridgenet.predictor import Prediction, Predictor, TaskPrediction
from bridgenet.sources.folder.description import DESCRIPTION
from bridgenet.tasks import TASKS

OTHER_SUFFIXES = {".heic", ".heif", ".svg"}
"""Photos by their name that PIL does not know: they are tried, so that the reader hears why they fail."""

SETTINGS_FILE = "settings.json"

MOST_FOLDERS, SHOWN_FOLDERS = 10_000, 5
"""Folders that are looked through for images where there are none at once; how many of them a message names."""

DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
"""Names that Windows keeps for itself, whatever stands behind a dot."""

LONGEST_NAME, LONGEST_TITLE = 200, 80
"""Bytes of a folder's name, so that a number may follow; letters of a figure's title."""

MEANINGS = {
    "semseg.png": "class index, a palette image",
    "human_parts.png": "index of the body part, a palette image",
    "depth.npy": "metres, float32 (height, width)",
    "depth_mm.png": "millimetres, 16-bit (looks black in most viewers)",
    "depth.png": "picture: near is yellow, far is dark purple, with a bar in metres",
    "normals.npy": "unit vectors, float32 (height, width, 3): x right, y up, z toward the viewer",
    "normals.png": "picture: (n + 1) / 2 as red, green, blue",
    "edge.npy": "probability of a boundary, float32 (height, width)",
    "edge.png": "picture: 0 is white, 1 is black",
    "sal.npy": "probability of being salient, float32 (height, width)",
    "sal.png": "picture: 0 is white, 1 is black",
    "overview.png": "picture: the photo and all predictions",
}
"""What the files of a photo hold, as told in `settings.json`."""


@dataclass(frozen=True)
class Arguments(Settings):
    """What is predicted, by which network, and where the answers go."""

    path: tyro.conf.Positional[FilePath]
    """An image, or a folder of images. Of a folder with a dataset.json it is the folder images in it."""

    checkpoint: FilePath
    """Folder of a trained network."""

    out: FilePath
    """Folder for the answers; made if needed."""

    device: str = "cpu"
    """cpu, cuda, cuda:1, ..., or auto for a GPU if there is one."""


@dataclass
class Report:
    """What became of every file: the settings and notes of the answered, the reason of the others."""

    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status: 0 all answered, 1 some refused, 2 nothing could be done, 130 stopped."""
    write_any_letter()
    wanted = parse(Arguments, "bridgenet.predict", __doc__, arguments)
    try:
        files, left_out = find_images(wanted.path)
        check_writable(wanted.out / SETTINGS_FILE)
        predictor = Predictor.load(wanted.checkpoint, wanted.device)
        report = predict_files(predictor, files, wanted.out)
        _write_settings(wanted.out, predictor, wanted.checkpoint, report)
    except (OSError, ValueError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    _say(summary(report, left_out, wanted.out))
    return 1 if report.refused else 0


def find_images(path: Path) -> tuple[list[Path], list[Path]]:
    """Images at a path, and the files of a folder whose names are not those of images.

    Raises:
        ImageError: There is nothing at the path, or no image in the folder.
    """
    if path.is_file():
        return [path], []
    if not path.is_dir():
        raise ImageError(f"There is no file or folder {path}. Check the path.")
    # What lies in a data set beside its photos, as its contact sheet, is no photo.
    if (path / DESCRIPTION).is_file() and (path / "images").is_dir():
        path /= "images"
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise ImageError(f"The folder {path} cannot be read ({error.strerror}). Allow reading it.") from error
    # Hidden files are told of only if they claim to be images.
    files = [file for file in entries if file.is_file() and (_is_image(file) or not file.name.startswith("."))]
    images = [file for file in files if _is_image(file)]
    if not images:
        raise ImageError(f"The folder {path} holds no image ({len(files)} other files). {_where_else(path)}")
    return images, [file for file in files if file not in images]


def _is_image(file: Path) -> bool:
    """Whether its name is that of an image. "._x.jpg" is what macOS notes about x.jpg."""
    known = {*Image.registered_extensions(), *OTHER_SUFFIXES}
    return file.suffix.lower() in known and not file.name.startswith("._")


def _where_else(path: Path) -> str:
    """What is said of a folder without an image: which folders below it have some."""
    below = ((Path(folder), sum(_is_image(Path(name)) for name in names)) for folder, _, names in os.walk(path))
    found = [f"{folder} ({count})" for folder, count in islice(below, MOST_FOLDERS) if count]
    if not found:
        return "Nor do the folders in it."
    more = f" and {len(found) - SHOWN_FOLDERS} more" if len(found) > SHOWN_FOLDERS else ""
    return f"There are some in {', '.join(sorted(found)[:SHOWN_FOLDERS])}{more}: name one of these folders."


def folder_names(files: Iterable[Path]) -> dict[Path, str]:
    """A folder name for every file: its stem, with the suffix where stems meet, with a number where even these meet.

    Names stay apart on systems that take capitals and small letters, or both spellings of an accent, for the same.
    """
    plain = {file: _plain_name(file.stem) for file in files}
    stems = Counter(_folded(stem) for stem in plain.values())
    names: dict[Path, str] = {}
    taken = {_folded(SETTINGS_FILE)}
    # Files whose stem is theirs alone choose first.
    for file in sorted(plain, key=lambda file: stems[_folded(plain[file])] > 1):
        stem = plain[file]
        wanted = stem if stems[_folded(stem)] == 1 else f"{stem}_{_plain_name(file.suffix).lower()}"
        name, number = wanted, 2
        while _folded(name) in taken:
            name, number = f"{wanted}_{number}", number + 1
        names[file] = name
        taken.add(_folded(name))
    return names


def _plain_name(stem: str) -> str:
    """A stem as the name of a folder on any system: text, no way up ("..") and no device."""
    text = stem.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore").replace("?", "_")
    name = text.strip(". ") or "photo"
    return f"_{name}" if name.partition(".")[0].rstrip().lower() in DEVICES else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def title_of(file: Path) -> str:
    """A file's name as text that can be drawn: bytes that are no UTF-8 are marked, long ones cut."""
    name = os.fsencode(file.name).decode("utf-8", "replace")
    return name if len(name) <= LONGEST_TITLE else f"{name[: LONGEST_TITLE - 20]} … {name[-17:]}"


def predict_files(predictor: Predictor, files: Sequence[Path], out: Path) -> Report:
    """Answers every file that can be read, each in its own folder."""
    report, names = Report(), folder_names(files)
    for file in tqdm(files, unit="image", disable=len(files) == 1):
        try:
            prediction = predictor(file)
        except ImageError as error:
            report.refused[file.name] = str(error)
            tqdm.write(f"{file.name}: skipped. {error}", file=sys.stderr)
            continue
        write_prediction(prediction, out / names[file], title_of(file))
        height, width = prediction.image.shape[:2]
        report.answered[file.name] = {
            "folder": names[file],
            "size": [height, width],
            "network_size": list(prediction.network_size),
            "notes": list(prediction.notes),
            "farther_than": prediction.farther_than,
        }
        for note in (*prediction.notes, *filter(None, [prediction.caution])):
            tqdm.write(f"{file.name}: {note}", file=sys.stderr)
    return report


def write_prediction(prediction: Prediction, folder: Path, title: str) -> None:
    """All files of one photo."""
    for answer in prediction.values():
        _write_task(answer, folder)
    _save(folder / "overview.png", prediction.picture(title))


def _write_task(answer: TaskPrediction, folder: Path) -> None:
    task, array = answer.task, answer.array
    if answer.classes:
        _write_classes(answer, folder)
        return
    with replacing(folder / f"{task}.npy") as file:
        np.save(file, array)
    if TASKS[task].kind == "metres":
        _save(folder / f"{task}_mm.png", answer.millimetres())
        _save(folder / f"{task}.png", depth_figure(array))
    else:
        _save(folder / f"{task}.png", answer.picture())


def _write_classes(answer: TaskPrediction, folder: Path) -> None:
    _save(folder / f"{answer.task}.png", answer.indexed())
    palette = drawing.class_palette(answer.colours)
    entries = drawing.legend_entries(answer.array.astype(np.int64), answer.classes, palette)
    _save(folder / f"{answer.task}_legend.png", legend_figure(entries))
    told = [{"index": e.index, "name": e.name, "colour": e.colour, "area": round(e.area, 5)} for e in entries]
    _write_json(folder / f"{answer.task}_legend.json", told)


def summary(report: Report, left_out: Sequence[Path], out: Path) -> str:
    """What was done, in a few lines for the terminal."""
    total = len(report.answered) + len(report.refused)
    lines = [f"{len(report.answered)} of {total} images predicted, in {out}."]
    if report.refused:
        lines.append(f"{len(report.refused)} skipped:")
        lines += [f"  {name}: {reason}" for name, reason in report.refused.items()]
    if left_out:
        lines.append(f"Left out, because their names are not those of images: {', '.join(f.name for f in left_out)}.")
    return "\n".join(lines)


def _write_settings(out: Path, predictor: Predictor, checkpoint: Path, report: Report) -> None:
    settings = {
        "checkpoint": str(checkpoint),
        "tasks": list(predictor.tasks),
        "classes": list(predictor.classes),
        "files": {name: meaning for name, meaning in MEANINGS.items() if _is_written(name, predictor)},
        "images": report.answered,
        "skipped": report.refused,
    }
    _write_json(out / SETTINGS_FILE, settings)


def _is_written(name: str, predictor: Predictor) -> bool:
    return name == "overview.png" or any(name.startswith(task) for task in predictor.tasks)


def _save(path: Path, picture: np.ndarray | Image.Image) -> None:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    with replacing(path) as file:
        image.save(file, "PNG")


def _write_json(path: Path, content: object) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _say(text: str) -> None:
    print(text)  # noqa: T201


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())

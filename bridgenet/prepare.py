"""Prepares what is made once: a data set for training, or the colours of a checkpoint's features.

`check` reads all of a folder of your own (`--data.name folder`) and says what is wrong with it, file by file. It leaves
a contact sheet, on which eyes see what no rule can: whether maps and photos belong together. Its exit status is 1 where
something is wrong.

`nyud` writes NYU Depth v2 in the plain folder layout that BridgeNet reads, from the files of its authors:
`nyu_depth_v2_labeled.mat` (2.8 GB) from the pages of the data set, and `splits.mat`. The labels there are 894 fine
classes. The 40 classes of the literature are a later grouping of Gupta et al., published as `classMapping40.mat`;
hand it over with --class-mapping. Without it, the fine classes whose name is one of the 40 are kept and all others
become void: good for a look, not for numbers that are compared with the literature. A run that was stopped goes on
where it was when it is started again.

`basis` fits the colours of feature maps on reference images and leaves them in the checkpoint's folder, so that equal
colours mean equal features across images. Only directions and limits are kept, no image. Training does this at its
end.
"""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import h5py
import numpy as np
import tyro
from PIL import Image
from scipy.io import loadmat
from tqdm import tqdm

from bridgenet.checkpoint import load_model
from bridgenet.command import parse
from bridgenet.config import Count, FilePath, Settings
from bridgenet.data import DataError, reference_images
from bridgenet.drawing.contact_sheet import contact_sheet
from bridgenet.files import WriteError, explaining, replacing, sole_writer, write_any_letter, write_text
from bridgenet.inspection import BASIS_FILE, fit_basis
from bridgenet.inspection.features.familiarity import PER_REFERENCE, fit_familiarity
from bridgenet.learning import locate_data
from bridgenet.sources import SOURCES
from bridgenet.sources.folder.checking import check_folder

_CLASSES = SOURCES["nyud"].classes["semseg"]
_ALIASES = {"refridgerator": "refrigerator"}
"""How the file spells a class, and how the 40 classes do."""

_BYTES_PER_IMAGE = 500_000
_JPEG_QUALITY = 95
_RECORD = "prepared.json"

SHEET_FILE = "contact_sheet.png"

REFERENCE_IMAGES = 64


@dataclass(frozen=True)
class Nyud(Settings):
    """NYU Depth v2 from the files of its authors."""

    mat: FilePath
    """nyu_depth_v2_labeled.mat: images, depth and labels."""

    splits: FilePath
    """splits.mat: the official training and test images."""

    out: FilePath
    """Folder to write."""

    class_mapping: FilePath | None = None
    """classMapping40.mat: which of the 40 classes each of the 894 is."""


@dataclass(frozen=True)
class Basis(Settings):
    """The colours of a checkpoint's feature maps."""

    checkpoint: tyro.conf.Positional[FilePath]
    """Folder of the checkpoint; the basis is written into it."""

    images: Count = REFERENCE_IMAGES
    """Reference images, from the validation split of the checkpoint's data set; made rooms where it is not there.
    Four times as many of each split tell how far those lie that the network has not learnt from."""

    data_root: FilePath | None = None
    """Folder of the data set. Default: the folder NAME in $BRIDGENET_DATA."""


@dataclass(frozen=True)
class Check(Settings):
    """A folder of your own photos, read to its end."""

    folder: tyro.conf.Positional[FilePath]
    """The folder, with its dataset.json."""

    sheet: FilePath | None = None
    """Contact sheet to write. Default: contact_sheet.png in the folder."""


Arguments = (
    Annotated[Check, tyro.conf.subcommand("check", prefix_name=False)]
    | Annotated[Nyud, tyro.conf.subcommand("nyud", prefix_name=False)]
    | Annotated[Basis, tyro.conf.subcommand("basis", prefix_name=False)]
)


def main(line: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status."""
    write_any_letter()
    first = ("part", ("check", "nyud", "basis"))
    arguments: Check | Nyud | Basis = parse(Arguments, "bridgenet.prepare", __doc__, line, first=first)
    try:
        if isinstance(arguments, Check):
            return check(arguments.folder, arguments.sheet or arguments.folder / SHEET_FILE)
        if isinstance(arguments, Basis):
            prepare_basis(arguments.checkpoint, arguments.images, arguments.data_root)
        else:
            prepare_nyud(arguments.mat, arguments.splits, arguments.out, arguments.class_mapping)
    except (OSError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)  # noqa: T201
        return 130
    return 0


def check(folder: Path, sheet: Path) -> int:
    """Says what is wrong with a folder of your own, and draws a part of it.

    Args:
        folder: The folder.
        sheet: Picture to write.

    Returns:
        1 where something is wrong, else 0.

    Raises:
        DataError: Nothing can be said of it, since it does not say what it is.
        WriteError: The picture cannot be written.
    """
    report = check_folder(folder, lambda names: tqdm(names, unit="photo"))
    told = report.description
    counts = ", ".join(f"{count} {split}" for split, count in report.images.items()) or "no photos"
    tasks = [f"{task} ({len(told.classes[task])} classes)" if task in told.classes else task for task in told.codings]
    lines = [f"{told.title}: {counts}; {', '.join(tasks) or 'no tasks'}.", *report.faults]
    lines += [f"Note: {note}" for note in report.notes]
    print("\n".join(lines))  # noqa: T201
    if report.shown:
        picture = contact_sheet(report.shown, list(told.codings), told.classes, f"{told.title}, as it was read")
        with replacing(sheet) as file:
            Image.fromarray(picture).save(file, "PNG")
        print(f"Look at {sheet}: do the maps belong to their photos?")  # noqa: T201
    count = len(report.faults)
    print(f"{count} thing{'s are' if count > 1 else ' is'} wrong." if count else "Nothing is wrong.")  # noqa: T201
    return 1 if count else 0


def prepare_basis(checkpoint: Path, images: int = REFERENCE_IMAGES, data_root: Path | None = None) -> None:
    """Fit the colours of feature maps and what the network has learnt from, and leave them in the checkpoint's folder.

    Args:
        checkpoint: Folder of the checkpoint.
        images: Number of reference images.
        data_root: Folder of its data set. If neither this nor $BRIDGENET_DATA names one, made rooms are used for the
            colours, and the studio will not say of any photo that it is unlike what the network has learnt from.

    Raises:
        CheckpointError: There is no such checkpoint.
        DataError: The folder that was asked for is not the data set.
        BasisError: There are no images.
    """
    model, config, _ = load_model(checkpoint)
    data = config.data
    try:
        data = locate_data(data, data_root)
        references = reference_images(data, images)
        learnt, held_back = (reference_images(data, PER_REFERENCE * images, split) for split in ("train", "val"))
    except DataError as error:
        if data_root is not None:
            raise
        tqdm.write(f"{error}\nMade rooms are used instead.", file=sys.stderr)
        data = replace(data, name="made_rooms", root=None, title=None, classes=None)
        references, learnt, held_back = reference_images(data, images), iter(()), iter(())
    basis = fit_basis(model, iter(tqdm(references, total=images, unit="image")), source=data.called)
    familiarity = fit_familiarity(model, iter(tqdm(learnt, unit="image")), iter(tqdm(held_back, unit="image")))
    replace(basis, familiarity=familiarity).save(checkpoint / BASIS_FILE)
    tqdm.write(f"{checkpoint / BASIS_FILE}: fitted on {basis.images} images of {data.called}.", file=sys.stderr)


def prepare_nyud(mat: Path, splits: Path, out: Path, class_mapping: Path | None = None) -> None:
    """Write NYU Depth v2 as `images`, `depth`, `segmentation` and `gt_sets`.

    Args:
        mat: The official HDF5 file.
        splits: The official split, a MATLAB 5 file with `trainNdxs` and `testNdxs`, counted from 1.
        out: Folder to write. Files that are there already are kept.
        class_mapping: MATLAB 5 file with `mapClass`: one number in 1..40 for each fine class.

    Raises:
        DataError: A file is missing, damaged or another one. The message says what to do.
        WriteError: The folder cannot be written, there is no space, or another program writes into it.
    """
    with _open_mat(mat) as file:
        source = _check_mat(file, mat)
        count = len(source["images"])
        train, val = _read_splits(splits, count)
        names = _class_names(file, mat)
        mapping = _map_by_name(names) if class_mapping is None else _read_mapping(class_mapping, len(names))
        with sole_writer(out), explaining(out):
            _check_space(out, count)
            _forget_other_labels(out, mapping)
            unplaced = [*_write_images(source, mat, out, mapping)]
            for split, numbers in (("train", train), ("val", val)):
                write_text(out / "gt_sets" / f"{split}.txt", "".join(f"{number:04d}\n" for number in numbers))
    if class_mapping is None and any(unplaced):
        tqdm.write(
            f"{np.mean(unplaced):.0%} of the pixels have a label that no name places among the 40 classes. They are "
            "void now. For the labels of the literature, run again with --class-mapping classMapping40.mat.",
            file=sys.stderr,
        )


def _open_mat(path: Path) -> h5py.File:
    if not path.is_file():
        raise DataError(f"There is no file {path}. Get nyu_depth_v2_labeled.mat from the pages of NYU Depth v2.")
    try:
        return h5py.File(path)
    except OSError as error:
        raise DataError(
            f"{path} ({path.stat().st_size:,} bytes) is not a complete HDF5 file: {error}. The official file has about "
            "2.8 GB; fetch it again."
        ) from error


def _check_mat(file: h5py.File, path: Path) -> dict[str, h5py.Dataset]:
    """The three arrays of the official file, if it is that file."""
    wanted = {key: file.get(key) for key in ("images", "depths", "labels")}
    source = {key: value for key, value in wanted.items() if isinstance(value, h5py.Dataset)}
    if missing := sorted(wanted.keys() - source.keys()):
        raise DataError(
            f"{path} has no {', '.join(missing)}; it has {', '.join(file) or 'nothing'}. "
            "This is not nyu_depth_v2_labeled.mat."
        )
    images, depths, labels = (source[key].shape for key in ("images", "depths", "labels"))
    if len(images) != 4 or images[1] != 3 or not depths == labels == (images[0], *images[2:]):
        raise DataError(
            f"{path}: images are {images}, depths {depths}, labels {labels}; expected (N, 3, width, height) and twice "
            "(N, width, height). This is not nyu_depth_v2_labeled.mat."
        )
    return source


def _load_variables(path: Path, what: str, *variables: str) -> list[np.ndarray]:
    """Flat variables of a MATLAB 5 file."""
    if not path.is_file():
        raise DataError(f"There is no file {path}. It should be {what}.")
    try:
        content: dict[str, Any] = loadmat(path)
    except Exception as error:  # scipy raises many kinds of errors at damaged bytes.
        raise DataError(f"{path} cannot be read as a MATLAB 5 file ({error}). It should be {what}.") from error
    if missing := [name for name in variables if name not in content]:
        known = ", ".join(name for name in content if not name.startswith("__"))
        raise DataError(f"{path} has no {', '.join(missing)}; it has {known or 'nothing'}. It should be {what}.")
    return [np.asarray(content[name]).ravel().astype(np.int64) for name in variables]


def _read_splits(path: Path, count: int) -> list[np.ndarray]:
    splits = _load_variables(path, "the official splits.mat", "trainNdxs", "testNdxs")
    numbers = np.concatenate(splits)
    if len(numbers) == 0 or numbers.min() < 1 or numbers.max() > count:
        raise DataError(
            f"{path} names images that are not among the {count} of the other file: they do not belong together."
        )
    return splits


def _class_names(file: h5py.File, path: Path) -> list[str]:
    """The names of the fine classes, a MATLAB cell array: references to strings of 16-bit characters."""
    cells = file.get("names")
    if not isinstance(cells, h5py.Dataset):
        raise DataError(f"{path} has no names of its classes. This is not nyu_depth_v2_labeled.mat.")
    return ["".join(map(chr, np.asarray(file[cell]).ravel())) for cell in np.asarray(cells).ravel()]


def _map_by_name(names: list[str]) -> np.ndarray:
    """For label 0 (void) and every fine class, the class in 1..40 of the same name, 0 where there is none."""
    numbers = {_letters(name): number for number, name in enumerate(_CLASSES.names, start=1)}
    plain = [_letters(name) for name in names]
    return np.array([0, *(numbers.get(_ALIASES.get(name, name), 0) for name in plain)], dtype=np.uint8)


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def _read_mapping(path: Path, count: int) -> np.ndarray:
    (mapping,) = _load_variables(path, "classMapping40.mat of Gupta et al.", "mapClass")
    if len(mapping) != count or mapping.min() < 0 or mapping.max() > len(_CLASSES):
        raise DataError(
            f"{path} maps {len(mapping)} classes to {mapping.min()}..{mapping.max()}; expected {count} classes and "
            f"1..{len(_CLASSES)}. It should be classMapping40.mat."
        )
    return np.array([0, *mapping], dtype=np.uint8)


def _check_space(out: Path, count: int) -> None:
    parent = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    written = len(list((out / "segmentation").glob("*.png")))
    if shutil.disk_usage(parent).free < (needed := (count - written) * _BYTES_PER_IMAGE):
        raise WriteError(
            f"No space left for {out}: about {needed / 1e9:.1f} GB are needed. "
            "Make room and give the same command again; it goes on."
        )


def _forget_other_labels(out: Path, mapping: np.ndarray) -> None:
    """Drop the label maps of an earlier run that grouped the classes otherwise."""
    digest = hashlib.sha256(mapping.tobytes()).hexdigest()
    record = out / _RECORD
    told = json.dumps({"class_mapping": digest})
    if record.is_file() and record.read_text(errors="replace") != told:
        for path in (out / "segmentation").glob("*.png"):
            path.unlink()
    write_text(record, told)


def _write_images(source: dict[str, h5py.Dataset], mat: Path, out: Path, mapping: np.ndarray) -> Iterator[float]:
    """Write what is missing of every image. Yields the share of each label map that no class was found for."""
    for index in tqdm(range(len(source["images"])), unit="image"):
        name = f"{index + 1:04d}"
        paths = [out / "images" / f"{name}.jpg", out / "depth" / f"{name}.png", out / "segmentation" / f"{name}.png"]
        if all(path.is_file() for path in paths):
            continue
        try:
            image, depth, labels = (np.asarray(source[key][index]).T for key in ("images", "depths", "labels"))
        except OSError as error:
            raise DataError(
                f"Image {name} of {mat} cannot be read ({error}). The file is damaged: fetch it again."
            ) from error
        if labels.max() >= len(mapping):
            raise DataError(f"Image {name} of {mat} has the label {labels.max()}; there are {len(mapping) - 1} names.")
        millimetres = np.rint(np.clip(np.nan_to_num(depth), 0, 65.535) * 1000).astype(np.uint16)
        grouped = mapping[labels]
        for path, picture in zip(paths, (image, millimetres, grouped), strict=True):
            if path.is_file():
                continue
            content = Image.fromarray(np.ascontiguousarray(picture))
            with replacing(path) as file:
                if path.suffix == ".jpg":
                    content.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
                else:
                    content.save(file, "PNG")
        yield float(((labels > 0) & (grouped == 0)).mean())


if __name__ == "__main__":
    sys.exit(main())

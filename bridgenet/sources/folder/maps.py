"""The files of a folder: photos, and maps whose coding `dataset.json` tells, as the arrays of a `RawSample`.

What cannot be right is refused. What can, but is hardly meant, comes back as a doubt beside the array.
"""

from pathlib import Path
from typing import assert_never

import numpy as np

from bridgenet.images import ImageError, load_image
from bridgenet.reading.files import load_array, load_distances, load_numbers, load_rgb
from bridgenet.reading.sample import DataError
from bridgenet.sources.folder.description import Coding
from bridgenet.tasks import IGNORE, TASKS, TaskName

PHOTOS, MAPS = (".jpg", ".jpeg", ".png"), (".png", ".npy")
"""Suffixes, in any case."""

ANY_SIDE = 1_000_000
"""Photos are not reduced: their maps have their size."""

DEEPEST = 65535
"""What 16 bits hold at most, and some cameras write where they see nothing."""

UNIT_LENGTH = 0.1
"""How much longer or shorter than 1 a normal may be: 8 bits round, and resizing blends."""

MANY, MOST = 0.1, 0.5
"""Shares of normals of another length from which on there is a doubt, and from which on they are no normals."""


def read_photo(path: Path) -> np.ndarray:
    """A photo as the trained network will see it, upright, uint8 (height, width, 3).

    Raises:
        DataError: It cannot be used.
    """
    try:
        return load_image(path, max_side=ANY_SIDE).pixels
    except ImageError as error:
        raise DataError(f"{path}: {error}") from None


def read_map(task: TaskName, coding: Coding, path: Path, size: tuple[int, int]) -> tuple[np.ndarray, str]:
    """Ground truth of one photo in the form of a `RawSample`, and a doubt about it; empty where there is none.

    Args:
        task: Which task.
        coding: How the file is to be understood.
        path: The file.
        size: Height and width of its photo.

    Raises:
        DataError: It is missing, cannot be read, has another size, or holds what cannot be.
    """
    try:
        match TASKS[task].kind:
            case "classes":
                return _labels(path, _plane(path, load_numbers(path), size), coding, TASKS[task].extent == "objects")
            case "metres":
                is_array = path.suffix.lower() == ".npy"
                unit = "metres" if coding.per_metre == 1 else "millimetres"
                remedy = f"16-bit PNG or .npy in {unit}, as the description says"
                stored = load_array(path) if is_array else load_distances(path, remedy)
                return _depth(path, _plane(path, stored, size), coding)
            case "direction":
                return _normals(path, size)
            case "probability":
                return _yes_or_no(path, _plane(path, load_numbers(path), size)), ""
            case never:
                assert_never(never)
    except FileNotFoundError:
        raise DataError(f"{path} is missing.") from None


def _plane(path: Path, stored: np.ndarray, size: tuple[int, int], channels: tuple[int, ...] = ()) -> np.ndarray:
    """The array, if it has the size of the photo."""
    if stored.shape == (*size, *channels):
        return stored
    found, expected = ("x".join(map(str, shape)) for shape in (stored.shape, (*size, *channels)))
    turned = stored.shape[:2] == size[::-1] and size[0] != size[1]
    advice = "They are turned against each other." if turned else "Both must have the same height and width."
    if channels and stored.shape == (*channels, *size):
        advice = "Put the three components last."
    raise DataError(f"{path} is {found}, but its photo asks for {expected}. {advice}")


def _labels(path: Path, stored: np.ndarray, coding: Coding, objects: bool) -> tuple[np.ndarray, str]:
    assert coding.classes is not None
    if stored.dtype.kind == "f":
        raise DataError(f"{path} holds {stored.dtype}; numbers of classes are whole ones. Save it as uint8.")
    count, unknown = len(coding.classes), stored == coding.unknown
    wrong = ~unknown & ((stored < 0) | (stored >= count))
    if wrong.any():
        values = np.unique(stored[wrong])
        shown = ", ".join(map(str, values[:5])) + (", ..." if len(values) > 5 else "")
        raise DataError(
            f"{path} holds {shown} in {_share(wrong)} of its pixels; expected are 0 to {count - 1} for the {count} "
            f"classes, and {coding.unknown} where nobody knows."
            + _advice_on_classes(values.tolist() == [count] and bool(stored.all()))
        )
    labels = np.where(unknown, IGNORE, stored).astype(np.uint8)
    return labels, f"{path}: no pixel has a class." if unknown.all() and not objects else ""


def _advice_on_classes(from_1: bool) -> str:
    if from_1:
        return " Perhaps yours count from 1: then subtract 1 from each."
    return " Name every class in dataset.json, and number them as they stand there, from 0 on."


def _depth(path: Path, stored: np.ndarray, coding: Coding) -> tuple[np.ndarray, str]:
    if stored.dtype.kind == "b":
        raise DataError(f"{path} holds {stored.dtype}, not distances.")
    known = np.isfinite(stored) & (stored != coding.unknown) & (stored != 0)
    if (negative := np.logical_and(known, stored < 0)).any():
        raise DataError(
            f"{path} holds {stored[negative].min():g} in {_share(negative)} of its pixels; distances are above 0. If "
            'it marks what nobody knows, say so in dataset.json: "invalid".'
        )
    full = known & (stored == DEEPEST) & (path.suffix.lower() != ".npy")
    known &= ~full
    metres = np.where(known, stored, 0).astype(np.float32) / coding.per_metre
    if not known.any():
        return metres, f"{path}: no pixel has a distance."
    if full.any():
        return metres, (
            f"{path} holds {DEEPEST} in {_share(full)} of its pixels, the most that 16 bits hold. They are taken for "
            f'unknown; write "invalid": {DEEPEST} into dataset.json, or 0 into the file, to be sure.'
        )
    return metres, ""


def _normals(path: Path, size: tuple[int, int]) -> tuple[np.ndarray, str]:
    """Unit vectors. Unknown are those of no length, and in a picture black and white, which no direction has."""
    if path.suffix.lower() == ".npy":
        normals = load_array(path)
        if normals.dtype.kind != "f":
            raise DataError(f"{path} holds {normals.dtype}; in an array, normals are floats in -1..1.")
        normals = _plane(path, normals, size, (3,)).astype(np.float32)
        known = np.logical_and(np.isfinite(normals).all(axis=-1), normals.any(axis=-1))
    else:
        codes = _plane(path, load_rgb(path), size, (3,))
        normals = codes.astype(np.float32) / 127.5 - 1
        grey = (codes == codes[..., :1]).all(axis=-1)
        known = np.logical_not(grey & np.isin(codes[..., 0], (0, 127, 128, 255)))
    normals = np.where(known[..., None], normals, 0)
    length = np.linalg.norm(normals, axis=-1)
    if not known.any():
        return normals, f"{path}: no pixel has a normal."
    strange = np.logical_and(known, np.abs(length - 1) > UNIT_LENGTH)
    if (share := strange.sum() / known.sum()) > MANY:
        fault = (
            f"{path}: {share:.0%} of the normals have another length than 1 ({np.median(length[strange]):.2f} in the "
            "middle). Expected are unit vectors: (n + 1) / 2 in an 8-bit picture, -1..1 in an array."
        )
        if share > MOST:
            raise DataError(fault)
        return _unit(normals, length), fault
    return _unit(normals, length), ""


def _unit(normals: np.ndarray, length: np.ndarray) -> np.ndarray:
    return (normals / np.where(length > 0, length, 1)[..., None]).astype(np.float32)


def _yes_or_no(path: Path, stored: np.ndarray) -> np.ndarray:
    values = np.unique(stored)
    if not set(values.tolist()) <= {0, 255} and not set(values.tolist()) <= {0, 1}:
        raise DataError(
            f"{path} holds {len(values)} different values from {values.min():g} to {values.max():g}; expected are 0 "
            "for no and 255 for yes. Decide where it is neither, and save it without blending or compression losses."
        )
    return (stored > 0).astype(np.uint8)


def _share(mask: np.ndarray) -> str:
    share = float(mask.mean())
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"

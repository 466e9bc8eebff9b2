"""Files of a data set as people have them: lists of images, folders of maps, pictures and arrays.

Whatever can be read without guessing is read. What cannot is refused by its true reason, with the file's name.
"""

import codecs
import warnings
from collections import Counter
from collections.abc import Collection
from glob import escape
from pathlib import Path, PureWindowsPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from bridgenet.reading.sample import DataError, DataWarning

SUFFIXES = (".jpg", ".jpeg", ".png", ".npy", ".bmp", ".tif", ".tiff", ".webp", ".mat")
"""What a line of a list may end with, in any case, and is no part of the image's name."""


FLAT = "files in folders below are not read: give each a name of its own and put all into one folder"
"""What is said of them."""


def read_names(path: Path) -> tuple[str, ...]:
    """Names of the images in a list with one a line: UTF-8 or UTF-16, any line ends, with or without path and suffix.

    Raises:
        DataError: The list is not text or names no image.
    """
    names = read_list(path)
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        warnings.warn(
            f"{path} names {_some(repeated)} more than once. Each image is used once.", DataWarning, stacklevel=2
        )
    return tuple(dict.fromkeys(names))


def read_list(path: Path) -> list[str]:
    """The same as it stands there, with those that it names twice.

    Raises:
        DataError: The list is not text or names no image.
    """
    lines = [line.strip().strip("\"'").strip() for line in _text(path).splitlines()]
    names = [name for line in lines if (name := _stem(line))]
    if not names:
        raise DataError(f"{path} names no image: expected one image id a line.")
    return names


def find_files(folder: Path, suffixes: Collection[str]) -> dict[str, Path]:
    """The files of a folder by name without suffix, for suffixes (lower case) in any case; the first suffix wins."""
    if not folder.is_dir():
        return {}
    order = {suffix: rank for rank, suffix in enumerate(suffixes)}
    found = [path for path in folder.iterdir() if path.suffix.lower() in order and not path.name.startswith(".")]
    found.sort(key=lambda path: (-order[path.suffix.lower()], path.name))
    return {path.stem: path for path in found}


def check_complete(names: Collection[str], files: dict[str, Path], folder: Path, split: Path) -> None:
    """Makes sure that every image of a split has its file in a folder.

    Raises:
        DataError: Some have not. The message names the first.
    """
    missing = [name for name in names if name not in files]
    if missing:
        there = next(iter(sorted(path.name for path in files.values())), "nothing of this kind")
        below = in_a_folder_below(folder, missing[0])
        raise DataError(
            f"{len(missing)} of the {len(names)} images that {split} names have no file in {folder}: {_some(missing)}. "
            + (
                f"{below} is there, but {FLAT}."
                if below
                else f"That folder holds, for example, {there}. Restore the files, or take the names out of the list."
            )
        )


def in_a_folder_below(folder: Path, name: str) -> str:
    """The first file of a name that lies in a folder of the folder, seen from there; nothing where there is none."""
    return next((str(path.relative_to(folder)) for path in sorted(folder.glob(f"*/{escape(name)}.*"))), "")


def load_rgb(path: Path) -> np.ndarray:
    """A colour or grey picture as uint8 (height, width, 3)."""
    picture = _open(path)
    if picture.mode.startswith(("I", "F")):
        raise DataError(f"{path} has more than 8 bits per colour ({picture.mode}). Save it as 8-bit RGB.")
    return np.asarray(picture.convert("RGB"))


def load_numbers(path: Path) -> np.ndarray:
    """A picture whose pixels are whole numbers (height, width): 8 or 16 bits, or the indices of a palette.

    Raises:
        DataError: It has colours.
    """
    if path.suffix.lower() == ".npy":
        return load_array(path)
    picture = _open(path)
    if picture.mode not in ("L", "P", "1") and not picture.mode.startswith("I"):
        raise DataError(
            f"{path} is a picture in colours ({picture.mode}), not a map of numbers: one channel of class numbers "
            "is expected; a palette is fine. Turn each colour into its class number and save that."
        )
    return np.asarray(picture)


def load_distances(path: Path, remedy: str = "16-bit PNG in millimetres, or as .npy in metres") -> np.ndarray:
    """A 16-bit picture of distances, uint16 or int32 (height, width).

    Args:
        path: The file.
        remedy: How distances should be saved here.

    Raises:
        DataError: It has 8 bits or colours.
    """
    picture = _open(path)
    if picture.mode.startswith("I"):
        return np.asarray(picture)
    kind = "only 8 bits" if picture.mode in ("L", "P", "1") else "colours"
    raise DataError(
        f"{path} has {kind} ({picture.mode}), but depth is expected as distances in one channel of 16 bits. This "
        f"is probably a picture of the depth, made to be looked at: the distances are not in it. Save them as {remedy}."
    )


def load_array(path: Path) -> np.ndarray:
    """An array of plain numbers; axes of length one are dropped."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy raises what it likes at damaged bytes, even errors of Python's tokenizer.
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        kind = getattr(array, "dtype", "several arrays")
        raise DataError(f"{path} holds {kind}, not one array of numbers. Save the map alone with numpy.save.")
    return array.reshape([side for side in array.shape if side != 1])


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture
    except FileNotFoundError:
        raise
    except Exception as error:  # Decoders raise what they like at damaged bytes.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    with path.open("rb") as file:
        head = file.read(30)
    if not head:
        error = ValueError("0 bytes")
    elif head.startswith(b"version https://git-lfs"):
        return DataError(f"{path} is a git-lfs pointer, not the file itself. Run `git lfs pull` in {path.parent}.")
    elif isinstance(error, UnidentifiedImageError):
        error = ValueError("not a picture that can be decoded, whatever its name says")
    return DataError(f"{path} cannot be read ({error}). It is damaged or incomplete: fetch it again.")


def _text(path: Path) -> str:
    content = path.read_bytes()
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content:
        # Names begin with plain characters, so the zero stands in the half that UTF-16 leaves empty.
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not text in UTF-8 or UTF-16 ({error}). Save it as plain text with one image id a line."
        ) from None


def _stem(line: str) -> str:
    name = PureWindowsPath(line).name
    suffix = PureWindowsPath(name).suffix
    return name[: -len(suffix)] if suffix.lower() in SUFFIXES else name


def _some(names: Collection[str], count: int = 3) -> str:
    shown = ", ".join(list(names)[:count])
    return f"{shown}, … ({len(names)})" if len(names) > count else shown

"""Units and codings that maps of indoor scenes come in, told apart by their values.

A map in another unit is still a map: nothing fails, and every number that follows is wrong. So a few files are looked
at before anything is learnt or judged. What cannot be right is refused, what is only unlikely is a warning; both name
the convention that would explain the values.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridgenet.reading.sample import DataError, DataWarning

Maps = Sequence[tuple[Path, np.ndarray]]
"""Files and what is in them."""

UNKNOWN_METRES = 65.5
"""Depth from here on is unknown: 65535 millimetres is what 16 bits hold at most, and no room is that deep."""

POSSIBLE, USUAL = (0.4, 10.0), (1.0, 8.0)
"""Median distance of indoor photos in metres: of any, and of nearly all (in NYU Depth v2 1.04 to 5.4)."""

TYPICAL = 2.7

UNITS = {
    "metres": 1,
    "millimetres": 1000,
    "1/256 metres": 256,
    "centimetres": 100,
    "1/5000 metres": 5000,
    "1/10000 metres": 10000,
}
"""Parts of a metre that depth is stored in."""


def check_depth(maps: Maps, per_metre: int) -> None:
    """Looks at depth as it is stored.

    Args:
        maps: Files and stored values (height, width).
        per_metre: Stored units in a metre: 1 or 1000.

    Raises:
        DataError: The unit is another one.
    """
    where = _where(maps)
    values = np.concatenate([array[np.isfinite(array) & (array > 0)] for _, array in maps]).astype(np.float64)
    metres = values / per_metre
    unknown = metres >= UNKNOWN_METRES
    # One mark stands for unknown. Where most of the other values lie in its range, too, the unit is another one.
    others = metres[metres < metres.max(initial=UNKNOWN_METRES)]
    if not others.size:
        _warn(f"{where}: no pixel has valid depth, so nothing can be learnt or judged from them. Look at the files.")
        return
    known = others[others < UNKNOWN_METRES] if np.median(others) < UNKNOWN_METRES else others
    median = float(np.median(known))
    expected = "metres" if per_metre == 1 else "millimetres"
    found = f"{where}: the median depth would be {median:.3g} m if these were {expected}, as expected here"
    advice = f"Convert the depth to {expected}; 0 stands for unknown."
    if not POSSIBLE[0] <= median <= POSSIBLE[1]:
        raise DataError(f"{found}. {_unit(known * per_metre, per_metre)} {advice}")
    if not USUAL[0] <= median <= USUAL[1]:
        _warn(f"{found}, which is rare indoors. {_unit(known * per_metre, per_metre)} If so: {advice}")
    if unknown.any():
        marks = ", ".join(f"{mark:g}" for mark in np.unique(values[unknown])[:3])
        _warn(
            f"{where}: {unknown.mean():.1%} of the pixels hold {marks}, {metres[unknown].min():.4g} m or more. "
            "This is taken for a mark of unknown depth, and these pixels are left out. Write 0 there to be sure."
        )
    elif known.max() > 2 * POSSIBLE[1]:
        _warn(
            f"{where}: the largest depth is {known.max():.3g} m, further than the sensor of NYU Depth v2 sees (10 m). "
            "If it is a mark of unknown depth, write 0 there instead."
        )


def check_labels(maps: Maps, classes: int) -> None:
    """Looks at labels as they are stored: void 0, classes from 1.

    Args:
        maps: Files and stored values (height, width).
        classes: Number of classes.

    Raises:
        DataError: A label cannot be one of these.
    """
    for path, labels in maps:
        check_label_range(path, labels, classes)
    where, highest = _where(maps), int(max(labels.max() for _, labels in maps))
    expected = f"Expected are 0 for void and 1 to {classes} for the classes."
    if highest == 0:
        _warn(f"{where}: every pixel is void (0), so nothing can be learnt or judged from them. {expected}")
    elif classes == 40 and highest <= 13:
        _warn(
            f"{where}: no label is above {highest}. These are probably the 13 coarse classes of NYU Depth v2, not the "
            f"40 of the literature. {expected}"
        )
    elif classes == 40 and highest in (36, 37):
        _warn(f"{where}: no label is above {highest}. These are probably the 37 classes of SUN RGB-D. {expected}")
    elif highest < classes and np.mean([(labels == 0).any() for _, labels in maps]) > 0.5:
        # Counted from 0, the first class (the wall) is in nearly every photo, and so is the last in its right coding.
        _warn(
            f"{where}: the label {classes} never occurs, and 0 is in most of the files. Perhaps the classes are "
            f"counted from 0 here (the first class is 0 and would be read as void). {expected} If so, add 1 to every "
            "class."
        )


def check_label_range(path: Path, labels: np.ndarray, classes: int) -> None:
    """Refuses labels that are no whole numbers from 0 to the number of classes.

    Raises:
        DataError: The message names the coding that it probably is.
    """
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
        raise DataError(
            f"{path} holds fractions or NaN; a label is a whole number, 0 (void) to {classes}. Resize label maps by "
            "the nearest pixel, and never blend them."
        )
    low, high = labels.min(), labels.max()
    if low >= 0 and high <= classes:
        return
    expected = f"expected 0 (void) to {classes}"
    others = labels[(labels >= 0) & (labels < 255)]
    if low < 0:
        raise DataError(f"{path} holds the label {low:g}; {expected}. If it stands for void, write 0 there.")
    if high == 255 and (others.size == 0 or others.max() <= classes):
        counted = "" if others.size and others.max() == classes else "; then the classes are probably counted from 0"
        raise DataError(
            f"{path} holds the label 255; {expected}. 255 probably stands for void{counted}. Write 0 for void, and "
            "the classes from 1."
        )
    fine = (
        " These are probably the 894 fine classes: group them as `bridgenet.prepare nyud` does." if high > 255 else ""
    )
    raise DataError(f"{path} holds the label {high:g}; {expected}.{fine} Write the {classes} classes, counted from 1.")


def check_normals(maps: Maps) -> None:
    """Looks at normals as they are read: unit vectors in -1..1, zero where unknown.

    Raises:
        DataError: Their length is not one.
    """
    where = _where(maps)
    vectors = np.concatenate([array.reshape(-1, 3) for _, array in maps]).astype(np.float64)
    vectors = vectors[np.isfinite(vectors).all(axis=1) & (vectors != 0).any(axis=1)]
    if not len(vectors):
        _warn(f"{where}: no pixel has a normal, so nothing can be learnt or judged from them. Look at the files.")
        return
    if _are_unit(vectors):
        return
    low, high = vectors.min(), vectors.max()
    found = f"{where}: normals should be vectors of length 1 in -1..1, but the values lie in {low:.3g}..{high:.3g}"
    codings = {"0..255, as in 8-bit pictures": vectors / 127.5 - 1, "0..1, as (n + 1) / 2": 2 * vectors - 1}
    likely = [name for name, decoded in codings.items() if low >= 0 and _are_unit(decoded)]
    if not likely and low >= 0 and high > 1.5:
        likely = ["0..255, as in 8-bit pictures"]
    guess = f" They are probably coded as {likely[0]}." if likely else ""
    share = f"{_unit_share(vectors):.0%} of them have length 1"
    raise DataError(f"{found} and {share}.{guess} Save unit vectors: .npy in -1..1.")


def check_edges(maps: Maps) -> None:
    """Looks at boundaries as they are stored: 0 elsewhere, and 1 or 255 on a boundary."""
    where = _where(maps)
    values = np.unique(np.concatenate([np.unique(array) for _, array in maps]))
    if not set(values.tolist()) <= {0, 1} and not set(values.tolist()) <= {0, 255}:
        _warn(
            f"{where}: edges hold {len(values)} different values from {values.min():g} to {values.max():g}. Expected "
            "are 0 and 1, or 0 and 255; whatever is above 0 is taken for a boundary. Are these probabilities, or is "
            "255 a mark of unknown pixels? Then write 0 and 1."
        )
    share = np.mean([(array > 0).mean() for _, array in maps])
    if share > 0.5:
        _warn(
            f"{where}: {share:.0%} of the pixels are boundaries. Perhaps black and white are exchanged. "
            "Expected is 0 where there is none."
        )


def _unit(stored: np.ndarray, per_metre: int) -> str:
    """What the stored values probably are."""
    median = float(np.median(stored))
    if stored.max() <= 1.5:
        return "The values lie in 0..1.5: they are probably scaled to 0..1, or inverse depth."
    distances = {name: median / parts for name, parts in UNITS.items() if parts != per_metre}
    fitting = {name: metres for name, metres in distances.items() if USUAL[0] <= metres <= USUAL[1]}
    if not fitting:
        return "No unit that is in use explains the values."
    nearest = sorted(fitting, key=lambda name: abs(np.log(fitting[name] / TYPICAL)))
    return f"These are probably {' or '.join(nearest[:2])}."


def _are_unit(vectors: np.ndarray) -> bool:
    """Whether most have length 1. Their mean says nothing: that of (n + 1) / 2 is about 1, too."""
    return _unit_share(vectors) > 0.5


def _unit_share(vectors: np.ndarray) -> float:
    return float(np.mean(np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.05))


def _where(maps: Maps) -> str:
    """The folder, and how many of its files were looked at."""
    return f"{maps[0][0].parent} ({len(maps)} file{'s' * (len(maps) > 1)} looked at, from {maps[0][0].name} on)"


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)

"""Thinning and matching, compiled by numba: the two parts of odsF that would take minutes an image in Python.

What is compiled is kept in the `__pycache__` beside this file, in the user's cache folder where that cannot be written,
or where NUMBA_CACHE_DIR says, so that it is compiled once; where nothing can be written, by each process anew. Import
this module only when it is needed: numba takes a second.
"""

from collections.abc import Callable
from typing import Any, no_type_check

import numpy as np
from numba import njit

LARGE = 1000
"""Pixels of a map in which a single one makes no difference."""


def compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel in machine code. It lets go of Python's lock, so that threads run side by side."""
    try:
        return njit(kernel, nogil=True, cache=True)
    except RuntimeError:  # There is no folder that could be written.
        return njit(kernel, nogil=True)


@compiled
@no_type_check
def thin(plane: np.ndarray, pixels: np.ndarray, width: int) -> None:
    """Thins 64 maps at once, in place: a pixel holds a bit for each, and logic on words is logic on all maps.

    Guo and Hall, "Parallel thinning with two-subiteration algorithms" (1989), algorithm A1, as MATLAB's bwmorph has it.
    A map is done when two half passes in a row take nothing away, a large one with the first of them: so the BSDS tools
    were recorded, and of a whole picture at most 2 pixels could still go.

    Args:
        plane: uint64 (pixels,), the maps in a frame of one empty pixel, row by row.
        pixels: int64, places of the pixels that are in some map.
        width: Of the framed picture.
    """
    removed = np.zeros_like(plane)
    sizes = np.zeros(64, np.int64)
    for bit in range(64):
        for p in pixels:
            sizes[bit] += np.int64((plane[p] >> np.uint64(bit)) & np.uint64(1))
    changing = taken = ~np.uint64(0)
    first = True
    while changing != 0:
        for p in pixels:
            e, w = plane[p + 1], plane[p - 1]
            n, ne, nw = plane[p - width], plane[p - width + 1], plane[p - width - 1]
            s, se, sw = plane[p + width], plane[p + width + 1], plane[p + width - 1]
            # Exactly one run of neighbours begins.
            a, b, c, d = ~e & (ne | n), ~n & (nw | w), ~w & (sw | s), ~s & (se | e)
            one_run = (a | b | c | d) & ~((a & b) | ((a | b) & c) | ((a | b | c) & d))
            # Of the four pairs of neighbours, paired in either way, two or three hold some: no end and no inside.
            a, b, c, d = e | ne, n | nw, w | sw, s | se
            two, four = (a & b) | ((a | b) & c) | ((a | b | c) & d), a & b & c & d
            a, b, c, d = ne | n, nw | w, sw | s, se | e
            two, four = two & ((a & b) | ((a | b) & c) | ((a | b | c) & d)), four & a & b & c & d
            # Each half pass takes from two sides.
            kept = (ne | n | ~se) & e if first else (sw | s | ~nw) & w
            removed[p] = plane[p] & one_run & two & ~four & ~kept & changing
        before, taken, small = taken, np.uint64(0), np.uint64(0)
        for p in pixels:
            if removed[p] != 0:
                taken |= removed[p]
                plane[p] &= ~removed[p]
                for bit in range(64):
                    sizes[bit] -= np.int64((removed[p] >> np.uint64(bit)) & np.uint64(1))
        for bit in range(64):
            if sizes[bit] <= LARGE:
                small |= np.uint64(1) << np.uint64(bit)
        changing, first = taken | (before & small), not first


@compiled
@no_type_check
def part(there: np.ndarray, partner_of_predicted: np.ndarray, partner_of_true: np.ndarray) -> int:
    """Ends the pairs of predicted pixels that are not there. Returns how many those were."""
    parted = 0
    for i in range(len(there)):
        if not there[i] and partner_of_predicted[i] >= 0:
            partner_of_true[partner_of_predicted[i]] = -1
            partner_of_predicted[i] = -1
            parted += 1
    return parted


@compiled
@no_type_check
def search(
    start: int,
    number: int,
    first: np.ndarray,
    near: np.ndarray,
    partner_of_true: np.ndarray,
    reached: np.ndarray,
    reached_from: np.ndarray,
    seen_in: np.ndarray,
) -> int:
    """Looks for the nearest free true pixel, from predicted pixel to true one and from that to its partner.

    Args:
        start: The predicted pixel.
        number: Of the map; what bears it in `seen_in` is not entered.
        first: Where the neighbours of a pixel begin.
        near: Numbers of the true pixels within reach.
        partner_of_true: The predicted pixel that each true one is matched with, or -1.
        reached: Takes the true pixels in the order in which they are reached.
        reached_from: Takes the predicted pixel from which each was.
        seen_in: Takes the number of the map.

    Returns:
        How many true pixels were reached if the last of them is free; 0 if none is.
    """
    i, known, done = start, 0, 0
    while True:
        for place in range(first[i], first[i + 1]):
            true = near[place]
            if seen_in[true] == number:
                continue
            seen_in[true], reached_from[true], reached[known] = number, i, true
            known += 1
            if partner_of_true[true] < 0:
                return known
        if done == known:
            return 0
        i = partner_of_true[reached[done]]
        done += 1


@compiled
@no_type_check
def join(true: int, reached_from: np.ndarray, partner_of_predicted: np.ndarray, partner_of_true: np.ndarray) -> None:
    """Pairs a free true pixel with the predicted one that it was reached from, whose partner goes on likewise."""
    while true >= 0:
        i = reached_from[true]
        before = partner_of_predicted[i]
        partner_of_predicted[i], partner_of_true[true] = true, i
        true = before


@compiled
@no_type_check
def match(there: np.ndarray, first: np.ndarray, near: np.ndarray, trues: int) -> np.ndarray:
    """How many pairs of a predicted and a true pixel there can be at most, each pixel in one of them, for every map.

    From the last map to the first, each begins with the pairs of the one before, less those whose predicted pixel is
    gone. Every free predicted pixel then looks for the shortest alternating path to a free true one. Where there is
    none, what was reached leads to none from elsewhere either, so no other search of the same map enters there: all
    searches in vain together pass over the neighbours once.

    Args:
        there: bool (maps, predicted pixels), whether the pixel is in the map.
        first: int64 (predicted pixels + 1,), where the neighbours of a pixel begin.
        near: int32, numbers of the true pixels within reach, nearest first.
        trues: How many true pixels there are.

    Returns:
        int64 (maps,).
    """
    maps, count = there.shape
    partner_of_predicted, partner_of_true = np.full(count, -1, np.int32), np.full(trues, -1, np.int32)
    reached, reached_from = np.empty(trues, np.int32), np.empty(trues, np.int32)
    seen_in = np.full(trues, -1, np.int32)
    result = np.zeros(maps, np.int64)
    pairs = 0
    for number in range(maps - 1, -1, -1):
        pairs -= part(there[number], partner_of_predicted, partner_of_true)
        for start in range(count):
            if there[number, start] and partner_of_predicted[start] < 0:
                known = search(start, number, first, near, partner_of_true, reached, reached_from, seen_in)
                if known > 0:
                    seen_in[reached[:known]] = -1
                    join(reached[known - 1], reached_from, partner_of_predicted, partner_of_true)
                    pairs += 1
        result[number] = pairs
    return result

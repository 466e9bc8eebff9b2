"""odsF over a set of images: side by side, with what was counted before an interruption."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Int
from tqdm import tqdm

from bridgenet.learning.boundary.counting import THRESHOLDS, count_pairs, eight_bits
from bridgenet.learning.boundary.score import BoundaryScore
from bridgenet.reading.cache import keep

In = TypeVar("In")
Out = TypeVar("Out")

RECIPE = "odsF 1"
"""Changes with whatever changes the counts: those that were kept before are then counted again."""


def evaluate_boundaries(
    predictions: Iterable[np.ndarray],
    truths: Iterable[np.ndarray],
    max_distance: float,
    thresholds: Iterable[float] = THRESHOLDS,
    workers: int | None = None,
    *,
    nms: bool = True,
    progress: bool = False,
    kept_in: Path | None = None,
) -> BoundaryScore:
    """Scores of predicted boundaries over a set of images, which may be read while it runs.

    Args:
        predictions: Of each image the probability of a boundary, float (height, width) in 0..1. It is rounded to 8
            bits, as it would be written to a PNG.
        truths: Of each image the boundaries, bool (height, width), already thin.
        max_distance: How far the pixels of a pair may lie apart, inclusive, as a share of the image's diagonal: 0.0075
            for PASCAL-Context, 0.011 for NYUD-v2.
        thresholds: A pixel is predicted where its value is larger.
        workers: Threads, each with an image at a time; they do not change the result. None: one for each core.
        nms: False takes the maps as they are, neither rounded nor suppressed; they are thinned all the same.
        progress: Show a bar.
        kept_in: Folder in which the counts of each image are kept, so that a call which was interrupted goes on. Others
            than these images and settings do not find them.

    Raises:
        ValueError: There is no image, numbers of images or sizes differ, a map is not of this kind, or a setting is
            not.
        WriteError: see `bridgenet.reading.cache.keep`.
    """
    pairs, levels = _checked(predictions, truths), tuple(map(float, thresholds))
    counted = count_images(pairs, max_distance, levels, workers, nms=nms, kept_in=kept_in)
    length = len(predictions) if isinstance(predictions, Sized) else None
    counts = list(tqdm(counted, total=length, unit="image", disable=not progress))
    if not counts:
        raise ValueError("There is no image to judge boundaries on.")
    return BoundaryScore(np.stack(counts), levels)


def count_images(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]],
    max_distance: float,
    thresholds: Sequence[float] = THRESHOLDS,
    workers: int | None = None,
    *,
    nms: bool = True,
    kept_in: Path | None = None,
) -> Iterator[Int[np.ndarray, "thresholds 4"]]:
    """The counts of each image, in the order of the images; see `evaluate_boundaries` and `count_pairs`.

    Args:
        pairs: Prediction and truth of each image.
        max_distance: As a share of the diagonal.
        thresholds: In the order of the counts.
        workers: Threads.
        nms: Whether the map is rounded and suppressed.
        kept_in: Folder of kept counts.
    """
    if not (np.isfinite(max_distance) and max_distance >= 0):
        raise ValueError(f"max_distance must be a share of the diagonal, such as 0.0075; got {max_distance}.")
    if not len(thresholds) or not all(0 <= threshold <= 1 for threshold in thresholds):
        raise ValueError(f"thresholds must be numbers in 0..1; got {list(thresholds)}.")
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be 1 or more; got {workers}.")

    def count(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        prediction, truth = pair
        if kept_in is None:
            return count_pairs(prediction, truth, max_distance, thresholds, nms=nms)
        # A name that says all that the counts depend on, so that they cannot be those of anything else.
        settings = f"{RECIPE} {truth.shape} {max_distance!r} {list(thresholds)} {nms}"
        values = eight_bits(prediction) if nms else prediction.astype(np.float64)
        name = hashlib.sha256(
            b"\n".join([settings.encode(), values.tobytes(), np.packbits(truth).tobytes()])
        ).hexdigest()
        return keep(
            kept_in / f"{name}.npy",
            lambda: count_pairs(prediction, truth, max_distance, thresholds, nms=nms).astype(np.int32),
        ).astype(np.int64)

    return _in_order(count, pairs, workers or _cores())


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(function: Callable[[In], Out], items: Iterable[In], workers: int) -> Iterator[Out]:
    """The function of each item, in their order; no more of them are read ahead than keeps the threads busy."""
    if workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Out]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _checked(
    predictions: Iterable[np.ndarray], truths: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of maps that can be judged.

    Raises:
        ValueError: One cannot. The message says which.
    """
    for number, pair in enumerate(zip_longest(predictions, truths)):
        for what, there in zip(("prediction", "truth"), pair, strict=True):
            if there is None:
                raise ValueError(f"Image {number} has no {what}: there must be as many predictions as truths.")
        prediction, truth = map(np.asarray, pair)
        if prediction.ndim != 2 or prediction.shape != truth.shape or not prediction.size:
            raise ValueError(
                f"Image {number}: prediction and truth must be maps of the same height and width, not "
                f"{prediction.shape} and {truth.shape}."
            )
        if not (prediction.min() >= 0 and prediction.max() <= 1):
            raise ValueError(
                f"Image {number}: the prediction must be a probability in 0..1, not {prediction.min()} to "
                f"{prediction.max()}. Divide 8-bit maps by 255."
            )
        if truth.dtype != bool and not np.isin(truth, (0, 1)).all():
            raise ValueError(f"Image {number}: the truth must be a boolean map, not {truth.min()} to {truth.max()}.")
        yield prediction, truth.astype(bool)

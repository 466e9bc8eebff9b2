"""What is done with an answer, by its kind: from logits to values, and how far it lies from another or the truth.

Networks and losses speak in logits, tensors (batch, channels, height, width); people and files in values, arrays
(height, width), of a direction (height, width, 3). Classes are indices, distances metres, directions unit vectors, and
probabilities 0..1. Where the truth is not known, tensors and class indices hold `IGNORE`, other arrays NaN.
"""

from typing import assert_never

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from bridgenet.shapes import AnyFeature
from bridgenet.tasks import IGNORE, TaskName, kind_of

AXES = ("x", "y", "z")
"""Components of a direction by index: x right, y up, z toward the viewer."""


def activate(task: TaskName, logits: Tensor) -> tuple[Tensor, Tensor | None]:
    """Values of a task, and the probability of the predicted class where there are classes.

    Args:
        task: Which task.
        logits: What its head says of one image (channels, height, width).

    Returns:
        uint8 class indices, metres (never negative), unit vectors (height, width, 3), or probabilities.
    """
    match kind_of(task):
        case "classes":
            best, labels = logits.max(dim=0)
            return labels.to(torch.uint8), (best - logits.logsumexp(dim=0)).exp()
        case "metres":
            return logits[0].clamp(min=0), None
        case "direction":
            return F.normalize(logits, dim=0).permute(1, 2, 0).contiguous(), None
        case "probability":
            return probability(logits), None
        case never:
            assert_never(never)


def probability(logits: Tensor) -> Tensor:
    """How likely it is, from one logit, or from two of which the second says yes: (..., channels, height, width)."""
    if logits.shape[-3] == 1:
        return logits.select(-3, 0).sigmoid()
    return logits.softmax(dim=-3).select(-3, 1)


def no_and_yes(logits: Tensor) -> Tensor:
    """Two logits (..., 2, height, width), of no and yes: where yes alone has one, that of no is 0."""
    return logits if logits.shape[-3] == 2 else torch.cat([torch.zeros_like(logits), logits], dim=-3)


def turned_back(task: TaskName, logits: Tensor) -> Tensor:
    """Logits (..., channels, height, width) of the mirror image, mirrored: what faced left faces right again."""
    back = logits.flip(-1)
    return back * back.new_tensor([-1, 1, 1])[:, None, None] if kind_of(task) == "direction" else back


def angle_between(one: Tensor, two: Tensor, dim: int = 1) -> Tensor:
    """Angle in degrees between vectors along a dimension.

    Half-angle form: unlike the arc cosine it is exactly 0 for equal vectors, and accurate beside it.
    """
    one, two = F.normalize(one, dim=dim), F.normalize(two, dim=dim)
    return 2 * torch.atan2((one - two).norm(dim=dim), (one + two).norm(dim=dim)).rad2deg()


def change_map(task: str, before: AnyFeature, after: AnyFeature) -> Float[Tensor, "_ _ _"]:
    """Change at every pixel, float32 (batch, height, width); exactly 0 where the logits are equal, never negative.

    Distances are compared as the head says them, also below 0 m, where the shown answer is clipped.

    Args:
        task: Which task.
        before: Its logits (batch, channels, height, width).
        after: Others of the same images and size.

    Returns:
        1 where the class changed, metres, degrees, or probability.

    Raises:
        ValueError: They are not of the same shape.
    """
    _check_alike(before.shape, after.shape)
    before, after = before.float(), after.float()
    match kind_of(task):
        case "classes":
            return (before.argmax(dim=1) != after.argmax(dim=1)).float()
        case "metres":
            return (after - before)[:, 0].abs()
        case "direction":
            return angle_between(before, after)
        case "probability":
            return (probability(after) - probability(before)).abs()
        case never:
            assert_never(never)


def error_at(task: str, logits: Tensor, truth: Tensor) -> Tensor:
    """Distance from the truth at every pixel, float32 (batch, height, width); NaN where nothing is known.

    Args:
        task: Which task.
        logits: (batch, channels, height, width).
        truth: As `truth_tensor` makes it, of the same size: (batch, height, width) or (batch, channels, height, width).

    Returns:
        1 where the class is wrong, metres, degrees, or probability.

    Raises:
        ValueError: The truth is of other images, or of another size.
    """
    logits, truth = logits.float(), truth[:, None] if truth.ndim == 3 else truth
    _check_alike((len(logits), *logits.shape[-2:]), (len(truth), *truth.shape[-2:]))
    known = (truth != IGNORE).all(dim=1)
    match kind_of(task):
        case "classes":
            error = (logits.argmax(dim=1) != truth[:, 0]).float()
        case "metres":
            error = (logits - truth)[:, 0].abs()
        case "direction":
            error = angle_between(logits, truth.float())
        case "probability":
            error = (probability(logits) - truth[:, 0]).abs()
        case never:
            assert_never(never)
    return error.masked_fill(~known, float("nan"))


def difference(task: TaskName, one: np.ndarray, two: np.ndarray) -> Float[np.ndarray, "height width"]:
    """The second answer less the first at every pixel, float32 (height, width).

    Args:
        task: Which task.
        one: Values.
        two: Others of the same size.

    Returns:
        1 where classes differ; metres, positive where the second is farther; the angle in degrees, never negative; or
        the difference of the probabilities.

    Raises:
        ValueError: They are not of the same size.
    """
    _check_alike(one.shape, two.shape)
    match kind_of(task):
        case "classes":
            return (one != two).astype(np.float32)
        case "metres" | "probability":
            return (two - one).astype(np.float32)
        case "direction":
            first, second = (torch.from_numpy(np.ascontiguousarray(values, np.float32)) for values in (one, two))
            return angle_between(first, second, dim=-1).numpy()
        case never:
            assert_never(never)


def _check_alike(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    """Makes sure that maps lie on each other: what broadcasts would be compared all the same."""
    if tuple(one) != tuple(two):
        raise ValueError(f"Maps of {tuple(one)} and of {tuple(two)} cannot be compared: bring both to one size.")


def error_array(task: TaskName, said: np.ndarray, truth: np.ndarray) -> Float[np.ndarray, "height width"]:
    """Distance of an answer from the truth at every pixel, float32 (height, width); NaN where nothing is known.

    Args:
        task: Which task.
        said: Values.
        truth: Values of the truth, of the same size.

    Returns:
        1 where the class is wrong, metres, degrees, or probability.

    Raises:
        ValueError: They are not of the same size.
    """
    return np.where(known(task, truth), np.abs(difference(task, truth, said)), np.nan).astype(np.float32)


def known(task: TaskName, truth: np.ndarray) -> Bool[np.ndarray, "height width"]:
    """Where the truth is known, bool (height, width): neither `IGNORE`, nor NaN, nor a vector of no length."""
    match kind_of(task):
        case "classes" | "probability":
            return np.isfinite(truth) & (truth != IGNORE)
        case "metres":
            return np.isfinite(truth)
        case "direction":
            return np.isfinite(truth).all(axis=-1) & (truth != IGNORE).all(axis=-1) & truth.any(axis=-1)
        case never:
            assert_never(never)


def truth_tensor(task: TaskName, array: np.ndarray) -> Tensor:
    """Ground truth of one picture as `error_at` takes it, float32, `IGNORE` where nothing is known.

    Args:
        task: Which task.
        array: Values of the truth.

    Returns:
        (1, height, width); of a direction (1, 3, height, width).
    """
    values = np.array(array, dtype=np.float32)
    values[~known(task, values)] = IGNORE
    if kind_of(task) == "direction":
        values = values.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(values))[None]


def truth_array(task: TaskName, target: Tensor) -> np.ndarray:
    """The ground truth of one image in the form of an answer, so that both are drawn alike.

    Args:
        task: Which task.
        target: As in a `Sample`: class indices (height, width), metres (1, height, width), unit vectors
            (3, height, width); `IGNORE` where nothing is known.

    Returns:
        Class indices that keep `IGNORE`, or measures with NaN (directions: zero vectors) where nothing is known.
    """
    match kind_of(task):
        case "classes":
            return target.long().cpu().numpy()
        case "direction":
            return (target * (target != IGNORE)).movedim(0, -1).cpu().numpy()
        case "metres" | "probability":
            plane = target if target.ndim == 2 else target[0]
            return plane.float().masked_fill(plane == IGNORE, float("nan")).cpu().numpy()
        case never:
            assert_never(never)


def words(task: str, number: float) -> str:
    """A mean difference or error with its unit, short: `3.4 %`, `0.57 m`, `13.8°`, `0.46`.

    Args:
        task: Which task.
        number: Per cent of pixels, metres, degrees, or probability.
    """
    match kind_of(task):
        case "classes":
            return f"{number:.{0 if number >= 10 else 1}f} %"
        case "metres":
            return f"{number:.2f} m"
        case "direction":
            return f"{number:.1f}°"
        case "probability":
            return f"{number:.2f}"
        case never:
            assert_never(never)

"""What an answer says at one place, in words."""

import numpy as np

from bridgenet.drawing.attention_maps import token_at
from bridgenet.drawing.palette import class_names
from bridgenet.tasks import IGNORE, TaskName

UNKNOWN = "unknown"


def read_place(task: TaskName, array: np.ndarray, place: tuple[float, float], dataset: str) -> str:
    """An answer, or the ground truth in its form, at a place of the image.

    Args:
        task: Which task.
        array: Class indices, metres, unit vectors or probabilities; `IGNORE`, NaN or a zero vector: nothing is known.
        place: Fractions (nx, ny) of width and height.
        dataset: Whose classes the segmentation has.
    """
    value = array[token_at(*place, array.shape[:2])]
    if task in ("semseg", "human_parts"):
        names = class_names(dataset if task == "semseg" else "human_parts")
        return UNKNOWN if value == IGNORE else names[int(value)]
    if not np.isfinite(value).all() or (task == "normals" and not value.any()):
        return UNKNOWN
    if task == "normals":
        right, up, near = value
        return f"right {right:+.1f}, up {up:+.1f}, towards you {near:+.1f}"
    return f"{value:.2f} m" if task == "depth" else f"{value:.0%}"

"""What an answer says at one place, in words."""

import numpy as np

from bridgenet.inspection.places import token_at
from bridgenet.kinds import known
from bridgenet.labels import ClassesByTask
from bridgenet.tasks import TASKS, TaskName

UNKNOWN = "unknown"


def read_place(task: TaskName, array: np.ndarray, place: tuple[float, float], classes: ClassesByTask) -> str:
    """An answer, or the ground truth in its form, at a place of the image. For the notebooks.

    Args:
        task: Which task.
        array: Class indices, metres, unit vectors or probabilities; `IGNORE`, NaN or a zero vector: nothing is known.
        place: Fractions (nx, ny) of width and height.
        classes: What the classes of the task are called.
    """
    row, column = token_at(*place, array.shape[:2])
    here = array[row : row + 1, column : column + 1]
    if not known(task, here).all():
        return UNKNOWN
    value = here[0, 0]
    match TASKS[task].kind:
        case "classes":
            return classes[task].names[int(value)]
        case "metres":
            return f"{value:.2f} m"
        case "direction":
            right, up, near = value
            return f"right {right:+.1f}, up {up:+.1f}, towards you {near:+.1f}"
        case "probability":
            return f"{value:.0%}"

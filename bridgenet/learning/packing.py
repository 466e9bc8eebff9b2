"""Answers of networks as small integers, for a file that travels with the project."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from bridgenet.tasks import TASKS, Kind, TaskName

STEPS: dict[Kind, tuple[float, type[np.uint8] | type[np.int8]]] = {
    "classes": (1.0, np.uint8),
    "metres": (0.05, np.uint8),
    "direction": (1 / 32, np.int8),
    "probability": (0.02, np.uint8),
}
"""What a one stands for: a class, metres, a component of the unit vector, a probability."""


def pack_answer(task: TaskName, array: np.ndarray) -> np.ndarray:
    """Integers for an answer: class indices, metres (up to 12.75), unit vectors or probabilities."""
    step, integer = STEPS[TASKS[task].kind]
    limits = np.iinfo(integer)
    return np.rint(np.asarray(array, np.float64) / step).clip(limits.min, limits.max).astype(integer)


def unpack_answer(task: TaskName, packed: np.ndarray) -> np.ndarray:
    """The answer again, exact to half a step. Normals have length 1."""
    kind = TASKS[task].kind
    if kind == "classes":
        return packed
    array = packed.astype(np.float32) * np.float32(STEPS[kind][0])
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-6) if kind == "direction" else array


def unpack_answers(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[TaskName, np.ndarray]]:
    """Answers by network and task, from packed ones under names `NETWORK/TASK`. Other names are left out."""
    answers: dict[str, dict[TaskName, np.ndarray]] = {}
    for name in arrays:
        network, _, task = name.rpartition("/")
        if network and task in TASKS:
            key = cast(TaskName, task)
            answers.setdefault(network, {})[key] = unpack_answer(key, arrays[name])
    return answers

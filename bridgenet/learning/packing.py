"""Answers of networks as small integers, for a file that travels with the project."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from bridgenet.tasks import TaskName

STEPS: dict[TaskName, tuple[float, type[np.uint8] | type[np.int8]]] = {
    "semseg": (1.0, np.uint8),
    "human_parts": (1.0, np.uint8),
    "depth": (0.05, np.uint8),
    "normals": (1 / 32, np.int8),
    "sal": (0.02, np.uint8),
    "edge": (0.02, np.uint8),
}
"""What a one stands for: a class, metres, a component of the unit vector, a probability."""


def pack_answer(task: TaskName, array: np.ndarray) -> np.ndarray:
    """Integers for an answer: class indices, metres (up to 12.75), unit vectors or probabilities."""
    step, kind = STEPS[task]
    limits = np.iinfo(kind)
    return np.rint(np.asarray(array, np.float64) / step).clip(limits.min, limits.max).astype(kind)


def unpack_answer(task: TaskName, packed: np.ndarray) -> np.ndarray:
    """The answer again, exact to half a step. Normals have length 1."""
    if task in ("semseg", "human_parts"):
        return packed
    array = packed.astype(np.float32) * np.float32(STEPS[task][0])
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-6) if task == "normals" else array


def unpack_answers(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[TaskName, np.ndarray]]:
    """Answers by network and task, from packed ones under names `NETWORK/TASK`. Other names are left out."""
    answers: dict[str, dict[TaskName, np.ndarray]] = {}
    for name in arrays:
        network, _, task = name.rpartition("/")
        if network and task in STEPS:
            key = cast(TaskName, task)
            answers.setdefault(network, {})[key] = unpack_answer(key, arrays[name])
    return answers

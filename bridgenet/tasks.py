"""The six tasks: names, units, metrics, loss weights. Everything that is said about a task is said here."""

from dataclasses import dataclass
from typing import Literal, get_args

TaskName = Literal["semseg", "human_parts", "depth", "normals", "sal", "edge"]
"""The field's short names, in the order in which the studio lists them."""

IGNORE = 255
"""Label of a pixel without ground truth, in every task (depth and normals: in every channel)."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of every pixel.

    Attributes:
        name: Key of every per-task dict.
        title: Name for people.
        unit: Unit of the prediction, empty where it has none.
        metric: The metric by which the task is followed: its key among those that `evaluate` reports.
        higher_is_better: Direction of that metric.
        loss_weight: Weight of the task's loss.
        channels: Output channels; None where there is one for each class of the data.
        colour: Colour of the task in every figure (Okabe-Ito, safe for colour-blind readers).
    """

    name: TaskName
    title: str
    unit: str
    metric: str
    higher_is_better: bool
    loss_weight: float
    channels: int | None
    colour: str


TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        Task("semseg", "Segmentation", "", "miou", True, 1.0, None, "#0072B2"),
        Task("human_parts", "Human parts", "", "miou", True, 2.0, None, "#CC79A7"),
        Task("depth", "Depth", "m", "rmse", False, 1.0, 1, "#C98500"),
        Task("normals", "Normals", "°", "mean_angle", False, 10.0, 3, "#009E73"),
        Task("sal", "Saliency", "", "max_f", True, 5.0, 2, "#56B4E9"),
        Task("edge", "Edges", "", "balanced_bce", False, 50.0, 1, "#D55E00"),
    )
}

ALL_TASKS: tuple[TaskName, ...] = get_args(TaskName)

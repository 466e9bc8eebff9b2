"""The six tasks: what is asked of every pixel. Everything that is said about a task is said here.

What is done with an answer follows from its kind alone (`bridgenet.kinds`), so another task of a known kind is one more
entry.
"""

from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

TaskName = Literal["semseg", "human_parts", "depth", "normals", "sal", "edge"]
"""The field's short names, in the order in which the studio lists them."""

Kind = Literal["classes", "metres", "direction", "probability"]
"""What a task says of a pixel: one class of several, a distance, a unit vector, or how likely something is."""

Extent = Literal["everywhere", "objects", "lines"]
"""Where a task has something to say: at every pixel, on a few objects, or on thin lines between them."""

IGNORE = 255
"""Label of a pixel without ground truth, in every task (depth and normals: in every channel)."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of every pixel.

    Attributes:
        name: Key of every per-task dict.
        title: Name for people.
        short: The same where there is little room.
        kind: What is said of a pixel.
        channels: Output channels; None where there is one for each class. A probability has one (a logit) or two (the
            logits of no and yes).
        unit: Unit of the answer, empty where it has none.
        change_unit: Unit of a mean difference of two answers.
        tolerance: A pixel counts as changed when it moved by more, in `change_unit`. Classes: 0, any other class.
        metric: The metric by which the task is followed: its key among those that `evaluate` reports.
        higher_is_better: Direction of that metric.
        loss_weight: Weight of the task's loss.
        colour: Colour of the task in every figure (Okabe-Ito, safe for colour-blind readers).
        meaning: What a value of the answer is.
        member: What one of its classes is called.
        extent: Where it has something to say.
    """

    name: TaskName
    title: str
    short: str
    kind: Kind
    channels: int | None
    unit: str
    change_unit: str
    tolerance: float
    metric: str
    higher_is_better: bool
    loss_weight: float
    colour: str
    meaning: str
    member: str = ""
    extent: Extent = "everywhere"

    @property
    def pixel_unit(self) -> str:
        """Unit of a difference at one pixel; empty where a class is another or not, and where it is a probability."""
        return self.change_unit if self.kind in ("metres", "direction") else ""


TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        Task(
            name="semseg",
            title="Segmentation",
            short="Segm.",
            kind="classes",
            channels=None,
            unit="",
            change_unit="% of pixels",
            tolerance=0.0,
            metric="miou",
            higher_is_better=True,
            loss_weight=1.0,
            colour="#0072B2",
            meaning="index of the class",
            member="class",
        ),
        Task(
            name="human_parts",
            title="Human parts",
            short="Parts",
            kind="classes",
            channels=None,
            unit="",
            change_unit="% of pixels",
            tolerance=0.0,
            metric="miou",
            higher_is_better=True,
            loss_weight=2.0,
            colour="#CC79A7",
            meaning="index of the body part",
            member="part",
            extent="objects",
        ),
        Task(
            name="depth",
            title="Depth",
            short="Depth",
            kind="metres",
            channels=1,
            unit="m",
            change_unit="m",
            tolerance=0.1,
            metric="rmse",
            higher_is_better=False,
            loss_weight=1.0,
            colour="#C98500",
            meaning="distance along the optical axis, metres",
        ),
        Task(
            name="normals",
            title="Normals",
            short="Norm.",
            kind="direction",
            channels=3,
            unit="",
            change_unit="°",
            tolerance=5.0,
            metric="mean_angle",
            higher_is_better=False,
            loss_weight=10.0,
            colour="#009E73",
            meaning="unit vector: x right, y up, z toward the viewer",
        ),
        Task(
            name="sal",
            title="Saliency",
            short="Sal.",
            kind="probability",
            channels=2,
            unit="",
            change_unit="probability",
            tolerance=0.1,
            metric="max_f",
            higher_is_better=True,
            loss_weight=5.0,
            colour="#56B4E9",
            meaning="probability of being salient, 0..1",
            extent="objects",
        ),
        Task(
            name="edge",
            title="Edges",
            short="Edges",
            kind="probability",
            channels=1,
            unit="",
            change_unit="probability",
            tolerance=0.1,
            metric="ods",
            higher_is_better=True,
            loss_weight=50.0,
            colour="#D55E00",
            meaning="probability of a boundary, 0..1",
            extent="lines",
        ),
    )
}

ALL_TASKS: tuple[TaskName, ...] = get_args(TaskName)


def kind_of(task: str) -> Kind:
    """The kind of a task.

    Raises:
        KeyError: There is no such task.
    """
    for name, told in TASKS.items():
        if name == task:
            return told.kind
    raise KeyError(f"There is no task {task!r}. Known: {', '.join(TASKS)}.")


def of_kind(kind: Kind, tasks: Container[str] = TASKS) -> tuple[TaskName, ...]:
    """The tasks of a kind among some, in the order of `TASKS`."""
    return tuple(name for name, task in TASKS.items() if name in tasks and task.kind == kind)


def with_unit(number: str, unit: str) -> str:
    """A number and its unit; degrees stand close."""
    return f"{number}{unit}" if unit == "°" else f"{number} {unit}".strip()


def significant(value: float, digits: int = 2) -> str:
    """A number with so many significant digits, never as a power of ten: `150`, `0.00012`."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"

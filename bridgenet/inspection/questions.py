"""The question that a place of an image suggests: why does the network say here what it says?"""

from bridgenet.inspection.region import Pixel
from bridgenet.inspection.targets import Target, predicted_segment
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace


def target_at(trace: Trace, task: TaskName, at: Pixel, *, segment: bool = False) -> Target:
    """The target that asks for what a task predicts at a place of the first image. For the notebooks.

    Tasks with classes ask for the class that is predicted there, normals for the largest component there.

    Args:
        trace: A forward pass.
        task: Whose prediction.
        at: The place.
        segment: Average over the connected segment around the place, for tasks with classes.

    Raises:
        ValueError: The network lacks the task, or segments are asked of a task without classes.
    """
    if task not in trace.predictions:
        raise ValueError(f"This network does not predict {task}. It predicts: {', '.join(trace.predictions)}.")
    region = predicted_segment(trace, task, at=at) if segment else at
    prediction = trace.predictions[task][0].detach()
    row, column = at.place((prediction.shape[-2], prediction.shape[-1]))
    here = prediction[:, row, column]
    match TASKS[task].kind:
        case "classes":
            return Target(task, int(here.argmax()), region)
        case "direction":
            return Target(task, int(here.abs().argmax()), region)
        case "metres" | "probability":
            return Target(task, region=region)

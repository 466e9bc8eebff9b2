import torch
from torch import Tensor

from bridgenet.tasks import ALL_TASKS, IGNORE, TaskName
from bridgenet.trace import Trace

CHANNELS = {"semseg": 5, "human_parts": 7, "depth": 1, "normals": 3, "sal": 2, "edge": 1}


def answers(predictions: dict[TaskName, Tensor], preliminary: dict[TaskName, Tensor] | None = None) -> Trace:
    """A trace of which only the two predictions matter."""
    return Trace(
        task_generic=(),
        task_specific={},
        pattern=None,
        preliminary=preliminary or predictions,
        mixed={},
        stages=(),
        fused={},
        logits=predictions,
        predictions=predictions,
    )


def a_batch(images: int = 4, height: int = 6, width: int = 8) -> tuple[dict[TaskName, Tensor], dict[TaskName, Tensor]]:
    """Random predictions and ground truth of all tasks, with ignored pixels."""
    torch.manual_seed(0)
    predictions = {task: torch.randn(images, CHANNELS[task], height, width) for task in ALL_TASKS}
    targets = {task: torch.randint(0, CHANNELS[task], (images, height, width)) for task in ("semseg", "human_parts")}
    targets |= {task: (torch.rand(images, height, width) < 0.3).long() for task in ("sal", "edge")}
    for task, target in targets.items():
        target[torch.rand(target.shape) < (0.5 if task == "sal" else 0.2)] = IGNORE
    targets["depth"] = torch.rand(images, 1, height, width) * 10
    targets["normals"] = torch.nn.functional.normalize(torch.randn(images, 3, height, width), dim=1)
    for task in ("depth", "normals"):
        targets[task] = targets[task].masked_fill(torch.rand(images, 1, height, width) < 0.2, IGNORE)
    return predictions, targets

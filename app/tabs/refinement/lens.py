"""How the answer of a task forms: what can be read of it after each scale of the decoder."""

from torch import Tensor

from app.analysis.cut import as_analysed
from app.analysis.session import Analysis
from app.tabs.refinement.strengths import locked_network, said, truth_of
from app.view.changes import LONGEST, amount, enlarged, shown_size, with_logits
from app.view.maps import prediction_map
from app.view.scales import scale_names
from app.view.view import Group, Map
from bridgenet.inspection.lens import answers_by_stage
from bridgenet.kinds import error_at
from bridgenet.tasks import TASKS, TaskName


def lens(analysis: Analysis, task: TaskName) -> Group:
    """A task after each scale, through the same last convolution and head; with its error where the truth is known."""
    scales, answers = scale_names(analysis), analysis.result(answers_so_far)
    maps: list[Map] = []
    for index, (scale, logits) in enumerate(zip(scales, answers, strict=True)):
        last = index == len(scales) - 1
        title = "all: the answer" if last else f"{scale} alone" if index == 0 else f"up to {scale}"
        shown = prediction_map(with_logits(analysis, {task: logits[task]}), task, LONGEST)
        alt = f"{TASKS[task].title} as read after {scale}: {shown.get('alt')}"
        maps.append(
            shown
            | {"id": f"lens-{index}", "title": title, "alt": alt, "note": _error(analysis, task, logits[task])}
            | {"threshold": None, "foot": ""}
        )
    words = "what can be read after each scale; the head learnt with all of them, so early pictures say what is there"
    return {"id": "lens", "title": f"How {TASKS[task].title.lower()} forms", "text": words, "columns": 3, "maps": maps}


def answers_so_far(analysis: Analysis) -> tuple[dict[str, Tensor], ...]:
    """Logits of every task after each scale, coarse to fine."""
    model, lock = analysis.result(locked_network)
    with lock, as_analysed(analysis, model):
        return answers_by_stage(model, analysis.trace)


def _error(analysis: Analysis, task: TaskName, logits: Tensor) -> str:
    size = shown_size(analysis)
    truth = truth_of(analysis, task, size)
    if truth is None:
        return ""
    error = error_at(task, enlarged(logits, size), truth).nanmean().item()
    percent = 100 if TASKS[task].kind == "classes" else 1
    return f"error {said(amount(percent * error, task), task)}"

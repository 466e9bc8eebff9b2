"""The network without one of its tasks: an analysis of its own, which every view can show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.analysis.results import Results
from app.analysis.session import Analysis
from bridgenet import inspection
from bridgenet.inspection.intervene import without_task
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network
from bridgenet.tasks import TaskName


def without(analysis: Analysis, task: TaskName | None) -> Analysis:
    """The analysis of the same photo by a network whose other tasks do not read this one, wherever they meet.

    The norms that tasks share keep the statistics of the uncut pass, as in the view Interaction.

    Args:
        analysis: Of the whole network.
        task: What nobody reads. None: the analysis itself.
    """
    return analysis if task is None else analysis.result(_cut, task)


@contextmanager
def as_analysed(analysis: Analysis, model: Network) -> Iterator[None]:
    """While it lasts, the network leaves out what the analysis does without: parts of it can be computed again.

    Args:
        analysis: Of the whole network, or of one without a task.
        model: Its network, see `Analysis.own_model`.
    """
    if analysis.whole is None or analysis.cut is None:
        yield
        return
    with evaluating(model), without_task(model, analysis.whole, analysis.cut):
        yield


def can_be_cut(analysis: Analysis) -> bool:
    """Whether the tasks of the network read each other somewhere."""
    return len(analysis.tasks) > 1 and bool(analysis.predictor.model.meetings)


def _cut(analysis: Analysis, task: TaskName) -> Analysis:
    trace = inspection.cut_trace(analysis.own_model(), analysis.trace, task)
    answer = analysis.predictor.answer
    answers = {name: answer(name, trace.logits[name], analysis.size) for name in analysis.tasks}
    prediction = replace(analysis.prediction, tasks=answers)
    return replace(analysis, trace=trace, prediction=prediction, results=Results(), cut=task, whole=analysis.trace)

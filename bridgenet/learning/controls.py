"""How much of a system's gain is left where its tasks cannot help each other: systems beside their controls."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bridgenet.learning.intervals import Interval, t_interval
from bridgenet.learning.metrics import multi_task_gain
from bridgenet.learning.study import Part, Result, Results
from bridgenet.tasks import TASKS, TaskName


@dataclass(frozen=True, slots=True)
class Left:
    """What a control leaves of a system's gain, over the seeds that both of them and the reference have.

    Attributes:
        system: Whose gain.
        control: The same system without what is asked about.
        gain: Delta_m of the system over the reference, in percent.
        left: Delta_m of the control over the reference, in percent.
        share: `left` as a percentage of `gain`, seed by seed; None if the system does not gain from every seed.
        over: Delta_m of the system over its control, in percent: what the control lacks.
        by_task: The system's metric less that of the control, in the unit of the metric.
    """

    system: str
    control: str
    gain: Interval
    left: Interval
    share: Interval | None
    over: Interval
    by_task: dict[TaskName, Interval]

    def in_json(self) -> dict[str, object]:
        """All of it as JSON takes it."""
        gains = {"gain": self.gain, "left": self.left, "share": self.share, "over": self.over}
        return {
            "system": self.system,
            "control": self.control,
            "seeds": len(self.gain.samples),
            **{name: None if interval is None else _ends(interval) for name, interval in gains.items()},
            "by_task": {task: _ends(interval) for task, interval in self.by_task.items()},
        }


def controls(results: Results) -> Iterator[Left]:
    """Every control of a study beside its system, as far as their results can be compared."""
    for control, about in results.study.systems.items():
        if about.control_of is not None and (left := left_in(results, about.control_of, control)) is not None:
            yield left


def left_in(results: Results, system: str, control: str) -> Left | None:
    """What a control leaves of the gain of a system; None where no seed has results of both that can be compared."""
    found = [
        (ours, theirs, reference)
        for ours in results.of(system)
        if (theirs := results.by_part.get(Part(control, ours.part.seed))) is not None
        and (reference := results.by_part.get(Part(str(results.study.reference), ours.part.seed))) is not None
    ]
    if not found:
        return None
    try:
        gain = [multi_task_gain(ours.metrics, reference.metrics) for ours, _, reference in found]
        left = [multi_task_gain(theirs.metrics, reference.metrics) for _, theirs, reference in found]
        over = [multi_task_gain(ours.metrics, theirs.metrics) for ours, theirs, _ in found]
    except ValueError:
        return None
    share = [100 * one / whole for one, whole in zip(left, gain, strict=True)] if min(gain) > 0 else []
    return Left(
        system,
        control,
        t_interval(gain),
        t_interval(left),
        t_interval(share) if share else None,
        t_interval(over),
        _by_task([(ours, theirs) for ours, theirs, _ in found]),
    )


def _ends(interval: Interval) -> dict[str, float | None]:
    """A mean and its interval, which a single seed does not have."""
    low, high = (end if math.isfinite(end) else None for end in (interval.low, interval.high))
    return {"mean": interval.mean, "low": low, "high": high}


def _by_task(pairs: Sequence[tuple[Result, Result]]) -> dict[TaskName, Interval]:
    changes: dict[TaskName, Interval] = {}
    for task in TASKS:
        values = [(ours.value(task), theirs.value(task)) for ours, theirs in pairs]
        apart = [one - other for one, other in values if one is not None and other is not None]
        if len(apart) == len(pairs):
            changes[task] = t_interval(apart)
    return changes

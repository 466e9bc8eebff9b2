"""What the head of the page says about a checkpoint."""

from collections.abc import Mapping

from app.analysis.session import Session
from app.view.frame import Head
from bridgenet.labels import NO_VALID_PIXEL


def checkpoint_chip(session: Session, name: str | None = None) -> Head:
    """Name, tasks, size and metrics of a checkpoint, as the head of the page shows them, and the others there are."""
    predictor = session.predictor(name)
    parameters = sum(parameter.numel() for parameter in predictor.model.parameters())
    count = len(predictor.tasks)
    facts = [f"{count} task{'s' if count > 1 else ''}", f"{parameters / 1e6:.1f} M"]
    told = [_measured(predictor.metrics, task, metric, text) for task, metric, text in CHIP_METRICS]
    measured = [words for words in told if words]
    return {
        "title": predictor.name,
        "facts": facts + (measured or ["not evaluated"]),
        "checkpoints": list(session.checkpoints),
    }


def _measured(metrics: Mapping[str, object], task: str, metric: str, text: str) -> str | None:
    """A metric in words; None where it was not measured. The file may have been written by hand."""
    part, word = metrics.get(task, {}), text.partition(" ")[0]
    if isinstance(part, Mapping) and metric not in part:
        return None
    value = part[metric] if isinstance(part, Mapping) else part
    if value is None:
        return f"{word} {NO_VALID_PIXEL}"
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6
    return text.format(value) if number else f"{word} unreadable"


CHIP_METRICS = (
    ("semseg", "miou", "mIoU {:.1f}"),
    ("depth", "rmse", "rmse {:.2f} m"),
    ("normals", "mean_angle", "normals {:.0f}°"),
)
"""Metrics in the head of the page: task, key in `metrics.json`, words."""

"""What a notebook says to its reader: that it looks at something a network has not, and whether an answer is right.

Both are sentences. A traceback would show the code of a check, which is the answer.
"""

from collections.abc import Sequence
from math import isnan
from textwrap import wrap
from typing import Literal

import torch

from bridgenet.checkpoint import read_config
from bridgenet.config.systems import TITLES
from bridgenet.model import build_model
from bridgenet.predictor import Predictor
from bridgenet.tasks import TASKS

Sought = Literal["tpp", "bfe", "messages", "any"]
"""What a notebook looks at: a meeting by its name, or any at all."""

SOUGHT: dict[Sought, str] = {
    "tpp": "task patterns that are fused (TPP)",
    "bfe": "a bridge",
    "messages": "messages from task to task",
    "any": "a place where tasks meet",
}
"""In words, as something that a network has."""


WIDTH = 88
"""Letters of a line that JupyterLab does not break within a word where the window is small."""


class UnfitNetworkError(Exception):
    """A network without what a notebook looks at. A notebook ends with the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return wrap(str(self), WIDTH)


def needs(predictor: Predictor, sought: Sought) -> None:
    """Ends a notebook with one sentence where its network has not what the notebook looks at.

    Args:
        predictor: The chosen network.
        sought: What is looked at.

    Raises:
        UnfitNetworkError: It is not there; the message names bundled checkpoints that have it.
    """
    met = [meeting.name for meeting in predictor.model.meetings]
    if sought in met or (sought == "any" and met):
        return
    titles = [meeting.title for meeting in predictor.model.meetings]
    where = _listed([title if title.isupper() else title.lower() for title in titles], "and")
    meets = f"its tasks meet in {where}" if where else "its tasks meet nowhere behind the backbone"
    others = _listed([f"`{name}`" for name in _with(sought, predictor)], "or")
    system = TITLES[predictor.config.model.system]
    raise UnfitNetworkError(
        f"This notebook looks at {SOUGHT[sought]}, which `{predictor.name}` ({system}) has not: {meets}. "
        f"Choose {others or 'another checkpoint'} in the cell that names the checkpoint, and run all again. "
        "Notebook 01 takes every network, 06 every one whose tasks meet, and 09 is about pairs."
    )


def check(answer: object, expected: str | float, hint: str, within: float = 0.005, right: str = "Right.") -> None:
    """Prints whether an answer to an exercise is right, and if not, what to think of; never the answer.

    Args:
        answer: What the reader gave.
        expected: The short name of a task, or a number.
        hint: What to think of, as a sentence.
        within: How far a number may be off.
        right: What is said to a right answer.
    """
    problem = _wrong_name(answer, expected) if isinstance(expected, str) else _wrong_number(answer, expected, within)
    print(right if problem is None else f"Not yet. {problem or hint}")  # noqa: T201


def _wrong_name(answer: object, expected: str) -> str | None:
    """None if it is right, a sentence where something can be said about it, else nothing."""
    if not isinstance(answer, str):
        return 'The name of a task is asked for, in quotation marks: "depth", say.'
    short = {spelling.lower(): name for name, task in TASKS.items() for spelling in (name, task.title)}
    if answer.strip().lower() not in short:
        return f"No task is called “{answer}”. There are: {', '.join(TASKS)}."
    return None if short[answer.strip().lower()] == expected else ""


def _wrong_number(answer: object, expected: float, within: float) -> str | None:
    """The same of a number."""
    try:
        number = float(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "One number is asked for, and this is none."
    if isnan(number):
        return "This is no number (nan): something was divided by zero, or is not known everywhere."
    if abs(number - expected) <= within:
        return None
    if expected and abs(number / 100 - expected) <= within and abs(number) > 1:
        return "A share from 0 to 1 is asked for, and this looks like per cent."
    return ""


def _with(sought: Sought, predictor: Predictor) -> list[str]:
    """Bundled checkpoints of networks that have what is sought."""
    if predictor.folder is None:
        return []
    found = []
    for folder in sorted(path.parent for path in predictor.folder.parent.glob("*/config.json")):
        with torch.device("meta"):
            met = [meeting.name for meeting in build_model(read_config(folder).model).meetings]
        found += [folder.name] if sought in met or (sought == "any" and met) else []
    return found


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

"""What a view of the studio is: a function of analysis and selection, and what it follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from app.analysis.selection import Choice, Option, Selection, Slider, Word
from app.analysis.session import Analysis, Session

Follows = Literal["place", "task", "scale", "head", "scope", "pins"]

Value = dict[str, Any]
"""What a viewer shows, see `Page.view`."""

Progress = Callable[[int, int, str], None]
"""Told how many steps of how many are done, and what is being done. Raises when the visitor has cancelled."""


@dataclass(frozen=True, slots=True)
class Page:
    """One tab.

    Attributes:
        name: As in `app.tabs`.
        view: Value of its viewer, quickly: what takes longer than a moment is left to `compute`, and the view says so
            by `pending` (words). Keys of the value: `say`, `hint`, `tools`, `shares`, `groups`, `pending`.
        follows: Parts of the selection that change the view; its own options always do.
        options: Options of this view.
        exists: Whether the checkpoint has what the view shows.
        compute: The slow part: computes what `view` misses and keeps it in `analysis.results`.
        ignores: What of `follows` does not matter as its options are set, so that it is not drawn again in vain.
    """

    name: str
    view: Callable[[Analysis, Selection], Value]
    follows: frozenset[Follows] = frozenset()
    options: tuple[Option, ...] = ()
    exists: Callable[[Analysis], bool] = field(default=lambda analysis: True)
    compute: Callable[[Session, Analysis, Selection, Progress], None] | None = None
    ignores: Callable[[Selection], frozenset[Follows]] = field(default=lambda selection: frozenset())

    def key(self, analysis: Analysis, selection: Selection) -> str:
        """Names what the viewer shows: equal keys, equal views."""
        parts: dict[Follows, Any] = {
            "place": f"{selection.x:.4f},{selection.y:.4f}",
            "task": selection.task,
            "scale": selection.scale,
            "head": selection.head,
            "scope": selection.scope,
            "pins": sorted((name, str(pin)) for name, pin in selection.pins.items()),
        }
        own = [f"{option.name}={selection.options.get(option.name, option.default)}" for option in self.options]
        followed = sorted(self.follows - self.ignores(selection))
        return "|".join([analysis.key, *(f"{parts[part]}" for part in followed), *own])


def tool(option: Option, selection: Selection, values: dict[str, str] | None = None) -> Value:
    """An option as the page draws it.

    Args:
        option: Which.
        selection: Knows its value.
        values: Of a `Word`: the values there are now, and what the reader sees.
    """
    shared = {"name": option.name, "label": option.label}
    match option:
        case Slider():
            bounds = {"low": option.low, "high": option.high, "step": option.step}
            return shared | bounds | {"kind": "slider", "value": selection.number(option)}
        case Choice():
            return shared | choices(option.values, selection.text(option))
        case Word():
            asked, known = selection.text(option), values or {}
            return shared | choices(known, asked if asked in known else option.default)


def choices(values: dict[str, str], chosen: str) -> Value:
    """Few and short values side by side, others in a list."""
    few = len(values) <= 5 and sum(len(text) for text in values.values()) <= 44
    options = [{"value": value, "text": text} for value, text in values.items()]
    return {"kind": "segments" if few else "list", "options": options, "chosen": chosen}


def button(action: str, label: str, *, name: str = "") -> Value:
    """A button. Actions, see `app/browser`: `run` (compute the view), `cancel`, `set` (an option), `pin`, `unpin`."""
    return {"kind": "button", "action": action, "label": label, "name": name or action}

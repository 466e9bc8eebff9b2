"""What a tab of the studio is: a function of analysis and selection that gives a view, and what it follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from app.analysis.selection import Choice, Option, Selection, Slider, Word
from app.analysis.session import Analysis, Session
from app.view.view import ButtonTool, ChoiceTool, Choosable, Follows, Setting, SliderTool, ToggleTool, View


class Named(Protocol):
    """An option as a choice names it."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...


Progress = Callable[[int, int, str], None]
"""Told how many steps of how many are done, and what is being done. Raises when the visitor has cancelled."""


@dataclass(frozen=True, slots=True)
class Page:
    """One tab.

    Attributes:
        name: As in `app.tabs`.
        view: What its viewer shows, quickly: what takes longer than a moment is left to `compute`, and the view says so
            by `pending` (words).
        follows: Parts of the selection that change the view; its own options always do.
        options: Options of this view.
        exists: Whether the checkpoint has what the view shows.
        compute: The slow part: computes what `view` misses and keeps it in `analysis.results`.
        ignores: What of `follows` does not matter as its options are set, so that it is not drawn again in vain.
        cuts: Whether it shows the network without the task that is cut, see `app.analysis.cut`.
        regions: Whether it can ask a region in place of the pixel, see `app.analysis.region`.
        ahead: Whether it is computed before it is opened, while nobody asks for anything: it is slow to open at first.
        expert: Names of its tools and groups that the page hides where only the simple is asked for.
    """

    name: str
    view: Callable[[Analysis, Selection], View]
    follows: frozenset[Follows] = frozenset()
    options: tuple[Option, ...] = ()
    exists: Callable[[Analysis], bool] = field(default=lambda analysis: True)
    compute: Callable[[Session, Analysis, Selection, Progress], None] | None = None
    ignores: Callable[[Selection], frozenset[Follows]] = field(default=lambda selection: frozenset())
    cuts: bool = False
    regions: bool = False
    ahead: bool = False
    expert: frozenset[str] = frozenset()

    def key(self, analysis: Analysis, selection: Selection) -> str:
        """Names what the viewer shows: equal keys, equal views."""
        parts: dict[Follows, object] = {
            "place": f"{selection.x:.4f},{selection.y:.4f}",
            "task": selection.task,
            "scale": selection.scale,
            "head": selection.head,
            "scope": selection.scope,
            "pins": sorted((name, str(pin)) for name, pin in selection.pins.items()),
        }
        own = [f"{option.name}={selection.options.get(option.name, option.default)}" for option in self.options]
        followed = sorted(self.follows - self.ignores(selection))
        cut = [] if selection.cut is None else [f"without {selection.cut}"]
        told = self.asks_place or (self.cuts and selection.cut is not None)
        region = [f"{selection.region} {parts['place']}"] if selection.region and told else []
        return "|".join([analysis.key, *(f"{parts[part]}" for part in followed), *own, *cut, *region])

    @property
    def asks_place(self) -> bool:
        """Whether it shows something of the place, or would of a region."""
        return self.regions or "place" in self.follows


def slider(
    option: Slider,
    selection: Selection,
    *,
    kind: Literal["slider", "mix"] = "slider",
    value: float | None = None,
    high: float | None = None,
) -> SliderTool:
    """A number as the page draws it.

    Args:
        option: Which.
        selection: Knows its value.
        kind: See `SliderTool`.
        value: Stands for the selected one where the photo cannot have that.
        high: The upper end, where it depends on the photo.
    """
    return {
        "kind": kind,
        "name": option.name,
        "label": option.label,
        "low": option.low,
        "high": option.high if high is None else high,
        "step": option.step,
        "value": selection.number(option) if value is None else value,
    }


def choice(option: Choice, selection: Selection) -> ChoiceTool:
    """Some values of which one is on."""
    return choices(option, option.values, selection.text(option))


def word(option: Word, selection: Selection, values: Mapping[str, str]) -> ChoiceTool:
    """The values that there are now, and what the reader sees."""
    asked = selection.text(option)
    return choices(option, values, asked if asked in values else option.default)


def scope_tool(selection: Selection) -> ChoiceTool:
    """What shares a colour scale."""
    return {
        "kind": "segments",
        "name": "scope",
        "label": "Colours over",
        "options": [
            {"value": "map", "text": "a map"},
            {"value": "tab", "text": "these maps"},
            {"value": "all", "text": "all pixels"},
        ],
        "chosen": selection.scope,
        "expert": True,
    }


def toggle(option: Choice, selection: Selection) -> ToggleTool:
    """Off or on."""
    return {"kind": "toggle", "name": option.name, "label": option.label, "chosen": selection.text(option)}


def choices(option: Named, values: Mapping[str, str], chosen: Setting) -> ChoiceTool:
    """Few and short values side by side, others in a list."""
    few = len(values) <= 5 and sum(len(text) for text in values.values()) <= 44
    options: list[Choosable] = [{"value": value, "text": text} for value, text in values.items()]
    kind = "segments" if few else "list"
    return {"kind": kind, "name": option.name, "label": option.label, "options": options, "chosen": chosen}


def button(action: Literal["run", "unpin", "lesson", "present"], label: str) -> ButtonTool:
    """A button. Actions, see `app/browser/tools.js`: compute a view, release the pins, begin with lessons, present."""
    return {"kind": "button", "action": action, "label": label, "name": action}

"""Links that open the studio on a chosen view of a bundled photo, for notebooks, lessons and slides: made and read."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict, get_args
from urllib.parse import urlencode

from app.analysis.selection import SEGMENT, Choice, Option, Scope, Setting, Slider, plain_number, read_region
from app.tabs import LESSON_STEPS, TABS
from bridgenet.examples import EXAMPLES
from bridgenet.tasks import TASKS, TaskName

ADDRESS = "http://127.0.0.1:7860/"
"""Where `make demo` serves the studio."""


def studio_link(
    example: str,
    tab: str,
    *,
    place: tuple[float, float] | None = None,
    task: TaskName | None = None,
    scale: int | None = None,
    head: int | None = None,
    cut: TaskName | None = None,
    region: str | Sequence[tuple[float, float]] | None = None,
    checkpoint: str | None = None,
    address: str = ADDRESS,
    **options: Setting,
) -> str:
    """The address of the studio with everything selected.

    Args:
        example: A bundled photo, see `bridgenet.examples.EXAMPLES`.
        tab: Name of a view, see `app.tabs.TABS`.
        place: Fractions (nx, ny) of the photo's width and height, 0 <= n < 1.
        task: Whose features and answers are shown.
        scale: Stage of the decoder, counted from the coarsest.
        head: Attention head. None is the mean of all.
        cut: The task that no other reads. None shows the whole network.
        region: `segment`, the predicted one at the place, or 3 to 48 corners (nx, ny) of an outline, 0 <= n <= 1, of
            which three digits are kept. None asks the pixel.
        checkpoint: Name of a folder beside the studio's checkpoint.
        address: Where the studio runs.
        **options: Options of single views by their names, such as `**{"tpp.direction": "incoming"}`.

    Raises:
        ValueError: A name or value that the studio does not know; the message lists those it knows.
    """
    _one_of("example", example, EXAMPLES)
    _one_of("tab", tab, TABS)
    for name in (task, cut):
        if name is not None:
            _one_of("task", name, TASKS)
    if place is not None and not all(0 <= fraction < 1 for fraction in place):
        raise ValueError(f"A place is two fractions from 0 up to, not including, 1; got {place}.")
    known = _options()
    for name, value in options.items():
        _one_of("option", name, known)
        option = known[name]
        if isinstance(option, Choice):
            _one_of(f"value of {name}", str(value), option.values)
        elif isinstance(option, Slider) and option.read(value) != value:
            raise ValueError(
                f"{name} goes from {option.low} to {option.high} in steps of {option.step}; got {value!r}."
            )
    if region is not None and region != SEGMENT:
        outline = ";".join(f"{x:.3f},{y:.3f}" for x, y in region if not isinstance(region, str))
        if not read_region(outline, ()):
            raise ValueError(f"A region is {SEGMENT!r} or 3 to 48 corners, two fractions 0 to 1 each; got {region!r}.")
        region = outline
    px = None if place is None else f"{place[0]:.4f},{place[1]:.4f}"
    parts = {
        "ex": example,
        "checkpoint": checkpoint,
        "tab": tab,
        "px": px,
        "task": task,
        "cut": cut,
        "scale": scale,
        "head": head,
        "region": region,
    }
    query = {name: value for name, value in {**parts, **options}.items() if value is not None}
    return f"{address}?{urlencode(query, safe=',/;')}"


class Told(TypedDict, total=False):
    """The selection that a link describes, as the page would report it."""

    x: float
    y: float
    task: str
    scope: str
    cut: str
    region: str
    tab: str
    scale: int
    head: int
    options: dict[str, Setting]


def read_link(link: Mapping[str, str]) -> Told:
    """The selection that a link describes, as the page would report it. What cannot be read is left out.

    The page reads links by the same rules before the network is there, see `app/browser/link.js`.
    """
    options = {name: _setting(_options().get(name), value) for name, value in link.items() if "." in name}
    told: Told = {"options": {name: value for name, value in options.items() if value is not None}}
    match [plain_number(text) for text in link.get("px", "").split(",")]:
        case [float(x), float(y)] if 0 <= x <= 1 and 0 <= y <= 1:
            told |= {"x": x, "y": y}
    for word in ("task", "cut", "scope", "tab"):
        if link.get(word):
            told[word] = link[word]
    if region := read_region(link.get("region"), tuple(TASKS)):
        told["region"] = region
    for number in ("scale", "head"):
        if re.fullmatch("-?[0-9]{1,4}", link.get(number, "")):
            told[number] = int(link[number])
    return told


def not_understood(
    link: Mapping[str, str], checkpoints: Collection[str], tabs: Collection[str], tasks: tuple[TaskName, ...],
    scales: int, heads: int,
) -> list[str]:  # fmt: skip
    """Parts of a link that name nothing the studio has, as `name=value`, shortened.

    Args:
        link: Values by name. An empty value says nothing.
        checkpoints: Those there are.
        tabs: Views of the network that answers.
        tasks: Its tasks.
        scales: Number of its decoder stages.
        heads: Number of its attention heads.
    """
    read = read_link(link)
    known = {
        "ex": EXAMPLES, "checkpoint": checkpoints, "photo": ("own",), "tab": tabs, "task": tasks, "cut": tasks,
        "scope": get_args(Scope), "depth": ("simple", "expert"), "lesson": LESSON_STEPS,
    }  # fmt: skip

    def understood(name: str, value: str) -> bool:
        match name:
            case "px":
                return "x" in read
            case "region":
                return read_region(value, tasks) != ""
            case "scale":
                return read.get(name) in range(scales)
            case "head":
                return read.get(name) in range(-1, heads)
            case _ if "." in name:
                return name in read.get("options", {})
            case _:
                return value in known[name] if name in known else name.startswith(FOREIGN)

    wrong = [f"{name}={value}" for name, value in link.items() if value and not understood(name, value)]
    return [text if len(text) <= SHORT else f"{text[:SHORT]}…" for text in wrong]


FOREIGN = ("__", "view", "utm_", "token")
"""Beginnings of names that are meant for others: Gradio's own, and what portals and mail programs add."""

SHORT = 32
"""Characters of a part of a link that are repeated to the reader."""


def _options() -> dict[str, Option]:
    # Not at the top: views import torch, and the page is built before it is there.
    from app.tabs.overview.page import OPACITY
    from app.tabs.views import OPTIONS

    return {option.name: option for option in (*OPTIONS, OPACITY)}


def _setting(option: Option | None, text: str) -> Setting | None:
    """The value of an option; None where there is no such option or value."""
    match option:
        case None:
            return None
        case Slider():
            number = plain_number(text)
            return option.read(number) if number is not None and option.low <= number <= option.high else None
        case _:
            return text if option.read(text) == text else None


def _one_of(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise ValueError(f"The studio has no {what} {name!r}. Known: {', '.join(names)}.")

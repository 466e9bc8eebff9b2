"""Links that open the studio on a chosen view of a bundled photo, for notebooks, lessons and slides."""

from collections.abc import Iterable
from urllib.parse import urlencode

from app.selection import Choice, Setting, Slider
from app.tabs import TABS
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
        checkpoint: Name of a folder beside the studio's checkpoint.
        address: Where the studio runs.
        **options: Options of single views by their names, such as `**{"tpp.direction": "incoming"}`.

    Raises:
        ValueError: A name or value that the studio does not know; the message lists those it knows.
    """
    from app.pages.views import OPTIONS

    _one_of("example", example, EXAMPLES)
    _one_of("tab", tab, TABS)
    if task is not None:
        _one_of("task", task, TASKS)
    if place is not None and not all(0 <= fraction < 1 for fraction in place):
        raise ValueError(f"A place is two fractions from 0 up to, not including, 1; got {place}.")
    known = {option.name: option for option in OPTIONS}
    for name, value in options.items():
        _one_of("option", name, known)
        option = known[name]
        if isinstance(option, Choice):
            _one_of(f"value of {name}", str(value), option.values)
        elif isinstance(option, Slider) and option.read(value) != value:
            raise ValueError(
                f"{name} goes from {option.low} to {option.high} in steps of {option.step}; got {value!r}."
            )
    px = None if place is None else f"{place[0]:.4f},{place[1]:.4f}"
    parts = {"ex": example, "checkpoint": checkpoint, "tab": tab, "px": px, "task": task, "scale": scale, "head": head}
    query = {name: value for name, value in {**parts, **options}.items() if value is not None}
    return f"{address}?{urlencode(query, safe=',/')}"


def _one_of(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise ValueError(f"The studio has no {what} {name!r}. Known: {', '.join(names)}.")

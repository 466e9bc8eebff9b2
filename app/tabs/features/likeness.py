"""The token at the place looked for elsewhere: in the features of the other tasks, and in a photo that was pinned."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.features.kinds import Entry, Kind, chosen_entry, entries, in_words
from app.view.attention import signed_map
from app.view.encoding import photo_uri
from app.view.view import Box, Group, Map
from bridgenet.inspection.features.components import Likeness, similarity_across
from bridgenet.tasks import TASKS, TaskName

SHARED: frozenset[Kind] = frozenset({"generic", "bridge"})
"""Kinds that all tasks have in common: there is no other task's to look into."""

BY_CHANCE = "by chance the most alike one reaches the second number (its channels shuffled, 95 of 100 times less)"


@dataclass(frozen=True, slots=True)
class OtherPhoto:
    """What is kept of a photo that was pinned.

    Attributes:
        title: Its name.
        src: Its picture; empty where the studio has it no longer.
        features: Its feature maps by task, then by name.
    """

    title: str
    src: str
    features: Mapping[TaskName, Mapping[str, Entry]]


def across_rows(analysis: Analysis, selection: Selection, kind: Kind) -> list[Group]:
    """Where the token at the place finds its like: in other tasks' features of this kind, and in pinned photos."""
    here = chosen_entry(analysis, selection.task, selection.scale, kind)
    return [*_in_tasks(analysis, selection, here), *_in_photos(analysis, selection, here)]


def pinned_keys(analysis: Analysis, selection: Selection) -> list[str]:
    """Keys of other photos that this network was asked about and that were pinned."""
    keys = [str(pin.get("key")) for pin in selection.pins.values() if isinstance(pin, Mapping)]
    own = analysis.key.partition(":")
    others = [key for key in keys if key.partition(":")[0] != own[0] and key.partition(":")[2] == own[2]]
    # A network without a task says other things of the photo than the whole one said of what was pinned.
    return [] if analysis.cut else list(dict.fromkeys(others))


def photos_missing(analysis: Analysis, selection: Selection) -> bool:
    """Whether a pinned photo is still to be looked up."""
    return any(analysis.results.get(other_photo, key) is None for key in pinned_keys(analysis, selection))


def photos_gone(analysis: Analysis, selection: Selection) -> bool:
    """Whether the studio no longer has a photo that was pinned."""
    found = [analysis.results.get(other_photo, key) for key in pinned_keys(analysis, selection)]
    return any(other is not None and not other.src for other in found)


def look_up(session: Session, analysis: Analysis, selection: Selection) -> None:
    """Keep the features of the pinned photos."""
    for key in pinned_keys(analysis, selection):
        analysis.results.keep(other_photo(session, key), other_photo, key)


def other_photo(session: Session, key: str) -> OtherPhoto:
    """A photo by its key."""
    found = session.recall(key)
    if found is None:
        return OtherPhoto("", "", {})
    features: dict[TaskName, dict[str, Entry]] = {
        task: {entry.name: entry for entry in entries(found, task)} for task in found.tasks
    }
    return OtherPhoto(found.title, photo_uri(found.prediction.image, 320), features)


def _in_tasks(analysis: Analysis, selection: Selection, here: Entry) -> list[Group]:
    if here.kind in SHARED:
        return []
    maps: list[Map] = []
    for task in analysis.tasks:
        there = next((entry for entry in entries(analysis, task) if entry.name == here.name), None)
        if task == selection.task or there is None or there.channels != here.channels:
            continue
        found = similarity_across(here.feature, there.feature, selection.x, selection.y)
        words = f"{TASKS[task].title}, {in_words(here.kind)} at {here.scale}"
        maps.append(_like(f"across-{task}", TASKS[task].title, words, found) | {"colour": TASKS[task].colour})
    if not maps:
        return []
    title = f"The same token in other tasks, {here.scale}"
    text = f"{in_words(here.kind)} of {TASKS[selection.task].title.lower()} among theirs; {BY_CHANCE}"
    return [{"id": "features-across", "title": title, "text": text, "columns": 4, "maps": maps}]


def _in_photos(analysis: Analysis, selection: Selection, here: Entry) -> list[Group]:
    rows: list[Group] = []
    for index, key in enumerate(pinned_keys(analysis, selection)):
        other = analysis.results.get(other_photo, key)
        there = other.features.get(selection.task, {}).get(here.name) if other is not None else None
        if other is None or there is None or there.channels != here.channels:
            continue
        found = similarity_across(here.feature, there.feature, selection.x, selection.y)
        words = f"{other.title}, {in_words(here.kind)} at {here.scale}"
        box = _box(found.best, there.grid)
        photo: Map = {
            "id": f"pinned-{index}",
            "title": other.title,
            "alt": f"The pinned photo: {other.title}; the box is the token that is most alike",
            "src": other.src,
            "token": box,
        }
        title = f"The same token in the pinned photo, {here.scale}"
        text = f"{in_words(here.kind)}; {BY_CHANCE}"
        maps = [photo, _like(f"pinned-{index}-like", "How alike", words, found) | {"token": box}]
        rows.append({"id": f"features-pinned-{index}", "title": title, "text": text, "columns": 4, "maps": maps})
    return rows


def _like(name: str, title: str, words: str, found: Likeness) -> Map:
    best = float(found.values.max())
    told = f"most alike {best:.2f}, by chance {found.chance:.2f}".replace("-", "−")
    judged = "" if found.above_chance else ": not above chance"
    alt = f"{words}: cosine similarity to the token at the cross-hair, {told}{judged}"
    shown = signed_map(name, title, found.values, 1.0, alt, "all maps")
    box = _box(found.best, (found.values.shape[0], found.values.shape[1]))
    return shown | {"foot": f"{told}{judged}", "token": box}


def _box(place: tuple[int, int], grid: tuple[int, int]) -> Box:
    (row, column), (height, width) = place, grid
    return {"left": column / width, "top": row / height, "width": 1 / width, "height": 1 / height}

"""Views as paper and slides show them: whole, though nobody has waited for them, and without words about a mouse."""

import re
from collections.abc import Collection

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.tabs import TABS
from app.view.page import Progress
from app.view.view import Group, View

STEPS = 100
"""Of a view, as progress counts."""

BY_HAND = re.compile(r"\b(click|hover|drag|choose one|pin two)\b", re.IGNORECASE)
"""Sentences with these words say what to do on the page."""


def whole_views(
    session: Session, analysis: Analysis, selection: Selection, names: Collection[str], tell: Progress
) -> dict[str, View]:
    """Views by name, in the order of their tabs. What they miss is computed, as if each had been opened.

    Args:
        session: Checkpoints and analyses.
        analysis: Of one photo.
        selection: What is selected.
        names: Those that are wanted. Lessons, and views that the network does not have, are left out.
        tell: Told how far it is.
    """
    # Not at the top: views import torch, and the page is built before it is there.
    from app.tabs import views
    from app.tabs.overview.page import flat

    selection = flat(selection)
    wanted = [name for name, page in views.PAGES.items() if name in names and page.exists(analysis)]
    wanted = [name for name in wanted if name != "lessons"]
    found: dict[str, View] = {}
    for index, name in enumerate(wanted):

        def report(done: int, total: int, words: str, at: int = index, title: str = TABS[name]) -> None:
            steps = STEPS * at + STEPS * done // max(total, 1)
            tell(steps, STEPS * len(wanted), f"{title}: {words[:1].lower()}{words[1:]}" if words else title)

        report(0, 1, "")
        found[name] = _whole(name, session, analysis, selection, report)
    return found


def _whole(name: str, session: Session, analysis: Analysis, selection: Selection, report: Progress) -> View:
    from app.tabs import views

    view = views.view_of(name, analysis, selection)
    if "pending" not in view:
        return view
    try:
        views.compute(name, session, analysis, selection, report)
    except StudioError as problem:
        return {"problem": str(problem), "groups": []}
    return views.view_of(name, analysis, selection)


def on_paper(view: View) -> View:
    """The view without what only makes sense where it can be clicked."""
    groups = [_group_on_paper(group) for group in view.get("groups", ())]
    return view | {"hint": without_hands(view.get("hint", "")), "groups": groups}


def _group_on_paper(group: Group) -> Group:
    paper = group | {"text": without_hands(group.get("text", ""))}
    if "maps" in group:
        paper["maps"] = [entry | {"foot": without_hands(entry.get("foot", ""))} for entry in group["maps"]]
    return paper


def without_hands(words: str) -> str:
    """Sentences but for those that say what to do on the page."""
    sentences = re.split(r"(?<=[.!?]) ", words)
    return " ".join(sentence for sentence in sentences if not BY_HAND.search(sentence))

"""Features: every kind of feature map at every scale, in colours that can be compared, and numbers about them."""

from pathlib import Path
from typing import cast

from app.analysis.selection import Choice, Selection, Slider
from app.analysis.session import Analysis, Session
from app.tabs.features.facts import claim_sentence, facts, likeness_sentence
from app.tabs.features.groups import group_rows, group_sentence, groups_missing, label_all
from app.tabs.features.kinds import KINDS, Kind, chosen_entry, entries
from app.tabs.features.likeness import across_rows, look_up, photos_gone, photos_missing
from app.tabs.features.pictures import (
    channel_rows,
    colours_by,
    foreground_of,
    mask_rows,
    pca_rows,
    similarity_rows,
    strength_rows,
    with_scale,
)
from app.view.attention import chooses_scale, has_bridge
from app.view.page import Page, Progress, choice, choices, slider
from app.view.spoken import Spoken
from app.view.view import Follows, Group, Tool, View
from app.view.wording import wording

TEXT = Path(__file__).with_name("text.md")

VIEW = Choice(
    "features.view",
    "Show",
    {
        "pca": "PCA colours",
        "similarity": "similarity",
        "strength": "strength",
        "groups": "groups",
        "channel": "channel",
    },
)
BASIS = Choice("features.basis", "Basis", {"saved": "saved", "image": "this image", "foreground": "foreground"})
KIND = Choice("features.kind", "Kind", {str(kind): title.lower() for kind, title in KINDS.items()})
CHANNEL = Slider("features.channel", "Channel", 0, 4095, 1, 0)

READ_AS = {
    "pca": "Three principal components as red, green and blue. Their basis: {basis}.",
    "similarity": "Cosine similarity of every token to the one in the box, after each map's mean is taken away: red is "
    "alike, blue opposite. Pin a photo (P) and go to another to look for this token there.",
    "strength": "Length of the feature vector at every token: where a kind has much to say.",
    "groups": "Parts that add up to the feature (non-negative matrix factorisation){without}.",
    "channel": "Numbers of a single channel. A channel alone rarely means something: compare several.",
}
"""The views in words."""


def features(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer, for the selected task, scale and kind."""
    shown, kind = selection.text(VIEW), kind_of(analysis, selection)
    _, how = wording(TEXT)
    basis = analysis.result(colours_by, selection.text(BASIS)).words if shown == "pca" else ""
    without = ", and what the tasks do without each part of the bridge" if has_bridge(analysis) else ""
    how = how.format(choice="kind and scale choose" if chooses_scale(analysis) else "the kind chooses")
    value: View = {
        "say": _say(analysis, selection, shown, kind),
        "hint": f"{READ_AS[shown].format(basis=basis, without=without)} {how}",
        "tools": tools(analysis, selection),
        "groups": _arranged(_pictures(analysis, selection, shown, kind), facts(analysis, selection, kind)),
    }
    if shown == "similarity" and photos_gone(analysis, selection):
        value["hint"] += " The pinned photo is no longer there: show it and pin it again."
    if shown == "groups" and groups_missing(analysis, selection, kind):
        value["pending"] = "Which task does each group move?"
    if shown == "similarity" and photos_missing(analysis, selection):
        value["pending"] = "The pinned photo is still to be looked up."
    return value


def kind_of(analysis: Analysis, selection: Selection) -> Kind:
    """The chosen kind, or what stands for it where the checkpoint lacks it."""
    wish = cast(Kind, selection.text(KIND))
    return chosen_entry(analysis, selection.task, selection.scale, wish).kind


def channel_of(analysis: Analysis, selection: Selection) -> int:
    """The chosen channel, or the last there is."""
    entry = chosen_entry(analysis, selection.task, selection.scale, kind_of(analysis, selection))
    return min(int(selection.number(CHANNEL)), entry.channels - 1)


def tools(analysis: Analysis, selection: Selection) -> list[Tool]:
    """Choices that make sense for this checkpoint, this photo and this view."""
    shown = selection.text(VIEW)
    row: list[Tool] = [choice(VIEW, selection)]
    if shown == "pca":
        found = analysis.result(foreground_of) is not None
        there = {value: text for value, text in BASIS.values.items() if value != "foreground" or found}
        chosen = selection.text(BASIS)
        row.append(choices(BASIS, there, chosen if chosen in there else "image"))
    known = {entry.kind for entry in entries(analysis, selection.task)}
    kinds = {kind: text for kind, text in KIND.values.items() if kind in known}
    row.append(choices(KIND, kinds, kind_of(analysis, selection)))
    if shown == "channel":
        entry = chosen_entry(analysis, selection.task, selection.scale, kind_of(analysis, selection))
        row.append(slider(CHANNEL, selection, value=channel_of(analysis, selection), high=entry.channels - 1))
    return row


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """Which task each group moves, or what there is in the photos that were pinned."""
    if selection.text(VIEW) == "similarity":
        look_up(session, analysis, selection)
    else:
        label_all(analysis, selection, kind_of(analysis, selection), report)


def ignores(selection: Selection) -> frozenset[Follows]:
    """The place only matters where tokens are compared with it, the scope where numbers have a scale."""
    shown = selection.text(VIEW)
    idle: set[Follows] = set()
    if shown != "similarity":
        idle |= {"place", "pins"}
    if shown == "pca":
        idle.add("scope")
    return frozenset(idle)


def _pictures(analysis: Analysis, selection: Selection, shown: str, kind: Kind) -> list[Group]:
    match shown:
        case "similarity":
            rows = with_scale(analysis, similarity_rows(analysis, selection), selection)
            return [*rows, *across_rows(analysis, selection, kind)]
        case "strength":
            rows = with_scale(analysis, analysis.result(strength_rows, selection.task, selection.scope), selection)
            return [*rows, *analysis.result(mask_rows, selection.task)]
        case "groups":
            return group_rows(analysis, selection, kind)
        case "channel":
            task, scale, scope = selection.task, selection.scale, selection.scope
            return analysis.result(channel_rows, task, scale, scope, kind, channel_of(analysis, selection))
        case _:
            rows = analysis.result(pca_rows, selection.task, selection.text(BASIS))
            return with_scale(analysis, rows, selection)


def _arranged(pictures: list[Group], charts: list[Group]) -> list[Group]:
    """Pictures and the charts about them. The row around TPP leaves half of the width to the chart of the claim."""
    place = next((index for index, row in enumerate(pictures) if row.get("id") == "features-before"), None)
    claim = next((chart for chart in charts if chart.get("id") == "features-claim"), None)
    if place is None or claim is None:
        return [*pictures, *charts]
    pictures = [row | {"span": 6, "columns": 2} if index == place else row for index, row in enumerate(pictures)]
    rest = [chart for chart in charts if chart is not claim]
    if sum(chart.get("span", 12) for chart in rest) % 12:
        rest[-1] = rest[-1] | {"span": 12}
    return [*pictures[: place + 1], claim | {"span": 6}, *pictures[place + 1 :], *rest]


def _say(analysis: Analysis, selection: Selection, shown: str, kind: Kind) -> list[Spoken]:
    if shown == "similarity":
        return likeness_sentence(analysis, selection, kind)
    if shown == "groups":
        return group_sentence(analysis, selection, kind)
    return claim_sentence(analysis, selection.scale)


PAGE = Page(
    "features",
    features,
    follows=frozenset({"place", "task", "scale", "scope", "pins"}),
    options=(VIEW, BASIS, KIND, CHANNEL),
    compute=compute,
    ignores=ignores,
    cuts=True,
)

"""Attribution: which tasks, layers or pixels one number of a prediction comes from, and whether to believe it."""

from pathlib import Path

from app.analysis.selection import Selection
from app.analysis.session import Analysis
from app.tabs.attribution.goal import COMPONENT, REGION, goal_tools
from app.tabs.attribution.results import (
    agreement_words,
    bars_group,
    deletion_groups,
    map_words,
    order_words,
    signed_map,
    sums_group,
    target_map,
)
from app.tabs.attribution.sentence import sentence
from app.tabs.attribution.work import (
    BASELINE,
    CHECK,
    LAYER,
    LAYER_METHOD,
    METHOD,
    PIXEL_METHOD,
    SOURCE,
    STEPS,
    Found,
    Request,
    asked,
    compute,
    due,
    latest,
    layers,
    missing,
    sources,
)
from app.view.charts import Words
from app.view.page import Page, button, choice, choices
from app.view.spoken import Spoken
from app.view.view import Follows, Group, Map, Tool, View
from app.view.wording import wording
from bridgenet.inspection.attribution import LayerAttribution, TaskAttribution
from bridgenet.inspection.pixels import PixelAttribution
from bridgenet.inspection.sanity import DeletionCurve
from bridgenet.tasks import TASKS, Kind

TEXT = Path(__file__).with_name("text.md")

METHODS = {
    "ablation": "The features with which each task enters the decoder are flattened to their average, one task at a "
    "time, and the decoder runs again.",
    "shapley": "Every combination of tasks is tried: a bar is a task's mean rise over all orders of adding them.",
    "gradcam": "Channels of the layer, weighted by their mean gradient: which places speak for the number.",
    "gradient_x_activation": "The layer times the gradient at each place: which places speak for the number.",
    "gradient_x_input": "The photo times the gradient at each pixel: quick, and only right for small changes.",
    "integrated_gradients": "Gradients added up on the way from a baseline to the photo.",
    "occlusion": "One square after the other is covered by the baseline, and the network asked again.",
}
"""How each method comes to its numbers."""

NUMBERS: dict[Kind, str] = {
    "classes": "The number is the class's logit minus the mean of the others.",
    "metres": "The number is in metres.",
    "direction": "The number is a component of the unit normal, −1 to 1.",
    "probability": "The number is a log-odds: 0 is a probability of one half.",
}
"""What is explained, by the kind of the task."""


def attribution(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: the target, what it comes from, and the check that was chosen."""
    ask = asked(analysis, selection)
    main = latest(analysis, ask, "main")
    waiting, lacking = due(analysis, ask), missing(analysis, ask)
    what, how = wording(TEXT)
    tools = [*goal_tools(analysis, selection), *_source_tools(analysis, selection, ask)]
    value: View = {
        "say": [{"text": f"What does {_lower(ask)} {ask.goal.here} come from?"}] if main is None else
        _told(analysis, ask, main),
        "hint": f"{what.format(method=METHODS[ask.method], target=NUMBERS[TASKS[ask.goal.target.task].kind])} {how}",
        "tools": tools,
        "groups": _groups(analysis, ask, main),
    }  # fmt: skip
    if waiting:
        return value | {"pending": f"Explaining {ask.goal.where}"}
    if lacking:
        tools.append(button("run", "Compute here"))
    return value


def _told(analysis: Analysis, ask: Request, main: Found) -> list[Spoken]:
    said = sentence(analysis, main.goal, main.result)
    if main.goal.key == ask.goal.key:
        return said
    start = said[0]["text"]
    first: Spoken = {**said[0], "text": start[0].lower() + start[1:]}
    return [{"text": f"For {main.goal.where}: "}, first, *said[1:]]


def _source_tools(analysis: Analysis, selection: Selection, ask: Request) -> list[Tool]:
    tools: list[Tool] = [choices(SOURCE, sources(analysis), ask.source)]
    checks = dict(CHECK.values)
    match ask.source:
        case "tasks":
            tools.append(choice(METHOD, selection))
            del checks["deletion"]
        case "layers":
            tools += [choices(LAYER, layers(analysis), ask.how[0]), choice(LAYER_METHOD, selection)]
        case _:
            tools.append(choice(PIXEL_METHOD, selection))
            if ask.method == "integrated_gradients":
                tools.append(choice(STEPS, selection))
            if ask.how:
                tools.append(choice(BASELINE, selection))
    return [*tools, choices(CHECK, checks, ask.check)]


def _groups(analysis: Analysis, ask: Request, main: Found | None) -> list[Group]:
    goal = ask.goal if main is None else main.goal
    maps = [target_map(analysis, goal)]
    if main is None:
        return [{"id": "maps", "columns": 2, "maps": maps}]
    match main.result:
        case TaskAttribution() as result:
            beside: list[Group] = [{"id": "maps", "columns": 1, "span": 5, "maps": maps}]
            title = "Which tasks' features it depends on"
            bars = bars_group(result, goal, title, "bars") | {"span": 7, "text": _made_for(ask, main)}
            return [bars, *beside, *_random_bars(analysis, ask, main, result), sums_group(result, goal)]
        case LayerAttribution() | PixelAttribution() as result:
            return _map_groups(analysis, ask, main, result, maps)
        case _:
            return []


def _map_groups(
    analysis: Analysis, ask: Request, main: Found, result: LayerAttribution | PixelAttribution, maps: list[Map]
) -> list[Group]:
    title = layers(analysis).get(result.layer, result.layer) if isinstance(result, LayerAttribution) else "Pixels"
    maps.append(signed_map("attribution", title, main.goal, result))
    words = [map_words(result, main.goal), _made_for(ask, main)]
    group: Group = {"id": "maps", "title": "Where it comes from", "text": " · ".join(filter(None, words)), "columns": 2}
    check = None if ask.check == "none" else latest(analysis, ask, ask.parts[1])
    match None if check is None else check.result:
        case LayerAttribution() | PixelAttribution() as other if check is not None:
            maps.append(signed_map("random", "Re-initialised", check.goal, other, "never trained"))
            said: list[list[Spoken]] = []
            if check.goal.key == main.goal.key:
                said.append([{"text": agreement_words(result, other)}])
            if check.goal.key != ask.goal.key:
                said.append([{"text": _made_for(ask, check)}])
            strip: Group = {"id": "sanity", "title": "Does it need what was learnt?", "chart": Words(said)}
            return [group | {"columns": 3, "maps": maps}, strip]
        case DeletionCurve() as curve if check is not None:
            chart, words_beside = deletion_groups(curve, check.goal)
            if made := _made_for(ask, check):
                chart["text"] = made
            return [group | {"maps": maps}, chart, words_beside]
        case _:
            return [group | {"maps": maps}]


def _random_bars(analysis: Analysis, ask: Request, main: Found, result: TaskAttribution) -> list[Group]:
    check = latest(analysis, ask, "random") if ask.check == "random" else None
    if check is None or not isinstance(check.result, TaskAttribution):
        return []
    bars = bars_group(check.result, check.goal, "The same with re-initialised weights", "random-bars")
    same = check.goal.key == main.goal.key
    return [bars | {"text": order_words(result, check.result) if same else _made_for(ask, check)}]


def _made_for(ask: Request, shown: Found) -> str:
    """What a result is about, where that is not what is selected now."""
    return "" if shown.goal.key == ask.goal.key else f"computed for {shown.goal.where}"


def _ignores(selection: Selection) -> frozenset[Follows]:
    """A number over the whole photo is the same wherever one clicks, if it is one that every pixel has."""
    everywhere = selection.text(REGION) == "whole" and TASKS[selection.task].kind in ("metres", "probability")
    return frozenset({"place"}) if everywhere else frozenset()


def _lower(ask: Request) -> str:
    return ask.goal.name[0].lower() + ask.goal.name[1:]


PAGE = Page(
    "attribution",
    attribution,
    follows=frozenset({"place", "task"}),
    options=(COMPONENT, REGION, SOURCE, METHOD, LAYER, LAYER_METHOD, PIXEL_METHOD, STEPS, BASELINE, CHECK),
    compute=compute,
    regions=True,
    ahead=True,
    ignores=_ignores,
)

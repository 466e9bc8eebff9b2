"""Lessons: steps that set the page, ask one question, and answer it with what holds for this photo."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.analysis.selection import Selection, Setting
from app.analysis.session import Analysis
from app.tabs.lessons.findings import (
    answers_agree,
    attention_predicts,
    bridge_asks,
    bridge_resembles,
    nobody_listens,
    pairs_instead,
    patterns_overlap,
    steepest,
)
from app.view.page import Page, button
from app.view.spoken import Spoken
from app.view.view import Follows, Lessons, LessonStep, Tool, View
from app.view.wording import answers_in_words, wording

TEXT = Path(__file__).with_name("text.md")

Link = Mapping[str, Setting]
"""What a link can say: tab, px, task, scale, head, scope, and options of views."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One step.

    Attributes:
        name: Of its texts, `text/<name>.md`: the question, and what to look at; see `_text_of`.
        title: In the card; the row of steps has a shorter one, see `app.tabs`.
        tab: The view that it happens in; without that view there is no such lesson.
        say: The sentence that answers the question, from what was computed for the photo.
        start: How the page is set when the lesson begins.
        show: How it is set to see what the question is about.
        target: What in the view it asks about, as a CSS selector: outlined, and scrolled to.
        follows: Parts of the selection that its sentence is about; when they change it has to be asked again.
        expert: Whether what it asks about is hidden where only the simple is asked for.
    """

    name: str
    title: str
    tab: str
    say: Callable[[Analysis, Selection], list[Spoken]]
    start: Callable[[Analysis], Link]
    show: Callable[[Analysis], Link]
    target: str
    follows: tuple[Follows, ...] = ()
    expert: bool = False


def lessons(analysis: Analysis, selection: Selection) -> View:
    """Value of the viewer: what lessons are. The steps stand below it."""
    say, hint = wording(TEXT)
    tools: list[Tool] = [button("lesson", "Start with the first"), button("present", "Present (F)")]
    return {"say": [{"text": say}], "hint": hint, "tools": tools, "groups": []}


def offered(analysis: Analysis, tabs: Collection[str]) -> Lessons:
    """What the card and the row of steps show.

    Args:
        analysis: The analysed photo.
        tabs: Names of the views that there are for it.
    """
    steps: list[LessonStep] = []
    for lesson in LESSONS:
        if lesson.tab in tabs and _is_offered(lesson, analysis):
            question, look = wording(TEXT.with_name("text") / f"{_text_of(lesson, analysis)}.md")
            title = lesson.title.format(count=answers_in_words(len(analysis.tasks)).lower())
            whole = {"tab": lesson.tab} | ({"depth": "expert"} if lesson.expert else {})
            start, show = ({**whole, **link(analysis)} for link in (lesson.start, lesson.show))
            step: LessonStep = {
                "name": lesson.name,
                "title": title,
                "question": question,
                "look": look,
                "target": lesson.target,
                "follows": list(lesson.follows),
                "start": start,
                "show": show,
            }
            steps.append(step)
    return {"key": analysis.key, "lessons": steps}


def answer(analysis: Analysis, selection: Selection, name: object) -> list[Spoken]:
    """The sentence of a lesson, from what was computed for this photo."""
    lesson = next((lesson for lesson in LESSONS if lesson.name == name), None)
    return [] if lesson is None else lesson.say(analysis, selection)


def _is_offered(lesson: Lesson, analysis: Analysis) -> bool:
    """Whether the network has what is asked about, beside the view."""
    match lesson.name:
        case "features":
            return bool(analysis.trace.stages)
        case "tpp":
            return len(analysis.tasks) > 1
        case "influence":
            return bool(analysis.predictor.model.meetings)
    return True


def _text_of(lesson: Lesson, analysis: Analysis) -> str:
    """The file of its texts: no lesson asks about what the network does not have."""
    match lesson.name:
        case "answers":
            known = {"semseg", "depth", "edge"} <= set(analysis.tasks)
            return lesson.name if known else "answers-of-others"
        case "features":
            bridges = analysis.trace.stages[-1].bridge is not None
            return lesson.name if bridges else "features-without-bridge"
    return lesson.name


def _nothing(analysis: Analysis) -> Link:
    return {}


def _at_step(analysis: Analysis) -> Link:
    return {"px": steepest(analysis)}


def _finest(analysis: Analysis) -> Link:
    return {"scale": len(analysis.trace.stages) - 1}


def _full_strength(analysis: Analysis) -> Link:
    return {"refinement.alpha": 1}


def _no_strength(analysis: Analysis) -> Link:
    return {"refinement.alpha": 0}


def _after_fusion(analysis: Analysis) -> Link:
    return {"px": steepest(analysis), "tpp.fusion": "after", "tpp.direction": "outgoing", "tpp.weighting": "raw"}


def _before_fusion(analysis: Analysis) -> Link:
    return {"tpp.fusion": "before"}


def _this_photo(analysis: Analysis) -> Link:
    cut = {"interaction.place": "both", "interaction.removal": "mask", "interaction.norm": "held"}
    return {"interaction.over": "image"} | cut


def _parts(*names: str) -> str:
    return ", ".join(f'[data-testid="{name}"]' for name in names)


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "answers", "One image, {count}", "overview", answers_agree, _nothing, _at_step,
        _parts("map-semseg", "map-depth", "map-edge"),
    ),
    Lesson(
        "features", "What is in a feature?", "features", bridge_resembles, _nothing, _finest,
        _parts("group-features-entering", "group-features-bridge"), ("task",), expert=True,
    ),
    Lesson(
        "tpp", "How task patterns propagate", "tpp", patterns_overlap, _after_fusion, _before_fusion,
        _parts("group-tpp-tasks"), ("task",), expert=True,
    ),
    Lesson(
        "bridge", "Who was asked, and where", "bridge", bridge_asks, _finest, _at_step,
        ".bar .shares, " + _parts("group-bridge-place"), ("place", "scale"),
    ),
    Lesson(
        "pairs", "Pairs or a bridge?", "pairs", pairs_instead, _nothing, _at_step,
        _parts("group-pairs-shares"), ("place", "task", "scale"),
    ),
    Lesson(
        "refinement", "From bridge to prediction", "refinement", nobody_listens, _full_strength, _no_strength,
        _parts("group-wipes"),
    ),
    Lesson(
        "influence", "Does attention mean influence?", "interaction", attention_predicts, _this_photo, _this_photo,
        _parts("group-scatter"), expert=True,
    ),
)  # fmt: skip
"""In their order."""

PAGE = Page("lessons", lessons)

"""What the view Attribution explains: one number of the selected task, at the pixel, over a segment or everywhere."""

from dataclasses import dataclass

import numpy as np
import torch

from app.analysis.region import asked_of
from app.analysis.selection import Choice, Selection, Word
from app.analysis.session import Analysis
from app.view.inspector import pixel_of
from app.view.page import choices
from app.view.view import Tool
from app.view.wording import percent
from bridgenet.inspection import Pixel, Target, Whole
from bridgenet.inspection.region import Region
from bridgenet.inspection.targets import predicted_segment
from bridgenet.tasks import TASKS, TaskName, of_kind

TASK = Word("task", "Explain")
"""The task of the whole page, as this view asks for it."""

COMPONENT = Word("attribution.component", "Of")
REGION = Choice(
    "attribution.region", "Where", {"pixel": "this pixel", "segment": "the segment here", "whole": "whole image"}
)

AXIS_WORDS = ("x, right", "y, up", "z, to you")

CLASSES_MOST = 12
"""Present classes that are offered, the largest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """The number that is explained.

    Attributes:
        target: As `bridgenet.inspection` takes it.
        key: Names it among those of the same photo.
        name: What it is: `Depth`, `The evidence for chair`.
        here: Where, as part of a sentence: `here`, `in this segment`, `over the whole image`.
        where: Where, exactly: `pixel 120, 88`, `the chair around pixel 120, 88, 12 % of the image`.
        value: The number itself.
        place: Fractions x, y of the photo of the selected pixel.
        inside: The region, as part of a sentence, where it is neither the pixel nor the whole photo.
    """

    target: Target
    key: str
    name: str
    here: str
    where: str
    value: float
    place: tuple[float, float]
    inside: str = "the segment"

    @property
    def unit(self) -> str:
        """Unit of the number, in words."""
        return self.target.unit


def goal_of(analysis: Analysis, selection: Selection) -> Goal:
    """What is asked for, as far as the network has it."""
    task, region = selection.task, region_name(analysis, selection)
    at = Pixel(selection.x, selection.y)
    row, column = pixel_of(analysis, selection)
    pixel, covers = f"pixel {column}, {row}", ""
    area: Region = at
    asked = asked_of(analysis, selection) if region == REGION.default else None
    match region:
        case "whole":
            area, here, where = Whole(), "over the whole image", "the whole image"
        case "segment":
            judge = segment_task(analysis, task) or task
            area = predicted_segment(analysis.trace, judge, at=at)
            named = analysis.prediction[judge].classes[int(_label(analysis, judge, at))]
            here, where = f"in this {named}", f"the {named} around {pixel}, {percent(area.pixels.mean())} of the image"
            first = int(np.flatnonzero(area.pixels)[0])
            covers = f"{judge}:{first}"
        case _ if asked is not None:
            area, here, covers = asked.pixels, asked.here, asked.key
            where = f"the {asked.name}, {percent(area.pixels.mean())} of the image"
        case _:
            size = analysis.trace.predictions[task].shape[-2:]
            here, where, covers = "here", pixel, "{}:{}".format(*at.place((size[0], size[1])))
    component = component_of(analysis, selection, region == "segment")
    target = Target(task, component, area)
    with torch.inference_mode():
        value = float(target.value(analysis.trace)[0])
    key = f"{task}:{component}:{region}:{covers}"
    inside = "the outline" if asked is not None and asked.name == "outline" else "the segment"
    return Goal(target, key, _name(analysis, task, component), here, where, value, (selection.x, selection.y), inside)


def component_of(analysis: Analysis, selection: Selection, segment: bool = False) -> int | None:
    """Index of the class or axis that is asked for; by default that which the prediction has at the place.

    Args:
        analysis: The analysed photo.
        selection: Names the component as `semseg:12`.
        segment: Whether the class is that of the segment, which is found on the network's own grid.
    """
    task = selection.task
    known = _components(analysis, task)
    if not known:
        return None
    asked = selection.text(COMPONENT)
    if asked in known:
        return int(asked.split(":")[1])
    if segment and TASKS[task].kind == "classes":
        return _label(analysis, task, Pixel(selection.x, selection.y))
    array, over = analysis.prediction[task].array, asked_of(analysis, selection)
    if over is not None and region_name(analysis, selection) == REGION.default:
        values = array[over.pixels.pixels]
        return int(
            np.abs(values.mean(axis=0)).argmax() if values.ndim > 1 else np.bincount(values.astype(int)).argmax()
        )
    said = array[pixel_of(analysis, selection)]
    return int(np.abs(said).argmax()) if TASKS[task].kind == "direction" else int(said)


def region_name(analysis: Analysis, selection: Selection) -> str:
    """The region that is asked for; a network without classes has no segments."""
    asked = selection.text(REGION)
    # Where a region is asked, it stands in place of the pixel and of its segment.
    none = asked_of(analysis, selection) is not None or segment_task(analysis, selection.task) is None
    return REGION.default if asked == "segment" and none else asked


def segment_task(analysis: Analysis, task: TaskName) -> TaskName | None:
    """Whose segments a task is explained over: its own, those of the segmentation, or none."""
    able = of_kind("classes", analysis.tasks)
    return task if task in able else able[0] if able else None


def goal_tools(analysis: Analysis, selection: Selection) -> list[Tool]:
    """Tools that build the target: task, component, region."""
    task = selection.task
    titles = {name: TASKS[name].title for name in analysis.tasks}
    tools: list[Tool] = [choices(TASK, titles, task)] if len(titles) > 1 else []
    if known := _components(analysis, task):
        now = component_of(analysis, selection, region_name(analysis, selection) == "segment")
        default = (AXIS_WORDS if TASKS[task].kind == "direction" else analysis.prediction[task].classes)[now or 0]
        asked = selection.text(COMPONENT)
        chosen = asked if asked in known else ""
        default = "what is here" if chosen else f"what is here: {default}"
        tools.append(choices(COMPONENT, {"": default} | known, chosen))
    regions = {name: text for name, text in REGION.values.items() if name != "segment" or segment_task(analysis, task)}
    if (over := asked_of(analysis, selection)) is not None:
        regions[REGION.default] = f"this {over.name}"
        regions.pop("segment", None)
    return [*tools, choices(REGION, regions, region_name(analysis, selection))]


def score_words(value: float, unit: str, *, sign: bool = False) -> str:
    """A number with its unit, as exact as its size allows."""
    size = abs(value)
    digits = 1 if size >= 10 else 2 if size >= 0.095 else 3
    number = f"{size:.{digits}f}"
    if not float(number):
        return f"0 {unit}".strip()
    before = "−" if value < 0 else "+" if sign else ""
    return f"{before}{number} {unit}".strip()


def _components(analysis: Analysis, task: TaskName) -> dict[str, str]:
    """Components that may be asked for: what they are called, by what the option calls them."""
    if TASKS[task].kind == "direction":
        return {f"{task}:{axis}": words for axis, words in enumerate(AXIS_WORDS)}
    if TASKS[task].kind != "classes":
        return {}
    names = analysis.prediction[task].classes
    count = np.bincount(analysis.prediction[task].array.astype(int).ravel(), minlength=len(names))
    largest = [int(index) for index in count.argsort(kind="stable")[::-1] if count[index]][:CLASSES_MOST]
    return {f"{task}:{index}": names[index] for index in largest}


def _label(analysis: Analysis, task: TaskName, at: Pixel) -> int:
    logits = analysis.trace.predictions[task][0]
    row, column = at.place((logits.shape[-2], logits.shape[-1]))
    return int(logits[:, row, column].argmax())


def _name(analysis: Analysis, task: TaskName, component: int | None) -> str:
    match TASKS[task].kind:
        case "classes":
            return f"The evidence for {analysis.prediction[task].classes[component or 0]}"
        case "direction":
            return f"The normal's {AXIS_WORDS[component or 0].split(',')[0]}"
        case "probability":
            return f"The evidence for {'an edge' if TASKS[task].extent == 'lines' else TASKS[task].title.lower()}"
        case "metres":
            return "Depth"

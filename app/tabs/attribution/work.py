"""What the view Attribution computes, what of it goes by itself, and what it remembers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from app.analysis.memory import Memory
from app.analysis.selection import Choice, Selection, Word
from app.analysis.session import Analysis, Session
from app.tabs.attribution.goal import COMPONENT, Goal, goal_of, region_name
from app.view.attention import own_network
from app.view.page import Progress
from app.view.scales import scale_of
from bridgenet import inspection
from bridgenet.inspection.attribution import LayerAttribution, LayerMethod, Passes, TaskAttribution, TaskMethod
from bridgenet.inspection.pixels import PixelAttribution, PixelBaseline, PixelMethod
from bridgenet.inspection.sanity import DeletionCurve
from bridgenet.tasks import TASKS
from bridgenet.trace import Trace

SOURCE = Choice("attribution.source", "From", {"tasks": "tasks", "layers": "a layer", "pixels": "pixels"})
METHOD = Choice("attribution.method", "By", {"ablation": "removing each", "shapley": "Shapley"})
LAYER = Word("attribution.layer", "Layer")
LAYER_METHOD = Choice(
    "attribution.layer_method", "By", {"gradcam": "Grad-CAM", "gradient_x_activation": "gradient × activation"}
)
PIXEL_METHOD = Choice(
    "attribution.pixel_method",
    "By",
    {
        "gradient_x_input": "gradient × input",
        "integrated_gradients": "integrated gradients",
        "occlusion": "occlusion",
    },
)
STEPS = Choice("attribution.steps", "Steps", {"s16": "16", "s32": "32", "s64": "64"})
BASELINE = Choice("attribution.baseline", "Against", {"blurred": "blurred", "mean": "mean colour", "black": "black"})
CHECK = Choice(
    "attribution.check", "Check", {"none": "none", "random": "re-initialised weights", "deletion": "deletion"}
)

PASSES_BYTES = 32_000_000
"""Of what is kept for other places."""

MOST = 12
"""Results that are kept for a photo."""

DEAR = ("integrated_gradients", "occlusion")
"""Methods that take many seconds: once there is a result, they wait to be asked for another place."""

Part = Literal["main", "random", "deletion"]
"""A result of its own: the attribution, the same with random weights, the deletion curve."""

Attribution = TaskAttribution | LayerAttribution | PixelAttribution
Result = Attribution | DeletionCurve


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A result, and what it explains."""

    goal: Goal
    result: Result


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be explained, and how.

    Attributes:
        goal: The number.
        source: `tasks`, `layers` or `pixels`.
        method: One of the source's.
        how: Its settings: the layer's path; steps and baseline.
        check: `none`, `random` or `deletion`.
        settings: Names all of it but the place.
    """

    goal: Goal
    source: str
    method: str
    how: tuple[str, ...]
    check: str
    settings: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """Results that are asked for."""
        return ("main",) if self.check == "none" else ("main", cast(Part, self.check))

    def key(self, part: Part) -> str:
        """Names a result."""
        return f"{part}|{self.settings}||{self.goal.key}"


def asked(analysis: Analysis, selection: Selection) -> Request:
    """What is asked for, as far as it goes together."""
    source, check, how = source_of(analysis, selection), selection.text(CHECK), ()
    match source:
        case "tasks":
            method = selection.text(METHOD)
            check = "none" if check == "deletion" else check
        case "layers":
            method, how = selection.text(LAYER_METHOD), (layer_of(analysis, selection),)
        case _:
            method = selection.text(PIXEL_METHOD)
            steps = selection.text(STEPS) if method == "integrated_gradients" else ""
            how = (steps, selection.text(BASELINE)) if method in DEAR else ()
    what = (selection.task, selection.text(COMPONENT), region_name(analysis, selection))
    return Request(goal_of(analysis, selection), source, method, how, check, "|".join((*what, source, method, *how)))


def sources(analysis: Analysis) -> dict[str, str]:
    """What a number can come from: tasks only where each enters the decoder by a feature of its own."""
    return {name: title for name, title in SOURCE.values.items() if name != "tasks" or analysis.trace.mixed}


def source_of(analysis: Analysis, selection: Selection) -> str:
    """The source that is asked for, or the first that the network has."""
    asked_for, known = selection.text(SOURCE), sources(analysis)
    return asked_for if asked_for in known else next(iter(known))


def layers(analysis: Analysis) -> dict[str, str]:
    """Feature maps of the network by their path in the trace, in plain words."""
    trace, titles = analysis.trace, {task: TASKS[task].title for task in analysis.tasks}
    named = {f"stages.{index}.bridge": f"Bridge, {scale_of(stage.bridge, analysis)}"
             for index, stage in enumerate(trace.stages) if stage.bridge is not None}  # fmt: skip
    named |= {
        f"task_generic.{level}": f"Backbone, {scale_of(entry, analysis)}"
        for level, entry in enumerate(trace.task_generic)
    }
    for name, stage in trace.encoder.items():
        for task in analysis.tasks:
            scale = scale_of(stage.task_specific[task], analysis)
            named[f"encoder.{name}.task_specific.{task}"] = f"{titles[task]}, encoder, {scale}"
    own = "preliminary decoder" if trace.preliminary else "its own feature"
    named |= {
        f"task_specific.{task}": f"{titles[task]}, {own}" for task in analysis.tasks if task in trace.task_specific
    }
    if trace.pattern is not None:
        named |= {f"pattern.feature.{task}": f"{titles[task]}, after TPP" for task in analysis.tasks}
    for index, stage in enumerate(trace.stages):
        for task in analysis.tasks:
            scale = scale_of(stage.refined[task], analysis)
            named[f"stages.{index}.refined.{task}"] = f"{titles[task]}, refined, {scale}"
    return named


def layer_of(analysis: Analysis, selection: Selection) -> str:
    """The layer that is asked for; by default the finest bridge feature, or the coarsest feature of the encoder."""
    known = layers(analysis)
    asked_for = selection.text(LAYER)
    bridges = [path for path in known if path.endswith(".bridge")]
    generic, encoder = analysis.trace.task_generic, list(analysis.trace.encoder)
    shared = f"task_generic.{len(generic) - 1}" if generic else f"encoder.{encoder[-1]}.task_specific.{selection.task}"
    last = bridges[-1] if bridges else shared
    return asked_for if asked_for in known else last


def found(analysis: Analysis, ask: Request, part: Part) -> Found | None:
    """Exactly what is asked for, if it was computed."""
    return analysis.result(results_of).get(ask.key(part))


def latest(analysis: Analysis, ask: Request, part: Part) -> Found | None:
    """The newest result with these settings, of whatever place; what is asked for where it is there."""
    exact = found(analysis, ask, part)
    if exact is not None:
        return exact
    results = analysis.result(results_of)
    start = f"{part}|{ask.settings}||"
    return next((results[key] for key in reversed(list(results)) if key.startswith(start)), None)


def missing(analysis: Analysis, ask: Request) -> list[Part]:
    """What of it was not computed yet."""
    return [part for part in ask.parts if found(analysis, ask, part) is None]


def due(analysis: Analysis, ask: Request) -> list[Part]:
    """What of it is computed without being asked for: what is quick, and what was chosen and never seen."""
    lacking = missing(analysis, ask)
    unseen = [part for part in lacking if latest(analysis, ask, part) is None]
    # A check is made of the attribution of the same place.
    if any(part != "main" for part in unseen):
        return lacking
    return [part for part in lacking if part in unseen or (part == "main" and ask.method not in DEAR)]


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """What is due; where nothing is, the visitor asked for all that is missing."""
    ask = asked(analysis, selection)
    for part in due(analysis, ask) or missing(analysis, ask):
        result = _computed(analysis, ask, part, report)
        analysis.result(results_of)[ask.key(part)] = Found(ask.goal, result)


def results_of(analysis: Analysis) -> Memory[str, Found]:
    """Room for the newest results; whoever asks an analysis for it gets what was put there."""
    return Memory(most=MOST)


def passes_of(analysis: Analysis) -> Passes:
    """Room for what the heads said without the features of some tasks: another place asks for no other pass."""
    return Memory(most_bytes=PASSES_BYTES)


def _computed(analysis: Analysis, ask: Request, part: Part, report: Progress) -> Result:
    words = {"main": _WORDS[ask.method], "random": f"{_WORDS[ask.method]}, re-initialised weights",
             "deletion": "Deleting square by square"}[part]  # fmt: skip

    def tell(done: int, total: int) -> None:
        report(done, total, words)

    report(0, 1, words)
    # Without gradients or hooks, what others look into can be asked: a copy of its own takes longer than the answer.
    shared = part == "main" and ask.source == "tasks"
    model, images = analysis.result(own_network) if shared else analysis.own_model(), analysis.images()
    match part:
        case "main":
            return _explained(ask, model, images, analysis.trace, tell, analysis.result(passes_of))
        case "random":
            return _with_random_weights(ask, model, images, tell)
        case "deletion":
            attribution = cast(Found, found(analysis, ask, "main")).result
            assert isinstance(attribution, (LayerAttribution, PixelAttribution))
            return inspection.deletion_curve(model, images, ask.goal.target, attribution.map, progress=tell)


def _with_random_weights(
    ask: Request, model: nn.Module, images: Tensor, tell: Callable[[int, int], None]
) -> Attribution:
    fresh = inspection.reinitialised(model, images=images)
    with torch.inference_mode():
        trace: Trace = fresh(images)
    return _explained(ask, fresh, images, trace, tell)


def _explained(
    ask: Request,
    model: nn.Module,
    images: Tensor,
    trace: Trace,
    tell: Callable[[int, int], None],
    passes: Passes | None = None,
) -> Attribution:
    target = ask.goal.target
    match ask.source:
        case "tasks":
            method = cast(TaskMethod, ask.method)
            return inspection.attribute_tasks(model, trace, target, method, progress=tell, passes=passes)
        case "layers":
            return inspection.attribute_layer(model, images, target, ask.how[0], cast(LayerMethod, ask.method))
        case _:
            steps, baseline = ask.how or ("", "blurred")
            return inspection.attribute_pixels(
                model,
                images,
                target,
                cast(PixelMethod, ask.method),
                steps=int(steps.removeprefix("s") or 1),
                baseline=cast(PixelBaseline, baseline),
                window=window_of(images),
                progress=tell,
            )


def window_of(images: Tensor) -> int:
    """Side in pixels of the squares that occlusion covers: an eighth of the shorter side."""
    return max(1, min(images.shape[-2:]) // 8)


_WORDS = {
    "ablation": "Removing the features of one task after the other",
    "shapley": "Trying every combination of tasks",
    "gradcam": "Asking for the gradient",
    "gradient_x_activation": "Asking for the gradient",
    "gradient_x_input": "Asking for the gradient",
    "integrated_gradients": "Walking from the baseline to the photo",
    "occlusion": "Covering square by square",
}

"""What the view Compare puts side by side: two analyses, or one photo before and after an intervention."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.view.attention import has_bridge
from bridgenet import drawing, inspection
from bridgenet.inspection.intervene import decode_again
from bridgenet.kinds import difference, turned_back
from bridgenet.labels import same_classes
from bridgenet.model.network import Network
from bridgenet.predictor import Prediction
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace

NOISE = 0.03
"""Standard deviation of the noise, of pixel values from 0 to 1."""

MIRRORED = "flip"
AS_IT_IS = "as it is"
CHECKPOINT, REMOVED = "checkpoint:", "without:"

ON_PHOTO = {MIRRORED: "the photo mirrored", "noise": "the photo with noise"}
"""What any network can be asked about, and what the reader sees."""

RELEASED = (
    "What was pinned as {letter} was released: the studio no longer has it. Open that photo again and pin it, "
    "or release the pins."
)


@dataclass(frozen=True, slots=True)
class Side:
    """A or B.

    Attributes:
        analysis: What was computed. Predictions and logits lie upright also where the network saw a mirrored photo.
        words: What it is, in few words.
        mirrored: Whether the stages of its trace, and so its attention, are mirrored.
    """

    analysis: Analysis
    words: str
    mirrored: bool = False

    def shares(self, selection: Selection) -> dict[TaskName, float] | None:
        """Share of each task in what the bridge read at the selected pixel; None without a bridge."""
        stages = self.analysis.trace.stages
        stage = stages[min(selection.scale, len(stages) - 1)] if stages else None
        if stage is None or stage.attention is None:
            return None
        heads = stage.attention.shape[1]
        head = selection.head if selection.head is not None and selection.head < heads else None
        across = 1 - selection.x if self.mirrored else selection.x
        read = inspection.bridge_shares(stage, across, selection.y, head)
        return {task: read[task] for task in self.analysis.tasks}


@dataclass(frozen=True, slots=True)
class Pair:
    """A and B, and what they differ by.

    Attributes:
        a: Left.
        b: Right.
        same_photo: Whether both speak of the same pixels.
    """

    a: Side
    b: Side
    same_photo: bool

    @property
    def tasks(self) -> tuple[TaskName, ...]:
        """Tasks that both have, in the order of A."""
        return tuple(task for task in self.a.analysis.tasks if task in self.b.analysis.tasks)

    @property
    def left_out(self) -> tuple[TaskName, ...]:
        """Tasks that only one of them has."""
        both = {*self.a.analysis.tasks, *self.b.analysis.tasks}
        return tuple(task for task in TASKS if task in both and task not in self.tasks)

    @property
    def two_networks(self) -> bool:
        """Whether two checkpoints answer for the same photo."""
        return self.same_photo and self.a.analysis.checkpoint != self.b.analysis.checkpoint

    def comparable(self, task: TaskName) -> bool:
        """Whether the task can be compared pixel by pixel: the same photo, and the same classes."""
        one, other = self.a.analysis.prediction, self.b.analysis.prediction
        return self.same_photo and same_classes(task, one.classes, other.classes)

    def difference(self, task: TaskName) -> np.ndarray:
        """B minus A at every pixel, float32 (height, width), see `kinds.difference`."""
        a, b = self.a.analysis.prediction[task].array, self.b.analysis.prediction[task].array
        return difference(task, a, b)


def interventions(analysis: Analysis) -> dict[str, str]:
    """What can be done to the photo or the network, and what the reader sees."""
    offered = dict(ON_PHOTO)
    if has_bridge(analysis):
        offered["bridge"] = "bridge off"
    if analysis.trace.pattern is not None:
        offered["tpp"] = "TPP off"
    if len(analysis.tasks) > 1 and analysis.predictor.model.meetings:
        for task in analysis.tasks:
            offered[f"{REMOVED}{task}"] = f"{TASKS[task].title.lower()} not read"
    return offered


def make_pair(session: Session, analysis: Analysis, pins: Mapping[str, object], other: str) -> Pair:
    """A and B, by what is pinned and else by what B is to be.

    A pin alone is compared with what is shown; if it is what is shown, with the other.

    Args:
        session: Where pinned analyses are looked up.
        analysis: What is shown.
        pins: `Selection.pins`.
        other: One of `interventions`, or `checkpoint:` and a name.

    Raises:
        StudioError: A pin was released, or the checkpoint is not there.
    """
    pinned = {letter: _pinned(session, pins, letter) for letter in ("A", "B")}
    a, b = pinned["A"] or analysis, pinned["B"] or analysis
    if b.key == a.key and pinned["B"] is None:
        return _with_other(session, a, other)
    return _of_two(a, b)


def _pinned(session: Session, pins: Mapping[str, object], letter: str) -> Analysis | None:
    pin = pins.get(letter)
    if pin is None:
        return None
    key = pin.get("key") if isinstance(pin, dict) else None
    found = session.recall(key)
    if found is None:
        raise StudioError(RELEASED.format(letter=letter))
    return found


def _of_two(a: Analysis, b: Analysis) -> Pair:
    same = np.array_equal(a.prediction.image, b.prediction.image)
    by_photo = (a.title, b.title) if a.title != b.title else ("A", "B")
    words = (a.checkpoint, b.checkpoint) if same else by_photo
    if not same and a.checkpoint != b.checkpoint:
        words = (f"{words[0]}, {a.checkpoint}", f"{words[1]}, {b.checkpoint}")
    limits = _joint_limits(a, b)
    return Pair(Side(_light(a, limits), words[0]), Side(_light(b, limits), words[1]), same)


def _with_other(session: Session, analysis: Analysis, other: str) -> Pair:
    if other.startswith(CHECKPOINT):
        return _of_two(analysis, session.again(analysis, other.removeprefix(CHECKPOINT)))
    trace = intervene(analysis, other)
    changed = replace(analysis, trace=trace, prediction=prediction_of(analysis, trace))
    limits = _joint_limits(analysis, changed)
    b = Side(_light(changed, limits), interventions(analysis)[other], mirrored=other == MIRRORED)
    return Pair(Side(_light(analysis, limits), AS_IT_IS), b, True)


@torch.inference_mode()
def intervene(analysis: Analysis, what: str) -> Trace:
    """The trace of the same photo after an intervention, one of `interventions`.

    Of a mirrored photo, logits and predictions are turned back; everything before them is as the network made it.
    """
    model = analysis.own_model().eval()
    if what.startswith(REMOVED):
        return inspection.cut_trace(model, analysis.trace, what.removeprefix(REMOVED))
    done: dict[str, Callable[[], Trace]] = {
        MIRRORED: lambda: _turned_back(model(analysis.images().flip(-1))),
        "noise": lambda: model(_noisy(analysis.images())),
        "bridge": lambda: inspection.with_bridge_strength(model, analysis.trace, 0),
        "tpp": lambda: _without_propagation(model, analysis.trace),
    }
    return done[what]()


def prediction_of(analysis: Analysis, trace: Trace) -> Prediction:
    """What a changed trace predicts for the photo of an analysis, at its size."""
    answer = analysis.predictor.answer
    answers = {task: answer(task, trace.logits[task], analysis.size) for task in analysis.prediction}
    return replace(analysis.prediction, tasks=answers)


def _noisy(images: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images.device)
    return (images + NOISE * noise).clamp(0, 1)


def _without_propagation(model: Network, trace: Trace) -> Trace:
    """Every token keeps what it has: nothing is gathered from other places."""
    with ExitStack() as hooks:
        for task in trace.predictions:
            gathered = f"pattern_propagation.propagations.{task}.project"
            hooks.enter_context(inspection.replace(model, gathered, inspection.zeros))
        return decode_again(model, trace)


def _turned_back(trace: Trace) -> Trace:
    logits, predictions = (
        {task: turned_back(cast(TaskName, task), values) for task, values in maps.items()}
        for maps in (trace.logits, trace.predictions)
    )
    return replace(trace, logits=logits, predictions=predictions)


def _light(analysis: Analysis, depth_limits: tuple[float, float]) -> Analysis:
    """What of an analysis is looked at here. Without memory of its own: a pair must not keep other pairs alive."""
    trace = analysis.trace
    heavy = {"bridge": None, "bridge_before_cascade": None, "refined": {}, "cross_logits": {}, "cross_attention": {}}
    stages = tuple(replace(stage, **heavy) for stage in trace.stages)
    light = replace(
        trace,
        stages=stages,
        images=None,
        task_generic=(),
        encoder={},
        pattern=None,
        task_specific={},
        preliminary={},
        mixed={},
        fused={},
        predictions={},
    )
    return replace(analysis, trace=light, results=Results(), depth_limits=depth_limits)


def _joint_limits(a: Analysis, b: Analysis) -> tuple[float, float]:
    limits = [one.depth_limits for one in (a, b) if "depth" in one.prediction]
    limits += [drawing.depth_limits(one.prediction["depth"].array) for one in (a, b) if "depth" in one.prediction]
    known = [pair for pair in limits if pair != (0.0, 0.0)]
    if not known:
        return 0.0, 0.0
    return cast(tuple[float, float], (min(low for low, _ in known), max(high for _, high in known)))

"""What the view Interaction computes: the matrices of its settings, for the photo and for a set of photos."""

from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from app.analysis.memory import Memory
from app.analysis.selection import Choice, Selection, Word
from app.analysis.session import Analysis, Session, StudioError
from app.view.page import Progress
from bridgenet import inspection
from bridgenet.examples import EXAMPLES, examples_of, made_room
from bridgenet.images import ImageError, LoadedImage, load_image
from bridgenet.inspection import InteractionMatrix
from bridgenet.inspection.intervene import decode_again
from bridgenet.kinds import change_map
from bridgenet.model.meetings import BridgeMeeting
from bridgenet.model.network import Network
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

EVERYWHERE = "both"
"""Value of `PLACE`: wherever tasks meet."""

OVER = Choice("interaction.over", "Over", {"image": "this image", "rooms": "12 made rooms", "folder": "a folder"})
PLACE = Word("interaction.place", "Cut", EVERYWHERE)
REMOVAL = Choice(
    "interaction.removal",
    "In its place",
    {"mask": "nothing", "zero": "zeros", "mean": "its average", "swap": "another image's"},
)
NORM = Choice("interaction.norm", "Layer norm", {"held": "held", "free": "free"})
OTHER = Choice("interaction.other", "From", {name: example.title for name, example in EXAMPLES.items()})

BFE = BridgeMeeting.name

ROOMS = 12
"""Made rooms of the reference set."""

FOLDER_MOST = 24
"""Photos of a folder that are taken, in the order of their names."""

BRIDGE = "bridge"
"""Stands for the whole bridge: no task is refined, and none gets the backbone's finer maps that come through it."""

UNREAD = "unread"
"""Stands for all tasks at once: the bridge reads none of them. What it has from the backbone stays."""

WHOLE = ""
"""Stands for the pass of which nothing was removed."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """The matrix of the photo, and what the heads said in each of its passes.

    Attributes:
        matrix: Of this photo alone.
        logits: By source (`WHOLE` of the uncut pass; `UNREAD` and `BRIDGE` where they were tried), then by task.
        bridge: Effects by task of what was done to the whole bridge, by `UNREAD` and `BRIDGE` where they were tried.
        control: Change of every task at every pixel (`kinds.change_map`) by a random cut, mean of the draws.
    """

    matrix: InteractionMatrix
    logits: dict[str, dict[TaskName, Tensor]]
    bridge: dict[str, dict[TaskName, float]]
    control: dict[TaskName, Tensor]


@dataclass(frozen=True, slots=True)
class Settings:
    """How tasks are removed, as the functions of `bridgenet.inspection` take it.

    Attributes:
        removal: What takes the place of the source.
        places: Where it is removed.
        norm: Statistics of the joint layer norm.
        other: Name of the example that `swap` takes the source from.
        over: `image`, `rooms` or `folder`.
    """

    removal: str
    places: tuple[str, ...]
    norm: Literal["held", "free"]
    other: str
    over: str

    @property
    def of_photo(self) -> "Settings":
        """The same over the photo alone."""
        return replace(self, over="image")


SETS: WeakKeyDictionary[Network, Memory[Settings, InteractionMatrix]] = WeakKeyDictionary()
"""Matrices over reference sets, by network: they are the same for every photo and every visitor."""


def settings_of(analysis: Analysis, selection: Selection) -> Settings:
    """What is asked for, as far as the network has it."""
    there, asked = places_of(analysis), selection.text(PLACE)
    places = (asked,) if asked in there else there
    removal = selection.text(REMOVAL)
    other = other_example(analysis, selection) if removal == "swap" else ""
    norm = "free" if selection.text(NORM) == "free" else "held"
    return Settings(removal, places, norm, other, selection.text(OVER))


def places_of(analysis: Analysis) -> tuple[str, ...]:
    """Names of the places where the tasks of the network meet."""
    return tuple(meeting.name for meeting in analysis.predictor.model.meetings)


def other_example(analysis: Analysis, selection: Selection) -> str:
    """The example that tokens are swapped with: never the photo itself."""
    asked = selection.text(OTHER)
    if OTHER.name in selection.options and asked != analysis.example:
        return asked
    return next(name for name in examples_of(analysis.dataset) if name != analysis.example)


def cuts_of(analysis: Analysis, settings: Settings) -> Cuts | None:
    """What was computed for the photo, if it was."""
    return analysis.results.get(cut_photo, settings.of_photo)


def made_cuts(analysis: Analysis, settings: Settings, report: Progress = lambda done, total, words: None) -> Cuts:
    """What was computed for the photo, else computed now: whoever asks, view, lesson or program, gets the same."""
    known = cuts_of(analysis, settings)
    return known or analysis.results.keep(cut_photo(analysis, settings, report), cut_photo, settings.of_photo)


def computed_matrices(analysis: Analysis) -> dict[Settings, InteractionMatrix]:
    """Every matrix that was computed for the photo, and over sets of photos by its network."""
    own = {settings: cuts.matrix for (settings,), cuts in analysis.results.all(cut_photo).items()}
    return own | dict(SETS.get(analysis.predictor.model, Memory()))


def matrix_of(analysis: Analysis, settings: Settings) -> InteractionMatrix | None:
    """The matrix that is asked for, if it was computed."""
    if settings.over != "image":
        return SETS.get(analysis.predictor.model, Memory()).get(settings)
    cuts = cuts_of(analysis, settings)
    return None if cuts is None else cuts.matrix


def compute(session: Session, analysis: Analysis, selection: Selection, report: Progress) -> None:
    """The matrix of the photo and, if one is asked for, that of a reference set.

    Raises:
        StudioError: The reference set cannot be had.
    """
    settings = settings_of(analysis, selection)
    if not settings.places:
        return
    made_cuts(analysis, settings, report)
    if settings.over != "image" and matrix_of(analysis, settings) is None:
        kept = SETS.setdefault(analysis.predictor.model, Memory())
        kept[settings] = _over_set(session, analysis, settings, report)


@torch.inference_mode()
def cut_photo(analysis: Analysis, settings: Settings, report: Progress) -> Cuts:
    """All passes over the photo."""
    model, traces = analysis.own_model(), {}
    logits: dict[str, dict[TaskName, Tensor]] = {}
    control: dict[TaskName, Tensor] = {}

    def keep(index: int, source: str, trace: Trace) -> None:
        logits[source] = {task: trace.logits[task] for task in analysis.tasks}
        if source == WHOLE:
            traces[WHOLE] = trace

    def keep_control(index: int, draw: int, trace: Trace) -> None:
        before, after = traces[WHOLE].predictions, trace.predictions
        for task in analysis.tasks:
            # The mean of the draws so far.
            change = change_map(task, before[task], after[task])
            known = control.get(task, change)
            control[task] = known + (change - known) / (draw + 1)

    def tell(done: int, total: int) -> None:
        report(done, total, "Removing one task after the other")

    report(0, 1, "Asking the network")
    other = _example_input(analysis, settings.other) if settings.other else None
    matrix = inspection.interaction_matrix(
        model, analysis.images(), settings.removal,
        places=settings.places, norm=settings.norm, other=other, progress=tell, seen=keep, seen_control=keep_control,
    )  # fmt: skip
    bridge: dict[str, dict[TaskName, float]] = {}
    for name, off in _without_bridge(model, traces[WHOLE], settings).items():
        logits[name] = {task: off.logits[task] for task in analysis.tasks}
        before, after = traces[WHOLE].predictions, off.predictions
        bridge[name] = {task: inspection.effect_of(task, before[task], after[task]) for task in analysis.tasks}
    return Cuts(matrix, logits, bridge, control)


def _without_bridge(model: Network, trace: Trace, settings: Settings) -> dict[str, Trace]:
    """The bridge that reads nothing, and no bridge at all, as far as there is one and the settings cut there."""
    passes = {}
    reads = any(meeting.name == BFE for meeting in model.meetings)
    if reads and BFE in settings.places:
        with inspection.without_reading(model, trace, norm=settings.norm):
            passes[UNREAD] = decode_again(model, trace)
    if any(stage.bridge is not None for stage in trace.stages) and (BFE in settings.places or not reads):
        with inspection.without_task(model, trace, (), norm=settings.norm):
            passes[BRIDGE] = inspection.with_bridge_strength(model, trace, 0)
    return passes


def _over_set(session: Session, analysis: Analysis, settings: Settings, report: Progress) -> InteractionMatrix:
    images = _made_rooms(analysis, report) if settings.over == "rooms" else _folder(session, analysis, report)
    if len(images) < 2:
        raise StudioError("An interval needs two photos or more: put more photos into the folder.")

    def tell(done: int, total: int) -> None:
        each = total // len(images)
        report(done, total, f"Image {min(done // each + 1, len(images))} of {len(images)}")

    other = _example_input(analysis, settings.other) if settings.other else None
    return inspection.interaction_matrix(
        analysis.own_model(), images, settings.removal,
        places=settings.places, norm=settings.norm, other=other, progress=tell,
    )  # fmt: skip


def _made_rooms(analysis: Analysis, report: Progress) -> list[Tensor]:
    images = []
    for index in range(ROOMS):
        report(index, ROOMS, "Building rooms")
        images.append(_network_input(analysis, LoadedImage(made_room(index).pixels, ())))
    return images


def _folder(session: Session, analysis: Analysis, report: Progress) -> list[Tensor]:
    folder = session.reference
    if folder is None:
        raise StudioError("No folder was given. Start the studio with --reference FOLDER, or take the made rooms.")
    endings = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)[:FOLDER_MOST]
    if not files:
        raise StudioError("The folder of --reference has no photos (PNG, JPEG, WebP, BMP, TIFF). Put some in.")
    images = []
    for index, file in enumerate(files):
        report(index, len(files), f"Reading {file.name}")
        try:
            images.append(_network_input(analysis, load_image(file)))
        except ImageError as problem:
            raise StudioError(f"{file.name} in the folder: {problem}") from problem
    return images


def _example_input(analysis: Analysis, name: str) -> Tensor:
    return _network_input(analysis, LoadedImage(EXAMPLES[name].load().pixels, ()))


def _network_input(analysis: Analysis, photo: LoadedImage) -> Tensor:
    return analysis.predictor.network_input(photo)[0]

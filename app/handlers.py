"""What happens when a page is opened, a photo dropped, an example chosen, a pixel picked. Plain functions of data."""

import logging
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from app.background import steps_of
from app.line import Line
from app.session import Analysis, Session, StudioError
from app.tabs import TABS
from bridgenet.examples import EXAMPLES
from bridgenet.images import MAX_MEGAPIXELS, ImageError, LoadedImage, load_image
from bridgenet.learning import NO_VALID_PIXEL

MEGABYTES = 20
"""Largest upload, unless the command line says otherwise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a photo may have: megabytes as a file, megapixels as a picture."""

    megabytes: float = MEGABYTES
    megapixels: float = MAX_MEGAPIXELS


Event = Mapping[str, Any]
"""What the browser sent. Nothing about it is taken on trust."""

Answer = dict[str, Any]
"""New values of parts of the page, by name: key, head, rail, way, wire, inspector, and the views of `app.tabs`."""


class Handlers:
    """Answers to the events of the page.

    Args:
        session: Checkpoints and analyses.
        limits: Of photos.
        line: Where visitors wait for the network.
    """

    def __init__(self, session: Session, limits: Limits | None = None, line: Line | None = None) -> None:
        self.session = session
        self.limits = limits or Limits()
        self.line = line or Line()
        self._numbers = count()

    def open_page(self, link: Event) -> Answer:
        """Wait for the network, then let it take the place of the bundled first picture.

        Args:
            link: What the address says after its question mark.
        """
        limit = {"limit": self.limits.megabytes}
        try:
            analysis = self._analyse_example(link.get("ex"), link.get("checkpoint"))
            shown = self._show(analysis, read_link(link), {"chosen": analysis.example} | limit)
            if link.get("photo") == "own":
                shown["rail"] |= {"notes": [_OWN_PHOTO, *shown["rail"]["notes"]]}
            return shown
        except StudioError as problem:
            return self._without_network(problem, limit)

    def in_turn(self, event: Event, answers: Generator[Answer]) -> Generator[Answer]:
        """The answers to an event whose visitor has waited for them, until the last or until they leave."""
        with self.line.turn(event.get("ticket")) as waits, closing(answers):
            for answer in answers:
                if not waits():
                    return
                yield answer

    def photo(self, event: Event) -> Generator[Answer]:
        """Read, analyse and show a photo that was dropped or chosen; the file is deleted once it is read."""
        yield busy("Reading the photo")
        try:
            path = event.get("path")
            loaded = read_upload(self.session, path, self.limits)
            yield self._asking()
            title = Path(str(event.get("name") or "photo")).name[:80]
            analysis = self.session.analyse(loaded, title=title, checkpoint=self._checkpoint(event))
            self.session.sent[str(path)] = analysis.key
            yield busy("Drawing the maps")
            yield self._show(analysis, event, {"chosen": None})
        except (ImageError, StudioError) as problem:
            yield complaint(str(problem))

    def example(self, event: Event) -> Generator[Answer]:
        """Analyse and show an example."""
        name = event.get("id")
        if name not in EXAMPLES:
            yield complaint("There is no such example. Reload the page and choose again.")
            return
        try:
            yield self._asking()
            yield self._show(self._analyse_example(name, self._checkpoint(event)), event, {"chosen": name})
        except StudioError as problem:
            yield complaint(str(problem))

    def change_checkpoint(self, event: Event, key: str | None) -> Generator[Answer]:
        """Ask another checkpoint about the photo that is shown."""
        try:
            yield self._asking()
            name = str(event.get("checkpoint"))
            self.session.predictor(name)
            after = self.session.recall(key, name)
            if after is None:
                # An example can be made again; where the first checkpoint could not be loaded, there is no photo yet.
                if key is not None and event.get("ex") not in EXAMPLES:
                    raise StudioError(_RELEASED)
                after = self._analyse_example(event.get("ex"), name)
            yield self._show(after, event, {"chosen": after.example or None})
        except StudioError as problem:
            yield self._without_network(problem, {})

    def pick(self, event: Event) -> Answer:
        """Follow the selection: the inspector and the view that is looked at. `again` names an example to ask for.

        Args:
            event: The selection, and the `key` of the analysis that is shown: only who has the photo knows it.
        """
        key = event.get("key")
        try:
            analysis = self.session.recall(key)
        except StudioError as problem:
            return {"head": {"banner": str(problem), "kind": "alarm"}}
        if analysis is None:
            if key is None or not self.session.ready:
                return {"head": {"banner": _WARMING, "kind": "busy"}}
            # An example is analysed once more without being asked; only its visitor has a photo of their own.
            again = {"again": event["ex"]} if event.get("ex") in EXAMPLES else {}
            words = "The studio no longer has this example. Analysing it again …" if again else _RELEASED
            return {"head": {"banner": words, "kind": "busy" if again else "alarm"}, **again}
        from app.pages import views

        selection = views.selection_of(analysis, event)
        return views.place_views(analysis, selection, event.get("drawn"), event.get("held"))

    def run(self, event: Event, key: str | None) -> Generator[Answer]:
        """Compute what the view that is looked at still lacks, and tell how far it is."""
        from app.pages import views

        name = str(event.get("tab"))
        try:
            analysis = self._known(key)
            selection = views.selection_of(analysis, event)
            compute = views.PAGES[name].compute if name in views.PAGES else None
            if compute is not None:
                work = steps_of(lambda report: compute(self.session, analysis, selection, report))
                try:
                    for step in work:
                        yield {name: {"progress": [step.done, step.total], "words": step.words}}
                finally:
                    # Where the visitor leaves, this generator is closed: the work must hear of it.
                    work.close()
            yield views.place_views(analysis, selection)
        except StudioError as problem:
            yield {name: {"problem": str(problem)}} if name in TABS else complaint(str(problem))
        except Exception:
            logging.getLogger(__name__).exception("The view %s could not be computed", name)
            yield {name: {"problem": "This view could not be computed; the studio's log says why. Try other settings."}}

    def reveal(self, event: Any) -> dict[str, Any]:
        """What holds for the question of a lesson: `say`, or a `problem` in words."""
        from app.pages import lessons, views

        event = event if isinstance(event, Mapping) else {}
        try:
            analysis = self._known(event.get("key"))
            return {"say": lessons.answer(analysis, views.selection_of(analysis, event), event.get("lesson"))}
        except StudioError as problem:
            return {"problem": str(problem)}
        except Exception:
            logging.getLogger(__name__).exception("The lesson %s could not be answered", event.get("lesson"))
            return {"problem": "This could not be measured; the studio's log says why. The other lessons still work."}

    def _asking(self) -> Answer:
        return busy("Asking the network" if self.session.ready else "Warming up the network")

    def _known(self, key: str | None) -> Analysis:
        analysis = self.session.recall(key)
        if analysis is None:
            raise StudioError(_RELEASED if self.session.ready else _WARMING)
        return analysis

    def _checkpoint(self, event: Event) -> str | None:
        name = event.get("checkpoint")
        return name if name in self.session.checkpoints else None

    def _analyse_example(self, name: Any, checkpoint: Any) -> Analysis:
        """An example, or the first one if there is none of this name."""
        checkpoint = self._checkpoint({"checkpoint": checkpoint})
        if name not in EXAMPLES:
            name = first_example(self.session.predictor(checkpoint).config.data.name)
        example = EXAMPLES[name]
        picture = example.load()
        return self.session.analyse(
            LoadedImage(picture.pixels, ()),
            title=example.title,
            example=name,
            truth=picture.truth,
            truth_classes=picture.classes,
            checkpoint=checkpoint,
        )

    def _without_network(self, problem: StudioError, rail: dict[str, Any]) -> Answer:
        """A checkpoint cannot be used: say so, and offer the others."""
        answer = complaint(str(problem), alarm=True)
        answer["head"] |= {"checkpoints": list(self.session.checkpoints)}
        answer["rail"] |= rail
        return answer

    def _show(self, analysis: Analysis, event: Event, rail: dict[str, Any]) -> Answer:
        from app.pages import lessons, views

        selection = views.selection_of(analysis, event)
        has = views.capabilities(analysis)
        notes = {"notes": list(analysis.prediction.notes), "error": ""}
        # A part of the page hears only of values that differ from the one before.
        number = {"number": next(self._numbers)}
        stale = {name: {"stale": True, "key": analysis.key} | number for name in TABS}
        chip = checkpoint_chip(self.session, analysis.checkpoint)
        return (
            stale
            | views.place_views(analysis, selection)
            | {
                "key": analysis.key,
                "head": chip | {"banner": "", "kind": "", "network": "ready"},
                "rail": rail | notes | number | {part: has[part] for part in ("tasks", "scales", "heads")},
                "way": {part: has[part] for part in ("tabs", "pipeline")},
                "lesson": lessons.offered(analysis, [tab["name"] for tab in has["tabs"]]),
                "wire": {"photo": views.photo_of(analysis) | {"live": True}},
            }
        )


_WARMING = "The network is still warming up. In a moment every pixel answers."
_RELEASED = "The studio no longer has this photo. Drop it again."
_OWN_PHOTO = "This link was made with a photo of somebody's own, which it does not hold: drop the photo here."


def busy(words: str) -> Answer:
    """What is going on, in the head of the page."""
    return {"head": {"banner": f"{words} …", "kind": "busy"}}


def complaint(words: str, *, alarm: bool = False) -> Answer:
    """What went wrong and what to do: beside the drop zone, and in the head if the studio itself is concerned."""
    head = {"banner": words if alarm else "", "kind": "alarm" if alarm else ""}
    return {"head": head, "rail": {"error": words, "notes": []}}


def read_link(link: Event) -> Event:
    """The selection that a link describes, as the page would report it."""
    place = str(link.get("px", "")).split(",")
    options = {name: link[name] for name in link if "." in name}
    return {
        **{axis: _number(text) for axis, text in zip(("x", "y"), place, strict=False)},
        **{name: link[name] for name in ("task", "scope", "tab") if name in link},
        **{name: int(link[name]) for name in ("scale", "head") if str(link.get(name, "")).lstrip("-").isdigit()},
        "options": {name: value if _number(value) is None else _number(value) for name, value in options.items()},
    }


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def first_example(dataset: str) -> str:
    """The example that a checkpoint shows first: a room for one that was trained on rooms, else a real garage."""
    return "room-0" if dataset == "made_rooms" else "motorcycle"


def uploaded_file(path: Any) -> Path:
    """A file that this page has stored for the visitor.

    Raises:
        StudioError: The path lies elsewhere; nothing of the machine may be read through the page.
    """
    folder = Path(get_upload_folder()).resolve()
    file = Path(path).resolve() if isinstance(path, str) else folder
    if not file.is_relative_to(folder) or not file.is_file():
        raise StudioError("The photo did not arrive. Drop it again.")
    return file


def read_upload(session: Session, path: Any, limits: Limits) -> LoadedImage:
    """The photo that a visitor has sent. Its file is deleted.

    Equal files of several visitors lie at one place of the disk: the first who is served deletes it for all, and the
    others get the photo that it became. Who reads a photo puts what it became into `session.sent`.

    Raises:
        ImageError: It cannot be used.
        StudioError: It has too many bytes, or is not there.
    """
    before = session.photo(session.sent.get(str(path)))
    if before is not None and not Path(str(path)).is_file():
        return before
    return read_once(uploaded_file(path), limits)


def read_once(path: Path, limits: Limits) -> LoadedImage:
    """The photo in a file, which is deleted.

    Raises:
        ImageError: It cannot be used.
        StudioError: It has too many bytes.
    """
    try:
        size = path.stat().st_size / 1e6
        if size > limits.megabytes:
            raise StudioError(
                f"This file has {size:.1f} MB, more than the {limits.megabytes:g} MB that the studio takes. "
                "Export it smaller and send it again."
            )
        return load_image(path, max_megapixels=limits.megapixels)
    finally:
        path.unlink(missing_ok=True)


def checkpoint_chip(session: Session, name: str | None = None) -> dict[str, Any]:
    """Name, tasks, size and metrics of a checkpoint, as the head of the page shows them, and the others there are."""
    predictor = session.predictor(name)
    parameters = sum(parameter.numel() for parameter in predictor.model.parameters())
    count = len(predictor.tasks)
    facts = [f"{count} task{'s' if count > 1 else ''}", f"{parameters / 1e6:.1f} M"]
    measured = [
        f"{word} {NO_VALID_PIXEL if (value := predictor.metrics[task][metric]) is None else number.format(value)}"
        for task, metric, word, number in CHIP_METRICS
        if metric in predictor.metrics.get(task, {})
    ]
    return {
        "title": predictor.name,
        "facts": facts + (measured or ["not evaluated"]),
        "checkpoints": list(session.checkpoints),
    }


CHIP_METRICS = (
    ("semseg", "miou", "mIoU", "{:.1f}"),
    ("depth", "rmse", "rmse", "{:.2f} m"),
    ("normals", "mean_angle", "normals", "{:.0f}°"),
)
"""Metrics in the head of the page: task, key in `metrics.json`, word, number."""

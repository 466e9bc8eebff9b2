"""What happens when a page is opened, a photo dropped, an example chosen, a pixel picked. Plain functions of data."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from app.background import steps_of
from app.examples import EXAMPLES
from app.session import Analysis, Session, StudioError
from app.tabs import TABS
from bridgenet.images import ImageError, LoadedImage, load_image

MEGABYTES = 20
"""Largest upload."""

Event = Mapping[str, Any]
"""What the browser sent. Nothing about it is taken on trust."""

Answer = dict[str, Any]
"""New values of parts of the page, by name: key, head, rail, way, wire, inspector, and the views of `app.tabs`."""


class Handlers:
    """Answers to the events of the page.

    Args:
        session: Checkpoints and analyses.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def open_page(self, link: Event) -> Answer:
        """Wait for the network, then let it take the place of the bundled first picture.

        Args:
            link: What the address says after its question mark.
        """
        try:
            name = link.get("ex")
            if name not in EXAMPLES:
                name = first_example(self.session.predictor().config.data.name)
            return self._show(self._analyse_example(name, link.get("checkpoint")), read_link(link), {"chosen": name})
        except StudioError as problem:
            return complaint(str(problem), alarm=True)

    def photo(self, event: Event) -> Iterator[Answer]:
        """Read, analyse and show a photo that was dropped or chosen; the file is deleted once it is read."""
        yield busy("Reading the photo")
        try:
            path = uploaded_file(event.get("path"))
            try:
                loaded = load_image(path)
            finally:
                path.unlink(missing_ok=True)
            yield self._asking()
            title = Path(str(event.get("name") or "photo")).name[:80]
            analysis = self.session.analyse(loaded, title=title, checkpoint=self._checkpoint(event))
            yield busy("Drawing the maps")
            yield self._show(analysis, event, {"chosen": None})
        except (ImageError, StudioError) as problem:
            yield complaint(str(problem))

    def example(self, event: Event) -> Iterator[Answer]:
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

    def change_checkpoint(self, event: Event, key: str | None) -> Iterator[Answer]:
        """Ask another checkpoint about the photo that is shown."""
        try:
            before = self._known(key)
            yield self._asking()
            name = str(event.get("checkpoint"))
            self.session.predictor(name)
            yield self._show(self.session.again(before, name), event, {"chosen": before.example or None})
        except StudioError as problem:
            yield complaint(str(problem), alarm=True)

    def pick(self, event: Event, key: str | None) -> Answer:
        """Follow the selection: the inspector and the view that is looked at."""
        wire = {"turn": event.get("turn")}
        analysis = self.session.find(key)
        if analysis is None:
            words = _RELEASED if self.session.ready else _WARMING
            return {"head": {"banner": words, "kind": "busy"}, "wire": wire}
        from app.pages import views

        selection = views.selection_of(analysis, event)
        return views.place_views(analysis, selection, event.get("drawn")) | {"wire": wire}

    def run(self, event: Event, key: str | None) -> Iterator[Answer]:
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
                    # A visitor who cancels closes this generator: the work must hear of it.
                    work.close()
            yield views.place_views(analysis, selection)
        except StudioError as problem:
            yield {name: {"problem": str(problem)}} if name in TABS else complaint(str(problem))
        except Exception:
            logging.getLogger(__name__).exception("The view %s could not be computed", name)
            yield {name: {"problem": "This view could not be computed; the studio's log says why. Try other settings."}}

    def _asking(self) -> Answer:
        return busy("Asking the network" if self.session.ready else "Warming up the network")

    def _known(self, key: str | None) -> Analysis:
        analysis = self.session.find(key)
        if analysis is None:
            raise StudioError(_RELEASED if self.session.ready else _WARMING)
        return analysis

    def _checkpoint(self, event: Event) -> str | None:
        name = event.get("checkpoint")
        return name if name in self.session.checkpoints else None

    def _analyse_example(self, name: str, checkpoint: Any) -> Analysis:
        example = EXAMPLES[name]
        picture = example.load()
        return self.session.analyse(
            LoadedImage(picture.pixels, ()),
            title=example.title,
            example=name,
            truth=picture.truth,
            truth_classes=picture.classes,
            checkpoint=self._checkpoint({"checkpoint": checkpoint}),
        )

    def _show(self, analysis: Analysis, event: Event, rail: dict[str, Any]) -> Answer:
        from app.pages import views

        selection = views.selection_of(analysis, event)
        has = views.capabilities(analysis)
        notes = {"notes": list(analysis.prediction.notes), "error": ""}
        stale = {name: {"stale": True, "key": analysis.key} for name in TABS}
        return (
            stale
            | views.place_views(analysis, selection)
            | {
                "key": analysis.key,
                "head": checkpoint_chip(self.session, analysis.checkpoint) | {"banner": "", "kind": ""},
                "rail": rail | notes | {part: has[part] for part in ("tasks", "scales", "heads")},
                "way": {part: has[part] for part in ("tabs", "pipeline")},
                "wire": {"photo": views.photo_of(analysis)},
            }
        )


_WARMING = "The network is still warming up. In a moment every pixel answers."
_RELEASED = "This photo was released to make room. Drop it again."


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


def checkpoint_chip(session: Session, name: str | None = None) -> dict[str, Any]:
    """Name, tasks, size and metrics of a checkpoint, as the head of the page shows them, and the others there are."""
    predictor = session.predictor(name)
    parameters = sum(parameter.numel() for parameter in predictor.model.parameters())
    count = len(predictor.tasks)
    facts = [f"{count} task{'s' if count > 1 else ''}", f"{parameters / 1e6:.1f} M"]
    measured = [
        text.format(predictor.metrics[task][metric])
        for task, metric, text in CHIP_METRICS
        if metric in predictor.metrics.get(task, {})
    ]
    return {
        "title": predictor.name,
        "facts": facts + (measured or ["not evaluated"]),
        "checkpoints": list(session.checkpoints),
    }


CHIP_METRICS = (
    ("semseg", "miou", "mIoU {:.1f}"),
    ("depth", "rmse", "rmse {:.2f} m"),
    ("normals", "mean_angle", "normals {:.0f}°"),
)
"""Metrics in the head of the page: task, key in `metrics.json`, words."""

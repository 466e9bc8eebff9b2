"""What happens when a page is opened, a photo dropped, an example chosen, a pixel picked. Plain functions of data."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from app.examples import EXAMPLES
from app.selection import Selection, read_selection
from app.session import Analysis, Session, StudioError
from bridgenet.images import ImageError, LoadedImage, load_image

VIEWS = ("overview", "features", "bridge", "tpp", "inspector")
"""Views of the page, in the order in which handlers return them."""

MEGABYTES = 20
"""Largest upload."""

SKIP: Any = gr.skip()

Event = dict[str, Any]
"""What the browser sent. Nothing about it is taken on trust."""


class Handlers:
    """Answers to the events of the page.

    Every answer lists values for the key of the analysis, selection, head, rail, way and the `VIEWS`, in this order;
    `SKIP` leaves one alone.

    Args:
        session: Checkpoint and analyses.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def open_page(self, selection: Event) -> list[Any]:
        """Wait for the network, then let it take the place of the bundled first picture."""
        try:
            predictor = self.session.predictor()
            name = first_example(predictor.config.data.name)
            return self._show(self._analyse_example(name), selection, {"chosen": name})
        except StudioError as problem:
            return self._complain(str(problem), alarm=True)

    def photo(self, event: Event, selection: Event) -> Iterator[list[Any]]:
        """Read, analyse and show a photo that was dropped or chosen; the file is deleted once it is read."""
        yield self._busy("Reading the photo")
        try:
            path = uploaded_file(event.get("path"))
            try:
                loaded = load_image(path)
            finally:
                path.unlink(missing_ok=True)
            yield self._busy("Asking the network" if self.session.ready else "Warming up the network")
            title = Path(str(event.get("name") or "photo")).name[:80]
            analysis = self.session.analyse(loaded, title=title)
            yield self._busy("Drawing the maps")
            yield self._show(analysis, selection, {"chosen": None})
        except (ImageError, StudioError) as problem:
            yield self._complain(str(problem))

    def example(self, event: Event, selection: Event) -> Iterator[list[Any]]:
        """Analyse and show an example."""
        name = event.get("id")
        if name not in EXAMPLES:
            yield self._complain("There is no such example. Reload the page and choose again.")
            return
        try:
            yield self._busy("Asking the network" if self.session.ready else "Warming up the network")
            yield self._show(self._analyse_example(name), selection, {"chosen": name})
        except StudioError as problem:
            yield self._complain(str(problem))

    def pick(self, event: Event, key: str | None, before: Event) -> list[Any]:
        """Follow the selection: attention, inspector, and the features if another task was chosen.

        Returns:
            Values for selection, head and the `VIEWS`.
        """
        analysis = self.session.find(key)
        if analysis is None:
            words = "This photo was released to make room. Drop it again." if self.session.ready else _WARMING
            return [SKIP, {"banner": words, "kind": "busy"}, *[SKIP] * (len(VIEWS) - 1), {"turn": event.get("turn")}]
        from app.pages import views
        from app.pages.features import features

        selection = self._selection(analysis, event)
        values = views.place_views(analysis, selection)
        values["inspector"]["turn"] = event.get("turn")
        if selection.task != before.get("task"):
            values["features"] = features(analysis, selection)
        return [asdict(selection), SKIP, *(values.get(name, SKIP) for name in VIEWS)]

    def _analyse_example(self, name: str) -> Analysis:
        example = EXAMPLES[name]
        picture = example.load()
        photo = LoadedImage(picture.pixels, ())
        return self.session.analyse(photo, title=example.title, truth=picture.truth, truth_classes=picture.classes)

    def _show(self, analysis: Analysis, before: Event, rail: dict[str, Any]) -> list[Any]:
        from app.pages import views

        selection = self._selection(analysis, before or {})
        shown = views.all_views(analysis, selection)
        has = views.capabilities(analysis)
        notes = {"notes": list(analysis.prediction.notes), "error": "", "tasks": has["tasks"], "scales": has["scales"]}
        way = {"tabs": has["tabs"], "pipeline": has["pipeline"]}
        head = checkpoint_chip(self.session) | {"banner": "", "kind": ""}
        return [analysis.key, asdict(selection), head, rail | notes, way, *(shown[name] for name in VIEWS)]

    def _busy(self, words: str) -> list[Any]:
        return [SKIP, SKIP, {"banner": f"{words} …", "kind": "busy"}, *[SKIP] * (2 + len(VIEWS))]

    def _complain(self, words: str, *, alarm: bool = False) -> list[Any]:
        head = {"banner": words if alarm else "", "kind": "alarm" if alarm else ""}
        return [SKIP, SKIP, head, {"error": words, "notes": []}, *[SKIP] * (1 + len(VIEWS))]

    def _selection(self, analysis: Analysis, event: Event) -> Selection:
        from app.pages.attention import head_count

        scales, heads = len(analysis.trace.stages), head_count(analysis)
        return read_selection(event, tasks=analysis.tasks, scales=scales, heads=heads)


_WARMING = "The network is still warming up. In a moment every pixel answers."


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


def checkpoint_chip(session: Session) -> dict[str, Any]:
    """Name, tasks, size and metrics of the checkpoint, as the head of the page shows them."""
    predictor = session.predictor()
    parameters = sum(parameter.numel() for parameter in predictor.model.parameters())
    count = len(predictor.tasks)
    facts = [f"{count} task{'s' if count > 1 else ''}", f"{parameters / 1e6:.1f} M"]
    measured = [
        text.format(predictor.metrics[task][metric])
        for task, metric, text in CHIP_METRICS
        if metric in predictor.metrics.get(task, {})
    ]
    return {"title": predictor.name, "facts": facts + (measured or ["not evaluated"])}


CHIP_METRICS = (
    ("semseg", "miou", "mIoU {:.1f}"),
    ("depth", "rmse", "rmse {:.2f} m"),
    ("normals", "mean_angle", "normals {:.0f}°"),
)
"""Metrics in the head of the page: task, key in `metrics.json`, words."""

"""What can be taken along: numbers, pictures and settings as a zip, a report, slides, a film, a view as a picture.

Nothing of it is written to disk, and nothing can be fetched by anybody else: it travels in the answer itself.
"""

import base64
import io
import json
import platform
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.tabs import TABS
from app.takeaway.report import UNITS, card_of, picture_of, report
from app.takeaway.whole import whole_views
from app.view.frame import Taken
from app.view.page import Progress
from app.waiting.background import CancelledError, Step
from app.waiting.line import Line, is_ticket
from bridgenet.tasks import TASKS, TaskName

LARGEST = 40_000_000
"""Bytes that a zip may have."""

GONE = "The studio no longer has this photo. Drop it again, then download."

CANCELLED = "Cancelled."

MEANINGS = {
    "input.png": "The photo at the size of the predictions, RGB.",
    "semseg.png": "Class of every pixel: a palette image whose values are the indices of classes.json.",
    "human_parts.png": "Body part of every pixel: a palette image whose values are the indices of classes.json.",
    "confidence_*.npy": "Probability of the predicted class, float16 (height, width).",
    "depth.npy": "Metres, float32 (height, width).",
    "depth_mm_u16.png": "Millimetres, 16 bits (looks black in most viewers).",
    "depth.png": "Picture: near is yellow, far is dark purple; its limits in metres are in settings.json.",
    "normals.npy": "Unit vectors, float32 (height, width, 3): x right, y up, z toward the viewer.",
    "normals.png": "Picture: (n + 1) / 2 as red, green, blue.",
    "edge.npy, sal.npy": "Probability, float32 (height, width).",
    "edge.png, sal.png": "Picture: 0 is white, 1 is black.",
    "classes.json": "Names and colours of the classes, by index.",
    "attention/tpp_<task>.npy": "TPP: where the selected pixel's token looks, float32 on the grid of keys; sums to 1.",
    "attention/bridge_<task>.npy": "Bridge: what it read of the task, float32 on the task's grid; all tasks sum to 1.",
    "interaction/*": "Effect of removing each task on each other one, with units and control (csv and json): a matrix "
    "for each of the settings that were looked at, and how wrong each task is by itself (own_errors).",
    "room.glb": "The room as a surface (binary glTF), coloured as chosen in Overview: metres, x right, y up, z toward "
    "the viewer, the camera at the origin. What is supposed of the camera stands in it under asset.extras.",
    "views/<view>/*.png": "The maps of each view, as they were shown.",
    "settings.json": "Selection, checkpoint and its fingerprint, versions, link.",
}


class Downloads:
    """Makes what the page offers. One at a time: a zip keeps a core busy for a second.

    Args:
        session: Knows the analyses.
        line: Where visitors wait for the network, if they do: what is computed for them is cancelled there.
    """

    def __init__(self, session: Session, line: Line | None = None) -> None:
        self.session = session
        self.line = line or Line()
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}

    def take(self, event: object) -> Taken:
        """What the page asked for.

        Args:
            event: `what` (zip, report, slides, sweep, picture, card, room), the `key` of the analysis, the selection,
                the `link`, the `ticket` of who has waited. Nothing about it is taken on trust: without the key, which
                holds a hash of the photo, there is nothing to get.

        Returns:
            `name`, `type` and `data` (base64) of a file; `name` and `html` of what the page draws; or a
            `problem` in words.
        """
        event = event if isinstance(event, Mapping) else {}
        try:
            analysis = self.session.recall(event.get("key"))
        except StudioError as problem:
            return {"problem": str(problem)}
        if analysis is None:
            return {"problem": GONE}
        ticket = event.get("ticket")
        with self.line.turn(ticket) as waits:

            def tell(done: int, total: int, words: str = "") -> None:
                if not waits():
                    raise CancelledError
                if is_ticket(ticket):
                    self._steps[ticket] = Step(done, total, words)

            try:
                return self._made(event, analysis, tell)
            except StudioError as problem:
                return {"problem": str(problem)}
            except CancelledError:
                return {"problem": CANCELLED}
            finally:
                self._steps.pop(str(ticket), None)

    def how_far(self, ticket: object) -> Taken:
        """How far what is made for a ticket is: `progress`, and `words`. Nothing where nothing is made for it."""
        step = self._steps.get(ticket) if is_ticket(ticket) else None
        return {} if step is None else {"progress": (step.done, step.total), "words": step.words}

    def _made(self, event: Mapping[str, object], analysis: Analysis, tell: Progress) -> Taken:
        # Not at the top: views import torch, and the page is built before it is there.
        from app.tabs import views

        selection, what = views.selection_of(analysis, event), event.get("what")
        link = str(event.get("link") or "")[:2000]
        name = f"bridgenet-{file_name(analysis.example or Path(analysis.title).stem)}"
        # The network's part first: others may meanwhile pack what they have.
        if what == "sweep":
            # Not at the top, like what else needs torch: the page is built before it is there.
            from app.takeaway.sweep import sweep

            return _file(f"{name}-strength.gif", "image/gif", sweep(analysis, selection, tell))
        opened = event.get("views")
        opened = {selection.tab, *map(str, opened)} if isinstance(opened, list) else {selection.tab}
        wanted = {"report": set(TABS), "slides": opened}.get(str(what), set())
        shown = whole_views(self.session, analysis, selection, wanted, tell)
        with self._lock:
            match what:
                case "zip":
                    return _file(f"{name}.zip", "application/zip", zip_of(analysis, selection, self.session, link))
                case "report":
                    settings = settings_of(analysis, selection, self.session, link)
                    text = report(analysis, selection, settings, shown)
                    return _file(f"{name}.html", "text/html", text.encode())
                case "slides":
                    from app.takeaway.slides import slides

                    text = slides(analysis, selection, shown, expert=event.get("depth") != "simple")
                    return _file(f"{name}-slides.html", "text/html", text.encode())
                case "room":
                    if (room := room_of(analysis, selection, link)) is None:
                        return {"problem": "Nothing in this photo is a surface, so there is no room to take along."}
                    return _file(f"{name}.glb", "model/gltf-binary", room)
                case "picture" | "card":
                    return drawn_by_the_page(name, event, analysis, selection)
                case _:
                    return {"problem": "There is no such download. Reload the page and choose again."}


def drawn_by_the_page(name: str, event: Mapping[str, object], analysis: Analysis, selection: Selection) -> Taken:
    """A view, or a `card` of one, as HTML that the page makes a picture of."""
    from app.tabs import views

    tab = selection.tab if selection.tab in views.PAGES else "overview"
    if event.get("what") == "picture":
        return {"name": f"{name}-{tab}", "html": picture_of(tab, analysis, selection)}
    card = str(event.get("card"))
    if (html := card_of(tab, card, analysis, selection)) is None:
        return {"problem": "The view no longer has this picture. Choose it again."}
    return {"name": f"{name}-{tab}-{file_name(card)}", "html": html}


def zip_of(analysis: Analysis, selection: Selection, session: Session, link: str = "") -> bytes:
    """Everything as one archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("README.txt", readme(analysis))
        archive.writestr("settings.json", _json(settings_of(analysis, selection, session, link)))
        for name, content in files_of(analysis, selection):
            # PNG is compressed already.
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
            if buffer.tell() > LARGEST:
                raise StudioError(
                    f"The download would have more than {LARGEST / 1e6:.0f} MB. Analyse a smaller photo, "
                    "or ask for single tasks through the API."
                )
    return buffer.getvalue()


def files_of(analysis: Analysis, selection: Selection) -> Iterator[tuple[str, bytes | str]]:
    """Names and contents of the files, but for what tells about them."""
    from app.tabs.interaction.cuts import computed_matrices
    from app.view.own_errors import errors_csv

    yield "input.png", png(analysis.prediction.image)
    yield "classes.json", _json(classes_of(analysis))
    for task in analysis.tasks:
        yield from _task_files(analysis, task)
    if (room := room_of(analysis, selection)) is not None:
        yield "room.glb", room
    yield from _attention_files(analysis, selection)
    matrices = computed_matrices(analysis)
    for index, (settings, matrix) in enumerate(matrices.items()):
        stem = "interaction/matrix" if index == 0 else f"interaction/matrix-{index + 1}"
        yield f"{stem}.csv", matrix.to_csv()
        yield f"{stem}.json", _json(asdict(settings) | matrix.to_dict())
    if matrices:
        yield "interaction/own_errors.csv", errors_csv(analysis)
    yield from _view_files(analysis, selection)


def room_of(analysis: Analysis, selection: Selection, link: str = "") -> bytes | None:
    """The room as a surface, see `app.tabs.overview.room`; None where there is none."""
    from app.tabs.overview.room import room_file

    return room_file(analysis, selection, {"checkpoint": analysis.checkpoint, "link": link})


def settings_of(analysis: Analysis, selection: Selection, session: Session, link: str = "") -> dict[str, object]:
    """How the numbers came about."""
    height, width = analysis.size
    low, high = analysis.depth_limits
    return {
        "photo": analysis.title,
        "example": analysis.example or None,
        "size": [height, width],
        "network size": list(analysis.prediction.network_size),
        "notes": list(analysis.prediction.notes),
        "farther than, of pictures held back": analysis.prediction.farther_than,
        "selection": {name: value for name, value in selection.to_dict().items() if name != "pins"},
        "link": link,
        "checkpoint": analysis.checkpoint,
        "sha256 of model.safetensors": fingerprint(
            analysis.predictor.folder or session.checkpoints[analysis.checkpoint]
        ),
        "tasks": list(analysis.tasks),
        "units": {task: TASKS[task].pixel_unit for task in analysis.tasks if TASKS[task].pixel_unit},
        "depth picture, metres": [round(low, 3), round(high, 3)],
        "versions": versions(),
    }


def readme(analysis: Analysis) -> str:
    """What is in the archive, and what its numbers mean."""
    files = "\n".join(f"{name}\n    {meaning}" for name, meaning in MEANINGS.items())
    units = "\n".join(f"{name}: {meaning}." for name, meaning in UNITS)
    return (
        f"What {analysis.checkpoint} said about: {analysis.title}\n\nFiles (those of the tasks that it has)\n\n"
        f"{files}\n\nConventions\n\n{units}\nArrays are rows first: array[y, x]. Read them with numpy.load.\n"
    )


def classes_of(analysis: Analysis) -> dict[str, list[dict[str, int | str]]]:
    """Index, name and colour of every class, by task."""
    told: dict[str, list[dict[str, int | str]]] = {}
    for task in analysis.tasks:
        answer = analysis.prediction[task]
        if answer.classes:
            told[task] = [
                {"index": index, "name": name, "colour": colour.lower()}
                for index, (name, colour) in enumerate(zip(answer.classes, answer.colours, strict=True))
            ]
    return told


def versions() -> dict[str, str]:
    """Of what the numbers were computed with."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("bridgenet", "torch", "gradio")}


def fingerprint(checkpoint: Path) -> str:
    """SHA-256 of the weights."""
    weights = checkpoint / "model.safetensors"
    if not weights.is_file():
        return "unknown: the file is no longer there"
    return _sha256(weights, weights.stat().st_mtime_ns)


def file_name(title: str) -> str:
    """A title as part of a file's name, whatever the title."""
    return re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "photo"


def png(picture: np.ndarray) -> bytes:
    """A picture or 16-bit numbers, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """An array as numpy reads it."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _task_files(analysis: Analysis, task: TaskName) -> Iterator[tuple[str, bytes]]:
    answer = analysis.prediction[task]
    if answer.classes:
        buffer = io.BytesIO()
        answer.indexed().save(buffer, "PNG")
        yield f"{task}.png", buffer.getvalue()
        if answer.confidence is not None:
            yield f"confidence_{task}.npy", npy(answer.confidence.astype(np.float16))
        return
    yield f"{task}.npy", npy(answer.array)
    yield f"{task}.png", png(answer.picture(analysis.depth_limits if TASKS[task].kind == "metres" else None))
    if TASKS[task].kind == "metres":
        yield f"{task}_mm_u16.png", png(answer.millimetres())


def _attention_files(analysis: Analysis, selection: Selection) -> Iterator[tuple[str, bytes]]:
    from bridgenet import inspection

    x, y, head = selection.x, selection.y, selection.head
    for task in analysis.tasks:
        if analysis.trace.pattern is not None:
            row = inspection.tpp_row(analysis.trace, task, x, y, head)
            yield f"attention/tpp_{task}.npy", npy(row.weights.astype(np.float32))
    stage = analysis.trace.stages[selection.scale] if analysis.trace.stages else None
    if stage is not None and stage.attention is not None:
        rows = inspection.bridge_rows(stage, x, y, head)
        for task in analysis.tasks:
            yield f"attention/bridge_{task}.npy", npy(rows[task].weights.astype(np.float32))


def _view_files(analysis: Analysis, selection: Selection) -> Iterator[tuple[str, bytes]]:
    from app.tabs import views
    from app.tabs.overview.page import flat

    selection = flat(selection)
    for name, shown in views.PAGES.items():
        if name == "lessons" or not shown.exists(analysis):
            continue
        value = views.view_of(name, analysis, selection)
        for card in (card for group in value.get("groups", ()) for card in group.get("maps", ())):
            kind, _, data = str(card.get("src") or "").partition(",")
            if kind == "data:image/png;base64":
                yield f"views/{name}/{file_name(card.get('id', ''))}.png", base64.b64decode(data)


@cache
def _sha256(file: Path, changed: int) -> str:
    digest = sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _file(name: str, kind: str, content: bytes) -> Taken:
    return {"name": name, "type": kind, "data": base64.b64encode(content).decode()}


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"

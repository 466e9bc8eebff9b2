"""What happens when a page is opened, a photo dropped, an example chosen, a pixel picked. Plain functions of data."""

import logging
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, TypeVar, cast

from app.analysis.selection import segment_task
from app.analysis.session import Analysis, Session, StudioError
from app.chip import checkpoint_chip
from app.tabs import TABS
from app.takeaway.links import not_understood, read_link
from app.uploads import Limits, read_upload
from app.view.frame import Answer, Head, Offers, Photo, Rail, Way, Wire
from app.view.view import Belonging, Revealed, View
from app.waiting.ahead import Ahead
from app.waiting.background import steps_of
from app.waiting.line import Line
from bridgenet.examples import EXAMPLES, examples_of
from bridgenet.images import ImageError, LoadedImage

OPENING = "open"
"""What stands for a ticket where a page is opened."""


Event = Mapping[str, object]
"""What the browser sent. Nothing about it is taken on trust."""

Belongs = TypeVar("Belongs", bound=Belonging)


class Handlers:
    """Answers to the events of the page.

    Args:
        session: Checkpoints and analyses.
        limits: Of photos.
        line: Where visitors wait for the network.
        ahead: Whether what a view will need is computed before it is opened, while nobody asks for anything.
    """

    def __init__(
        self, session: Session, limits: Limits | None = None, line: Line | None = None, *, ahead: bool = False
    ) -> None:
        self.session = session
        self.limits = limits or Limits()
        self.line = line or Line()
        self.ahead = Ahead(lambda: self.line.busy) if ahead else None
        self._numbers = count()

    def open_page(self, link: Mapping[str, str], key: object = None) -> Answer:
        """Wait for the network, then let it take the place of the bundled first picture.

        Args:
            link: What the address says after its question mark.
            key: Of the visitor's own photo that was shown before the page was loaded again, if there was one.
        """
        limit: Rail = {"limit": self.limits.megabytes}
        try:
            analysis, words = self._of_link(link, key)
            gone: Rail = {"gone": str(key)} if _GONE in words else {}
            return self._opened(analysis, link, words, limit | gone | {"chosen": analysis.example or None})
        except StudioError as problem:
            answer = self._without_network(problem, limit)
        except Exception:
            logging.getLogger(__name__).exception("The page could not be opened")
            answer = self._without_network(_NOT_SHOWN, limit)
        ended: Wire = {"ended": OPENING}
        return answer | {"wire": ended}

    def show(self, event: Event) -> Generator[Answer]:
        """Show what was chosen: a new photo, an example, or the photo of a key; by the checkpoint that was chosen.

        The last answer says by `ended` that it is the last to this event, whether a photo came of it or not.
        """
        if event.get("path"):
            answers = self.photo(event)
        elif event.get("ex") and not event.get("key"):
            answers = self.example({**event, "id": event["ex"]})
        else:
            answers = self.change_checkpoint(event, event.get("key"))
        ended: Wire = {"ended": ticket_of(event)}
        try:
            with closing(answers):
                for answer in answers:
                    yield _ended(answer, ended) if "rail" in answer else answer
        except Exception:
            logging.getLogger(__name__).exception("What was chosen could not be shown")
            yield complaint(_NOT_SHOWN, alarm=True) | {"wire": ended}

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
            analysis = self.session.analyse(loaded, title=title, checkpoint=checkpoint_of(event))
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
            analysis = self._analyse_example(name, checkpoint_of(event))
            yield self._show(analysis, event, {"chosen": analysis.example})
        except StudioError as problem:
            yield complaint(str(problem))

    def change_checkpoint(self, event: Event, key: object) -> Generator[Answer]:
        """Ask a checkpoint about the photo of a key; about an example where there is none, or no photo yet."""
        try:
            yield self._asking()
            name = self.session.predictor(checkpoint_of(event)).name
            after = self.session.recall(key, name)
            if after is None:
                # An example can be made again; where the first checkpoint could not be loaded, there is no photo yet.
                if key is not None and event.get("ex") not in EXAMPLES:
                    gone: Rail = {"gone": str(key)}
                    yield self._without_network(_RELEASED, gone)
                    return
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
        if self.ahead:
            self.ahead.heard()
        try:
            analysis = self.session.recall(key)
        except StudioError as problem:
            return _banner(str(problem), "alarm")
        if analysis is None:
            if key is None or not self.session.ready:
                return _banner(_WARMING, "busy")
            # An example is analysed once more without being asked; only its visitor has a photo of their own.
            example = event.get("ex")
            if isinstance(example, str) and example in EXAMPLES:
                words = "The studio no longer has this example. Analysing it again …"
                return _banner(words, "busy") | {"again": example}
            return _banner(_RELEASED, "alarm")
        from app.tabs import views

        try:
            selection = views.selection_of(analysis, event)
            return {**views.place_views(analysis, selection, event.get("drawn"), event.get("held"))}
        except Exception:
            logging.getLogger(__name__).exception("The view %s could not be drawn", event.get("tab"))
            return _banner(_NOT_SHOWN, "alarm")

    def run(self, event: Event, key: object) -> Generator[Answer]:
        """Compute what the view that is looked at still lacks, and tell how far it is; by the event's ticket."""
        name, ticket = str(event.get("tab")), ticket_of(event)
        if self.ahead:
            self.ahead.give_up()
        try:
            analysis = self._known(key)
            from app.tabs import views

            selection = views.selection_of(analysis, event)
            work = steps_of(lambda report: views.compute(name, self.session, analysis, selection, report))
            try:
                for step in work:
                    progress: View = {"progress": (step.done, step.total), "words": step.words, "of": analysis.key}
                    yield {name: _belonging(progress, ticket)}
            finally:
                # Where the visitor leaves, this generator is closed: the work must hear of it.
                work.close()
            shown = views.place_views(analysis, selection)
            self._compute_ahead(key)
            yield {part: _belonging(value, ticket) for part, value in shown.items()}
        except StudioError as problem:
            yield _failed(name, str(problem), ticket) if name in TABS else complaint(str(problem))
        except Exception:
            logging.getLogger(__name__).exception("The view %s could not be computed", name)
            problem = "This view could not be computed; the studio's log says why. Try other settings."
            yield _failed(name, problem, ticket)

    def reveal(self, event: object) -> Revealed:
        """What holds for the question of a lesson: `say`, or a `problem` in words."""
        event = event if isinstance(event, Mapping) else {}
        try:
            analysis = self._known(event.get("key"))
            from app.tabs import views
            from app.tabs.lessons import page as lessons

            return {"say": lessons.answer(analysis, views.selection_of(analysis, event), event.get("lesson"))}
        except StudioError as problem:
            return {"problem": str(problem)}
        except Exception:
            logging.getLogger(__name__).exception("The lesson %s could not be answered", event.get("lesson"))
            return {"problem": "This could not be measured; the studio's log says why. The other lessons still work."}

    def _compute_ahead(self, key: object) -> None:
        """Compute what the other views of a photo will need, while nobody asks for anything."""
        if self.ahead and isinstance(key, str):
            from app.tabs import views

            self.ahead.begin(partial(views.compute_ahead, self.session, key))

    def _asking(self) -> Answer:
        return busy("Asking the network" if self.session.ready else "Warming up the network")

    def _known(self, key: object) -> Analysis:
        analysis = self.session.recall(key)
        if analysis is None:
            raise StudioError(_RELEASED if self.session.ready else _WARMING)
        return analysis

    def _of_link(self, link: Mapping[str, str], key: object) -> tuple[Analysis, list[str]]:
        """The photo of a link by its checkpoint; else what can be shown instead, and why."""
        name, words = link.get("checkpoint"), []
        try:
            if link.get("photo") == "own":
                own = self.session.recall(key)
                if own is not None and not own.example:
                    return own, []
                words.append(_GONE if key else _OWN_PHOTO)
            if name in self.session.checkpoints:
                return self._analyse_example(link.get("ex"), name), words
        except StudioError as problem:
            words.append(str(problem))
        return self._analyse_example(link.get("ex"), None), words

    def _opened(self, analysis: Analysis, link: Mapping[str, str], words: list[str], rail: Rail) -> Answer:
        """What a link shows, and in one line what of it cannot be shown."""
        from app.tabs import views
        from app.view.scales import scale_names

        read, has = read_link(link), views.capabilities(analysis)
        tabs, scales = [tab["name"] for tab in has["tabs"]], len(scale_names(analysis))
        if wrong := not_understood(
            link, self.session.checkpoints, tabs, analysis.tasks, scales=scales, heads=has["heads"]
        ):
            more = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
            words = [*words, f"The studio does not know what this link means by {', '.join(wrong[:4])}{more}."]
        head: Head = {"banner": " ".join(words), "kind": "alarm" if words else ""}
        wire: Wire = {"ended": OPENING, "options": read.get("options", {})}
        return self._show(analysis, read, rail | {"notes": words}, head, wire)

    def _analyse_example(self, name: object, checkpoint: str | None) -> Analysis:
        """An example, or the first one if there is none of this name."""
        predictor = self.session.predictor(checkpoint)
        known = isinstance(name, str) and name in EXAMPLES
        name = str(name) if known else first_example(predictor.config.data.name)
        example = EXAMPLES[name]
        picture = example.load()
        return self.session.analyse(
            LoadedImage(picture.pixels, ()),
            title=example.title,
            example=name,
            truth=picture.truth,
            truth_classes=picture.source,
            checkpoint=checkpoint,
        )

    def _without_network(self, problem: StudioError | str, rail: Rail) -> Answer:
        """A checkpoint cannot be used: say so, and offer the others."""
        head: Head = {"banner": str(problem), "kind": "alarm", "checkpoints": list(self.session.checkpoints)}
        error: Rail = {"error": str(problem), "notes": []}
        return {"head": head, "rail": error | rail}

    def _show(
        self, analysis: Analysis, event: Event, rail: Rail, head: Head | None = None, wire: Wire | None = None
    ) -> Answer:
        from app.tabs import views
        from app.tabs.lessons import page as lessons

        has = views.capabilities(analysis)
        tabs = [tab["name"] for tab in has["tabs"]]
        selection = views.selection_of(analysis, event)
        # Another network may not have the view that was looked at.
        selection = selection if selection.tab in tabs else replace(selection, tab="overview")
        # A part of the page hears only of values that differ from the one before.
        number = next(self._numbers)
        stale: View = {"stale": True, "key": analysis.key, "of": analysis.key, "number": number}
        offers: Offers = {
            "tabs": tabs,
            "tasks": list(analysis.tasks),
            "scales": len(has["scales"]),
            "heads": has["heads"],
            "cuttable": has["cuttable"],
            "segments": segment_task(analysis.tasks) is not None,
        }
        photo: Photo = {**views.photo_of(analysis), "live": True, "offers": offers}
        says: Head = {"banner": "", "kind": "", "network": "ready"}
        column: Rail = {
            "tasks": has["tasks"],
            "heads": has["heads"],
            "cuttable": has["cuttable"],
            "notes": [*rail.get("notes", ()), *analysis.prediction.notes],
            "error": "",
            "number": number,
        }
        way: Way = {"tabs": has["tabs"], "figure": has["figure"]}
        self._compute_ahead(analysis.key)
        return {
            **dict.fromkeys(TABS, stale),
            **views.place_views(analysis, selection),
            "key": analysis.key,
            "head": checkpoint_chip(self.session, analysis.checkpoint) | says | (head or {}),
            "rail": rail | column,
            "way": way,
            "lesson": lessons.offered(analysis, tabs),
            "wire": (wire or {}) | {"photo": photo},
        }


_WARMING = "The network is still warming up. In a moment every pixel answers."
_RELEASED = "The studio no longer has this photo. Drop it again."
_GONE = "The studio no longer has your photo: it was restarted, or made room for others. Drop the photo again."
_NOT_SHOWN = "This could not be shown; the studio's log says why. Choose another photo or another checkpoint."
_OWN_PHOTO = (
    "This link was made with a photo of somebody's own, which it does not hold. What you see is an example: drop the "
    "photo to see that."
)


def ticket_of(event: Event) -> str | None:
    """What names an event among those of its visitor; None where it has no such name."""
    ticket = event.get("ticket")
    return ticket if isinstance(ticket, str) else None


def checkpoint_of(event: Event) -> str | None:
    """The checkpoint that is asked for; None where none is."""
    name = event.get("checkpoint")
    return None if name is None else str(name)


def busy(words: str) -> Answer:
    """What is going on, in the head of the page."""
    return _banner(f"{words} …", "busy")


def complaint(words: str, *, alarm: bool = False) -> Answer:
    """What went wrong and what to do: beside the drop zone, and in the head if the studio itself is concerned."""
    rail: Rail = {"error": words, "notes": []}
    return (_banner(words, "alarm") if alarm else _banner("", "")) | {"rail": rail}


def _banner(words: str, kind: Literal["busy", "alarm", ""]) -> Answer:
    head: Head = {"banner": words, "kind": kind}
    return {"head": head}


def _ended(answer: Answer, ended: Wire) -> Answer:
    """The answer, which also says that it is the last."""
    wire = cast(Wire, answer.get("wire", {}))
    return answer | {"wire": wire | ended}


def _belonging(value: Belongs, ticket: str | None) -> Belongs:
    """What was asked for with a ticket."""
    value["ticket"] = ticket
    return value


def _failed(name: str, problem: str, ticket: str | None) -> Answer:
    view: View = {"problem": problem, "ticket": ticket}
    return {name: view}


def first_example(dataset: str) -> str:
    """The example that a checkpoint shows first: one of the data set that it was trained on, else a photo of none."""
    return examples_of(dataset)[0]

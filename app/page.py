"""The page: components, where they stand, and which handler answers which event."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
from starlette.responses import Response

from app.analysis.session import Session
from app.browser import TITLE
from app.endpoints import add_endpoints
from app.first_values import First
from app.handlers import Handlers
from app.parts import (
    as_text,
    inspector_panel,
    lesson_card,
    lesson_steps,
    linked_viewer,
    page_head,
    page_way,
    rail_panel,
    wire,
)
from app.tabs import LESSON_STEPS, TABS
from app.takeaway.downloads import Downloads
from app.uploads import Limits
from app.view.frame import Answer, Example, Taken
from app.view.view import Revealed
from app.waiting.line import PlaceInLine
from bridgenet.examples import EXAMPLES

MODEL_EVENTS: dict[str, Any] = {"concurrency_id": "infer", "concurrency_limit": 1}
"""The network answers one photo at a time; the others wait in the queue."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

Shown = dict[object, str | None]
"""New values by component."""

MAX_QUESTIONS = 1000
"""Questions of programs that may wait at once. Each takes a fraction of a second: the last waits for some minutes."""

SECONDS_BETWEEN_LOOKS = 0.005
"""After that the queue looks again for who waits. Gradio's own millisecond takes a tenth of a processor for ever."""

SECONDS_ON_DISK = 900
"""After that, what somebody sent without ever asking about it is deleted."""


def build_demo(session: Session, first: First, limits: Limits | None = None, *, ahead: bool = False) -> gr.Blocks:
    """The whole page, and the endpoints for programs.

    Args:
        session: Checkpoints and analyses.
        first: Values of the components before the network is loaded, see `app.first_paint`.
        limits: Of photos.
        ahead: Whether views are computed before they are opened, while nobody asks for anything.
    """
    handlers = Handlers(session, limits, ahead=ahead)
    first["rail"]["limit"] = handlers.limits.megabytes
    with gr.Blocks(title=TITLE, fill_width=True, analytics_enabled=False, delete_cache=(300, SECONDS_ON_DISK)) as demo:
        parts = _parts(first, handlers, Downloads(session, handlers.line))
        line = parts["wire"]

        def named(answer: Answer) -> Shown:
            # Not at the top: charts need torch, and the page is built before it is there.
            from app.view.wire import to_json

            return {parts[name]: as_text(to_json(value)) for name, value in answer.items() if name in parts}

        def open_page(address: object) -> Shown:
            return named(handlers.open_page(*_opened(address)))

        def show(event: gr.EventData) -> Iterator[Shown]:
            sent = _sent(event)
            yield from map(named, handlers.in_turn(sent, handlers.show(sent)))

        def run(event: gr.EventData) -> Iterator[Shown]:
            sent = _sent(event)
            yield from map(named, handlers.in_turn(sent, handlers.run(sent, sent["key"])))

        everything = list(parts.values())
        followers = [parts[name] for name in ("head", "wire", "inspector", *TABS)]
        queued = MODEL_EVENTS | QUIET
        demo.load(open_page, line, everything, js=ADDRESS, **queued)
        line.show(show, None, everything, **queued, trigger_mode="multiple")
        line.run(run, None, followers, **queued, trigger_mode="multiple")
        parts["lesson"].step(lesson_step, None, parts["steps"], queue=False, **QUIET)
        add_endpoints(session, handlers.limits, MODEL_EVENTS)
    # Visitors of the page wait in a line of their own (`app.waiting`); what waits here are programs and opened pages.
    demo.queue(max_size=MAX_QUESTIONS)
    demo._queue.sleep_when_free = SECONDS_BETWEEN_LOOKS
    return demo


def _parts(first: First, handlers: Handlers, downloads: Downloads) -> dict[str, Any]:
    """Components by the names that handlers use, laid out."""

    def ask_line(ticket: object) -> PlaceInLine:
        return handlers.line.ask(ticket)

    def pick(event: object) -> Response:
        from app.view.wire import to_json

        # As text: of a structure, the server would look at every leaf once more.
        answer = as_text(to_json(handlers.pick(event if isinstance(event, dict) else {})))
        return Response(answer, media_type="application/json")

    def leave_line(ticket: object) -> None:
        handlers.line.leave(ticket)

    def take_along(event: object) -> Taken:
        return downloads.take(event)

    def how_far(ticket: object) -> Taken:
        return downloads.how_far(ticket)

    def reveal_lesson(event: object) -> Revealed:
        return handlers.reveal(event)

    parts: dict[str, Any] = {}
    parts["wire"] = wire(first.get("wire"), [pick, ask_line, leave_line])
    parts["head"] = page_head(first["head"], [take_along, how_far, ask_line, leave_line])
    with gr.Row(elem_classes="studio-body"):
        with gr.Column(elem_classes="rail-column"):
            parts["rail"] = rail_panel(first["rail"])
        with gr.Column(elem_classes="centre-column"):
            parts["way"] = page_way(first["way"])
            for name in TABS:
                with gr.Column(elem_id=f"page-{name}", elem_classes="page"):
                    parts[name] = linked_viewer(name, first.get(name))
                    if name == "lessons":
                        parts["steps"] = lesson_steps()
        with gr.Column(elem_classes="inspector-column"):
            parts["lesson"] = lesson_card([reveal_lesson])
            parts["inspector"] = inspector_panel(first.get("inspector"))
    return parts


def lesson_step(event: gr.EventData) -> gr.Walkthrough:
    """Open one of the lessons in their row."""
    index = getattr(event, "index", None)
    return gr.Walkthrough(selected=index if index in range(len(LESSON_STEPS)) else 0)


def example_strip(thumbs: dict[str, str]) -> list[Example]:
    """Entries of the example strip that have a thumbnail."""
    return [
        {"id": name, "name": example.title, "thumb": thumbs[name]}
        for name, example in EXAMPLES.items()
        if name in thumbs
    ]


SENT = (
    "x", "y", "task", "scale", "head", "scope", "cut", "region", "tab", "options", "pins", "drawn", "path", "name",
    "key", "checkpoint", "ex", "ticket",
)  # fmt: skip
"""What the browser may send with an event."""

ADDRESS = "() => [{ link: [...new URLSearchParams(location.search)], key: history.state?.studio?.key ?? null }]"
"""What the browser sends when a page is opened: its address, read once, and the photo that it had shown."""


def _opened(address: object) -> tuple[dict[str, str], object]:
    """The link, where of a repeated name the first counts, and the key of the photo that was shown."""
    address = address if isinstance(address, dict) else {}
    pairs = address.get("link")
    link = {str(name): str(value) for name, value in reversed(pairs)} if isinstance(pairs, list) else {}
    return link, address.get("key")


def _sent(event: gr.EventData) -> dict[str, object]:
    """What the browser sent with an event. Missing parts are None: handlers judge every part."""
    return {name: getattr(event, name, None) for name in SENT}

"""The page: components, where they stand, and which handler answers which event."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.examples import EXAMPLES
from app.handlers import VIEWS, Handlers
from app.session import Session
from app.viewer import inspector_panel, linked_viewer, page_head, page_way, rail_panel

MODEL_EVENTS: dict[str, Any] = {"concurrency_id": "infer", "concurrency_limit": 1}
"""The network answers one photo at a time; the others wait in the queue."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_demo(session: Session, first: dict[str, Any]) -> gr.Blocks:
    """The whole page.

    Args:
        session: Checkpoint and analyses.
        first: Values of the components before the network is loaded, see `app.first_paint`.
    """
    handlers = Handlers(session)
    with gr.Blocks(
        title="BridgeNet Studio", fill_width=True, analytics_enabled=False, delete_cache=(3600, 3600)
    ) as demo:
        key = gr.State(None, time_to_live=3600)
        selection = gr.State({}, time_to_live=3600)
        head = page_head(first["head"])
        with gr.Row(elem_classes="studio-body"):
            with gr.Column(elem_classes="rail-column"):
                rail = rail_panel(first["rail"])
            with gr.Column(elem_classes="centre-column"):
                way = page_way(first["way"])
                views = {}
                for page, names in {
                    "overview": ["overview"],
                    "features": ["features"],
                    "attention": ["bridge", "tpp"],
                }.items():
                    with gr.Column(elem_id=f"page-{page}", elem_classes="page"):
                        views |= {name: linked_viewer(name, first.get(name)) for name in names}
            with gr.Column(elem_classes="inspector-column"):
                views["inspector"] = inspector_panel(first.get("inspector"))
        shown = [views[name] for name in VIEWS]
        everything = [key, selection, head, rail, way, *shown]

        def photo(selection: dict[str, Any], event: gr.EventData) -> Iterator[list[Any]]:
            yield from handlers.photo(_data(event, "path", "name"), selection)

        def example(selection: dict[str, Any], event: gr.EventData) -> Iterator[list[Any]]:
            yield from handlers.example(_data(event, "id"), selection)

        def pick(key: str | None, selection: dict[str, Any], event: gr.EventData) -> list[Any]:
            return handlers.pick(_data(event, "x", "y", "task", "scale", "head", "turn"), key, selection)

        demo.load(handlers.open_page, [selection], everything, **MODEL_EVENTS, **QUIET)
        rail.photo(photo, [selection], everything, **MODEL_EVENTS, **QUIET, trigger_mode="multiple")
        rail.example(example, [selection], everything, **MODEL_EVENTS, **QUIET, trigger_mode="multiple")
        views["inspector"].pick(
            pick, [key, selection], [selection, head, *shown], queue=False, trigger_mode="multiple", **QUIET
        )
    demo.queue(max_size=64)
    return demo


def example_strip(thumbs: dict[str, str]) -> list[dict[str, str]]:
    """Entries of the example strip that have a thumbnail."""
    return [
        {"id": name, "name": example.title, "thumb": thumbs[name]}
        for name, example in EXAMPLES.items()
        if name in thumbs
    ]


def _data(event: gr.EventData, *names: str) -> dict[str, Any]:
    """What the browser sent with an event. Missing parts are None: handlers judge every part."""
    return {name: getattr(event, name, None) for name in names}

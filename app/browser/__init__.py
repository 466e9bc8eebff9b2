"""What runs in the visitor's browser: ES modules, style sheets and the first picture; and how the modules get there.

The page asks for them relative to its own address, so they arrive wherever a reverse proxy serves it. They are read
once, and their path names their content: browsers keep them, and never mix those of two versions.
"""

import json
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent
ARRIVAL = "arrival.js"
"""Stands in the page itself: it speaks where the modules did not arrive."""

FOR_EVER = "public, max-age=31536000, immutable"


def modules_route() -> Route:
    """Where the studio serves its modules."""
    modules = _modules()

    async def module(request: Request) -> Response:
        text = modules.get(request.path_params["name"])
        if text is None:
            return Response(status_code=404)
        return Response(text, media_type="text/javascript", headers={"Cache-Control": FOR_EVER})

    return Route(f"/{_place()}/{{name}}", module)


def browser_head(tabs: Iterable[str]) -> str:
    """What the head of the page says so that the modules are loaded, once and all at the same time.

    Args:
        tabs: Names of the views there are, for the module that reads links.
    """
    preload = "".join(f'<link rel="modulepreload" href="{_place()}/{name}">' for name in _modules())
    main = f'<script type="module" src="{_place()}/main.js" data-tabs="{escape(json.dumps(list(tabs)))}"></script>'
    return f"{preload}{main}<script>{(FOLDER / ARRIVAL).read_text(encoding='utf-8')}</script>"


def start_of(part: str, events: Iterable[str] = ()) -> str:
    """The script of a component: it hands itself over to the module of its name.

    Args:
        part: Name in `main.js`.
        events: Events that it sends. Gradio finds them by their quotation marks.
    """
    handed = "{ element, props, watch, trigger, server, upload }"
    named = "".join(f" // {json.dumps(event)}" for event in events)
    return f'(window.bridgenetParts ??= []).push(["{part}", {handed}]);{named}'


@cache
def _modules() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.js")) if path.name != ARRIVAL}


@cache
def _place() -> str:
    texts = "".join(f"{name}\n{text}" for name, text in _modules().items())
    return f"browser/{blake2b(texts.encode(), digest_size=6).hexdigest()}"

"""What runs in the visitor's browser: ES modules, style sheets and the first picture; and how the modules get there.

The page asks for them relative to its own address, so they arrive wherever a reverse proxy serves it. They are read
once, and their path names their content: browsers keep them, and never mix those of two versions.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from html import escape
from pathlib import Path

from rjsmin import jsmin
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridgenet.glossary import GLOSSARY

FOLDER = Path(__file__).parent

TITLE = "BridgeNet Studio"
"""Of the page."""

TOLD = "What each task of one network takes from the others: its features, its bridge and its answers, of your photo."
"""What is told of the page where somebody links to it."""

ARRIVAL, QUIET = "arrival.js", "quiet.js"
"""Stand in the page itself: one speaks where the modules did not arrive, one is there before Gradio's."""

LATER = (
    "forms.js", "large.js", "lasso.js", "mesh.js", "painter.js", "space.js", "taking.js", "tour.js", "vector.js",
)  # fmt: skip
"""Are loaded when they are first needed."""

_INTRODUCTION = re.compile(rb"<meta\s[^>]*\b(?:property|name)\s*=\s*\"(?:og|twitter):[^>]*>")
"""What a page tells those who link to it."""

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


def announcing(app: ASGIApp) -> ASGIApp:
    """The studio, whose page tells links its title, and says in its first line that the modules will be needed.

    So they arrive while it is read. Gradio's own script would put both into the page, which is too late; and its page
    would introduce itself as Gradio's, and would never stop counting.
    """
    told = [("og:type", "website"), ("og:title", TITLE), ("og:description", TOLD)]
    properties = "".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in told)
    head = (
        f'<head><title>{escape(TITLE)}</title><meta name="description" content="{escape(TOLD)}">{properties}'
        f"<script>{_minified(FOLDER / QUIET)}</script>"
    )
    wanted = ", ".join(f"<{_place()}/{name}>; rel=modulepreload" for name in _modules() if name not in LATER)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun: list[Message] = []

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            if begun:
                start, body = begun.pop(), message.get("body", b"")
                message["body"] = _INTRODUCTION.sub(b"", body).replace(b"<head>", head.encode(), 1)
                headers = MutableHeaders(scope=start)
                headers.append("link", wanted)
                if "content-length" in headers:
                    headers["content-length"] = str(int(headers["content-length"]) + len(message["body"]) - len(body))
                await send(start)
            await send(message)

        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await app(scope, receive, say if page else send)

    return answer


def browser_head(tabs: Iterable[str], simple: Iterable[str]) -> str:
    """What the head of the page says so that the modules are loaded, once.

    Args:
        tabs: Names of the views there are, for the module that reads links.
        simple: Those of them that are there where only the simple is asked for.
    """
    named = {"tabs": list(tabs), "simple": list(simple)}
    data = " ".join(f'data-{name}="{escape(json.dumps(names))}"' for name, names in named.items())
    glossary = f'<script type="application/json" data-glossary>{json.dumps(dict(GLOSSARY))}</script>'
    main = f'<script type="module" src="{_place()}/main.js" {data}></script>'
    return f"{glossary}{main}<script>{(FOLDER / ARRIVAL).read_text(encoding='utf-8')}</script>"


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
    """Modules by file name, without the comments and types that only their readers need."""
    files = [path for path in sorted(FOLDER.glob("*.js")) if path.name not in (ARRIVAL, QUIET)]
    return {path.name: _minified(path) for path in files}


def _minified(path: Path) -> str:
    return str(jsmin(path.read_text(encoding="utf-8")))


@cache
def _place() -> str:
    texts = "".join(f"{name}\n{text}" for name, text in _modules().items())
    return f"browser/{blake2b(texts.encode(), digest_size=6).hexdigest()}"

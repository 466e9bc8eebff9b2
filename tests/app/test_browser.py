"""What the studio sends to the browser, and how (`app/browser/__init__.py`)."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import gradio as gr
from rjsmin import jsmin
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app.analysis.session import Session
from app.browser import ARRIVAL, FOLDER, LATER, QUIET, announcing, browser_head, modules_route, start_of
from app.endpoints import add_endpoints
from app.parts import lesson_card, linked_viewer, wire
from app.tabs import SIMPLE, TABS
from app.uploads import Limits

HEAD = browser_head(TABS, SIMPLE)


class Tags(HTMLParser):
    """Tags of a text, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


GRADIO = """<html><head><meta charset="utf-8" /><meta property="og:title" content="Gradio" /><meta
    name="twitter:creator" content="@Gradio" /></head><body>ä</body></html>"""


def modules() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.js") if path.name not in (ARRIVAL, QUIET))


def pages() -> TestClient:
    """A page and its modules, as the studio serves them."""
    routes = [Route("/", lambda request: HTMLResponse(GRADIO)), modules_route()]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(announcing)]))


def announced(client: TestClient, path: str = "/") -> list[str]:
    """Modules that the answer says will be needed."""
    return re.findall(r"<(.+?)>; rel=modulepreload", client.get(path).headers.get("link", ""))


def test_the_page_announces_what_it_begins_with_once_and_relative_to_itself_and_its_head_loads_the_main_module() -> (
    None
):
    links = announced(pages())
    assert sorted(link.rpartition("/")[2] for link in links) == [name for name in modules() if name not in LATER]
    tags = Tags(HEAD).found
    (main,) = [attributes for tag, attributes in tags if tag == "script" and attributes.get("type") == "module"]
    assert main["src"] in links
    assert json.loads(str(main["data-tabs"])) == list(TABS)
    assert all(re.fullmatch(r"browser/[0-9a-f]{12}/\w+\.js", link) for link in links)


def test_a_page_under_a_path_announces_them_too_and_nothing_but_the_page_does() -> None:
    client = TestClient(Starlette(routes=[Mount("/lab/studio", pages().app)]))
    assert announced(client, "/lab/studio/") == announced(pages())
    assert not announced(pages(), "/" + announced(pages())[0])


def test_the_page_quiets_gradio_before_its_modules_keep_what_asks_for_frames() -> None:
    page = pages().get("/").text
    assert page.index("requestAnimationFrame") < page.index("<meta charset")


def test_the_page_has_its_title_before_any_script_runs_and_tells_links_its_own() -> None:
    answer = pages().get("/")
    assert answer.text.startswith("<html><head><title>BridgeNet Studio</title>")
    assert answer.text.endswith('<meta charset="utf-8" /></head><body>ä</body></html>')
    metas = [attributes for tag, attributes in Tags(answer.text).found if tag == "meta" and "content" in attributes]
    told = {attributes.get("property") or attributes.get("name"): attributes["content"] for attributes in metas}
    assert told["og:title"] == "BridgeNet Studio" and told["og:description"] == told["description"]
    assert "Gradio" not in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_modules_are_served_as_scripts_that_browsers_may_keep_and_nothing_else_is() -> None:
    client = pages()
    links = announced(client)
    for link in links:
        answer = client.get(f"/{link}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.text == jsmin((FOLDER / link.rpartition("/")[2]).read_text(encoding="utf-8"))
    place = links[0].rpartition("/")[0]
    for other in (f"/{place}/package.json", f"/{place}/..%2f..%2fmain.py", f"/{place}/none.js", "/browser/0/main.js"):
        assert client.get(other).status_code == 404


def test_a_module_imports_only_modules_that_are_there() -> None:
    for name in modules():
        wanted = re.findall(r'^import .* from "\./(.+)";$', (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(wanted) <= set(modules()), name


def test_all_scripts_of_the_page_together_are_small() -> None:
    components = [linked_viewer(name) for name in TABS] + [wire(), lesson_card()]
    handed = sum(len(component.js_on_load or "") for component in components)
    assert handed < 5_000
    client = pages()
    served = sum(len(client.get(f"/{link}").content) for link in announced(client))
    assert handed + served + sum((FOLDER / name).stat().st_size for name in (ARRIVAL, QUIET)) < 150_000


def test_what_is_served_of_a_module_is_all_but_its_comments() -> None:
    client, exports = pages(), re.compile(r"export (?:async )?function (\w+)")
    for link in announced(client):
        written, served = (FOLDER / link.rpartition("/")[2]).read_text(encoding="utf-8"), client.get(f"/{link}").text
        assert len(served) < len(written) and "@param" not in served
        assert exports.findall(served) == exports.findall(written)


def test_what_is_for_programs_alone_brings_no_scripts_of_its_own_to_the_page(tmp_path: Path) -> None:
    with gr.Blocks() as demo:
        add_endpoints(Session(tmp_path), Limits(1, 1), {})
    assert {component["type"] for component in demo.config["components"]} == {"row", "form", "html"}
    assert all(
        endpoint["parameters"] for name, endpoint in demo.get_api_info()["named_endpoints"].items() if name != "/info"
    )


def test_every_part_of_the_page_is_one_that_the_modules_know_and_its_events_are_named() -> None:
    parts = re.findall(r"const PARTS = {(.*)};", (FOLDER / "main.js").read_text(encoding="utf-8"))
    known = {name.strip() for name in parts[0].split(",")}
    for component in (linked_viewer("tpp"), wire(), lesson_card()):
        (part,) = re.findall(r'push\(\["(\w+)"', component.js_on_load or "")
        assert part in known
    assert '"show"' in start_of("wire", ("show", "run")) and callable(wire().run)

"""What the studio sends to the browser, and how (`app/browser/__init__.py`)."""

import json
import re
from html.parser import HTMLParser

from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.browser import ARRIVAL, FOLDER, browser_head, modules_route, start_of
from app.parts import lesson_card, linked_viewer, wire
from app.tabs import TABS

HEAD = browser_head(TABS)


class Tags(HTMLParser):
    """Tags of a text, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def modules() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.js") if path.name != ARRIVAL)


def test_the_head_of_the_page_loads_every_module_once_and_relative_to_the_page() -> None:
    tags = Tags(HEAD).found
    links = [attributes["href"] for tag, attributes in tags if tag == "link"]
    assert sorted(str(link).rpartition("/")[2] for link in links) == modules()
    (main,) = [attributes for tag, attributes in tags if tag == "script" and attributes.get("type") == "module"]
    assert main["src"] in links
    assert json.loads(str(main["data-tabs"])) == list(TABS)
    assert all(re.fullmatch(r"browser/[0-9a-f]{12}/\w+\.js", str(link)) for link in links)


def test_modules_are_served_as_scripts_that_browsers_may_keep_and_nothing_else_is() -> None:
    client = TestClient(Starlette(routes=[modules_route()]))
    links = [str(attributes["href"]) for tag, attributes in Tags(HEAD).found if tag == "link"]
    for link in links:
        answer = client.get(f"/{link}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.text == (FOLDER / link.rpartition("/")[2]).read_text(encoding="utf-8")
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
    assert handed + sum((FOLDER / name).stat().st_size for name in [*modules(), ARRIVAL]) < 150_000


def test_every_part_of_the_page_is_one_that_the_modules_know_and_its_events_are_named() -> None:
    parts = re.findall(r"const PARTS = {(.*)};", (FOLDER / "main.js").read_text(encoding="utf-8"))
    known = {name.strip() for name in parts[0].split(",")}
    for component in (linked_viewer("tpp"), wire(), lesson_card()):
        (part,) = re.findall(r'push\(\["(\w+)"', component.js_on_load or "")
        assert part in known
    assert '"show"' in start_of("wire", ("show", "run")) and callable(wire().run)

"""The studio's modules by themselves: on an empty page of a Chromium, without a studio behind them."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Route

from app.browser import FOLDER

HOST = "http://modules.test/"
"""No address of anything: what is asked of it is answered with the files of `app/browser`."""

HELP = """
  const imported = {};
  for (const name of ["store", "link", "memory", "line", "drawing", "reader"]) {
    Object.assign(imported, await import(`/${name}.js`));
  }
  // A store at the beginning of a visit, and what it asks of the page's memory.
  const opened = (search = "", tabs = ["overview", "tpp", "bridge"]) => imported.readLink(search, tabs);
  const visit = (search) => {
    const written = [];
    const note = (name) => (studio, way) => written.push(way ? `${name} ${way}` : name);
    const memory = { soon: note("soon"), finish: note("finish"), now: note("now"), forget: note("forget") };
    const studio = imported.createStudio(opened(search), memory, "http://modules.test/", ["overview", "bridge"]);
    const heard = [];
    studio.subscribe((kind) => heard.push(kind));
    return { studio, heard, written };
  };
"""


class Modules:
    """One empty page on which modules are run.

    Args:
        browser: Where it is opened.
    """

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_page()
        self.functions: dict[str, Callable[..., Any]] = {}
        self.page.route(f"{HOST}**", self._serve)
        self.page.expose_function("python", lambda name, *arguments: self.functions[name](*arguments))
        self.page.goto(HOST)

    def run(self, script: str, given: Any = None) -> Any:
        """What a script returns. It finds all exports in `imported`, `given`, and `python(name, ...)`.

        Args:
            script: Statements of an asynchronous function.
            given: JSON.
        """
        return self.page.evaluate(f"async (given) => {{ {HELP} {script} }}", given)

    def close(self) -> None:
        self.page.close()

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(HOST).partition("?")[0]
        if name.endswith(".js"):
            route.fulfill(content_type="text/javascript", body=(FOLDER / name).read_text(encoding="utf-8"))
        else:
            route.fulfill(content_type="text/html", body="<title>Modules</title>")

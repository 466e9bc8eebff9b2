import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import PATIENCE, Visit
from playwright.sync_api import Browser
from served import served

PREFIX = "/lab/studio"


@contextmanager
def reverse_proxy(upstream: str, keeps_host: bool) -> Iterator[str]:
    """Serves what is at an address under `PREFIX`, as nginx does: with the browser's Host header, or with its own."""
    behind = urlsplit(upstream).netloc

    class Proxy(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                # Every browser asks the root for an icon, which is no part of the page.
                self.send_response(204 if self.path == "/favicon.ico" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            headers |= {} if keeps_host else {"Host": behind}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(behind)
            connection.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while block := answer.read1(1 << 16):
                self.wfile.write(block)
                self.wfile.flush()

        do_GET = do_POST = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
        server.shutdown()


@pytest.fixture(scope="module")
def told_address(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio that was told the path."""
    with served(checkpoint, tmp_path_factory.mktemp("told"), "--root-path", PREFIX) as address:
        yield address


@pytest.mark.parametrize("keeps_host", [True, False])
def test_the_studio_answers_under_the_path_of_a_reverse_proxy(
    keeps_host: bool, browser: Browser, told_address: str
) -> None:
    with reverse_proxy(told_address, keeps_host) as address:
        visit = Visit(browser, address)
        visit.ready("overview")
        visit.click_map("overview", 0.3, 0.6)
        assert visit.page.locator("#wrong-address").count() == 0
        assert visit.wrong == []
        visit.close()


def test_a_page_under_a_path_that_the_studio_was_not_told_says_what_to_do(browser: Browser, address: str) -> None:
    with reverse_proxy(address, keeps_host=True) as outside:
        page = browser.new_page()
        page.goto(outside)
        page.wait_for_selector("#wrong-address", timeout=PATIENCE)
        assert page.inner_text("#wrong-address").endswith(f"python app/main.py --root-path {PREFIX}")
        page.close()


def test_a_page_whose_modules_do_not_arrive_says_so(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.route("**/store.js", lambda route: route.abort())
    page.goto(address)
    page.wait_for_selector("#wrong-address", timeout=PATIENCE)
    assert "did not arrive" in page.inner_text("#wrong-address")
    page.close()

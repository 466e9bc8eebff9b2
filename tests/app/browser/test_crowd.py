"""More visitors at once than analyses fit in memory: each gets the answers to their own photo."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from browsing import PATIENCE, photo_file
from gradio_client import Client, handle_file
from playwright.sync_api import Browser
from served import served

from app.analysis.session import Session
from app.endpoints import Endpoints
from app.handlers import Handlers
from app.uploads import Limits
from bridgenet.images import load_image

PROGRAMS, PAGES = 8, 7
PLACES = ((0.1, 0.2), (0.9, 0.3), (0.5, 0.8), (0.3, 0.6))


@pytest.fixture(scope="module")
def crowded(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio that keeps three analyses."""
    folder = tmp_path_factory.mktemp("crowded")
    with served(checkpoint, folder, "--keep", "3") as address:
        yield address
    assert "Traceback" not in (folder / "log.txt").read_text()


def named(folder: Path, seed: int) -> Path:
    return photo_file(folder, seed, f"photo-{seed}.jpg", (160, 120))


def key_alone(session: Session, file: Path) -> str:
    """Where nobody else is, and everything is kept."""
    return session.analyse(load_image(file), title=file.name).key


def test_more_programs_at_once_than_analyses_are_kept_hear_what_one_alone_hears(
    crowded: str, session: Session, tmp_path: Path
) -> None:
    alone = Endpoints(session, Limits())

    def ask(seed: int) -> list[object]:
        client = Client(crowded, verbose=False, download_files=False, httpx_kwargs={"timeout": 300})
        key = client.predict(handle_file(named(tmp_path, seed)), api_name="/predict")[0]["id"]
        return [key] + [client.predict(id=key, x=x, y=y, api_name="/bridge_share") for x, y in PLACES]

    with ThreadPoolExecutor(PROGRAMS) as programs:
        told = list(programs.map(ask, range(PROGRAMS)))
    for seed, (key, *shares) in enumerate(told):
        assert key == key_alone(session, named(tmp_path, seed))
        for (x, y), heard in zip(PLACES, shares, strict=True):
            assert heard == pytest.approx(alone.bridge_share(id=str(key), x=x, y=y), abs=1e-6)


def test_more_pages_in_one_window_than_analyses_are_kept_show_their_own_photos(
    crowded: str, browser: Browser, session: Session, tmp_path: Path
) -> None:
    # One window: its pages share what a browser has, such as six connections to a server.
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    pages = [context.new_page() for _ in range(PAGES)]
    for page in pages:
        page.goto(crowded, wait_until="commit")
    for page in pages:
        page.wait_for_selector("[data-testid=head][data-network=ready]", timeout=3 * PATIENCE)
    files = [named(tmp_path, 50 + number) for number in range(PAGES)]
    for page, file in zip(pages, files, strict=True):
        page.set_input_files("[data-testid=file-upload]", file)
    for page, file in zip(pages, files, strict=True):
        page.wait_for_function("name => bridgenetStudio.photo.title === name", arg=file.name, timeout=3 * PATIENCE)
    alone = Handlers(session)
    for x, y in PLACES[:1]:
        for page in pages:
            page.evaluate("([x, y]) => bridgenetStudio.pick({ x, y })", [x, y])
        for page, file in zip(pages, files, strict=True):
            page.wait_for_selector("[data-testid=inspector][data-state=ready]", timeout=3 * PATIENCE)
            shown = page.inner_text("[data-testid=inspector]")
            told = alone.pick({"key": key_alone(session, file), "x": x, "y": y})["inspector"]
            assert [row["value"] for row in told["rows"] if row["value"] not in shown] == []
    context.close()

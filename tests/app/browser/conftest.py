import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import FLAGS, Visit, photo_file
from modules import Modules
from playwright.sync_api import Browser, sync_playwright
from served import served

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: playwright keeps an event loop in the main thread, in which no notebook can run."""
    here = Path(__file__).parent
    items.sort(key=lambda item: here in item.path.parents)
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Modules]:
    """The page's modules by themselves."""
    modules = Modules(browser)
    yield modules
    modules.close()


@pytest.fixture(scope="session")
def address(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio that has a folder of photos. To cut tasks in all of them takes some seconds."""
    folder, photos = (tmp_path_factory.mktemp(name) for name in ("elsewhere", "photos"))
    for seed in range(5):
        photo_file(photos, seed, f"{seed}.png")
    with served(checkpoint, folder, "--reference", str(photos)) as address:
        yield address
    assert "Traceback" not in (folder / "log.txt").read_text(), (folder / "log.txt").read_text()


@pytest.fixture(scope="session")
def real_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The studio as `make demo` opens it, with a damaged checkpoint beside those that are installed."""
    checkpoints = shutil.copytree(CHECKPOINTS, tmp_path_factory.mktemp("installed") / "checkpoints")
    shutil.copytree(CHECKPOINTS / "rooms-tiny", checkpoints / "damaged")
    (checkpoints / "damaged" / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    folder = tmp_path_factory.mktemp("demo")
    with served(checkpoints / "nyud-lite0", folder, ahead=True) as address:
        yield address
    assert "Traceback" not in (folder / "log.txt").read_text(), (folder / "log.txt").read_text()


@pytest.fixture
def bare_address(bare_checkpoint: Path, tmp_path: Path) -> Iterator[str]:
    """Address of a studio whose checkpoint has neither TPP nor a bridge."""
    with served(bare_checkpoint, tmp_path / "elsewhere") as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens pages. At the end of the test none of them has had an error or asked another host."""
    visits: list[Visit] = []

    def visit(link: str = "", **options: object) -> Visit:
        visits.append(Visit(browser, address, link, **options))
        return visits[-1]

    yield visit
    for one in visits:
        one.close()
    assert [wrong for one in visits for wrong in one.wrong] == []


@pytest.fixture(scope="module")
def long_visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    visit.close()


@pytest.fixture
def visit(long_visit: Visit) -> Iterator[Visit]:
    """One page that stays open over the tests of a file, as a lecturer's would. What a test left open is closed."""
    long_visit.page.evaluate("document.querySelectorAll('dialog[open]').forEach((one) => one.close())")
    long_visit.tab("overview")
    yield long_visit
    assert long_visit.wrong == []

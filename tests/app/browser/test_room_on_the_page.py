"""The room in 3D, drawn by WebGL in a real browser: picked, marked and measured as the numbers say."""

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from browsing import PATIENCE, Visit
from modules import Modules
from PIL import Image
from playwright.sync_api import expect

from app.analysis.session import Session
from app.tabs.overview import room
from bridgenet.examples import EXAMPLES
from bridgenet.images import LoadedImage
from bridgenet.inspection.mesh import DepthMesh

Place = tuple[float, float]


@pytest.fixture(scope="module")
def mesh(session: Session) -> DepthMesh:
    """Of the room that the page shows."""
    pixels = EXAMPLES["room-0"].load().pixels
    return room.mesh_of(session.analyse(LoadedImage(pixels, ()), title="room", example="room-0"))


@pytest.fixture(scope="module")
def places(mesh: DepthMesh) -> list[Place]:
    """Two places in the middle of a surface, far from each other."""
    rows, columns = mesh.depth.shape
    cells = mesh.kept.all(axis=0)
    whole = [
        (row, column)
        for row in range(4, rows - 6, 3)
        for column in range(4, columns - 6, 3)
        if cells[row - 3 : row + 4, column - 3 : column + 4].all()
    ]
    first = whole[0]
    last = max(whole, key=lambda cell: abs(cell[0] - first[0]) + abs(cell[1] - first[1]))
    return [((column + 0.5) / columns, (row + 0.5) / rows) for row, column in (first, last)]


@pytest.fixture
def shown(visit: Visit) -> Iterator[Visit]:
    """The page with the room as the camera saw it; afterwards the page is as it was before."""
    before = visit.page.evaluate("({ ...bridgenetStudio.at })")
    visit.option("overview.mode", "3d")
    visit.page.wait_for_selector("[data-testid=mesh][data-state=ready]", timeout=PATIENCE)
    visit.page.get_by_role("button", name="As the camera saw it").click()
    wait_for_view(visit, "0.000 0.000 1.000")
    yield visit
    visit.page.evaluate("at => bridgenetStudio.pick(at)", before)
    visit.option("overview.mode", "side")
    visit.page.wait_for_selector("[data-testid=map-semseg]", timeout=PATIENCE)
    visit.ready("overview")


def wait_for_view(visit: Visit, view: str) -> None:
    visit.page.wait_for_selector(f'[data-testid=mesh][data-view="{view}"]', timeout=PATIENCE)


def pick(visit: Visit, place: Place) -> None:
    """Select a place, and wait until it is marked."""
    visit.page.evaluate("([x, y]) => bridgenetStudio.pick({ x, y })", list(place))
    visit.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def click(visit: Visit, x: float, y: float) -> Place:
    """Click at fractions of the room, and see what is selected."""
    box = visit.page.locator("[data-testid=mesh]").bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    at = visit.page.evaluate("bridgenetStudio.at")
    return at["x"], at["y"]


def test_what_draws_in_space_comes_when_it_is_first_shown_and_draws_the_room(visit: Visit) -> None:
    loaded = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/mesh.js')).length"
    assert visit.page.evaluate(loaded) == 0
    visit.option("overview.mode", "3d")
    visit.page.wait_for_selector("[data-testid=mesh][data-state=ready]", timeout=PATIENCE)
    assert visit.page.evaluate(loaded) == 1
    canvas = visit.page.locator("[data-testid=mesh] canvas")
    pixels = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 500 and pixels.std() > 15
    assert "m wide" in str(canvas.get_attribute("aria-label"))
    assert "overview.mode=3d" in visit.page.evaluate("bridgenetStudio.link()")
    visit.option("overview.mode", "side")
    visit.ready("overview")


def test_a_click_selects_the_pixel_that_is_seen_there(shown: Visit, places: list[Place]) -> None:
    for x, y in places:
        # From where the camera stood the room is the photo.
        assert click(shown, x, y) == pytest.approx((x, y), abs=0.006)


def test_however_it_is_turned_a_click_on_the_mark_selects_what_is_marked(shown: Visit, places: list[Place]) -> None:
    shown.page.locator("[data-testid=mesh] canvas").focus()
    for key in ("ArrowRight", "ArrowDown", "+"):
        shown.page.keyboard.press(key)
    wait_for_view(shown, "0.090 0.090 0.900")
    pick(shown, places[0])
    left, top = shown.page.locator("[data-testid=mesh] u:not(.start)").evaluate(
        "({ style }) => [parseFloat(style.left) / 100, parseFloat(style.top) / 100]"
    )
    assert (left, top) != pytest.approx(places[0], abs=0.006)
    assert click(shown, left, top) == pytest.approx(places[0], abs=0.01)


def test_a_distance_is_that_of_the_numbers(shown: Visit, mesh: DepthMesh, places: list[Place]) -> None:
    one, other = places
    pick(shown, one)
    shown.page.locator("[data-testid=mesh] canvas").focus()
    shown.page.keyboard.press("m")
    pick(shown, other)
    metres = np.linalg.norm(mesh.point(*one) - mesh.point(*other))
    said = shown.page.locator("[data-testid=mesh] output")
    expect(said).to_have_text(f"{metres:.2f} m between the two places", timeout=PATIENCE)
    shown.page.get_by_role("button", name="From the selected pixel").click()
    expect(said).to_have_text("", timeout=PATIENCE)


def test_the_room_is_taken_along_as_a_file_and_as_it_is_seen(shown: Visit) -> None:
    with shown.page.expect_download(timeout=PATIENCE) as waiting:
        shown.page.get_by_role("button", name="A file for viewers of 3D models").click()
    assert waiting.value.suggested_filename.endswith(".glb") and waiting.value.path().read_bytes()[:4] == b"glTF"
    shown.page.wait_for_selector("[data-testid=downloads]:not([data-busy])", timeout=PATIENCE)
    shown.page.locator("[data-testid=downloads] summary").click()
    with shown.page.expect_download(timeout=PATIENCE) as waiting:
        shown.page.click("[data-testid=download-picture]")
    sheet = np.asarray(Image.open(waiting.value.path()).convert("RGB"))
    # Through what is no surface one sees the ground of a map, which the photo would cover.
    assert (sheet == (0xEC, 0xEA, 0xE3)).all(axis=-1).mean() > 0.03


def test_the_region_that_is_asked_is_outlined_on_the_surface(modules: Modules) -> None:
    square = "M250,250 750,250 750,750 250,750Z"
    seen = modules.run(
        """const { outlineOn, surfaceOf } = await import("/space.js");
        // Two metres away everywhere, but for a hole in the middle of the upper side.
        const bytes = new Uint8Array(4 * 16 * 16).fill(0).map((_, at) => [7, 208, 3, 255][at % 4]);
        bytes.set([255, 255], 4 * (4 * 16 + 8));
        const mesh = { scale: 0.001, lens: [1, 1, 0.5, 0.5], middle: 2 };
        const surface = surfaceOf(mesh, { width: 16, height: 16, bytes });
        return [0, 0.5].map((aside) => outlineOn(surface, { aside, up: 0, far: 1 }, given));""",
        square,
    )
    places = [np.array(re.findall(r"([-\d.]+),([-\d.]+)", path), dtype=float) for path in seen]
    assert [path.count("M") for path in seen] == [2, 2]
    # From where the camera stood it is where it was drawn; from aside it is narrower.
    assert np.abs(np.abs(places[0] - 500).max(axis=1) - 250).max() < 0.2
    assert np.ptp(places[1][:, 0]) < 450 < np.ptp(places[0][:, 0])


def test_where_there_is_no_webgl_a_sentence_says_so(modules: Modules) -> None:
    said = modules.run("""
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return kind === "webgl2" ? null : real.call(this, kind, ...more);
      };
      const { createMesh } = await import("/mesh.js");
      const { studio } = visit();
      const frame = document.createElement("div");
      frame.style.height = "100px";
      document.body.append(frame);
      const pixel = Object.assign(document.createElement("canvas"), { width: 2, height: 2 }).toDataURL();
      const mesh = { src: pixel, scale: 1, lens: [1, 1, 0.5, 0.5], middle: 1, lit: false, empty: "" };
      await createMesh(studio, frame).fill(mesh, pixel, { alt: "A room", smooth: true });
      const words = frame.querySelector(".instead").textContent;
      frame.remove();
      HTMLCanvasElement.prototype.getContext = real;
      return words;
    """)
    assert "WebGL" in said

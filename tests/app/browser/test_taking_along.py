"""Downloads of the real page, opened and checked."""

import json
import re
import zipfile
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from browsing import PATIENCE, Visit
from PIL import Image
from playwright.sync_api import Browser


def download(visit: Visit, what: str) -> Path:
    visit.page.locator("[data-testid=downloads] summary").click()
    with visit.page.expect_download(timeout=120_000) as waiting:
        visit.page.click(f"[data-testid=download-{what}]")
    return waiting.value.path()


def test_the_zip_holds_the_numbers_that_the_page_shows(visit: Visit) -> None:
    visit.tab("bridge")
    visit.click_map("bridge", 0.35, 0.65)
    column, row = visit.page.evaluate("bridgenetStudio.pixel()")
    said = visit.part("inspector")
    archive = zipfile.ZipFile(download(visit, "zip"))
    assert archive.testzip() is None
    names = {Path(name).name: name for name in archive.namelist()}
    depth = np.load(BytesIO(archive.read(names["depth.npy"])))
    assert f"{depth[row, column]:.2f} m" in said
    millimetres = np.asarray(Image.open(BytesIO(archive.read(names["depth_mm_u16.png"]))))
    assert abs(millimetres / 1000 - depth).max() <= 0.001
    rows = [np.load(BytesIO(archive.read(name))) for short, name in names.items() if short.startswith("bridge_")]
    assert abs(sum(float(part.sum()) for part in rows) - 1) < 1e-4
    settings = json.loads(archive.read(names["settings.json"]))
    assert settings["selection"]["tab"] == "bridge"
    assert "metres" in archive.read(names["README.txt"]).decode().lower()


def test_the_report_opens_alone_and_without_a_network(visit: Visit, browser: Browser, tmp_path: Path) -> None:
    visit.page.click("[data-testid=example-room-0]")
    visit.page.wait_for_function("bridgenetStudio.photo.title.includes('room 1')")
    report = tmp_path / "report.html"
    report.write_bytes(download(visit, "report").read_bytes())
    context = browser.new_context(offline=True)
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if request.url.startswith("http") else None)
    page.goto(report.as_uri())
    pictures = page.locator("img").evaluate_all("all => all.map(one => [one.alt.length > 5, one.naturalWidth > 0])")
    assert len(pictures) > 10 and all(described and drawn for described, drawn in pictures)
    assert "Bridge" in page.inner_text("body") and "room 1" in page.inner_text("body")
    assert foreign == []
    context.close()


def test_slides_are_pages_of_16_to_9_that_open_alone_and_hold_all_that_is_on_them(
    visit: Visit, browser: Browser, tmp_path: Path
) -> None:
    for tab in ("bridge", "refinement", "interaction"):
        visit.tab(tab)
    said = visit.page.inner_text("[data-testid=viewer-interaction] .say")
    column, row = visit.page.evaluate("bridgenetStudio.pixel()")
    slides = tmp_path / "slides.html"
    slides.write_bytes(download(visit, "slides").read_bytes())
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if request.url.startswith("http") else None)
    page.goto(slides.as_uri())
    titles = page.locator(".page h1").all_inner_texts()
    assert said in [" ".join(title.split()) for title in titles]
    views = page.locator(".page header > .hint").all_inner_texts()
    assert list(dict.fromkeys(views)) == ["Overview", "Bridge", "Refinement", "Interaction"]
    assert f"pixel {column}, {row}" in page.locator(".page footer").first.inner_text()
    assert page.evaluate(OUTSIDE) == []
    widths = page.locator(".page:first-child .map").evaluate_all(
        "all => all.map(one => one.clientWidth / one.clientHeight)"
    )
    assert max(widths) - min(widths) < 0.03
    printed = page.pdf(prefer_css_page_size=True)
    assert set(re.findall(rb"/MediaBox ?\[([^]]+)]", printed)) == {b"0 0 960 540"}
    assert len(re.findall(rb"/Type ?/Page\b", printed)) == len(titles)
    assert foreign == []
    context.close()


OUTSIDE = """[...document.querySelectorAll(".page")].flatMap((page) => {
  const [edge, foot] = [page.getBoundingClientRect(), page.querySelector("footer").getBoundingClientRect()];
  const out = (box) => box.width && (box.bottom > foot.top + 1 || box.right > edge.right - 39);
  const parts = [...page.querySelectorAll(".rows *")].filter((one) => out(one.getBoundingClientRect()));
  return parts.map((one) => one.outerHTML);
})"""
"""What of the pages lies over their feet or their margins."""


def test_what_takes_long_can_be_cancelled(visit: Visit) -> None:
    page = visit.page
    page.click("[data-testid=example-room-1]")
    page.wait_for_function("bridgenetStudio.photo.title.includes('room 2')", timeout=PATIENCE)
    stop = page.locator("[data-testid=stop-download]")
    assert stop.is_hidden()
    page.locator("[data-testid=downloads] summary").click()
    page.click("[data-testid=download-report]")
    stop.click(timeout=PATIENCE)
    stop.wait_for(state="hidden", timeout=PATIENCE)
    page.locator("[data-testid=banner]").wait_for(state="hidden", timeout=PATIENCE)


def test_the_picture_of_a_view_has_its_legends_and_is_sharp(visit: Visit) -> None:
    visit.tab("overview")
    picture = Image.open(download(visit, "picture"))
    assert picture.format == "PNG" and picture.width >= 2000
    assert len(picture.convert("RGB").getcolors(maxcolors=10_000_000)) > 50


def take(visit: Visit, card: str, form: str, where: str = ".viewer:visible") -> Path:
    """One card, by the keyboard alone."""
    visit.page.locator(f"{where} .take[data-take='{card}']").first.focus()
    visit.page.keyboard.press("Enter")
    visit.page.locator(".forms").wait_for(timeout=PATIENCE)
    with visit.page.expect_download(timeout=120_000) as waiting:
        for key in ("Enter",) if form == "png" else ("ArrowDown", "Enter"):
            visit.page.keyboard.press(key)
    assert waiting.value.suggested_filename.endswith(f"-{card}.{form}")
    return waiting.value.path()


def colours_of(file: Path) -> dict[tuple[int, ...], int]:
    """How many pixels have which colour."""
    picture = Image.open(file)
    assert picture.format == "PNG"
    return {colour: count for count, colour in picture.convert("RGB").getcolors(maxcolors=10_000_000)}


PAINT = """(cell) => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = getComputedStyle(cell).backgroundColor;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


HOLDS_ITS_BUTTON = """(heads) => heads.map((head) => {
  const [box, button] = [head.getBoundingClientRect(), head.querySelector(".take").getBoundingClientRect()];
  return button.width > 0 && button.top >= box.top && button.bottom <= box.bottom + 1 && button.right <= box.right;
})"""


def test_a_chart_is_taken_alone_in_the_colours_of_the_page_and_says_what_it_shows(visit: Visit) -> None:
    visit.tab("interaction")
    shown = visit.page.locator("[data-testid=viewer-interaction]")
    said = " ".join(shown.locator(".say").inner_text().split())
    heads = shown.locator(".group-head:visible").filter(has=visit.page.locator(".take"))
    assert heads.count() == 4 and all(heads.evaluate_all(HOLDS_ITS_BUTTON))
    colour = tuple(shown.locator(".matrix.effect td.on").evaluate(PAINT))
    for picture in (download(visit, "picture"), take(visit, "effects", "png")):
        assert colours_of(picture)[colour] > 1000
    drawing = ElementTree.parse(take(visit, "effects", "svg")).getroot()
    assert drawing.tag == f"{SVG}svg" and drawing.find(f".//{SVG}foreignObject") is None
    words = " ".join(text.text or "" for text in drawing.iter(f"{SVG}text"))
    assert words.replace(" ", "").count(said.replace(" ", "")) == 1
    for part in ("What a cut does", "% of pixels", "effect ÷ control", "1 × = a random cut", "Interaction · "):
        assert part in words
    painted = [box.get("fill") for box in drawing.iter(f"{SVG}rect")]
    assert "#{:02x}{:02x}{:02x}".format(*colour) in painted
    arrows = ElementTree.parse(take(visit, "arrows", "svg")).getroot()
    # What every program draws: no markers, no style sheets, and the photo within.
    assert {name for part in arrows.iter() for name in part.attrib} & {"class", "marker-end"} == set()
    assert all((picture.get("href") or "").startswith("data:image/") for picture in arrows.iter(f"{SVG}image"))
    assert len(list(arrows.iter(f"{SVG}circle"))) == len(visit.page.evaluate("bridgenetStudio.tasks"))


def test_a_map_is_taken_from_where_it_is_large_with_its_scale(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Enlarge Depth").first.press("Enter")
    large = page.get_by_role("dialog", name="enlarged")
    large.wait_for(timeout=PATIENCE)
    large.locator(".take").press("Enter")
    page.locator(".forms").wait_for(timeout=PATIENCE)
    page.keyboard.press("Escape")
    page.locator(".forms").wait_for(state="detached", timeout=PATIENCE)
    assert large.is_visible()
    ends = page.locator("[data-testid=map-depth] .foot").inner_text().split("\n")
    drawing = ElementTree.parse(take(visit, "depth", "svg", ".large")).getroot()
    page.keyboard.press("Escape")
    words = [text.text for text in drawing.iter(f"{SVG}text")]
    assert {"Depth, metric", ends[0], ends[-1]} <= {*words} and ends[0].endswith(" m")
    assert drawing.find(f".//{SVG}linearGradient") is not None
    (picture,) = [one.get("href") for one in drawing.iter(f"{SVG}image")]
    assert picture == page.locator("[data-testid=map-depth] .picture").get_attribute("src")


def test_a_map_is_taken_as_it_is_seen_with_all_but_one_class_veiled(visit: Visit) -> None:
    page = visit.page
    card = page.locator("[data-testid=map-semseg]")
    whole = ElementTree.parse(take(visit, "semseg", "svg")).getroot()
    entry = card.locator(".entry").first
    entry.click()
    card.locator(".isolate.on").wait_for(timeout=PATIENCE)
    kept = tuple(entry.locator("i").evaluate(PAINT))
    alone = ElementTree.parse(take(visit, "semseg", "svg")).getroot()
    entry.click()
    again = ElementTree.parse(take(visit, "semseg", "svg")).getroot()
    (first,), (veiled,), (last,) = (colours_in(drawing) for drawing in (whole, alone, again))
    assert len(first) > 2 and first == last
    # The veil is as coarse as the numbers that are read on the page: some pixels at the borders are on its other side.
    for colour, count in first.items():
        left = veiled.get(colour, 0) / count
        assert left > 0.95 if colour == kept else left < 0.05, colour


def test_both_sides_of_a_slider_are_taken_with_a_veil_of_their_own(visit: Visit) -> None:
    visit.tab("refinement")
    card = visit.page.locator("[data-testid=map-refined-semseg]")
    whole = colours_in(ElementTree.parse(take(visit, "refined-semseg", "svg")).getroot())
    entry = card.locator(".entry").first
    entry.click()
    card.locator(".isolate.on").nth(1).wait_for(state="attached", timeout=PATIENCE)
    kept = tuple(entry.locator("i").evaluate(PAINT))
    alone = colours_in(ElementTree.parse(take(visit, "refined-semseg", "svg")).getroot())
    entry.click()
    assert len(whole) == len(alone) == 2 and whole[0] != whole[1]
    for side, (seen, veiled) in enumerate(zip(whole, alone, strict=True)):
        for colour, count in seen.items():
            left = veiled.get(colour, 0) / count
            assert left > 0.9 if colour == kept else left < 0.1, (side, colour, left)


def colours_in(drawing: ElementTree.Element) -> list[dict[tuple[int, ...], int]]:
    """Of each picture in a drawing: how many pixels have which colour."""
    pictures = [one.get("href") or "" for one in drawing.iter(f"{SVG}image")]
    opened = [Image.open(BytesIO(b64decode(picture.partition(",")[2]))).convert("RGB") for picture in pictures]
    return [{colour: count for count, colour in pixels.getcolors(maxcolors=10_000_000)} for pixels in opened]


SVG = "{http://www.w3.org/2000/svg}"

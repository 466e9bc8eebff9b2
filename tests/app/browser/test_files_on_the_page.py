"""Every kind of file that people bring, through the real page."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browsing import PATIENCE, Visit, photo_file
from PIL import Image

Make = Callable[[Path], Path]


def noise(*shape: int, seed: int = 0, depth: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(depth).max, shape, dtype=depth)


def written(name: str, content: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def saved(name: str, picture: Callable[[], Image.Image], **options: object) -> Make:
    def make(folder: Path) -> Path:
        picture().save(folder / name, **options)
        return folder / name

    return make


def truncated(folder: Path) -> Path:
    whole = photo_file(folder, seed=3, name="cut.jpg")
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return whole


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


BAD: dict[str, tuple[Make, str]] = {
    "text": (written("words.png", b"only words"), "not a readable image"),
    "empty": (written("empty.png", b""), "empty"),
    "svg": (written("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'/>"), "SVG"),
    "heic": (written("phone.heic", struct.pack(">I", 24) + b"ftypheic" + bytes(64)), "JPEG"),
    "truncated": (truncated, "cut"),
    "huge": (written("huge.png", png_header(12_000, 8_000)), "96 megapixels"),
    "bomb": (written("bomb.png", png_header(20_000, 20_000)), "megapixels"),
    "tiny": (saved("dot.png", lambda: Image.new("RGB", (1, 1))), "32"),
    "strip": (saved("strip.png", lambda: Image.fromarray(noise(40, 3000, 3))), "8"),
}
"""Files that cannot be used, and a word of their message."""

GOOD: dict[str, tuple[Make, str]] = {
    "grey": (saved("grey.png", lambda: Image.fromarray(noise(96, 128))), "reyscale"),
    "transparent": (saved("clear.png", lambda: Image.fromarray(noise(96, 128, 4, seed=1))), "ransparen"),
    "16-bit": (saved("deep.png", lambda: Image.fromarray(noise(96, 128, depth=np.uint16))), "8 bits"),
    "palette": (saved("palette.png", lambda: Image.fromarray(noise(96, 128, 3, seed=2)).quantize(64)), ""),
    "cmyk": (saved("print.jpg", lambda: Image.fromarray(noise(96, 128, 4, seed=3), "CMYK")), ""),
    "gif": (
        saved(
            "moving.gif", lambda: Image.fromarray(noise(96, 128, 3, seed=4)), save_all=True,
            append_images=[Image.fromarray(noise(96, 128, 3, seed=5))],
        ),
        "1 of 2",
    ),
    "webp": (saved("photo.webp", lambda: Image.fromarray(noise(96, 128, 3, seed=6))), ""),
    "avif": (saved("photo.avif", lambda: Image.fromarray(noise(96, 128, 3, seed=7))), ""),
    "large": (saved("large.jpg", lambda: Image.fromarray(noise(30, 40, 3)).resize((6000, 4000))), "6000"),
}  # fmt: skip
"""Files that can be used, and a word of the note that says what was done to them."""


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_used_is_explained_and_the_page_lives_on(visit: Visit, tmp_path: Path, kind: str) -> None:
    make, word = BAD[kind]
    before = visit.pictures("overview")
    visit.choose_file(make(tmp_path))
    error = visit.page.locator("[data-testid=error]", has_text=word)
    error.wait_for(timeout=PATIENCE)
    assert "Traceback" not in error.inner_text() and "Error" not in error.inner_text()
    assert visit.pictures("overview") == before
    visit.click_map("overview", 0.1 + 0.08 * list(BAD).index(kind), 0.3)


@pytest.mark.parametrize("kind", GOOD)
def test_an_unusual_file_is_read_and_says_so(visit: Visit, tmp_path: Path, kind: str) -> None:
    make, word = GOOD[kind]
    visit.upload(make(tmp_path))
    visit.ready("overview")
    assert visit.page.locator("[data-testid=error]").is_hidden()
    assert word in visit.part("notes")


def test_a_photo_held_sideways_is_turned(visit: Visit, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "sideways.jpg"
    Image.fromarray(noise(120, 160, 3, seed=9)).save(path, exif=exif)
    visit.upload(path)
    assert visit.page.evaluate("bridgenetStudio.photo.size") == [120, 160]


def test_a_file_over_the_limit_is_refused_before_it_is_sent(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "big.bmp"
    path.write_bytes(bytes(21_000_000))
    visit.choose_file(path)
    visit.page.locator("[data-testid=error]", has_text="20 MB").wait_for(timeout=PATIENCE)

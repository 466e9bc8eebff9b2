import multiprocessing
import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from bridgenet.images import ImageError, LoadedImage, load_image
from bridgenet.predictor import at_prediction_size


def _photo(width: int = 80, height: int = 60) -> np.ndarray:
    """A picture whose upper left corner is red, with a gradient so that nothing is symmetric."""
    rows, columns = np.indices((height, width))
    pixels = np.stack([rows * 2, columns * 2, np.full_like(rows, 90)], axis=-1).astype(np.uint8)
    pixels[: height // 4, : width // 4] = (250, 10, 10)
    return pixels


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _noted(loaded: LoadedImage, words: str) -> bool:
    return any(words in note for note in loaded.notes)


def test_a_plain_rgb_file_comes_back_exactly_and_without_notes(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(_file(Image.fromarray(_photo()), "PNG"))
    for source in (path, str(path), path.read_bytes(), Image.fromarray(_photo()), _photo()):
        loaded = load_image(source)
        np.testing.assert_array_equal(loaded.pixels, _photo())
        assert loaded.pixels.dtype == np.uint8
        assert loaded.notes == ()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_exif_orientation_is_undone(orientation: int) -> None:
    # What a camera stores when it is held so that `_photo()` is upright.
    stored = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](_photo())
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load_image(_file(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif))
    np.testing.assert_array_equal(loaded.pixels, _photo())
    assert _noted(loaded, "upright")


def test_transparent_pixels_show_mid_grey_and_no_hidden_colours() -> None:
    pixels = np.dstack([_photo(), np.full((60, 80), 255, np.uint8)])
    pixels[:, 40:, 3] = 0
    loaded = load_image(_file(Image.fromarray(pixels), "PNG"))
    assert (loaded.pixels[:, 40:] == 128).all()
    np.testing.assert_array_equal(loaded.pixels[:, :40], _photo()[:, :40])
    assert _noted(loaded, "Transparent")


def test_an_opaque_alpha_channel_is_not_worth_a_note() -> None:
    assert load_image(np.dstack([_photo(), np.full((60, 80), 255, np.uint8)])).notes == ()


def test_greyscale_says_that_colour_cues_are_absent() -> None:
    for image in (Image.fromarray(_photo()).convert("L"), Image.fromarray(_photo()).convert("L").convert("RGB")):
        loaded = load_image(_file(image, "PNG"))
        assert loaded.pixels.shape == (60, 80, 3)
        assert _noted(loaded, "colour cues are absent")


def test_a_palette_keeps_its_colours() -> None:
    loaded = load_image(_file(Image.fromarray(_photo()).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"))
    assert _noted(loaded, "Palette")
    assert np.abs(loaded.pixels.astype(int) - _photo()).mean() < 6


def test_cmyk_becomes_rgb() -> None:
    loaded = load_image(_file(Image.fromarray(_photo()).convert("CMYK"), "TIFF"))
    assert _noted(loaded, "CMYK")
    assert np.abs(loaded.pixels.astype(int) - _photo()).mean() < 6


@pytest.mark.parametrize("brightest", [900, 65535])
def test_sixteen_bits_are_scaled_and_not_clipped(brightest: int) -> None:
    values = np.linspace(0, brightest, 60 * 80).reshape(60, 80).astype(np.uint16)
    for source in (values, _file(Image.fromarray(values), "PNG")):
        loaded = load_image(source)
        assert abs(int(loaded.pixels.mean()) - 127) < 4
        assert (loaded.pixels.min(), loaded.pixels.max()) == (0, 255)
        assert _noted(loaded, "More than 8 bits")


def test_a_constant_sixteen_bit_image_is_no_division_by_zero() -> None:
    assert load_image(np.full((40, 40), 3000, np.uint16)).pixels.std() == 0


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_of_several_frames_is_used_and_said(kind: str) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("#C03030", "#3030C0", "#30C030")]
    loaded = load_image(_file(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert np.abs(loaded.pixels[24, 32].astype(int) - (0xC0, 0x30, 0x30)).max() < 12
    assert _noted(loaded, "1 of 3")


def test_a_large_photo_is_reduced_and_its_size_told() -> None:
    loaded = load_image(_file(Image.new("RGB", (3000, 2000), "#305070"), "JPEG"))
    assert loaded.pixels.shape == (1365, 2048, 3)
    assert loaded.notes == ("Reduced from 3000 × 2000.",)


def test_a_large_photo_held_upright_tells_its_upright_sizes() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    loaded = load_image(_file(Image.new("RGB", (3000, 2000), "#305070"), "JPEG", exif=exif))
    assert loaded.pixels.shape == (2048, 1365, 3)
    assert loaded.notes[-1] == "Reduced from 2000 × 3000."


def test_floats_between_0_and_1_are_an_image() -> None:
    np.testing.assert_array_equal(load_image(_photo() / 255).pixels, _photo())


def test_the_image_of_the_caller_is_left_as_it_was() -> None:
    image = Image.open(BytesIO(_file(Image.new("RGB", (3000, 2000), "#305070"), "JPEG")))
    load_image(image)
    assert image.size == (3000, 2000)


def _png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG of any size: enough to know the size, nothing to decode."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 9) + b"IDAT" + bytes(9)


HALF_A_JPEG = _file(Image.fromarray(_photo(200, 150)), "JPEG")[:2500]
HALF_A_PNG = _file(Image.fromarray(_photo(200, 150)), "PNG")[:400]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"Dear diary, this is no photo.", "not a readable image"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64), "HEIC"),
        (HALF_A_JPEG, "damaged or cut off: the file ends too early. Save"),
        (HALF_A_PNG, "damaged or cut off: the file ends too early. Save"),
        (_png_header(10000, 6000), "60 megapixels"),
        (_png_header(12000, 8000), "96 megapixels"),
        (_png_header(20000, 20000), "megapixels; the limit is 50"),
        (_png_header(1, 1), "too small"),
        (_png_header(31, 400), "too small"),
        (_png_header(3000, 300), "strip longer than 8 : 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_used_is_refused_with_a_reason_and_advice(content: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as refusal:
        load_image(content)
    sentences = str(refusal.value).rstrip(".").split(". ")
    assert len(sentences) >= 2 or ";" in str(refusal.value)
    assert "Error" not in sentences[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros((40, 40, 7), np.uint8),
        lambda: np.full((40, 40, 3), 3.0),
        lambda: np.zeros((40, 40, 3), np.int64),
        lambda: np.zeros((0, 40, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_image_is_refused(make: Callable[[], np.ndarray]) -> None:
    with pytest.raises(ImageError, match=r"array"):
        load_image(make())


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.png", tmp_path):
        with pytest.raises(ImageError, match=str(path)):
            load_image(path)


def _exif(entries: list[tuple[int, int, int, bytes]], next_offset: int = 0) -> bytes:
    """Raw EXIF of tags: number, type, count, four bytes of value."""
    body = b"".join(struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    head = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries))
    return head + body + struct.pack("<I", next_offset)


SIX = (0x0112, 3, 1, struct.pack("<HH", 6, 0))
ODD_EXIF = {
    "alone": (_exif([SIX]), True, False),
    "a resolution that is text": (_exif([SIX, (0x011A, 2, 4, b"abc\0")]), True, True),
    "an offset beyond the end": (_exif([SIX, (0x8769, 4, 1, struct.pack("<I", 99999))]), True, None),
    "an unknown type": (_exif([SIX, (0x0131, 77, 4, b"abcd")]), True, None),
    "a place that is a number": (_exif([SIX, (0x8825, 3, 1, struct.pack("<HH", 7, 0))]), True, None),
    "bytes for a folder of tags": (_exif([SIX, (0x8769, 7, 4, b"\xff\xff\xff\xff")]), True, None),
    "a thumbnail beyond the end": (_exif([SIX], 77777), True, None),
    "two orientations": (_exif([(0x0112, 3, 2, struct.pack("<HH", 6, 6))]), True, None),
    "an orientation that is text": (_exif([(0x0112, 2, 2, b"6\0\0\0")]), True, True),
    "orientation 0": (_exif([(0x0112, 3, 1, bytes(4))]), False, False),
    "orientation 9": (_exif([(0x0112, 3, 1, struct.pack("<HH", 9, 0))]), False, True),
    "garbage": (b"Exif\0\0GARBAGE-NOT-TIFF", False, None),
    "cut off": (b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0", False, None),
}
"""Bytes, whether they say that the photo lies on its side, and whether a note must tell of damage (None: it may)."""


@pytest.mark.parametrize("name", ODD_EXIF)
def test_a_photo_is_read_and_turned_whatever_else_its_exif_says(name: str) -> None:
    exif, turned, noted = ODD_EXIF[name]
    picture = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    file = BytesIO()
    picture.save(file, "JPEG", exif=exif, quality=95)
    loaded = load_image(file.getvalue())
    upright = picture.transpose(Image.Transpose.ROTATE_270) if turned else picture
    assert loaded.pixels.shape == np.asarray(upright).shape
    assert np.abs(loaded.pixels.astype(int) - np.asarray(upright)).max() < 12
    assert any("Turned upright" in note for note in loaded.notes) == turned
    if noted is not None:
        assert any("EXIF data are damaged" in note for note in loaded.notes) == noted


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    file = BytesIO()
    picture.save(file, "PNG", exif=exif)
    loaded = load_image(file.getvalue())
    np.testing.assert_array_equal(loaded.pixels, np.asarray(ImageOps.exif_transpose(Image.open(file))))


def _tiff(pages: list[tuple[np.ndarray, int]], bits: int = 8, kind: int = 1) -> bytes:
    """A plain TIFF: pages of (pixels, kind of sub-file), with so many bits of a kind (1: whole numbers, 3: floats)."""
    content = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for pixels, subfile in pages:
        data = pixels.tobytes()
        bands = 1 if pixels.ndim == 2 else pixels.shape[2]
        start = len(content)
        content += data
        table = len(content) + len(content) % 2
        content += bytes(table - len(content))
        struct.pack_into("<I", content, link, table)
        height, width = pixels.shape[:2]
        short = {
            256: width,
            257: height,
            258: bits,
            259: 1,
            262: 2 if bands == 3 else 1,
            277: bands,
            278: height,
            339: kind,
        }
        entries = sorted(
            [
                *((tag, 3, value) for tag, value in short.items()),
                (254, 4, subfile),
                (273, 4, start),
                (279, 4, len(data)),
            ]
        )
        if bands > 1:
            bits_at, formats_at = table + 2 + 12 * len(entries) + 4, table + 2 + 12 * len(entries) + 4 + 2 * bands
        content += struct.pack("<H", len(entries))
        for tag, form, value in entries:
            if bands > 1 and tag in (258, 339):
                content += struct.pack("<HHII", tag, 3, bands, bits_at if tag == 258 else formats_at)
            else:
                content += struct.pack("<HHI", tag, form, 1) + struct.pack("<I", value)
        link = len(content)
        content += bytes(4)
        if bands > 1:
            content += struct.pack(f"<{2 * bands}H", *[bits] * bands, *[kind] * bands)
    return bytes(content)


def test_the_largest_page_of_a_tiff_is_the_photo() -> None:
    photo = _photo()
    loaded = load_image(_tiff([(photo[::2, ::2].copy(), 1), (photo, 0), (photo[::4, ::4].copy(), 1)]))
    np.testing.assert_array_equal(loaded.pixels, photo)
    assert loaded.notes == ("Page 2 of 3 is used, the largest.",)


def test_a_preview_is_not_taken_for_its_photo() -> None:
    with pytest.raises(ImageError, match=r"Only a small preview .* Export it as JPEG or PNG"):
        load_image(_tiff([(_photo(), 1)]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_tiff([(np.zeros((40, 40)), 0)], 64, 3), "This TIFF cannot be read here: .*64-bit"),
        (_tiff([(np.zeros((40, 40, 3), np.float32), 0)], 32, 3), "This TIFF cannot be read here: .*coloured float"),
        (_file(Image.fromarray(_photo()), "EPS"), "page or drawing .*EPS"),
        (_file(Image.fromarray(_photo()), "PDF"), "page or drawing .*PDF"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_called_damaged(content: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        load_image(content)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["I;16", "RGB", "P"])
def test_a_small_file_of_fifty_megapixels_takes_at_most_600_megabytes(mode: str, tmp_path: Path) -> None:
    picture = Image.new(mode, (7000, 7000))
    picture.save(tmp_path / "large.png", **({"transparency": 0} if mode == "P" else {}), compress_level=1)
    del picture
    assert (tmp_path / "large.png").stat().st_size < 1_000_000
    meter = multiprocessing.get_context("fork").Pool(1)
    try:
        before, after = meter.apply(_measured, (tmp_path / "large.png",))
    finally:
        meter.terminate()
    assert after - before < 600_000


def _measured(path: Path) -> tuple[int, int]:
    """Kilobytes of this process at most, before and after reading a file."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    load_image(path)
    return before, _peak()


def _peak() -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]


def test_colours_of_another_profile_become_those_of_a_screen() -> None:
    # Lab as the profile of an RGB file does not fit; a profile that swaps nothing is called by its name.
    photo = Image.fromarray(_photo())
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert load_image(_file(photo, "PNG", icc_profile=own)).notes == ()
    renamed = own.replace("sRGB".encode("utf-16-be"), "Mine".encode("utf-16-be"))
    loaded = load_image(_file(photo, "PNG", icc_profile=renamed))
    assert loaded.notes == ("Colours converted from Mine built-in to sRGB.",)
    assert np.abs(loaded.pixels.astype(int) - _photo()).max() <= 2
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for damaged in (lab, b"no profile"):
        assert load_image(_file(photo, "PNG", icc_profile=damaged)).notes == (
            "Its colour profile is damaged or does not fit, and was left out.",
        )


def test_a_path_that_no_system_takes_is_refused_in_a_sentence() -> None:
    with pytest.raises(ImageError, match=r"cannot be read: File name too long\. Check the path\."):
        load_image("x" * 5000)


@pytest.mark.parametrize("limits", [{"max_side": 0}, {"max_side": -5}, {"max_megapixels": float("nan")}])
def test_limits_that_let_nothing_through_are_not_called_a_damaged_image(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="No image fits max_side") as refused:
        load_image(np.zeros((64, 64, 3), np.uint8), **limits)
    assert not isinstance(refused.value, ImageError)


def test_a_photo_that_is_reduced_says_from_which_size_and_that_alone(tmp_path: Path) -> None:
    for size in ((2400, 1800), (1500, 1000), (1024, 768)):
        photo = at_prediction_size(load_image(_file(Image.new("RGB", size, "#305070"), "PNG")))
        assert max(photo.pixels.shape) == 1024
        width, height = size
        assert photo.notes == ((f"Reduced from {width} × {height}.",) if width > 1024 else ())

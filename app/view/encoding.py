"""Arrays as text that a browser can show: pictures, and numbers that can be read back from a picture."""

import base64
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

UNKNOWN = 65535
"""The 16-bit number that stands for a pixel without a value."""

SMALL = 2 * 3 * 256
"""Bytes of a picture up to which a palette is not worth its own."""

LONGEST = 640
"""Longest side of what is sent to the page, in pixels. A map is shown at about half of that."""


def sampled(array: np.ndarray, longest: int = LONGEST) -> np.ndarray:
    """Every n-th row and column, nearest neighbour, so that no side is longer than asked. Values stay what they are."""
    height, width = array.shape[:2]
    scale = min(1.0, longest / max(height, width))
    rows = ((np.arange(max(1, round(height * scale))) + 0.5) / scale).astype(int).clip(0, height - 1)
    columns = ((np.arange(max(1, round(width * scale))) + 0.5) / scale).astype(int).clip(0, width - 1)
    return array[rows][:, columns]


def png_uri(picture: np.ndarray) -> str:
    """An uint8 picture (grey, RGB or RGBA) without loss, as a palette where that makes it smaller."""
    return _png(_with_palette(np.ascontiguousarray(picture)), zlib.Z_DEFAULT_STRATEGY)


def photo_uri(picture: np.ndarray, longest: int = LONGEST, quality: int = 88) -> str:
    """A photo as JPEG, for the eye only."""
    image = Image.fromarray(picture)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def small_uri(picture: np.ndarray, longest: int, colours: int = 48) -> str:
    """A thumbnail of few colours, for the eye only: a PNG of some hundred bytes.

    Args:
        picture: uint8 RGB.
        longest: Longest side, in pixels; a smaller picture stays as it is.
        colours: Most that it may have.
    """
    buffer = BytesIO()
    image = Image.fromarray(np.ascontiguousarray(sampled(picture, longest)))
    image.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG", compress_level=6)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def numbers_uri(values: np.ndarray, step: float) -> str:
    """Numbers from 0 to 65534 steps as a PNG: red holds the high byte, green the low one; NaN is `UNKNOWN`."""
    known = np.isfinite(values)
    whole = np.where(known, np.clip(np.round(np.where(known, values, 0) / step), 0, UNKNOWN - 1), UNKNOWN).astype(
        np.uint16
    )
    parts = np.stack([whole >> 8, whole & 255, np.zeros_like(whole)], axis=-1).astype(np.uint8)
    # Low bytes hardly repeat: to search for what does takes longer than all else, and finds little.
    return _png(Image.fromarray(parts), zlib.Z_RLE)


def _png(image: Image.Image, strategy: int) -> str:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=6, compress_type=strategy)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _with_palette(picture: np.ndarray) -> Image.Image:
    """Maps drawn with a colour scale have at most 256 colours: one byte per pixel says the same as three."""
    # The palette itself may have as many bytes as a small picture.
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.size <= SMALL:
        return Image.fromarray(picture)
    red, green, blue = (picture[..., channel].astype(np.uint32) for channel in range(3))
    colours, places = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    if len(colours) > 256:
        return Image.fromarray(picture)
    image = Image.fromarray(places.reshape(picture.shape[:2]).astype(np.uint8), "L")
    image.putpalette(np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8).tobytes())
    return image

"""Photos as people have them: one loader for the studio, the commands and the notebooks.

A photo is turned upright, reduced where it is huge, and becomes 8-bit RGB. Whatever was done to it is noted in words
for the person who brought it; what cannot be used is refused with what happened and what to do.
"""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader, BytesIO, IOBase
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from bridgenet.upright import TURNS, read_orientation

MAX_MEGAPIXELS = 50.0
"""Larger images are refused by their header, before a byte of them is decoded."""

MAX_SIDE = 2048
"""Longer sides are reduced to this many pixels."""

REDUCED = "Reduced from"
"""Begins the note that a photo had more pixels."""

MIN_SIDE = 32
MAX_ASPECT = 8

BACKGROUND = (128, 128, 128)
"""What shows through transparent pixels."""

DEEP_PERCENTILES = (0.5, 99.5)
"""Values of images of more than 8 bits that become black and white."""

GREY_NOTE = "Greyscale image: colour cues are absent."

HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

NEW_SUBFILE_TYPE = 254
"""TIFF tag whose lowest bit means: a reduced copy of another picture in the file."""

MOST_PAGES = 100
"""Of a TIFF are compared."""

DRAWINGS = (b"%!PS", b"\xc5\xd0\xd3\xc6", b"%PDF")
TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How files of these kinds begin."""

KINDS = "a path, the bytes of an image file, an open binary file, a PIL image, a NumPy array or a tensor"
"""What `load_image` takes, in words."""

ROUNDING = 1e-3
"""How far floats may lie outside of 0..1: resizing overshoots a little."""


class ImageError(ValueError):
    """An image that cannot be used. The message is for the person who brought it."""


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A photo, ready for the network.

    Attributes:
        pixels: RGB, uint8 (height, width, 3).
        notes: What was done to it, one sentence each. Empty for a plain upright RGB photo.
    """

    pixels: np.ndarray
    notes: tuple[str, ...]


def load_image(source: object, max_side: int = MAX_SIDE, max_megapixels: float = MAX_MEGAPIXELS) -> LoadedImage:
    """An image as upright 8-bit RGB, with notes about what was done to it.

    Args:
        source: A path, the bytes of an image file, a file open for binary reading (`BytesIO`, too), a PIL image, or an
            array or tensor: (height, width), with 1, 3 or 4 channels last or first, of uint8, uint16, or floats in
            0..1. A batch of one image counts as that image. Anything else is refused.
        max_side: Longer sides are reduced to this many pixels, at least `MIN_SIDE`.
        max_megapixels: Larger images are refused.

    Raises:
        ImageError: The image cannot be used; the message says why and what to do.
        ValueError: The limits let no image through.
    """
    if not (max_side >= MIN_SIDE and max_megapixels > 0):
        raise ValueError(
            f"No image fits max_side {max_side} and max_megapixels {max_megapixels:g}: choose larger ones."
        )
    if _is_tensor(source) or (hasattr(source, "__array__") and not isinstance(source, Image.Image)):
        source = _from_array(_as_array(source))
    if isinstance(source, Image.Image):
        _check_size(*source.size, max_megapixels)
        return _prepare(source, max_side)
    if isinstance(source, IOBase) or hasattr(source, "read"):
        source = _content(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _load_file(BytesIO(source), max_side, max_megapixels)
    if not isinstance(source, (str, PathLike)):
        raise ImageError(f"{_what(source)} is not an image. Give {KINDS}.")
    return _load_path(Path(source), str(source), max_side, max_megapixels)


def _load_path(path: Path, given: str, max_side: int, max_megapixels: float) -> LoadedImage:
    if "://" in given:
        raise ImageError(f"{given} is an address; images are not fetched from the network. Download it first.")
    try:
        if not path.is_file():
            raise ImageError(f"There is no file {path}. Check the path.")
        with path.open("rb") as file:
            return _load_file(file, max_side, max_megapixels)
    except PermissionError as error:
        raise ImageError(f"The file {path} may not be read. Change its permissions.") from error
    except OSError as error:
        raise ImageError(f"The file {path} cannot be read: {error.strerror or error}. Check the path.") from error


def _load_file(file: BufferedReader | BytesIO, max_side: int, max_megapixels: float) -> LoadedImage:
    head = file.read(1024)
    file.seek(0)
    if not head:
        raise ImageError("This file is empty (0 bytes). Save or download the image again.")
    # Pillow would hand these to another program, or open their preview.
    if head.startswith(DRAWINGS) or (head.startswith(TIFFS) and head[8:10] == b"CR"):
        raise ImageError(_unreadable(head))
    try:
        # The limit is ours and stricter than that of PIL's warning, and damaged EXIF data are told of below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file)
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large("more than 150 megapixels", max_megapixels)) from error
    except UnidentifiedImageError as error:
        raise ImageError(_unreadable(head)) from error
    except Exception as error:  # Decoders of broken headers raise whatever they trip over.
        raise ImageError(_damaged(error)) from error
    page_notes = _open_page(image)
    full_size = image.size
    _check_size(*full_size, max_megapixels)
    # JPEG decoders can reduce while decoding, which saves time and memory.
    image.draft(None, (max_side, max_side))
    return _prepare(image, max_side, full_size, page_notes)


def _prepare(
    image: Image.Image, max_side: int, full_size: tuple[int, int] | None = None, page_notes: Sequence[str] = ()
) -> LoadedImage:
    width, height = full_size or image.size
    notes, mode = [*page_notes], image.mode
    orientation, whole = read_orientation(image)
    try:
        image.load()
        # First of all: everything after it then takes little memory.
        image = _shrunk(image, max_side)
        upright = image.transpose(TURNS[orientation]) if orientation in TURNS else image
    except Exception as error:  # Decoders of broken files raise whatever they trip over.
        raise ImageError(_damaged(error)) from error
    if orientation in TURNS:
        notes.append("Turned upright, as its EXIF orientation says.")
        width, height = (height, width) if orientation >= 5 else (width, height)
    if not whole:
        notes.append("Its EXIF data are damaged; of them only the orientation was used.")
    upright, profile_notes = _to_srgb(upright)
    rgb, mode_notes = _to_rgb(upright, mode)
    if max(width, height) > max_side:
        notes.append(f"{REDUCED} {width} × {height}.")
    return LoadedImage(np.array(rgb), (*notes, *profile_notes, *mode_notes))


def _shrunk(image: Image.Image, max_side: int) -> Image.Image:
    """The image with no side above a number of pixels, in a mode whose pixels can be mixed."""
    if max(image.size) <= max_side:
        return image
    if image.mode == "F":  # A single value that is not finite would spoil all around it.
        return ImageOps.contain(image, (max_side, max_side), Image.Resampling.NEAREST)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I;16"):
        image = image.convert("I")
    return ImageOps.contain(image, (max_side, max_side), Image.Resampling.LANCZOS)


def _to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The colours of a screen, where a file says by a profile that its own are others."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image, []
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip() or "its own profile"
        if "srgb" in name.lower():
            return image, []
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image, ["Its colour profile is damaged or does not fit, and was left out."]
    return converted or image, [f"Colours converted from {name} to sRGB."]


def _check_size(width: int, height: int, max_megapixels: float) -> None:
    if width * height > max_megapixels * 1e6:
        raise ImageError(_too_large(f"{width} × {height} = {width * height / 1e6:.0f} megapixels", max_megapixels))
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"This image is {width} × {height} pixels, too small to see anything in. "
            f"Use one with at least {MIN_SIDE} pixels on each side."
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(
            f"This image is {width} × {height} pixels, a strip longer than {MAX_ASPECT} : 1. "
            "Crop it to the shape of a photo."
        )


def _to_rgb(image: Image.Image, mode: str) -> tuple[Image.Image, list[str]]:
    """RGB of any mode, and what had to be done to the mode that it had in the file."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_deep(np.asarray(image, dtype=np.float32))
    notes = []
    if image.mode == "CMYK":
        notes.append("Print colours (CMYK) converted to RGB without a colour profile.")
    elif mode in ("P", "PA"):
        notes.append("Palette colours converted to RGB.")
    elif image.mode not in ("RGB", "RGBA", "RGBX", "RGBa", "L", "LA", "La", "1"):
        notes.append(f"Colours converted from {image.mode} to RGB.")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        if np.asarray(layer)[..., 3].min() < 255:
            notes.append("Transparent pixels laid on mid-grey.")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, (*BACKGROUND, 255)), layer)
    rgb = image.convert("RGB")
    if _is_grey(rgb):
        notes.append(GREY_NOTE)
    return rgb, notes


def _from_deep(values: np.ndarray) -> tuple[Image.Image, list[str]]:
    """More than 8 bits of grey: percentiles become black and white, so that neither dark nor bright photos vanish."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, DEEP_PERCENTILES) if finite.size else (0.0, 0.0)
    level = np.clip((np.nan_to_num(values, nan=low) - low) / (high - low), 0, 1) if high > low else values * 0 + 0.5
    grey = Image.fromarray((np.nan_to_num(level) * 255).round().astype(np.uint8))
    return grey.convert("RGB"), [
        f"More than 8 bits per pixel: values {low:g} to {high:g} scaled to 0 to 255.",
        GREY_NOTE,
    ]


def _as_array(source: Any) -> np.ndarray:
    """A tensor of any device or precision, or what calls itself an array."""
    if _is_tensor(source):
        source = source.detach().cpu()
        source = source.float() if source.is_floating_point() else source
        return source.numpy()
    return np.asarray(source)


def _is_tensor(source: object) -> bool:
    """Whoever has a tensor has imported torch; who has none, as the first page of the studio, need not wait for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def _content(file: Any) -> bytes:
    """All bytes of an open file, from its beginning where it can go back."""
    try:
        if file.seekable():
            file.seek(0)
        content = file.read()
    except (OSError, ValueError, AttributeError, UnicodeDecodeError) as error:
        content = error
    if not isinstance(content, bytes):
        reason = f" ({content})" if isinstance(content, Exception) else ""
        raise ImageError(f"This file is closed, or open for text{reason}. Open it with open(path, 'rb').")
    return content


def _what(source: object) -> str:
    kind = type(source).__name__
    return "None" if source is None else f"{'An' if kind[0].lower() in 'aeio' else 'A'} {kind}"


def _channels_last(array: np.ndarray) -> np.ndarray:
    """(height, width) or (height, width, channels) of an array with channels first or last, or of a batch of one."""
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, -1)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _from_array(array: np.ndarray) -> Image.Image:
    shape = array.shape
    array = _channels_last(array)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        several = " It looks like a batch: give one image at a time." if len(shape) == 4 else ""
        raise ImageError(
            f"An array of shape {shape} is not an image.{several} "
            "Use (height, width), (height, width, 3), (height, width, 4), or the channels first."
        )
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            finite = bool(np.isfinite(array).all())
            advice = "Divide by the largest possible value." if low >= 0 else "Give it as it was before normalisation."
            advice = advice if finite else "Replace what is not finite."
            raise ImageError(f"An array of floats must hold values in 0..1, not {low:.3g} to {high:.3g}. {advice}")
        array = (array.clip(0, 1) * 255).round().astype(np.uint8)
    if array.dtype == np.uint16 and array.ndim == 3:
        array = (array >> 8).astype(np.uint8)
    if array.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"An array of {array.dtype} is not an image. Use uint8, uint16, or floats in 0..1.")
    return Image.fromarray(np.ascontiguousarray(array))


def _open_page(image: Image.Image) -> list[str]:
    """Goes to the page of a file that is the photo: the first, of a TIFF the largest. Says so if there are others.

    Raises:
        ImageError: What can be read is a reduced copy of what cannot.
    """
    # A phone's JPEG may carry its depth or brightness map as a second picture (MPO): that is not an animation.
    if image.format == "MPO":
        return []
    best, notes = 0, []
    try:
        frames = getattr(image, "n_frames", 1)
        if isinstance(image, TiffImageFile):
            areas = []
            for page in range(min(frames, MOST_PAGES)):
                image.seek(page)
                areas.append(image.width * image.height)
            best = areas.index(max(areas))
    except Exception:  # A broken later frame is no reason to refuse the first.
        frames, notes = 1, ["Only the first of several frames is used; the others are damaged."]
    if isinstance(image, TiffImageFile):
        image.seek(best)
        if image.tag_v2.get(NEW_SUBFILE_TYPE, 0) & 1:
            raise ImageError("Only a small preview in this file can be read, not its photo. Export it as JPEG or PNG.")
    kind = "Page" if image.format == "TIFF" else "Frame"
    why = ", the largest" if best else ""
    return [f"{kind} {best + 1} of {frames} is used{why}."] if frames > 1 else notes


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return red.tobytes() == green.tobytes() == blue.tobytes()


def _unreadable(head: bytes) -> str:
    if head.startswith(DRAWINGS):
        return "This is a page or drawing (EPS, PostScript or PDF), not a photo. Export it as PNG."
    if head.startswith(TIFFS):
        return (
            "This TIFF cannot be read here: a camera's raw data, 64-bit or coloured floating point, more than four "
            "bands, or a rare compression. Export it as PNG or JPEG, or as a TIFF of 8 or 16 bits."
        )
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return "This is an HEIC photo, which cannot be read here. Export it as JPEG or PNG."
    if b"<svg" in head.lower():
        return "This is an SVG drawing, not a photo. Export it as PNG."
    return "This file is not a readable image (PNG, JPEG, WebP…), whatever its name says. Choose another file."


def _damaged(error: Exception) -> str:
    # Pillow counts the bytes that it was left with.
    early = "truncated" in str(error)
    why = ": the file ends too early" if early else f" ({error or type(error).__name__})"
    return f"This image is damaged or cut off{why}. Save or download it again."


def _too_large(size: str, limit: float) -> str:
    return f"This image has {size}; the limit is {limit:g}. Reduce it and try again."

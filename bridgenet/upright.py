"""How a photo was held: its EXIF orientation, read from whatever else its EXIF data say."""

import re
import warnings

from PIL import Image

ORIENTATION = 0x0112
"""EXIF tag: how the camera was held."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""


def read_orientation(image: Image.Image) -> tuple[int, bool]:
    """How the camera was held (1 to 8; 1 where it is not said), and whether all EXIF data are as they should be."""
    told: object = 1
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        try:
            exif = image.getexif()
            told = exif.get(ORIENTATION) or _orientation_in_xmp(image)
            # Writing them again looks at every tag.
            exif.tobytes()
            whole = True
        except Exception:  # Damaged tags trip their reader in many ways; the picture is none of their business.
            whole = False
    whole = whole and not complaints
    first = told[0] if isinstance(told, tuple) and told else told
    if isinstance(first, int | float):
        number = int(first) if first in range(1, 9) else 0
    else:
        digits = re.match(
            r"[1-8](?=[\s\0]*$)", first.decode(errors="replace") if isinstance(first, bytes) else str(first)
        )
        number, whole = int(digits[0]) if digits else 0, False
    return (number, whole) if number else (1, whole and first == 0)


def _orientation_in_xmp(image: Image.Image) -> int:
    """The orientation that some programs write as text only; 1 where they do not."""
    text = image.info.get("xmp", b"")
    found = re.search(rb"tiff:Orientation(?:=[\"']|>)\s*([1-8])\b", text if isinstance(text, bytes) else b"")
    return int(found[1]) if found else 1

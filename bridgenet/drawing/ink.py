"""Ink for words on a colour: black or white, whichever is easier to read there."""

import numpy as np

from bridgenet.drawing.palette import to_rgb

LINEAR = 12.92, 0.04045
"""Slope of the straight part of the sRGB curve, and the level where it ends."""

MIDDLE = 0.1791
"""Relative luminance on which black and white stand out alike: (MIDDLE + 0.05)² = 0.05 · 1.05."""


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB`, 0 for black to 1 for white, as WCAG 2 defines it."""
    level = to_rgb(colour) / 255
    slope, end = LINEAR
    linear = np.where(level <= end, level / slope, ((level + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def ink_on(colour: str) -> str:
    """Black or white, whichever stands out more on `#RRGGBB`: by a contrast of 4.5 (WCAG 2, level AA) or more."""
    return "#000" if luminance(colour) > MIDDLE else "#fff"

"""What raises a number and what lowers it, as panels; and the part of a picture that a number is about."""

import numpy as np
from jaxtyping import Bool, Float

from bridgenet.drawing.figure import IMAGE_DOT, Bar, Panel
from bridgenet.drawing.predictions import Picture, colour_signed
from bridgenet.tasks import significant

PERCENTILE = 99.5
"""Of the absolute values: the end of the scale, so that a few cells do not pale the rest."""

PALE, PAPER_SHADE = 0.25, 236
"""What is left of the colours outside of a region, and the grey that they fade to."""


def signed_panel(
    title: str,
    values: Float[np.ndarray, "h w"],
    *,
    unit: str = "",
    note: str = "",
    colour: str = IMAGE_DOT,
    place: tuple[float, float] | None = None,
    aspect: float | None = None,
    limit: float | None = None,
) -> Panel:
    """A map around zero: red raises the number that is explained, blue lowers it, white does neither.

    For the notebooks.

    Args:
        title: Above the picture.
        values: Signed; NaN is hatched.
        unit: Of the values; without one the ends of the scale have no numbers.
        note: At the right of the title.
        colour: Of the dot before the title.
        place: Fractions (nx, ny) where a cross-hair is drawn.
        aspect: Height / width to draw it at.
        limit: End of the scale. None: the percentile 99.5 of the map's own absolute values.
    """
    if limit is None:
        size = np.abs(values[np.isfinite(values)])
        limit = (float(np.percentile(size, PERCENTILE)) or float(size.max())) if size.size else 0.0
    if not limit:
        return Panel(title, colour_signed(values, 1.0), note, colour, "zero everywhere", place, aspect)
    low, high = (f"lowers −{significant(limit)}", f"+{significant(limit)} {unit}") if unit else ("lowers", "raises")
    key = Bar("rdbu", low, high)
    return Panel(title, colour_signed(values, limit), note, colour, key, place, aspect)


def region_picture(picture: Picture, inside: Bool[np.ndarray, "height width"]) -> Picture:
    """A picture that keeps its colours inside a region and is pale outside of it. For the notebooks."""
    pale = PALE * picture + (1 - PALE) * PAPER_SHADE
    return np.where(inside[..., None], picture, pale).round().astype(np.uint8)

"""The strength of the bridge from nothing to twice what was learnt and back, as a film (GIF) of all answers."""

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw, ImageFont

from app.analysis.cut import without
from app.analysis.selection import Selection
from app.analysis.session import Analysis, StudioError
from app.view.page import Progress
from app.view.view import Map
from bridgenet.tasks import TASKS, TaskName

STRENGTHS = tuple(index / 4 for index in range(9))
"""From the bridge left out to twice what was learnt; the film goes back the same way."""

LARGEST = 3_000_000
"""Bytes that a film may have."""

WIDTHS = (1200, 960, 720, 540, 400)
"""Pixels, as wide as fits into `LARGEST`."""

MILLISECONDS, HELD = 260, 900
"""A picture is shown so long; both ends and what was learnt longer."""

COLOURS, EXACT = 256, 128
"""Colours of a film, and how many of them may be those of classes."""

PAPER, INK, MUTE, ACCENT = "#fbfaf7", "#1d1c1a", "#625f58", "#1f5f5b"


def sweep(analysis: Analysis, selection: Selection, tell: Progress) -> bytes:
    """The film.

    Args:
        analysis: Of one photo.
        selection: Says which task is cut, if one is.
        tell: Told how far it is.

    Raises:
        StudioError: The network has no bridge.
    """
    # Not at the top: views import torch, and the page is built before it is there.
    from app.tabs.refinement.page import columns_of
    from app.tabs.refinement.strengths import picture_of
    from app.view.attention import has_bridge

    if not has_bridge(analysis):
        raise StudioError("This network has no bridge whose strength could be turned.")
    seen = without(analysis, selection.cut)
    answers: list[dict[TaskName, Map]] = []
    for index, strength in enumerate(STRENGTHS):
        tell(index, len(STRENGTHS) + len(WIDTHS), f"Bridge strength {strength:g}")
        answers.append({task: picture_of(seen, strength, task) for task in seen.tasks})
    said = f"{analysis.checkpoint} · {analysis.title}"
    if selection.cut is not None:
        said += f" · without {TASKS[selection.cut].title.lower()}"
    exact = _flat_colours(answers)
    film = b""
    for index, width in enumerate(WIDTHS):
        tell(len(STRENGTHS) + index, len(STRENGTHS) + len(WIDTHS), "Writing the film")
        frames = [_frame(maps, strength, said, columns_of(seen), width)
                  for strength, maps in zip(STRENGTHS, answers, strict=True)]  # fmt: skip
        film = _film(frames, exact)
        if len(film) <= LARGEST:
            break
    return film


def _flat_colours(answers: Sequence[dict[TaskName, Map]]) -> list[int]:
    """Red, green and blue of what has a meaning by itself: classes, tasks, and what is written."""
    words = {ImageColor.getrgb(colour) for colour in (PAPER, INK, MUTE, ACCENT)}
    tasks = {ImageColor.getrgb(TASKS[task].colour) for task in answers[0]}
    classes = {
        colour
        for maps in answers
        for task, entry in maps.items()
        if TASKS[task].kind == "classes"
        for _, colour in _picture(entry).getcolors(EXACT) or ()
    }
    return [level for colour in [*words, *tasks, *classes][:EXACT] for level in colour]


def _film(there: Sequence[Image.Image], exact: list[int]) -> bytes:
    """Pictures there and back, in colours that all of them share."""
    width, height = there[0].size
    together = Image.new("RGB", (width, height * len(there)))
    for index, frame in enumerate(there):
        together.paste(frame, (0, index * height))
    room = COLOURS - len(exact) // 3
    others = together.reduce(2).quantize(room, Image.Quantize.MEDIANCUT).getpalette() or []
    colours = Image.new("P", (1, 1))
    colours.putpalette(exact + others[: 3 * room])
    flat = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in there]
    frames = [*flat, *flat[-2:0:-1]]
    held = (0, len(flat) // 2, len(flat) - 1)
    times = [HELD if index in held or len(frames) - index in held else MILLISECONDS for index in range(len(frames))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False)
    return buffer.getvalue()


def _frame(maps: dict[TaskName, Map], strength: float, said: str, columns: int, width: int) -> Image.Image:
    """All answers at a strength, which stands above them in words and as a place on its scale."""
    unit = width // 60
    pictures = [_picture(maps[task]) for task in maps]
    wide = (width - (columns + 1) * unit) // columns
    high = round(wide * pictures[0].height / pictures[0].width)
    rows = -(-len(pictures) // columns)
    step, top = high + 3 * unit, 5 * unit
    frame = Image.new("RGB", (width, top + rows * step + 2 * unit), PAPER)
    draw = ImageDraw.Draw(frame)
    large, small = ImageFont.load_default(2 * unit), ImageFont.load_default(1.3 * unit)
    learnt = ", left out" if strength == 0 else ", as learnt" if strength == 1 else ""
    draw.text((unit, 2.5 * unit), f"Bridge strength {strength:.2f}{learnt}", INK, large, "lm")
    _scale(draw, strength, (0.62 * width, width - 2 * unit, 2.2 * unit), unit, small)
    for index, (task, picture) in enumerate(zip(maps, pictures, strict=True)):
        x, y = unit + index % columns * (wide + unit), top + index // columns * step
        draw.ellipse((x, y + 0.5 * unit, x + unit, y + 1.5 * unit), TASKS[task].colour)
        draw.text((x + 1.5 * unit, y + unit), TASKS[task].title, INK, small, "lm")
        frame.paste(picture.resize((wide, high), Image.Resampling.BOX), (x, y + 2 * unit))
    draw.text((unit, frame.height - 1.4 * unit), said, MUTE, small, "lm")
    return frame


def _scale(
    draw: ImageDraw.ImageDraw, strength: float, place: tuple[float, float, float], unit: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:  # fmt: skip
    """A line from 0 to 2 with a dot where the strength is.

    Args:
        draw: What draws it.
        strength: 0 to 2.
        place: Left and right end and height, in pixels.
        unit: Pixels of its dot's radius, twice.
        font: Of its numbers.
    """
    left, right, y = place
    draw.line((left, y, right, y), MUTE, max(unit // 6, 1))
    for value in (0, 1, 2):
        x = left + value / 2 * (right - left)
        draw.line((x, y - 0.4 * unit, x, y + 0.4 * unit), MUTE, max(unit // 6, 1))
        draw.text((x, y + 1.4 * unit), f"{value}", MUTE, font, "mm")
    x = left + strength / 2 * (right - left)
    draw.ellipse((x - 0.6 * unit, y - 0.6 * unit, x + 0.6 * unit, y + 0.6 * unit), ACCENT)


def _picture(entry: Map) -> Image.Image:
    data = base64.b64decode(entry.get("src", "").partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")

"""Photos as they arrive: what they may have, and that each file is read once and deleted."""

from dataclasses import dataclass
from pathlib import Path

from gradio.utils import get_upload_folder

from app.analysis.session import Session, StudioError
from bridgenet.images import MAX_MEGAPIXELS, LoadedImage, load_image

MEGABYTES = 20
"""Largest upload, unless the command line says otherwise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a photo may have: megabytes as a file, megapixels as a picture."""

    megabytes: float = MEGABYTES
    megapixels: float = MAX_MEGAPIXELS


def read_upload(session: Session, path: object, limits: Limits) -> LoadedImage:
    """The photo that a visitor has sent. Its file is deleted.

    Equal files of several visitors lie at one place of the disk: the first who is served deletes it for all, and the
    others get the photo that it became. Who reads a photo puts what it became into `session.sent`.

    Raises:
        ImageError: It cannot be used.
        StudioError: It has too many bytes, or is not there.
    """
    before = session.photo(session.sent.get(str(path)))
    if before is not None and not Path(str(path)).is_file():
        return before
    return read_once(uploaded_file(path), limits)


def read_once(path: Path, limits: Limits) -> LoadedImage:
    """The photo in a file, which is deleted.

    Raises:
        ImageError: It cannot be used.
        StudioError: It has too many bytes.
    """
    try:
        size = path.stat().st_size / 1e6
        if size > limits.megabytes:
            raise StudioError(
                f"This file has {size:.1f} MB, more than the {limits.megabytes:g} MB that the studio takes. "
                "Export it smaller and send it again."
            )
        return load_image(path, max_megapixels=limits.megapixels)
    finally:
        path.unlink(missing_ok=True)


def uploaded_file(path: object) -> Path:
    """A file that this page has stored for the visitor.

    Raises:
        StudioError: The path lies elsewhere; nothing of the machine may be read through the page.
    """
    folder = Path(get_upload_folder()).resolve()
    file = Path(path).resolve() if isinstance(path, str) else folder
    if not file.is_relative_to(folder) or not file.is_file():
        raise StudioError("The photo did not arrive. Drop it again.")
    return file

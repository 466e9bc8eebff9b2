"""The first picture: what the page shows before the network is loaded. `app.first_paint` makes it."""

import json
from pathlib import Path

from app.browser import FOLDER
from app.view.view import Json

FILE = FOLDER / "first_paint.json"

First = dict[str, dict[str, Json]]
"""What each part of the page shows, by its name."""


def first_values(checkpoint: Path, file: Path = FILE) -> First:
    """Values of all components before the network is loaded.

    Args:
        checkpoint: What is about to be loaded. If the file was made with another one, the head says so.
        file: The bundled picture.
    """
    values: First = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else _nothing_yet()
    made_with = str(values["head"]["title"])
    words = "The network is warming up; you can look around already"
    if made_with != checkpoint.name:
        words = f"{checkpoint.name} is warming up; this picture was made with {made_with}" if made_with else words
        values["head"] |= {"title": made_with or checkpoint.name}
    values["head"] |= {"banner": f"{words} …", "kind": "busy", "network": "warming"}
    return values


def _nothing_yet() -> First:
    return {
        "head": {"title": "", "facts": []},
        "rail": {"examples": [], "limit": 20},
        "way": {"tabs": [{"name": "overview", "title": "Overview"}]},
    }

"""Pictures that the page already has are not sent again: most maps of a view stay when the pixel moves."""

import json
from hashlib import blake2b

from app.view.view import Map, View

HEAVY = ("src", "values", "wipe", "disc", "mesh")
"""Parts of a map that hold pictures."""

WORTH_IT = 1500
"""Characters below which a picture is simply sent again."""


def leave_out_held(value: View, held: object) -> View:
    """A viewer's value without the pictures that its page says it holds.

    Args:
        value: What the viewer shows. Not changed: views remember their maps.
        held: Names of the pictures that the page holds; anything else counts as none.

    Returns:
        The value. Each map with large pictures has their name as `hash`, and the pictures themselves unless they are
        held.
    """
    if "groups" not in value:
        return value
    known = frozenset(held) if isinstance(held, list) and all(isinstance(name, str) for name in held) else frozenset()
    groups = [
        group | {"maps": [_lighter(entry, known) for entry in group["maps"]]} if "maps" in group else group
        for group in value["groups"]
    ]
    return value | {"groups": groups}


def _lighter(entry: Map, known: frozenset[str]) -> Map:
    heavy = {part: what for part, what in entry.items() if part in HEAVY and what}
    text = json.dumps(heavy)
    if len(text) < WORTH_IT:
        return entry
    light = entry.copy()
    light["hash"] = blake2b(text.encode(), digest_size=9).hexdigest()
    if light["hash"] in known:
        for part in HEAVY:
            light.pop(part, None)
    return light

"""Your own photos: a folder whose `dataset.json` says which tasks it has, and what its classes are called.

    images/<id>         .jpg or .png, of any size
    semseg/<id>         .png or .npy   0 for the first class, 1 for the second ...; `ignore` (255) where nobody knows
    human_parts/<id>    the same
    depth/<id>          .png (16 bits) or .npy, in the `unit` that is said; `invalid` (0) where nobody knows
    normals/<id>        .png, (n + 1) / 2 in 8 bits, or .npy in -1..1: x right, y up, z toward the viewer
    sal/<id>, edge/<id> .png or .npy   0, and 255 where something is salient, or on a boundary

and lists with one id a line. `python -m bridgenet.prepare check DIR` reads all of it and says what is wrong.
"""

from dataclasses import replace
from pathlib import Path

from bridgenet.reading.source import Source
from bridgenet.sources.folder.description import DESCRIPTION, read_description
from bridgenet.sources.folder.reader import FolderReader

__all__ = ["SOURCE"]


def _describe(root: Path) -> Source:
    told = read_description(root)
    return replace(SOURCE, title=told.title, tasks=tuple(told.codings), classes=told.classes)


SOURCE = Source(
    name="folder",
    title="your own data",
    open=lambda asked: FolderReader(asked.root, asked.split, asked.tasks),
    describe=_describe,
    described_in=DESCRIPTION,
)

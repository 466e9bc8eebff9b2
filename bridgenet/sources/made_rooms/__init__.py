"""Made rooms: procedural scenes with exact labels for all six tasks. They train and test offline."""

from bridgenet.labels import HUMAN_PARTS
from bridgenet.reading.source import EdgeProtocol, Source
from bridgenet.sources.made_rooms.furniture import CLASSES
from bridgenet.sources.made_rooms.rooms import MadeRooms, render_room

__all__ = ["SOURCE", "MadeRooms", "render_room"]

SOURCE = Source(
    name="made_rooms",
    title="made rooms",
    tasks=("semseg", "human_parts", "depth", "normals", "sal", "edge"),
    classes={"semseg": CLASSES, "human_parts": HUMAN_PARTS},
    open=lambda asked: MadeRooms(asked.count, asked.size, split=asked.split),
    needs_root=False,
    photos=False,
    edges=EdgeProtocol(max_distance=0.011),
    view=65.0,
    limits={None: "Rendered rooms are far simpler than photographs, and results on photographs are poor."},
)

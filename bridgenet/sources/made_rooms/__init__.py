"""Made rooms: procedural scenes with exact labels for all six tasks. They train and test offline."""

from bridgenet.sources.made_rooms.rooms import MadeRooms, render_room

__all__ = ["MadeRooms", "render_room"]

"""The same names as in `bridgenet.labels`, where the data sets have them."""

from bridgenet.labels import CLASSES, HUMAN_PARTS

__all__ = ["CLASSES", "HUMAN_PARTS"]

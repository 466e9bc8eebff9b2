"""PASCAL-Context: photos of anything, with 21 classes and parts of people. Its presets describe the network only."""

from bridgenet.labels import HUMAN_PARTS, Classes
from bridgenet.reading.source import Source

SOURCE = Source(
    name="pascal_context",
    title="PASCAL-Context",
    tasks=("semseg", "human_parts", "sal", "normals", "edge"),
    classes={
        "semseg": Classes.of(
            {
                "background": "#D9D4C7",
                "aeroplane": "#3F66C4",
                "bicycle": "#58C6FF",
                "bird": "#E6E08C",
                "boat": "#004D68",
                "bottle": "#00FAC8",
                "bus": "#8A3500",
                "car": "#9E0062",
                "cat": "#EB9E82",
                "chair": "#D1495B",
                "cow": "#623E32",
                "dining table": "#E9A23B",
                "dog": "#839400",
                "horse": "#8A5E8B",
                "motorbike": "#6F2089",
                "person": "#F780E3",
                "potted plant": "#008A41",
                "sheep": "#FFCDFF",
                "sofa": "#2A9D8F",
                "train": "#3A4D0A",
                "tv monitor": "#97EC7C",
            }
        ),
        "human_parts": HUMAN_PARTS,
    },
)

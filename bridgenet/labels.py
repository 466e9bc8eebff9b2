"""Names of the classes of every data set. A class index is a position in its tuple."""

CLASSES: dict[str, tuple[str, ...]] = {
    "nyud": (
        "wall",
        "floor",
        "cabinet",
        "bed",
        "chair",
        "sofa",
        "table",
        "door",
        "window",
        "bookshelf",
        "picture",
        "counter",
        "blinds",
        "desk",
        "shelves",
        "curtain",
        "dresser",
        "pillow",
        "mirror",
        "floor mat",
        "clothes",
        "ceiling",
        "books",
        "refrigerator",
        "television",
        "paper",
        "towel",
        "shower curtain",
        "box",
        "whiteboard",
        "person",
        "night stand",
        "toilet",
        "sink",
        "lamp",
        "bathtub",
        "bag",
        "other structure",
        "other furniture",
        "other prop",
    ),
    "made_rooms": (
        "wall",
        "floor",
        "ceiling",
        "door",
        "window",
        "picture",
        "cabinet",
        "bed",
        "table",
        "chair",
        "sofa",
        "lamp",
        "rug",
        "person",
    ),
    "pascal_context": (
        "background",
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "dining table",
        "dog",
        "horse",
        "motorbike",
        "person",
        "potted plant",
        "sheep",
        "sofa",
        "train",
        "tv monitor",
    ),
}
"""Semantic classes by `DataConfig.name`."""

HUMAN_PARTS: tuple[str, ...] = ("background", "head", "torso", "upper arm", "lower arm", "upper leg", "lower leg")

CLASS_SETS: dict[str, tuple[str, ...]] = {**CLASSES, "human_parts": HUMAN_PARTS}
"""Those of the data sets, and those that are the same in all of them."""


def class_names(class_set: str) -> tuple[str, ...]:
    """Names of the classes of a data set, or of `human_parts`, in the order of their indices.

    Raises:
        ValueError: There is no such set.
    """
    if class_set not in CLASS_SETS:
        raise ValueError(f"There are no classes for {class_set!r}. Known: {', '.join(CLASS_SETS)}.")
    return CLASS_SETS[class_set]

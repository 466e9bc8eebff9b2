import pytest

from bridgenet.labels import Classes, same_classes
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS


def test_classes_of_another_data_set_are_not_compared_body_parts_are() -> None:
    rooms, photos, anything = (SOURCES[name].classes for name in ("made_rooms", "nyud", "pascal_context"))
    assert not same_classes("semseg", photos, rooms)
    assert same_classes("semseg", photos, photos)
    assert all(same_classes(task, rooms, anything) for task in TASKS if task != "semseg")
    assert not same_classes("human_parts", photos, rooms), "nobody has said what they would be called"


@pytest.mark.parametrize(
    ("names", "colours", "said"),
    [
        (("sky", "sky"), ("#000000", "#111111"), "names has 'sky' twice"),
        (("sky", ""), ("#000000", "#111111"), "names has an empty name"),
        (("sky", "road"), ("#000000",), "colours must be one for each of the 2 names, not 1"),
        (("sky", "road"), ("#000000", "grey"), "must be written as in #1F77B4; that of 'road' is 'grey'"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(
    names: tuple[str, ...], colours: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Classes(names, colours)

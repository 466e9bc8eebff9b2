import numpy as np
import pytest

from bridgenet.examples import EXAMPLES, made_room, motorcycle


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_example_is_there_without_a_download(name: str) -> None:
    picture = EXAMPLES[name].load()
    assert picture.pixels.dtype == np.uint8 and picture.pixels.ndim == 3
    for truth in picture.truth.values():
        assert truth.shape[:2] == picture.pixels.shape[:2]


def test_the_garage_has_plausible_depth_where_it_was_measured() -> None:
    depth = motorcycle().truth["depth"]
    known = depth[np.isfinite(depth)]
    assert 0.5 < known.size / depth.size < 1
    assert 1.5 < known.min() < 2.5 and 4 < known.max() < 6


def test_a_room_knows_the_truth_of_all_six_tasks() -> None:
    room = made_room(0)
    assert set(room.truth) == {"semseg", "human_parts", "depth", "normals", "sal", "edge"}
    assert room.source == "made_rooms" and room.classes["semseg"].names[0] == "wall"
    lengths = np.linalg.norm(room.truth["normals"], axis=-1)
    assert np.allclose(lengths[np.isfinite(lengths)], 1, atol=1e-3)

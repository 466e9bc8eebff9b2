import hashlib
import subprocess
import sys

import numpy as np
import pytest

from bridgenet.config import DataConfig
from bridgenet.data import open_dataset
from bridgenet.labels import HUMAN_PARTS
from bridgenet.reading.sample import RawSample
from bridgenet.sources.made_rooms import MadeRooms, render_room
from bridgenet.sources.made_rooms.casting import Camera, cast, look, surface
from bridgenet.sources.made_rooms.furniture import CLASSES
from bridgenet.sources.made_rooms.layout import furnish
from bridgenet.sources.made_rooms.rooms import salient_things
from bridgenet.sources.made_rooms.solids import Material, Scene, Shape, Solid, Thing, Vector, ball, box, column, stack
from bridgenet.tasks import ALL_TASKS

PERSON, CHAIR, SOFA = (CLASSES.names.index(name) for name in ("person", "chair", "sofa"))
GREY = Material((0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def rooms() -> list[RawSample]:
    reader = MadeRooms(60, size=(48, 64), seed=3)
    return [reader.read(index) for index in range(60)]


def in_a_big_hall(solid: Solid) -> Scene:
    """A solid in the middle of a cube of 20 metres."""
    hall = Solid(Shape.ROOM, (0.0, 0.0, 0.0), (10.0, 10.0, 10.0), GREY)
    return stack([Thing(0, [hall]), Thing(1, [solid])])


def camera_at(position: Vector, target: Vector = (0.0, 0.0, 0.0), pixels: int = 41) -> Camera:
    """A square camera whose middle ray hits the target; the outermost have slope 1/2."""
    place = np.array(position, dtype=np.float32)
    slopes = np.linspace(-0.5, 0.5, pixels, dtype=np.float32)
    return Camera(place, look(place, np.array(target), 0.0), slopes, -slopes)


def middle(array: np.ndarray) -> np.ndarray:
    return array[array.shape[0] // 2, array.shape[1] // 2]


@pytest.mark.slow
def test_a_room_is_the_same_whenever_and_wherever_it_is_drawn(rooms: list[RawSample]) -> None:
    again = MadeRooms(60, size=(48, 64), seed=3).read(7)
    np.testing.assert_array_equal(again.image, rooms[7].image)
    for task in ALL_TASKS:
        np.testing.assert_array_equal(again.targets[task], rooms[7].targets[task])
    script = (
        "import hashlib; from bridgenet.sources.made_rooms import MadeRooms;"
        "print(hashlib.sha256(MadeRooms(60, size=(48, 64), seed=3).read(7).image.tobytes()).hexdigest())"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert printed == hashlib.sha256(rooms[7].image.tobytes()).hexdigest()


def test_no_two_rooms_are_alike_in_a_split_between_splits_or_between_seeds(rooms: list[RawSample]) -> None:
    others = [MadeRooms(1, (48, 64), 3, "val").read(0), MadeRooms(1, (48, 64), 4).read(0)]
    images = [sample.image.tobytes() for sample in [*rooms, *others]]
    assert len(set(images)) == len(images)


def test_every_target_has_the_type_and_range_that_readers_promise(rooms: list[RawSample]) -> None:
    limits = {"semseg": 14, "human_parts": 7, "sal": 2, "edge": 2}
    for sample in rooms:
        assert sample.image.shape == (48, 64, 3) and sample.image.dtype == np.uint8
        for task, limit in limits.items():
            target = sample.targets[task]
            assert target.shape == (48, 64) and target.dtype == np.uint8 and target.max() < limit
        depth, normals = sample.targets["depth"], sample.targets["normals"]
        assert depth.shape == (48, 64) and depth.dtype == np.float32
        assert depth.min() > 0.05 and depth.max() < 10
        assert normals.shape == (48, 64, 3) and normals.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-5)


def test_all_classes_and_all_human_parts_occur(rooms: list[RawSample]) -> None:
    classes = np.unique(np.stack([sample.targets["semseg"] for sample in rooms]))
    parts = np.unique(np.stack([sample.targets["human_parts"] for sample in rooms]))
    assert classes.tolist() == list(range(len(CLASSES)))
    assert parts.tolist() == list(range(len(HUMAN_PARTS)))


def test_human_parts_cover_the_people_and_nothing_else(rooms: list[RawSample]) -> None:
    for sample in rooms:
        np.testing.assert_array_equal(sample.targets["human_parts"] > 0, sample.targets["semseg"] == PERSON)


def test_a_larger_picture_shows_the_same_room_more_finely() -> None:
    small, large = render_room(11, (32, 40)), render_room(11, (96, 120))
    for task in ("semseg", "human_parts"):
        assert (small.targets[task] == large.targets[task][1::3, 1::3]).mean() > 0.998
    np.testing.assert_allclose(np.median(small.targets["depth"]), np.median(large.targets["depth"]), rtol=0.02)
    blocks = large.image.reshape(32, 3, 40, 3, 3).mean((1, 3))
    assert np.abs(blocks - small.image).mean() < 12


def test_normals_are_those_of_the_surface_that_the_depth_describes() -> None:
    height, width, seed = 96, 128, 5
    sample = render_room(seed, (height, width))
    pixels = furnish(np.random.default_rng(seed)).focal * width
    rows, columns = np.mgrid[:height, :width]
    depth = sample.targets["depth"].astype(np.float64)
    x = (columns + 0.5 - width / 2) / pixels * depth
    y = -(rows + 0.5 - height / 2) / pixels * depth
    points = np.stack([x, y, -depth], -1)
    derived = np.cross(points[1:-1, 2:] - points[1:-1, :-2], points[:-2, 1:-1] - points[2:, 1:-1])
    derived /= np.linalg.norm(derived, axis=-1, keepdims=True)
    normals = sample.targets["normals"]
    # Differences across an edge are no normals, so only what is flat around a pixel is compared.
    solid = sample.targets["edge"] == 0
    flat = solid[1:-1, 1:-1].copy()
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        window = (slice(down, down + 94), slice(right, right + 126))
        flat &= solid[window] & np.isclose(normals[window], normals[1:-1, 1:-1], atol=1e-5).all(-1)
    angle = np.degrees(np.arccos(np.clip((derived * normals[1:-1, 1:-1]).sum(-1), -1, 1)))
    assert flat.mean() > 0.4
    assert np.percentile(angle[flat], 97) < 0.5


def test_floors_look_up_ceilings_down_and_everything_toward_the_viewer(rooms: list[RawSample]) -> None:
    for sample in rooms:
        normals, classes = sample.targets["normals"], sample.targets["semseg"]
        assert (normals[classes == 1][:, 1] > 0.7).all()
        assert (normals[classes == 2][:, 1] < -0.7).all()
        rows, columns = np.mgrid[:48, :64]
        toward = np.stack([(31.5 - columns) / 53, (rows - 23.5) / 53, np.ones((48, 64))], -1)
        assert ((normals * toward).sum(-1) > -0.05).mean() > 0.999


def test_edges_lie_where_a_pixel_differs_from_its_east_south_or_south_east_neighbour(rooms: list[RawSample]) -> None:
    for sample in rooms[:10]:
        classes, edge = sample.targets["semseg"].astype(int), sample.targets["edge"]
        here = classes[:-1, :-1]
        differs = (here != classes[:-1, 1:]) | (here != classes[1:, :-1]) | (here != classes[1:, 1:])
        # Every change of class is an edge; so is the line between two things of one class.
        assert (edge[:-1, :-1][differs] == 1).all()
        assert edge.mean() < 0.4


def test_people_are_salient_and_without_them_the_furniture_nearest_the_middle() -> None:
    classes = np.zeros((40, 40), np.uint8)
    thing = np.zeros((40, 40), int)
    classes[2:10, 2:10], thing[2:10, 2:10] = CHAIR, 1
    classes[18:24, 14:22], thing[18:24, 14:22] = SOFA, 2
    np.testing.assert_array_equal(salient_things(classes, thing), thing == 2)
    classes[30:38, 30:34], thing[30:38, 30:34] = PERSON, 3
    np.testing.assert_array_equal(salient_things(classes, thing), thing == 3)


def test_an_empty_view_has_nothing_salient() -> None:
    assert salient_things(np.zeros((8, 8), np.uint8), np.zeros((8, 8), int)).sum() == 0


def test_a_box_is_met_at_its_front_face() -> None:
    scene = in_a_big_hall(box((0.0, 0.0, 0.0), (2.0, 1.0, 1.0), GREY))
    camera = camera_at((0.0, 0.0, 4.0))
    depth, solid = cast(scene, camera)
    assert middle(depth) == pytest.approx(3.5)
    # Seen from 3.5 m, half of 2 m ends at slope 1 / 3.5.
    np.testing.assert_array_equal(solid[20] == 1, np.abs(camera.columns) < 1 / 3.5)
    assert depth[0, 0] == pytest.approx(14.0)


def test_a_turned_box_shows_its_edge() -> None:
    turned = stack([in_hall(), Thing(1, [box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), GREY)], (0.0, 0.0, 0.0), np.pi / 4)])
    depth, _ = cast(turned, camera_at((0.0, 0.0, 4.0)))
    assert middle(depth) == pytest.approx(4 - np.sqrt(0.5), abs=1e-4)


def in_hall() -> Thing:
    return Thing(0, [Solid(Shape.ROOM, (0.0, 0.0, 0.0), (10.0, 10.0, 10.0), GREY)])


def test_a_ball_has_the_depth_and_the_outline_of_a_sphere() -> None:
    scene = in_a_big_hall(ball((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), GREY))
    camera = camera_at((0.0, 0.0, 3.0))
    depth, solid = cast(scene, camera)
    slope = np.hypot(camera.columns, camera.rows[:, None])
    np.testing.assert_array_equal(solid == 1, slope < 1 / np.sqrt(8))
    a, b = 1 + slope**2, 3.0
    expected = (b - np.sqrt(np.maximum(b * b - a * 8, 0))) / a
    np.testing.assert_allclose(depth[solid == 1], expected[solid == 1], rtol=1e-3)
    seen = surface(scene, camera, depth, solid, np.flatnonzero(solid == 1))
    np.testing.assert_allclose(seen.normal, seen.point, atol=1e-3)


@pytest.mark.parametrize(
    ("eye", "expected"), [((0.0, 0.0, 4.0), 3.5), ((0.0, 4.0, 0.001), 2.5), ((0.0, -4.0, 0.001), 2.5)]
)
def test_a_capsule_is_round_at_its_side_and_at_its_ends(eye: Vector, expected: float) -> None:
    capsule = Solid(Shape.CAPSULE, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5), GREY, extra=2.0)
    depth, _ = cast(in_a_big_hall(capsule), camera_at(eye))
    assert middle(depth) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("eye", "expected", "normal"),
    [
        ((0.0, 0.0, 4.0), 3.25, (0.0, 0.25, 1.0)),
        ((0.0, 4.0, 0.001), 3.0, (0.0, 1.0, 0.0)),
        ((0.0, -4.0, 0.001), 3.0, (0.0, -1.0, 0.0)),
    ],
)
def test_a_cone_is_met_at_its_side_its_top_and_its_bottom(eye: Vector, expected: float, normal: Vector) -> None:
    scene = in_a_big_hall(column((0.0, -1.0, 0.0), 2.0, 1.0, GREY, taper=0.5))
    camera = camera_at(eye)
    depth, solid = cast(scene, camera)
    assert middle(depth) == pytest.approx(expected, abs=1e-3)
    seen = surface(scene, camera, depth, solid, np.array([depth.size // 2]))
    np.testing.assert_allclose(seen.normal[:, 0], np.array(normal) / np.linalg.norm(normal), atol=1e-3)


def test_what_lies_behind_the_camera_is_not_seen() -> None:
    scene = in_a_big_hall(box((0.0, 0.0, 6.0), (1.0, 1.0, 1.0), GREY))
    _, solid = cast(scene, camera_at((0.0, 0.0, 4.0)))
    assert (solid == 0).all()


def test_a_solid_beside_the_camera_is_seen_though_part_of_it_lies_behind() -> None:
    scene = in_a_big_hall(box((0.7, 0.0, 0.0), (1.0, 1.0, 18.0), GREY))
    _, solid = cast(scene, camera_at((0.0, 0.0, 4.0)))
    assert (solid[20] == 1).sum() > 10


def test_made_rooms_are_opened_like_every_data_set() -> None:
    dataset = open_dataset(DataConfig(name="made_rooms", input_size=(32, 48), rooms=5), "train", ALL_TASKS)
    assert len(dataset.names) == 5
    assert dataset[0].image.shape == (3, 32, 48)
    assert set(dataset[0].targets) == set(ALL_TASKS)


def test_only_the_targets_that_are_asked_for_are_made() -> None:
    assert set(MadeRooms(1, (8, 8)).read(0, ("depth",)).targets) == {"depth"}


@pytest.mark.parametrize("size", [(1, 1), (7, 33), (64, 24)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    assert render_room(2, size).image.shape == (*size, 3)


def test_a_reader_without_images_or_an_index_beyond_them_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        MadeRooms(0)
    with pytest.raises(IndexError, match="There are 2 made rooms"):
        MadeRooms(2, (8, 8)).read(2)

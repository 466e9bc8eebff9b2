import numpy as np
import pytest

from bridgenet.reading.geometry import Camera, boundaries_from_labels, normals_from_depth

CAMERA = Camera(fx=130.0, fy=128.0, cx=70.0, cy=50.0)
SIZE = (96, 128)


def depth_of_plane(normal: tuple[float, float, float], distance: float, camera: Camera = CAMERA) -> np.ndarray:
    """Depth of the plane whose unit normal (x right, y up, z toward the viewer) faces the camera."""
    x, y = camera.rays(*SIZE)
    toward = -normal[0] * x + normal[1] * y + normal[2]
    return np.where(toward > 0.02, distance / np.maximum(toward, 0.02), 0.0)


def degrees_between(normals: np.ndarray, expected: tuple[float, float, float]) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(normals @ np.array(expected), -1, 1)))


@pytest.mark.parametrize(
    "normal",
    [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (-0.48, 0.6, 0.64), (0.36, -0.48, 0.8)],
    ids=["front", "right", "up", "down"],
)
def test_normals_of_a_plane_are_exact(normal: tuple[float, float, float]) -> None:
    normals = normals_from_depth(depth_of_plane(normal, 2.5), CAMERA, window=9)

    assert degrees_between(normals, normal).max() < 0.1


def test_a_floor_faces_up() -> None:
    depth = depth_of_plane((0.0, 1.0, 0.0), 1.4)

    normals = normals_from_depth(depth, CAMERA, window=9)

    seen = depth > 0
    assert seen[-1].all() and not seen[0].any()
    assert degrees_between(normals[seen & (np.linalg.norm(normals, axis=-1) > 0)], (0.0, 1.0, 0.0)).max() < 0.1


def test_a_wall_on_the_left_faces_right() -> None:
    depth = depth_of_plane((1.0, 0.0, 0.0), 1.0)

    normals = normals_from_depth(depth, CAMERA, window=9)

    assert depth[48, 0] > 0
    assert degrees_between(normals[48, 0], (1.0, 0.0, 0.0)) < 0.1


def test_holes_in_the_depth_stay_holes_and_do_not_bend_what_is_around_them() -> None:
    depth = depth_of_plane((0.6, 0.0, 0.8), 2.0)
    depth[20:30, 40:60] = 0
    depth[50, 50] = np.inf

    normals = normals_from_depth(depth, CAMERA, window=9)

    hole = (depth == 0) | ~np.isfinite(depth)
    assert not normals[hole].any()
    assert degrees_between(normals[~hole], (0.6, 0.0, 0.8)).max() < 0.1


def test_a_lonely_depth_value_has_no_normal() -> None:
    depth = np.zeros(SIZE)
    depth[40:42, 40:42] = 3.0

    assert not normals_from_depth(depth, CAMERA, window=9).any()


def test_a_cropped_camera_sees_the_same_normals() -> None:
    depth = depth_of_plane((-0.48, 0.6, 0.64), 2.5)

    part = normals_from_depth(depth[10:80, 30:110], CAMERA.cropped(10, 30), window=9)

    assert degrees_between(part, (-0.48, 0.6, 0.64)).max() < 0.1


def test_coarse_depth_needs_a_large_window() -> None:
    depth = np.round(depth_of_plane((0.36, 0.48, 0.8), 1.5) / 0.039) * 0.039

    small, large = (degrees_between(normals_from_depth(depth, CAMERA, w), (0.36, 0.48, 0.8)).mean() for w in (5, 21))

    assert large < 3 < small


def test_a_boundary_is_where_the_east_south_or_south_east_neighbour_differs() -> None:
    labels = np.array([[1, 1, 1, 1], [1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2]], dtype=np.uint8)

    expected = [[0, 1, 1, 1], [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
    assert boundaries_from_labels(labels).tolist() == expected


@pytest.mark.parametrize("label", [3, 255])
def test_a_picture_of_one_label_has_no_boundary(label: int) -> None:
    assert not boundaries_from_labels(np.full((20, 30), label, dtype=np.uint8)).any()


@pytest.mark.parametrize("right", [4, 7], ids=["the same class", "another class"])
def test_a_narrow_void_gap_becomes_one_line_in_its_middle(right: int) -> None:
    labels = np.full((40, 60), 4, dtype=np.uint8)
    labels[:, 30:] = right
    labels[:, 28:33] = 255

    boundary = boundaries_from_labels(labels)[5:-5]

    assert (boundary.sum(axis=1) == 1).all()
    assert (np.abs(boundary.argmax(axis=1) - 30) <= 1).all()


def test_a_wide_void_region_has_an_outline() -> None:
    labels = np.full((60, 60), 4, dtype=np.uint8)
    labels[20:40, 20:40] = 255

    boundary = boundaries_from_labels(labels)

    assert boundary[30, 19] == 1 and boundary[30, 39] == 1
    assert not boundary[22:38, 22:38].any()

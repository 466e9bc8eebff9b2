import math
from dataclasses import replace

import numpy as np
import pytest

from bridgenet.examples import EXAMPLES
from bridgenet.inspection.mesh import JUMP, depth_mesh
from bridgenet.reading.geometry import Camera

HEIGHT, WIDTH = 60, 80
CAMERA = Camera.of_view(60.0, HEIGHT, WIDTH)


def seen(distance: float = 2.0) -> np.ndarray:
    """A wall that is looked at straight."""
    return np.full((HEIGHT, WIDTH), distance, dtype=np.float32)


def test_a_wall_is_as_wide_as_the_camera_sees_at_its_distance() -> None:
    corners = depth_mesh(seen(3.0), CAMERA).vertices.reshape(-1, 3)
    step = 2 * 3.0 * math.tan(math.radians(30)) / WIDTH
    np.testing.assert_allclose(np.ptp(corners, axis=0), (step * (WIDTH - 1), step * (HEIGHT - 1), 0))
    np.testing.assert_allclose(corners.mean(axis=0), (0, 0, -3), atol=1e-9)


def test_right_is_right_up_is_up_and_triangles_face_the_viewer() -> None:
    mesh = depth_mesh(seen(), CAMERA)
    assert mesh.vertices[0, -1, 0] > 0 > mesh.vertices[0, 0, 0]
    assert mesh.vertices[0, 0, 1] > 0 > mesh.vertices[-1, 0, 1]
    first, second, third = mesh.vertices.reshape(-1, 3)[mesh.triangles].swapaxes(0, 1)
    assert (np.cross(second - first, third - first)[:, 2] > 0).all()
    np.testing.assert_allclose(mesh.normals(), np.broadcast_to((0, 0, 1), (HEIGHT, WIDTH, 3)), atol=1e-12)


def test_a_cell_has_two_triangles_and_none_spans_a_jump() -> None:
    depth = seen()
    assert len(depth_mesh(depth, CAMERA).triangles) == 2 * (HEIGHT - 1) * (WIDTH - 1)
    depth[:, WIDTH // 2 :] = 4
    mesh = depth_mesh(depth, CAMERA)
    # One column of cells lies between near and far.
    assert len(mesh.triangles) == 2 * (HEIGHT - 1) * (WIDTH - 2)
    corners = mesh.depth.ravel()[mesh.triangles]
    assert (corners.max(axis=1) == corners.min(axis=1)).all()


def test_no_triangle_of_a_room_is_stretched_and_floors_stay_whole() -> None:
    picture = EXAMPLES["room-2"].load()
    assert picture.camera is not None
    mesh = depth_mesh(picture.truth["depth"], Camera(*picture.camera))
    corners = mesh.vertices.reshape(-1, 3)[mesh.triangles]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    # From one vertex to the next at one distance, and what the rays lengthen of a step in depth.
    fx, fy = mesh.lens[:2]
    rows, columns = mesh.depth.shape
    across, ray = math.hypot(1 / fx / columns, 1 / fy / rows), math.hypot(1, 0.5 / fx, 0.5 / fy)
    assert (sides <= -corners[..., 2].min(axis=1, keepdims=True) * ((JUMP - 1) * ray + JUMP * across)).all()
    lowest = mesh.kept[:, -40:]
    assert lowest.mean() > 0.9


@pytest.mark.parametrize("nothing", [np.nan, np.inf, 0.0, -1.0])
def test_where_depth_is_no_distance_there_is_no_surface(nothing: float) -> None:
    depth = seen()
    depth[10, 20] = nothing
    mesh = depth_mesh(depth, CAMERA)
    whole = depth_mesh(seen(), CAMERA)
    assert len(whole.triangles) - len(mesh.triangles) == 6
    assert np.isnan(mesh.point(20.5 / WIDTH, 10.5 / HEIGHT)).all()
    assert not len(depth_mesh(np.full_like(depth, nothing), CAMERA).triangles)


def test_the_grid_is_at_most_as_fine_as_asked_and_keeps_its_place() -> None:
    depth = seen()
    coarse = depth_mesh(depth, CAMERA, longest=40)
    assert coarse.depth.shape == (30, 40)
    fine, there = depth_mesh(depth, CAMERA).point(0.2, 0.7), coarse.point(0.2, 0.7)
    np.testing.assert_allclose(fine, there)
    np.testing.assert_allclose(there[:2], ((0.2 - 0.5) * 2 / coarse.lens[0], (0.5 - 0.7) * 2 / coarse.lens[1]))


def test_the_camera_of_a_made_room_is_the_one_that_took_it() -> None:
    """Its true normals are those of its true depth, seen by that camera; by another they are not."""
    picture = EXAMPLES["room-0"].load()
    assert picture.camera is not None

    def angle(camera: Camera) -> float:
        mesh = depth_mesh(picture.truth["depth"], camera, longest=320)
        cosine = (mesh.normals() * picture.truth["normals"]).sum(axis=-1)
        return float(np.degrees(np.nanmedian(np.arccos(cosine.clip(-1, 1)))))

    own = Camera(*picture.camera)
    assert angle(own) < 1 < angle(replace(own, fx=1.3 * own.fx, fy=1.3 * own.fy))

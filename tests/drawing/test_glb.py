import io
import json
import logging
import struct
import warnings

import numpy as np
import pytest
import trimesh

from bridgenet.drawing.glb import glb
from bridgenet.inspection.mesh import DepthMesh, depth_mesh
from bridgenet.reading.geometry import Camera

HEIGHT, WIDTH = 60, 80


@pytest.fixture(scope="module")
def mesh() -> DepthMesh:
    """A floor that goes from 2 to 5 metres, with a hole and a box on it."""
    depth = np.broadcast_to(2 * 2.5 ** np.linspace(1, 0, HEIGHT)[:, None], (HEIGHT, WIDTH)).copy()
    depth[20:30, 30:50] = 1.5
    depth[5, 5] = np.nan
    return depth_mesh(depth, Camera.of_view(57.0, HEIGHT, WIDTH))


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model(mesh: DepthMesh, picture: np.ndarray) -> trimesh.Trimesh:
    """As another program reads it."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger("trimesh").addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = trimesh.load_scene(io.BytesIO(glb(mesh, picture, "room")), file_type="glb", process=False)
    logging.getLogger("trimesh").removeHandler(handler)
    assert not said.getvalue()
    assert scene.units == "meters"
    (model,) = scene.geometry.values()
    return model


def test_the_file_has_the_size_of_the_room_in_metres(mesh: DepthMesh, model: trimesh.Trimesh) -> None:
    used = mesh.depth.ravel()[np.unique(mesh.triangles)]
    assert np.ptp(model.vertices[:, 2]) == pytest.approx(np.ptp(used), rel=1e-6)
    assert model.vertices[:, 2].max() == pytest.approx(-1.5)
    assert len(model.faces) == len(mesh.triangles)
    corners = mesh.vertices.reshape(-1, 3)[mesh.triangles]
    np.testing.assert_allclose(model.triangles, corners, rtol=1e-6)


def test_it_has_the_colour_of_every_vertex_in_linear_light(
    mesh: DepthMesh, picture: np.ndarray, model: trimesh.Trimesh
) -> None:
    level = picture.reshape(-1, 3)[np.unique(mesh.triangles)] / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    stored = _document(glb(mesh, picture, "room"))["accessors"][2]
    assert (stored["componentType"], stored["normalized"], stored["type"]) == (5123, True, "VEC4")
    np.testing.assert_allclose(
        model.visual.vertex_attributes["color"] / 65535, np.insert(linear, 3, 1, axis=1), atol=1e-5
    )


def test_its_normals_have_unit_length_and_face_the_viewer(model: trimesh.Trimesh) -> None:
    normals = np.asarray(model.vertex_normals)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    assert ((normals * model.vertices).sum(axis=1) < 0).all()


def test_it_says_that_a_unit_is_a_metre_and_what_else_is_known(mesh: DepthMesh, picture: np.ndarray) -> None:
    content = glb(mesh, picture, "room", {"camera": "57 degrees"})
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    assert _document(content)["asset"]["extras"] == {"unit": "metre", "camera": "57 degrees"}


def test_depth_without_any_surface_is_no_file(picture: np.ndarray) -> None:
    nothing = depth_mesh(np.full((HEIGHT, WIDTH), np.nan), Camera.of_view(57.0, HEIGHT, WIDTH))
    with pytest.raises(ValueError, match="no triangle"):
        glb(nothing, picture, "room")


def _document(content: bytes) -> dict:
    (length,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + length])

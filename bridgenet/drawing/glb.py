"""A surface with its colours as one file that viewers of 3D models open: binary glTF 2.0, lengths in metres.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html: a header of twelve bytes, then JSON, then the arrays.
"""

import json
import struct
from collections.abc import Mapping

import numpy as np
from jaxtyping import UInt8

from bridgenet.inspection.mesh import DepthMesh

FLOAT, SHORT = 5126, 5123
"""Types of numbers: float32, uint16."""

VERTICES, INDICES = 34962, 34963
"""What an array is for."""


def glb(
    mesh: DepthMesh, picture: UInt8[np.ndarray, "height width 3"], title: str, notes: Mapping[str, object] | None = None
) -> bytes:
    """The file.

    Args:
        mesh: Its vertices that belong to a triangle are taken; at most 65,535.
        picture: Colours, of any size: of each vertex that of the pixel where it lies.
        title: Name of the model.
        notes: What else is to be known of it, as JSON.

    Raises:
        ValueError: There is no triangle.
    """
    triangles = mesh.triangles
    if not len(triangles):
        raise ValueError("Nothing of this depth is a surface: there is no triangle to write.")
    used, corners = np.unique(triangles, return_inverse=True)
    arrays = [
        mesh.vertices.reshape(-1, 3)[used].astype("<f4"),
        mesh.normals().reshape(-1, 3)[used].astype("<f4"),
        _linear(_at_vertices(picture, mesh.depth.shape).reshape(-1, 3)[used]),
        corners.reshape(-1).astype("<u2"),
    ]
    views, accessors, binary = [], [], b""
    for array, kind, purpose in zip(
        arrays, ("VEC3", "VEC3", "VEC4", "SCALAR"), (VERTICES,) * 3 + (INDICES,), strict=True
    ):
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes, "target": purpose})
        number = FLOAT if array.dtype == "<f4" else SHORT
        accessors.append({"bufferView": len(views) - 1, "componentType": number, "count": len(array), "type": kind})
        binary += _padded(array.tobytes(), b"\0")
    accessors[0] |= {"min": arrays[0].min(axis=0).tolist(), "max": arrays[0].max(axis=0).tolist()}
    accessors[2] |= {"normalized": True}
    # The colours of a photo hold its light already. Who does not know the extension sees a dull surface.
    material = {
        "pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 1},
        "extensions": {"KHR_materials_unlit": {}},
        "doubleSided": True,
    }
    attributes = {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}
    document = {
        "asset": {"version": "2.0", "generator": "BridgeNet", "extras": {"unit": "metre", **(notes or {})}},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": title}],
        "meshes": [{"name": title, "primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "materials": [material],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    chunks = _chunk(b"JSON", _padded(json.dumps(document).encode(), b" ")) + _chunk(b"BIN\0", binary)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<I4s", len(content), kind) + content


def _padded(content: bytes, filler: bytes) -> bytes:
    return content + filler * (-len(content) % 4)


def _at_vertices(picture: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """The pixel of each vertex."""
    rows, columns = (
        ((np.arange(count) + 0.5) * length / count).astype(int)
        for count, length in zip(grid, picture.shape[:2], strict=True)
    )
    return picture[rows][:, columns]


def _linear(colours: np.ndarray) -> np.ndarray:
    """What a screen shows (sRGB bytes) as glTF wants it: amounts of light, uint16 (n, 4), opaque."""
    level = colours / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return np.insert((light * 65535).round(), 3, 65535, axis=1).astype("<u2")

"""3D models: how much is in them, and a drawing of them.

Knows meshes through `trimesh` and `fbx`; no graphics card, no window. A model is drawn from a
corner above it, its triangles painted from the farthest to the nearest, lit by one lamp. Of what
lies outside of the file only the buffers of a glTF are opened, beside it or below; no texture.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import numpy as np
from PIL import Image, ImageDraw

from library import fbx, wholeness

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_BYTES: Final = 64 * 1024 * 1024  # larger models are listed without being looked into
_MAX_DRAWN: Final = 60_000  # triangles; of more, a regular choice is drawn
_SIDE: Final = 512
_SCALE: Final = 2  # drawn larger and reduced, for smooth edges
_LAMP: Final = np.array([-0.4, 0.5, 0.77])
_GREY: Final = np.array([176.0, 182.0, 190.0])
_TYPES: Final = {
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/obj": "obj",
    "model/stl": "stl",
}


def read(path: Path, mime: str) -> tuple[dict[str, Any], Image.Image | None]:
    """Properties (vertexCount, faceCount, ...) and a drawing; empty where it cannot be read here.

    Raises OSError when the file cannot be opened, BadShape when it is no whole model at all.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
        size = os.fstat(file.fileno()).st_size
    kind = "fbx" if raw.startswith(fbx.MAGIC) else _TYPES.get(mime)
    wholeness.check(raw, size, mime, binary_fbx=kind == "fbx")
    if kind is None or len(raw) > MAX_BYTES:
        return {}, None
    told = _gltf(raw) if kind == "gltf" else {}
    try:
        if kind == "fbx":
            return _fbx(raw)
        beside = _buffers(raw, path.parent) if kind == "gltf" else {}
        vertices, faces = _mesh(raw, kind, beside)
        if not len(faces):
            return told, None
        counted = {"vertexCount": len(vertices), "faceCount": len(faces)}
        return {**told, **counted}, draw(vertices, faces)
    except Exception:  # noqa: BLE001 - many small readers, each with errors of its own
        return told, None


def _gltf(raw: bytes) -> dict[str, Any]:
    """Counts from the JSON alone, for a glTF whose buffers are not there."""
    try:
        found = json.loads(raw)
        accessors = found["accessors"]
        primitives = [p for mesh in found["meshes"] for p in mesh["primitives"]]
        return {
            "vertexCount": sum(accessors[p["attributes"]["POSITION"]]["count"] for p in primitives),
            "faceCount": sum(accessors[p["indices"]]["count"] // 3 for p in primitives),
        }
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return {}


def _fbx(raw: bytes) -> tuple[dict[str, Any], Image.Image | None]:
    """Counted; drawn where it is one mesh, since where several stand is not read."""
    found = fbx.meshes(raw, 2 * MAX_BYTES)
    if not found:
        return {}, None
    told = {
        "vertexCount": sum(len(vertices) for vertices, _ in found),
        "faceCount": sum(len(faces) for _, faces in found),
    }
    vertices, faces = found[0]
    drawable = len(found) == 1 and len(faces) and np.isfinite(vertices).all()
    return told, draw(vertices, faces) if drawable else None


def _buffers(raw: bytes, folder: Path) -> dict[str, bytes]:
    """The contents of the files that a glTF keeps its numbers in, by their names in it.

    Raises ValueError when one of them lies elsewhere or all of them are too large.
    """
    found: dict[str, bytes] = {}
    room = MAX_BYTES
    for buffer in json.loads(raw).get("buffers", []):
        name = buffer.get("uri", "data:")
        if name.startswith("data:") or name in found:
            continue
        place = (folder / unquote(name)).resolve()
        if not place.is_relative_to(folder.resolve()) or not place.is_file():
            raise ValueError("a buffer lies elsewhere")
        with place.open("rb") as file:
            found[name] = file.read(room + 1)
        room -= len(found[name])
        if room < 0:
            raise ValueError("the buffers are too large")
    return found


def _mesh(
    raw: bytes, kind: str, beside: dict[str, bytes]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    import trimesh

    scene = trimesh.load_scene(
        io.BytesIO(raw), file_type=kind, resolver=beside, skip_materials=True, process=False
    )
    mesh = scene.to_mesh()
    vertices = np.asarray(mesh.vertices, np.float64)
    faces = np.asarray(mesh.faces, np.int64)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(vertices).all(axis=1))
    return vertices, faces[finite[faces].all(axis=1)]


def draw(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> Image.Image:
    """512 x 512 with a transparent ground: vertices (n, 3), Y up, and triangles (m, 3)."""
    if len(faces) > _MAX_DRAWN:
        faces = faces[:: -(-len(faces) // _MAX_DRAWN)]
    used = vertices[np.unique(faces)]
    low, high = used.min(axis=0), used.max(axis=0)
    turned = (vertices - (low + high) / 2) / max(float((high - low).max()), 1e-12) @ _view().T
    corners = turned[faces]  # (m, 3, 3): triangle, corner, axis
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(across, axis=1)
    seen = length > 0
    corners, normal = corners[seen], across[seen] / length[seen, None]
    # Both sides are lit: many models of games have faces turned the wrong way.
    light = 0.35 + 0.65 * np.abs(normal @ (_LAMP / np.linalg.norm(_LAMP)))
    size = _SIDE * _SCALE
    flat = corners[..., :2]
    extent = max(float(np.abs(flat).max(initial=0)), 1e-12)
    points = size / 2 + flat * np.array([1, -1]) * (size * 0.46 / extent)
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for number in np.argsort(corners[..., 2].mean(axis=1)):
        red, green, blue = (int(c) for c in _GREY * light[number])
        pen.polygon([tuple(p) for p in points[number]], fill=(red, green, blue, 255))
    return image.reduce(_SCALE)


def _view() -> NDArray[np.float64]:
    """From the right, the front and above: turned by 35 degrees, tilted by 25."""
    turn, tilt = np.radians(-35), np.radians(25)
    around = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    down = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return np.asarray(down @ around, np.float64)

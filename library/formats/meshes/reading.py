"""3D models: counts of vertices and faces, and a picture.

Read by `trimesh` and `fbx`, drawn without a graphics card: seen from above a corner, triangles
painted from the farthest to the nearest, lit by one lamp. Of other files only the buffers of a glTF
are opened, in the folder of the model or below it; no textures.
"""

from __future__ import annotations

import io
import json
import os
import struct
from codecs import BOM_UTF8
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw

from library.formats.design import previews
from library.formats.images import BadImage
from library.formats.meshes import checks as mesh_checks
from library.formats.meshes import fbx
from library.formats.meshes import scenes as mesh_xml

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from numpy.typing import NDArray

MAX_BYTES: Final = 64 * 1024 * 1024  # larger models are listed by name only
_MAX_NODES: Final = 10_000  # of a glTF
_MAX_NUMBERS: Final = 50_000_000  # in all accessors of a glTF and all instances of its meshes
_COMPONENTS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9}
_MAX_DRAWN: Final = 60_000  # triangles; of more, every n-th is drawn
_SIDE: Final = 512
_SCALE: Final = 2  # drawn larger and reduced, for smooth edges
_LAMP: Final = np.array([-0.4, 0.5, 0.77])
_GREY: Final = np.array([176.0, 182.0, 190.0])
_HEAD: Final = 4096
_TYPES: Final = {
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/obj": "obj",
    "model/stl": "stl",
    "model/x-ply": "ply",
    "model/x-off": "off",
    "model/3mf": "3mf",
    "model/vnd.collada+xml": "dae",
}
_COMPRESSED: Final = frozenset({"KHR_draco_mesh_compression", "EXT_meshopt_compression",
                                "KHR_meshopt_compression"})  # fmt: skip
_CLOUDS: Final = frozenset({"ply", "obj"})  # kinds that may have points without faces
_MAX_NAMES: Final = 20  # of the parts of a glTF


def read(
    file: BinaryIO,
    mime: str,
    open_beside: Callable[[str], BinaryIO],
    *,
    max_bytes: int = MAX_BYTES,
) -> tuple[dict[str, Any], Image.Image | None]:
    """Return properties (vertexCount, faceCount, ...) and a picture, as far as they can be read.

    `open_beside` opens a file in the folder of the model or below it. Raises BadShape when the file
    is no whole model, and OSError when it cannot be read.
    """
    if mime == "application/x-blender":
        mesh_checks.check(file.read(_HEAD), os.fstat(file.fileno()).st_size, mime, binary_fbx=False)
        file.seek(0)
        return {}, previews.blender(file)
    raw = file.read(max_bytes + 1)
    size = os.fstat(file.fileno()).st_size
    kind = "fbx" if raw.startswith(fbx.MAGIC) else _TYPES.get(mime)
    mesh_checks.check(raw, size, mime, binary_fbx=kind == "fbx")
    if kind is None or len(raw) > max_bytes:
        return {}, None
    counts: dict[str, Any] = {}
    try:
        if kind == "fbx":
            return _fbx(raw, 2 * max_bytes)
        described = json.loads(_json_part(raw, kind)) if kind in {"glb", "gltf"} else None
        if described is not None:
            counts = _gltf(described)
            require_small(described)
            require_uncompressed(described)
        beside = _buffers(described, open_beside, max_bytes) if kind == "gltf" else {}
        vertices, faces = _mesh(raw, kind, beside)
        if not len(faces):
            return _cloud(vertices) if kind in _CLOUDS else (counts, _stored(file, mime))
        counts |= {"vertexCount": len(vertices), "faceCount": len(faces)}
        drawn = draw(vertices, faces)
        return counts, drawn if drawn.getbbox() else None
    except Exception:  # noqa: BLE001 - many small readers, each with errors of its own
        return counts, _stored(file, mime)


def _stored(file: BinaryIO, mime: str) -> Image.Image | None:
    """Return the preview of a 3MF that cannot be drawn; None without one."""
    if mime != "model/3mf":
        return None
    with suppress(BadImage):
        return previews.zipped(file, mime).image
    return None


def _json_part(raw: bytes, kind: str) -> bytes:
    if kind == "gltf":
        return raw
    (length,) = struct.unpack_from("<I", raw, 12)
    return raw[20 : 20 + length]


def require_small(described: Any) -> None:
    """Raise ValueError when a glTF unpacks to more than fits into memory."""
    nodes, meshes = described.get("nodes", []), described.get("meshes", [])
    accessors = described.get("accessors", [])
    if len(nodes) > _MAX_NODES:
        raise ValueError("has too many nodes")
    children = [child for node in nodes for child in node.get("children", [])]
    if len(children) != len(set(children)):
        raise ValueError("has nodes with several parents")  # the format forbids it
    counts = [int(accessor["count"]) for accessor in accessors]
    numbers = sum(
        count * _COMPONENTS.get(accessor["type"], 16)
        for count, accessor in zip(counts, accessors, strict=True)
    )
    in_mesh = [
        sum(
            3 * counts[primitive["attributes"]["POSITION"]]
            + (counts[primitive["indices"]] if "indices" in primitive else 0)
            for primitive in mesh["primitives"]
        )
        for mesh in meshes
    ]
    numbers += sum(in_mesh[node["mesh"]] for node in nodes if "mesh" in node)
    if numbers > _MAX_NUMBERS or min(counts, default=0) < 0:
        raise ValueError("has too many vertices")


def require_uncompressed(described: Any) -> None:
    """Raise ValueError when the numbers of a glTF are compressed and no package unpacks them."""
    lists = [described.get(name, []) for name in ("extensionsUsed", "extensionsRequired")]
    used = _COMPRESSED & {str(each) for names in lists for each in names}
    if used - {"KHR_draco_mesh_compression"} or (used and find_spec("DracoPy") is None):
        raise ValueError("its meshes are compressed")


def _gltf(described: Any) -> dict[str, Any]:
    """Return what the JSON states, for a glTF whose buffers cannot be read."""
    return _gltf_counts(described) | _gltf_extensions(described)


def _gltf_extensions(described: Any) -> dict[str, Any]:
    used = described.get("extensionsUsed", [])
    named = [str(name) for name in used if isinstance(name, str)] if isinstance(used, list) else []
    return {"extensions": ", ".join(sorted(named)[:_MAX_NAMES])} if named else {}


def _gltf_counts(described: Any) -> dict[str, Any]:
    try:
        accessors = described["accessors"]
        primitives = [p for mesh in described["meshes"] for p in mesh["primitives"]]
        return {
            "vertexCount": sum(accessors[p["attributes"]["POSITION"]]["count"] for p in primitives),
            "faceCount": sum(accessors[p["indices"]]["count"] // 3 for p in primitives),
        }
    except (KeyError, TypeError, IndexError):
        return {}


def _fbx(raw: bytes, room: int) -> tuple[dict[str, Any], Image.Image | None]:
    """Return counts, and a picture of a single mesh: the positions of several are not read."""
    meshes = fbx.meshes(raw, room)
    if not meshes:
        return {}, None
    counts = {
        "vertexCount": sum(len(vertices) for vertices, _ in meshes),
        "faceCount": sum(len(faces) for _, faces in meshes),
    }
    vertices, faces = meshes[0]
    drawable = len(meshes) == 1 and len(faces) and np.isfinite(vertices).all()
    return counts, draw(vertices, faces) if drawable else None


def _buffers(described: Any, open_beside: Callable[[str], BinaryIO], room: int) -> dict[str, bytes]:
    """Return the contents of the files that a glTF stores its numbers in, by their names in it.

    Raises OSError when one of them cannot be opened, ValueError when they have more than `room`
    bytes together.
    """
    from urllib.parse import unquote

    contents: dict[str, bytes] = {}
    for buffer in described.get("buffers", []):
        name = buffer.get("uri", "data:")
        if name.startswith("data:") or name in contents:
            continue
        with open_beside(unquote(name)) as file:
            contents[name] = file.read(room + 1)
        room -= len(contents[name])
        if room < 0:
            raise ValueError("the buffers are too large")
    return contents


def _mesh(
    raw: bytes, kind: str, beside: dict[str, bytes]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if kind == "dae":
        return _finite(*mesh_xml.collada(raw))
    if kind == "3mf":
        return _finite(*mesh_xml.three_mf(io.BytesIO(raw)))
    if kind == "obj":  # trimesh knows spaces alone
        raw = raw.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        raw = raw.replace(b"\t", b" ")
    import trimesh

    scene = trimesh.load_scene(
        io.BytesIO(raw), file_type=kind, resolver=beside, skip_materials=True, process=False
    )
    mesh = scene.to_mesh()
    if kind in _CLOUDS and not len(mesh.faces):  # a cloud of points, splats for example
        points = [np.asarray(each.vertices, np.float64) for each in scene.geometry.values()]
        return np.concatenate([np.zeros((0, 3)), *points]), np.zeros((0, 3), np.int64)
    return _finite(np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int64))


def _finite(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a mesh without the faces whose corners are nowhere."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(vertices).all(axis=1))
    return vertices, faces[finite[faces].all(axis=1)]


def _cloud(points: NDArray[np.float64]) -> tuple[dict[str, Any], Image.Image | None]:
    """Return the number of points, and a picture in which each is a small diamond."""
    counts = {"vertexCount": len(points)}
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return counts, None
    shown = finite[:: -(-len(finite) // (_MAX_DRAWN // 4))]
    half = max(float(np.ptp(shown, axis=0).max()), 1e-9) / min(250, 24 + 2 * len(shown) ** 0.5)
    tips = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]) * half
    corners = (shown[:, None] + tips @ _view()).reshape(-1, 3)  # turned towards the viewer
    first = 4 * np.arange(len(shown))[:, None]
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return counts, draw(corners, faces)


def draw(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> Image.Image:
    """Return a picture of vertices (n, 3), Y up, and triangles (m, 3), 512 pixels square."""
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
    # Both sides are lit: in many models of games some faces point inwards.
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
    """Return the rotation of the view: turned by 35 degrees, tilted by 25."""
    turn, tilt = np.radians(-35), np.radians(25)
    around = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    down = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return np.asarray(down @ around, np.float64)

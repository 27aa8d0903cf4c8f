"""Binary FBX: the vertices and triangles of its meshes.

The container is read as Blender's developers describe it ("FBX binary file format specification",
2013): nodes with properties, of which only the arrays of a Geometry are unpacked. Positions in the
scene and animations are not read.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MAGIC: Final = b"Kaydara FBX Binary  \x00"
FIRST: Final = 27  # where the nodes begin
WIDE: Final = 7500  # from this version on, offsets have 64 bits
_PARTS: Final = frozenset({b"Vertices", b"PolygonVertexIndex"})  # of a Geometry
_TYPES: Final = {b"d": "<f8", b"f": "<f4", b"i": "<i4", b"l": "<i8"}


class _Node(NamedTuple):
    """A node: its name, and the offsets of its properties, its children and its end."""

    name: bytes
    properties: int
    below: int
    end: int


def meshes(raw: bytes, room: int) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return vertices (n, 3) and triangles (m, 3) of each mesh; polygons become fans.

    Raises ValueError, struct.error or zlib.error for a damaged file, and ValueError when its arrays
    unpack to more than `room` bytes.
    """
    if not raw.startswith(MAGIC):
        raise ValueError("is no binary FBX")
    (version,) = struct.unpack_from("<I", raw, FIRST - 4)
    head = struct.Struct("<QQQB" if version >= WIDE else "<IIIB")
    read = []
    for top in _nodes(raw, head, FIRST, len(raw)):
        if top.name != b"Objects":
            continue
        for geometry in _nodes(raw, head, top.below, top.end):
            if geometry.name != b"Geometry":
                continue
            parts = {}
            for node in _nodes(raw, head, geometry.below, geometry.end):
                if node.name in _PARTS:
                    parts[node.name] = _array(raw, node, room)
                    room -= parts[node.name].nbytes
            if len(parts) == 2:
                vertices = parts[b"Vertices"].astype(np.float64).reshape(-1, 3)
                read.append((vertices, _fans(parts[b"PolygonVertexIndex"], len(vertices))))
    return read


def _nodes(raw: bytes, head: struct.Struct, start: int, end: int) -> Iterator[_Node]:
    """Yield the nodes of one level from `start` on."""
    while start + head.size <= end:
        stop, _, length, named = head.unpack_from(raw, start)
        if not stop:
            return  # a record of zeros ends a list
        properties = start + head.size + named
        if not properties + length <= stop <= end:
            raise ValueError("a node ends elsewhere")
        yield _Node(raw[start + head.size : properties], properties, properties + length, stop)
        start = stop


def _array(raw: bytes, node: _Node, room: int) -> NDArray[np.generic]:
    """Return the array that is a node's first property."""
    kind = raw[node.properties : node.properties + 1]
    count, packed, length = struct.unpack_from("<III", raw, node.properties + 1)
    begin = node.properties + 13
    dtype = np.dtype(_TYPES.get(kind, "V0"))
    if not dtype.itemsize or count * dtype.itemsize > room or begin + length > node.below:
        raise ValueError("an array is too large or of an unknown type")
    content = raw[begin : begin + length]
    if packed:
        content = zlib.decompressobj().decompress(content, max(1, count * dtype.itemsize))
    return np.frombuffer(content, dtype, count)


def _fans(indices: NDArray[np.generic], vertices: int) -> NDArray[np.int64]:
    """Return triangles of polygons, whose last index is stored as its complement."""
    values = indices.astype(np.int64)
    last = values < 0
    values = np.where(last, ~values, values)
    number: NDArray[np.int64] = np.cumsum(last) - last  # of the polygon that each entry belongs to
    starts = np.concatenate([[0], np.flatnonzero(last) + 1])[number]
    third = np.flatnonzero(np.arange(len(values)) - starts >= 2)
    faces = np.stack([values[starts[third]], values[third - 1], values[third]], axis=1)
    if len(faces) and int(faces.max()) >= vertices:
        raise ValueError("a triangle has a vertex that does not exist")
    return faces

"""Checks that the bytes are a complete 3D model, before it is read.

Only the outermost structure of each format is checked: what the readers do not support (compressed
meshes, rare extensions) is not damage.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError
from library.formats.meshes import fbx

if TYPE_CHECKING:
    from collections.abc import Callable

_VERTEX: Final = re.compile(rb"(?:^|[\r\n])[ \t]*v[ \t]+[-+.\d]")
_FACET: Final = re.compile(rb"^[ \t]*(facet|endsolid)\b", re.MULTILINE | re.IGNORECASE)
_STL_HEAD: Final = 84  # bytes before the triangles
_STL_EACH: Final = 50  # bytes of a triangle
_BLENDER_HEAD: Final = 12
_PLY_HEAD: Final = 64 * 1024
_END_OF_ZIP: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 66_000
_JSON: Final = b"JSON"


class BadShape(LibraryError):
    """The bytes are not a complete 3D model."""


def check(raw: bytes, size: int, mime: str, *, binary_fbx: bool) -> None:
    """Raise BadShape unless `raw` begins a complete model of this type.

    `raw` is the file, or the beginning of one that is `size` bytes long.
    """
    if raw.startswith(b"BLENDER") and size < _BLENDER_HEAD:
        raise _cut(size)
    check_format = _fbx if binary_fbx else _CHECKS.get(mime)
    if check_format is None:
        return
    try:
        check_format(raw, size)
    except (struct.error, IndexError) as error:
        raise _cut(size) from error
    except (ValueError, RecursionError) as error:
        raise BadShape(f"is broken: {error}") from error


def _cut(size: int) -> BadShape:
    return BadShape(f"is broken: it ends after {size} bytes")


def _glb(raw: bytes, size: int) -> None:
    """Check the header and the JSON of glTF 2.0 ("GLB File Format Specification") and 1.0."""
    version, length, json_length = struct.unpack_from("<III", raw, 4)
    if version not in {1, 2}:
        return
    if length > size or 20 + json_length > size:
        raise _cut(size)
    if version == 2 and raw[16:20] != _JSON:
        raise ValueError("its first part is no JSON")
    if 20 + json_length <= len(raw):
        _object(raw[20 : 20 + json_length])


def _gltf(raw: bytes, size: int) -> None:
    if len(raw) == size:
        _object(raw)


def _object(raw: bytes) -> None:
    try:
        described = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("it is no JSON") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON ({error.msg})") from error
    if not isinstance(described, dict):
        raise ValueError("it is no glTF")  # noqa: TRY004 - about the content


def _stl(raw: bytes, size: int) -> None:
    if raw.lstrip()[:5].lower() == b"solid" and _FACET.search(raw):
        return
    (triangles,) = struct.unpack_from("<I", raw, _STL_HEAD - 4)
    if _STL_HEAD + _STL_EACH * triangles > size:
        raise _cut(size)


def _obj(raw: bytes, _size: int) -> None:
    if not _VERTEX.search(raw):
        raise ValueError("it has no vertices")


def _ply(raw: bytes, _size: int) -> None:
    if b"end_header" not in raw[:_PLY_HEAD]:
        raise ValueError("its header has no end")


def _zip(raw: bytes, size: int) -> None:
    if len(raw) == size and _END_OF_ZIP not in raw[-_ZIP_TAIL:]:
        raise _cut(size)


def _fbx(raw: bytes, size: int) -> None:
    """Check that the chain of the outermost nodes ends inside the file."""
    start = fbx.FIRST
    (version,) = struct.unpack_from("<I", raw, start - 4)
    place = struct.Struct("<Q" if version >= fbx.WIDE else "<I")
    while start + place.size <= len(raw):
        (end,) = place.unpack_from(raw, start)
        if not end:
            return
        if end > size:
            raise _cut(size)
        if end <= start:
            raise ValueError("its parts are not in order")
        start = end


_CHECKS: Final[dict[str, Callable[[bytes, int], None]]] = {
    "model/gltf-binary": _glb,
    "model/gltf+json": _gltf,
    "model/stl": _stl,
    "model/obj": _obj,
    "model/x-ply": _ply,
    "model/3mf": _zip,
    "model/vnd.usdz+zip": _zip,
}

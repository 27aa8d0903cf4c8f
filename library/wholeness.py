"""Whether a 3D file is one at all, and all of it: told from its frame, before anybody reads it.

Knows the outermost structure of each format and nothing inside of it: what a reader here cannot
make sense of (compressed meshes, rare extensions) is no fault of the file.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Final

from library import fbx
from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable

_CORNER: Final = re.compile(rb"^\s*v\s+[-+.\d]", re.MULTILINE)
_FACET: Final = re.compile(rb"^\s*(facet|endsolid)\b", re.MULTILINE | re.IGNORECASE)
_STL_HEAD: Final = 84  # bytes before the triangles
_STL_EACH: Final = 50  # bytes of a triangle
_BLENDER_HEAD: Final = 12
_JSON: Final = b"JSON"


class BadShape(LibraryError):
    """The bytes are no 3D model that anybody can read."""


def check(raw: bytes, size: int, mime: str, *, binary_fbx: bool) -> None:
    """Raise BadShape unless `raw` begins a whole model of this type.

    `raw` is the file, or the beginning of one that is `size` bytes long.
    """
    if raw.startswith(b"BLENDER") and size < _BLENDER_HEAD:
        raise _cut(size)
    found = _fbx if binary_fbx else _CHECKS.get(mime)
    if found is None:
        return
    try:
        found(raw, size)
    except (struct.error, IndexError) as error:
        raise _cut(size) from error
    except (ValueError, RecursionError) as error:
        raise BadShape(f"is broken: {error}") from error


def _cut(size: int) -> BadShape:
    return BadShape(f"is broken: it ends after {size} bytes")


def _glb(raw: bytes, size: int) -> None:
    """The header and the JSON of glTF 2.0, "GLB File Format Specification"; version 1 alike."""
    version, length, described = struct.unpack_from("<III", raw, 4)
    if version not in {1, 2}:
        return
    if length > size or 20 + described > size:
        raise _cut(size)
    if version == 2 and raw[16:20] != _JSON:
        raise ValueError("its first part is no JSON")
    if 20 + described <= len(raw):
        _object(raw[20 : 20 + described])


def _gltf(raw: bytes, size: int) -> None:
    if len(raw) == size:
        _object(raw)


def _object(raw: bytes) -> None:
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("it is no JSON") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise ValueError("it is no glTF")  # noqa: TRY004 - a fault of the file, not of the caller


def _stl(raw: bytes, size: int) -> None:
    if raw.lstrip()[:5].lower() == b"solid" and _FACET.search(raw):
        return
    (triangles,) = struct.unpack_from("<I", raw, _STL_HEAD - 4)
    if _STL_HEAD + _STL_EACH * triangles > size:
        raise _cut(size)


def _obj(raw: bytes, _size: int) -> None:
    if not _CORNER.search(raw):
        raise ValueError("it has no corners")


def _fbx(raw: bytes, size: int) -> None:
    """The chain of the outermost nodes has to end inside of the file."""
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
            raise ValueError("its parts lie in no order")
        start = end


_CHECKS: Final[dict[str, Callable[[bytes, int], None]]] = {
    "model/gltf-binary": _glb,
    "model/gltf+json": _gltf,
    "model/stl": _stl,
    "model/obj": _obj,
}

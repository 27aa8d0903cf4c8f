"""What a glTF states: the names of its parts, copyright, licence, and texts in `extras`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MAX_BYTES: Final = 32 * 1024 * 1024  # of the JSON
_MAX_NAMES: Final = 300
_MAX_DEPTH: Final = 8
# Names that programs give, which tell nothing.
_EMPTY: Final = frozenset({"scene", "root", "node", "mesh", "material", "default", "untitled"})
_PARTS: Final = ("scenes", "nodes", "meshes", "materials", "animations", "cameras", "images")
_NOTES: Final = {"author": "author", "creator": "author", "copyright": "copyright",
                 "source": "source"}  # fmt: skip
_LICENCES: Final = frozenset({"license", "licence", "licensename", "licenseurl", "license_url"})


def read(file: BinaryIO, mime: str) -> dict[str, Any]:
    """Return fields of Document of a glTF or GLB, none of other models. Never raises."""
    if mime not in {"model/gltf-binary", "model/gltf+json"}:
        return {}
    try:
        file.seek(0)
        described = json.loads(_json(file))
        return _stated(described).fields() if isinstance(described, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _json(file: BinaryIO) -> bytes:
    head = file.read(20)
    if head[:4] != b"glTF":
        return head + file.read(_MAX_BYTES)
    return file.read(min(int.from_bytes(head[12:16], "little"), _MAX_BYTES))


def _stated(described: dict[str, Any]) -> Stated:
    found = Stated()
    asset = described.get("asset")
    asset = asset if isinstance(asset, dict) else {}
    if isinstance(asset.get("copyright"), str):
        found.note("copyright", clean(asset["copyright"]))
    for extras in [asset.get("extras"), described.get("extras")]:
        for name, text in _texts(extras):
            if name == "title":
                found.title(text)
            elif name in {"description", "comment"}:
                found.caption(text)
            elif name in {"tags", "keywords"}:
                found.keywords([text], also=",")
            elif name in _LICENCES:
                found.licence(text)
            else:
                found.note(_NOTES.get(name, name), text)
    names = dict.fromkeys(_names(described))
    found.note("parts", ", ".join(names))
    for part in ("scenes", "nodes", "meshes"):
        for _, text in _extras(described.get(part)):
            found.note("extras", text)
    return found


def _names(described: dict[str, Any]) -> Iterator[str]:
    left = _MAX_NAMES
    for part in _PARTS:
        entries = described.get(part)
        for entry in entries[:left] if isinstance(entries, list) else ():
            name = entry.get("name") if isinstance(entry, dict) else None
            if isinstance(name, str):
                name = one_line(clean(name[:200]), 100)
                if name.strip("_. 0123456789").lower() not in {"", *_EMPTY}:
                    left -= 1
                    yield name


def _extras(entries: Any) -> Iterator[tuple[str, str]]:
    for entry in entries[:_MAX_NAMES] if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield from _texts(entry.get("extras"))


def _texts(value: Any, name: str = "extras", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the texts in a JSON value, with the name of each."""
    if isinstance(value, str) and value.strip():
        yield name, one_line(clean(value[:2000]))
    elif depth < _MAX_DEPTH and isinstance(value, dict):
        for key, inner in list(value.items())[:50]:
            yield from _texts(inner, str(key).lower()[:64], depth + 1)
    elif depth < _MAX_DEPTH and isinstance(value, list):
        for inner in value[:50]:
            yield from _texts(inner, name, depth + 1)

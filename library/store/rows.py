"""Conversion between documents and rows of the tables.

Knows documents, fields and the columns of the tables; runs no SQL.
"""

from __future__ import annotations

import os
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from library.formats.file_types import extension
from library.schema.documents import DAMAGED, Document, SourceFile
from library.schema.fields import FIELDS, Type, folded
from library.schema.text_analysis import index_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from library.schema.documents import Embeddings, Vector

_VALUES = tuple(field.name for field in dataclass_fields(Document) if field.name != "source")
_SINGLE = tuple(f.name for f in FIELDS.values() if f.type is Type.TEXT and not f.long)
_ARRAYS = tuple(f.name for f in FIELDS.values() if f.type is Type.ARRAY)
_LATER = ("automatic", "decided", "visible", "madeFrom", "references", "referenceImages")
_ENCODE = msgspec.json.Encoder().encode


def milliseconds(moment: str) -> int:
    """Return an ISO 8601 time as milliseconds since 1970; without an offset it is UTC."""
    parsed = datetime.fromisoformat(moment)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    elapsed = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


def valid_text(value: Any) -> Any:
    """Return `value` with the lone surrogates in its texts replaced.

    `os.fsdecode` returns them for bytes that are not UTF-8; JSON and SQLite cannot represent them.
    """
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, dict):
        return {valid_text(key): valid_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [valid_text(item) for item in value]
    return value


def serialize(document: Document) -> tuple[dict[str, Any], bytes]:
    """Return the document's values without its source, and their JSON."""
    values = {name: getattr(document, name) for name in _VALUES}
    try:
        return values, _ENCODE(values)
    except UnicodeEncodeError:
        values = valid_text(values)
        return values, _ENCODE(values)


def asset_row(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of `assets`: texts folded, dates as milliseconds."""
    row: dict[str, Any] = {"number": number, "id": values["id"]}
    for field in FIELDS.values():
        value = values[field.name]
        if field.type is Type.ARRAY:
            continue
        if value is not None and field.type is Type.TEXT:
            value = folded(value)
        elif value is not None and field.type is Type.DATE:
            value = milliseconds(value)
        row[field.name] = value
    return row


def array_rows(number: int, values: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the rows of one array's table; values with the same folded form become one row."""
    shown = {folded(value): value for value in reversed(values[name])}
    return [{"value": value, "number": number, "shown": shown[value]} for value in shown]


def source_row(number: int, document: Document) -> dict[str, Any]:
    """Return the row of `sources`."""
    source = document.source
    return {
        "number": number,
        "id": document.id,
        "root": os.fsencode(source.root),
        "path": os.fsencode(source.path),
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "sha256": source.sha256,
    }


def source_file(row: Any) -> SourceFile:
    """Return the file of a row of `sources`."""
    return SourceFile(
        root=os.fsdecode(row.root),
        path=os.fsdecode(row.path),
        size=row.size,
        mtime_ns=row.mtime_ns,
        sha256=row.sha256,
    )


class ListedFile(NamedTuple):
    """The file of an asset, as listed with hits."""

    path: str  # below its indexed folder (`shown_path`)
    sha256: str  # of its content, hexadecimal
    missing: str | None = None  # why the file is missing, as far as that is known


def shown_path(label: str, path: bytes) -> str:
    """Return the path of a file below its indexed folder, never above.

    It begins with `label`, the folder's name, where a library has several folders.
    """
    below = path.decode("utf-8", "replace")
    return f"{label}/{below}" if label else below


def name_row(number: int, document: Document) -> dict[str, Any]:
    """Return the row of `file_names`."""
    return {"value": file_name(valid_text(document.source.path)), "number": number}


def file_name(path: str) -> str:
    """Return the name of the file at a path of any system, folded."""
    return folded(path.replace("\\", "/").rpartition("/")[2])


def folders(label: str, path: bytes) -> list[str]:
    """Return the folders that a file is in, from the top: `a/b/c.png` is in `a` and `a/b`."""
    parts = shown_path(label, path).split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def word_row(number: int, values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the row of `words`: the normalised words of each text and of the file's `path`."""
    name, tags = index_text([values["name"]]), index_text(values["tags"])
    mime = values["mimeType"]
    form = mime.removeprefix("image/")
    # Folders and formats can be searched too; words of the name and the tags are not repeated.
    located = index_text([valid_text(path), extension(mime), form if form.isalnum() else None])
    known = {*name.split(), *tags.split()}
    stated = ["description", "transcription", "content"]
    if "text" not in values.get("automatic", ()):  # recognised text has the least weight
        stated.insert(1, "text")
    further = dict.fromkeys(word for word in located.split() if word not in known)
    return {
        "rowid": number,
        "name": name,
        "tags": tags,
        "prompt": index_text([values["prompt"]]),
        "description": index_text(values[name] for name in stated),
        "other": " ".join([index_text(_further(values)), *further]).strip(),
        "text": index_text([values["text"]]),
        "negativePrompt": index_text([values["negativePrompt"]]),
    }


def _further(values: Mapping[str, Any]) -> Iterator[str | None]:
    """Yield the texts that are searched with the least weight."""
    yield from (values[name] for name in ("seed", "modelId", "baseModelId", "author", "license"))
    yield from (*values["loras"], *values["guesses"])
    yield values.get("unread")
    if "text" in values.get("automatic", ()):
        yield values["text"]
    metadata = values.get("metadata", {})  # places, albums, ...
    yield from (
        text for name, text in metadata.items() if isinstance(text, str) and name != DAMAGED
    )


def half_floats(vector: Vector | None) -> bytes | None:
    """Return a vector as half floats, two bytes for each value; the error is below .01 %."""
    return None if vector is None else np.asarray(vector, dtype="<f2").tobytes()


def blobs(embeddings: Embeddings) -> dict[str, bytes | None]:
    """Return the columns of the tables of vectors."""
    return {name: half_floats(getattr(embeddings, name)) for name in ("text", "subject", "look")}


def shown_values(values: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return (field, folded value) -> the value, for the fields that are counted in facets."""
    single = [(name, values[name]) for name in _SINGLE if values[name] is not None]
    many = [(name, value) for name in _ARRAYS for value in values[name]]
    return {(name, folded(value)): value for name, value in (*single, *many)}


def to_document(values: dict[str, Any], source: SourceFile) -> Document:
    """Return the document of these values and this source."""
    for name in ("tags", "collectionIds", "nsfw", "loras", "guesses"):
        values[name] = tuple(values[name])
    for name in _LATER:  # not in documents of before
        values[name] = tuple(values.get(name, ()))
    return Document(source=source, **values)

"""Document <-> rows: what each table keeps of an asset.

Knows documents, fields and the columns of the schema; runs no SQL.
"""

from __future__ import annotations

import os
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from library.analysis import indexed
from library.documents import Document, SourceFile
from library.fields import FIELDS, Type, folded
from library.kinds import extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from library.documents import Embeddings, Vector

_STORED = tuple(field.name for field in dataclass_fields(Document) if field.name != "source")
_SPELLED = tuple(f.name for f in FIELDS.values() if f.type is Type.TEXT and not f.long)
_LISTED = tuple(f.name for f in FIELDS.values() if f.type is Type.ARRAY)
_ENCODE = msgspec.json.Encoder().encode


def milliseconds(moment: str) -> int:
    """ISO 8601 -> milliseconds since 1970 in UTC; without an offset it is taken for UTC."""
    parsed = datetime.fromisoformat(moment)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    elapsed = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


def readable(value: Any) -> Any:
    """`value` with what is no character (lone surrogates) replaced.

    `os.fsdecode` makes them of bytes that are not UTF-8; neither JSON nor SQLite can hold them.
    """
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value


def stored(document: Document) -> tuple[dict[str, Any], bytes]:
    """The document's values without its source, and the JSON that keeps them."""
    values = {name: getattr(document, name) for name in _STORED}
    try:
        return values, _ENCODE(values)
    except UnicodeEncodeError:
        values = readable(values)
        return values, _ENCODE(values)


def asset_row(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The row of `assets`: texts folded, dates as milliseconds."""
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
    """The rows of one array's table; values that fold alike are kept once."""
    shown = {folded(value): value for value in reversed(values[name])}
    return [{"value": value, "number": number, "shown": shown[value]} for value in shown]


def source_row(number: int, document: Document) -> dict[str, Any]:
    """The row of `sources`."""
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
    """The file that a row of `sources` names."""
    return SourceFile(
        root=os.fsdecode(row.root),
        path=os.fsdecode(row.path),
        size=row.size,
        mtime_ns=row.mtime_ns,
        sha256=row.sha256,
    )


def shown_path(root: bytes, path: bytes, *, several: bool) -> str:
    """Where the file of a row of `sources` is below its indexed folder, never above.

    Behind that folder's name where a library has `several` of them.
    """
    below = path.decode("utf-8", "replace")
    name = PurePath(root.decode("utf-8", "replace")).name if several else ""
    return f"{name}/{below}" if name else below


def word_row(number: int, values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The row of `words`: the words of each text and of the file's `path`, made alike."""
    name, tags = indexed([values["name"]]), indexed(values["tags"])
    mime = values["mimeType"]
    form = mime.removeprefix("image/")
    # Folders and formats, for whoever knows them; what name and tags say needs no repeating.
    places = indexed([readable(path), extension(mime), form if form.isalnum() else None])
    said = {*name.split(), *tags.split()}
    aside = dict.fromkeys(word for word in places.split() if word not in said)
    return {
        "rowid": number,
        "name": name,
        "tags": tags,
        "prompt": indexed([values["prompt"]]),
        "description": indexed(
            values[name] for name in ("description", "text", "transcription", "content")
        ),
        "other": " ".join([indexed([values["seed"], *values["guesses"]]), *aside]).strip(),
        "text": indexed([values["text"]]),
        "negativePrompt": indexed([values["negativePrompt"]]),
    }


def half(vector: Vector | None) -> bytes | None:
    """A vector as half floats, two bytes a value: a hundredth of a per cent off at most."""
    return None if vector is None else np.asarray(vector, dtype="<f2").tobytes()


def blobs(found: Embeddings) -> dict[str, bytes | None]:
    """The embeddings as the tables of vectors keep them."""
    return {"text": half(found.text), "subject": half(found.subject), "look": half(found.look)}


def spelled(values: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(field, folded value) -> the value, for the fields that are counted in facets."""
    single = [(name, values[name]) for name in _SPELLED if values[name] is not None]
    many = [(name, value) for name in _LISTED for value in values[name]]
    return {(name, folded(value)): value for name, value in (*single, *many)}


def to_document(values: dict[str, Any], source: SourceFile) -> Document:
    """The document that `stored` took apart."""
    for name in ("tags", "collectionIds", "nsfw", "guesses"):
        values[name] = tuple(values[name])
    return Document(source=source, **values)

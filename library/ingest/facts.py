"""What a worker returns about a file: fields of Document, merged in it and checked outside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import msgspec

from library.formats.isolation.worker_pool import Failed
from library.schema.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Set by the indexer, not by a reader of the file.
_BY_INDEXER: Final = frozenset(
    {"kind", "mimeType", "collectionIds", "size", "guesses", "automatic", "decided", "parentId",
     "rootParentId", "referenceImages"}
)  # fmt: skip
# The annotations of Document -> the type that a worker may return; None: not known.
_TYPES: Final[dict[str, Any]] = {
    "str": str | None,
    "str | None": str | None,
    "tuple[str, ...]": tuple[str, ...] | None,
    "int | None": int | None,
    "float | None": float | None,
}
_MAPPINGS: Final[dict[str, Any]] = {
    "properties": dict[str, str | int | float | None] | None,
    "metadata": dict[str, str | int | float | bool] | None,
}
_Facts = msgspec.defstruct(
    "_Facts",
    [
        (field.name, _MAPPINGS.get(field.name) or _TYPES[str(field.type)], None)
        for field in dataclasses.fields(Document)
        if field.name not in _BY_INDEXER and (field.name in _MAPPINGS or str(field.type) in _TYPES)
    ],
    forbid_unknown_fields=True,
)


def checked(facts: object) -> dict[str, Any]:
    """Return the fields that are known. Raises Failed when one has a wrong name or type."""
    try:
        known = msgspec.structs.asdict(msgspec.convert(facts, _Facts))
    except (msgspec.ValidationError, ValueError) as error:
        raise Failed("is broken: its reader has returned wrong metadata") from error
    return {name: value for name, value in known.items() if value is not None}


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of several sources: the last one counts, lists and unread texts join."""
    joined: dict[str, Any] = {}
    for part in parts:
        lists = {
            name: tuple(dict.fromkeys((*joined.get(name, ()), *part.get(name, ()))))
            for name in ("tags", "loras")
        }
        unread = [text for text in (joined.get("unread"), part.get("unread")) if text]
        metadata = {**joined.get("metadata", {}), **part.get("metadata", {})}
        joined |= part
        joined |= {name: values for name, values in lists.items() if values}
        if unread:
            joined["unread"] = "\n".join(unread)
        if metadata:
            joined["metadata"] = metadata
    return joined

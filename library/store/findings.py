"""What the second pass has found, by the digest of the content, and what it has still to look at.

A part of the pass (text in images, sensitive images) has a version; results of another version are
not used. Which parts are on is stored in the library, so that whatever writes an asset fills it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from library.store.backends import dialects
from library.store.listings import chunks
from library.store.tables import assets, findings, meta, missing, sources
from library.store.tables import vectors as vector_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from library.schema.documents import Document

PARTS: Final = "second-pass"  # in meta: JSON, part -> version of those that are on
# Kinds of the assets whose pictures a part looks at.
PICTURED: Final = {"text": ("image",), "nsfw": ("image", "image-hdr", "video")}
_UNKNOWN: Final[dict[str, Any]] = {"text": None, "nsfw": ()}  # the fields that parts fill
_SEEN: Final = vector_tables["subject"]  # assets that have a picture, and not a placeholder


class Waiting(NamedTuple):
    """A content that a part has not looked at, and an asset that has it."""

    sha256: str
    asset_id: str


class PartProgress(NamedTuple):
    """How far a part is: contents that it has looked at, of all."""

    name: str
    done: int
    total: int


def active(connection: sa.Connection) -> dict[str, str]:
    """Return part -> version of the parts that are on."""
    stored = connection.execute(sa.select(meta.c.value).where(meta.c.key == PARTS)).scalar()
    return {} if stored is None else msgspec.json.decode(stored, type=dict[str, str])


def filled(connection: sa.Connection, documents: Sequence[Document]) -> list[Document]:
    """Return documents with what the parts that are on have found in their contents.

    Only fields are filled that have no value; those that were filled before are emptied first.
    """
    versions = active(connection)
    found: dict[str, dict[str, Any]] = {}
    contents = list({document.source.sha256 for document in documents} if versions else ())
    for part in chunks(contents):
        for row in connection.execute(sa.select(findings).where(findings.c.sha256.in_(part))):
            if versions.get(row.part) == row.version:
                found.setdefault(row.sha256, {}).update(msgspec.json.decode(row.found))
    return [_with(document, found.get(document.source.sha256, {})) for document in documents]


def _with(document: Document, found: Mapping[str, Any]) -> Document:
    if document.automatic:
        stated: dict[str, Any] = {name: _UNKNOWN[name] for name in document.automatic}
        document = replace(document, automatic=(), **stated)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in sorted(found.items())
        if name in _UNKNOWN and name not in document.decided and not getattr(document, name)
    }
    return replace(document, automatic=tuple(values), **values) if values else document


def put(
    connection: sa.Connection, part: str, version: str, found: Mapping[str, Mapping[str, Any]]
) -> list[int]:
    """Store digest -> fields; return the numbers of the assets with these contents."""
    if not found:
        return []
    dialects.put(
        connection,
        findings,
        [
            {"sha256": s, "part": part, "version": version, "found": msgspec.json.encode(fields)}
            for s, fields in found.items()
        ],
        replace=True,
    )
    return [
        number
        for some in chunks(list(found))
        for number in connection.execute(
            sa.select(sources.c.number).where(sources.c.sha256.in_(some))
        ).scalars()
    ]


def numbers(connection: sa.Connection) -> list[int]:
    """Return the numbers of all assets in whose contents something was found."""
    statement = sa.select(sources.c.number).join(findings, findings.c.sha256 == sources.c.sha256)
    return list(connection.execute(statement.distinct()).scalars())


def forget(connection: sa.Connection) -> None:
    """Delete the results of contents that no asset has any more."""
    known = sa.select(sources.c.sha256)
    connection.execute(sa.delete(findings).where(findings.c.sha256.not_in(known)))


def waiting(connection: sa.Connection, part: str, version: str) -> list[Waiting]:
    """Return what a part has still to look at, newest assets first."""
    listed = (
        _pictures(part)
        .add_columns(sources.c.sha256, sources.c.id)
        .where(~_done(part, version))
        .order_by(sources.c.number.desc())
    )
    first: dict[str, str] = {}
    for row in connection.execute(listed):
        first.setdefault(row.sha256, row.id)
    return [Waiting(*each) for each in first.items()]


def progress(connection: sa.Connection) -> list[PartProgress]:
    """Return how far the parts are that are on."""
    found = []
    for part, version in active(connection).items():
        pictures = _pictures(part)
        counted = sa.select(sa.func.count())
        total = connection.execute(counted.select_from(pictures.subquery())).scalar_one()
        done = pictures.where(_done(part, version)).subquery()
        found.append(
            PartProgress(part, connection.execute(counted.select_from(done)).scalar_one(), total)
        )
    return found


def _pictures(part: str) -> sa.Select[Any]:
    return (
        sa.select(sources.c.number)
        .join(assets, assets.c.number == sources.c.number)
        .join(_SEEN, _SEEN.c.number == sources.c.number)
        .where(
            assets.c.kind.in_(PICTURED.get(part, ())), sources.c.id.not_in(sa.select(missing.c.id))
        )
    )


def _done(part: str, version: str) -> sa.Exists:
    return (
        sa.select(findings.c.sha256)
        .where(
            findings.c.sha256 == sources.c.sha256,
            findings.c.part == part,
            findings.c.version == version,
        )
        .exists()
    )

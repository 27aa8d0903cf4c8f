"""What people decided, which belongs to the backup: `decisions.sqlite`, or tables of a database.

Tags that were added or removed, collections and what is in them, names, descriptions, ratings,
labels, and what was marked as sensitive; each with who decided it and when. Keyed by the ids of
assets (`identities`), so it survives the index. The index shows decisions: `store.follow` applies
those that it does not have yet, which it knows by their revision. The file has a rollback journal,
so it can be copied alone while nothing is written. It is created by the first decision. Each call
opens the file, so threads and processes may use it at the same time.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from library.schema.decisions import COLLECTIONS, NOTHING, TAGS, Decision
from library.store.backends import dialects
from library.store.backends.own_file import OwnFile
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from library.store.backends.own_file import OwnTables

FILE: Final = "decisions.sqlite"
VERSION: Final = 1  # of this schema; stored in PRAGMA user_version
_LOSS: Final = (
    ", or move it away: tags, collections and ratings that were given by hand are then gone"
)

metadata = sa.MetaData()
_decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("asset", TEXT, primary_key=True),
    sa.Column("field", TEXT, primary_key=True),
    sa.Column("item", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),  # JSON
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", TEXT, nullable=False),
    sqlite_with_rowid=False,
)
_collections = sa.Table(
    "collections",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("thumbnail", TEXT),
    sa.Column("made", sa.Integer, nullable=False),
    sa.Column("deleted", sa.Integer, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", TEXT, nullable=False),
    sqlite_with_rowid=False,
)
_changes = sa.Table(
    "changes",
    metadata,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False, unique=True),
    sqlite_with_rowid=False,
)
_state = sa.Table(
    "state",
    metadata,
    sa.Column("uid", TEXT, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)
ASSET: Final = "asset"
COLLECTION: Final = "collection"


class Entry(NamedTuple):
    """One decision. `item` is the folded tag, the id of a collection, or ""."""

    asset: str
    field: str  # tags, collectionIds, or one of `schema.decisions.VALUES`
    item: str
    value: Any  # a tag or True, None where it was removed; else the field's value
    at: int  # milliseconds since 1970
    by: str


class DecidedCollection(NamedTuple):
    """A collection that was created, changed or deleted by hand."""

    id: str
    name: str
    thumbnail: str | None  # the id of an asset
    made: bool  # by hand, not from a folder
    deleted: bool
    created: int  # milliseconds since 1970
    at: int
    by: str


class Change(NamedTuple):
    """An asset or a collection with its newest revision."""

    kind: str  # ASSET or COLLECTION
    id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A transaction that changes decisions."""

    connection: sa.Connection

    def entries(self, assets: Iterable[str]) -> list[Entry]:
        """Return the decisions about assets."""
        return _entries(self.connection, assets)

    def put(self, *entries: Entry) -> None:
        """Store decisions; each replaces the one about the same."""
        rows = [
            entry._replace(value=json.dumps(entry.value, ensure_ascii=False))._asdict()
            for entry in entries
        ]
        dialects.put(self.connection, _decisions, rows, replace=True)
        self._touch(ASSET, *(entry.asset for entry in entries))

    def forget(self, asset: str, name: str, item: str = "") -> None:
        """Remove a decision, so that what the file states is shown again."""
        key = {"_asset": asset, "_field": name, "_item": item}
        self.connection.execute(_FORGET, key)
        self._touch(ASSET, asset)

    def collection(self, id: str) -> DecidedCollection | None:  # noqa: A002 - the API's word
        """Return a collection that was changed by hand, or None."""
        return _found(self.connection, [id]).get(id)

    def put_collection(self, collection: DecidedCollection) -> None:
        """Store a collection."""
        row = collection._asdict()
        row |= {"made": int(collection.made), "deleted": int(collection.deleted)}
        dialects.put(self.connection, _collections, [row], replace=True)
        self._touch(COLLECTION, collection.id)

    def _touch(self, kind: str, *touched: str) -> None:
        ids = list(dict.fromkeys(touched))
        self.connection.execute(_ADVANCE, {"_by": len(ids)})
        newest = self.connection.execute(_STATE).one().revision
        rows = [
            {"kind": kind, "id": each, "revision": newest - len(ids) + place}
            for place, each in enumerate(ids, start=1)
        ]
        dialects.put(self.connection, _changes, rows, replace=True)


class Decisions:
    """The decisions about the assets of one library. Thread-safe."""

    def __init__(self, tables: OwnTables) -> None:
        self.tables = tables

    @classmethod
    def open(cls, home: Path) -> Decisions:
        """Return the decisions in the file of `home`, which is created by the first one.

        Raises IndexBroken for a damaged file, IndexUnusable where it cannot be read, SchemaTooNew.
        """
        opened = cls(OwnFile(home / FILE, metadata, VERSION, _LOSS))
        opened.state()
        return opened

    def state(self) -> tuple[str, int]:
        """Return the random id of these tables and the newest revision; ("", 0) without any."""
        with self.tables.reading() as connection:
            row = None if connection is None else connection.execute(_STATE).one_or_none()
        return ("", 0) if row is None else (row.uid, row.revision)

    def of(self, assets: Iterable[str], *, current: bool = True) -> dict[str, Decision]:
        """Return id -> decisions, for the assets that have any (`OwnTables.reading`)."""
        with self.tables.reading(current=current) as connection:
            entries = [] if connection is None else _entries(connection, assets)
        grouped: dict[str, list[Entry]] = {}
        for entry in entries:
            grouped.setdefault(entry.asset, []).append(entry)
        return {asset: decision_of(listed) for asset, listed in grouped.items()}

    def collections(self, ids: Iterable[str] | None = None) -> dict[str, DecidedCollection]:
        """Return id -> collection, for those that were changed by hand; all without `ids`."""
        with self.tables.reading() as connection:
            return {} if connection is None else _found(connection, ids)

    def deleted(self) -> set[str]:
        """Return the ids of deleted collections."""
        return {each.id for each in self.collections().values() if each.deleted}

    def changes(self, after: int, limit: int) -> list[Change]:
        """Return what has changed after the revision `after`, the oldest first."""
        with self.tables.reading() as connection:
            if connection is None:
                return []
            newer = sa.select(_changes).where(_changes.c.revision > after)
            rows = connection.execute(newer.order_by(_changes.c.revision).limit(limit))
            return [Change(*row) for row in rows]

    def entries(self) -> Iterator[Entry]:
        """Yield all decisions, in the order of the assets' ids."""
        with self.tables.reading() as connection:
            if connection is not None:
                listed = sa.select(_decisions).order_by(*_decisions.primary_key.columns)
                yield from map(_entry, connection.execute(listed))

    @contextmanager
    def editing(self) -> Iterator[Edit]:
        """Return a transaction, which is rolled back on an error; others wait for its end.

        Raises as `OwnTables.writing`.
        """
        with self.tables.writing() as connection:
            if connection.execute(_STATE).one_or_none() is None:
                new = {"uid": secrets.token_hex(8), "revision": 0}
                connection.execute(sa.insert(_state), new)
            yield Edit(connection)


def decision_of(entries: Iterable[Entry]) -> Decision:
    """Return the decisions about one asset."""
    tags: dict[str, str | None] = {}
    collections: dict[str, bool] = {}
    values: dict[str, Any] = {}
    for entry in sorted(entries, key=lambda each: (each.at, each.item)):
        if entry.field == TAGS:
            tags[entry.item] = entry.value
        elif entry.field == COLLECTIONS:
            collections[entry.item] = bool(entry.value)
        else:
            values[entry.field] = entry.value
    return Decision(tags, collections, values) if tags or collections or values else NOTHING


_STATE: Final = sa.select(_state)
_ADVANCE: Final = sa.update(_state).values(revision=_state.c.revision + sa.bindparam("_by"))
_FORGET: Final = sa.delete(_decisions).where(
    *(_decisions.c[name] == sa.bindparam(f"_{name}") for name in ("asset", "field", "item"))
)
_ABOUT: Final = sa.select(_decisions).where(dialects.among(_decisions.c.asset))
_LISTED: Final = sa.select(_collections).order_by(_collections.c.id)
_NAMED: Final = _LISTED.where(dialects.among(_collections.c.id))


def _entries(connection: sa.Connection, assets: Iterable[str]) -> list[Entry]:
    return [_entry(row) for row in connection.execute(_ABOUT, dialects.bound(assets))]


def _entry(row: Any) -> Entry:
    return Entry(row.asset, row.field, row.item, json.loads(row.value), row.at, row.by)


def _found(connection: sa.Connection, ids: Iterable[str] | None) -> dict[str, DecidedCollection]:
    if ids is None:
        rows = connection.execute(_LISTED)
    else:
        rows = connection.execute(_NAMED, dialects.bound(ids))
    found = [
        DecidedCollection(
            id=row.id,
            name=row.name,
            thumbnail=row.thumbnail,
            made=bool(row.made),
            deleted=bool(row.deleted),
            created=row.created,
            at=row.at,
            by=row.by,
        )
        for row in rows
    ]
    return {each.id: each for each in found}

"""Which asset has which id, one row for each file that was ever indexed: `identities.sqlite`.

It is not part of the index. It survives the index and belongs to the backup, so that shared links
stay valid: a file that is indexed again gets its id from here. A row whose file is gone stays, for
the day on which the file appears again. The file has a rollback journal, so it can be copied alone
while nothing is indexed. Thread-safe.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from library.folders import name_elsewhere, names
from library.schema.documents import unmarked
from library.store.backends import dialects
from library.store.backends.own_file import OwnFile
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from library.store.backends.own_file import OwnTables

FILE: Final = "identities.sqlite"
VERSION: Final = 1  # of this schema; stored in PRAGMA user_version
_LOSS: Final = (
    "; without it, delete it: files that were renamed or edited since they were first indexed then "
    "get new ids"
)

metadata = sa.MetaData()
_identities = sa.Table(
    "identities",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("root", TEXT, nullable=False),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("root", "path"),
    sa.Index("identities_sha256", "sha256"),
    sqlite_with_rowid=False,
)
_roots = sa.Table(
    "roots",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("folder", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
_indexes = sa.Table(
    "indexes", metadata, sa.Column("uid", TEXT, primary_key=True), sqlite_with_rowid=False
)
_RENAMING: Final = "/"  # begins no name


class Identity(NamedTuple):
    """The id of the file at `path` below the folder named `root`, and its content when indexed."""

    id: str
    root: str
    path: str
    sha256: str


class Identities:
    """The table of ids of one library."""

    def __init__(self, tables: OwnTables) -> None:
        """Create the tables where they are missing; raises as `OwnTables.writing`."""
        self.tables = tables
        with tables.reading() as connection:
            exists = connection is not None
        if not exists:
            with tables.writing():
                pass

    @classmethod
    def open(cls, home: Path) -> Identities:
        """Open or create the table of the library in `home`.

        Raises IndexBroken for a damaged file, IndexUnusable where it cannot be opened or written,
        and SchemaTooNew.
        """
        tables = OwnFile(home / FILE, metadata, VERSION, _LOSS, is_kept_open=True)
        try:
            return cls(tables)
        except BaseException:
            tables.close()
            raise

    def close(self) -> None:
        """Release the tables."""
        self.tables.close()

    def roots(self) -> dict[str, str]:
        """Return the name of each folder that was ever indexed, and its path."""
        return {row.name: os.fsdecode(row.folder) for row in self._select(sa.select(_roots))}

    def name_roots(self, named: Mapping[str, str], here: Mapping[str, str] | None = None) -> None:
        """Store path -> name of folders. The files of a folder follow it to its new name.

        `here`, of a library of several hosts: where this host has the known folders. The first
        path that a folder had on any host stays.
        """
        known = self.roots()
        places = known if here is None else here
        renamed = [
            (new, old) for old, path in places.items() if (new := named.get(path, old)) != old
        ]
        if all(places.get(name) == path and name in known for path, name in named.items()):
            return
        with self.tables.writing() as connection:
            # In two steps, because folders may exchange their names.
            for new, old in renamed:
                connection.execute(sa.delete(_roots).where(_roots.c.name == old))
                _rename(connection, old, f"{_RENAMING}{new}")
            for new, _ in renamed:
                _rename(connection, f"{_RENAMING}{new}", new)
            first = {new: known[old] for new, old in renamed if here is not None and old in known}
            listed = [
                {"name": name, "folder": os.fsencode(first.get(name, path))}
                for path, name in named.items()
                if name_elsewhere(path) is None
            ]
            dialects.put(connection, _roots, listed, replace=here is None)

    def knows(self, uid: str) -> bool:
        """Return whether the ids of the index `uid` have been adopted."""
        return bool(self._select(sa.select(_indexes).where(_indexes.c.uid == uid)))

    def adopt(self, uid: str, rows: Iterable[Identity]) -> None:
        """Store the ids of an index that was written without this table, or before it was lost."""
        with self.tables.writing() as connection:
            # An id that is in use is the one that links have: it wins over an older row.
            _replace(connection, rows)
            dialects.put(connection, _indexes, [{"uid": uid}])

    def rescue(self, files: Iterable[tuple[str, bytes, bytes, str]]) -> None:
        """Store (id, root, path, sha256) of an index that will be emptied, where none is stored."""
        listed = list(files)
        paths = dict.fromkeys(os.fsdecode(root) for _, root, _, _ in listed)
        known = self.roots()
        named = names([(path, None) for path in paths], known)
        self.name_roots(named)
        with self.tables.writing() as connection:
            rows = [
                {
                    "id": asset,
                    "root": named[os.fsdecode(root)],
                    "path": path,
                    "sha256": bytes.fromhex(unmarked(sha256)),
                }
                for asset, root, path, sha256 in listed
            ]
            dialects.put(connection, _identities, rows)

    def put(self, rows: Sequence[Identity]) -> None:
        """Store the ids of files in one transaction; each replaces what its id or path had."""
        if rows:
            with self.tables.writing() as connection:
                _replace(connection, rows)

    def at(self, root: str, path: str) -> Identity | None:
        """Return the identity of the file at this path, or None."""
        rows = self._select(_AT, {"root": root, "path": os.fsencode(path)})
        return _identity(rows[0]) if rows else None

    def of(self, asset_id: str) -> Identity | None:
        """Return the identity with this id, or None."""
        rows = self._select(_OF, {"id": asset_id})
        return _identity(rows[0]) if rows else None

    def with_content(self, sha256: str) -> list[Identity]:
        """Return the identities of files that had this content when they were last indexed."""
        rows = self._select(_WITH_CONTENT, {"sha256": bytes.fromhex(sha256)})
        return [_identity(row) for row in rows]

    def _select(self, query: sa.Select[Any], values: Mapping[str, Any] | None = None) -> list[Any]:
        with self.tables.reading() as connection:
            return [] if connection is None else list(connection.execute(query, values or {}))


def _equal(*names_: str) -> list[sa.ColumnElement[bool]]:
    return [_identities.c[name] == sa.bindparam(name) for name in names_]


_OF: Final = sa.select(_identities).where(*_equal("id"))
_AT: Final = sa.select(_identities).where(*_equal("root", "path"))
_WITH_CONTENT: Final = (
    sa.select(_identities).where(*_equal("sha256")).order_by(_identities.c.root, _identities.c.path)
)


def _identity(row: Any) -> Identity:
    return Identity(row.id, row.root, os.fsdecode(row.path), row.sha256.hex())


def _row(identity: Identity) -> dict[str, Any]:
    path, content = os.fsencode(identity.path), bytes.fromhex(unmarked(identity.sha256))
    return {"id": identity.id, "root": identity.root, "path": path, "sha256": content}


def _replace(connection: sa.Connection, identities: Iterable[Identity]) -> None:
    """Insert rows; the last one with an id or a path is the one that has it."""
    by_id: dict[str, dict[str, Any]] = {}
    id_at: dict[tuple[str, bytes], str] = {}
    for row in map(_row, identities):
        key = (row["root"], row["path"])
        by_id.pop(id_at.get(key, ""), None)
        former = by_id.pop(row["id"], None)
        if former is not None:
            id_at.pop((former["root"], former["path"]), None)
        by_id[row["id"]], id_at[key] = row, row["id"]
    rows = list(by_id.values())
    if rows:
        connection.execute(sa.delete(_identities).where(*_equal("id")), rows)
        connection.execute(sa.delete(_identities).where(*_equal("root", "path")), rows)
        connection.execute(sa.insert(_identities), rows)


def _rename(connection: sa.Connection, before: str, after: str) -> None:
    """Rename a root; a file of the renamed one replaces one at the same path of another."""
    of = sa.select(_identities.c.path).where(_identities.c.root == before)
    there = sa.and_(_identities.c.root == after, _identities.c.path.in_(of))
    connection.execute(sa.delete(_identities).where(there))
    renamed = sa.update(_identities).where(_identities.c.root == before)
    connection.execute(renamed.values(root=after))

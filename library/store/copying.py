"""Copying a library from one store to another: `python -m library copy`.

Rows are copied in the order of their keys, a chunk in each transaction. A copy that was stopped
continues after the last key, unless the source has changed since. Then every table is compared by
its number of rows and a digest. Numbers are kept, so searches have the same results. Thumbnails
follow; those that the target has are not copied again.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from library.errors import LibraryError
from library.store import identities, tables
from library.store.backends import dialects
from library.store.blobs import THUMBNAILS
from library.store.decisions import stored as decisions
from library.store.tables import UID, meta, words
from library.store.types import TEXT
from library.store.writes import GENERATION, put_meta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from library.store.blobs import Blobs
    from library.store.store import Store

_CHUNK: Final = 1_000  # rows in one transaction
_PICTURES: Final = 100  # in one transaction
_STATE: Final = "copy"  # in meta of an unfinished copy: of which state of which library it is
_OWN: Final = (UID, _STATE, "schema", "indexer")  # keys of meta that are not copied


class CannotCopy(LibraryError):
    """The target is another library, or the copy differs from the source."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One group of tables on both sides."""

    tables: tuple[sa.TableClause, ...]
    reading: Callable[[], AbstractContextManager[sa.Connection | None]]
    target_reading: Callable[[], AbstractContextManager[sa.Connection | None]]
    writing: Callable[[], AbstractContextManager[sa.Connection]]


def copy(source: Store, target: Store, note: Callable[[str], None]) -> int:
    """Copy everything that is in the database; return the number of assets.

    Nothing may write the source meanwhile. Raises CannotCopy.
    """
    with closing(source.identities()) as ids, closing(target.identities()) as target_ids:
        for store in (source, target):  # one stores names of folders, the other one paths
            store.roots.hold({path: name for name, path in ids.roots().items()})
        sides = (
            _Side(
                (*_without(meta, tables.metadata), words, meta),
                source.reading,
                target.reading,
                target.writing,
            ),
            _Side(
                tuple(decisions.metadata.sorted_tables),
                source.decisions.tables.reading,
                target.decisions.tables.reading,
                target.decisions.tables.writing,
            ),
            _Side(
                tuple(identities.metadata.sorted_tables),
                ids.tables.reading,
                target_ids.tables.reading,
                target_ids.tables.writing,
            ),
        )
        _begin(source, target, sides)
        for side in sides:
            _copy_side(side, note)
        for side in sides:
            _compare(side)
        _copy_pictures(source.blobs, target.blobs, note)
        uid = secrets.token_hex(8)  # a cache of the source is none of the copy
        target_ids.adopt(uid, ())
        with target.writing() as connection:
            dialects.continue_numbers(connection)
            connection.execute(sa.delete(meta).where(meta.c.key == _STATE))
            put_meta(connection, UID, uid)
            return int(
                connection.execute(
                    sa.select(sa.func.count()).select_from(tables.assets)
                ).scalar_one()
            )


def _without(left_out: sa.Table, metadata: sa.MetaData) -> Iterator[sa.Table]:
    return (table for table in metadata.sorted_tables if table is not left_out)


def _begin(source: Store, target: Store, sides: tuple[_Side, ...]) -> None:
    """Prepare the target: a copy of the same state continues, one of an older state begins anew."""
    with source.reading() as connection:
        uid, generation = _value(connection, UID), _value(connection, GENERATION)
    state = f"{uid}:{generation}:{':'.join(map(str, source.decisions.state()))}"
    with target.writing() as connection:
        known = _value(connection, _STATE)
        if known is None and (
            connection.execute(sa.select(tables.assets.c.number).limit(1)).first() is not None
            or target.decisions.state()[1]
        ):
            raise CannotCopy(
                "The target is a library already; nothing was changed. Copy to a new one"
            )
        if known == state:
            return
        put_meta(connection, _STATE, state)
        target.blobs.remove(list(target.blobs.names(THUMBNAILS)))
        for table in sides[0].tables:
            kept = meta.c.key.not_in(_OWN) if table is meta else sa.true()
            connection.execute(sa.delete(table).where(kept))
    for side in sides[1:]:
        with side.writing() as connection:
            for table in side.tables:
                connection.execute(sa.delete(table))


def _value(connection: sa.Connection, key: str) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()


def _copy_side(side: _Side, note: Callable[[str], None]) -> None:
    with side.reading() as connection:
        if connection is None:
            return
        for table in side.tables:
            count = 0
            with side.writing() as target:
                row = target.execute(_rows(table, descending=True).limit(1)).first()
                last: tuple[Any, ...] | None = None if row is None else tuple(row)
            while True:
                rows = connection.execute(_after(table, last).limit(_CHUNK)).mappings().all()
                if not rows:
                    break
                with side.writing() as target:
                    _insert(target, table, [dict(row) for row in rows])
                last = tuple(rows[-1].values())
                count += len(rows)
            note(f"copied {table.name}: {count} rows")


def _insert(target: sa.Connection, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if isinstance(table, sa.Table) and table.primary_key.columns:
        dialects.put(target, table, rows)
    else:
        target.execute(sa.insert(table), rows)


def _key(table: sa.TableClause) -> list[sa.ColumnElement[Any]]:
    if isinstance(table, sa.Table):
        return list(table.primary_key.columns) or list(table.columns)
    return [table.c.rowid]


def _columns(table: sa.TableClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns; the first ones are those of the key."""
    key = _key(table)
    names = {each.key for each in key}
    # `words` of SQLite has a column of its own name, which no other database has.
    return [*key, *(c for c in table.columns if c.key not in names and c.key != table.name)]


def _rows(table: sa.TableClause, *, descending: bool = False) -> sa.Select[Any]:
    every = sa.select(*_columns(table))
    if table is meta:
        every = every.where(meta.c.key.not_in(_OWN))
    order = [key.desc() if descending else key for key in _key(table)]
    return every.order_by(*order)


def _after(table: sa.TableClause, last: tuple[Any, ...] | None) -> sa.Select[Any]:
    """Return the rows whose keys come after that of the row `last`."""
    if last is None:
        return _rows(table)
    key = _key(table)
    values = [
        sa.literal(value, TEXT if isinstance(value, str) else column.type)
        for column, value in zip(key, last, strict=False)
    ]
    return _rows(table).where(sa.tuple_(*key) > sa.tuple_(*values))


def _compare(side: _Side) -> None:
    """Raise CannotCopy where a table differs."""
    with side.reading() as one, side.target_reading() as other:
        if one is None or other is None:
            return
        for table in side.tables:
            before, after = _digest(one, table), _digest(other, table)
            if before != after:
                raise CannotCopy(
                    f"The copy of {table.name} has {after[0]} rows, the source {before[0]}, or "
                    "their contents differ. Was the source written meanwhile? Copy again"
                )


def _copy_pictures(source: Blobs, target: Blobs, note: Callable[[str], None]) -> None:
    """Copy the thumbnails. Raises CannotCopy where one differs afterwards."""
    known = set(target.names(THUMBNAILS))
    waiting = [name for name in source.names(THUMBNAILS) if name not in known]
    for start in range(0, len(waiting), _PICTURES):
        target.write({name: source.read(name) for name in waiting[start : start + _PICTURES]})
    for name in (names := list(source.names(THUMBNAILS))):
        if target.read(name) != source.read(name):
            raise CannotCopy(f"The copy of {name} differs from the source. Copy again")
    note(f"copied thumbnails: {len(names)} files")


def _digest(connection: sa.Connection, table: sa.TableClause) -> tuple[int, int]:
    """Return the number of rows, and a digest that does not depend on their order."""
    count = total = 0
    rows = connection.execute(_rows(table).execution_options(yield_per=_CHUNK))
    for row in rows:
        count += 1
        total += int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=16).digest(), "big")
    return count, total % 2**128

"""Writing of collections and of the library's own values, such as the counter of transactions.

Everything here runs in the transaction of its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from library.store import rows
from library.store.backends import dialects
from library.store.tables import collections, meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from library.schema.documents import Collection
    from library.store.decisions.stored import DecidedCollection

GENERATION = "generation"  # in meta: counts the write transactions


def put_collections(
    connection: sa.Connection,
    named: Iterable[Collection],
    known: Mapping[str, DecidedCollection],
) -> None:
    """Store the collections of folders, except those that are `known` to be changed by hand."""
    for collection in named:
        decided_one = known.get(collection.id)
        if decided_one is not None:
            put_decided(connection, decided_one)
            continue
        connection.execute(sa.delete(collections).where(collections.c.id == collection.id))
        row = {"id": collection.id, "name": rows.valid_text(collection.name)}
        connection.execute(sa.insert(collections), row)


def put_decided(connection: sa.Connection, collection: DecidedCollection) -> None:
    """Store a collection that was created, changed or deleted by hand."""
    connection.execute(sa.delete(collections).where(collections.c.id == collection.id))
    if not collection.deleted:
        row = {
            "id": collection.id,
            "name": collection.name,
            "made": collection.created if collection.made else None,
            "thumbnail": collection.thumbnail,
        }
        connection.execute(sa.insert(collections), row)


def put_meta(connection: sa.Connection, key: str, value: str) -> None:
    """Store a value of the library."""
    dialects.put(connection, meta, [{"key": key, "value": value}], replace=True)


def advance(connection: sa.Connection) -> None:
    """Count a write transaction, so that readers see that there is something new."""
    query = sa.select(meta.c.value).where(meta.c.key == GENERATION)
    generation = connection.execute(query).scalar()
    put_meta(connection, GENERATION, str(int(generation or 0) + 1))

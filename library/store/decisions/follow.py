"""Applying decisions to the index: after each decision, and when a library is opened.

A decision is stored first (`decisions`), then shown by the index. A process that is killed in
between leaves it to the next one: the index knows the newest revision that it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from library.store.backends.dialects import has_metadata
from library.store.batches import refill
from library.store.decisions.stored import ASSET
from library.store.listings import numbers_of
from library.store.reanalysis import reanalyse
from library.store.tables import arrays, assets, collections, derived, documents, meta
from library.store.writes import advance, put_decided, put_meta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from library.store.index import Index

_FOLLOWED: Final = "decisions"  # in meta: uid and revision of the decisions that are shown
_CHUNK: Final = 200  # changes in one transaction
_STATE = sa.select(meta.c.value).where(meta.c.key == _FOLLOWED)
# Written before ratings and labels were fields.
_STATED = sa.or_(
    *(has_metadata(documents.c.json, sa.literal(name, sa.Text)) for name in ("rating", "label"))
)


def follow(index: Index) -> None:
    """Show all decisions in the index. Raises the errors of both files."""
    reanalyse(index)
    while True:
        uid, revision = index.decisions.state()
        if _followed(index.meta(_FOLLOWED)) == (uid, revision):
            return
        with index.writing() as connection:
            uid, revision = index.decisions.state()
            known, after = _followed(connection.execute(_STATE).scalar())
            if known != uid or after > revision:  # a new or restored file, or none
                _start_again(index, connection)
                after = 0
            changes = index.decisions.changes(after, _CHUNK)
            ids = [change.id for change in changes if change.kind == ASSET]
            folders = [change.id for change in changes if change.kind != ASSET]
            changed = index.decisions.collections(folders)
            for collection in changed.values():
                put_decided(connection, collection)
                if collection.deleted:
                    ids += _members(connection, collection.id)
            if _rewrite(index, connection, ids) or changed:
                advance(connection)
            last = changes[-1].revision if changes else revision
            put_meta(connection, _FOLLOWED, f"{uid}:{last}")


def _followed(value: str | None) -> tuple[str | None, int]:
    if value is None:
        return None, 0
    uid, _, revision = value.partition(":")
    return uid, int(revision)


def _start_again(index: Index, connection: sa.Connection) -> None:
    """Show everything anew: what was decided in the file that was here before is undone."""
    by_number = sa.select(assets.c.id).join(derived, derived.c.number == assets.c.number)
    stated = sa.select(assets.c.id).join(documents, documents.c.number == assets.c.number)
    ids = {
        *connection.execute(by_number).scalars(),
        *connection.execute(stated.where(_STATED)).scalars(),
    }
    _rewrite(index, connection, ids)
    known = index.decisions.collections()
    made = connection.execute(sa.select(collections.c.id).where(collections.c.made.is_not(None)))
    for gone in [each for each in made.scalars() if each not in known]:
        connection.execute(sa.delete(collections).where(collections.c.id == gone))
    advance(connection)


def _members(connection: sa.Connection, collection: str) -> list[str]:
    table = arrays["collectionIds"]
    members = sa.select(assets.c.id).join(table, table.c.number == assets.c.number)
    return list(connection.execute(members.where(table.c.value == collection.lower())).scalars())


def _rewrite(index: Index, connection: sa.Connection, ids: Iterable[str]) -> int:
    numbers = list(numbers_of(connection, ids).values())
    return refill(connection, numbers, index.decisions)

"""Lists of tags, collections and models, with counts.

Knows the tables. Pages begin after the last key of the page before, so each page costs the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa

from library.schema.fields import folded
from library.store.backends.dialects import among, bound
from library.store.tables import arrays, assets, sources
from library.store.tables import collections as collection_table
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
_CHUNK = 500  # values bound into one statement


class TagCount(NamedTuple):
    """A tag, how many assets have it, and when the first and the last of them changed."""

    key: str  # the next page begins after it
    name: str
    items: int
    createdAt: int  # milliseconds since 1970
    updatedAt: int


class Cover(NamedTuple):
    """The asset whose thumbnail represents a collection."""

    asset_id: str
    sha256: str  # of its file


class CollectionCount(NamedTuple):
    """A collection, how many assets it has, and when the first and the last of them changed."""

    id: str
    name: str
    items: int
    createdAt: int
    updatedAt: int
    cover: Cover | None  # the chosen asset, else its newest one


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `values` in parts that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


_NUMBERS = sa.select(assets.c.id, assets.c.number).where(among(assets.c.id))


def numbers_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Return id -> number for the assets that exist."""
    return {row[0]: row[1] for row in connection.execute(_NUMBERS, bound(ids)).all()}


def models(connection: sa.Connection, ids: Iterable[str]) -> list[tuple[str, str | None]]:
    """Return (model id, model type) for those of `ids` that an asset was made with."""
    ids_by_folded = {folded(model_id): model_id for model_id in ids}
    models_: list[tuple[str, str | None]] = []
    for part in chunks(list(ids_by_folded)):
        statement = (
            sa.select(assets.c.modelId, sa.func.max(assets.c.modelType))
            .where(assets.c.modelId.in_(part))
            .group_by(assets.c.modelId)
        )
        models_ += [(ids_by_folded[row[0]], row[1]) for row in connection.execute(statement)]
    return models_


def tags(connection: sa.Connection, limit: int, after: str) -> list[TagCount]:
    """Return tags in alphabetical order, beginning after the key `after`."""
    table = arrays["tags"]
    page = (
        sa.select(table.c.value)
        .where(table.c.value > after)
        .distinct()
        .order_by(table.c.value)
        .limit(limit)
        .subquery()
    )
    statement = (
        sa.select(
            table.c.value,
            sa.func.min(table.c.shown),
            sa.func.count(),
            sa.func.min(assets.c.createdAt),
            sa.func.max(assets.c.updatedAt),
        )
        .join(page, page.c.value == table.c.value)
        .join(assets, assets.c.number == table.c.number)
        .group_by(table.c.value)
        .order_by(table.c.value)
    )
    return [TagCount(*row) for row in connection.execute(statement)]


def collections(
    connection: sa.Connection, limit: int, after: tuple[str, str]
) -> list[CollectionCount]:
    """Return collections by name, beginning after the (name, id) `after`."""
    key = sa.tuple_(collection_table.c.name, collection_table.c.id)
    last = sa.tuple_(*(sa.literal(text, TEXT) for text in after))
    return _collections(connection, _COLLECTIONS.where(key > last).limit(limit))


def collection(connection: sa.Connection, id_: str) -> CollectionCount | None:
    """Return one collection, or None."""
    found = _collections(connection, _COLLECTIONS.where(collection_table.c.id == id_))
    return found[0] if found else None


def _counted_collections() -> sa.Select[Any]:
    """Return the statement for all collections; those of folders without assets are left out."""
    table = arrays["collectionIds"]
    members = table.c.value == sa.func.lower(collection_table.c.id)
    newest = (
        sa.select(assets.c.number)
        .join(table, table.c.number == assets.c.number)
        .where(members)
        .order_by(assets.c.createdAt.desc(), assets.c.id)
        .limit(1)
        .correlate(collection_table)
        .scalar_subquery()
    )
    chosen = (
        sa.select(assets.c.number)
        .where(assets.c.id == collection_table.c.thumbnail)
        .correlate(collection_table)
        .scalar_subquery()
    )
    count, made = sa.func.count(assets.c.number), collection_table.c.made
    return (
        sa.select(
            collection_table.c.id,
            collection_table.c.name,
            count,
            sa.func.coalesce(made, sa.func.min(assets.c.createdAt)),
            sa.func.coalesce(sa.func.max(assets.c.updatedAt), made),
            sa.func.coalesce(chosen, newest).label("cover"),
        )
        .select_from(collection_table)
        .outerjoin(table, members)
        .outerjoin(assets, assets.c.number == table.c.number)
        .group_by(collection_table.c.id, collection_table.c.name, made)
        # The name of a renamed or emptied folder stays in the table.
        .having(sa.or_(count > 0, made.is_not(None)))
        .order_by(collection_table.c.name, collection_table.c.id)
    )


_COLLECTIONS = _counted_collections()


def _collections(connection: sa.Connection, statement: sa.Select[Any]) -> list[CollectionCount]:
    counted = connection.execute(statement).all()
    listed = sa.select(sources.c.number, sources.c.id, sources.c.sha256)
    numbers = bound(row.cover for row in counted)
    rows = connection.execute(listed.where(among(sources.c.number)), numbers)
    covers = {number: Cover(asset_id, sha256) for number, asset_id, sha256 in rows}
    return [
        CollectionCount(id_, name, items, created, updated, covers.get(number))
        for id_, name, items, created, updated, number in counted
    ]

"""What a library can be narrowed by, with counts: tags, collections, models.

Knows the tables; pages by the key that the last page ended with, so that any page costs the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa

from library.fields import folded
from library.schema import arrays, assets
from library.schema import collections as collection_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
_CHUNK = 500  # values bound into one statement


class TagCount(NamedTuple):
    """One tag, how many assets carry it, and when the first and the last of them changed."""

    key: str  # what the next page begins after
    name: str
    items: int
    createdAt: int  # milliseconds since 1970
    updatedAt: int


class CollectionCount(NamedTuple):
    """One collection, how many assets are in it, and when the first and last changed."""

    id: str
    name: str
    items: int
    createdAt: int
    updatedAt: int
    cover: str | None  # the newest asset in it


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """`values` in parts that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def among(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """`column IN (the values)` with one parameter, however many there are; see `bound`.

    So a statement is built and compiled once, which takes longer than running it.
    """
    each = sa.func.json_each(sa.bindparam("among")).table_valued("value")
    return column.in_(sa.select(each.c.value))


def bound(values: Iterable[Any]) -> dict[str, str]:
    """The parameter that `among` stands for."""
    return {"among": json.dumps(list(values))}


_NUMBERS = sa.select(assets.c.id, assets.c.number).where(among(assets.c.id))


def numbers_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Id -> number, for the assets that exist."""
    return {row[0]: row[1] for row in connection.execute(_NUMBERS, bound(ids)).all()}


def models(connection: sa.Connection, ids: Iterable[str]) -> list[tuple[str, str | None]]:
    """(model id, model type) for those of `ids` that an asset was made with."""
    wanted = {folded(model_id): model_id for model_id in ids}
    found: list[tuple[str, str | None]] = []
    for part in chunks(list(wanted)):
        statement = (
            sa.select(assets.c.modelId, sa.func.max(assets.c.modelType))
            .where(assets.c.modelId.in_(part))
            .group_by(assets.c.modelId)
        )
        found += [(wanted[row[0]], row[1]) for row in connection.execute(statement)]
    return found


def tags(connection: sa.Connection, limit: int, after: str) -> list[TagCount]:
    """Tags in alphabetical order, from the one after the key `after` on."""
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
    """Collections by name, from the one after the (name, id) `after` on."""
    table = arrays["collectionIds"]
    members = table.c.value == sa.func.lower(collection_table.c.id)
    cover = (
        sa.select(assets.c.id)
        .join(table, table.c.number == assets.c.number)
        .where(members)
        .order_by(assets.c.createdAt.desc(), assets.c.id)
        .limit(1)
        .correlate(collection_table)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            collection_table.c.id,
            collection_table.c.name,
            sa.func.count(assets.c.number),
            sa.func.min(assets.c.createdAt),
            sa.func.max(assets.c.updatedAt),
            cover,
        )
        # A folder that was renamed or emptied leaves its name behind: no collection without assets.
        .join(table, members)
        .join(assets, assets.c.number == table.c.number)
        .where(sa.tuple_(collection_table.c.name, collection_table.c.id) > sa.tuple_(*after))
        .group_by(collection_table.c.id, collection_table.c.name)
        .order_by(collection_table.c.name, collection_table.c.id)
        .limit(limit)
    )
    return [CollectionCount(*row) for row in connection.execute(statement)]

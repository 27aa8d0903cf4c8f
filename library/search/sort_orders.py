"""The keys that hits are ordered by: fields, names, a random order, the score, and ties.

Names are compared as people read them: without case and accents, and numbers by value, so that
`walk_2` comes before `walk_10`. Their order is made once for each state of the library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from library.schema.fields import RANDOM
from library.schema.text_analysis import normalized
from library.store.tables import assets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.query.search_query import Order
    from library.reader.columns import Floats64
    from library.reader.snapshot import Floats, Snapshot
    from library.search.top_k import Key

_NAME = "name"
_DIGITS = 12  # to which numbers in names are filled up
_NUMBER = re.compile(r"[0-9]+")
_NAMES = sa.select(assets.c.number, assets.c.name).where(assets.c.name != "")


def sort_keys(
    connection: sa.Connection,
    snapshot: Snapshot,
    values: Floats | None,
    sort: Sequence[Order] = (),
) -> list[Key]:
    """Return what slots are ordered by: `sort`, the score in `values`, then `tie_keys`."""
    keys = [key for order in sort if (key := _order_key(connection, snapshot, order)) is not None]
    if values is not None:
        scores = values
        keys.append(lambda slots: -scores[slots])
    return [*keys, *tie_keys(snapshot)]


def tie_keys(snapshot: Snapshot) -> list[Key]:
    """Return what decides between equal slots: the newest, then a key that is never equal."""
    created = snapshot.columns["createdAt"]
    return [_ranked(created, descending=True), lambda slots: snapshot.key[slots]]


def _order_key(connection: sa.Connection, snapshot: Snapshot, order: Order) -> Key | None:
    """Return the key of one order; None for `score`, which no asset of a library has."""
    if order.field == RANDOM:
        return lambda slots: _shuffled(snapshot.key[slots], order.seed)
    if order.field == _NAME:
        ranks = _name_ranks(connection, snapshot)
        return lambda slots: _last_without(ranks[slots], descending=order.descending)
    column = snapshot.columns.get(order.field)
    return None if column is None else _ranked(column, descending=order.descending)


def _ranked(column: Any, *, descending: bool) -> Key:
    return lambda slots: _last_without(column.numbers(slots), descending=descending)


def _last_without(values: Floats64, *, descending: bool) -> Floats64:
    """Return values to order by; assets without one are last in both directions."""
    ranked: Floats64 = np.where(np.isnan(values), np.inf, -values if descending else values)
    return ranked


def _name_ranks(connection: sa.Connection, snapshot: Snapshot) -> Floats64:
    """Return (slots,) the rank of each asset's name, equal for equal names; NaN without one."""
    known = snapshot.orders.get(_NAME)
    if known is not None:
        return known
    rows = connection.execute(_NAMES).all()
    slots = snapshot.slots([row.number for row in rows])
    keys = np.array([_natural(row.name) for row in rows], dtype=object)
    ranks: Floats64 = np.full(len(snapshot.number), np.nan)
    if len(keys):
        ranks[slots] = np.unique(keys, return_inverse=True)[1]
    snapshot.orders[_NAME] = ranks
    return ranks


def _natural(name: str) -> str:
    return _NUMBER.sub(lambda number: number.group().zfill(_DIGITS), normalized(name))


def _shuffled(keys: Any, seed: int) -> Any:
    """Return distinct numbers for distinct keys (uint64), in another order for each seed.

    The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    Generators), which is a bijection.
    """
    mixed = keys ^ np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))

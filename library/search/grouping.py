"""One hit for each group of assets: the best one places the group, the first one shows it.

Costs some passes over the assets that are in groups, whatever the search is. In a large library,
whose scores are approximate until a page is made, the best hit is that of the approximate order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from library.search.scoring import mean
from library.search.sort_orders import sort_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa
    from numpy.typing import NDArray

    from library.query.search_query import Order
    from library.reader.columns import Coded, Lists
    from library.reader.snapshot import Mask, Slots, Snapshot
    from library.search.scoring import Scores


def collapsed(
    connection: sa.Connection,
    snapshot: Snapshot,
    hits: Mask,
    parts: Sequence[Scores],
    sort: Sequence[Order],
) -> Mask:
    """Return the hits that are in no group, and the best of each group."""
    members = snapshot.groups.members
    left = hits[members.slots]
    if not left.any():
        return hits
    values = mean(parts) if parts else None
    for key in sort_keys(connection, snapshot, values, sort):
        values_of = key(members.slots)
        left &= _least(values_of, left, members.begins[:-1])[members.owner] == values_of
    mask = hits.copy()
    mask[members.slots] = left
    return mask


def _least(values: NDArray[Any], left: NDArray[np.bool_], begins: Slots) -> NDArray[Any]:
    """Return (groups,) the least value of those that are left in each."""
    highest = np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    return np.minimum.reduceat(np.where(left, values, values.dtype.type(highest)), begins)


def shown(snapshot: Snapshot, hits: Mask, slots: Slots) -> Slots:
    """Return the slots of a page with each member of a group replaced by its group's first hit."""
    members = snapshot.groups.members
    codes = snapshot.groups.codes
    known = codes[members.slots[members.begins[:-1]]]  # of the groups, ascending
    result = slots.copy()
    for place in np.flatnonzero(codes[slots] >= 0):
        of_group = members.of(int(np.searchsorted(known, codes[slots[place]])))
        result[place] = of_group[hits[of_group]][0]
    return result


def surplus(snapshot: Snapshot, column: Coded | Lists, mask: Mask, values: int) -> Slots:
    """Return (values,) by how much the hits with each value outnumber their groups."""
    slots = snapshot.groups.members.slots
    slots = slots[mask[slots]]
    places, codes = column.entries(slots)
    has_value = (codes >= 0) & (codes < values)
    # Sorted: `np.unique` hashes, which takes several times as long for so many pairs.
    groups = snapshot.groups.codes[slots[places[has_value]]]
    kind = np.dtype(np.uint32 if len(snapshot.groups.ids) * values < 2**32 else np.uint64)
    count = np.array(values, kind)
    pairs = np.sort(groups.astype(kind) * count + codes[has_value].astype(kind))
    repeated = pairs[1:][pairs[1:] == pairs[:-1]]
    more: Slots = np.bincount((repeated % count).astype(np.int64), minlength=values)
    return more

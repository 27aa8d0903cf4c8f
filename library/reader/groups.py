"""The groups of assets in memory: which group each slot is in, and the members of each.

A group has a code, which is an index into `ids`; -1 is none. Immutable; `updated_groups` reads only
the rows that are new, and those of new assets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import sqlalchemy as sa

from library.store.tables import assets
from library.store.tables import groups as table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Slots: TypeAlias = NDArray[np.int64]
    Codes: TypeAlias = NDArray[np.int32]

_ROWS = sa.select(assets.c.number, table.c.group_id, table.c.place).join(
    assets, assets.c.id == table.c.asset
)
_LAST = sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0))


@dataclass(frozen=True, slots=True)
class Members:
    """The slots that are in a group, ordered by group and place."""

    slots: Slots  # (members,)
    begins: Slots  # (groups + 1,) where each group begins in `slots`, and their end
    owner: Slots  # (members,) the group of each: an index into `begins`

    def of(self, group: int) -> Slots:
        """Return the slots of one group."""
        return self.slots[self.begins[group] : self.begins[group + 1]]


@dataclass(frozen=True, slots=True)
class Groups:
    """(slots,) the code of each asset's group, and its place in it."""

    ids: list[str]  # shared by all states, which only append
    code: dict[str, int]
    codes: Codes
    places: Codes
    seq: int  # the last row of the table that was read
    _members: dict[int, Members] = field(default_factory=dict, init=False)

    @classmethod
    def empty(cls) -> Groups:
        """Return the groups of an empty library."""
        return cls.of([], np.zeros(0, np.int32), np.zeros(0, np.int32), 0)

    @classmethod
    def of(cls, ids: list[str], codes: Codes, places: Codes, seq: int) -> Groups:
        """Return the groups with these ids."""
        return cls(ids, {group: code for code, group in enumerate(ids)}, codes, places, seq)

    @property
    def members(self) -> Members:
        """The members of all groups; built at the first use."""
        if 0 not in self._members:
            slots = np.flatnonzero(self.codes >= 0)
            slots = slots[np.lexsort((slots, self.places[slots], self.codes[slots]))]
            starts = np.flatnonzero(np.diff(self.codes[slots], prepend=-1))
            begins = np.append(starts, len(slots))
            owner = np.repeat(np.arange(len(starts)), np.diff(begins))
            self._members[0] = Members(slots, begins, owner)
        return self._members[0]


def updated_groups(old: Groups, connection: sa.Connection, numbers: Slots, last: int) -> Groups:
    """Return `old` for the assets with these `numbers`; those above `last` are new."""
    seq = int(connection.execute(_LAST).scalar_one())
    added = len(numbers) - len(old.codes)
    if seq == old.seq and not added:
        return old
    rows: Sequence[Any] = connection.execute(_ROWS.where(table.c.seq > old.seq)).all()
    if added:
        rows = [*rows, *connection.execute(_ROWS.where(assets.c.number > last))]
    codes = np.concatenate([old.codes, np.full(added, -1, np.int32)])
    places = np.concatenate([old.places, np.zeros(added, np.int32)])
    if rows:
        slots = np.searchsorted(numbers, np.array([row.number for row in rows], dtype=np.int64))
        codes[slots] = [_code(old, row.group_id) for row in rows]
        places[slots] = [row.place for row in rows]
    # A replica may not have the newest rows; they are read when it has.
    return Groups(old.ids, old.code, codes, places, max(seq, old.seq))


def _code(groups: Groups, group_id: str) -> int:
    if not group_id:
        return -1
    code = groups.code.get(group_id)
    if code is None:
        code = groups.code[group_id] = len(groups.ids)
        groups.ids.append(group_id)
    return code

"""The library in memory: what ranking and sorting look at for every asset.

A `Shelf` is one state of the library, never changed; `Shelves` keeps the current one and brings
it up to date from the index, reading only what is new. A *slot* is an asset's place in the
arrays; slots are in the order of the index's numbers, and those of removed assets are dead.
Knows the tables that it reads and numpy; ranks nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import sqlalchemy as sa

from library.schema import assets, tombstones, vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from library.index import Index

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]
    Mask: TypeAlias = NDArray[np.bool_]

SPACES = ("text", "subject", "look")
_SORTED = ("createdAt", "updatedAt", "width", "height")


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one kind: `stored` as the models made them, `unit` for comparison.

    `row` (slots,) is the row of each slot's vector, -1 where it has none; `slot` (rows,) the
    inverse; `centre` what was subtracted before the unit length.
    """

    stored: Floats
    unit: Floats
    row: Slots
    slot: Slots
    centre: Floats | None

    @classmethod
    def of(cls, stored: Floats, slot: Slots, slots: int, *, centred: bool) -> Space:
        """The space of `stored` (rows, width), whose rows belong to `slot` (rows,)."""
        row = np.full(slots, -1, dtype=np.int64)
        row[slot] = np.arange(len(slot))
        centre = stored.mean(axis=0) if centred and len(stored) > 2 else None
        space = cls(stored, stored, row, slot, centre)
        return cls(stored, space.comparable(stored), row, slot, centre)

    def comparable(self, given: Floats) -> Floats:
        """`given` (n, width) centred as the library is, and of unit length."""
        moved = given if self.centre is None else given - self.centre
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        unit: Floats = (moved / np.where(length > 0, length, 1)).astype(np.float32)
        return unit

    def cosines(self, query: Floats) -> Floats:
        """(slots,) inner product of each slot's vector with `query` (width,); NaN for none."""
        found = np.full(len(self.row), np.nan, dtype=np.float32)
        found[self.slot] = self.unit @ query
        return found


@dataclass(frozen=True, slots=True)
class Shelf:
    """One state of the library."""

    generation: int
    tombstone: int  # the last one seen
    number: Slots  # (slots,) rising
    alive: Mask
    key: NDArray[np.uint64]  # a stable order among equals, from the id
    column: Mapping[str, NDArray[np.float64]]  # what can be sorted by; NaN where missing
    space: Mapping[str, Space]

    def slots(self, numbers: Iterable[int]) -> Slots:
        """The slots of those numbers that the shelf has, in the same order."""
        wanted = np.asarray(numbers, dtype=np.int64)
        place = np.searchsorted(self.number, wanted)
        known = place < len(self.number)
        known[known] = self.number[place[known]] == wanted[known]
        return place[known]

    def mask(self, numbers: Sequence[int]) -> Mask:
        """(slots,) true for the assets with these numbers."""
        found = np.zeros(len(self.number), dtype=np.bool_)
        found[self.slots(numbers)] = True
        return found


class Shelves:
    """The current shelf of an index; safe to ask from several threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._current: Shelf | None = None

    def at(self, connection: sa.Connection) -> Shelf:
        """The shelf for the state of the library that `connection` sees."""
        generation = self._index.generation(connection)
        shelf = self._current
        if shelf is not None and shelf.generation >= generation:
            return shelf
        with self._lock:
            shelf = self._current
            if shelf is None or shelf.generation < generation:
                shelf = self._current = _advanced(shelf, connection, generation)
            return shelf


def _stable(asset_id: str) -> int:
    return int.from_bytes(blake2b(asset_id.encode(), digest_size=8).digest(), "big")


def _advanced(old: Shelf | None, connection: sa.Connection, generation: int) -> Shelf:
    """`old` with what the library has gained and lost since."""
    last = -1 if old is None or not len(old.number) else int(old.number[-1])
    columns = (assets.c.number, assets.c.id, *(assets.c[name] for name in _SORTED))
    new = connection.execute(
        sa.select(*columns).where(assets.c.number > last).order_by(assets.c.number)
    ).all()
    number = np.array([row[0] for row in new], dtype=np.int64)
    key = np.array([_stable(row[1]) for row in new], dtype=np.uint64)
    column = {
        name: np.array([row[place] for row in new], dtype=np.float64)
        for place, name in enumerate(_SORTED, start=2)
    }
    alive = np.ones(len(new), dtype=np.bool_)
    if old is not None:
        number = np.concatenate([old.number, number])
        key = np.concatenate([old.key, key])
        column = {name: np.concatenate([old.column[name], column[name]]) for name in _SORTED}
        alive = np.concatenate([old.alive, alive])
    seen = 0 if old is None else old.tombstone
    gone = connection.execute(
        sa.select(tombstones.c.seq, tombstones.c.number)
        .where(tombstones.c.seq > seen)
        .order_by(tombstones.c.seq)
    ).all()
    shelf = Shelf(
        generation, int(gone[-1].seq) if gone else seen, number, alive, key, column, space={}
    )
    alive[shelf.slots([row.number for row in gone])] = False
    added = connection.execute(sa.select(vectors).where(vectors.c.number > last)).all()
    space = {name: _space(name, old, shelf, added) for name in SPACES}
    return Shelf(generation, shelf.tombstone, number, alive, key, column, space)


def _space(name: str, old: Shelf | None, shelf: Shelf, added: Sequence[sa.Row[Any]]) -> Space:
    """The space of that name with the vectors of `added` rows."""
    having = [row for row in added if getattr(row, name) is not None]
    slot = shelf.slots([row.number for row in having])
    blobs = [np.frombuffer(getattr(row, name), dtype="<f2") for row in having]
    stored = np.array(blobs, dtype=np.float32) if blobs else np.zeros((0, 0), dtype=np.float32)
    if old is not None and len(old.space[name].slot):
        earlier = old.space[name]
        slot = np.concatenate([earlier.slot, slot])
        stored = np.concatenate([earlier.stored, stored]) if blobs else earlier.stored
    return Space.of(stored, slot, len(shelf.number), centred=name == "subject")

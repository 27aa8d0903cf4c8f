"""The vectors of one kind, and how near each asset is to a query.

A small space is compared exactly, in full floats. A large one is kept as bytes in fewer
dimensions: centred, turned onto the directions in which the library varies most (PCA), cut to
`REDUCED` of them and rounded to int8. That is 128 MB for a million assets, and one pass over it
takes about as long as reading it; the best of the pass are then compared exactly from the table
of vectors (`exact`). Knows numpy, numkong's kernels and the vector tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numkong
import numpy as np
import sqlalchemy as sa

from library.listings import among, bound
from library.schema import vectors
from library.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]
    Mask: TypeAlias = NDArray[np.bool_]

EXACT_MOST = 5_000  # vectors that are kept whole
REDUCED = 128  # dimensions of a large space
SAMPLE = 20_000  # vectors that the directions are found from
_DENSE = 4  # a mask that keeps less than one in so many is gathered before comparing
CENTRED = frozenset({"subject"})  # spaces whose library mean tells nothing


@dataclass(frozen=True, slots=True)
class Reduction:
    """Comparable vectors -> bytes: times `turn` (width, reduced), times `scale`, rounded."""

    turn: Floats
    scale: float


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors in rows: `row` (slots,) is each slot's row or -1, `slot` (rows,) the inverse."""

    name: str
    row: Strip
    slot: Strip
    kept: Strip  # (rows, width) float32 as the models made them, or (rows, reduced) int8
    unit: Floats  # (rows, width) for comparison; empty in a reduced space
    centre: Floats | None
    reduction: Reduction | None

    @classmethod
    def empty(cls, name: str) -> Space:
        """No vectors."""
        nothing = np.zeros((0, 0), dtype=np.float32)
        strip = Strip.empty(np.int32)
        return cls(name, strip, strip, Strip.of(nothing), nothing, None, None)

    def __len__(self) -> int:
        return len(self.slot.rows)

    @property
    def width(self) -> int:
        """Values of a vector as the models make it; 0 before the first."""
        if self.reduction is not None:
            return len(self.reduction.turn)
        return int(self.kept.rows.shape[1]) if len(self) else 0

    def grown(self, given: Floats, slots: Slots, total: int) -> Space:
        """This space for `total` slots, with the vectors `given` of `slots` behind it."""
        row = np.full(total - len(self.row.rows), -1, dtype=np.int32)
        row[slots - len(self.row.rows)] = np.arange(len(slots), dtype=np.int32) + len(self)
        rows = self.row.grown(row)
        if not len(given):
            return replace(self, row=rows)
        slot = self.slot.grown(slots.astype(np.int32))
        if self.reduction is not None:
            kept = self.kept.grown(self.bytes(given))
            return replace(self, row=rows, slot=slot, kept=kept)
        kept = self.kept.grown(given) if len(self) else Strip.of(given)
        whole = replace(self, row=rows, slot=slot, kept=kept)
        return whole.reduced() if len(whole) > EXACT_MOST else whole.prepared()

    def prepared(self) -> Space:
        """This small space with its vectors made comparable."""
        given: Floats = self.kept.rows
        centred = self.name in CENTRED and len(given) > 2
        space = replace(self, centre=given.mean(axis=0) if centred else None)
        return replace(space, unit=space.comparable(given))

    def reduced(self) -> Space:
        """This space as bytes in fewer dimensions."""
        given: Floats = self.kept.rows
        space = self.fitted(given[:: max(1, len(given) // SAMPLE)])
        kept = space.kept
        for start in range(0, len(given), SAMPLE):
            kept = kept.grown(space.bytes(given[start : start + SAMPLE]))
        return replace(space, kept=kept)

    def fitted(self, sample: Floats) -> Space:
        """A reduced space whose directions are those of `sample`, with no vectors in it yet."""
        centre = sample.mean(axis=0) if self.name in CENTRED else None
        space = replace(self, centre=centre, unit=sample[:0])
        unit = space.comparable(sample)
        # Inner products are to be kept, so the directions are those of the second moment.
        _, turn = np.linalg.eigh(unit.T @ unit)
        turn = np.ascontiguousarray(turn[:, ::-1][:, :REDUCED], dtype=np.float32)
        scale = 127.0 / float(np.quantile(np.abs(unit @ turn), 0.9999) or 1.0)
        kept = Strip.empty(np.int8, turn.shape[1])
        return replace(space, kept=kept, reduction=Reduction(turn, scale))

    def bytes(self, given: Floats) -> NDArray[np.int8]:
        """(n, reduced) of vectors (n, width) as the models made them."""
        if self.reduction is None:
            raise TypeError("the space is not reduced")
        turned = self.comparable(given) @ self.reduction.turn
        found: NDArray[np.int8] = np.clip(np.rint(turned * self.reduction.scale), -127, 127).astype(
            np.int8
        )
        return found

    def comparable(self, given: Floats) -> Floats:
        """`given` (n, width) centred as the library is, and of unit length."""
        moved = given if self.centre is None else given - self.centre
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        unit: Floats = (moved / np.where(length > 0, length, 1)).astype(np.float32)
        return unit

    def has(self) -> Mask:
        """(slots,) which slots have a vector."""
        return np.asarray(self.row.rows >= 0)

    def near(self, query: Floats, mask: Mask) -> tuple[Slots, Floats]:
        """The slots of `mask` that have a vector, and their inner products with `query` (width,).

        When most slots are asked for, those beside `mask` are answered as well, which is quicker
        than leaving them out. Approximate in a reduced space; see `exact`.
        """
        wanted = mask[self.slot.rows]
        if np.count_nonzero(wanted) * _DENSE < len(wanted):
            rows = np.flatnonzero(wanted)
            return self.slot.rows[rows].astype(np.int64), self._products(query, rows)
        return self.slot.rows, self._products(query, None)

    def _products(self, query: Floats, rows: Slots | None) -> Floats:
        if self.reduction is None:
            unit = self.unit if rows is None else self.unit[rows]
            found: Floats = unit @ query
            return found
        kept = self.kept.rows if rows is None else self.kept.rows[rows]
        turned = query @ self.reduction.turn
        scale = 127.0 / float(np.abs(turned).max() or 1.0)
        asked = np.rint(turned * scale).astype(np.int8)[None]
        products = np.empty((1, len(kept)), dtype=np.float32)
        if len(kept):
            numkong.cdist(asked, np.ascontiguousarray(kept), "dot", out=products)
        products *= np.float32(1 / (scale * self.reduction.scale))
        reached: Floats = products[0]
        return reached

    def exact(
        self, connection: sa.Connection, query: Floats, slots: Slots, number: Slots
    ) -> Floats:
        """(slots,) inner products of those slots, compared exactly; NaN where there is no vector.

        `number` (all slots,) tells the rows of the table.
        """
        found = np.full(len(slots), np.nan, dtype=np.float32)
        rows = self.row.rows[slots]
        has = rows >= 0
        if self.reduction is None:
            found[has] = self.unit[rows[has]] @ query
            return found
        numbers = number[slots[has]]
        known, given = stored(connection, self.name, numbers.tolist())
        products = self.comparable(given) @ query if len(known) else np.zeros(1, np.float32)
        place = np.minimum(np.searchsorted(known, numbers), max(0, len(known) - 1))
        # An asset that another process removed since is compared as if it were nowhere near.
        there = known[place] == numbers if len(known) else np.zeros(len(numbers), np.bool_)
        found[has] = np.where(there, products[place], np.float32(0))
        return found

    def vector(self, connection: sa.Connection, slot: int, number: int) -> Floats | None:
        """(width,) the comparable vector of one slot, or None."""
        row = int(self.row.rows[slot])
        if row < 0:
            return None
        if self.reduction is None:
            unit: Floats = self.unit[row]
            return unit
        _, given = stored(connection, self.name, [number])
        found: Floats = self.comparable(given)[0]
        return found


_STORED = {
    name: sa.select(table).where(among(table.c.number)).order_by(table.c.number)
    for name, table in vectors.items()
}


def stored(connection: sa.Connection, name: str, numbers: Sequence[int]) -> tuple[Slots, Floats]:
    """(n,) the numbers that have a vector, rising, and (n, width) their vectors as made."""
    rows = connection.execute(_STORED[name], bound(numbers)).all()
    return np.array([row[0] for row in rows], dtype=np.int64), floats([row[1] for row in rows])


def floats(blobs: Sequence[bytes]) -> Floats:
    """(n, width) of vectors as the tables keep them."""
    if not blobs:
        return np.zeros((0, 0), dtype=np.float32)
    joined = np.frombuffer(b"".join(blobs), dtype="<f2")
    return joined.reshape(len(blobs), -1).astype(np.float32)

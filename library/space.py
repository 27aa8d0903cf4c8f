"""The vectors of one kind, and how near each asset is to a query.

A small space is compared exactly, in full floats. A large one is kept as bytes in fewer
dimensions: centred, turned onto the directions in which the library varies most (PCA), cut to
`REDUCED` of them and rounded to int8. That is 128 MB for a million assets. A query passes over the
first `COARSE` of them for every asset (`near`), over the others for the best of that pass
(`refined`), and the best of those are compared exactly from the table of vectors (`exact`). Knows
numpy, numkong's kernels and the vector tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

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
COARSE = 64  # of them, the first, are compared for every asset
SAMPLE = 20_000  # vectors that the directions are found from
_DENSE = 4  # a mask that keeps less than one in so many is gathered before comparing
CENTRED = frozenset({"subject"})  # spaces whose library mean tells nothing


@dataclass(frozen=True, slots=True)
class Reduction:
    """Comparable vectors -> bytes: times `turn` (width, reduced), times `scale`, rounded."""

    turn: Floats
    scale: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as a space compares it: exactly, and as bytes where the space is reduced."""

    vector: Floats  # (width,) comparable
    reduced: NDArray[np.int8]  # (REDUCED,), or (0,)
    scale: float  # times this, an inner product of bytes is one of vectors


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors in rows: `row` (slots,) is each slot's row or -1, `slot` (rows,) the inverse."""

    name: str
    row: Strip
    slot: Strip
    kept: Strip  # (rows, width) float32 as the models made them, or (rows, COARSE) int8
    finer: Strip  # (rows, REDUCED - COARSE) int8; empty in a small space
    unit: Floats  # (rows, width) for comparison; empty in a reduced space
    centre: Floats | None
    reduction: Reduction | None

    @classmethod
    def empty(cls, name: str) -> Space:
        """No vectors."""
        nothing = np.zeros((0, 0), dtype=np.float32)
        strip = Strip.empty(np.int32)
        finer = Strip.empty(np.int8, REDUCED - COARSE)
        return cls(name, strip, strip, Strip.of(nothing), finer, nothing, None, None)

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
            return replace(self, row=rows, slot=slot).with_bytes(given)
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
        space = self.fitted(given[:: max(1, len(given) // SAMPLE)], len(given))
        for start in range(0, len(given), SAMPLE):
            space = space.with_bytes(given[start : start + SAMPLE])
        return space

    def fitted(self, sample: Floats, room: int) -> Space:
        """A reduced space whose directions are those of `sample`: no vectors yet, room for some."""
        centre = sample.mean(axis=0) if self.name in CENTRED else None
        # Nothing of the sample itself, of which a slice would keep all.
        space = replace(self, centre=centre, unit=np.zeros((0, 0), dtype=np.float32))
        unit = space.comparable(sample)
        # Inner products are to be kept, so the directions are those of the second moment.
        _, turn = np.linalg.eigh(unit.T @ unit)
        turn = np.ascontiguousarray(turn[:, ::-1][:, :REDUCED], dtype=np.float32)
        scale = 127.0 / float(np.quantile(np.abs(unit @ turn), 0.9999) or 1.0)
        # Shorter vectors have no more directions; the columns that are left over stay zero.
        turn = np.pad(turn, ((0, 0), (0, REDUCED - turn.shape[1])))
        return replace(
            space,
            kept=Strip.empty(np.int8, COARSE, room),
            finer=Strip.empty(np.int8, REDUCED - COARSE, room),
            reduction=Reduction(turn, scale),
        )

    def with_bytes(self, given: Floats) -> Space:
        """This reduced space with these vectors (n, width), as the models made them, behind it."""
        if self.reduction is None:
            raise TypeError("the space is not reduced")
        turned = self.comparable(given) @ self.reduction.turn
        found = np.clip(np.rint(turned * self.reduction.scale), -127, 127).astype(np.int8)
        return replace(
            self,
            kept=self.kept.grown(found[:, :COARSE]),
            finer=self.finer.grown(found[:, COARSE:]),
        )

    def comparable(self, given: Floats) -> Floats:
        """`given` (n, width) centred as the library is, and of unit length."""
        # One copy, worked on in place: the sample of a large library has a hundred megabytes.
        unit: Floats = given - (np.float32(0) if self.centre is None else self.centre)
        length = np.sqrt(np.einsum("ij,ij->i", unit, unit))[:, None]
        unit /= np.where(length > 0, length, np.float32(1))
        return unit

    def has(self) -> Mask:
        """(slots,) which slots have a vector."""
        return np.asarray(self.row.rows >= 0)

    def asked(self, vector: Floats) -> Asked:
        """What a comparable vector (width,) is compared as."""
        if self.reduction is None:
            return Asked(vector, np.zeros(0, np.int8), 1.0)
        turned = vector @ self.reduction.turn
        scale = 127.0 / float(np.abs(turned).max() or 1.0)
        reduced = np.rint(turned * scale).astype(np.int8)
        return Asked(vector, reduced, 1 / (scale * self.reduction.scale))

    def near(self, asked: Asked, mask: Mask) -> tuple[Slots, Floats]:
        """The slots of `mask` that have a vector, and their inner products with what is asked.

        When most slots are wanted, those beside `mask` are answered as well, which is quicker
        than leaving them out. Coarse in a reduced space; see `refined` and `exact`.
        """
        slot = self.slot.rows
        wanted = mask if len(slot) == len(mask) else mask[slot]
        if np.count_nonzero(wanted) * _DENSE < len(wanted):
            rows = np.flatnonzero(wanted)
            return slot[rows].astype(np.int64), self._products(asked, self.kept.rows[rows], rows)
        return slot, self._products(asked, self.kept.rows, slice(None))

    def _products(self, asked: Asked, kept: NDArray[Any], rows: Slots | slice) -> Floats:
        if self.reduction is None:
            found: Floats = self.unit[rows] @ asked.vector
            return found
        products = np.empty((1, len(kept)), dtype=np.float32)
        if len(kept):
            # The rows are contiguous: a whole strip, or a copy.
            numkong.cdist(asked.reduced[None, :COARSE], kept, "dot", out=products)
        products *= np.float32(asked.scale)
        reached: Floats = products[0]
        return reached

    def refined(self, asked: Asked, slots: Slots) -> Floats:
        """(slots,) what the dimensions that `near` leaves out add to their products."""
        return self._part(asked, slots, self.finer, asked.reduced[COARSE:])

    def approximate(self, asked: Asked, slots: Slots) -> Floats:
        """(slots,) the products of those slots in all dimensions that a reduced space keeps."""
        coarse = self._part(asked, slots, self.kept, asked.reduced[:COARSE])
        return coarse + self.refined(asked, slots)

    def _part(self, asked: Asked, slots: Slots, of: Strip, reduced: NDArray[np.int8]) -> Floats:
        found = np.zeros(len(slots), dtype=np.float32)
        rows = self.row.rows[slots]
        has = rows >= 0
        products = of.rows[rows[has]].astype(np.float32) @ reduced.astype(np.float32)
        found[has] = products * np.float32(asked.scale)
        return found

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

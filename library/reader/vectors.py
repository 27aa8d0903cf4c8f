"""The vectors of one kind in memory, and their inner products with a query.

A small space has full floats and exact products. A large one is quantized: its vectors are
centred, rotated onto the directions of largest variance (PCA), cut to `REDUCED` dimensions and
rounded to int8, which takes 128 MB for a million assets. A query multiplies the first `COARSE` of
them for every asset (`products`) and the others for the best of those (`refined`); the best of
these are compared exactly with the vectors of the database (`exact`). Knows numpy, simsimd's
kernels and the vector tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import simsimd
import sqlalchemy as sa

from library.reader.growable_array import GrowableArray
from library.store.vectors import read_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]
    Mask: TypeAlias = NDArray[np.bool_]

EXACT_MOST = 5_000  # vectors that stay full floats
REDUCED = 128  # dimensions of a large space
COARSE = 64  # the first of them, compared for every asset
SAMPLE = 20_000  # vectors that the directions are computed from
_DENSE = 4  # with fewer than one candidate in so many, they are gathered before comparing
CENTRED = frozenset({"subject"})  # spaces whose mean over the library carries no information


@dataclass(frozen=True, slots=True)
class Reduction:
    """Comparable vectors -> bytes: times `rotation` (width, reduced), times `scale`, rounded."""

    rotation: Floats
    scale: float


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A query vector for one space: exact, and as bytes where the space is reduced."""

    vector: Floats  # (width,) comparable
    reduced: NDArray[np.int8]  # (REDUCED,), or (0,)
    scale: float  # times an inner product of bytes, it is one of vectors


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """Vectors in rows: `row` (slots,) is each slot's row or -1, `slot` (rows,) the inverse."""

    name: str
    row: GrowableArray
    slot: GrowableArray
    coarse: GrowableArray  # (rows, width) float32 as embedded, or (rows, COARSE) int8
    fine: GrowableArray  # (rows, REDUCED - COARSE) int8; empty in a small space
    unit: Floats  # (rows, width) for comparison; empty in a reduced space
    centre: Floats | None
    reduction: Reduction | None

    @classmethod
    def empty(cls, name: str) -> VectorSpace:
        """Return a space without vectors."""
        nothing = np.zeros((0, 0), dtype=np.float32)
        slots = GrowableArray.empty(np.int32)
        fine = GrowableArray.empty(np.int8, REDUCED - COARSE)
        return cls(name, slots, slots, GrowableArray.of(nothing), fine, nothing, None, None)

    def __len__(self) -> int:
        return len(self.slot.rows)

    @property
    def width(self) -> int:
        """The dimensions of a vector as embedded; 0 before the first."""
        if self.reduction is not None:
            return len(self.reduction.rotation)
        return int(self.coarse.rows.shape[1]) if len(self) else 0

    def grown(self, vectors: Floats, slots: Slots, total: int) -> VectorSpace:
        """Return this space for `total` slots, with the vectors (n, width) of `slots` appended."""
        row = np.full(total - len(self.row.rows), -1, dtype=np.int32)
        row[slots - len(self.row.rows)] = np.arange(len(slots), dtype=np.int32) + len(self)
        rows = self.row.grown(row)
        if not len(vectors):
            return replace(self, row=rows)
        slot = self.slot.grown(slots.astype(np.int32))
        if self.reduction is not None:
            return replace(self, row=rows, slot=slot).with_quantized(vectors)
        coarse = self.coarse.grown(vectors) if len(self) else GrowableArray.of(vectors)
        whole = replace(self, row=rows, slot=slot, coarse=coarse)
        return whole.reduced() if len(whole) > EXACT_MOST else whole.prepared()

    def prepared(self) -> VectorSpace:
        """Return this small space with its comparable vectors."""
        vectors: Floats = self.coarse.rows
        centred = self.name in CENTRED and len(vectors) > 2
        space = replace(self, centre=vectors.mean(axis=0) if centred else None)
        return replace(space, unit=space.comparable(vectors))

    def reduced(self) -> VectorSpace:
        """Return this space quantized in fewer dimensions."""
        vectors: Floats = self.coarse.rows
        space = self.fitted(vectors[:: max(1, len(vectors) // SAMPLE)], len(vectors))
        for start in range(0, len(vectors), SAMPLE):
            space = space.with_quantized(vectors[start : start + SAMPLE])
        return space

    def fitted(self, sample: Floats, room: int) -> VectorSpace:
        """Return an empty reduced space with the directions of `sample` and capacity for `room`."""
        centre = sample.mean(axis=0) if self.name in CENTRED else None
        # No view of the sample, which would keep all of it in memory.
        space = replace(self, centre=centre, unit=np.zeros((0, 0), dtype=np.float32))
        unit = space.comparable(sample)
        # Inner products must be preserved, so the directions are those of the second moment.
        _, rotation = np.linalg.eigh(unit.T @ unit)
        rotation = np.ascontiguousarray(rotation[:, ::-1][:, :REDUCED], dtype=np.float32)
        scale = 127.0 / float(np.quantile(np.abs(unit @ rotation), 0.9999) or 1.0)
        # Shorter vectors have fewer directions; the remaining columns are zero.
        rotation = np.pad(rotation, ((0, 0), (0, REDUCED - rotation.shape[1])))
        return replace(
            space,
            coarse=GrowableArray.empty(np.int8, COARSE, room),
            fine=GrowableArray.empty(np.int8, REDUCED - COARSE, room),
            reduction=Reduction(rotation, scale),
        )

    def with_quantized(self, vectors: Floats) -> VectorSpace:
        """Return this reduced space with these vectors (n, width), as embedded, appended."""
        if self.reduction is None:
            raise TypeError("the space is not reduced")
        rotated = self.comparable(vectors) @ self.reduction.rotation
        quantized = np.clip(np.rint(rotated * self.reduction.scale), -127, 127).astype(np.int8)
        return replace(
            self,
            coarse=self.coarse.grown(quantized[:, :COARSE]),
            fine=self.fine.grown(quantized[:, COARSE:]),
        )

    def comparable(self, vectors: Floats) -> Floats:
        """Return `vectors` (n, width) minus the library's mean where centred, of unit length."""
        # One copy, changed in place: the sample of a large library has a hundred megabytes.
        unit: Floats = vectors - (np.float32(0) if self.centre is None else self.centre)
        length = np.sqrt(np.einsum("ij,ij->i", unit, unit))[:, None]
        unit /= np.where(length > 0, length, np.float32(1))
        return unit

    def has(self) -> Mask:
        """Return (slots,) which slots have a vector."""
        return np.asarray(self.row.rows >= 0)

    def query(self, vector: Floats) -> QueryVector:
        """Return a comparable vector (width,) as a query."""
        if self.reduction is None:
            return QueryVector(vector, np.zeros(0, np.int8), 1.0)
        rotated = vector @ self.reduction.rotation
        scale = 127.0 / float(np.abs(rotated).max() or 1.0)
        reduced = np.rint(rotated * scale).astype(np.int8)
        return QueryVector(vector, reduced, 1 / (scale * self.reduction.scale))

    def products(self, query: QueryVector, mask: Mask) -> tuple[Slots, Floats]:
        """Return the slots of `mask` that have a vector, and their inner products with `query`.

        When `mask` has most slots, the result includes the others too, which is faster than
        leaving them out. Coarse in a reduced space; see `refined` and `exact`.
        """
        slot = self.slot.rows
        wanted = mask if len(slot) == len(mask) else mask[slot]
        if np.count_nonzero(wanted) * _DENSE < len(wanted):
            rows = np.flatnonzero(wanted)
            return slot[rows].astype(np.int64), self._products(query, self.coarse.rows[rows], rows)
        return slot, self._products(query, self.coarse.rows, slice(None))

    def _products(self, query: QueryVector, coarse: NDArray[Any], rows: Slots | slice) -> Floats:
        if self.reduction is None:
            exact: Floats = self.unit[rows] @ query.vector
            return exact
        products = np.empty((1, len(coarse)), dtype=np.float32)
        if len(coarse):
            # The rows are contiguous: a whole array, or a copy.
            simsimd.cdist(query.reduced[None, :COARSE], coarse, "dot", out=products)
        products *= np.float32(query.scale)
        scaled: Floats = products[0]
        return scaled

    def refined(self, query: QueryVector, slots: Slots) -> Floats:
        """Return (slots,) what the dimensions that `products` leaves out add to it."""
        return self._partial_products(query, slots, self.fine, query.reduced[COARSE:])

    def approximate(self, query: QueryVector, slots: Slots) -> Floats:
        """Return (slots,) the products in all dimensions of a reduced space."""
        coarse = self._partial_products(query, slots, self.coarse, query.reduced[:COARSE])
        return coarse + self.refined(query, slots)

    def _partial_products(
        self, query: QueryVector, slots: Slots, stored: GrowableArray, reduced: NDArray[np.int8]
    ) -> Floats:
        result = np.zeros(len(slots), dtype=np.float32)
        rows = self.row.rows[slots]
        has = rows >= 0
        products = stored.rows[rows[has]].astype(np.float32) @ reduced.astype(np.float32)
        result[has] = products * np.float32(query.scale)
        return result

    def exact(
        self, connection: sa.Connection, vector: Floats, slots: Slots, number: Slots
    ) -> Floats:
        """Return (slots,) the exact inner products with `vector`; NaN for a slot without a vector.

        `number` (all slots,) has the numbers of the assets in the database.
        """
        result = np.full(len(slots), np.nan, dtype=np.float32)
        rows = self.row.rows[slots]
        has = rows >= 0
        if self.reduction is None:
            result[has] = self.unit[rows[has]] @ vector
            return result
        numbers = number[slots[has]]
        known, vectors = read_vectors(connection, self.name, numbers.tolist())
        products = self.comparable(vectors) @ vector if len(known) else np.zeros(1, np.float32)
        index = np.minimum(np.searchsorted(known, numbers), max(0, len(known) - 1))
        # An asset that another process has removed meanwhile gets the product 0.
        exists = known[index] == numbers if len(known) else np.zeros(len(numbers), np.bool_)
        result[has] = np.where(exists, products[index], np.float32(0))
        return result

    def vector(self, connection: sa.Connection, slot: int, number: int) -> Floats | None:
        """Return (width,) the comparable vector of one slot, or None."""
        row = int(self.row.rows[slot])
        if row < 0:
            return None
        if self.reduction is None:
            unit: Floats = self.unit[row]
            return unit
        _, vectors = read_vectors(connection, self.name, [number])
        comparable: Floats = self.comparable(vectors)[0]
        return comparable

"""The library in memory: what filtering, ranking and sorting need of every asset.

A `Snapshot` is one immutable state of the library; a *slot* is an asset's index in its arrays.
Slots are in the order of the index's numbers, and those of deleted assets are not alive. `updated`
returns the next state and reads only what is new. Knows the tables that it reads; ranks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import sqlalchemy as sa

from library.reader.columns import COLUMN_FIELDS, Coded, Column, Lists, Raw, empty_column
from library.reader.groups import Groups, updated_groups
from library.reader.growable_array import GrowableArray
from library.reader.postings import Part, Postings, append_segment, build_segment
from library.reader.vectors import EXACT_MOST, SAMPLE, VectorSpace
from library.schema.fields import FIELDS, UNSEARCHED, WEIGHTS, Type
from library.store.backends.dialects import octets
from library.store.listings import numbers_of
from library.store.tables import arrays, assets, tombstones, vectors, words
from library.store.vectors import read_vectors, to_floats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]
    Mask: TypeAlias = NDArray[np.bool_]

SPACES = ("text", "subject", "look")
_BATCH = 10_000  # assets read at a time, which bounds the memory for reading a large library
_VECTORS_BATCH = 4_000  # the same for vectors, which are longer
_SINGLE = tuple(of for of in COLUMN_FIELDS if of.type is not Type.ARRAY)
_ARRAYS = tuple(of for of in COLUMN_FIELDS if of.type is Type.ARRAY)
# A text has as many bytes as characters when it is ASCII (and no NUL ends its length early).
_NON_ASCII = sa.or_(
    *(
        sa.func.coalesce(
            octets(assets.c[of.name]) != sa.func.length(assets.c[of.name]),
            sa.false(),
        )
        for of in FIELDS.values()
        if of.long
    )
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the library."""

    uid: str  # of the library, "" before it is known
    generation: int
    tombstone: int  # the last one that was read
    numbers: GrowableArray  # (slots,) ascending
    keys: GrowableArray  # (slots,) a stable order of ties, from the id
    alive: Mask  # (slots,) which assets are not deleted
    non_ascii: GrowableArray  # (slots,) which assets have a long text that is not ASCII
    groups: Groups
    columns: Mapping[str, Column]
    spaces: Mapping[str, VectorSpace]
    postings: Postings
    unsearched: Postings  # of the columns that only filters read
    # Cache of `search.facets`: field -> (values,) how many living assets have each.
    totals: dict[str, Slots] = field(default_factory=dict, init=False)
    # Cache of `search.sort_orders`: field -> (slots,) what orders by it.
    orders: dict[str, NDArray[np.float64]] = field(default_factory=dict, init=False)
    # Cache of `search.filter_eval`: condition -> (slots,) as bits, which assets it holds for.
    filter_results: dict[Any, NDArray[np.uint8]] = field(default_factory=dict, init=False)

    @classmethod
    def empty(cls, uid: str = "") -> Snapshot:
        """Return the state of an empty library."""
        return cls(
            uid=uid,
            generation=-1,
            tombstone=0,
            numbers=GrowableArray.empty(np.int64),
            keys=GrowableArray.empty(np.uint64),
            alive=np.zeros(0, dtype=np.bool_),
            non_ascii=GrowableArray.empty(np.bool_),
            groups=Groups.empty(),
            columns={of.name: empty_column(of) for of in COLUMN_FIELDS},
            spaces={name: VectorSpace.empty(name) for name in SPACES},
            postings=(),
            unsearched=(),
        )

    @property
    def number(self) -> Slots:
        """(slots,) the number of each asset in the index."""
        numbers: Slots = self.numbers.rows
        return numbers

    @property
    def key(self) -> NDArray[np.uint64]:
        """(slots,) a number that orders ties the same way each time."""
        keys: NDArray[np.uint64] = self.keys.rows
        return keys

    @property
    def last(self) -> int:
        """The highest number of an asset."""
        return int(self.number[-1]) if len(self.number) else 0

    def slots(self, numbers: Iterable[int]) -> Slots:
        """Return the slots of those numbers that exist here, in the same order."""
        wanted = np.fromiter(numbers, dtype=np.int64)
        slots = np.searchsorted(self.number, wanted)
        exists = slots < len(self.number)
        exists[exists] = self.number[slots[exists]] == wanted[exists]
        return slots[exists]

    def slots_of(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
        """Return id -> slot for the living assets among `ids`."""
        numbers = numbers_of(connection, ids)
        slots = self.slots(numbers.values()) if numbers else ()
        return {
            name: int(slot) for name, slot in zip(numbers, slots, strict=False) if self.alive[slot]
        }

    def mask(self, numbers: Sequence[int]) -> Mask:
        """Return (slots,) true for the assets with these numbers."""
        mask = np.zeros(len(self.number), dtype=np.bool_)
        mask[self.slots(numbers)] = True
        return mask


def updated(old: Snapshot, connection: sa.Connection, generation: int) -> Snapshot:
    """Return `old` with the changes of the library since, as `connection` sees it.

    Vectors are read last: they use the memory that reading the words has released.
    """
    snapshot = _with_reduced_spaces(old, connection)
    while True:
        longer = _with_assets(snapshot, connection)
        if longer is snapshot:
            break
        snapshot = longer
    groups = updated_groups(snapshot.groups, connection, snapshot.number, old.last)
    snapshot = replace(snapshot, groups=groups)
    snapshot = _with_words(snapshot, connection, old.last)
    for start in range(len(old.number), len(snapshot.number), _VECTORS_BATCH):
        snapshot = _with_vectors(
            snapshot, connection, start, min(start + _VECTORS_BATCH, len(snapshot.number))
        )
    deleted = connection.execute(
        sa.select(tombstones.c.seq, tombstones.c.number)
        .where(tombstones.c.seq > old.tombstone)
        .order_by(tombstones.c.seq)
    ).all()
    if not deleted:
        return replace(snapshot, generation=generation)
    alive = snapshot.alive.copy()
    alive[snapshot.slots([row.number for row in deleted])] = False
    return replace(snapshot, generation=generation, tombstone=int(deleted[-1].seq), alive=alive)


def _with_reduced_spaces(snapshot: Snapshot, connection: sa.Connection) -> Snapshot:
    """Return an empty snapshot whose spaces that will be large are reduced, from a sample."""
    if len(snapshot.number):
        return snapshot
    # Counted in `assets`, whose rows are narrow: counting a table of vectors takes longer.
    count = connection.execute(sa.select(sa.func.count()).select_from(assets)).scalar_one()
    if count <= EXACT_MOST:
        return snapshot
    every = max(1, count // SAMPLE)
    chosen = sa.select(assets.c.number).where(assets.c.number % every == 0)
    statement = chosen.order_by(assets.c.number).limit(SAMPLE)
    numbers = connection.execute(statement).scalars().all()
    spaces = dict(snapshot.spaces)
    for name, space in spaces.items():
        _, sample = read_vectors(connection, name, numbers)
        if len(sample) * every > EXACT_MOST:
            spaces[name] = space.fitted(sample, count)
    return replace(snapshot, spaces=spaces)


def _with_assets(snapshot: Snapshot, connection: sa.Connection) -> Snapshot:
    """Return `snapshot` with the next assets appended; itself when there are none."""
    selected = (assets.c.number, assets.c.id, _NON_ASCII, *(assets.c[of.name] for of in _SINGLE))
    new = connection.execute(
        sa.select(*selected)
        .where(assets.c.number > snapshot.last)
        .order_by(assets.c.number)
        .limit(_BATCH)
    ).all()
    if not new:
        return snapshot
    number, ids, non_ascii, *values = zip(*new, strict=True)
    longer = replace(
        snapshot,
        numbers=snapshot.numbers.grown(np.array(number, dtype=np.int64)),
        keys=snapshot.keys.grown(
            np.array([_stable_key(asset_id) for asset_id in ids], dtype=np.uint64)
        ),
        non_ascii=snapshot.non_ascii.grown(np.array(non_ascii, dtype=np.bool_)),
        alive=np.concatenate([snapshot.alive, np.ones(len(new), dtype=np.bool_)]),
    )
    columns: dict[str, Column] = {}
    for of, column_values in zip(_SINGLE, values, strict=True):
        single = snapshot.columns[of.name]
        if isinstance(single, (Coded, Raw)):
            columns[of.name] = single.grown(column_values)
    within = (snapshot.last, longer.last)
    for of in _ARRAYS:
        array = snapshot.columns[of.name]
        if isinstance(array, Lists):
            columns[of.name] = _with_entries(array, longer, connection, of.name, within)
    return replace(longer, columns=columns)


def _with_entries(
    column: Lists, snapshot: Snapshot, connection: sa.Connection, name: str, within: tuple[int, int]
) -> Lists:
    table = arrays[name]
    rows = connection.execute(
        sa.select(table.c.number, table.c.value)
        .where(table.c.number > within[0], table.c.number <= within[1])
        .order_by(table.c.number, table.c.value)
    ).all()
    owners = snapshot.slots([row[0] for row in rows]).tolist()
    return column.grown(owners, [row[1] for row in rows], len(snapshot.number))


def _with_words(snapshot: Snapshot, connection: sa.Connection, last: int) -> Snapshot:
    """Return `snapshot` with the words of the assets with numbers above `last`."""
    searched = _new_words(snapshot, connection, last, tuple(WEIGHTS))
    unsearched = _new_words(snapshot, connection, last, UNSEARCHED, filled=True)
    return replace(
        snapshot,
        postings=append_segment(snapshot.postings, build_segment(searched)),
        unsearched=append_segment(
            snapshot.unsearched, build_segment(unsearched, (1.0,) * len(UNSEARCHED))
        ),
    )


def _with_vectors(snapshot: Snapshot, connection: sa.Connection, start: int, stop: int) -> Snapshot:
    """Return `snapshot` with the vectors of the slots `start`..`stop`, the first that lack them."""
    within = snapshot.number[start:stop]
    spaces = dict(snapshot.spaces)
    for name, space in spaces.items():
        table = vectors[name]
        rows = connection.execute(
            sa.select(table.c.number, table.c.vector)
            .where(table.c.number >= int(within[0]), table.c.number <= int(within[-1]))
            .order_by(table.c.number)
        ).all()
        # While a library changes to another model, the table has vectors of two widths.
        width = 2 * space.width if space.width else max((len(row[1]) for row in rows), default=0)
        rows = [row for row in rows if len(row[1]) == width]
        slots = snapshot.slots([row[0] for row in rows])
        spaces[name] = space.grown(to_floats([row[1] for row in rows]), slots, stop)
    return replace(snapshot, spaces=spaces)


def _new_words(
    snapshot: Snapshot,
    connection: sa.Connection,
    last: int,
    names: Sequence[str],
    *,
    filled: bool = False,
) -> Iterator[Part]:
    """Yield these columns' words of the assets with numbers above `last`, in batches.

    `filled`: only of assets that have words in any of them.
    """
    selected = [words.c[name] for name in names]
    having = sa.or_(*(column != "" for column in selected)) if filled else sa.true()
    while rows := connection.execute(
        sa.select(words.c.rowid, *selected)
        .where(words.c.rowid > last, having)
        .order_by(words.c.rowid)
        .limit(_BATCH)
    ).all():
        number, *texts = zip(*rows, strict=True)
        last = number[-1]
        yield snapshot.slots(number), texts


def _stable_key(asset_id: str) -> int:
    return int.from_bytes(blake2b(asset_id.encode(), digest_size=8).digest(), "big")

"""The library in memory: what filtering, ranking and sorting look at for every asset.

A `Shelf` is one state of the library, never changed; a *slot* is an asset's place in its arrays.
Slots are in the order of the index's numbers, and those of removed assets are dead. `advanced`
makes the next state, reading only what is new. Knows the tables that it reads; ranks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import sqlalchemy as sa

from library.columns import KEPT, Coded, Column, Lists, Raw, empty
from library.fields import FIELDS, UNSEARCHED, WEIGHTS, Type
from library.listings import numbers_of
from library.postings import Part, Postings, grown, segment
from library.schema import arrays, assets, tombstones, vectors, words
from library.space import EXACT_MOST, SAMPLE, Space, floats, stored
from library.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]
    Mask: TypeAlias = NDArray[np.bool_]

SPACES = ("text", "subject", "look")
_PART = 10_000  # assets read at a time, so that reading a large library takes bounded memory
_VECTORS = 4_000  # the same for vectors, which are longer
_SINGLE = tuple(of for of in KEPT if of.type is not Type.ARRAY)
_MANY = tuple(of for of in KEPT if of.type is Type.ARRAY)
# A text has as many bytes as characters when it is ASCII (and no NUL ends its length early).
_ODD = sa.or_(
    *(
        sa.func.coalesce(
            sa.func.length(sa.cast(assets.c[of.name], sa.LargeBinary))
            != sa.func.length(assets.c[of.name]),
            sa.false(),
        )
        for of in FIELDS.values()
        if of.long
    )
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One state of the library."""

    uid: str  # of the library, "" before it is known
    generation: int
    tombstone: int  # the last one seen
    numbers: Strip  # (slots,) rising
    keys: Strip  # (slots,) a stable order among equals, from the id
    alive: Mask  # (slots,)
    odd: Strip  # (slots,) which have a long text that is not ASCII
    column: Mapping[str, Column]
    space: Mapping[str, Space]
    postings: Postings
    aside: Postings  # of the columns that only filters read
    # field -> (values,) how many living assets have each; made when first asked for
    totals: dict[str, Slots] = field(default_factory=dict, init=False)
    # condition -> (slots,) as bits, which assets it holds for; kept by `evaluation`
    held: dict[Any, NDArray[np.uint8]] = field(default_factory=dict, init=False)

    @classmethod
    def empty(cls, uid: str = "") -> Shelf:
        """The state of a library with nothing in it."""
        return cls(
            uid=uid,
            generation=-1,
            tombstone=0,
            numbers=Strip.empty(np.int64),
            keys=Strip.empty(np.uint64),
            alive=np.zeros(0, dtype=np.bool_),
            odd=Strip.empty(np.bool_),
            column={of.name: empty(of) for of in KEPT},
            space={name: Space.empty(name) for name in SPACES},
            postings=(),
            aside=(),
        )

    @property
    def number(self) -> Slots:
        """(slots,) the index's number of each."""
        found: Slots = self.numbers.rows
        return found

    @property
    def key(self) -> NDArray[np.uint64]:
        """(slots,) a number that orders equals the same way each time."""
        found: NDArray[np.uint64] = self.keys.rows
        return found

    @property
    def last(self) -> int:
        """The highest number on the shelf."""
        return int(self.number[-1]) if len(self.number) else 0

    def slots(self, numbers: Iterable[int]) -> Slots:
        """The slots of those numbers that the shelf has, in the same order."""
        wanted = np.fromiter(numbers, dtype=np.int64)
        place = np.searchsorted(self.number, wanted)
        known = place < len(self.number)
        known[known] = self.number[place[known]] == wanted[known]
        return place[known]

    def slots_of(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
        """Id -> slot, for the living assets among `ids`."""
        numbers = numbers_of(connection, ids)
        slots = self.slots(numbers.values()) if numbers else ()
        return {
            name: int(slot) for name, slot in zip(numbers, slots, strict=False) if self.alive[slot]
        }

    def mask(self, numbers: Sequence[int]) -> Mask:
        """(slots,) true for the assets with these numbers."""
        found = np.zeros(len(self.number), dtype=np.bool_)
        found[self.slots(numbers)] = True
        return found


def advanced(old: Shelf, connection: sa.Connection, generation: int) -> Shelf:
    """`old` with what the library, as `connection` sees it, has gained and lost since.

    Vectors come last: gathering the words takes memory that the vectors then have.
    """
    shelf = _fitted(old, connection)
    while True:
        longer = _with_assets(shelf, connection)
        if longer is shelf:
            break
        shelf = longer
    shelf = _with_words(shelf, connection, old.last)
    for start in range(len(old.number), len(shelf.number), _VECTORS):
        shelf = _with_vectors(shelf, connection, start, min(start + _VECTORS, len(shelf.number)))
    gone = connection.execute(
        sa.select(tombstones.c.seq, tombstones.c.number)
        .where(tombstones.c.seq > old.tombstone)
        .order_by(tombstones.c.seq)
    ).all()
    if not gone:
        return replace(shelf, generation=generation)
    alive = shelf.alive.copy()
    alive[shelf.slots([row.number for row in gone])] = False
    return replace(shelf, generation=generation, tombstone=int(gone[-1].seq), alive=alive)


def _fitted(shelf: Shelf, connection: sa.Connection) -> Shelf:
    """`shelf` with the spaces that will be large made ready for it, from a sample of the whole."""
    if len(shelf.number):
        return shelf
    # Counted in `assets`, whose rows are narrow: a table of vectors takes long to count.
    count = connection.execute(sa.select(sa.func.count()).select_from(assets)).scalar_one()
    if count <= EXACT_MOST:
        return shelf
    every = max(1, count // SAMPLE)
    statement = sa.select(assets.c.number).where(assets.c.number % every == 0).limit(SAMPLE)
    numbers = connection.execute(statement).scalars().all()
    space = dict(shelf.space)
    for name, found in space.items():
        _, sample = stored(connection, name, numbers)
        if len(sample) * every > EXACT_MOST:
            space[name] = found.fitted(sample, count)
    return replace(shelf, space=space)


def _with_assets(shelf: Shelf, connection: sa.Connection) -> Shelf:
    """`shelf` with the next assets behind it; itself when there are none."""
    columns = (assets.c.number, assets.c.id, _ODD, *(assets.c[of.name] for of in _SINGLE))
    new = connection.execute(
        sa.select(*columns)
        .where(assets.c.number > shelf.last)
        .order_by(assets.c.number)
        .limit(_PART)
    ).all()
    if not new:
        return shelf
    number, ids, odd, *values = zip(*new, strict=True)
    longer = replace(
        shelf,
        numbers=shelf.numbers.grown(np.array(number, dtype=np.int64)),
        keys=shelf.keys.grown(np.array([_stable(found) for found in ids], dtype=np.uint64)),
        odd=shelf.odd.grown(np.array(odd, dtype=np.bool_)),
        alive=np.concatenate([shelf.alive, np.ones(len(new), dtype=np.bool_)]),
    )
    column: dict[str, Column] = {}
    for of, found in zip(_SINGLE, values, strict=True):
        single = shelf.column[of.name]
        if isinstance(single, (Coded, Raw)):
            column[of.name] = single.grown(found)
    within = (shelf.last, longer.last)
    for of in _MANY:
        many = shelf.column[of.name]
        if isinstance(many, Lists):
            column[of.name] = _with_entries(many, longer, connection, of.name, within)
    return replace(longer, column=column)


def _with_entries(
    column: Lists, shelf: Shelf, connection: sa.Connection, name: str, within: tuple[int, int]
) -> Lists:
    table = arrays[name]
    rows = connection.execute(
        sa.select(table.c.number, table.c.value)
        .where(table.c.number > within[0], table.c.number <= within[1])
        .order_by(table.c.number)
    ).all()
    owners = shelf.slots([row[0] for row in rows]).tolist()
    return column.grown(owners, [row[1] for row in rows], len(shelf.number))


def _with_words(shelf: Shelf, connection: sa.Connection, last: int) -> Shelf:
    """`shelf` with the words of the assets behind number `last`."""
    new = segment(_new_words(shelf, connection, last, tuple(WEIGHTS)))
    aside = _new_words(shelf, connection, last, UNSEARCHED, filled=True)
    return replace(
        shelf,
        postings=grown(shelf.postings, new),
        aside=grown(shelf.aside, segment(aside, (1.0,) * len(UNSEARCHED))),
    )


def _with_vectors(shelf: Shelf, connection: sa.Connection, start: int, stop: int) -> Shelf:
    """`shelf` with the vectors of the slots `start`..`stop`, which are those it lacks first."""
    within = shelf.number[start:stop]
    space = dict(shelf.space)
    for name, found in space.items():
        table = vectors[name]
        rows = connection.execute(
            sa.select(table.c.number, table.c.vector)
            .where(table.c.number >= int(within[0]), table.c.number <= int(within[-1]))
            .order_by(table.c.number)
        ).all()
        # While a library moves to another model, vectors of two widths are in the table.
        width = 2 * found.width if found.width else max((len(row[1]) for row in rows), default=0)
        rows = [row for row in rows if len(row[1]) == width]
        slots = shelf.slots([row[0] for row in rows])
        space[name] = found.grown(floats([row[1] for row in rows]), slots, stop)
    return replace(shelf, space=space)


def _new_words(
    shelf: Shelf,
    connection: sa.Connection,
    last: int,
    names: Sequence[str],
    *,
    filled: bool = False,
) -> Iterator[Part]:
    """These columns' words of the assets behind number `last`, some at a time.

    `filled`: only of those that have words in any of them.
    """
    columns = [words.c[name] for name in names]
    having = sa.or_(*(column != "" for column in columns)) if filled else sa.true()
    while rows := connection.execute(
        sa.select(words.c.rowid, *columns)
        .where(words.c.rowid > last, having)
        .order_by(words.c.rowid)
        .limit(_PART)
    ).all():
        number, *texts = zip(*rows, strict=True)
        last = number[-1]
        yield shelf.slots(number), texts


def _stable(asset_id: str) -> int:
    return int.from_bytes(blake2b(asset_id.encode(), digest_size=8).digest(), "big")

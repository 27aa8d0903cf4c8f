"""The distribution of the hits of a search over the values of a field.

As in Meilisearch (`facetDistribution`, `facetStats`): the most frequent values first, and at most
`VALUES_MOST` of them. A number that hardly repeats (size, dates) has statistics and no
distribution; a long text (name, prompt) has neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from library.reader.columns import Coded, Lists, Raw
from library.schema.fields import FIELDS, Type
from library.search.grouping import surplus
from library.store.backends.dialects import among, bound
from library.store.tables import spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.reader.columns import Floats64
    from library.reader.snapshot import Mask, Slots, Snapshot

VALUES_MOST = 100
_SPELLINGS = sa.select(spellings.c.value, spellings.c.shown).where(
    spellings.c.field == sa.bindparam("field"), among(spellings.c.value)
)


@dataclass(frozen=True, slots=True)
class Facets:
    """Field -> value -> hits, and field -> min and max (dates in milliseconds since 1970)."""

    distribution: dict[str, dict[str, int]]
    stats: dict[str, dict[str, float]]
    levels: dict[str, Level] = field(default_factory=dict)  # by folder


class FolderCount(NamedTuple):
    """A folder with hits below it."""

    path: str
    hits: int
    has_folders: bool  # that have hits as well


class Level(NamedTuple):
    """The folders in one folder that have hits, by name; `more` is the number of those left out."""

    folders: list[FolderCount]
    more: int


def count_facets(
    connection: sa.Connection,
    snapshot: Snapshot,
    fields: Sequence[tuple[str, Mask]],
    *,
    by_group: bool = False,
) -> Facets:
    """Return the facets of each field over the hits in its mask."""
    facets = Facets({}, {})
    counters: dict[int, Counter] = {}
    for name, mask in fields:
        if id(mask) not in counters:
            counters[id(mask)] = Counter.of(snapshot, mask, by_group=by_group)
        column = snapshot.columns[name]
        facets.distribution[name] = {}
        ends: tuple[float, float] | None
        if isinstance(column, Raw):
            ends = _ends(column.numbers(), mask)
        else:
            counts = counters[id(mask)].counts(snapshot, name, column)
            ends = _ends_of_counts(column.values.listed, counts, FIELDS[name].type)
            facets.distribution[name] = _distribution(connection, name, column, counts)
        if ends is not None:
            facets.stats[name] = {"min": ends[0], "max": ends[1]}
    return facets


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the values of hits; where the other assets are fewer, it counts those instead."""

    slots: Slots
    is_complement: bool
    grouped: Mask | None = None  # the hits, where groups are counted

    @classmethod
    def of(cls, snapshot: Snapshot, mask: Mask, *, by_group: bool = False) -> Counter:
        """Return the counter of the hits in `mask`, none of them deleted.

        `by_group`: those of a group with the same value count as one.
        """
        is_complement = 2 * int(np.count_nonzero(mask)) > len(mask)
        counted = snapshot.alive & ~mask if is_complement else mask
        return cls(np.flatnonzero(counted), is_complement, mask if by_group else None)

    def counts(self, snapshot: Snapshot, name: str, column: Coded | Lists) -> Slots:
        """Return (values,) how many hits, or groups and single hits, have each value of a field."""
        counts = self._single(snapshot, name, column)
        if self.grouped is None:
            return counts
        return counts - surplus(snapshot, column, self.grouped, len(counts))

    def _single(self, snapshot: Snapshot, name: str, column: Coded | Lists) -> Slots:
        # Values are shared by all states of a column: a later one may have added some meanwhile.
        if not self.is_complement:
            return column.counts(self.slots, len(column.values.listed))
        if name not in snapshot.totals:
            values = len(column.values.listed)
            snapshot.totals[name] = column.counts(np.flatnonzero(snapshot.alive), values)
        total: Slots = snapshot.totals[name]
        return total - column.counts(self.slots, len(total))


def _ends(numbers: Floats64, mask: Mask) -> tuple[float, float] | None:
    """Return the least and the greatest number of the hits that have one."""
    least = float(np.fmin.reduce(numbers, where=mask, initial=np.inf))
    greatest = float(np.fmax.reduce(numbers, where=mask, initial=-np.inf))
    return (least, greatest) if least <= greatest else None


def _ends_of_counts(
    listed: Sequence[Any], counts: Slots, field_type: Type
) -> tuple[float, float] | None:
    """Return the least and the greatest number that has a count."""
    if field_type not in {Type.NUMBER, Type.DATE} or not counts.any():
        return None
    numbers = [float(listed[code]) for code in np.flatnonzero(counts).tolist()]
    return min(numbers), max(numbers)


def _most_frequent(counts: Slots) -> Slots:
    """Return the indices of the `VALUES_MOST` highest counts, the first ones among equals."""
    if len(counts) <= VALUES_MOST:
        return np.arange(len(counts))
    least = np.partition(counts, -VALUES_MOST)[-VALUES_MOST]
    above = np.flatnonzero(counts > least)
    return np.concatenate([above, np.flatnonzero(counts == least)[: VALUES_MOST - len(above)]])


def _distribution(
    connection: sa.Connection, name: str, column: Coded | Lists, counts: Slots
) -> dict[str, int]:
    listed = column.values.listed
    pairs: list[tuple[Any, int]] = [
        (listed[code], int(counts[code])) for code in _most_frequent(counts) if counts[code]
    ]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    if FIELDS[name].type is Type.NUMBER:
        return {f"{value:.15g}": count for value, count in pairs}
    shown = column.values.shown
    read_spellings(connection, name, column, [value for value, _ in pairs])
    return {shown.get(value, value): count for value, count in pairs}


def read_spellings(
    connection: sa.Connection, name: str, column: Coded | Lists, values: Sequence[str]
) -> None:
    """Read how values are spelled in documents, into `column.values.shown`.

    The spelling of a value never changes, so it is read once.
    """
    shown = column.values.shown
    if missing := [value for value in values if value not in shown]:
        rows = connection.execute(_SPELLINGS, {"field": name, **bound(missing)}).all()
        shown.update((row[0], row[1]) for row in rows)

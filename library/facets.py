"""How the hits of a search are spread over the values of a field.

As Meilisearch answers it (`facetDistribution`, `facetStats`), the most frequent values first and
at most `VALUES_MOST` of them. A number that hardly repeats (size, dates) has stats and no
distribution; a long text (name, prompt) has neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from library.columns import Coded, Lists, Raw
from library.fields import FIELDS, Type
from library.listings import among, bound
from library.schema import spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.columns import Floats64
    from library.shelf import Mask, Shelf, Slots

VALUES_MOST = 100
_SPELLED = sa.select(spellings.c.value, spellings.c.shown).where(
    spellings.c.field == sa.bindparam("field"), among(spellings.c.value)
)


@dataclass(frozen=True, slots=True)
class Facets:
    """Field -> value -> hits, and field -> min and max (dates in milliseconds since 1970)."""

    distribution: dict[str, dict[str, int]]
    stats: dict[str, dict[str, float]]


def counted(connection: sa.Connection, shelf: Shelf, asked: Sequence[tuple[str, Mask]]) -> Facets:
    """The facets of hits: of each field, and the mask of those that are counted for it."""
    facets = Facets({}, {})
    parts: dict[int, Part] = {}
    for name, mask in asked:
        if id(mask) not in parts:
            parts[id(mask)] = Part.of(shelf, mask)
        part = parts[id(mask)]
        column = shelf.column[name]
        facets.distribution[name] = {}
        ends: tuple[float, float] | None
        if isinstance(column, Raw):
            ends = _ends(column.numbers(), mask)
        else:
            counts = part.counts(shelf, name, column)
            ends = _coded_ends(column.values.listed, counts, FIELDS[name].type)
            facets.distribution[name] = _distribution(connection, name, column, counts)
        if ends is not None:
            facets.stats[name] = {"min": ends[0], "max": ends[1]}
    return facets


@dataclass(frozen=True, slots=True)
class Part:
    """The hits to be counted, or those that are no hits where they are fewer."""

    slots: Slots
    complement: bool

    @classmethod
    def of(cls, shelf: Shelf, mask: Mask) -> Part:
        """The hits in `mask`, all of them alive."""
        complement = 2 * int(np.count_nonzero(mask)) > len(mask)
        return cls(np.flatnonzero(shelf.alive & ~mask if complement else mask), complement)

    def counts(self, shelf: Shelf, name: str, column: Coded | Lists) -> Slots:
        """(values,) how many hits have each value of a field."""
        # Values are shared by all states of a column: a later one may have added some meanwhile.
        if not self.complement:
            return column.counts(self.slots, len(column.values.listed))
        if name not in shelf.totals:
            values = len(column.values.listed)
            shelf.totals[name] = column.counts(np.flatnonzero(shelf.alive), values)
        total: Slots = shelf.totals[name]
        return total - column.counts(self.slots, len(total))


def _ends(numbers: Floats64, mask: Mask) -> tuple[float, float] | None:
    """The least and the greatest number of the hits that have one."""
    least = float(np.fmin.reduce(numbers, where=mask, initial=np.inf))
    greatest = float(np.fmax.reduce(numbers, where=mask, initial=-np.inf))
    return (least, greatest) if least <= greatest else None


def _coded_ends(listed: Sequence[Any], counts: Slots, of: Type) -> tuple[float, float] | None:
    """The same of a column of numbers that repeat, by how often each is there."""
    if of not in {Type.NUMBER, Type.DATE} or not counts.any():
        return None
    found = [float(listed[place]) for place in np.flatnonzero(counts).tolist()]
    return min(found), max(found)


def _most(counts: Slots) -> Slots:
    """Places of the `VALUES_MOST` highest counts, the first ones among equals."""
    if len(counts) <= VALUES_MOST:
        return np.arange(len(counts))
    least = np.partition(counts, -VALUES_MOST)[-VALUES_MOST]
    above = np.flatnonzero(counts > least)
    return np.concatenate([above, np.flatnonzero(counts == least)[: VALUES_MOST - len(above)]])


def _distribution(
    connection: sa.Connection, name: str, column: Coded | Lists, counts: Slots
) -> dict[str, int]:
    listed = column.values.listed
    found: list[tuple[Any, int]] = [
        (listed[place], int(counts[place])) for place in _most(counts) if counts[place]
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    if FIELDS[name].type is Type.NUMBER:
        return {f"{value:.15g}": count for value, count in found}
    shown = column.values.shown
    missing = [value for value, _ in found if value not in shown]
    if missing:  # a spelling stays what it was first, so it is asked for once
        rows = connection.execute(_SPELLED, {"field": name, **bound(missing)}).all()
        shown.update((row[0], row[1]) for row in rows)
    return {shown.get(value, value): count for value, count in found}

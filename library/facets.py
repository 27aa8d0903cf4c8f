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
    slots_of: dict[int, Slots] = {}
    for name, mask in asked:
        if id(mask) not in slots_of:
            slots_of[id(mask)] = np.flatnonzero(mask)
        slots = slots_of[id(mask)]
        column = shelf.column[name]
        facets.distribution[name] = {}
        if not isinstance(column, Raw):
            facets.distribution[name] = _distribution(
                connection, name, column, column.counts(mask, slots)
            )
        if FIELDS[name].type in {Type.NUMBER, Type.DATE} and isinstance(column, (Raw, Coded)):
            numbers = column.numbers(slots)
            numbers = numbers[~np.isnan(numbers)]
            if len(numbers):
                facets.stats[name] = {"min": float(numbers.min()), "max": float(numbers.max())}
    return facets


def _distribution(
    connection: sa.Connection, name: str, column: Coded | Lists, counts: Slots
) -> dict[str, int]:
    listed = column.values.listed
    order = np.argsort(-counts, kind="stable")[:VALUES_MOST]
    found: list[tuple[Any, int]] = [(listed[i], int(counts[i])) for i in order if counts[i]]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    shown = _spelled(connection, name, [value for value, _ in found])
    return {shown(value): count for value, count in found}


def _spelled(connection: sa.Connection, name: str, values: Sequence[Any]) -> Any:
    """A function: value -> as the documents spell it."""
    of = FIELDS[name]
    if of.type is Type.NUMBER:
        return lambda value: f"{value:.15g}"
    rows = connection.execute(_SPELLED, {"field": name, **bound(values)}).all()
    known = {row[0]: row[1] for row in rows}
    return lambda value: known.get(value, value)

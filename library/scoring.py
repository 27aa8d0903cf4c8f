"""How near assets are to a query's vectors, as scores; and a page of them, the best made exact.

In a large library a search has three tiers. All assets are ordered by a coarse product; the first
`MIDDLE` of that order are ordered again by all dimensions that the library keeps in memory; the
first `HEAD` of those again, exactly. Each tier begins where the one before ends, so pages neither
repeat nor skip an asset, however deep. Knows spaces and shelves; nothing of words or filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from library.ordering import foremost, leading, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from library.ordering import Key
    from library.shelf import Floats, Mask, Shelf, Slots
    from library.space import Asked, Space

MIDDLE = 1_000  # of the coarse order, compared in all dimensions
HEAD = 80  # of those, compared exactly


@dataclass(frozen=True, slots=True)
class Coarse:
    """A part of the scores that stands on a reduced space, and can be made exact."""

    space: Space
    asked: Asked
    factor: float  # what a product counts for in the score

    def refined(self, slots: Slots) -> Floats:
        """(slots,) what all dimensions in memory add to the scores of these slots."""
        found: Floats = self.space.refined(self.asked, slots) * np.float32(self.factor)
        return found

    def correction(self, connection: sa.Connection, shelf: Shelf, slots: Slots) -> Floats:
        """(slots,) what is to be added to refined scores to make them exact."""
        exact = self.space.exact(connection, self.asked.vector, slots, shelf.number)
        known = self.space.approximate(self.asked, slots)
        found: Floats = np.nan_to_num(exact - known) * np.float32(self.factor)
        return found


@dataclass(frozen=True, slots=True)
class Scores:
    """(slots,) scores, and which slots are hits."""

    values: Floats
    hits: Mask
    coarse: tuple[Coarse, ...] = ()

    @classmethod
    def none(cls, slots: int) -> Scores:
        """No hits."""
        return cls(np.zeros(slots, np.float32), np.zeros(slots, np.bool_))


def near(
    shelf: Shelf, compared: Sequence[tuple[str, Floats, float]], mask: Mask, weight: float
) -> Scores:
    """How near the slots of `mask` are to the vectors, stretched to 0..`weight`.

    `compared` is (space, vector, share); a slot without a vector in one space has 0 there.
    """
    parts = [(shelf.space[name], vector, share) for name, vector, share in compared]
    asked = [space.asked(vector) for space, vector, _ in parts]
    found = [space.near(one, mask) for (space, _, _), one in zip(parts, asked, strict=True)]
    if not any(len(slots) for slots, _ in found):
        return Scores.none(len(mask))
    for (_, products), (_, _, share) in zip(found, parts, strict=True):
        np.multiply(products, np.float32(share), out=products)
    # A slot that is in all of them needs no place of its own: most libraries have all vectors.
    if all(len(slots) == len(mask) for slots, _ in found):
        total = found[0][1]
        for _, products in found[1:]:
            total += products
        within, hits = total, mask
    else:
        total = np.zeros(len(mask), dtype=np.float32)
        has = np.zeros(len(mask), dtype=np.bool_)
        for slots, products in found:
            total[slots] += products
            has[slots] = True
        within, hits = total[has], has & mask
    low, high = float(within.min()), float(within.max())
    factor = weight / ((high - low) or 1.0)
    total -= np.float32(low)
    total *= np.float32(factor)
    if hits is not mask:
        total[~hits] = 0
    coarse = tuple(
        Coarse(space, one, share * factor)
        for (space, _, share), one, (slots, _) in zip(parts, asked, found, strict=True)
        if space.reduction is not None and len(slots)
    )
    return Scores(total, hits, coarse)


def mean(parts: Sequence[Scores]) -> Floats:
    """(slots,) the mean of the parts' scores."""
    if len(parts) == 1:
        return parts[0].values
    total: Any = sum(part.values for part in parts)
    found: Floats = total * np.float32(1 / len(parts))
    return found


def page(
    connection: sa.Connection,
    shelf: Shelf,
    mask: Mask,
    parts: Sequence[Scores],
    ends: tuple[int, int],
) -> tuple[Slots, Floats]:
    """The slots of `mask` on the page, best first, and their scores: the mean of the parts."""
    values = mean(parts)
    by = keys(shelf, values, ())
    start, stop = ends
    coarse = [
        Coarse(found.space, found.asked, found.factor / len(parts))
        for part in parts
        for found in part.coarse
    ]
    if not coarse:
        slots = window(leading(values, mask, stop), by, start, stop)
        return slots, values[slots]
    slots, scores = _best(connection, shelf, mask, values, coarse, exactly=start < HEAD)
    behind = slots[:0]
    if stop > len(slots):
        behind = window(leading(values, mask, stop), by, max(start, len(slots)), stop)
    # Tiers are measured differently; what is told falls along the order nevertheless.
    told = np.minimum.accumulate(np.concatenate([scores[start:stop], values[behind]]))
    return np.concatenate([slots[start:stop], behind]), np.clip(told, 0, 1)


def _best(
    connection: sa.Connection,
    shelf: Shelf,
    mask: Mask,
    values: Floats,
    coarse: Sequence[Coarse],
    *,
    exactly: bool,
) -> tuple[Slots, Floats]:
    """The first `MIDDLE` slots and their scores; the first `HEAD` of them exact where asked for."""
    slots = foremost(leading(values, mask, MIDDLE), keys(shelf, values, ()), MIDDLE)
    scores = values[slots]
    for found in coarse:
        scores = scores + found.refined(slots)
    slots, scores = _ordered(shelf, slots, scores)
    if exactly:
        head, exact = slots[:HEAD], scores[:HEAD]
        for found in coarse:
            exact = exact + found.correction(connection, shelf, head)
        slots[:HEAD], scores[:HEAD] = _ordered(shelf, head, exact)
    return slots, scores


def _ordered(shelf: Shelf, slots: Slots, scores: Floats) -> tuple[Slots, Floats]:
    order = np.lexsort([key(slots) for key in reversed(keys(shelf, None, ()))] + [-scores])
    return slots[order], scores[order]


def keys(shelf: Shelf, values: Floats | None, by_field: Sequence[tuple[str, bool]]) -> list[Key]:
    """What slots are ordered by: the sort fields, the score, the newest, the stable key."""
    found = [_by(shelf, name, descending) for name, descending in by_field if name in shelf.column]
    if values is not None:
        scores = values
        found.append(lambda slots: -scores[slots])
    return [*found, _by(shelf, "createdAt", descending=True), lambda slots: shelf.key[slots]]


def _by(shelf: Shelf, name: str, descending: bool) -> Key:
    column: Any = shelf.column[name]

    def key(slots: Slots) -> Floats:
        # Assets without the field go last, whichever way the rest is sorted.
        values = column.numbers(slots)
        found: Floats = np.where(np.isnan(values), np.inf, -values if descending else values)
        return found

    return key

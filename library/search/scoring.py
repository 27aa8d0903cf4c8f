"""Vector similarity of assets as scores, and a page of hits with exact scores at its head.

In a large library a search by similarity has three tiers. All assets are ordered by a coarse
product of a few dimensions. The first `MIDDLE` of that order are ordered again by all dimensions
in memory, and the first `HEAD` of those again by exact vectors from the database. Each tier begins
where the one before ends, so pages neither repeat nor skip an asset, however deep. Knows vectors
and snapshots; nothing of words or filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from library.search.sort_orders import sort_keys, tie_keys
from library.search.top_k import partial_top, top_candidates, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from library.query.search_query import Order
    from library.reader.snapshot import Floats, Mask, Slots, Snapshot
    from library.reader.vectors import QueryVector, VectorSpace

MIDDLE = 1_000  # of the coarse order, compared in all dimensions in memory
HEAD = 80  # of those, compared exactly


@dataclass(frozen=True, slots=True)
class CoarseTerm:
    """A term of the scores of a reduced space, which can be corrected to be exact."""

    space: VectorSpace
    query: QueryVector
    factor: float  # times an inner product, it is the term

    def refinement(self, slots: Slots) -> Floats:
        """Return (slots,) what the other dimensions in memory add to the scores."""
        added: Floats = self.space.refined(self.query, slots) * np.float32(self.factor)
        return added

    def correction(self, connection: sa.Connection, snapshot: Snapshot, slots: Slots) -> Floats:
        """Return (slots,) what makes refined scores exact when it is added."""
        exact = self.space.exact(connection, self.query.vector, slots, snapshot.number)
        known = self.space.approximate(self.query, slots)
        added: Floats = np.nan_to_num(exact - known) * np.float32(self.factor)
        return added


@dataclass(frozen=True, slots=True)
class Scores:
    """(slots,) scores, and which slots are hits."""

    values: Floats
    hits: Mask
    coarse: tuple[CoarseTerm, ...] = ()

    @classmethod
    def none(cls, slots: int) -> Scores:
        """Return the scores of a search without hits."""
        return cls(np.zeros(slots, np.float32), np.zeros(slots, np.bool_))


def similarity_scores(
    snapshot: Snapshot, compared: Sequence[tuple[str, Floats, float]], mask: Mask, weight: float
) -> Scores:
    """Return how similar the slots of `mask` are to the vectors, scaled to 0..`weight`.

    `compared` is (space, vector, share); a slot without a vector in one space has 0 there.
    """
    parts = [(snapshot.spaces[name], vector, share) for name, vector, share in compared]
    queries = [space.query(vector) for space, vector, _ in parts]
    reached = [
        space.products(query, mask) for (space, _, _), query in zip(parts, queries, strict=True)
    ]
    if not any(len(slots) for slots, _ in reached):
        return Scores.none(len(mask))
    for (_, products), (_, _, share) in zip(reached, parts, strict=True):
        np.multiply(products, np.float32(share), out=products)
    # Most libraries have all vectors: the products of a slot are then at its own index.
    if all(len(slots) == len(mask) for slots, _ in reached):
        total = reached[0][1]
        for _, products in reached[1:]:
            total += products
        within, hits = total, mask
    else:
        total = np.zeros(len(mask), dtype=np.float32)
        has = np.zeros(len(mask), dtype=np.bool_)
        for slots, products in reached:
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
        CoarseTerm(space, query, share * factor)
        for (space, _, share), query, (slots, _) in zip(parts, queries, reached, strict=True)
        if space.reduction is not None and len(slots)
    )
    return Scores(total, hits, coarse)


def mean(parts: Sequence[Scores]) -> Floats:
    """Return (slots,) the mean of the parts' scores."""
    if len(parts) == 1:
        return parts[0].values
    total: Any = sum(part.values for part in parts)
    average: Floats = total * np.float32(1 / len(parts))
    return average


def page(
    connection: sa.Connection,
    snapshot: Snapshot,
    hits: Mask,
    parts: Sequence[Scores],
    *,
    sort: Sequence[Order],
    start: int,
    stop: int,
) -> tuple[Slots, Floats]:
    """Return the hits `start`..`stop` in order, and their scores: the mean of the parts.

    Ordered by `sort`, then by score. Without parts there are no
    scores.
    """
    if not parts:
        keys = sort_keys(connection, snapshot, None, sort)
        return window(np.flatnonzero(hits), keys, start, stop), np.zeros(0, np.float32)
    values = mean(parts)
    keys = sort_keys(connection, snapshot, values, sort)
    if sort:
        slots = window(np.flatnonzero(hits), keys, start, stop)
        return slots, values[slots]
    coarse = [
        CoarseTerm(term.space, term.query, term.factor / len(parts))
        for part in parts
        for term in part.coarse
    ]
    if not coarse:
        slots = window(top_candidates(values, hits, stop), keys, start, stop)
        return slots, values[slots]
    slots, scores = _refined(connection, snapshot, hits, values, coarse, exact=start < HEAD)
    rest = slots[:0]
    if stop > len(slots):
        rest = window(top_candidates(values, hits, stop), keys, max(start, len(slots)), stop)
    # Tiers measure differently; the scores that are returned fall along the order nevertheless.
    falling = np.minimum.accumulate(np.concatenate([scores[start:stop], values[rest]]))
    return np.concatenate([slots[start:stop], rest]), np.clip(falling, 0, 1)


def _refined(
    connection: sa.Connection,
    snapshot: Snapshot,
    hits: Mask,
    values: Floats,
    coarse: Sequence[CoarseTerm],
    *,
    exact: bool,
) -> tuple[Slots, Floats]:
    """Return the first `MIDDLE` slots and scores; if `exact`, the first `HEAD` scores are exact."""
    keys = sort_keys(connection, snapshot, values)
    slots = partial_top(top_candidates(values, hits, MIDDLE), keys, MIDDLE)
    scores = values[slots]
    for term in coarse:
        scores = scores + term.refinement(slots)
    slots, scores = _by_score(snapshot, slots, scores)
    if exact:
        head, exact_scores = slots[:HEAD], scores[:HEAD]
        for term in coarse:
            exact_scores = exact_scores + term.correction(connection, snapshot, head)
        slots[:HEAD], scores[:HEAD] = _by_score(snapshot, head, exact_scores)
    return slots, scores


def _by_score(snapshot: Snapshot, slots: Slots, scores: Floats) -> tuple[Slots, Floats]:
    ties = [key(slots) for key in reversed(tie_keys(snapshot))]
    order = np.lexsort([*ties, -scores])
    return slots[order], scores[order]

"""A query -> the assets that answer it, in order.

Keyword scores and inner products are brought to 0..1 and mixed in proportion; a filter is applied
before anything is ranked, so a page is full when there is enough to fill it. Equals are ordered
by the newest, then by a key made from the id, so pages neither repeat nor skip an asset. In a
large library the first `HEAD` of the order are compared again, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from library import keywords
from library.conditions import All, Compare
from library.evaluation import holds
from library.facets import Facets, counted
from library.fields import FIELDS
from library.likeness import references, shares
from library.ordering import window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from library.conditions import Condition
    from library.likeness import Embedder
    from library.ordering import Key
    from library.query import Query
    from library.shelf import Floats, Mask, Shelf, Slots
    from library.shelves import Shelves
    from library.space import Space

HEAD = 80  # of an approximate order, compared exactly
SAMPLE = 10_000  # scores that tell where the highest begin
LEEWAY = 3  # times as many slots as are wanted, by the sample
_PUBLIC = Compare(FIELDS["privacy"], "=", "public")


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a search found: how many assets, and the numbers of those on the page, in order."""

    total: int
    numbers: list[int]
    scores: list[float]  # of the same assets, best 1; empty when nothing was ranked
    facets: Facets | None = None


@dataclass(frozen=True, slots=True)
class Approximate:
    """A part of the scores that stands on a reduced space, and can be made exact."""

    space: Space
    query: Floats
    slots: Slots  # rising, those that were compared
    products: Floats  # of the same slots
    factor: float  # what a product counts for in the score

    def correction(self, connection: sa.Connection, shelf: Shelf, slots: Slots) -> Floats:
        """(slots,) what is to be added to the scores of these slots."""
        exact = self.space.exact(connection, self.query, slots, shelf.number)
        place = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
        found: Floats = np.nan_to_num(exact - self.products[place]) * np.float32(self.factor)
        return found


@dataclass(slots=True)
class Scores:
    """(slots,) scores while they are added up, and which slots are hits."""

    values: Floats
    hits: Mask
    approximate: list[Approximate] = field(default_factory=list)


class Engine:
    """Searches one library. Thread-safe."""

    def __init__(self, shelves: Shelves, models: Embedder) -> None:
        self._shelves = shelves
        self._models = models

    def search(self, connection: sa.Connection, query: Query) -> Ranked:
        """Rank the library, as `connection` sees it, for `query`; raises RequestError."""
        shelf = self._shelves.at(connection)
        mask = _allowed(shelf, connection, query.filter, public=query.public)
        parts: list[Scores] = []
        if query.words:
            parts.append(self._words(connection, shelf, query, mask))
            mask = parts[-1].hits
        if query.like or query.unlike:
            parts.append(self._pictures(connection, shelf, query, mask))
            mask = parts[-1].hits
        total = int(np.count_nonzero(mask))
        facets = self._facets(connection, shelf, query, mask) if query.facets else None
        ends = (query.paging.start, query.paging.start + query.paging.count)
        if not parts:
            page = window(np.flatnonzero(mask), _keys(shelf, None, query.sortBy), *ends)
            return Ranked(total, shelf.number[page].tolist(), [], facets)
        steered = query.querySemanticRatio or query.like or query.unlike
        by_field = () if steered else query.sortBy
        page, scores = _page(connection, shelf, mask, parts, by_field, ends)
        return Ranked(total, shelf.number[page].tolist(), scores.tolist(), facets)

    def _facets(self, connection: sa.Connection, shelf: Shelf, query: Query, mask: Mask) -> Facets:
        """The facets of the hits in `mask`; a field with a filter of its own has its own hits."""
        own: dict[Condition | None, Mask] = {query.filter: mask}
        filters = dict(query.facetFilters)
        for tree in filters.values():
            if tree not in own:
                own[tree] = self._hits(connection, shelf, replace(query, filter=tree))
        asked = [(name, own[filters.get(name, query.filter)]) for name in query.facets]
        return counted(connection, shelf, asked)

    def _hits(self, connection: sa.Connection, shelf: Shelf, query: Query) -> Mask:
        """(slots,) what `query` finds, without ranking it."""
        mask = _allowed(shelf, connection, query.filter, public=query.public)
        if query.words:
            ratio = query.querySemanticRatio
            found = mask & shelf.space["text"].has() if ratio > 0 else np.zeros_like(mask)
            if ratio < 1:
                found[keywords.search(connection, shelf, query.words, mask).slots] = True
            mask = found
        if query.like or query.unlike:
            shown = references(
                connection, shelf, self._models, like=query.like, unlike=query.unlike
            )
            has = np.zeros_like(mask)
            for name, _, _ in shares(shown, query.imageSemanticRatio):
                has |= shelf.space[name].has()
            mask = mask & has
            mask[shown.own] = False
        return mask

    def _words(self, connection: sa.Connection, shelf: Shelf, query: Query, mask: Mask) -> Scores:
        """How well each asset answers the query's words, in 0..1."""
        ratio = query.querySemanticRatio
        scores = Scores(np.zeros(len(mask), np.float32), np.zeros(len(mask), np.bool_))
        if ratio < 1:
            found = keywords.search(connection, shelf, query.words, mask)
            highest = float(found.scores.max(initial=0.0)) or 1.0
            scores.values[found.slots] = found.scores * np.float32((1 - ratio) / highest)
            scores.hits[found.slots] = True
        if ratio > 0 and len(shelf.space["text"]):
            vector = self._models.embed_texts([query.words], query=True)[0]
            _add(scores, shelf, [("text", vector, 1.0)], mask, ratio)
        return scores

    def _pictures(
        self, connection: sa.Connection, shelf: Shelf, query: Query, mask: Mask
    ) -> Scores:
        """How alike each asset is to the references, in 0..1."""
        found = references(connection, shelf, self._models, like=query.like, unlike=query.unlike)
        scores = Scores(np.zeros(len(mask), np.float32), np.zeros(len(mask), np.bool_))
        mask = mask.copy()
        mask[found.own] = False
        _add(scores, shelf, shares(found, query.imageSemanticRatio), mask, 1.0)
        return scores


def _allowed(
    shelf: Shelf, connection: sa.Connection, tree: Condition | None, *, public: bool
) -> Mask:
    """The living assets that the filter and the scope let through."""
    conditions = [] if tree is None else [tree]
    if public:
        conditions.append(_PUBLIC)
    if not conditions:
        return shelf.alive
    found: Mask = shelf.alive & holds(All(tuple(conditions)), shelf, connection)
    return found


def _add(
    scores: Scores,
    shelf: Shelf,
    compared: Sequence[tuple[str, Floats, float]],
    mask: Mask,
    weight: float,
) -> None:
    """Add to `scores` how near the slots of `mask` are to the vectors, stretched to 0..`weight`.

    `compared` is (space, vector, share); a slot without a vector in one space has 0 there.
    """
    near = [(shelf.space[name], vector, share) for name, vector, share in compared]
    found = [space.near(vector, mask) for space, vector, _ in near]
    if not any(len(slots) for slots, _ in found):
        return
    # A slot that is in all of them needs no place of its own: most libraries have all vectors.
    whole = all(len(slots) == len(mask) for slots, _ in found)
    total = np.zeros(len(mask), dtype=np.float32)
    has = np.zeros(len(mask), dtype=np.bool_)
    for (held, products), (_, _, share) in zip(found, near, strict=True):
        total[slice(None) if whole else held] += products * np.float32(share)
        has[slice(None) if whole else held] = True
    within = total if whole else total[has]
    low, high = float(within.min()), float(within.max())
    factor = weight / ((high - low) or 1.0)
    total -= np.float32(low)
    total *= np.float32(factor)
    has &= mask
    scores.values += total if whole else np.where(has, total, np.float32(0))
    scores.hits |= has
    scores.approximate += [
        Approximate(space, vector, held, products, share * factor)
        for (space, vector, share), (held, products) in zip(near, found, strict=True)
        if space.reduction is not None and len(held)
    ]


def _page(
    connection: sa.Connection,
    shelf: Shelf,
    mask: Mask,
    parts: Sequence[Scores],
    by_field: Sequence[tuple[str, bool]],
    ends: tuple[int, int],
) -> tuple[Slots, Floats]:
    """The slots of `mask` on the page and their scores: the mean of the parts."""
    share = np.float32(1 / len(parts))
    values = parts[0].values if len(parts) == 1 else sum(part.values for part in parts) * share
    values = np.asarray(values, dtype=np.float32)
    approximate = [found for part in parts for found in part.approximate]
    keys = _keys(shelf, values, by_field)
    start, stop = ends
    slots = np.flatnonzero(mask) if by_field else leading(values, mask, max(stop, HEAD))
    if by_field or not approximate:
        page = window(slots, keys, start, stop)
        return page, values[page]
    head = window(slots, keys, 0, HEAD)
    exact = values[head]
    for found in approximate:
        exact = exact + found.correction(connection, shelf, head) * share
    order = np.lexsort((shelf.key[head], -exact))
    head, exact = head[order], exact[order]
    # Behind the head the order is the approximate one, which begins where the head ends.
    rest = window(slots, keys, max(start, len(head)), stop)
    return (
        np.concatenate([head[start:stop], rest]),
        np.concatenate([exact[start:stop], values[rest]]),
    )


def leading(values: Floats, mask: Mask, wanted: int) -> Slots:
    """Slots of `mask`, at least its `wanted` highest by `values`.

    A sample tells a score that somewhat more than enough slots reach; if too few do, all are
    returned. It saves sorting the rest of a large library.
    """
    step = len(values) // SAMPLE
    if step:
        sample = values[::step][mask[::step]]
        share = LEEWAY * wanted / max(1, int(np.count_nonzero(mask)))
        place = int(len(sample) * share) + 1
        if place < len(sample):
            least = -np.partition(-sample, place)[place]
            slots = np.flatnonzero(mask & (values >= least))
            if len(slots) >= wanted:
                return slots
    return np.flatnonzero(mask)


def _keys(shelf: Shelf, values: Floats | None, by_field: Sequence[tuple[str, bool]]) -> list[Key]:
    """What slots are ordered by: the sort fields, the score, the newest, the stable key."""
    keys = [_by(shelf, name, descending) for name, descending in by_field if name in shelf.column]
    if values is not None:
        scores = values
        keys.append(lambda slots: -scores[slots])
    return [*keys, _by(shelf, "createdAt", descending=True), lambda slots: shelf.key[slots]]


def _by(shelf: Shelf, name: str, descending: bool) -> Key:
    column: Any = shelf.column[name]

    def key(slots: Slots) -> Floats:
        # Assets without the field go last, whichever way the rest is sorted.
        values = column.numbers(slots)
        found: Floats = np.nan_to_num(-values if descending else values, nan=np.inf)
        return found

    return key

"""A query -> the slots that answer it, in order.

Keyword scores and cosines are brought to 0..1 and mixed in proportion; a filter is applied
before anything is ranked, so a page is full when there is enough to fill it. Equals are ordered
by the newest, then by a key made from the id, so pages neither repeat nor skip an asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from library import keywords
from library.clauses import clause
from library.likeness import likeness, references
from library.schema import assets

if TYPE_CHECKING:
    from library.index import Index
    from library.likeness import Embedder
    from library.query import Query
    from library.shelf import Floats, Mask, Shelf, Shelves, Slots
    from library.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a search found: how many assets, and the numbers of those on the page, in order."""

    total: int
    numbers: list[int]
    scores: list[float]  # 0..1, of the same assets; empty when nothing was ranked


class Engine:
    """Searches one library. Thread-safe."""

    def __init__(
        self, index: Index, shelves: Shelves, vocabulary: Vocabulary, models: Embedder
    ) -> None:
        self._index = index
        self._shelves = shelves
        self._vocabulary = vocabulary
        self._models = models

    def search(self, connection: sa.Connection, query: Query) -> Ranked:
        """Rank the library, as `connection` sees it, for `query`; raises RequestError."""
        shelf = self._shelves.at(connection)
        mask = self._mask(connection, shelf, query)
        scores: Floats = np.zeros(len(shelf.number), dtype=np.float32)
        if query.words:
            scores, has = self._words(connection, shelf, query, mask)
            mask &= has
        if query.like or query.unlike:
            found = references(
                connection,
                self._index,
                shelf,
                self._models,
                like=query.like,
                unlike=query.unlike,
            )
            alike, has = likeness(shelf, found, query.imageSemanticRatio)
            mask &= has
            alike = _normal(alike, mask)
            scores = (scores + alike) * np.float32(0.5) if query.words else alike
        slots = np.flatnonzero(mask)
        ranked = bool(query.words or query.like or query.unlike)
        by_field = query.sortBy if query.querySemanticRatio == 0 or not query.words else ()
        slots = _ordered(shelf, slots, scores, by_field)
        page = slots[query.paging.start : query.paging.start + query.paging.count]
        return Ranked(
            len(slots),
            shelf.number[page].tolist(),
            scores[page].tolist() if ranked else [],
        )

    def _mask(self, connection: sa.Connection, shelf: Shelf, query: Query) -> Mask:
        """The living assets that the filter and the scope let through."""
        mask = shelf.alive.copy()
        where = [] if query.filter is None else [clause(query.filter)]
        if query.public:
            where.append(assets.c.privacy == "public")
        if where:
            statement = sa.select(assets.c.number).where(*where)
            mask &= shelf.mask(connection.execute(statement).scalars().all())
        return mask

    def _words(
        self, connection: sa.Connection, shelf: Shelf, query: Query, mask: Mask
    ) -> tuple[Floats, Mask]:
        """(slots,) scores in 0..1 of the query's words, and which slots are hits."""
        ratio = query.querySemanticRatio
        scores = np.zeros(len(shelf.number), dtype=np.float32)
        hits = np.zeros(len(shelf.number), dtype=np.bool_)
        if ratio < 1:
            terms = self._vocabulary.at(connection, shelf.generation)
            found = keywords.search(connection, shelf, query.words, terms, mask)
            highest = float(found.scores.max(initial=0.0)) or 1.0
            scores[found.slots] = found.scores / highest * (1 - ratio)
            hits[found.slots] = True
        if ratio > 0 and len(shelf.space["text"].slot):
            vector = self._models.embed_texts([query.words], query=True)[0]
            cosines = shelf.space["text"].cosines(vector)
            has = ~np.isnan(cosines) & mask
            scores += _normal(np.nan_to_num(cosines), has) * np.float32(ratio)
            hits |= has
        return scores, hits


def _normal(scores: Floats, mask: Mask) -> Floats:
    """`scores` stretched to 0..1 over `mask`, 0 elsewhere; the order stays."""
    found = np.zeros(len(scores), dtype=np.float32)
    within = scores[mask]
    if len(within):
        low, high = float(within.min()), float(within.max())
        found[mask] = (within - low) / ((high - low) or 1.0)
    return found


def _ordered(
    shelf: Shelf, slots: Slots, scores: Floats, by_field: tuple[tuple[str, bool], ...]
) -> Slots:
    """`slots` by the sort fields, else by score; then the newest, then the stable key."""
    keys: list[np.ndarray] = [shelf.key[slots], -shelf.column["createdAt"][slots], -scores[slots]]
    for name, descending in reversed(by_field):
        if name in shelf.column:
            values = shelf.column[name][slots]
            # Assets without the field go last, whichever way the rest is sorted.
            keys.append(np.nan_to_num(-values if descending else values, nan=np.inf))
    return slots[np.lexsort(keys)]

"""A query -> the assets that answer it, in order.

Keyword scores and inner products are brought to 0..1 and mixed in proportion; a filter is applied
before anything is ranked, so a page is full when there is enough to fill it. Equals are ordered
by the newest, then by a key made from the id, so pages neither repeat nor skip an asset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from library import keywords
from library.conditions import All, Compare
from library.evaluation import holds
from library.facets import Facets, counted
from library.fields import FIELDS
from library.likeness import references
from library.ordering import window
from library.remembered import Remembered
from library.scoring import Scores, keys, mean, near, page
from library.wording import wording

if TYPE_CHECKING:
    import sqlalchemy as sa

    from library.conditions import Condition
    from library.likeness import References
    from library.query import Query
    from library.remembered import Embedder
    from library.shelf import Mask, Shelf
    from library.shelves import Shelves
    from library.wording import Wording

_PUBLIC = Compare(FIELDS["privacy"], "=", "public")


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a search found: how many assets, and the numbers of those on the page, in order."""

    total: int
    numbers: list[int]
    scores: list[float]  # of the same assets, best 1; empty when nothing was ranked
    facets: Facets | None = None


class Engine:
    """Searches one library. Thread-safe."""

    def __init__(self, shelves: Shelves, models: Embedder) -> None:
        self._shelves = shelves
        self._models = Remembered(models)

    def search(self, connection: sa.Connection, query: Query) -> Ranked:
        """Rank the library, as `connection` sees it, for `query`; raises RequestError."""
        shelf = self._shelves.at(connection)
        mask = _allowed(shelf, connection, query.filter, public=query.public)
        said = wording(query.words)
        mask = keywords.without(connection, shelf, said, mask)
        parts: list[Scores] = []
        if query.words and not said.only_without:
            parts.append(self._words(connection, shelf, said, query.querySemanticRatio, mask))
            mask = parts[-1].hits
        if query.like or query.unlike:
            parts.append(self._pictures(connection, shelf, query, mask))
            mask = parts[-1].hits
        total = int(np.count_nonzero(mask))
        facets = self._facets(connection, shelf, query, mask) if query.facets else None
        ends = (query.paging.start, query.paging.start + query.paging.count)
        steered = query.querySemanticRatio or query.like or query.unlike
        if parts and (steered or not query.sortBy):
            slots, scores = page(connection, shelf, mask, parts, ends)
            return Ranked(total, shelf.number[slots].tolist(), scores.tolist(), facets)
        values = mean(parts) if parts else None
        slots = window(np.flatnonzero(mask), keys(shelf, values, query.sortBy), *ends)
        told = [] if values is None else values[slots].tolist()
        return Ranked(total, shelf.number[slots].tolist(), told, facets)

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
        said = wording(query.words)
        mask = keywords.without(connection, shelf, said, mask)
        if query.words and not said.only_without:
            ratio = query.querySemanticRatio
            found = mask & shelf.space["text"].has() if ratio > 0 else np.zeros_like(mask)
            if ratio < 1:
                found[keywords.search(connection, shelf, said, mask).slots] = True
            mask = found
        if query.like or query.unlike:
            shown = self._references(connection, shelf, query)
            has = np.zeros_like(mask)
            for name, _, _ in shown.compared:
                has |= shelf.space[name].has()
            mask = mask & has
            mask[shown.own] = False
        return mask

    def _words(
        self, connection: sa.Connection, shelf: Shelf, said: Wording, ratio: float, mask: Mask
    ) -> Scores:
        """How well each asset answers the query's words, in 0..1; `ratio` of it by meaning."""
        scores = Scores.none(len(mask))
        if ratio > 0 and len(shelf.space["text"]):
            vector = self._models.words(shelf.uid, said.text)
            scores = near(shelf, [("text", vector, 1.0)], mask, ratio)
        if ratio < 1:
            found = keywords.search(connection, shelf, said, mask)
            highest = float(found.scores.max(initial=0.0)) or 1.0
            # Beside meaning, words that are guessed or were dropped count for less.
            share = (1 - ratio) * (found.sure if ratio > 0 else 1)
            scores.values[found.slots] += found.scores * np.float32(share / highest)
            hits = scores.hits.copy()
            hits[found.slots] = True
            scores = replace(scores, hits=hits)
        return scores

    def _pictures(
        self, connection: sa.Connection, shelf: Shelf, query: Query, mask: Mask
    ) -> Scores:
        """How alike each asset is to the references, in 0..1."""
        found = self._references(connection, shelf, query)
        mask = mask.copy()
        mask[found.own] = False
        return near(shelf, found.compared, mask, 1.0)

    def _references(self, connection: sa.Connection, shelf: Shelf, query: Query) -> References:
        return references(
            connection,
            shelf,
            self._models,
            like=query.like,
            unlike=query.unlike,
            ratio=query.imageSemanticRatio,
        )


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

"""A query -> the assets that match it, in order.

Every query passes the same stages: candidates (filter, scope and excluded words), scores (one part
for the text, one for the reference images), order, and the page. Keyword scores and inner products
are scaled to 0..1 and mixed in proportion. The filter is applied before anything is ranked, so a
page is full when there are enough hits. Ties are ordered by the newest, then by a key made from
the id, so pages neither repeat nor skip an asset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from library.query.filter_tree import And, Compare
from library.query.query_text import parse_text
from library.schema.fields import FIELDS, PATH
from library.search import keywords
from library.search.embedding_cache import EmbeddingCache
from library.search.facets import Facets, count_facets
from library.search.filter_eval import holds
from library.search.folders import count_levels
from library.search.grouping import collapsed, shown
from library.search.scoring import Scores, page, similarity_scores
from library.search.similarity import resolve_references

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from library.query.filter_tree import Condition
    from library.query.query_text import QueryText
    from library.query.request_bodies import ExactWords
    from library.query.search_query import SearchQuery
    from library.reader.index_reader import IndexReader
    from library.reader.snapshot import Mask, Snapshot
    from library.search.embedding_cache import Embedder
    from library.search.similarity import References

_PUBLIC = Compare(FIELDS["privacy"], "=", "public")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How many assets match, and the numbers of those on the page, in order."""

    total: int
    numbers: list[int]
    scores: list[float]  # of the same assets, best 1; empty when nothing was scored
    facets: Facets | None = None
    assets: int | None = None  # that match, where `total` counts groups


class Engine:
    """Searches one library. Thread-safe."""

    def __init__(self, reader: IndexReader, models: Embedder) -> None:
        self._reader = reader
        self._models = EmbeddingCache(models)

    def search(self, connection: sa.Connection, query: SearchQuery) -> SearchResult:
        """Search the library, as `connection` sees it; raises RequestError."""
        snapshot = self._reader.at(connection)
        text = parse_text(query.words)
        scorers = self._scorers(connection, snapshot, query, text)
        hits = _candidates(connection, snapshot, query, text, query.filter)
        if query.exactWords == "except" and (not query.words or text.is_only_exclusions):
            hits = np.zeros_like(hits)
        parts: list[Scores] = []
        for scorer in scorers:
            parts.append(scorer.score(hits))
            hits = parts[-1].hits
        facets = None
        if query.facets or query.folders:
            facets = _facets(connection, snapshot, query, text, scorers, hits)
        is_by_score = parts and (query.querySemanticRatio or query.like or query.unlike)
        sort = () if is_by_score else query.sortBy
        by_group = query.groupBy == "group"
        ranked = collapsed(connection, snapshot, hits, parts, sort) if by_group else hits
        slots, scores = page(
            connection,
            snapshot,
            ranked,
            parts,
            sort=sort,
            start=query.paging.start,
            stop=query.paging.start + query.paging.count,
        )
        total = int(np.count_nonzero(ranked))
        assets = None
        if by_group:
            assets, slots = int(np.count_nonzero(hits)), shown(snapshot, hits, slots)
        return SearchResult(total, snapshot.number[slots].tolist(), scores.tolist(), facets, assets)

    def _scorers(
        self, connection: sa.Connection, snapshot: Snapshot, query: SearchQuery, text: QueryText
    ) -> list[Scorer]:
        """Return what scores the candidates of `query`, in this order."""
        scorers: list[Scorer] = []
        if query.words and not text.is_only_exclusions:
            scorers.append(
                _TextScorer(
                    connection,
                    snapshot,
                    self._models,
                    text,
                    query.querySemanticRatio,
                    query.exactWords,
                )
            )
        if query.like or query.unlike:
            references = resolve_references(
                connection,
                snapshot,
                self._models,
                like=query.like,
                unlike=query.unlike,
                ratio=query.imageSemanticRatio,
            )
            scorers.append(_ReferenceScorer(snapshot, references))
        return scorers


def _candidates(
    connection: sa.Connection,
    snapshot: Snapshot,
    query: SearchQuery,
    text: QueryText,
    tree: Condition | None,
) -> Mask:
    """Return the living assets that `tree`, the scope and the excluded words leave."""
    conditions = [] if tree is None else [tree]
    if query.public:
        conditions.append(_PUBLIC)
    mask = snapshot.alive
    if conditions:
        mask = mask & holds(And(tuple(conditions)), snapshot, connection)
    return keywords.exclude(connection, snapshot, text, mask)


def _facets(
    connection: sa.Connection,
    snapshot: Snapshot,
    query: SearchQuery,
    text: QueryText,
    scorers: Sequence[Scorer],
    hits: Mask,
) -> Facets:
    """Count the facets of `hits`; a field with a filter of its own is counted over its own hits."""
    hits_of: dict[Condition | None, Mask] = {query.filter: hits}
    filters = dict(query.facetFilters)
    for tree in filters.values():
        if tree not in hits_of:
            mask = _candidates(connection, snapshot, query, text, tree)
            for scorer in scorers:
                mask = scorer.hits(mask)
            hits_of[tree] = mask
    counted = [(name, hits_of[filters.get(name, query.filter)]) for name in query.facets]
    below = hits_of[filters.get(PATH, query.filter)]
    by_group = query.groupBy == "group"
    levels = count_levels(connection, snapshot, below, query.folders, by_group=by_group)
    return replace(count_facets(connection, snapshot, counted, by_group=by_group), levels=levels)


class Scorer(Protocol):
    """Scores candidates and narrows them to hits."""

    def score(self, mask: Mask) -> Scores:
        """Return the scores of the candidates in `mask`, in 0..1."""

    def hits(self, mask: Mask) -> Mask:
        """Return (slots,) the hits of `score` without scoring them."""


@dataclass(frozen=True, slots=True)
class _TextScorer:
    """How well each asset matches the query's text; `ratio` of the score is by meaning."""

    connection: sa.Connection
    snapshot: Snapshot
    models: EmbeddingCache
    text: QueryText
    ratio: float
    exact: ExactWords

    def score(self, mask: Mask) -> Scores:
        mask = self._reduced(mask)
        scores = Scores.none(len(mask))
        if self.ratio > 0 and len(self.snapshot.spaces["text"]):
            vector = self.models.words(self.snapshot.uid, self.text.text)
            scores = similarity_scores(self.snapshot, [("text", vector, 1.0)], mask, self.ratio)
        if self.ratio < 1:
            matches = self._matches(mask, exact=self.exact == "only")
            highest = float(matches.scores.max(initial=0.0)) or 1.0
            # Beside meaning, words that were guessed or dropped count for less.
            share = (1 - self.ratio) * (matches.certainty if self.ratio > 0 else 1)
            scores.values[matches.slots] += matches.scores * np.float32(share / highest)
            hits = scores.hits.copy()
            hits[matches.slots] = True
            scores = replace(scores, hits=hits)
        return scores

    def _reduced(self, mask: Mask) -> Mask:
        """Return the candidates that `exact` leaves."""
        if not self.exact or (self.exact == "only" and not self.ratio):  # the words alone decide
            return mask
        exact = np.zeros_like(mask)
        exact[self._matches(mask, exact=True).slots] = True
        return exact if self.exact == "only" else mask & ~exact

    def _matches(self, mask: Mask, *, exact: bool) -> keywords.Matches:
        return keywords.search(self.connection, self.snapshot, self.text, mask, exact=exact)

    def hits(self, mask: Mask) -> Mask:
        mask = self._reduced(mask)
        has_vector = self.snapshot.spaces["text"].has()
        hits = mask & has_vector if self.ratio > 0 else np.zeros_like(mask)
        if self.ratio < 1:
            matches = self._matches(mask, exact=self.exact == "only")
            hits[matches.slots] = True
        return hits


@dataclass(frozen=True, slots=True)
class _ReferenceScorer:
    """How similar each asset is to the reference images, which are no hits themselves."""

    snapshot: Snapshot
    references: References

    def score(self, mask: Mask) -> Scores:
        mask = mask.copy()
        mask[self.references.own] = False
        return similarity_scores(self.snapshot, self.references.compared, mask, 1.0)

    def hits(self, mask: Mask) -> Mask:
        has_vector = np.zeros_like(mask)
        for name, _, _ in self.references.compared:
            has_vector |= self.snapshot.spaces[name].has()
        hits = mask & has_vector
        hits[self.references.own] = False
        return hits

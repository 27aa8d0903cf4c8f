"""A filter tree -> the assets for which it holds.

Conditions on short fields are evaluated on the columns in memory. A condition on a long text
(name, prompt, seed ...) is evaluated by SQL (`filter_sql`): a whole branch at once when it has no
other conditions, or only for the assets that the words in memory leave undecided (`substrings`).
All ways return the same, which the tests compare with a naive evaluator.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from library.schema.fields import folded
from library.search import substrings
from library.search.filter_sql import clause
from library.store.backends.dialects import among, bound
from library.store.backends.phrases import assets_with
from library.store.tables import assets

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.query.filter_tree import (
        And,
        Between,
        Compare,
        Condition,
        Contains,
        Exists,
        HasWords,
        IsEmpty,
        Leaf,
        Not,
        OneOf,
        Or,
    )
    from library.reader.columns import Column
    from library.reader.snapshot import Mask, Snapshot

CACHED_MOST = 64  # cached results of conditions on long texts; an eighth of a byte an asset each
READ_MOST = 2_000  # texts that are read for a result that can be cached, though fewer are needed
ROWS = 300  # texts that are read before the keyword index is queried for phrases
SCAN = 4  # reading one in so many of all texts takes as long as reading all in order

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def holds(
    tree: Condition, snapshot: Snapshot, connection: sa.Connection, within: Mask | None = None
) -> Mask:
    """Return (slots,) the assets, deleted ones too, for which `tree` holds.

    Outside `within`, where it is given, the result is undefined.
    """
    return _Evaluation(snapshot, connection, within).evaluate(tree)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Evaluates a tree; only the assets in `within` matter."""

    snapshot: Snapshot
    connection: sa.Connection
    within: Mask | None

    def evaluate(self, tree: Condition) -> Mask:
        if all(leaf.field.long and not substrings.has_pattern(leaf) for leaf in tree.leaves()):
            return _by_sql(tree, self.snapshot, self.connection)
        return tree.accept(self)

    def leaf(self, leaf: Leaf) -> Mask:
        if leaf.field.long:
            return _long(leaf, self.snapshot, self.connection, self.within)
        return leaf.accept_leaf(_ColumnMatch(self.snapshot.columns[leaf.field.name]))

    def not_(self, tree: Not) -> Mask:
        return ~self.evaluate(tree.item)

    def and_(self, tree: And) -> Mask:
        # Conditions in memory come first: they leave fewer texts to read.
        within = self.within
        for item in sorted(tree.items, key=_reads_texts):
            matches = replace(self, within=within).evaluate(item)
            within = matches if within is None else within & matches
        return np.ones(len(self.snapshot.number), np.bool_) if within is None else within

    def or_(self, tree: Or) -> Mask:
        either: Mask = np.logical_or.reduce([self.evaluate(item) for item in tree.items])
        return either


def _reads_texts(tree: Condition) -> bool:
    """Return whether any condition in `tree` is on a long text."""
    return any(leaf.field.long for leaf in tree.leaves())


def _by_sql(tree: Condition, snapshot: Snapshot, connection: sa.Connection) -> Mask:
    if (cached := _cached(tree, snapshot)) is not None:
        return cached
    statement = sa.select(assets.c.number).where(clause(tree))
    numbers = connection.execute(statement).scalars().all()
    return _cache(tree, snapshot, snapshot.mask(numbers))


def _long(leaf: Leaf, snapshot: Snapshot, connection: sa.Connection, within: Mask | None) -> Mask:
    """Evaluate a condition on a long text: words in memory first, then the undecided texts."""
    if (cached := _cached(leaf, snapshot)) is not None:
        return cached
    decided = substrings.decide(leaf, snapshot)
    if decided is None:
        if (row := substrings.words_in_row(leaf, snapshot)) is None:
            return _by_sql(leaf, snapshot, connection)
        column, run, having = row
        found = assets_with(connection, [column], [run], snapshot.number[having].tolist)
        return _cache(leaf, snapshot, snapshot.mask(found))
    sure, maybe = decided
    maybe &= snapshot.alive
    narrowed = within is not None and np.count_nonzero(maybe) > READ_MOST
    if within is not None and narrowed:
        maybe &= within
    left = int(np.count_nonzero(maybe))
    if left > ROWS and (phrases := phrase_matches(leaf, snapshot, connection, maybe)) is not None:
        maybe &= phrases
        left = int(np.count_nonzero(maybe))
    if left * SCAN > len(maybe):
        return _by_sql(leaf, snapshot, connection)
    if left:
        statement = sa.select(assets.c.number).where(clause(leaf), among(assets.c.number))
        numbers = connection.execute(statement, bound(snapshot.number[maybe].tolist()))
        sure[snapshot.slots(numbers.scalars().all())] = True
    return sure if narrowed else _cache(leaf, snapshot, sure)


def phrase_matches(
    leaf: Leaf, snapshot: Snapshot, connection: sa.Connection, candidates: Mask
) -> Mask | None:
    """Return (slots,) the assets with the phrases that `leaf` requires; None if it has none.

    `candidates` (slots,) are assets that have the words; others may be left out.
    """
    required = substrings.required_phrases(leaf, snapshot)
    if required is None:
        return None
    column, phrases, undecided = required
    if not phrases:
        return undecided
    numbers = assets_with(connection, [column], phrases, snapshot.number[candidates].tolist)
    return snapshot.mask(numbers) | undecided


def _cached(tree: Condition, snapshot: Snapshot) -> Mask | None:
    """Return the result of this condition in this state of the library, where it is cached."""
    bits = snapshot.filter_results.get(tree)
    if bits is None:
        return None
    return np.unpackbits(bits, count=len(snapshot.number)).view(np.bool_)


def _cache(tree: Condition, snapshot: Snapshot, matches: Mask) -> Mask:
    """Store `matches` for the next page and for facets with the same condition; return it."""
    if len(snapshot.filter_results) >= CACHED_MOST:
        snapshot.filter_results.clear()
    snapshot.filter_results[tree] = np.packbits(matches)
    return matches


@dataclass(frozen=True, slots=True)
class _ColumnMatch:
    """Evaluates a condition on one column in memory; every function returns (slots,)."""

    column: Column

    def compare(self, leaf: Compare) -> Mask:
        value = leaf.value
        if leaf.operator == "=":
            return self.column.among([value])
        if value is None:
            return self.column.among([])
        compared = _OPERATORS[leaf.operator]
        return self.column.where(lambda each: compared(each, value))

    def one_of(self, leaf: OneOf) -> Mask:
        return self.column.among(leaf.values)

    def between(self, leaf: Between) -> Mask:
        low: Any = leaf.low
        high: Any = leaf.high
        return self.column.where(lambda value: (low <= value) & (value <= high))

    def exists(self, leaf: Exists) -> Mask:
        del leaf
        return self.column.exists()

    def is_empty(self, leaf: IsEmpty) -> Mask:
        del leaf
        return self.column.is_empty()

    def contains(self, leaf: Contains) -> Mask:
        part = leaf.value
        if leaf.start:
            return self.column.where(lambda value: value.startswith(part))
        return self.column.where(lambda value: part in value)

    def has_words(self, leaf: HasWords) -> Mask:
        # The keyword index does not contain the field: `field:value` is equality.
        return self.column.among([folded(leaf.value)])

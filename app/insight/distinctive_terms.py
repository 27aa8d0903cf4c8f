"""Terms that distinguish the likes of a search from its unlikes.

A word or tag is distinctive of a side if it is much more frequent there than on the other side and
among the results. The score is the logarithm of the ratio of smoothed frequencies (log odds with
half a count added, Jeffreys' prior), so that a single picture has little weight.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.insight.tokens import meaningful, tags
from app.query.filters import both, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.query.search import Search
    from app.scenario.assets import Asset

MOST_TERMS: Final = 6  # per side
TAGS: Final = "tags"
_FIELDS: Final = (TAGS, "prompt", "name")  # where a term can occur; the first of equal ones
_RESULTS_WEIGHT: Final = 0.5  # of the results, relative to the other side


@dataclass(frozen=True, slots=True)
class Term:
    """A tag, or a word of a prompt or name, that is distinctive of one side."""

    field: str  # tags, prompt, name
    text: str
    side: str  # "like" or "unlike"


def distinctive_terms(
    likes: Sequence[Asset], unlikes: Sequence[Asset], shown: Iterable[Asset]
) -> tuple[Term, ...]:
    """Return the most distinctive terms of each side, in descending order, likes first."""
    if not likes and not unlikes:
        return ()
    examples = {asset.id for asset in (*likes, *unlikes)}
    liked, unliked = _Side(likes), _Side(unlikes)
    rest = _Side([asset for asset in shown if asset.id not in examples])
    return (
        *_scored(liked, unliked, rest, "like"),
        *_scored(unliked, liked, rest, "unlike"),
    )


class _Side:
    """The number of assets of one side that have each term."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self.size = len(assets)
        self.counts: Counter[str] = Counter()
        self._fields: Counter[tuple[str, str]] = Counter()  # (term, field)
        self._written: dict[str, str] = {}
        for asset in assets:
            terms = _terms(asset)
            self.counts.update(terms.keys())
            self._fields.update((term, field) for term, (field, _) in terms.items())
            self._written |= {term: text for term, (field, text) in terms.items() if field == TAGS}

    def share(self, term: str) -> float:
        """Return the smoothed share of the assets that have a term."""
        return (self.counts[term] + 0.5) / (self.size + 1)

    def term(self, folded: str, side: str) -> Term:
        """Return a term with its most frequent field, as it is written there."""
        field = max(_FIELDS, key=lambda each: self._fields[folded, each])
        return Term(field, self._written.get(folded, folded) if field == TAGS else folded, side)


@lru_cache(maxsize=4096)
def _terms(asset: Asset) -> Mapping[str, tuple[str, str]]:
    """Return the terms of an asset, folded, with their field and spelling. Cached by asset."""
    texts = {"prompt": asset.metadata.prompt}
    if not asset.metadata.prompt:  # else the name repeats the prompt, or is a number
        texts["name"] = asset.metadata.name
    words = {word: (field, word) for field, text in texts.items() for word in meaningful(text)}
    return words | {folded: (TAGS, tag) for folded, tag in tags(asset).items()}


def _scored(own: _Side, other: _Side, rest: _Side, side: str) -> list[Term]:
    scored: list[tuple[float, str]] = []
    for term, count in own.counts.items():
        least = min(own.size, 2)
        if count < least or (other.size and count * other.size <= other.counts[term] * own.size):
            continue
        score = math.log(own.share(term) / other.share(term)) if other.size else 0.0
        if rest.size:
            score += _RESULTS_WEIGHT * math.log(own.share(term) / rest.share(term))
        if score > 0:
            scored.append((-score, term))
    return [own.term(term, side) for _, term in sorted(scored)[:MOST_TERMS]]


def including(search: Search, term: Term) -> Search:
    """Return the search with a term added: a tag as a facet, a word to the query."""
    if term.field == TAGS:
        return search.adding("tags", term.text)
    if term.text in search.query.casefold().split():
        return search.with_()
    return search.with_(query=f"{search.query} {term.text}")


def excluding(search: Search, term: Term) -> Search:
    """Return the search without a term: a tag by its facet, a word by the filter."""
    if term.field == TAGS:
        return search.adding("tags.not", term.text)
    clause = f"NOT {term.field} CONTAINS {quote(term.text)}"
    if clause in search.filter:
        return search.with_()
    return search.with_(filter=both(search.filter, clause))

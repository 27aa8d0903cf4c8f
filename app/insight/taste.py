"""Taste words: what tells the likes from the unlikes, in their own words.

A word or tag is telling for a side where it is much more frequent there than on the other side and
among what the search shows anyway. Each is measured by the logarithm of the ratio of smoothed
frequencies (log odds with half a count added, Jeffreys' prior), so one picture alone never shouts.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from app.filters import quote
from app.insight.terms import tags, telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.assets import Asset
    from app.search import Search

MOST_TERMS: Final = 6  # a side
TAGS: Final = "tags"
_FIELDS: Final = (TAGS, "prompt", "name")  # where a term may stand; of equals the first
_OF_ALL: Final = 0.5  # what the shown results count beside the other side


@dataclass(frozen=True, slots=True)
class Term:
    """A tag, or a word of a prompt or name, that speaks for one side."""

    field: str  # tags, prompt, name
    text: str
    side: str  # "like" or "unlike"


def taste(
    likes: Sequence[Asset], unlikes: Sequence[Asset], shown: Iterable[Asset]
) -> tuple[Term, ...]:
    """The most telling terms of each side, likes first, each side's most telling first."""
    if not likes and not unlikes:
        return ()
    examples = {asset.id for asset in (*likes, *unlikes)}
    liked, unliked = _Side(likes), _Side(unlikes)
    rest = _Side([asset for asset in shown if asset.id not in examples])
    return (
        *_telling(liked, unliked, rest, "like"),
        *_telling(unliked, liked, rest, "unlike"),
    )


class _Side:
    """How many of some assets have each term, wherever it stands in them."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self.many = len(assets)
        self.counts: Counter[str] = Counter()
        self._fields: Counter[tuple[str, str]] = Counter()  # (term, field)
        self._written: dict[str, str] = {}
        for asset in assets:
            found = _terms(asset)
            self.counts.update(found.keys())
            self._fields.update((term, field) for term, (field, _) in found.items())
            self._written |= {term: text for term, (field, text) in found.items() if field == TAGS}

    def share(self, term: str) -> float:
        """The smoothed share of the assets that have a term."""
        return (self.counts[term] + 0.5) / (self.many + 1)

    def term(self, folded: str, side: str) -> Term:
        """A term in the field where most have it, as it is written there."""
        field = max(_FIELDS, key=lambda each: self._fields[folded, each])
        return Term(field, self._written.get(folded, folded) if field == TAGS else folded, side)


@lru_cache(maxsize=4096)
def _terms(asset: Asset) -> Mapping[str, tuple[str, str]]:
    """Each term of an asset, folded: the field it stands in, and how it is written there.

    Kept, since pages share their hits.
    """
    texts = {"prompt": asset.metadata.prompt}
    if not asset.metadata.prompt:  # else a name says what the prompt does, or a number
        texts["name"] = asset.metadata.name
    found = {word: (field, word) for field, text in texts.items() for word in telling(text)}
    return found | {folded: (TAGS, tag) for folded, tag in tags(asset).items()}


def _telling(own: _Side, other: _Side, rest: _Side, side: str) -> list[Term]:
    scored: list[tuple[float, str]] = []
    for term, count in own.counts.items():
        least = min(own.many, 2)
        if count < least or (other.many and count * other.many <= other.counts[term] * own.many):
            continue
        score = math.log(own.share(term) / other.share(term)) if other.many else 0.0
        if rest.many:
            score += _OF_ALL * math.log(own.share(term) / rest.share(term))
        if score > 0:
            scored.append((-score, term))
    return [own.term(term, side) for _, term in sorted(scored)[:MOST_TERMS]]


def towards(search: Search, term: Term) -> Search:
    """The search with one more thing wanted: a tag of its facet, or a word of the query."""
    if term.field == TAGS:
        return search.adding("tags", term.text)
    if term.text in search.query.casefold().split():
        return search.with_()
    return search.with_(query=f"{search.query} {term.text}")


def away_from(search: Search, term: Term) -> Search:
    """The search with one more thing avoided: a tag, or a word of the prompt or name."""
    if term.field == TAGS:
        return search.adding("tags.not", term.text)
    clause = f"NOT {term.field} CONTAINS {quote(term.text)}"
    if clause in search.filter:
        return search.with_()
    # AND binds tighter than OR: what stood there alone is put in parentheses.
    before = f"({search.filter})" if " or " in search.filter.lower() else search.filter
    return search.with_(filter=f"{before} AND {clause}" if before else clause)

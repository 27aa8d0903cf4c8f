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
    from collections.abc import Iterable, Sequence

    from app.assets import Asset
    from app.search import Search

MOST_TERMS: Final = 6  # a side
_OF_ALL: Final = 0.5  # what the shown results count beside the other side

Key = tuple[str, str]  # the field, and the folded term


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
    others = [asset for asset in shown if asset.id not in examples]
    written: dict[Key, str] = {}
    liked, unliked, rest = (_count(each, written) for each in (likes, unlikes, others))
    sizes = len(likes), len(unlikes), len(others)
    found = _telling(liked, unliked, rest, sizes, "like", written)
    mirrored = sizes[1], sizes[0], sizes[2]
    return (*found, *_telling(unliked, liked, rest, mirrored, "unlike", written))


def _count(assets: Iterable[Asset], written: dict[Key, str]) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    for asset in assets:
        for key, shown in _terms(asset):
            written.setdefault(key, shown)
            counts[key] += 1
    return counts


@lru_cache(maxsize=4096)
def _terms(asset: Asset) -> tuple[tuple[Key, str], ...]:
    """The terms of an asset, each with how it is written; kept, since pages share their hits."""
    own = tags(asset)
    terms = {("tags", tag): shown for tag, shown in own.items()}
    for field, text in (("prompt", asset.metadata.prompt), ("name", asset.metadata.name)):
        for word in telling(text):
            if word not in own and ("prompt", word) not in terms:
                terms[field, word] = word
    return tuple(terms.items())


def _telling(
    own: Counter[Key],
    other: Counter[Key],
    rest: Counter[Key],
    sizes: tuple[int, int, int],
    side: str,
    written: dict[Key, str],
) -> list[Term]:
    many, against, among = sizes
    scored: list[tuple[float, str, Key]] = []
    for key, count in own.items():
        if count < min(many, 2) or (against and count / many <= other[key] / against):
            continue
        share = _share(count, many)
        score = math.log(share / _share(other[key], against)) if against else 0.0
        if among:
            score += _OF_ALL * math.log(share / _share(rest[key], among))
        if score > 0:
            scored.append((-score, key[1], key))
    terms: dict[str, Term] = {}
    for _, folded, key in sorted(scored):
        terms.setdefault(folded, Term(key[0], written[key], side))
    return list(terms.values())[:MOST_TERMS]


def _share(count: int, of: int) -> float:
    return (count + 0.5) / (of + 1)


def towards(search: Search, term: Term) -> Search:
    """The search with one more thing wanted: a tag of its facet, or a word of the query."""
    if term.field == "tags":
        return search.adding("tags", term.text)
    if term.text in search.query.casefold().split():
        return search.with_()
    return search.with_(query=f"{search.query} {term.text}")


def away_from(search: Search, term: Term) -> Search:
    """The search with one more thing avoided: a tag, or a word of the prompt or name."""
    if term.field == "tags":
        return search.adding("tags.not", term.text)
    clause = f"NOT {term.field} CONTAINS {quote(term.text)}"
    if clause in search.filter:
        return search.with_()
    # AND binds tighter than OR: what stood there alone is put in parentheses.
    before = f"({search.filter})" if " or " in search.filter.lower() else search.filter
    return search.with_(filter=f"{before} AND {clause}" if before else clause)

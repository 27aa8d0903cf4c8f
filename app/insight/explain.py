"""Why an asset is a result of a search: the words it shares with the query and the examples.

Visual similarity and the API's `score`, which is popularity, cannot be explained by words and are
left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from app.insight.tokens import STOP_WORDS, fields, fold, meaningful, tags, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.query.search import Search
    from app.scenario.assets import Asset

MOST_SHARED: Final = 12  # words of one example
# The API tolerates one typo in words from five letters and two from nine.
_TYPOS: Final = ((9, 2), (5, 1))
_EXCLUDED: Final = re.compile(r'(?<!\S)-(?:"[^"]*"|[^\s"-][^\s"]*)')  # `-gold`


@dataclass(frozen=True, slots=True)
class MatchLocation:
    """An occurrence of a word of the query in an asset."""

    label: str  # "name", "tag", "prompt", ...
    word: str  # as it is written there
    how: str  # "exactly", "as a prefix", "with a typo"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the query; `locations` is empty if the asset does not have it."""

    word: str
    locations: tuple[MatchLocation, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """What an asset has in common with one example; false if that is nothing."""

    example: str
    side: str  # "like" or "unlike"
    tags: tuple[str, ...]
    words: tuple[str, ...]  # of the prompts, else of the names
    is_same_job: bool = False

    def __bool__(self) -> bool:
        return bool(self.tags or self.words or self.is_same_job)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a result."""

    words: tuple[Word, ...]
    shared: tuple[Shared, ...]


def explain(search: Search, asset: Asset, examples: Mapping[str, Asset]) -> Explanation:
    """Explain why `asset` is a result of `search`; `examples` are the known likes and unlikes."""
    texts = [("tag", tag) for tag in asset.tags]
    texts += list(fields(asset).items())
    query = list(dict.fromkeys(tokens(_EXCLUDED.sub(" ", search.query))))
    words = [word for word in query if word not in STOP_WORDS] or query
    return Explanation(
        words=tuple(Word(word, tuple(_locations(word, texts))) for word in words),
        shared=tuple(
            _shared(asset, other, side)
            for side, ids in (("like", search.like), ("unlike", search.unlike))
            for each in ids
            if (other := examples.get(each)) is not None
        ),
    )


def _locations(searched: str, texts: list[tuple[str, str]]) -> Iterator[MatchLocation]:
    """Return the best location in each field."""
    best: dict[str, tuple[int, MatchLocation]] = {}
    for label, text in texts:
        for word in tokens(text):
            rank, how = _match(searched, word)
            if how and (label not in best or rank < best[label][0]):
                shown = text if label == "tag" else word
                best[label] = (rank, MatchLocation(label, shown, how))
    return (location for _, location in best.values())


def _match(searched: str, word: str) -> tuple[int, str]:
    if word == searched:
        return 0, "exactly"
    if word.startswith(searched):
        return 1, "as a prefix"
    most = next((typos for length, typos in _TYPOS if len(searched) >= length), 0)
    if most and OSA.distance(searched, word, score_cutoff=most) <= most:
        return 2, "with a typo"
    return 3, ""


def _shared(asset: Asset, other: Asset, side: str) -> Shared:
    mine, theirs = tags(asset), tags(other)
    common = tuple(mine[tag] for tag in mine if tag in theirs)
    words = _common(asset.metadata.prompt, other.metadata.prompt)
    if not words:
        words = _common(asset.metadata.name, other.metadata.name)
    folded = {fold(tag) for tag in common}
    return Shared(
        example=other.id,
        side=side,
        tags=common[:MOST_SHARED],
        words=tuple(word for word in words if word not in folded)[:MOST_SHARED],
        is_same_job=bool(
            asset.metadata.parentJobId and asset.metadata.parentJobId == other.metadata.parentJobId
        ),
    )


def _common(one: str | None, other: str | None) -> tuple[str, ...]:
    theirs = frozenset(meaningful(other))
    return tuple(word for word in meaningful(one) if word in theirs)

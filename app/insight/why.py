"""Why a result is here: the words it shares with the query and with each example.

Says what can be seen in the words of an asset. Likeness itself is a matter of pictures, and the
API's `score` is popularity: neither plays a part here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.insight.terms import EMPTY, fields, fold, tags, telling, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.assets import Asset
    from app.search import Search

MOST_SHARED: Final = 12  # words of one example
# The API forgives one slip from five letters and two from nine (issue 5, "Keywords").
_SLIPS: Final = ((9, 2), (5, 1))
_LEFT_OUT: Final = re.compile(r'(?<!\S)-(?:"[^"]*"|[^\s"-][^\s"]*)')  # `-gold`: no result has it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a word of the query stands in an asset."""

    label: str  # "name", "tag", "prompt", ...
    word: str  # as it stands there
    how: str  # "exactly", "as a beginning", "with a slip"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the query; `places` is empty where the asset does not have it."""

    word: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """What an asset has in common with one example; empty where their words say nothing."""

    example: str
    side: str  # "like" or "unlike"
    tags: tuple[str, ...]
    words: tuple[str, ...]  # of the prompts, else of the names
    is_same_job: bool = False

    def __bool__(self) -> bool:
        return bool(self.tags or self.words or self.is_same_job)


@dataclass(frozen=True, slots=True)
class Why:
    """All that speaks for a result."""

    words: tuple[Word, ...]
    shared: tuple[Shared, ...]


def why(search: Search, asset: Asset, examples: Mapping[str, Asset]) -> Why:
    """Say why `asset` is among the results of `search`; `examples` are the known likes, unlikes."""
    texts = [("tag", tag) for tag in asset.tags]
    texts += list(fields(asset).items())
    query = list(dict.fromkeys(tokens(_LEFT_OUT.sub(" ", search.query))))
    wanted = [word for word in query if word not in EMPTY] or query
    return Why(
        words=tuple(Word(word, tuple(_places(word, texts))) for word in wanted),
        shared=tuple(
            _shared(asset, other, side)
            for side, ids in (("like", search.like), ("unlike", search.unlike))
            for each in ids
            if (other := examples.get(each)) is not None
        ),
    )


def _places(wanted: str, texts: list[tuple[str, str]]) -> Iterator[Place]:
    """One place a field: the best of it."""
    best: dict[str, tuple[int, Place]] = {}
    for label, text in texts:
        for word in tokens(text):
            rank, how = _match(wanted, word)
            if how and (label not in best or rank < best[label][0]):
                shown = text if label == "tag" else word
                best[label] = (rank, Place(label, shown, how))
    return (place for _, place in best.values())


def _match(wanted: str, word: str) -> tuple[int, str]:
    if word == wanted:
        return 0, "exactly"
    if word.startswith(wanted):
        return 1, "as a beginning"
    most = next((slips for length, slips in _SLIPS if len(wanted) >= length), 0)
    if most and abs(len(word) - len(wanted)) <= most and slips_between(wanted, word) <= most:
        return 2, "with a slip"
    return 3, ""


def slips_between(one: str, other: str) -> int:
    """How many letters were left out, added, changed, or swapped with their neighbour.

    Optimal string alignment distance, row by row.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, row, older = row, [at], before
        for to, against in enumerate(other, 1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != against))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == against:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]


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
    theirs = frozenset(telling(other))
    return tuple(word for word in telling(one) if word in theirs)

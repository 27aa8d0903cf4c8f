"""Which assets have which word, in memory, and what the word weighs there.

A `Segment` covers a stretch of slots: its words in order, and for each of them the slots that have
it and its bm25 impact in each. A new batch of assets is a new small segment, and segments of
alike size are merged, so that there are never many. The words come from the FTS5 table, which
keeps them; in memory a word that a hundred thousand assets have costs one pass over an array,
where bm25() takes 1.4 microseconds an asset.

Impact as in FTS5 (Robertson, Zaragoza: BM25F with field weights, k1 = 1.2, b = 0.75):
f (k1 + 1) / (f + k1 (1 - b + b length / average length)), f the weighed number of occurrences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from library.fields import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Slots: TypeAlias = NDArray[np.int64]
    Impacts: TypeAlias = NDArray[np.float16]

K1 = 1.2
B = 0.75
MERGE = 4  # segments within this factor of each other become one
_LAST = "\U0010ffff"  # sorts behind every completion of a prefix


@dataclass(frozen=True, eq=False)
class Segment:
    """The postings of `assets` assets: those of word i are at begin[i]..begin[i + 1]."""

    words: list[str]  # sorted
    begin: NDArray[np.int64]
    slots: NDArray[np.int32]
    impacts: Impacts
    assets: int
    # word -> words of this segment that it may be a mistyped form of; filled by `keywords`
    near: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """The words of each length, numbers left out."""
        found: dict[int, list[str]] = defaultdict(list)
        for word in self.words:
            if not word.isdecimal():
                found[len(word)].append(word)
        return dict(found)

    def word(self, word: str) -> slice:
        """Where the postings of one word are."""
        place = bisect_left(self.words, word)
        if place == len(self.words) or self.words[place] != word:
            return slice(0, 0)
        return slice(int(self.begin[place]), int(self.begin[place + 1]))

    def completions(self, prefix: str) -> slice:
        """Where the postings of all words that begin so are."""
        first = bisect_left(self.words, prefix)
        last = bisect_left(self.words, prefix + _LAST)
        return slice(int(self.begin[first]), int(self.begin[last]))


Postings: TypeAlias = "tuple[Segment, ...]"


def segment(parts: Iterable[tuple[Slots, Sequence[Sequence[str]]]]) -> Segment:
    """The segment of these parts: slots (rising), and their words as one sequence a column."""
    code: defaultdict[str, int] = defaultdict()
    code.default_factory = code.__len__
    found = [(len(slots), *_part(slots, texts, code)) for slots, texts in parts]
    if not found:
        return Segment([], np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float16), 0)
    codes, owners, impacts = (
        np.concatenate([part[place] for part in found]) for place in (1, 2, 3)
    )
    return _sorted(list(code), codes, owners, impacts, sum(part[0] for part in found))


def merged(segments: Sequence[Segment]) -> Segment:
    """One segment of several, in the order of their slots."""
    words = sorted(set(chain.from_iterable(found.words for found in segments)))
    rank = {word: place for place, word in enumerate(words)}
    codes = [
        np.repeat(
            np.array([rank[word] for word in found.words], dtype=np.int32), np.diff(found.begin)
        )
        for found in segments
    ]
    return _sorted(
        words,
        np.concatenate(codes),
        np.concatenate([found.slots for found in segments]),
        np.concatenate([found.impacts for found in segments]),
        sum(found.assets for found in segments),
    )


def grown(postings: Postings, new: Segment) -> Postings:
    """`postings` with a segment behind them, merged where sizes are alike."""
    if not new.assets:
        return postings
    kept = [*postings, new]
    while len(kept) > 1 and kept[-2].assets < kept[-1].assets * MERGE:
        last = kept.pop()
        kept[-1] = merged([kept[-1], last])
    return tuple(kept)


def _part(
    slots: Slots, texts: Sequence[Sequence[str]], code: defaultdict[str, int]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(code, slot, impact) of each word of each of a few assets."""
    keys, weights = [], []
    lengths: NDArray[Any] = np.zeros(len(slots), dtype=np.float32)
    for column, counts_for in zip(texts, WEIGHTS.values(), strict=True):
        split = [text.split() for text in column]
        counts = np.array([len(words) for words in split], dtype=np.int64)
        found = np.fromiter(map(code.__getitem__, chain.from_iterable(split)), np.int64)
        keys.append(found * len(slots) + np.repeat(np.arange(len(slots)), counts))
        weights.append(np.full(len(found), counts_for, dtype=np.float32))
        lengths += counts
    key, weight = np.concatenate(keys), np.concatenate(weights)
    order = np.argsort(key, kind="stable")
    key, weight = key[order], weight[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    often: NDArray[Any] = np.add.reduceat(weight, first) if len(first) else weight
    key = key[first]
    owner = key % max(1, len(slots))
    mean = float(lengths.sum()) / max(1, len(slots)) or 1.0
    relative: NDArray[Any] = lengths[owner] / np.float32(mean)
    impact: NDArray[Any] = often * (K1 + 1) / (often + K1 * (1 - B + B * relative))
    return (
        (key // max(1, len(slots))).astype(np.int32),
        slots[owner].astype(np.int32),
        impact.astype(np.float16),
    )


def _sorted(
    words: list[str],
    codes: NDArray[Any],
    slots: NDArray[Any],
    impacts: NDArray[Any],
    assets: int,
) -> Segment:
    """The segment of these postings, put in the order of the words."""
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    ranks = rank[codes] if len(codes) else codes.astype(np.int32)
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(np.bincount(ranks, minlength=len(words)), out=begin[1:])
    # Stable, so that the slots of a word stay rising.
    place = np.argsort(ranks, kind="stable")
    return Segment(
        [words[place_] for place_ in order],
        begin,
        slots[place].astype(np.int32),
        impacts[place].astype(np.float16),
        assets,
    )

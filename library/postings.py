"""Which assets have which word, in memory, and what the word weighs there.

A `Segment` covers a stretch of slots: its words in order, and for each of them the slots that have
it, its bm25 impact in each, and in which columns of it the word is. A new batch of assets is a new
small segment, and segments of alike size are merged, so that there are never many. The words come
from the FTS5 table, which keeps them; in memory a word that a hundred thousand assets have costs
one pass over an array, where bm25() takes 1.4 microseconds an asset.

Impact as in FTS5 (Robertson, Zaragoza: BM25F with field weights, k1 = 1.2, b = 0.75):
f (k1 + 1) / (f + k1 (1 - b + b length / average length)), f the weighed number of occurrences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from library.analysis import LONGEST
from library.fields import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Slots: TypeAlias = NDArray[np.int64]
    Impacts: TypeAlias = NDArray[np.float16]

K1 = 1.2
B = 0.75
MERGE = 4  # segments within this factor of each other become one
TOGETHER = 100_000  # assets of a segment when a library is read for the first time
_LINE = "\n"  # in no word
_BLOCK = 1_000_000  # postings moved at a time when segments are merged
_LAST = "\U0010ffff"  # sorts behind every completion of a prefix


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words as one text, a line each, so that looking into all of them is one scan."""

    text: str  # begins and ends with a line's end
    begins: NDArray[np.int64]  # (words,) where each begins in it
    number: NDArray[np.int64]  # (words,) which word of the segment it is
    cut: NDArray[np.int64]  # numbers of those that are as long as words can be, or were longer

    @classmethod
    def of(cls, words: Sequence[str], number: NDArray[np.int64]) -> Vocabulary:
        """These words, which have these numbers, rising."""
        lengths = np.array([len(word) for word in words], dtype=np.int64)
        begins = np.cumsum(lengths + 1) - lengths
        text = "".join(("\n", *(f"{word}\n" for word in words)))
        return cls(text, begins, number, number[lengths >= LONGEST])

    def having(self, part: str) -> NDArray[np.int64]:
        """Numbers of the words that have `part` in them; a line's end in it is a word's end."""
        found = []
        place = self.text.find(part)
        while place >= 0:
            found.append(place + (part[0] == "\n"))
            place = self.text.find(part, self.text.find("\n", place + 1))
        return self.number[np.searchsorted(self.begins, found, side="right") - 1]


@dataclass(frozen=True, eq=False)
class Segment:
    """The postings of `assets` assets: those of word i are at begin[i]..begin[i + 1]."""

    words: list[str]  # sorted
    begin: NDArray[np.int64]
    slots: NDArray[np.int32]
    impacts: Impacts
    where: NDArray[np.uint8]  # the columns that have the word, a bit each, the first the lowest
    assets: int
    # word -> words of this segment that it may be a mistyped form of; filled by `keywords`
    near: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    known: dict[int, Vocabulary] = field(default_factory=dict)  # bit -> the words of that column

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """The words of each length, numbers left out."""
        found: dict[int, list[str]] = defaultdict(list)
        for word in self.words:
            if not word.isdecimal():
                found[len(word)].append(word)
        return dict(found)

    def vocabulary(self, bit: int) -> Vocabulary:
        """The words that any asset has in the column of `bit`."""
        if bit not in self.known:
            filled = np.flatnonzero(np.diff(self.begin))
            has = np.bitwise_or.reduceat(self.where, self.begin[filled]) if len(filled) else filled
            number = filled[(has & bit) != 0]
            self.known[bit] = Vocabulary.of([self.words[place] for place in number], number)
        return self.known[bit]

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
Part: TypeAlias = "tuple[Slots, Sequence[Sequence[str]]]"
_NOTHING = Segment(
    [],
    np.zeros(1, np.int64),
    np.zeros(0, np.int32),
    np.zeros(0, np.float16),
    np.zeros(0, np.uint8),
    0,
)


def segment(
    parts: Iterable[Part],
    weights: Sequence[float] = tuple(WEIGHTS.values()),
    together: int = TOGETHER,
) -> Segment:
    """The segment of these parts: slots (rising), and their words as one sequence a column.

    `weights` has what a word counts for in each of the columns. Gathered `together` assets at a
    time, so that many take bounded memory.
    """
    made: list[Segment] = []
    code, found, assets = _codes(), [], 0
    for slots, texts in parts:
        found.append(_part(slots, texts, weights, code))
        assets += len(slots)
        if assets >= together:
            made.append(_gathered(code, found, assets))
            code, found, assets = _codes(), [], 0
    if found:
        made.append(_gathered(code, found, assets))
    del code, found
    if not any(found.words for found in made[1:]):
        return merged(made)
    whole = merged(made)
    del made
    # Strings of their own, one behind the other: those of the segments lie among others that are
    # not needed any more, and would keep the memory of all.
    return replace(whole, words=_LINE.join(whole.words).split(_LINE))


def merged(segments: Sequence[Segment]) -> Segment:
    """One segment of several, in the order of their slots; nothing is sorted but the words."""
    if len(segments) < 2:
        return segments[0] if segments else _NOTHING
    words = sorted(set(chain.from_iterable(found.words for found in segments)))
    rank = {word: place for place, word in enumerate(words)}
    ranks = [
        np.fromiter(map(rank.__getitem__, found.words), np.int64, len(found.words))
        for found in segments
    ]
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    for found, places in zip(segments, ranks, strict=True):
        begin[places + 1] += np.diff(found.begin)
    np.cumsum(begin, out=begin)
    whole = Segment(
        words,
        begin,
        np.empty(begin[-1], np.int32),
        np.empty(begin[-1], np.float16),
        np.empty(begin[-1], np.uint8),
        sum(found.assets for found in segments),
    )
    free = begin[:-1].copy()  # where the next postings of each word go
    for found, places in zip(segments, ranks, strict=True):
        _moved(found, whole, free[places])
        free[places] += np.diff(found.begin)
    return whole


def _moved(found: Segment, whole: Segment, to: NDArray[np.int64]) -> None:
    """Put the postings of each word of `found` into `whole`, from the place `to` (words,) on."""
    cuts = np.searchsorted(found.begin, np.arange(_BLOCK, found.begin[-1], _BLOCK))
    for first, last in pairwise(np.unique([0, *cuts, len(found.words)]).tolist()):
        block = slice(int(found.begin[first]), int(found.begin[last]))
        shift = to[first:last] - found.begin[first:last]
        place = np.repeat(shift, np.diff(found.begin[first : last + 1]))
        place += np.arange(block.start, block.stop)
        whole.slots[place] = found.slots[block]
        whole.impacts[place] = found.impacts[block]
        whole.where[place] = found.where[block]


def grown(postings: Postings, new: Segment) -> Postings:
    """`postings` with a segment behind them, merged where sizes are alike."""
    if not new.assets:
        return postings
    kept = [*postings, new]
    while len(kept) > 1 and kept[-2].assets < kept[-1].assets * MERGE:
        last = kept.pop()
        kept[-1] = merged([kept[-1], last])
    return tuple(kept)


def _codes() -> defaultdict[str, int]:
    """Word -> a number of its own, the next one for a word that is new."""
    code: defaultdict[str, int] = defaultdict()
    code.default_factory = code.__len__
    return code


def _part(
    slots: Slots,
    texts: Sequence[Sequence[str]],
    weights: Sequence[float],
    code: defaultdict[str, int],
) -> tuple[NDArray[Any], ...]:
    """(code, slot, impact, where) of each word of each of a few assets."""
    keys, often_, bits = [], [], []
    lengths: NDArray[Any] = np.zeros(len(slots), dtype=np.float32)
    for place, (column, counts_for) in enumerate(zip(texts, weights, strict=True)):
        split = [text.split() for text in column]
        counts = np.array([len(words) for words in split], dtype=np.int64)
        found = np.fromiter(map(code.__getitem__, chain.from_iterable(split)), np.int64)
        keys.append(found * len(slots) + np.repeat(np.arange(len(slots)), counts))
        often_.append(np.full(len(found), counts_for, dtype=np.float32))
        bits.append(np.full(len(found), 1 << place, dtype=np.uint8))
        lengths += counts
    key, weight, bit = np.concatenate(keys), np.concatenate(often_), np.concatenate(bits)
    order = np.argsort(key, kind="stable")
    key, weight, bit = key[order], weight[order], bit[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    often: NDArray[Any] = np.add.reduceat(weight, first) if len(first) else weight
    where: NDArray[Any] = np.bitwise_or.reduceat(bit, first) if len(first) else bit
    key = key[first]
    owner = key % max(1, len(slots))
    mean = float(lengths.sum()) / max(1, len(slots)) or 1.0
    relative: NDArray[Any] = lengths[owner] / np.float32(mean)
    impact: NDArray[Any] = often * (K1 + 1) / (often + K1 * (1 - B + B * relative))
    return (
        (key // max(1, len(slots))).astype(np.int32),
        slots[owner].astype(np.int32),
        impact.astype(np.float16),
        where,
    )


def _gathered(
    code: Mapping[str, int], parts: Sequence[tuple[NDArray[Any], ...]], assets: int
) -> Segment:
    """The segment of some parts, their postings put in the order of the words."""
    words = list(code)
    codes, slots, impacts, where = (
        np.concatenate([part[place] for part in parts]) for place in range(4)
    )
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    ranks = rank[codes]
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(np.bincount(ranks, minlength=len(words)), out=begin[1:])
    # Stable, so that the slots of a word stay rising.
    place = np.argsort(ranks, kind="stable")
    return Segment(
        [words[place_] for place_ in order],
        begin,
        slots[place],
        impacts[place],
        where[place],
        assets,
    )

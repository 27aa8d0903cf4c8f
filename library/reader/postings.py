"""The inverted index in memory: which assets have which word, with the word's bm25 impact there.

A `Segment` covers a range of slots: its words in order, and for each word the slots that have it,
its impact in each, and the columns with the word. Each new batch of assets is a new small segment.
Segments of similar size are merged, so that there are never many. The words come from the FTS5
table, which stores them. In memory a word of a hundred thousand assets costs one pass over an
array, where bm25() takes 1.4 microseconds for each asset.

The impact is that of FTS5 (Robertson, Zaragoza: BM25F with field weights, k1 = 1.2, b = 0.75):
f (k1 + 1) / (f + k1 (1 - b + b length / average length)), f the weighted number of occurrences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from library.schema.fields import WEIGHTS
from library.schema.text_analysis import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Slots: TypeAlias = NDArray[np.int64]
    Impacts: TypeAlias = NDArray[np.float16]

K1 = 1.2
B = 0.75
MERGE_FACTOR = 4  # segments within this factor of each other are merged
SEGMENT_ASSETS = 100_000  # assets of a segment when a library is read for the first time
_LINE = "\n"  # in no word
_BLOCK = 1_000_000  # postings copied at a time when segments are merged
_LAST = "\U0010ffff"  # sorts after every completion of a prefix


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words as one text with one line for each, so that one scan searches all of them."""

    text: str  # begins and ends with a line end
    begins: NDArray[np.int64]  # (words,) where each begins in it
    numbers: NDArray[np.int64]  # (words,) its index in the words of the segment
    shortened: NDArray[np.int64]  # numbers of words of the greatest length, which may be cut

    @classmethod
    def of(cls, words: Sequence[str], numbers: NDArray[np.int64]) -> Vocabulary:
        """Return the vocabulary of these words with these numbers, ascending."""
        lengths = np.array([len(word) for word in words], dtype=np.int64)
        begins = np.cumsum(lengths + 1) - lengths
        text = "".join(("\n", *(f"{word}\n" for word in words)))
        return cls(text, begins, numbers, numbers[lengths >= LONGEST])

    def containing(self, part: str) -> NDArray[np.int64]:
        """Return the numbers of words that contain `part`; a line end in it is a word's end."""
        indices = []
        index = self.text.find(part)
        while index >= 0:
            indices.append(index + (part[0] == "\n"))
            index = self.text.find(part, self.text.find("\n", index + 1))
        return self.numbers[np.searchsorted(self.begins, indices, side="right") - 1]


@dataclass(frozen=True, eq=False)
class Segment:
    """The postings of `assets` assets: those of word i are at begin[i]..begin[i + 1]."""

    words: list[str]  # sorted
    begin: NDArray[np.int64]
    slots: NDArray[np.int32]
    impacts: Impacts
    columns: NDArray[np.uint8]  # those with the word, one bit for each, the first the lowest
    assets: int
    # Cache of `search.typos`: word -> similar words of this segment, with their typing errors.
    similar: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    # Cache of `vocabulary`: bit -> the words of that column.
    vocabularies: dict[int, Vocabulary] = field(default_factory=dict)

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """The words of each length, without numbers."""
        by_length: dict[int, list[str]] = defaultdict(list)
        for word in self.words:
            if not word.isdecimal():
                by_length[len(word)].append(word)
        return dict(by_length)

    def vocabulary(self, bit: int) -> Vocabulary:
        """Return the words that any asset has in the column of `bit`."""
        if bit not in self.vocabularies:
            filled = np.flatnonzero(np.diff(self.begin))
            has = filled
            if len(filled):
                has = np.bitwise_or.reduceat(self.columns, self.begin[filled])
            numbers = filled[(has & bit) != 0]
            self.vocabularies[bit] = Vocabulary.of([self.words[n] for n in numbers], numbers)
        return self.vocabularies[bit]

    def word(self, word: str) -> slice:
        """Return the slice of the postings of one word."""
        number = bisect_left(self.words, word)
        if number == len(self.words) or self.words[number] != word:
            return slice(0, 0)
        return slice(int(self.begin[number]), int(self.begin[number + 1]))

    def completions(self, prefix: str) -> slice:
        """Return the slice of the postings of all words that begin with `prefix`."""
        first = bisect_left(self.words, prefix)
        last = bisect_left(self.words, prefix + _LAST)
        return slice(int(self.begin[first]), int(self.begin[last]))


Postings: TypeAlias = "tuple[Segment, ...]"
Part: TypeAlias = "tuple[Slots, Sequence[Sequence[str]]]"
_EMPTY = Segment(
    [],
    np.zeros(1, np.int64),
    np.zeros(0, np.int32),
    np.zeros(0, np.float16),
    np.zeros(0, np.uint8),
    0,
)


def build_segment(
    parts: Iterable[Part],
    weights: Sequence[float] = tuple(WEIGHTS.values()),
    segment_assets: int = SEGMENT_ASSETS,
) -> Segment:
    """Return the segment of these parts: slots (ascending), and their words for each column.

    `weights` has the weight of a word in each of the columns. Built from segments of
    `segment_assets` assets, which bounds the memory.
    """
    built: list[Segment] = []
    code, coded, assets = _codes(), [], 0
    for slots, texts in parts:
        coded.append(_coded_postings(slots, texts, weights, code))
        assets += len(slots)
        if assets >= segment_assets:
            built.append(_sorted_segment(code, coded, assets))
            code, coded, assets = _codes(), [], 0
    if coded:
        built.append(_sorted_segment(code, coded, assets))
    del code, coded
    if not any(segment.words for segment in built[1:]):
        return merge_segments(built)
    whole = merge_segments(built)
    del built
    # New strings next to each other in memory: those of the merged segments are scattered among
    # strings that are not needed any more, and would keep all of that memory.
    return replace(whole, words=_LINE.join(whole.words).split(_LINE))


def merge_segments(segments: Sequence[Segment]) -> Segment:
    """Return one segment of several in the order of their slots; only the words are sorted."""
    if len(segments) < 2:
        return segments[0] if segments else _EMPTY
    words = sorted(set(chain.from_iterable(segment.words for segment in segments)))
    number_of = {word: number for number, word in enumerate(words)}
    numbers = [
        np.fromiter(map(number_of.__getitem__, segment.words), np.int64, len(segment.words))
        for segment in segments
    ]
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    for segment, own in zip(segments, numbers, strict=True):
        begin[own + 1] += np.diff(segment.begin)
    np.cumsum(begin, out=begin)
    whole = Segment(
        words,
        begin,
        np.empty(begin[-1], np.int32),
        np.empty(begin[-1], np.float16),
        np.empty(begin[-1], np.uint8),
        sum(segment.assets for segment in segments),
    )
    free = begin[:-1].copy()  # where the next postings of each word go
    for segment, own in zip(segments, numbers, strict=True):
        _copy_postings(segment, whole, free[own])
        free[own] += np.diff(segment.begin)
    return whole


def _copy_postings(segment: Segment, whole: Segment, to: NDArray[np.int64]) -> None:
    """Copy the postings of each word of `segment` into `whole`, to the indices `to` (words,)."""
    cuts = np.searchsorted(segment.begin, np.arange(_BLOCK, segment.begin[-1], _BLOCK))
    for first, last in pairwise(np.unique([0, *cuts, len(segment.words)]).tolist()):
        block = slice(int(segment.begin[first]), int(segment.begin[last]))
        shift = to[first:last] - segment.begin[first:last]
        target = np.repeat(shift, np.diff(segment.begin[first : last + 1]))
        target += np.arange(block.start, block.stop)
        whole.slots[target] = segment.slots[block]
        whole.impacts[target] = segment.impacts[block]
        whole.columns[target] = segment.columns[block]


def append_segment(postings: Postings, new: Segment) -> Postings:
    """Return `postings` with one more segment, merged where sizes are similar."""
    if not new.assets:
        return postings
    segments = [*postings, new]
    while len(segments) > 1 and segments[-2].assets < segments[-1].assets * MERGE_FACTOR:
        last = segments.pop()
        segments[-1] = merge_segments([segments[-1], last])
    return tuple(segments)


def _codes() -> defaultdict[str, int]:
    """Return an empty map word -> code; a new word gets the next code."""
    code: defaultdict[str, int] = defaultdict()
    code.default_factory = code.__len__
    return code


def _coded_postings(
    slots: Slots,
    texts: Sequence[Sequence[str]],
    weights: Sequence[float],
    code: defaultdict[str, int],
) -> tuple[NDArray[Any], ...]:
    """Return (code, slot, impact, columns) of each word of each of a few assets."""
    keys, word_weights, bits = [], [], []
    lengths: NDArray[Any] = np.zeros(len(slots), dtype=np.float32)
    for position, (column, column_weight) in enumerate(zip(texts, weights, strict=True)):
        split = [text.split() for text in column]
        counts = np.array([len(words) for words in split], dtype=np.int64)
        codes = np.fromiter(map(code.__getitem__, chain.from_iterable(split)), np.int64)
        keys.append(codes * len(slots) + np.repeat(np.arange(len(slots)), counts))
        word_weights.append(np.full(len(codes), column_weight, dtype=np.float32))
        bits.append(np.full(len(codes), 1 << position, dtype=np.uint8))
        lengths += counts
    key, weight, bit = np.concatenate(keys), np.concatenate(word_weights), np.concatenate(bits)
    order = np.argsort(key, kind="stable")
    key, weight, bit = key[order], weight[order], bit[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    frequency: NDArray[Any] = np.add.reduceat(weight, first) if len(first) else weight
    columns: NDArray[Any] = np.bitwise_or.reduceat(bit, first) if len(first) else bit
    key = key[first]
    owner = key % max(1, len(slots))
    mean = float(lengths.sum()) / max(1, len(slots)) or 1.0
    relative: NDArray[Any] = lengths[owner] / np.float32(mean)
    impact: NDArray[Any] = frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * relative))
    return (
        (key // max(1, len(slots))).astype(np.int32),
        slots[owner].astype(np.int32),
        impact.astype(np.float16),
        columns,
    )


def _sorted_segment(
    code: Mapping[str, int], parts: Sequence[tuple[NDArray[Any], ...]], assets: int
) -> Segment:
    """Return the segment of coded postings, which are put in the order of the words."""
    words = list(code)
    codes, slots, impacts, columns = (
        np.concatenate([part[position] for part in parts]) for position in range(4)
    )
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    ranks = rank[codes]
    begin = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(np.bincount(ranks, minlength=len(words)), out=begin[1:])
    # Stable, so that the slots of a word stay ascending.
    by_word = np.argsort(ranks, kind="stable")
    return Segment(
        [words[number] for number in order],
        begin,
        slots[by_word],
        impacts[by_word],
        columns[by_word],
        assets,
    )

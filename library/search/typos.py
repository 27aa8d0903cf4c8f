"""Typo tolerance: words of the library that are one or two typing errors from a query word.

An error is a letter left out, added or changed, or two neighbours swapped (optimal string
alignment distance). An error in the first letter is tolerated too and counts as one more, because
it is rare. Numbers are never corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from library.schema.text_analysis import is_mark

if TYPE_CHECKING:
    from library.reader.postings import Postings, Segment

VARIANTS_MOST = 12  # similar words of one query word
CACHED_MOST = 4096  # query words a segment caches the similar words of


def tolerated(word: str) -> int:
    """Return how many typing errors are tolerated in a word of this many letters."""
    letters = len(word) if word.isascii() else sum(not is_mark(letter) for letter in word)
    if word.isdecimal() or letters < 5:
        return 0
    return 1 if letters < 9 else 2


def similar_words(word: str, postings: Postings) -> list[tuple[str, int]]:
    """Return (similar word, errors), fewest errors first."""
    if not tolerated(word):
        return []
    errors = dict(pair for segment in postings for pair in _in_segment(segment, word))
    return sorted(errors.items(), key=lambda pair: pair[1])[:VARIANTS_MOST]


def _in_segment(segment: Segment, word: str) -> list[tuple[str, int]]:
    """Return the similar words of one segment, cached there."""
    if word in segment.similar:
        return segment.similar[word]
    allowed = tolerated(word)
    pairs: list[tuple[str, int]] = []
    for length in range(len(word) - allowed, len(word) + allowed + 1):
        matches = process.extract(
            word,
            segment.by_length.get(length, ()),
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=VARIANTS_MOST + 1,
        )
        pairs += [
            (term, int(distance) + (term[0] != word[0]))
            for term, distance, _ in matches
            if distance
        ]
    if len(segment.similar) >= CACHED_MOST:
        segment.similar.clear()
    segment.similar[word] = sorted(pairs, key=lambda pair: pair[1])[:VARIANTS_MOST]
    return segment.similar[word]

"""Words of a query -> what matches each: the word, its forms, completions, typing errors.

Each word becomes a group of alternatives: the word itself, its other forms (`word_forms`), its
completions when it is the last, similar words of the library (`typos`), its two halves, or the
word it makes with its neighbour. Knows vocabularies; nothing of scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from library.schema.text_analysis import is_content_word, is_function_word
from library.schema.word_forms import other_forms
from library.search import typos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.reader.postings import Postings, Segment
    from library.schema.text_analysis import Word

ENOUGH = 20  # assets; with fewer, words are corrected, and the least significant ones dropped
PREFIX_LEAST = 2  # letters of a last word before its completions count
FORM = 0.95  # discount of another form of the word
COMPLETED = 0.9  # discount of a completion
SPLIT = 0.8  # discount of a word that is split or joined
MISTYPED = 0.6  # discount of one typing error; squared for two
_SPLIT_LEAST = 4  # letters of a word that is split
# First letters that are often a word of their own, or the end of one before an apostrophe.
_NO_FIRST_PART = frozenset("aioms")


class Kind(Enum):
    """How an alternative is looked up."""

    WORD = "word"
    PREFIX = "prefix"
    PHRASE = "phrase"  # adjacent words; only the database knows their positions


@dataclass(frozen=True, slots=True)
class Alternative:
    """A term that matches a word of the query."""

    text: str
    kind: Kind = Kind.WORD
    discount: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Whether it is the word in one of its forms and spellings; no part of one, no guess."""
        return self.kind is not Kind.PREFIX and self.discount >= SPLIT


@dataclass(frozen=True, slots=True)
class Group:
    """The alternatives of one word of the query."""

    alternatives: list[Alternative]
    is_significant: bool  # no function word, no single letter
    is_function: bool = False  # a function word

    def exact(self, postings: Postings) -> Group:
        """Return the group without guesses.

        Completions count where the library has the word in none of its forms: `cast` is the
        beginning of `castle`, but `car` is not that of `card` where there are cars.
        """
        whole = [each for each in self.alternatives if each.is_whole]
        if not any(frequency(postings, each.text, each.kind) for each in whole):
            whole += [each for each in self.alternatives if each.kind is Kind.PREFIX]
        return Group(whole, self.is_significant, self.is_function)


def groups(words: Sequence[Word], postings: Postings) -> list[Group]:
    """Return the words with their alternatives; a run of single characters is one phrase."""
    each_word: list[Group] = []
    run: list[str] = []
    for position, word in enumerate(words):
        is_last = position + 1 == len(words)
        if not word.single:
            alternatives = _alternatives(word.text, postings, is_last=is_last)
            is_content = is_content_word(word)
            each_word.append(Group(alternatives, is_content, is_function_word(word)))
            continue
        run.append(word.text)
        if is_last or not words[position + 1].single:
            kind = Kind.PHRASE if len(run) > 1 else Kind.WORD
            each_word.append(Group([Alternative(" ".join(run), kind)], is_significant=True))
            run = []
    if len(each_word) == len(words):
        # `sand castle` also matches `sandcastle`, in place of either word.
        for position, (left, right) in enumerate(pairwise(words)):
            joined = left.text + right.text
            if frequency(postings, joined):
                each_word[position].alternatives.append(Alternative(joined, discount=SPLIT))
                each_word[position + 1].alternatives.append(Alternative(joined, discount=SPLIT))
    return each_word


def entries(segment: Segment, word: str, kind: Kind) -> slice:
    """Return the slice of the postings of a word, or of all its completions."""
    return segment.completions(word) if kind is Kind.PREFIX else segment.word(word)


def frequency(postings: Postings, word: str, kind: Kind = Kind.WORD) -> int:
    """Return how many entries the postings have for a word; of a phrase, for its rarest word."""
    if kind is Kind.PHRASE:
        return min(frequency(postings, each) for each in word.split())
    slices = (entries(segment, word, kind) for segment in postings)
    return sum(found.stop - found.start for found in slices)


def _alternatives(word: str, postings: Postings, *, is_last: bool) -> list[Alternative]:
    """Return what matches one word of the query, the word itself first."""
    alternatives = [Alternative(word)]
    most = frequency(postings, word)
    for form in other_forms(word):
        if of_form := frequency(postings, form):
            alternatives.append(Alternative(form, discount=FORM))
            most = max(most, of_form)
    if is_last and len(word) >= PREFIX_LEAST:
        alternatives.append(Alternative(word, Kind.PREFIX, COMPLETED))
        most = max(most, frequency(postings, word, Kind.PREFIX))
    for left, right in _halves(word):
        if frequency(postings, left) and frequency(postings, right):
            alternatives.append(Alternative(f"{left} {right}", Kind.PHRASE, SPLIT))
    # A word that many assets have is no typing error.
    if most < ENOUGH:
        alternatives += (
            Alternative(term, discount=MISTYPED**errors)
            for term, errors in typos.similar_words(word, postings)
        )
    return alternatives


def _halves(word: str) -> list[tuple[str, str]]:
    """Return the ways to split a word: `sand castle`, and `x ray`, the parts of `x-ray`."""
    if len(word) < _SPLIT_LEAST:
        return []
    first = 2 if word[0] in _NO_FIRST_PART else 1
    return [(word[:cut], word[cut:]) for cut in range(first, len(word) - 1)]

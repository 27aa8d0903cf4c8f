"""Which assets may have a text in a long field, decided by the words in memory.

A text that is part of another one consists of words of it and of ends of words. So only assets
with those words need to be read, and often the words alone decide. Where many assets have them,
the keyword index leaves those that have them as a phrase. Returns what is sure, what must be read,
and which phrases to query that index for; `filter_eval` reads the texts. Both analyses of text
matter here: fields are compared folded (`fields.folded`), words are normalised further
(`text_analysis.normalized`), so only letters that pass through both one by one are looked up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from library.schema.fields import UNSEARCHED, WEIGHTS
from library.schema.text_analysis import normalized, words
from library.store.backends.phrases import WordRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from library.query.filter_tree import (
        Between,
        Compare,
        Contains,
        Exists,
        HasWords,
        IsEmpty,
        Leaf,
        OneOf,
    )
    from library.reader.postings import Postings, Segment
    from library.reader.snapshot import Mask, Snapshot

PREFIXES_MOST = 16  # words that may end with the first piece of a phrase; each is one more phrase
PIECES_MOST = 8  # of a text, looked up in the words
CHOICES_MOST = 8  # texts of a list, before all texts are read instead


@dataclass(frozen=True, slots=True)
class Position:
    """Where the keyword index has the words of a field."""

    is_unsearched: bool  # in the postings that only filters read
    bit: int
    is_alone: bool  # the column has no other field's words
    column: str  # its name


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters of the text that is looked up."""

    text: str
    begins: bool  # a word begins with it
    ends: bool  # a word ends with it
    single: bool = False  # a character of a script without spaces
    # Only separators are between it and the piece before it, so their words are adjacent.
    follows: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a condition requires of a text: to contain one of `texts`, or to have the words."""

    texts: tuple[str, ...]  # folded, or the words as typed
    at_start: bool = False  # the text begins with it
    at_end: bool = False  # the text ends with it
    is_words: bool = False


def _bit(columns: tuple[str, ...], name: str) -> int:
    return 1 << columns.index(name)


_SEARCHED = tuple(WEIGHTS)
POSITIONS = {
    "name": Position(False, _bit(_SEARCHED, "name"), True, "name"),
    "prompt": Position(False, _bit(_SEARCHED, "prompt"), True, "prompt"),
    "seed": Position(False, _bit(_SEARCHED, "other"), False, "other"),
    **{name: Position(True, _bit(UNSEARCHED, name), True, name) for name in UNSEARCHED},
}

# Scripts whose letters stay letters, one for one, whatever their neighbours are (in Greek a mark
# can become a letter). ASCII is looked up as it is, the others as `normalized` returns them.
_LETTER = "a-z0-9\u00e0-\u00f6\u00f8-\u024f\u0400-\u0481\u048a-\u052f\u1e00-\u1eff\uac00-\ud7a3"
_SINGLE = "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"
_PIECE = re.compile(f"(?P<single>[{_SINGLE}])|[{_LETTER}]+")
_SEPARATOR = re.compile(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]")
_SEPARATORS = re.compile(f"{_SEPARATOR.pattern}+")


def pieces(value: str, *, at_start: bool, at_end: bool) -> Iterator[Piece]:
    """Yield what the words of a text must contain if the text contains the folded `value`.

    `at_start` and `at_end`: the text begins, or ends, with it.
    """
    previous_end = None  # of the piece before, if this one may follow it
    for match in _PIECE.finditer(value):
        first, last = match.span()
        if match["single"] is not None:
            yield Piece(match.group(), begins=True, ends=False, single=True)
            previous_end = None
            continue
        letters = normalized(match.group())
        if not letters.isalnum():
            previous_end = None
            continue
        yield Piece(
            letters,
            begins=at_start if first == 0 else bool(_SEPARATOR.match(value[first - 1])),
            ends=at_end if last == len(value) else bool(_SEPARATOR.match(value[last])),
            follows=previous_end is not None
            and bool(_SEPARATORS.fullmatch(value[previous_end:first])),
        )
        previous_end = last


class _PatternOf:
    """The pattern of a condition, or None for one that words do not decide."""

    def compare(self, leaf: Compare) -> Pattern | None:
        return _whole_texts([leaf.value]) if leaf.operator == "=" else None

    def one_of(self, leaf: OneOf) -> Pattern | None:
        return _whole_texts(leaf.values)

    def between(self, leaf: Between) -> None:
        """Compared by value."""

    def exists(self, leaf: Exists) -> None:
        """Not a question of words."""

    def is_empty(self, leaf: IsEmpty) -> None:
        """Not a question of words."""

    def contains(self, leaf: Contains) -> Pattern | None:
        return Pattern((leaf.value,), at_start=leaf.start)

    def has_words(self, leaf: HasWords) -> Pattern | None:
        return Pattern((leaf.value,), is_words=True)


def _whole_texts(values: Sequence[object]) -> Pattern:
    texts = tuple(value for value in values if isinstance(value, str))
    return Pattern(texts, at_start=True, at_end=True)


def _pattern(leaf: Leaf) -> Pattern | None:
    return leaf.accept_leaf(_PatternOf()) if leaf.field.name in POSITIONS else None


def has_pattern(leaf: Leaf) -> bool:
    """Return whether the words in memory may decide this condition."""
    return _pattern(leaf) is not None


Decision: TypeAlias = "tuple[Mask, Mask]"  # (slots,) for which it holds, and which must be read


def decide(leaf: Leaf, snapshot: Snapshot) -> Decision | None:
    """Return what the words decide of a condition on a long text, or None for nothing."""
    pattern = _pattern(leaf)
    if pattern is None:
        return None
    position = POSITIONS[leaf.field.name]
    if pattern.is_words:
        return _decide_word(pattern.texts[0], position, snapshot)
    choices = _choices(pattern)
    if not pattern.at_start and not pattern.at_end and position.is_alone:
        (parts,) = choices
        if parts and pattern.texts[0] == parts[0].text:
            return _decide_piece(parts[0], position, snapshot)
    return _narrow(choices, position, snapshot)


def words_in_row(leaf: Leaf, snapshot: Snapshot) -> tuple[str, WordRun, Mask] | None:
    """Return what decides a condition that requires words in a row, or None for another one.

    The column, the words, and (slots,) the assets that have all of them somewhere in it.
    """
    pattern = _pattern(leaf)
    if pattern is None or not pattern.is_words:
        return None
    position = POSITIONS[leaf.field.name]
    terms = tuple(word.text for word in words(pattern.texts[0]))
    if len(terms) < 2 or not position.is_alone:
        return None
    having = snapshot.alive.copy()
    for term in set(terms):
        matches = _none(snapshot)
        for segment in _postings(position, snapshot):
            _mark(segment, segment.word(term), position.bit, matches)
        having &= matches
    return position.column, WordRun(terms), having


def _choices(pattern: Pattern) -> list[list[Piece]]:
    """Return the pieces of each text of the pattern; one of the texts is enough."""
    return [
        list(pieces(text, at_start=pattern.at_start, at_end=pattern.at_end))
        for text in pattern.texts
    ]


def required_phrases(leaf: Leaf, snapshot: Snapshot) -> tuple[str, list[WordRun], Mask] | None:
    """Return a query for the keyword index that finds every asset for which `leaf` may hold.

    The column and the phrases, none where nothing can match, and (slots,) the assets that they do
    not decide; None where no phrase is required. For conditions whose words many assets have: the
    query reads as many entries, but only numbers.
    """
    pattern = _pattern(leaf)
    if pattern is None or pattern.is_words:
        return None
    position = POSITIONS[leaf.field.name]
    phrases: list[WordRun] = []
    choices = _choices(pattern)
    for choice in choices:
        alternatives = _phrases(choice, position, snapshot)
        if alternatives is None:
            return None
        phrases += alternatives
    if not choices:
        return None
    return position.column, phrases, _shortened(position, snapshot)


def _phrases(choice: list[Piece], position: Position, snapshot: Snapshot) -> list[WordRun] | None:
    """Return phrases of which an asset with these pieces has one; None if it needs none."""
    run: list[Piece] = []
    longest: list[Piece] = []
    for piece in choice:
        run = [*run, piece] if piece.follows else [piece]
        longest = max(longest, run, key=len)
    if len(longest) < 2:
        return None
    first, *others = longest
    prefixes = [first.text] if first.begins else _words_ending(first.text, position, snapshot)
    if len(prefixes) > PREFIXES_MOST:
        if len(others) < 2:
            return None
        prefixes = [""]  # the words after it are a phrase, too
    rest = [piece.text for piece in others]
    return [
        WordRun(tuple(filter(None, [prefix, *rest])), is_open=not others[-1].ends)
        for prefix in prefixes
    ]


def _words_ending(part: str, position: Position, snapshot: Snapshot) -> list[str]:
    """Return the words of a column that end with `part`."""
    return sorted(
        {
            segment.words[number]
            for segment in _postings(position, snapshot)
            for number in segment.vocabulary(position.bit).containing(f"{part}\n").tolist()
        }
    )


def _none(snapshot: Snapshot) -> Mask:
    return np.zeros(len(snapshot.number), dtype=np.bool_)


def _postings(position: Position, snapshot: Snapshot) -> Postings:
    return snapshot.unsearched if position.is_unsearched else snapshot.postings


def _decide_word(value: str, position: Position, snapshot: Snapshot) -> Decision | None:
    """Decide by one whole word, for which postings and keyword index agree."""
    terms = list(words(value))
    if len(terms) != 1:
        return None
    matches = _none(snapshot)
    for segment in _postings(position, snapshot):
        _mark(segment, segment.word(terms[0].text), position.bit, matches)
    # Where the column has words of other fields, the field's own text must be read.
    none = _none(snapshot)
    return (matches, none) if position.is_alone else (none, matches)


def _decide_piece(piece: Piece, position: Position, snapshot: Snapshot) -> Decision:
    """Decide by a text of one piece: a word with it is sure where words equal the text."""
    having = _having(piece, position, snapshot)
    sure = having & ~snapshot.non_ascii.rows
    return sure, (having | _shortened(position, snapshot)) & ~sure


def _narrow(choices: list[list[Piece]], position: Position, snapshot: Snapshot) -> Decision | None:
    """Return the assets with all the pieces of one of the choices; all of them must be read."""
    if not choices or not all(choices) or len(choices) > CHOICES_MOST:
        return None
    shortened = _shortened(position, snapshot)
    maybe = _none(snapshot)
    for choice in choices:
        # The longest pieces match the fewest assets, and some of them are enough.
        selective = sorted(set(choice), key=lambda piece: -len(piece.text))[:PIECES_MOST]
        each = [_having(piece, position, snapshot) | shortened for piece in selective]
        maybe |= np.logical_and.reduce(each)
    return _none(snapshot), maybe


def _shortened(position: Position, snapshot: Snapshot) -> Mask:
    """Return (slots,) the assets with a word of which the index has only the beginning."""
    matches = _none(snapshot)
    for segment in _postings(position, snapshot):
        numbers = segment.vocabulary(position.bit).shortened
        _mark_all(segment, numbers, position.bit, matches)
    return matches


def _having(piece: Piece, position: Position, snapshot: Snapshot) -> Mask:
    """Return (slots,) the assets with a word that contains this piece."""
    matches = _none(snapshot)
    for segment in _postings(position, snapshot):
        if piece.begins:
            run = segment.word(piece.text) if piece.ends else segment.completions(piece.text)
            _mark(segment, run, position.bit, matches)
        else:
            vocabulary = segment.vocabulary(position.bit)
            part = f"{piece.text}\n" if piece.ends else piece.text
            _mark_all(segment, vocabulary.containing(part), position.bit, matches)
    return matches


def _mark_all(segment: Segment, numbers: np.ndarray, bit: int, matches: Mask) -> None:
    """Mark the assets that have one of these words, ascending, in the column of `bit`."""
    edges = np.flatnonzero(np.diff(numbers, prepend=-2, append=-1) != 1)
    if len(edges) < 2:
        return
    firsts = segment.begin[numbers[edges[:-1]]].tolist()
    lasts = segment.begin[numbers[edges[1:] - 1] + 1].tolist()
    for first, last in zip(firsts, lasts, strict=True):
        _mark(segment, slice(first, last), bit, matches)


def _mark(segment: Segment, run: slice, bit: int, matches: Mask) -> None:
    slots = segment.slots[run]
    matches[slots[(segment.columns[run] & bit) != 0]] = True

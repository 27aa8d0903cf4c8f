"""Which assets may have a text in a long field, told by the words in memory.

A text that is part of another is made of words of it, and of ends of words; so the assets that
have those words are the only ones to be read, and often the words alone tell. Where many have
them, only those are left that have them in a row, which the keyword index tells. Answers what is
sure, what is to be read, and what to ask that index; the reading is `evaluation`'s. Both analyses
of a text are at work here: fields are compared folded (`fields.folded`), words are made alike
further (`analysis.simple`), so only letters that pass through both one by one are looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from library.analysis import simple, words
from library.conditions import Compare, Contains, Has, OneOf
from library.fields import UNSEARCHED, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.conditions import Leaf
    from library.postings import Postings, Segment
    from library.shelf import Mask, Shelf

BEGINNINGS_MOST = 16  # words that may end as a text in a row begins; each is a question of its own
PIECES_MOST = 8  # of a text, looked for in the words
CHOICES_MOST = 8  # texts of a list, before all texts are read instead


@dataclass(frozen=True, slots=True)
class Place:
    """Where the words of a field are: in `aside`, or among those that are searched."""

    aside: bool
    bit: int
    alone: bool  # no other field's words are in the column
    column: str  # its name


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters of the text that is looked for."""

    text: str
    begins: bool  # a word begins with it
    ends: bool  # a word ends with it
    single: bool = False  # a character of a script without spaces
    # The word before it has the piece before it: nothing but what parts words is between them.
    follows: bool = field(default=False, compare=False)


def _bit(columns: tuple[str, ...], name: str) -> int:
    return 1 << columns.index(name)


_SEARCHED = tuple(WEIGHTS)
PLACES = {
    "name": Place(False, _bit(_SEARCHED, "name"), True, "name"),
    "prompt": Place(False, _bit(_SEARCHED, "prompt"), True, "prompt"),
    "seed": Place(False, _bit(_SEARCHED, "other"), False, "other"),
    **{name: Place(True, _bit(UNSEARCHED, name), True, name) for name in UNSEARCHED},
}

# Scripts whose letters stay letters, one for one, whatever stands beside them (in Greek a mark
# can become one). ASCII's are looked for as they are, the others as `simple` makes them.
_LETTER = "a-z0-9\u00e0-\u00f6\u00f8-\u024f\u0400-\u0481\u048a-\u052f\u1e00-\u1eff\uac00-\ud7a3"
_SINGLE = "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"
_PIECE = re.compile(f"(?P<single>[{_SINGLE}])|[{_LETTER}]+")
_SEPARATOR = re.compile(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]")
_SEPARATORS = re.compile(f"{_SEPARATOR.pattern}+")


def pieces(value: str, *, start: bool, end: bool) -> Iterator[Piece]:
    """What must be in the words of a text that has the folded `value` in it.

    `start` and `end`: the text begins, or ends, with it.
    """
    before = None  # where the piece before ended, if it is one that stands in a row
    for match in _PIECE.finditer(value):
        first, last = match.span()
        if match["single"] is not None:
            yield Piece(match.group(), begins=True, ends=False, single=True)
            before = None
            continue
        letters = simple(match.group())
        if not letters.isalnum():
            before = None
            continue
        yield Piece(
            letters,
            begins=start if first == 0 else bool(_SEPARATOR.match(value[first - 1])),
            ends=end if last == len(value) else bool(_SEPARATOR.match(value[last])),
            follows=before is not None and bool(_SEPARATORS.fullmatch(value[before:first])),
        )
        before = last


def may_tell(leaf: Leaf) -> bool:
    """Whether the words in memory may tell of this condition."""
    asked = isinstance(leaf, (Has, Contains, OneOf)) or (
        isinstance(leaf, Compare) and leaf.operator == "="
    )
    return asked and leaf.field.name in PLACES


Told: TypeAlias = "tuple[Mask, Mask]"  # (slots,) for which it is sure, and which are to be read


def told(leaf: Leaf, shelf: Shelf) -> Told | None:
    """What the words tell of a condition on a long text, or None when they tell nothing."""
    if not may_tell(leaf):
        return None
    place = PLACES[leaf.field.name]
    if isinstance(leaf, Has):
        return _word(leaf.value, place, shelf)
    if isinstance(leaf, Contains):
        (found,) = _choices(leaf)
        if found and place.alone and not leaf.start and leaf.value == found[0].text:
            return _surely(found[0], place, shelf)
        return _perhaps([found], place, shelf)
    return _perhaps(_choices(leaf), place, shelf)


def _choices(leaf: Leaf) -> list[list[Piece]]:
    """The pieces of each text that `leaf` asks for; one of the texts is enough."""
    if isinstance(leaf, Contains):
        return [list(pieces(leaf.value, start=leaf.start, end=False))]
    values = leaf.values if isinstance(leaf, OneOf) else [leaf.value]  # type: ignore[union-attr]
    each = [pieces(value, start=True, end=True) for value in values if isinstance(value, str)]
    return [list(found) for found in each]


def in_a_row(leaf: Leaf, shelf: Shelf) -> tuple[str, Mask] | None:
    """What to ask the keyword index, so that it finds every asset for which `leaf` may hold.

    An expression of FTS5, empty where nothing can be found, and (slots,) the assets of which it
    tells nothing; None where no words must be in a row. To be asked where many assets have the
    words: it reads as many, but only numbers.
    """
    if isinstance(leaf, Has) or not may_tell(leaf):
        return None
    place = PLACES[leaf.field.name]
    each = [_row(found, place, shelf) for found in _choices(leaf)]
    if not each or None in each:
        return None
    rows = " OR ".join(row for choice in each for row in choice or ())
    return f"{place.column} : ({rows})" if rows else "", _cut(place, shelf)


def _row(found: list[Piece], place: Place, shelf: Shelf) -> list[str] | None:
    """The phrases of which an asset has one that has these pieces; None where it need have none."""
    run: list[Piece] = []
    longest: list[Piece] = []
    for piece in found:
        run = [*run, piece] if piece.follows else [piece]
        longest = max(longest, run, key=len)
    if len(longest) < 2:
        return None
    first, *others = longest
    beginnings = [first.text] if first.begins else _ending(first.text, place, shelf)
    if len(beginnings) > BEGINNINGS_MOST:
        if len(others) < 2:
            return None
        beginnings = [""]  # what follows it is in a row, too
    rest = " ".join(piece.text for piece in others)
    star = "" if others[-1].ends else " *"
    return [f'"{beginning} {rest}"{star}' for beginning in beginnings]


def _ending(part: str, place: Place, shelf: Shelf) -> list[str]:
    """The words of a column that end so."""
    return sorted(
        {
            segment.words[number]
            for segment in _postings(place, shelf)
            for number in segment.vocabulary(place.bit).having(f"{part}\n").tolist()
        }
    )


def _none(shelf: Shelf) -> Mask:
    return np.zeros(len(shelf.number), dtype=np.bool_)


def _postings(place: Place, shelf: Shelf) -> Postings:
    return shelf.aside if place.aside else shelf.postings


def _word(value: str, place: Place, shelf: Shelf) -> Told | None:
    """One whole word, which the postings know as the keyword index does."""
    wanted = list(words(value))
    if len(wanted) != 1:
        return None
    found = _none(shelf)
    for segment in _postings(place, shelf):
        _note(segment, segment.word(wanted[0].text), place.bit, found)
    # Where words of other things share the column, the field's own text has to be read.
    return (found, _none(shelf)) if place.alone else (_none(shelf), found)


def _surely(piece: Piece, place: Place, shelf: Shelf) -> Told:
    """The text is one piece: a word that has it tells, where words are what the text says."""
    having = _having(piece, place, shelf)
    sure = having & ~shelf.odd.rows
    return sure, (having | _cut(place, shelf)) & ~sure


def _perhaps(choices: list[list[Piece]], place: Place, shelf: Shelf) -> Told | None:
    """The assets that have all the pieces of one of the choices."""
    if not choices or not all(choices) or len(choices) > CHOICES_MOST:
        return None
    cut = _cut(place, shelf)
    maybe = _none(shelf)
    for found in choices:
        # The longest tell the most, and a few of them enough.
        telling = sorted(set(found), key=lambda piece: -len(piece.text))[:PIECES_MOST]
        each = [_having(piece, place, shelf) | cut for piece in telling]
        maybe |= np.logical_and.reduce(each)
    return _none(shelf), maybe


def _cut(place: Place, shelf: Shelf) -> Mask:
    """(slots,) the assets that have a word of which the index keeps only the beginning."""
    found = _none(shelf)
    for segment in _postings(place, shelf):
        _note_all(segment, segment.vocabulary(place.bit).cut, place.bit, found)
    return found


def _having(piece: Piece, place: Place, shelf: Shelf) -> Mask:
    """(slots,) the assets that have a word with this piece in it."""
    found = _none(shelf)
    for segment in _postings(place, shelf):
        if piece.begins:
            run = segment.word(piece.text) if piece.ends else segment.completions(piece.text)
            _note(segment, run, place.bit, found)
        else:
            known = segment.vocabulary(place.bit)
            part = f"{piece.text}\n" if piece.ends else piece.text
            _note_all(segment, known.having(part), place.bit, found)
    return found


def _note_all(segment: Segment, number: np.ndarray, bit: int, found: Mask) -> None:
    """Mark the assets that have one of these words, rising, in the column of `bit`."""
    edges = np.flatnonzero(np.diff(number, prepend=-2, append=-1) != 1)
    if len(edges) < 2:
        return
    firsts = segment.begin[number[edges[:-1]]].tolist()
    lasts = segment.begin[number[edges[1:] - 1] + 1].tolist()
    for first, last in zip(firsts, lasts, strict=True):
        _note(segment, slice(first, last), bit, found)


def _note(segment: Segment, run: slice, bit: int, found: Mask) -> None:
    slots = segment.slots[run]
    found[slots[(segment.where[run] & bit) != 0]] = True

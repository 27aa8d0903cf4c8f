"""Text -> the words that the keyword index knows.

Documents and queries pass through the same steps, so that they meet: compatibility forms,
case and Latin, Greek and Cyrillic accents are made alike; scripts written without spaces (Han,
Kana, Thai and their neighbours) become one word a character, and a run of them in a query is a
phrase, which finds any substring of any length where trigrams would need three characters.
Knows nothing of SQL.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Scripts without spaces between words, and pictographs: a word is one character.
_SINGLES = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u1000-\u102a"
    "\u1780-\u17b3\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u2600-\u27bf\U0001f300-\U0001faff"
    "\U00020000-\U0003134f"
)
# Combining marks: parts of a word that Python's \w leaves out.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)
_WORD = re.compile(rf"(?P<single>[{_SINGLES}][{_MARKS}]*)|(?:(?![{_SINGLES}])[^\W_]|[{_MARKS}])+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_JOINT = re.compile("[a-z][A-Z0-9]|[A-Z]{2}[a-z]|[A-Z][0-9]|[0-9][A-Za-z]")
_PLAIN = re.compile("[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")

# English words that hold a sentence together and say nothing of a picture.
_FUNCTION = frozenset(
    """a an and are as at be by for from in into is it its of on or that the their there these this
    those to was were which with""".split()  # noqa: SIM905 - a list of these is a page long
)

LONGEST = 64  # characters of a word that are kept; longer ones are hashes, not words


class Word(NamedTuple):
    """One word of a text; `single` when it is a character of a script without spaces."""

    text: str
    single: bool


def simple(text: str) -> str:
    """`text` with compatibility forms, case and accents made alike."""
    if text.isascii():
        return text.lower()
    decomposed = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", decomposed).casefold()


def tells(word: Word) -> bool:
    """Whether a word can be what is looked for: no function word, no letter alone."""
    letter = len(word.text) == 1 and word.text.isalpha()
    return word.single or not (letter or word.text in _FUNCTION)


def words(text: str) -> Iterator[Word]:
    """The words of `text`, in order."""
    if text.isascii():
        for found in _PLAIN.findall(text.lower()):
            yield Word(found[:LONGEST], False)
        return
    for match in _WORD.finditer(simple(text)):
        yield Word(match.group()[:LONGEST], match["single"] is not None)


def _parts(text: str) -> Iterator[str]:
    """The parts of words run together: `cardClubs10` has card, clubs, 10."""
    if not _JOINT.search(text):
        return
    for match in _WORD.finditer(text):
        parts = _PARTS.findall(match.group())
        if len(parts) > 1:
            yield from (part.lower() for part in parts)


def indexed(texts: Iterable[str | None]) -> str:
    """What the keyword index keeps of `texts`: their words, then the parts of joined words."""
    found: list[str] = []
    for text in texts:
        if text:
            found += (word.text for word in words(text))
            found += _parts(text)
    return " ".join(found)

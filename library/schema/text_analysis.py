"""Tokenisation of texts into the words of the keyword index.

Documents and queries pass through the same steps: compatibility forms, case and Latin, Greek and
Cyrillic accents are folded, and Latin letters that not every keyboard has. In scripts without
spaces (Han, Kana, Thai and similar) each character is a word, and a run of them in a query is a
phrase, which finds substrings of any length; trigrams would need three characters.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Scripts without spaces between words, and pictographs: a word is one character.
_SINGLES = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\ua9e0-\ua9e4"
    "\u1780-\u17b3\u17d7\u17dc\u1950-\u1974\u1980-\u19ab\u1a20-\u1a54\u1b05-\u1b33\ua984-\ua9b2"
    "\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u2600-\u27bf\u2b00-\u2bff\u23e9-\u23fa\u231a\u231b"
    "\U0001f000-\U0001f0ff\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\U00020000-\U0003134f"
)
# Combining marks, which are parts of a word, and which Python's \w leaves out.
MARKS = "".join(
    chr(code) for code in (*range(0x300, 0x12000), *range(0x16A00, 0x1F000))
    if unicodedata.category(chr(code))[0] == "M" and not 0xFE00 <= code < 0xFE10
)  # fmt: skip
# They join a letter with the next one in Khmer and Burmese.
_JOINERS = "\u1039\u17d2"
# Characters without a shape of their own: hyphenation, joiners, variants of pictographs.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_WORD = re.compile(
    rf"(?P<single>[{_SINGLES}](?:[{_JOINERS}][{_SINGLES}]|[{MARKS}])*)"
    rf"|(?:(?![{_SINGLES}])[^\W_]|[{MARKS}])+"
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_JOINT = re.compile("[a-z][A-Z0-9]|[A-Z]{2}[a-z]|[A-Z][0-9]|[0-9][A-Za-z]")
_PLAIN = re.compile("[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
# Latin letters that are no other letter with an accent to Unicode, as other keyboards write them.
_LETTERS = str.maketrans(
    {"ł": "l", "æ": "ae", "œ": "oe", "ø": "o", "þ": "th", "ð": "d", "đ": "d", "ħ": "h", "ı": "i"}
    | {"ŋ": "ng", "ŧ": "t", "ƀ": "b", "ɨ": "i", "ĸ": "k", "ə": "e"}
)
# Names with signs, and the words that they are indexed as beside their letters.
_SIGNED = re.compile(r"(?<![^\W_])(?:c(?P<plus>\+\+)|(?P<letter>[cf])#)(?![^\W_])", re.IGNORECASE)

# English function words, which do not describe a picture.
_FUNCTION = frozenset(
    """a an and are as at be by for from in into is it its of on or that the their there these this
    those to was were which with""".split()  # noqa: SIM905 - shorter than a list
)

VERSION = 2  # of the analysis; with another one, the words of existing libraries are made again
LONGEST = 64  # characters of a word that are indexed; longer ones are hashes


class Word(NamedTuple):
    """Word of a text; `single`: it is a character of a script without spaces."""

    text: str
    single: bool


def normalized(text: str) -> str:
    """Return `text` with compatibility forms, case and accents folded."""
    if text.isascii():
        return text.lower()
    decomposed = _ACCENTS.sub("", unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)))
    return unicodedata.normalize("NFKC", decomposed).casefold().translate(_LETTERS)


def is_mark(letter: str) -> bool:
    """Return whether a character is a combining mark, such as a vowel sign of Hindi."""
    return unicodedata.category(letter)[0] == "M"


def is_content_word(word: Word) -> bool:
    """Return whether a word is neither a function word nor a single letter."""
    letter = len(word.text) == 1 and word.text.isalpha()
    return word.single or not (letter or word.text in _FUNCTION)


def is_function_word(word: Word) -> bool:
    """Return whether a word is one of English that describes nothing, such as `the`."""
    return word.text in _FUNCTION


def words(text: str) -> Iterator[Word]:
    """Yield the words of `text` in order."""
    if text.isascii():
        for word in _PLAIN.findall(text.lower()):
            yield Word(word[:LONGEST], False)
        return
    for match in _WORD.finditer(normalized(text)):
        yield Word(match.group()[:LONGEST], match["single"] is not None)


def named(text: str) -> str:
    """Return `text` with words for names with signs: `cplusplus` for `c++`, `csharp` for `c#`."""
    if "+" not in text and "#" not in text:
        return text
    return _SIGNED.sub(_name, text)


def _name(match: re.Match[str]) -> str:
    return "cplusplus" if match["plus"] else f"{match['letter'].lower()}sharp"


def _parts(text: str) -> Iterator[str]:
    """Yield the parts of compound words: card, clubs and 10 of `cardClubs10`; and names."""
    if "+" in text or "#" in text:
        yield from map(_name, _SIGNED.finditer(text))
    if not _JOINT.search(text):
        return
    for match in _WORD.finditer(text):
        parts = _PARTS.findall(match.group())
        if len(parts) > 1:
            yield from (part.lower() for part in parts)


def index_text(texts: Iterable[str | None]) -> str:
    """Return the words of `texts` and the parts of compound words, as the index stores them."""
    tokens: list[str] = []
    for text in texts:
        if text:
            tokens += (word.text for word in words(text))
            tokens += _parts(text)
    return " ".join(tokens)

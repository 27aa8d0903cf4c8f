"""Parser of a query's text: words, phrases in double quotes, and exclusions.

With the API's rules (Meilisearch's): `"old inn"` requires exactly these adjacent words; `-gold`
and `-"old inn"` exclude assets that have them; everything else is words in any order. A hyphen
inside a word or alone, two hyphens, and a quote that is never closed are ordinary text. Knows
words; nothing of assets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from library.schema.text_analysis import Word, named, words

TERMS_MOST = 16  # words, phrases and exclusions of a query, each; further ones are ignored
_MARKED = re.compile(
    r"""(?<!\S)-(?P<word>[^\s"-][^\s"]*) | (?P<minus>(?<!\S)-)? "(?P<quoted>[^"]*)" """, re.VERBOSE
)

Phrase: TypeAlias = tuple[str, ...]


def _phrase_text(marked: str) -> str:
    """Return a name with signs as its word; between other words, only its letters are indexed."""
    return named(marked) if " " not in marked.strip() else marked


@dataclass(frozen=True, slots=True)
class QueryText:
    """The parts of one query's text."""

    text: str  # without quotes and exclusions, for the embedding model
    loose: tuple[Word, ...]  # required in any order
    phrases: tuple[Phrase, ...]  # adjacent words that are required
    excluded: tuple[Phrase, ...]  # adjacent words that no hit may have

    @property
    def is_only_exclusions(self) -> bool:
        """Whether the query only excludes."""
        return bool(self.excluded) and not (self.loose or self.phrases)


@lru_cache(maxsize=256)
def parse_text(query: str) -> QueryText:
    """Return the parts of a query's text."""
    loose: list[str] = []
    phrases: list[Phrase] = []
    excluded: list[Phrase] = []
    text: list[str] = []
    end = 0
    for match in _MARKED.finditer(query):
        marked = match["word"] or match["quoted"] or ""
        phrase = tuple(word.text for word in words(_phrase_text(marked)))[:TERMS_MOST]
        is_excluded = match["word"] is not None or match["minus"] is not None
        if is_excluded and not phrase:
            continue  # a hyphen without a word is text
        before = query[end : match.start()]
        loose.append(before)
        text.append(before)
        if is_excluded:
            excluded.append(phrase)
        else:
            text.append(marked)
            phrases += [phrase] if phrase else []
        end = match.end()
    loose.append(query[end:])
    text.append(query[end:])
    return QueryText(
        text=" ".join(" ".join(text).split()),
        loose=tuple(words(named(" ".join(loose)))),
        phrases=tuple(dict.fromkeys(phrases))[:TERMS_MOST],
        excluded=tuple(dict.fromkeys(excluded))[:TERMS_MOST],
    )

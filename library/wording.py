"""What a query's text asks for: words, phrases in double quotes, and what must not be there.

As the API reads them (Meilisearch's rules): `"old inn"` wants the words in a row, exactly as they
stand; `-gold` and `-"old inn"` leave out what has them; everything else is words in any order. A
hyphen inside or alone, two of them, and a quote that is never closed are text like any other.
Knows words; nothing of assets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from library.analysis import Word, words

MOST = 16  # words looked up, phrases, and exclusions, each; what comes behind them is passed over
_MARKED = re.compile(
    r"""(?<!\S)-(?P<word>[^\s"-][^\s"]*) | (?P<minus>(?<!\S)-)? "(?P<quoted>[^"]*)" """, re.VERBOSE
)

Phrase: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """One query's text, taken apart."""

    text: str  # all that is wanted, as a model reads it: without quotes and exclusions
    loose: tuple[Word, ...]  # wanted in any order
    phrases: tuple[Phrase, ...]  # words wanted in a row
    without: tuple[Phrase, ...]  # words in a row that must not be there

    @property
    def only_without(self) -> bool:
        """Whether nothing is asked for but to leave something out."""
        return bool(self.without) and not (self.loose or self.phrases)


@lru_cache(maxsize=256)
def wording(query: str) -> Wording:
    """What the text of a query asks for."""
    loose: list[str] = []
    phrases: list[Phrase] = []
    without: list[Phrase] = []
    said: list[str] = []
    end = 0
    for match in _MARKED.finditer(query):
        marked = match["word"] or match["quoted"] or ""
        found = tuple(word.text for word in words(marked))[:MOST]
        unwanted = match["word"] is not None or match["minus"] is not None
        if unwanted and not found:
            continue  # a hyphen and no word: text
        before = query[end : match.start()]
        loose.append(before)
        said.append(before)
        if unwanted:
            without.append(found)
        else:
            said.append(marked)
            phrases += [found] if found else []
        end = match.end()
    loose.append(query[end:])
    said.append(query[end:])
    return Wording(
        text=" ".join(" ".join(said).split()),
        loose=tuple(words(" ".join(loose))),
        phrases=tuple(dict.fromkeys(phrases))[:MOST],
        without=tuple(dict.fromkeys(without))[:MOST],
    )

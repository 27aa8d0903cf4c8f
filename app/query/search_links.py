"""Searches as text: a line with a name, then a line with the address, as people copy them.

Castles
https://akin.example/?query=castle
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.query import describe
from app.query.display import Display
from app.query.params import clean, pairs_of
from app.query.parsing import read
from app.query.search import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINKS: Final = 200  # read from one text
MOST_NAME: Final = 120  # characters
_ADDRESSES: Final = ("http://", "https://", "/", "?")


@dataclass(frozen=True, slots=True)
class NamedSearch:
    """A search with a name; `suffix` is its canonical query string with that of its display."""

    name: str
    suffix: str


def clean_name(name: str) -> str:
    """Return a name on one line, at most MOST_NAME characters long; it may be empty."""
    return " ".join(clean(name).split())[:MOST_NAME].strip()


def named(
    name: str, search: Search, display: Display, names: Mapping[str, str] | None = None
) -> NamedSearch:
    """Return a search from its first page, named by its words where there is no name.

    `names` are those of collections, by id.
    """
    first = Search.read(search.pairs(paging=False))[0]
    words = clean_name(name) or describe.title(first, names)[:MOST_NAME]
    return NamedSearch(words, display.lasting.suffix(first))


def stored(suffix: str) -> tuple[Search, Display]:
    """Return the search and the display that a stored query string names."""
    search, display, _ = read(pairs_of(suffix.removeprefix("?")))
    return search, display


def parse_links(text: str) -> tuple[list[NamedSearch], list[str]]:
    """Return the searches that a text names, and the lines that are not understood."""
    found: list[NamedSearch] = []
    unread: list[str] = []
    name = ""
    for line in map(str.strip, text.splitlines()):
        if not line:
            continue
        if not line.startswith(_ADDRESSES):
            if name:
                unread.append(name)
            name = line
            continue
        search, display, problems = read(pairs_of(_query(line)))
        if problems or len(found) >= MOST_LINKS:
            unread.append(line)
        else:
            found.append(named(name, search, display))
        name = ""
    return found, [*unread, *([name] if name else [])]


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        return "="  # an address that cannot be parsed: a parameter without a name is a problem
